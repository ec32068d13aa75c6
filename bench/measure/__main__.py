"""The entry point: bench/run starts it in new namespaces, after it has built the programs."""

import argparse
import os
import subprocess
import sys
import time

from . import benchmarks, daemon_part, dead, fleet, growth, machine, pages, postgres, profile, results, scenes, starts, unix_sockets
from .budgets import budgets
from .processes import Failure
from .setting import Setting

PARTS = {
    "scenes": scenes.measure,
    "starts": starts.measure,
    "daemon": daemon_part.measure,
    "dead": dead.measure,
    "growth": growth.measure,
    "unix": unix_sockets.measure,
    "postgres": postgres.measure,
    "profile": profile.measure,
    "fleet": fleet.measure,
    "benchmarks": benchmarks.measure,
}


def parse_arguments():
    parser = argparse.ArgumentParser(prog="bench/run")
    parser.add_argument("--programs", help=argparse.SUPPRESS)
    parser.add_argument("--scratch", help=argparse.SUPPRESS)
    parser.add_argument("--commit", help=argparse.SUPPRESS)
    parser.add_argument("--results", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--repository", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--pages", action="store_true")
    parser.add_argument("--render", action="store_true")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.only = options.only.split(",")
    unknown = [part for part in options.only if part not in PARTS]
    if unknown:
        parser.error(f"unknown part {unknown[0]}; the parts are {', '.join(PARTS)}")
    return options


def measure(options, raw):
    """Measure the requested parts; return the parts that failed."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    memory = f"{options.scratch}/memory"
    os.mkdir(memory)
    # The mount ends with the mount namespace.
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", memory], check=True)
    setting = Setting(options.programs, options.scratch, memory, options.smoke)
    on = machine.describe(setting, options.commit)
    failed = []
    for part in options.only:
        begun, before = time.monotonic(), {"load": os.getloadavg()[0], "sockets": machine.tcp_sockets()}
        print(f"{part}:", file=sys.stderr)
        try:
            found = PARTS[part](setting)
        except (Failure, OSError, subprocess.SubprocessError) as error:
            # The later parts can still be measured.
            print(f"bench/run: {part}: {error}", file=sys.stderr)
            failed.append(part)
            continue
        raw[part] = {**found, "missing": setting.missing_since(), "on": on, "before": before}
        results.save(options.results, raw)
        print(f"{part}: {time.monotonic() - begun:.0f} s", file=sys.stderr)
        for what, why in raw[part]["missing"].items():
            print(f"bench/run: not measured: {what}: {why}", file=sys.stderr)
    return failed


def main():
    options = parse_arguments()
    if options.check:
        return
    raw = results.load(options.results)
    failed = [] if options.render else measure(options, raw)
    results.render(options.results, raw)
    if options.pages:
        pages.write(options.repository, raw)
    if options.smoke:
        print(f"all counted the same: {', '.join(part for part in options.only if part not in failed)}")
    else:
        for budget in budgets(raw):
            print(f"{budget.what}: {budget.measured or 'not measured'}, at most {budget.most}"
                  + ("" if budget.measured is None else ": met" if budget.met else ": MISSED"))
    if failed:
        sys.exit(f"bench/run: failed: {', '.join(failed)}")


if __name__ == "__main__":
    try:
        main()
    except (Failure, OSError, subprocess.SubprocessError) as error:
        sys.exit(f"bench/run: {error}")
