"""Measures all programs in turn, at several numbers of connections (scenes)."""

import contextlib
import sys

from . import contestants, daemons
from .connections import OTHER_PORT, opened
from .contestants import available


def measure(setting):
    scenes = [measure_scene(setting, *scene) for scene in setting.numbers.scenes]
    return {"scenes": scenes, "spread": measure_spread(setting)}


def measure_scene(setting, matching, clients, others):
    print(f"  {matching:,} matching connections, {others:,} others", file=sys.stderr)
    counts = setting.counts_at(matching + others)
    with opened(matching, clients) as listeners, opened(others, max(1, others // 19), OTHER_PORT):
        here = present(setting, listeners, counts)
        rows = take_rounds(setting, here, matching, others, generations=setting.numbers.generations if matching + others > 20000 else 1)
        for name, make in (("the daemon", daemons.the_agent), ("collectd", daemons.collectd)):
            runner = available(setting, name, make)
            if runner:
                # These daemons count at their own interval: each has separate rounds with the floor.
                pair = [contestants.floor(setting, listeners, counts), runner]
                rows.append(take_rounds(setting, pair, matching, others, rounds=setting.numbers.rounds)[1])
    return {"matching": matching, "clients": clients, "others": others, "rows": rows}


def present(setting, listeners, counts):
    return [one for one in (
        contestants.floor(setting, listeners, counts),
        contestants.two_pass(setting, listeners, counts),
        contestants.census(setting, counts),
        contestants.same_filter(setting, listeners, counts),
        contestants.ten_watches(setting, counts),
        contestants.once(setting),
        available(setting, "ss", contestants.ss),
        available(setting, "netstat", contestants.netstat),
        available(setting, "awk", contestants.awk),
        available(setting, "node_exporter", daemons.node_exporter)) if one]


def measure_spread(setting):
    """Measure ten watches again, with a tenth of the connections on each of their ports. The floor counts all ports without a filter."""
    numbers = setting.numbers
    print(f"  {numbers.many:,} connections spread over {numbers.watches} ports", file=sys.stderr)
    counts = setting.counts_at(numbers.many)
    with opened(numbers.many, numbers.many_clients, ports=numbers.watches) as listeners:
        here = [contestants.floor(setting, listeners, counts, port=0), contestants.same_filter(setting, listeners, counts),
                contestants.ten_watches(setting, counts)]
        rows = take_rounds(setting, here, numbers.many, 0, numbers.generations)
    return {"matching": numbers.many, "clients": numbers.many_clients, "others": 0, "rows": rows}


def take_rounds(setting, participants, matching, others=0, generations=1, rounds=None):
    """Return a row for each contestant: its cost in each round, and the cost of the first one, the floor, in the same round."""
    rows = {one.key: {"key": one.key, "name": one.name, "ours": one.ours, "milliseconds": [], "floor": [],
                      "memory_kb": 0 if one.memory_is_typical else None} for one in participants}
    rounds = rounds or setting.numbers.rounds * (setting.numbers.generations if generations == 1 else 1)
    for _ in range(generations):
        with contextlib.ExitStack() as started:
            measures = [started.enter_context(one.start()) for one in participants]
            for number in range(rounds):
                take_round(participants, measures, number, rows, matching, others)
    return list(rows.values())


def take_round(participants, measures, number, rows, matching, others):
    # The first contestant of a round is the last of the next.
    first = number % len(participants)
    taken = {}
    for one, measure_one in (list(zip(participants, measures)) * 2)[first:first + len(participants)]:
        taken[one.key] = measure_one()
        # node_exporter cannot count a single port.
        one.check(taken[one.key], matching + (others if one.key == "node_exporter" else 0))
    for key, measured in taken.items():
        row = rows[key]
        row["milliseconds"].append(measured.milliseconds)
        row["floor"].append(taken[participants[0].key].milliseconds)
        if row["memory_kb"] is not None:
            row["memory_kb"] = max(row["memory_kb"], measured.memory_kilobytes)
        for detail in ("allocated", "clients"):
            if detail in measured.details:
                row[detail] = int(measured.details[detail])
