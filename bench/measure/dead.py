"""Measures what the look for dead connections costs the daemon: one that may look into the server's process, against one that may not."""

import contextlib
import os
import shutil
import subprocess
import sys

from .connections import PORT, opened
from .daemon_part import shares_of_core
from .daemons import agent
from .processes import Failure, NotMeasured

SCRIPT = os.path.join(os.path.dirname(__file__), "..", "churn-connections.py")
EACH_SECOND = 50


@contextlib.contextmanager
def churned(count, each_second):
    """Keep connections open, of which some come and go each second."""
    process = subprocess.Popen(
        [sys.executable, SCRIPT, "--connections", str(count), "--each-second", str(each_second), "--port", str(PORT)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout.readline() != "ready\n":
            raise Failure("the connections could not be opened")
        yield
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()


def without_rights(setting):
    """Return a command that starts the agent without any capability: it may not look into processes of root that have them."""
    if not shutil.which("setpriv"):
        raise NotMeasured("setpriv is not installed")
    file = f"{setting.scratch}/agent-without-rights"
    with open(file, "w") as script:
        script.write(f'#!/bin/sh\nexec setpriv --inh-caps=-all --bounding-set=-all -- {setting.agent} "$@"\n')
    os.chmod(file, 0o755)
    return file


def measure(setting):
    numbers = setting.numbers
    rows = []
    try:
        weak = without_rights(setting)
    except NotMeasured as reason:
        setting.not_measured("the look for dead connections", str(reason))
        return {"rows": [], "seconds": numbers.share_seconds}
    for key, name, connections in (
            ("still", f"{numbers.few} connections, none comes or goes", opened(numbers.few, numbers.few)),
            ("churn", f"{numbers.few} connections, of which {EACH_SECOND} come and go each second", churned(numbers.few, EACH_SECOND))):
        print(f"  {name}, {numbers.settle_seconds} + {numbers.share_seconds} s", file=sys.stderr)
        # Both at the same time, because they are idle most of the time.
        with connections, agent(setting, f"{setting.memory}/looks") as looks, agent(setting, f"{setting.memory}/blind", program=weak) as blind:
            pids = [looks.pid, blind.pid]
            shares_of_core(pids, numbers.settle_seconds, None)
            shares = shares_of_core(pids, numbers.share_seconds, None)
            # One census each second: a share of a core is as many seconds a census.
            rows.append({"key": key, "name": name, "looks_ms": shares[looks.pid] * 1000, "blind_ms": shares[blind.pid] * 1000})
    return {"rows": rows, "seconds": numbers.share_seconds}
