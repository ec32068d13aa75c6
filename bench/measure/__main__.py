"""bench/run starts this in namespaces of its own, with the programs built."""

import argparse
import json
import os
import subprocess
import sys
import time

from . import daemon_part, fleet, growth, machine, profile, results, scenes, starts
from .processes import Failure
from .setting import Setting

PARTS = {
    "scenes": scenes.measure,
    "starts": starts.measure,
    "daemon": daemon_part.measure,
    "growth": growth.measure,
    "profile": profile.measure,
    "fleet": fleet.measure,
}


def parse_arguments():
    parser = argparse.ArgumentParser(prog="bench/run", add_help=False)
    parser.add_argument("--programs", required=True)
    parser.add_argument("--scratch", required=True)
    parser.add_argument("--results", required=True)
    parser.add_argument("--commit", required=True)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    options.only = [part for part in options.only.split(",") if part in PARTS]
    return options


def main():
    options = parse_arguments()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    memory = f"{options.scratch}/memory"
    os.mkdir(memory)
    # Goes with the mount namespace.
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", memory], check=True)

    setting = Setting(options.programs, options.scratch, memory, options.smoke)
    raw = results.load(options.results)
    for part in options.only:
        begun = time.monotonic()
        print(f"{part}:", file=sys.stderr)
        setting.missing.clear()
        load = os.getloadavg()[0]
        raw[part] = {**PARTS[part](setting), "missing": dict(setting.missing), "on": machine.describe(setting, options.commit), "load": load}
        print(f"{part}: {time.monotonic() - begun:.0f} s", file=sys.stderr)
    with open(f"{options.results}/results.json", "w") as file:
        json.dump(raw, file, indent=1)
        file.write("\n")
    for part in options.only:
        for what, why in raw[part]["missing"].items():
            print(f"bench/run: not measured: {what}: {why}", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except (Failure, OSError, subprocess.SubprocessError) as error:
        sys.exit(f"bench/run: {error}")
