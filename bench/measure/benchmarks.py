"""Measures parsing and rendering alone with BenchmarkDotNet: time and allocations."""

import glob
import subprocess

from .processes import Failure


def measure(setting):
    artifacts = f"{setting.scratch}/benchmarks"
    command = ["dotnet", f"{setting.programs}/Benchmarks/Benchmarks.dll", "--filter", "*", "--job", "dry" if setting.smoke else "default",
               "--artifacts", artifacts]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    reports = []
    for path in sorted(glob.glob(f"{artifacts}/results/*-report-github.md")):
        with open(path) as file:
            reports.append(file.read().strip())
    if result.returncode != 0 or not reports:
        raise Failure("a benchmark failed: " + (result.stdout.strip().splitlines() or ["no output"])[-1])
    return {"reports": reports}
