"""Measures what a watch of a unix socket costs among the unix sockets of others, and what the look for drops costs."""

import contextlib
import os
import subprocess
import sys

from .connections import PORT, opened
from .contestants import Contestant, census, floor, warm
from .processes import Failure
from .scenes import take_rounds

SCRIPT = os.path.join(os.path.dirname(__file__), "..", "open-unix-connections.py")


def measure(setting):
    return {"unix": at_others(setting), "drops": drops(setting), "few": setting.numbers.few, "others": setting.numbers.unix_others}


@contextlib.contextmanager
def opened_unix(*counts):
    """Keep connections to unix sockets open, given as path, count, path, count."""
    process = subprocess.Popen([sys.executable, SCRIPT, *map(str, counts)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout.readline() != "opened\n":
            raise Failure("the connections to unix sockets could not be opened")
        yield
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()


def at_others(setting):
    """Measure a census of one unix socket. The floor sends the same request and reads only the headers; it cannot tell which sockets are watched."""
    few, others = setting.numbers.few, setting.numbers.unix_others
    watched, request = f"{setting.scratch}/watched", f"{setting.scratch}/request-unix"
    command = [f"{setting.programs}/CensusCost/CensusCost", "unix", watched]
    subprocess.run([*command, request], check=True)
    # Both ends of a connection are sockets.
    with opened_unix(watched, few, f"{setting.scratch}/other", others // 2):
        counts = setting.numbers.cheap_counts
        here = [
            Contestant("floor", "the floor in C, with the same request", warm(setting, setting.floor(f"@{request}"), counts, uncounted=few)),
            Contestant("unix", "a census of the daemon, one unix socket", warm(setting, command, counts), ours=True),
        ]
        return take_rounds(setting, here, few)


def drops(setting):
    """Measure the look for drops beside a whole census, which contains it."""
    few = setting.numbers.few
    counts = setting.numbers.cheap_counts
    with opened(few, few) as listeners:
        here = [
            floor(setting, listeners, counts),
            census(setting, counts),
            Contestant("drops", "its look for drops alone",
                       warm(setting, [f"{setting.programs}/CensusCost/CensusCost", "drops", str(PORT)], counts, uncounted=few), ours=True),
        ]
        return take_rounds(setting, here, few)
