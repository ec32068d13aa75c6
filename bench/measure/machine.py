"""Describes the machine of the measurement."""

import os
import platform
import re
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


def tcp_sockets():
    """Return the number of TCP sockets on the machine: every count walks the kernel's one table for all network namespaces."""
    with open("/proc/net/sockstat") as lines:
        return int(re.search(r"^TCP: .* alloc (\d+)", lines.read(), re.MULTILINE)[1])


def describe(setting, commit):
    """Describe only what the figures depend on, without date and host name."""
    result = subprocess.run([f"{setting.programs}/CensusCost/CensusCost", "1", "1", "1", "1"], input="1\n", stdout=subprocess.PIPE, text=True, check=True)
    runtime = result.stdout.split("runtime=")[1].strip()
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory_gibibytes()),
        "kernel": platform.release(),
        "runtime": runtime,
        "commit": commit,
        "versions": versions(),
    }
