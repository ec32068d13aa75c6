"""Parsing and rendering alone, by BenchmarkDotNet, with what they allocate."""

import glob
import subprocess

from .processes import Failure


def measure(setting):
    artifacts = f"{setting.scratch}/benchmarks"
    command = ["dotnet", f"{setting.programs}/Benchmarks/Benchmarks.dll", "--filter", "*", "--job", "dry" if setting.smoke else "default",
               "--artifacts", artifacts]
    told = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    reports = []
    for path in sorted(glob.glob(f"{artifacts}/results/*-report-github.md")):
        with open(path) as file:
            reports.append(file.read().strip())
    if told.returncode != 0 or not reports:
        raise Failure("a benchmark failed: " + (told.stdout.strip().splitlines() or ["it said nothing"])[-1])
    return {"reports": reports}
