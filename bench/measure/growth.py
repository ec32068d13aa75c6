"""Measures how the cost grows, as curves beside the floor, and the parts of the floor."""

import sys

from . import contestants
from .connections import OTHER_PORT, PORT, opened
from .contestants import Contestant, available, census, warm
from .scenes import take_rounds

IDLE_PORT = 1


def measure(setting):
    numbers = setting.numbers
    curves = [
        curve("matching", "matching connections", "connections on the watched port",
              [(count, at_connections(setting, count, 0)) for count in numbers.matching]),
        curve("others", f"other connections, beside {numbers.few} matching ones", "connections on other ports",
              [(count, at_connections(setting, numbers.few, count)) for count in numbers.others]),
        curve("clients", f"clients, of {numbers.many:,} connections", "clients",
              [(count, at_clients(setting, count)) for count in numbers.clients]),
    ]
    with opened(numbers.many, numbers.many_clients) as listeners:
        curves += at_watches(setting, listeners)
        parts = floor_parts(setting, listeners)
    return {"curves": curves, "parts": parts, "few": numbers.few, "many": numbers.many, "many_clients": numbers.many_clients}


def curve(key, title, axis, points):
    """Turn points of (x, rows) into one series for each contestant."""
    series = {}
    for x, rows in points:
        for row in rows:
            one = series.setdefault(row["key"], {"key": row["key"], "name": row["name"], "ours": row["ours"], "points": []})
            one["points"].append({"x": x, "milliseconds": row["milliseconds"], "floor": row["floor"]})
    return {"key": key, "title": title, "axis": axis, "series": list(series.values())}


def at_connections(setting, matching, others):
    counts = setting.counts_at(matching + others)
    with opened(matching, min(matching, setting.numbers.many_clients)) as listeners, opened(others, max(1, others // 19), OTHER_PORT):
        here = [
            contestants.floor(setting, listeners, counts),
            contestants.two_pass(setting, listeners, counts),
            census(setting, counts),
            contestants.once(setting),
            available(setting, "ss", contestants.ss),
            available(setting, "netstat", contestants.netstat),
            available(setting, "awk", contestants.awk),
        ]
        return take_rounds(setting, [one for one in here if one], matching, rounds=setting.numbers.growth_rounds)


def at_clients(setting, clients):
    many = setting.numbers.many
    counts = setting.counts_at(many)
    with opened(many, clients) as listeners:
        return take_rounds(setting, [contestants.floor(setting, listeners, counts), census(setting, counts)], many,
                           rounds=setting.numbers.growth_rounds)


def at_watches(setting, listeners):
    """Measure curves on the same connections: all are on the first port, also if more ports are watched."""
    numbers = setting.numbers
    counts = setting.counts_at(numbers.many)

    def points(what, values, key, name, shape):
        measured = []
        for value in values:
            print(f"  {value} {what}", file=sys.stderr)
            pair = [contestants.floor(setting, listeners, counts), census(setting, counts, key=key, name=name, **shape(value))]
            measured.append((value, take_rounds(setting, pair, numbers.many, rounds=numbers.growth_rounds)))
        return measured

    many = f"{numbers.many:,} connections"
    ports = points("ports", numbers.ports, "census", "a census of one watch", lambda count: {"ports": count})
    own = points("watches", numbers.watch_counts, "own", "a census, each watch has a port of its own", lambda count: {"watches": count})
    same = points("watches of the same port", numbers.watch_counts, "same", "a census, all watches have the same port",
                  lambda count: {"watches": count, "step": 0})
    return [
        curve("ports", f"ports of one watch, {many} on one of them", "ports", ports),
        curve("watches", f"watches, {many} on one port", "watches",
              [(x, [*rows, more[1]]) for (x, rows), (_, more) in zip(own, same)]),
    ]


def floor_parts(setting, listeners):
    """Measure the parts of the floor: each part does the work of the part before it, and one thing more."""
    counts = setting.counts_at(setting.numbers.many)
    many = setting.numbers.many

    def part(key, name, port, mode, uncounted):
        return Contestant(key, name, warm(setting, setting.floor(port, mode), counts, listeners, uncounted))

    here = [
        part("floor", "and reads the headers", PORT, "one-pass", None),
        part("walk", "walks the table, in which nothing matches", IDLE_PORT, "no-headers", many),
        part("fill", "and fills datagrams with what matches", PORT, "no-copy", many),
        part("copy", "and copies them into the process", PORT, "no-headers", many),
    ]
    return take_rounds(setting, here, many, rounds=setting.numbers.growth_rounds)
