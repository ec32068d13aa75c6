"""Writes the results as Markdown."""

import statistics

from .budgets import budgets
from .figures import cpu_ms, difference, fitting, mebibytes, median, ratio, row_of, shown, table

NOT_MEASURED = "not measured"


def machine_line(part):
    on = part["on"]
    versions = ", ".join(f"{name} {version}" for name, version in on["versions"].items())
    return (f"{on['cpu']}, {on['cores']} cores, {on['memory_gib']} GiB; Linux {on['kernel']}; .NET {on['runtime']}, compiled ahead (NativeAOT); "
            f"{versions}; commit {on['commit']}.")


def whole(raw):
    """Return the text of results.md."""
    lines = ["# Results of bench/run", "",
             "`bench/run` writes this page from `results.json`, which has every figure. CPU time is user and system time of whole processes, including their "
             "child processes. A ratio is the median of the ratios within each round. Figures of the agent are rounded up, all others down. The floor is a program "
             "in C that sends the same request as the census and reads only the headers of the replies.", ""]
    on = {}
    for name, part in raw.items():
        on.setdefault(machine_line(part), []).append(name)
    for machine, parts in on.items():
        lines += [machine if len(on) == 1 else f"{', '.join(parts)}: {machine}", ""]
    for name, write in (("scenes", scenes), ("starts", starts), ("daemon", daemon), ("dead", dead), ("growth", growth), ("unix", unix_sockets), ("postgres", postgres), ("profile", profile),
                        ("fleet", fleet),
                        ("benchmarks", benchmarks)):
        if name in raw:
            lines += write(raw[name])
            lines += [f"Not measured: {what}: {why}." for what, why in raw[name]["missing"].items()]
            before = raw[name]["before"]
            lines += [f"(Before the measurement: load {before['load']:.1f}, TCP sockets on the machine, which every walk of the table passes: {before['sockets']:,}.)", ""]
    return "\n".join([*lines, *budget_table(raw), ""])


def scene_head(scene):
    return f"{scene['matching']:,}" + (f" among {scene['others']:,} others" if scene["others"] else "")


def main_table(part):
    """Return a table with a row for each program and a column for each scene: ratio and milliseconds. The last column is the memory in the largest scene."""
    all_scenes = part["scenes"]
    largest = max(all_scenes, key=lambda scene: scene["matching"])
    heads = ["CPU time as a multiple of the floor (milliseconds)", *map(scene_head, all_scenes), f"MiB at {largest['matching']:,}"]
    rows = []
    for row in largest["rows"]:
        cells = []
        for scene in all_scenes:
            found = row_of(scene["rows"], row["key"])
            cells.append(f"{fitting(ratio(found), row['ours'])} ({fitting(median(found), row['ours'])})" if found else NOT_MEASURED)
        rows.append([row["name"], *cells, mebibytes(row["memory_kb"], row["ours"]) if row["memory_kb"] else "–"])
    return table(heads, rows)


def scenes(part):
    yield "## Counting"
    yield ""
    yield from main_table(part)
    yield ""
    yield ("The floor and the censuses are warm processes that count many times in each round and measure themselves. For commands the figure is the whole "
           "process, start and end included. For daemons it is one scrape or one interval: 250 ms for the agent, with its textfile on tmpfs, and a second for "
           "collectd. node_exporter cannot count a single port and counts all. Memory is the highest resident memory; for a pipeline it is the sum.")
    yield ""
    yield "![the table above as a plot](comparison.svg)"
    yield ""
    for scene in part["scenes"]:
        yield from scene_details(scene, f"{scene_head(scene)}, of {scene['clients']:,} clients")
    spread = part["spread"]
    yield from scene_details(spread, f"{scene_head(spread)}, spread evenly over the ports of the watches; the floor counts all ports, without a filter")


def scene_details(scene, title):
    yield f"### {title}"
    yield ""
    yield from table(
        ["", "multiple of the floor", "median ms", "lowest", "highest", "rounds", "bytes allocated"],
        [[row["name"], fitting(ratio(row), row["ours"]),
          *(fitting(of(row["milliseconds"]), row["ours"]) for of in (statistics.median, min, max)),
          str(len(row["milliseconds"])), f"{row['allocated']:,}" if "allocated" in row else "–"] for row in scene["rows"]])
    yield ""


def starts(part):
    rows = part["starts"]
    empty = rows[0]
    yield f"## Starts, at {part['connections']} connections"
    yield ""
    yield f"Each program was started {len(empty['wall_ms'])} times, in turn. Figures are medians in milliseconds. The difference from the empty program is the median of the differences within each round."
    yield ""
    yield from table(
        ["", "time above the empty program", "CPU above the empty program", "start to end", "CPU, user", "CPU, system", "MiB"],
        [[row["name"], shown(difference(row["wall_ms"], empty["wall_ms"]), 1, True), shown(difference(cpu_ms(row), cpu_ms(empty)), 1, True),
          *(shown(statistics.median(row[key]), 1, row is not empty) for key in ("wall_ms", "user_ms", "system_ms")),
          mebibytes(row["memory_kb"], row is not empty)] for row in rows])
    yield ""
    first = part["first_sample_ms"]
    yield from table(["", ""], [
        ["start of the daemon to its first textfile, ms", shown(statistics.median(first["textfile"]), 1, True)],
        ["start of the daemon to the first scrape that has counts, ms",
         shown(statistics.median(first["endpoint"]), 1, True) if "endpoint" in first else NOT_MEASURED],
        ["the file `agent`, MB", shown(part["file_bytes"] / 1e6, 1, True)],
        ["the same, published with `-p:PublishAot=false`, MB", shown(part["file_with_runtime_bytes"] / 1e6, 1, True)],
        ["an empty .NET program, published as `agent` is, MB", shown(part["empty_file_bytes"] / 1e6, 1, False)],
        ["the image, MB", shown(part["image_bytes"] / 1e6, 1, True) if part["image_bytes"] else NOT_MEASURED],
    ])
    yield ""


def daemon(part):
    yield f"## The daemon, at {part['connections']} connections"
    yield ""
    memory = part["memory_kb"]
    yield from table(
        [f"MiB after {part['censuses']:,} censuses", "resident", "highest resident", "anonymous"],
        [[name, *((mebibytes(memory[key][kind], True) for kind in ("now", "most", "anonymous")) if key in memory else (NOT_MEASURED, "", ""))]
         for key, name in (("textfile", "without the endpoint, textfile on tmpfs"), ("endpoint", "with the endpoint, scraped, and the same textfile"),
                          ("with-runtime", "without the endpoint, published with `-p:PublishAot=false`"))])
    yield ""
    yield from table(
        ["% of a core at an interval of 1 s", f"the first {part['settle_seconds']} s", f"the {part['share_seconds']} s after that", "MiB, highest resident"],
        [[share["name"], *(shown(share[when] * 100, 3, not share["key"].startswith("floor")) for when in ("first", "then")),
          mebibytes(share["memory_kb"]["most"], not share["key"].startswith("floor"))] for share in part["shares"]])
    yield ""
    if part["scrapes"]:
        yield from table(
            ["a scrape of the endpoint", "CPU ms", "bytes"],
            [[name, shown(found["milliseconds"], 3, True), f"{found['bytes']:,}"] for name, found in part["scrapes"].items()])
        yield ""


def dead(part):
    yield "## Dead connections"
    yield ""
    yield (f"Two daemons at an interval of 1 s, at the same time for {part['seconds']} s. One may look into the server's process, and looks for dead connections there; "
           "the other has no capability and does not look.")
    yield ""
    yield from table(
        ["CPU ms of a census, textfile on tmpfs included", "with the look", "without", "more"],
        [[row["name"], shown(row["looks_ms"], 3, True), shown(row["blind_ms"], 3, False), shown(row["looks_ms"] - row["blind_ms"], 3, True)]
         for row in part["rows"]])
    yield ""


def growth(part):
    yield "## Growth"
    yield ""
    for curve in part["curves"]:
        xs = [point["x"] for point in curve["series"][0]["points"]]
        yield f"### By {curve['title']}"
        yield ""
        yield f"![the table below as a plot](growth-{curve['key']}.svg)"
        yield ""
        yield from table(
            ["CPU ms (multiple of the floor)", *(f"{x:,}" for x in xs)],
            [[one["name"], *(f"{fitting(median(point), one['ours'])} ({fitting(ratio(point), one['ours'])})" for point in one["points"])]
             for one in curve["series"]])
        yield ""
    yield from floor_parts(part)


def floor_parts(part):
    yield f"### Parts of the floor, at {part['many']:,} matching connections"
    yield ""
    parts = [row_of(part["parts"], key) for key in ("walk", "fill", "copy", "floor")]
    before = [0.0] * len(parts[0]["milliseconds"])
    rows = []
    for row in parts:
        rows.append([row["name"], shown(median(row), 2, False), shown(difference(row["milliseconds"], before), 2, False)])
        before = row["milliseconds"]
    yield from table(["part", "CPU ms", "more than the row above"], rows)
    yield ""


def unix_sockets(part):
    yield from scene_details({"rows": part["unix"]}, f"{part['few']:,} connections to a unix socket, among {part['others']:,} unix sockets of others")
    yield ("The kernel cannot select unix sockets by path, so each dump walks all of them. The floor reads the headers; the census also compares the file or "
           "name of each socket.")
    yield ""
    yield from scene_details({"rows": part["drops"]}, f"The drops of the listening sockets, at {part['few']:,} connections")


def postgres(part):
    yield "## PostgreSQL"
    yield ""
    yield (f"Two servers with a database each. All programs run at the same time, with rounds and scrapes every {part['interval_seconds']} s, for "
           f"{part['seconds']} s after the first {part['settle_seconds']} s. Statements and logins are those in the servers' logs.")
    yield ""
    yield from postgres_table(part)
    yield ""


def postgres_table(part):
    return table(
        ["two databases", "CPU ms a minute", "MiB, highest resident", "MiB, anonymous", "statements a minute", "logins a minute"],
        [[row["name"], shown(row["cpu_ms_per_minute"], 1, row["ours"]), mebibytes(row["memory_kb"]["most"], row["ours"]),
          mebibytes(row["memory_kb"]["anonymous"], row["ours"]), shown(row["statements_per_minute"], 1, row["ours"]),
          shown(row["connections_per_minute"], 1, row["ours"])] for row in part["rows"]])


def profile(part):
    yield "## Where the time goes"
    yield ""
    for title, rows, plot in (("a start", part["starts"], "profile-start"), ("a count", part["censuses"], "profile-census")):
        if not rows:
            continue
        kinds = list(dict.fromkeys(kind for row in reversed(rows) for kind in row["classes"]))
        yield f"![the CPU time of {title}]({plot}.svg)"
        yield ""
        yield from table([f"CPU ms of {title}, sampled", *(row["name"] for row in rows)],
                         [[kind, *(f"{row['classes'].get(kind, 0.0):.2f}" for row in rows)] for kind in kinds])
        yield ""
    for row in part["censuses"]:
        functions = ", ".join(f"`{function}` {milliseconds:.2f} ms" for function, milliseconds in row["kernel"].items())
        yield f"Kernel functions of {row['name']}: {functions}."
        yield ""


def fleet(part):
    yield "## A host of a fleet"
    yield ""
    yield "[A fleet of hosts](../../docs/fleet.md) uses these figures."
    yield ""
    yield from table(["", ""], [[name, value] for name, value in fleet_figures(part)])
    yield ""


def fleet_figures(part):
    def bytes_of(value):
        return f"{value:,} bytes" if value is not None else NOT_MEASURED

    for key, name in (("textfile", "in the textfile"), ("endpoint", "at the endpoint")):
        one = part.get(key) or {}
        yield f"series {name}", f"{one['series']:,}" if one else NOT_MEASURED
        yield f"exposition {name}, plain", bytes_of(one.get("plain_bytes"))
        yield f"exposition {name}, gzip", bytes_of(one.get("gzip_bytes"))
    prometheus = part.get("prometheus") or {}
    yield "series that the recording rules make", f"{prometheus['rule_series']:,}" if prometheus else NOT_MEASURED
    yield "federated recorded series, plain", bytes_of(prometheus.get("federated_bytes"))
    yield "remote write, per recorded sample", f"{prometheus['remote_write_bytes']:.1f} bytes" if prometheus else NOT_MEASURED
    storage = part.get("storage")
    yield "on Prometheus' disk, per sample", f"{storage['bytes_per_sample']:.2f} bytes" if storage else NOT_MEASURED


def benchmarks(part):
    yield "## Parsing and rendering"
    yield ""
    for report in part["reports"]:
        # The report of BenchmarkDotNet begins with a code block without a language.
        yield report.replace("```\n", "```text\n", 1)
        yield ""


def budget_table(raw):
    yield "## Budgets"
    yield ""
    yield from table(["", "measured", "at most", ""],
                     [[budget.what, budget.measured or NOT_MEASURED, budget.most, "" if budget.measured is None else "met" if budget.met else "**missed**"]
                      for budget in budgets(raw)])
