"""Measures starts: `--once` beside an empty program and the steps between them, the first sample of a daemon, and the sizes of the programs."""

import os
import shutil
import subprocess
import sys
import time

from .arrivals import Arrivals
from .connections import opened
from .contestants import count_in_metrics
from .daemons import ENDPOINT_PORT, TEXTFILE, answers
from .processes import Failure, daemon, disk_bytes, wait_until

# A port on which nothing listens.
IDLE_PORT = 1


def measure(setting):
    numbers = setting.numbers
    with opened(numbers.few, numbers.few):
        print("  starts", file=sys.stderr)
        starts = measure_starts(setting)
        print("  first samples", file=sys.stderr)
        first = {"textfile": [first_textfile(setting, number) for number in range(numbers.first_samples)]}
        if setting.has_endpoint:
            first["endpoint"] = [first_answer(setting) for _ in range(numbers.first_samples)]
    return {"connections": numbers.few, "starts": starts, "first_sample_ms": first,
            "file_bytes": disk_bytes(setting.agent), "file_with_runtime_bytes": disk_bytes(setting.agent_with_runtime),
            "empty_file_bytes": disk_bytes(f"{setting.programs}/Empty/Empty"),
            "image_bytes": image_bytes(setting)}


def steps(setting):
    """
    Return the started programs, from an empty one to the whole agent: each includes the work of the one before. The last is the agent with the
    .NET runtime in its file.
    """
    return [
        ("empty", "an empty .NET program, published the same way", [f"{setting.programs}/Empty/Empty"]),
        ("parse", "the same with System.CommandLine, which parses one option", [f"{setting.programs}/Parse/Parse", "--once"]),
        ("version", "`agent --version`", [setting.agent, "--version"]),
        ("idle", "`agent --once` on a port without connections", [setting.agent, "--once", "--port", str(IDLE_PORT)]),
        ("once", "`agent --once`", [setting.agent, "--once"]),
        ("with-runtime", "the same, published with `-p:PublishAot=false`", [setting.agent_with_runtime, "--once"]),
    ]


def measure_starts(setting):
    rows = [{"key": key, "name": name, "wall_ms": [], "user_ms": [], "system_ms": [], "memory_kb": 0} for key, name, _ in steps(setting)]
    # The first start of each reads the file from the disk and is not counted.
    for number in range(setting.numbers.starts + 1):
        for row, (key, _, command) in zip(rows, steps(setting)):
            spent = setting.launcher.run(command)
            if key in ("once", "with-runtime") and count_in_metrics(spent.output) != setting.numbers.few:
                raise Failure(f"agent --once counted {count_in_metrics(spent.output)} of {setting.numbers.few} connections")
            if number > 0:
                row["wall_ms"].append(spent.wall_seconds * 1000)
                row["user_ms"].append(spent.user_seconds * 1000)
                row["system_ms"].append(spent.system_seconds * 1000)
                row["memory_kb"] = max(row["memory_kb"], spent.memory_kilobytes)
    return rows


def first_textfile(setting, number):
    """Return the milliseconds from the start of the daemon until its textfile is complete."""
    directory = f"{setting.memory}/first-{number}"
    os.mkdir(directory)
    with Arrivals(directory, TEXTFILE) as arrivals:
        begun = time.perf_counter()
        with daemon([setting.agent, "--textfile-directory", directory], f"{setting.scratch}/first.log"):
            if not arrivals.wait(1, seconds=60):
                raise Failure("the agent wrote no textfile")
            return (time.perf_counter() - begun) * 1000


def first_answer(setting):
    """Return the milliseconds from the start of the daemon until a scrape of its endpoint has counts."""
    command = [setting.agent, "--textfile-directory", "none", "--listen", f"127.0.0.1:{ENDPOINT_PORT}"]
    log = f"{setting.scratch}/first.log"
    begun = time.perf_counter()
    with daemon(command, log) as process:
        wait_until(lambda: b"\ntcp_connections{" in (answers(ENDPOINT_PORT) or b""), process, log, "the agent's endpoint gave no counts", pause=0.001)
        return (time.perf_counter() - begun) * 1000


def image_bytes(setting):
    """Return the size of an agent image in a running Docker engine. This starts no engine and builds no image."""
    engine = shutil.which("docker")
    if engine:
        listing = subprocess.run([engine, "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True, check=False)
        images = [name for name in listing.stdout.split() if name.startswith("connection-agent:")]
        if images:
            size = subprocess.run([engine, "image", "inspect", "--format", "{{.Size}}", images[0]], stdout=subprocess.PIPE, text=True, check=True)
            return int(size.stdout)
    setting.not_measured("the image's size", "no Docker engine with an image of the agent answers")
    return None
