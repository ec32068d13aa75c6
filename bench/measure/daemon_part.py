"""Measures the cost of the daemon: memory after many censuses, its share of a core, and the cost of a scrape of its endpoint."""

import contextlib
import sys
import tempfile
import time

from .arrivals import Arrivals
from .connections import opened
from .daemons import ENDPOINT_PORT, TEXTFILE, agent, floor_each_second, scrape
from .processes import Failure, cpu_clock, file_system_of, memory_of

SCRAPE_INTERVAL = 15
SLICE = 200  # censuses between two scrapes of the daemon whose memory is measured


def measure(setting):
    numbers = setting.numbers
    with opened(numbers.few, numbers.few):
        memory = {"textfile": measure_memory(setting)}
        if setting.has_endpoint:
            memory["endpoint"] = measure_memory(setting, ENDPOINT_PORT)
        memory["with-runtime"] = measure_memory(setting, program=setting.agent_with_runtime)
        shares = measure_shares(setting)
        scrapes = measure_scrapes(setting) if setting.has_endpoint else None
    return {"connections": numbers.few, "censuses": numbers.censuses, "memory_kb": memory, "shares": shares, "scrapes": scrapes,
            "settle_seconds": numbers.settle_seconds, "share_seconds": numbers.share_seconds}


def measure_memory(setting, endpoint=None, program=None):
    """Measure the daemon's memory after many published censuses."""
    print(f"  {setting.numbers.censuses:,} censuses {'with the endpoint, scraped' if endpoint else 'without the endpoint'}", file=sys.stderr)
    directory = tempfile.mkdtemp(dir=setting.memory)
    with Arrivals(directory, TEXTFILE) as arrivals, agent(setting, directory, setting.numbers.memory_interval, endpoint, program) as process:
        for done in range(0, setting.numbers.censuses, SLICE):
            if not arrivals.wait(min(SLICE, setting.numbers.censuses - done), seconds=300):
                raise Failure("the agent stopped writing its textfile")
            if endpoint:
                scrape(endpoint)
        return memory_of(process.pid)


def measure_shares(setting):
    """Measure each daemon's share of a core at an interval of 1 s. They run at the same time, because they are idle most of the time."""
    disk = f"{setting.scratch}/share"
    memory = f"{setting.memory}/share"
    with contextlib.ExitStack() as running:
        daemons = [
            ("floor", "the floor in C, once a second", running.enter_context(floor_each_second(setting))),
            ("floor-textfile", f"the same, which replaces a file on {file_system_of(setting.memory)} each time",
             running.enter_context(floor_each_second(setting, f"{setting.memory}/floor.prom"))),
            ("tmpfs", f"textfile on {file_system_of(setting.memory)}", running.enter_context(agent(setting, memory))),
            ("disk", f"textfile on {file_system_of(setting.scratch)}", running.enter_context(agent(setting, disk))),
            # Without textfile and endpoint there is no first result to wait for.
            ("off", "textfile off", running.enter_context(agent(setting, None))),
        ]
        scraped = None
        if setting.has_endpoint:
            scraped = ENDPOINT_PORT
            daemons.append(("endpoint", f"textfile off, endpoint scraped every {SCRAPE_INTERVAL} s",
                            running.enter_context(agent(setting, None, endpoint=scraped))))
        print(f"  shares of a core, {setting.numbers.settle_seconds} + {setting.numbers.share_seconds} s", file=sys.stderr)
        pids = [process.pid for _, _, process in daemons]
        first = shares_of_core(pids, setting.numbers.settle_seconds, scraped)
        then = shares_of_core(pids, setting.numbers.share_seconds, scraped)
        return [{"key": key, "name": name, "first": first[process.pid], "then": then[process.pid],
                 "memory_kb": memory_of(process.pid)} for key, name, process in daemons]


def shares_of_core(pids, seconds, scraped):
    begun = {pid: (cpu_clock(pid), time.monotonic()) for pid in pids}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if scraped:
            scrape(scraped)
        time.sleep(max(0.0, min(SCRAPE_INTERVAL, end - time.monotonic())))
    return {pid: (cpu_clock(pid) - cpu) / (time.monotonic() - wall) for pid, (cpu, wall) in begun.items()}


def measure_scrapes(setting):
    """Measure the daemon's CPU milliseconds for a scrape, averaged over many. The census once a minute is negligible."""
    with agent(setting, None, "1m", ENDPOINT_PORT) as process:
        per_scrape = {}
        for name, gzip in (("plain", False), ("gzip", True)):
            body = scrape(ENDPOINT_PORT, gzip)
            many = setting.numbers.censuses // 20
            begun = cpu_clock(process.pid)
            for _ in range(many):
                scrape(ENDPOINT_PORT, gzip)
            per_scrape[name] = {"milliseconds": (cpu_clock(process.pid) - begun) / many * 1000, "bytes": len(body)}
        return per_scrape
