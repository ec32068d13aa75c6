"""The budgets of the agent, and whether they are met."""

from typing import NamedTuple, Optional

from .figures import difference, ratio, row_of, shown


class Budget(NamedTuple):
    what: str
    most: str
    measured: Optional[str]  # None: not measured
    met: bool


def budgets(raw):
    yield from of_censuses(raw.get("scenes"))
    yield of_starts(raw.get("starts"))
    yield from of_daemon(raw.get("daemon"))


def of_censuses(scenes):
    # The scene with most matching connections.
    rows = max(scenes["scenes"], key=lambda scene: scene["matching"])["rows"] if scenes else []
    spread = scenes["spread"]["rows"] if scenes else []
    for what, most, row in (
            ("a census of one watch, CPU, to the floor", 1.05, row_of(rows, "census")),
            ("a census of ten watches, all connections in one of them, to the floor", 1.15, row_of(rows, "ten-watches")),
            ("a census of ten watches, a tenth of the connections in each, to the floor of all ports", 1.15, row_of(spread, "ten-watches"))):
        yield compared(what, most, "", ratio(row) if row else None, 3)


def of_starts(starts):
    rows = starts["starts"] if starts else []
    once, empty = row_of(rows, "once"), row_of(rows, "empty")
    measured = difference(once["wall_ms"], empty["wall_ms"]) if once else None
    return compared("`agent --once` over an empty .NET program, from start to end", 20, " ms", measured, 1)


def of_daemon(daemon):
    memory = daemon["memory_kb"] if daemon else {}
    for what, most, key, shares in (("the daemon's memory", 35, "textfile", ("tmpfs", "disk", "off")),
                                    ("the daemon's memory, with the endpoint, scraped", 60, "endpoint", ("endpoint",))):
        measured = None
        if key in memory:
            # The most of all that were looked at, at any time.
            measured = max([memory[key]["most"], *(share["memory_kb"] for share in daemon["shares"] if share["key"] in shares)]) / 1024
        yield compared(what, most, " MiB", measured, 1)
    shares = [share for share in daemon["shares"] if share["key"] != "floor"] if daemon else [{"name": "any textfile", "then": None}]
    for share in shares:
        measured = None if share["then"] is None else share["then"] * 100
        yield compared(f"the daemon at an interval of 1 s, of a core; {share['name']}", 0.1, " %", measured, 3)


def compared(what, most, unit, measured, digits):
    if measured is None:
        return Budget(what, f"{most}{unit}", None, False)
    return Budget(what, f"{most}{unit}", shown(measured, digits, True) + unit, measured <= most)
