"""What it was measured on."""

import os
import platform
import subprocess

from .setting import versions


def cpu_model():
    with open("/proc/cpuinfo") as cpuinfo:
        for line in cpuinfo:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def memory_gibibytes():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2 ** 30


def describe(setting, commit):
    """Without date and name: only what the figures depend on."""
    told = subprocess.run([f"{setting.programs}/CensusCost/CensusCost", "1", "1", "1", "1"], input="1\n", stdout=subprocess.PIPE, text=True, check=True)
    runtime = told.stdout.split("runtime=")[1].strip()
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory_gibibytes()),
        "kernel": platform.release(),
        "runtime": runtime,
        "commit": commit,
        "versions": versions(),
    }
