#!/usr/bin/env python3
"""Measure, in turn and in rounds, what counting connections costs.

bench/run starts this in a network namespace of its own, with the programs
built. Every figure is CPU time, user and system, of whole processes with all
that they start, except the floor and the censuses, which measure themselves
when they are warm. A ratio is taken within its round, for a machine is seldom
as fast in the next one; what is printed is the median of these.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

import report
from processes import Connections, cpu_clock, fields, memory_kilobytes, run, start_daemon

PORT = 8500
WATCHES = 10


class Failure(Exception):
    """What went wrong, as one line for the user."""


class Contestant:
    """Somebody who counts; measure() returns the count and CPU milliseconds."""

    def __init__(self, name, measure, ours=False):
        self.name = name
        self.measure = measure
        self.ours = ours
        self.milliseconds = []


def self_measuring(command, listeners, extra):
    """Those that print count= and cpu_us= themselves."""
    def measure():
        values = fields(run(command).output)
        extra.update(values)
        return int(values["count"]) - listeners, float(values["cpu_us"]) / 1000
    return measure


def whole_processes(*pipeline, parse=int):
    def measure():
        result = run(*pipeline)
        return parse(result.output), result.cpu_seconds * 1000
    return measure


def count_in_metrics(text):
    return sum(int(line.split()[-1]) for line in text.splitlines() if line.startswith("tcp_connections{"))


def contestants(options, listeners, of_census, of_ten):
    floor = [f"{options.programs}/floor", str(PORT), str(options.repeat)]
    census = [f"{options.programs}/CensusCost/CensusCost", str(PORT)]
    return [
        Contestant("floor in C", self_measuring(floor, listeners, {})),
        # Established connections only: the listeners are told apart.
        Contestant("census, one watch", self_measuring([*census, "1", str(options.repeat)], 0, of_census), ours=True),
        Contestant(f"census, {WATCHES} watches",
                   self_measuring([*census, str(WATCHES), str(options.repeat)], 0, of_ten), ours=True),
        Contestant("`agent --once`, the whole process",
                   whole_processes([f"{options.programs}/Agent/agent", "--once"], parse=count_in_metrics), ours=True),
        Contestant(f"`ss -Htn state established 'sport = :{PORT}' \\| wc -l`",
                   whole_processes(["ss", "-Htn", "state", "established", f"sport = :{PORT}"], ["wc", "-l"])),
        Contestant(f"`netstat -tan \\| grep -c ':{PORT} .*ESTABLISHED'`",
                   whole_processes(["netstat", "-tan"], ["grep", "-c", f":{PORT} .*ESTABLISHED"])),
        Contestant("`awk` over `/proc/net/tcp`",
                   whole_processes(["awk", f'$4 == "01" && $2 ~ /:{PORT:04X}$/ {{ n++ }} END {{ print n + 0 }}',
                                    "/proc/net/tcp"])),
    ]


def measure_many(options):
    """All contestants at the large number of connections."""
    of_census, of_ten = {}, {}
    with Connections(options.connections, options.clients, PORT) as connections:
        all_of_them = contestants(options, connections.listeners, of_census, of_ten)
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            # Whoever comes first in one round comes last in the next.
            first = number % len(all_of_them)
            for contestant in all_of_them[first:] + all_of_them[:first]:
                count, milliseconds = contestant.measure()
                if count != options.connections:
                    raise Failure(f"{contestant.name} counted {count} of {options.connections} connections")
                contestant.milliseconds.append(milliseconds)
    return all_of_them, of_census, of_ten


def measure_start(options):
    """--once and a program that does nothing, in turn: lists of (wall, CPU) milliseconds."""
    once, empty = [], []
    for _ in range(options.starts):
        for command, results in (([f"{options.programs}/Agent/agent", "--once"], once),
                                 ([f"{options.programs}/Empty/Empty"], empty)):
            result = run(command)
            results.append((result.wall_seconds * 1000, result.cpu_seconds * 1000))
            if results is once and count_in_metrics(result.output) != options.few:
                raise Failure(f"agent --once counted {count_in_metrics(result.output)} of {options.few} connections")
    return once, empty


def measure_memory(options, directory):
    """Resident kilobytes of a daemon that has taken many censuses."""
    with start_daemon(options.programs, directory, "10ms") as daemon:
        time.sleep(options.memory_seconds)
        return memory_kilobytes(daemon.pid)


def measure_share(options, directory):
    """The part of one core that a daemon takes at an interval of a second, first and then, and its memory in the end."""
    with start_daemon(options.programs, directory, "1s") as daemon:
        # The runtime compiles what was called 30 times once more, and better: half a minute after the start, at this interval.
        first = share_of_core(daemon.pid, options.settle_seconds)
        then = share_of_core(daemon.pid, options.share_seconds)
        return first, then, memory_kilobytes(daemon.pid)


def share_of_core(pid, seconds):
    cpu, wall = cpu_clock(pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_clock(pid) - cpu) / (time.monotonic() - wall)


def measure_few(options):
    with Connections(options.few, options.few, PORT) as connections, tempfile.TemporaryDirectory() as directory:
        print("starts", file=sys.stderr)
        once, empty = measure_start(options)
        print("the daemon", file=sys.stderr)
        memory = measure_memory(options, directory)
        first_share, share, memory_at_rest = measure_share(options, directory)
        floor = self_measuring([f"{options.programs}/floor", str(PORT), str(options.repeat)], connections.listeners, {})
        return report.Few(
            connections=options.few, once=once, empty=empty, memory=max(memory, memory_at_rest), memory_at_rest=memory_at_rest,
            first_share=first_share, first_seconds=options.settle_seconds, share=share, share_seconds=options.share_seconds,
            floor=statistics.median(floor()[1] for _ in range(options.rounds)))


def parse_arguments():
    parser = argparse.ArgumentParser(prog="bench/run")
    parser.add_argument("--programs", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--connections", type=int)
    parser.add_argument("--clients", type=int)
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    small = options.smoke
    options.rounds = options.rounds or (2 if small else 9)
    options.connections = options.connections or (2000 if small else 95000)
    options.clients = options.clients or (100 if small else 5000)
    options.few = 200
    options.repeat = 2 if small else 20
    options.starts = 2 if small else 21
    options.memory_seconds = 1 if small else 10
    options.settle_seconds = 1 if small else 45
    options.share_seconds = 2 if small else 60
    return options


def main():
    options = parse_arguments()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    load = os.getloadavg()[0]
    many, of_census, of_ten = measure_many(options)
    few = measure_few(options)
    if options.smoke:
        print(f"all {len(many)} counted {options.connections} connections, and --once {options.few}")
        return
    report.print_machine(of_census["runtime"], load)
    report.print_many(many, options)
    report.print_few(few)
    report.print_budgets(many, few, [("one watch", of_census), (f"{WATCHES} watches", of_ten)])


if __name__ == "__main__":
    try:
        main()
    except (Failure, OSError, subprocess.SubprocessError) as error:
        sys.exit(f"bench/run: {error}")
