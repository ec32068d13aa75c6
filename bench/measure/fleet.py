"""Measures the cost of one host for a monitoring system. docs/fleet.md calculates the cost of a fleet from these figures."""

import gzip
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

from . import federation
from .connections import opened
from .daemons import ENDPOINT_PORT, TEXTFILE, agent, scrape
from .processes import NotMeasured

CLIENTS = 40
CONNECTIONS = 200
SCRAPE_SECONDS = 15

SAMPLE = re.compile(r"^(?P<series>\w+(?:\{[^}]*\})?) (?P<value>\S+)$", re.MULTILINE)


def measure(setting):
    directory = f"{setting.memory}/fleet"
    with opened(CONNECTIONS, CLIENTS), agent(setting, directory, endpoint=ENDPOINT_PORT if setting.has_endpoint else None):
        with open(f"{directory}/{TEXTFILE}", "rb") as file:
            textfile = file.read()
        found = {"connections": CONNECTIONS, "clients": CLIENTS, "textfile": size_of(textfile, len(gzip.compress(textfile, mtime=0)))}
        if setting.has_endpoint:
            found["endpoint"] = size_of(scrape(ENDPOINT_PORT), len(scrape(ENDPOINT_PORT, accept_gzip=True)))
    text = textfile.decode()
    for key, measure_one in (("storage", stored), ("prometheus", federation.measure)):
        print(f"  {key}", file=sys.stderr)
        try:
            found[key] = measure_one(setting, text)
        except NotMeasured as why:
            setting.not_measured(key, str(why))
    return found


def size_of(body, gzip_bytes):
    return {"series": len(SAMPLE.findall(body.decode())), "plain_bytes": len(body), "gzip_bytes": gzip_bytes}


def stored(setting, text):
    """
    Measure the bytes of a sample in Prometheus' blocks. Each gauge changes by up to three at every scrape; times and durations change as in reality.
    promtool makes the blocks as the server does.
    """
    if not shutil.which("promtool"):
        raise NotMeasured("promtool is not installed")
    numbers = setting.numbers
    with tempfile.TemporaryDirectory(dir=setting.scratch) as directory:
        with open(f"{directory}/samples", "w") as file:
            write_open_metrics(file, text, numbers.fleet_hosts, numbers.fleet_samples)
        made = subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", f"{directory}/samples", f"{directory}/blocks"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if made.returncode != 0:
            raise NotMeasured(f"promtool made no blocks: {made.stdout.strip().splitlines()[-1]}")
        size = sum(os.path.getsize(os.path.join(where, name)) for where, _, names in os.walk(f"{directory}/blocks") for name in names)
    samples = numbers.fleet_hosts * numbers.fleet_samples * len(SAMPLE.findall(text))
    return {"bytes_per_sample": size / samples, "hosts": numbers.fleet_hosts, "samples": samples}


def write_open_metrics(file, text, hosts, scrapes):
    """Write the series of all hosts. The format requires that the series of each family stand together."""
    chance = random.Random(1)
    # The start of a two-hour span, so that all samples are in one block.
    begun = 1_700_006_400
    for series, first in SAMPLE.findall(text):
        name = series.split("{")[0]
        labels = series[len(name):].strip("{}")
        for host in range(hosts):
            value = float(first)
            for number in range(scrapes):
                at = begun + number * SCRAPE_SECONDS
                file.write(f'{name}{{{labels + "," if labels else ""}instance="host-{host:05}"}} {value:g} {at}\n' if "seconds" not in name else
                           f'{name}{{{labels + "," if labels else ""}instance="host-{host:05}"}} {time_of(name, at, chance)} {at}\n')
                value = next_value(name, value, chance)
    file.write("# EOF\n")


def time_of(name, at, chance):
    return f"{at - chance.random():.3f}" if "timestamp" in name else f"{0.0002 + chance.random() / 5000:.9f}"


def next_value(name, value, chance):
    if name.endswith(("_limit", "_info", "_success")):
        return value
    return max(0.0, value + chance.randint(-3, 3))
