"""Prints what was measured as Markdown. Nothing is rounded in the agent's favour: its figures go up, all others down."""

import math
import os
import platform
import statistics
import time
from typing import List, NamedTuple, Tuple

CENSUS_BUDGET = 1.05
TEN_WATCHES_BUDGET = 1.15
START_BUDGET_MS = 20.0
MEMORY_BUDGET_KB = 35 * 1024
SHARE_BUDGET = 0.001


class Few(NamedTuple):
    """At few connections."""

    connections: int
    once: List[Tuple[float, float]]
    empty: List[Tuple[float, float]]
    memory: int
    memory_at_rest: int
    first_share: float
    first_seconds: int
    share: float
    share_seconds: float
    floor: float


def shown(value, digits, ours):
    scale = 10 ** digits
    return f"{(math.ceil if ours else math.floor)(value * scale) / scale:.{digits}f}"


def paired(values, others):
    """The median of the ratios within each round."""
    return statistics.median(value / other for value, other in zip(values, others))


def cpu_model():
    with open("/proc/cpuinfo") as cpuinfo:
        for line in cpuinfo:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def table(heads, rows):
    print("| " + " | ".join(heads) + " |")
    print("|---" + "|---:" * (len(heads) - 1) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def print_machine(runtime, load):
    awk = os.path.basename(os.path.realpath("/usr/bin/awk"))
    print(f"{cpu_model()}, {os.cpu_count()} cores; Linux {platform.release()}; .NET {runtime}, trimmed, ReadyToRun, single file, "
          f"self-contained; awk is {awk}. {time.strftime('%Y-%m-%d', time.gmtime())}; load of the minute before: {load:.2f}.")


def print_many(many, options):
    print(f"\n## {options.connections:,} connections on one port, of {options.clients:,} clients\n")
    print(f"{options.rounds} rounds, all in turn; CPU milliseconds, user and system. The ratio is the median of those within each round.\n")
    floor = many[0].milliseconds
    table(
        ["", "median", "least", "most", "to the floor"],
        [[contestant.name,
          *(shown(f(contestant.milliseconds), 1, contestant.ours) for f in (statistics.median, min, max)),
          shown(paired(contestant.milliseconds, floor), 3, contestant.ours)]
         for contestant in many])


def start_over_empty(few, of):
    return statistics.median(once[of] - empty[of] for once, empty in zip(few.once, few.empty))


def print_few(few):
    print(f"\n## {few.connections} connections\n")
    print(f"{len(few.once)} starts each, in turn; milliseconds, medians.\n")

    def median(results, of):
        return statistics.median(result[of] for result in results)

    table(
        ["", "from start to end", "CPU"],
        [["`agent --once`", shown(median(few.once, 0), 1, True), shown(median(few.once, 1), 1, True)],
         ["an empty .NET program, published the same way", shown(median(few.empty, 0), 1, False), shown(median(few.empty, 1), 1, False)],
         ["the difference", shown(start_over_empty(few, 0), 1, True), shown(start_over_empty(few, 1), 1, True)],
         ["floor in C, one dump", "", shown(few.floor, 2, False)]])


def print_budgets(many, few, allocations):
    floor = many[0].milliseconds
    one, ten = paired(many[1].milliseconds, floor), paired(many[2].milliseconds, floor)
    start = start_over_empty(few, 0)
    print("\n## Budgets\n")
    table(
        ["", "measured", "at most", ""],
        [[what, measured, limit, "kept" if kept else "**missed**"] for what, measured, limit, kept in (
            ("census of one watch, CPU, to the floor", shown(one, 3, True), f"{CENSUS_BUDGET}", one <= CENSUS_BUDGET),
            ("census of ten watches, CPU, to the floor", shown(ten, 3, True), f"{TEN_WATCHES_BUDGET}", ten <= TEN_WATCHES_BUDGET),
            ("`--once` over an empty program, ms", shown(start, 1, True), f"{START_BUDGET_MS:.0f}", start <= START_BUDGET_MS),
            ("daemon, resident MiB", shown(few.memory / 1024, 1, True), f"{MEMORY_BUDGET_KB // 1024}", few.memory <= MEMORY_BUDGET_KB),
            ("daemon at an interval of 1 s, % of a core", shown(few.share * 100, 3, True), f"{SHARE_BUDGET * 100}", few.share <= SHARE_BUDGET),
        )])
    print(f"\nThe daemon's memory is the more of two: at the end of ten seconds at an interval of 10 ms, and of "
          f"{few.first_seconds + few.share_seconds} s at 1 s ({shown(few.memory_at_rest / 1024, 1, True)} MiB). Its share of a core was taken over "
          f"{few.share_seconds} s; in the {few.first_seconds} s before, in which the runtime compiles, it was {shown(few.first_share * 100, 3, True)} %.")
    bytes_of = "; ".join(f"{what} {values['allocated']} bytes" for what, values in allocations)
    print(f"Allocated by a census of all these connections, the snapshot included: {bytes_of}.")
