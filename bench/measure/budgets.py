"""The budgets of the agent, with the measured values."""

from typing import NamedTuple, Optional

from .figures import cpu_ms, difference, megabytes, ratio, row_of, shown


class Budget(NamedTuple):
    what: str
    most: str
    measured: Optional[str]  # None: not measured
    met: bool


def budgets(raw):
    yield from of_censuses(raw.get("scenes"))
    yield from of_starts(raw.get("starts"))
    yield from of_daemon(raw.get("daemon"))
    yield from of_dead(raw.get("dead"))
    yield from of_postgres(raw.get("postgres"))


def of_censuses(scenes):
    # The scene with the most matching connections.
    rows = max(scenes["scenes"], key=lambda scene: scene["matching"])["rows"] if scenes else []
    spread = scenes["spread"]["rows"] if scenes else []
    one = row_of(rows, "census")
    yield compared("a census of one watch, CPU as a multiple of the floor", 1.05, "", ratio(one) if one else None, 3)
    for where, found in (("all connections in one of them", rows), ("a tenth of the connections in each", spread)):
        ten, same = row_of(found, "ten-watches"), row_of(found, "same-filter")
        yield compared(f"a census of ten watches, CPU as a multiple of the floor with the same filter; {where}", 1.05, "",
                       ratio(ten, same) if ten and same else None, 3)


def of_starts(starts):
    rows = starts["starts"] if starts else []
    once, empty = row_of(rows, "once"), row_of(rows, "empty")
    measured = difference(cpu_ms(once), cpu_ms(empty)) if once else None
    yield compared("`agent --once` above an empty .NET program, CPU", 5, " ms", measured, 1)
    yield compared("the program's file", 22, " MB", starts["file_bytes"] / 1e6 if starts else None, 1)


def of_daemon(daemon):
    memory = daemon["memory_kb"] if daemon else {}
    for what, most, key, shares in (("the daemon", (5, 24), "textfile", ("tmpfs", "disk", "off")),
                                    ("the daemon with the endpoint, scraped", (10, 32), "endpoint", ("endpoint",))):
        for kind, name, budget in (("anonymous", "anonymous", most[0]), ("most", "resident", most[1])):
            measured = None
            if kind in memory.get(key, {}):
                # The highest value of all daemons that this budget covers.
                measured = megabytes(max([memory[key][kind], *(share["memory_kb"][kind] for share in daemon["shares"] if share["key"] in shares)]))
            yield compared(f"{what}, {name} memory", budget, " MB", measured, 1)
    floor = row_of(daemon["shares"], "floor") if daemon else None
    shares = [share for share in daemon["shares"] if not share["key"].startswith("floor")] if daemon else [{"name": "any textfile"}]
    for share in shares:
        yield compared(f"the daemon at an interval of 1 s, CPU as a multiple of the floor once a second; {share['name']}", 1.5, "",
                       share["then"] / floor["then"] if floor else None, 3)


def of_dead(dead):
    row = row_of(dead["rows"], "churn") if dead else None
    what = row["name"] if row else "connections that come and go"
    yield compared(f"the look for dead connections, CPU more a census; {what}", 1, " ms", row["looks_ms"] - row["blind_ms"] if row else None, 3)


def of_postgres(postgres):
    row = row_of(postgres["rows"], "agent") if postgres else None
    for kind, name, most in (("anonymous", "anonymous", 12), ("most", "resident", 36)):
        yield compared(f"the daemon with the endpoint and two databases, {name} memory", most, " MB",
                       megabytes(row["memory_kb"][kind]) if row else None, 1)


def compared(what, most, unit, measured, digits):
    if measured is None:
        return Budget(what, f"{most}{unit}", None, False)
    return Budget(what, f"{most}{unit}", shown(measured, digits, True) + unit, measured <= most)
