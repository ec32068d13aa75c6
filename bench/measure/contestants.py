"""The programs that count connections, in a common form that can be measured in turn."""

import contextlib
import re
import shutil
from typing import NamedTuple, Optional

from .connections import PORT
from .processes import Failure, NotMeasured


class Measured(NamedTuple):
    count: int
    milliseconds: float
    memory_kilobytes: int
    details: dict = {}


class Contestant:
    """A program that counts connections: start() yields the function that measures one count."""

    def __init__(self, key, name, start, ours=False, surplus=0, memory_is_typical=True):
        self.key = key
        self.name = name
        self.start = start
        self.ours = ours
        self.surplus = surplus  # the program's own connections, which it may count, too
        self.memory_is_typical = memory_is_typical  # whether its memory is the same as in normal use

    def check(self, measured, expected):
        if not expected <= measured.count <= expected + self.surplus:
            raise Failure(f"{self.name} counted {measured.count} of {expected} connections")


def warm(setting, command, counts, listeners=0, uncounted=None):
    """A program that counts many times in one process and reports its own cost."""
    @contextlib.contextmanager
    def start():
        with setting.launcher.counter(command) as take:
            def measure():
                answer = take(counts)
                count = int(answer["count"]) - listeners if uncounted is None else uncounted
                return Measured(count, float(answer["cpu_us"]) / 1000, int(answer["memory_kb"]), answer)
            yield measure
    return start


def whole(setting, *pipeline, parse=int):
    """A program that needs one or more processes for each count."""
    for command in pipeline:
        if not shutil.which(command[0]):
            raise NotMeasured(f"{command[0]} is not installed")

    @contextlib.contextmanager
    def start():
        def measure():
            spent = setting.launcher.run(*pipeline)
            return Measured(parse(spent.output), spent.cpu_seconds * 1000, spent.memory_kilobytes)
        yield measure
    return start


def count_in_metrics(text):
    return sum(int(value) for value in re.findall(r"^tcp_connections\{[^}]*\} (\d+)$", text, re.MULTILINE))


def floor(setting, listeners, counts, port=PORT):
    return Contestant("floor", "the floor in C: one pass", warm(setting, setting.floor(port), counts, listeners))


def two_pass(setting, listeners, counts, port=PORT):
    return Contestant("two-pass", "the same in two passes", warm(setting, setting.floor(port, "two-pass"), counts, listeners))


def census(setting, counts, watches=1, key="census", name="a census of the daemon, one watch", ports=1, step=1):
    # The census counts only established connections, so no listeners are subtracted.
    return Contestant(key, name, warm(setting, setting.census(PORT, watches, ports, step), counts), ours=True, memory_is_typical=False)


def ten_watches(setting, counts):
    watches = setting.numbers.watches
    return census(setting, counts, watches, "ten-watches", f"a census of the daemon, {watches} watches")


def same_filter(setting, listeners, counts):
    watches = setting.numbers.watches
    return Contestant("same-filter", f"the floor with the same filter, of {watches} watches",
                      warm(setting, setting.same_filter(PORT, watches), counts, listeners))


def once(setting):
    return Contestant("once", "`agent --once`, the whole process",
                      whole(setting, [setting.agent, "--once"], parse=count_in_metrics), ours=True)


def ss(setting):
    return Contestant("ss", f"`ss -Htn state established 'sport = :{PORT}' \\| wc -l`",
                      whole(setting, ["ss", "-Htn", "state", "established", f"sport = :{PORT}"], ["wc", "-l"]))


def netstat(setting):
    return Contestant("netstat", f"`netstat -tan \\| grep -c ':{PORT} .*ESTABLISHED'`",
                      whole(setting, ["netstat", "-tan"], ["grep", "-c", f":{PORT} .*ESTABLISHED"]))


def awk(setting):
    program = f'$4 == "01" && $2 ~ /:{PORT:04X}$/ {{ n++ }} END {{ print n + 0 }}'
    return Contestant("awk", "`awk` over `/proc/net/tcp`", whole(setting, ["awk", program, "/proc/net/tcp"]))


def available(setting, name, make, *arguments) -> Optional[Contestant]:
    """Return the contestant, or None if it cannot be measured here."""
    try:
        return make(setting, *arguments)
    except NotMeasured as why:
        setting.not_measured(name, str(why))
        return None
