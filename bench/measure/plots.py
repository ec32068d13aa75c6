"""Draws the plots of bench/results."""

import statistics

from .svg import Drawing, Scale, shown

# Key: name in a plot and colour, in drawing order.
STYLES = {
    "floor": ("floor in C, one pass", "#768390"),
    "two-pass": ("floor in C, two passes", "#a68a3e"),
    "census": ("census of the daemon", "#2f81f7"),
    "ten-watches": ("census, ten watches", "#6cb6ff"),
    "own": ("census, a port each", "#2f81f7"),
    "same": ("census, all of one port", "#0aa5a5"),
    "once": ("agent --once", "#0aa5a5"),
    "daemon": ("daemon, an interval", "#1a5fb4"),
    "ss": ("ss | wc", "#e0823d"),
    "netstat": ("netstat | grep", "#e5534b"),
    "awk": ("awk, /proc/net/tcp", "#986ee2"),
    "node_exporter": ("node_exporter, a scrape", "#46954a"),
    "collectd": ("collectd, an interval", "#c96198"),
}
PARTS = ("#539bf5", "#e0823d", "#46954a", "#986ee2", "#c96198", "#a68a3e", "#768390", "#e5534b", "#0aa5a5")
CPU = "CPU time, milliseconds"


def median(row):
    return statistics.median(row["milliseconds"])


def scene_name(scene):
    matching = f"{scene['matching']:,} connections"
    return f"{matching} among {scene['others']:,} others" if scene["others"] else matching


def comparison(scenes, path):
    """Draw a row for each program and a dot for each scene."""
    keys = [key for key in STYLES if any(row["key"] == key for scene in scenes for row in scene["rows"])]
    left, right, top, step = 190, 740, 78, 28
    bottom = top + step * len(keys)
    drawing = Drawing(770, bottom + 60, "CPU time of one count")
    scale = Scale([median(row) for scene in scenes for row in scene["rows"]], left, right, logarithmic=True)
    axis_below(drawing, scale, top - 8, bottom, f"{CPU}, logarithmic")
    x = 16
    for scene, colour in zip(scenes, PARTS):
        drawing.dot(x + 4, 50, colour, 5)
        drawing.text(x + 14, 54, scene_name(scene), kind="small")
        x += 34 + 6.6 * len(scene_name(scene))
    for number, key in enumerate(keys):
        y = top + step * number + step / 2
        drawing.text(left - 12, y + 4, STYLES[key][0], anchor="end")
        drawing.line([(left, y), (right, y)], kind="grid")
        for scene, colour in zip(scenes, PARTS):
            for row in scene["rows"]:
                if row["key"] == key:
                    drawing.dot(scale.place(median(row)), y, colour, 5, f"{STYLES[key][0]}, {scene_name(scene)}: {median(row):.2f} ms")
    drawing.write(path)


def axis_below(drawing, scale, top, bottom, name):
    for value in scale.ticks():
        x = scale.place(value)
        drawing.line([(x, top), (x, bottom)], kind="grid")
        drawing.text(x, bottom + 18, shown(value), anchor="middle", kind="small")
    drawing.text((scale.place(scale.ticks()[0]) + scale.place(scale.high)) / 2, bottom + 42, name, anchor="middle", kind="small")


def growth(curve, path, logarithmic):
    left, right, top, bottom = 74, 560, 48, 370
    drawing = Drawing(770, 430, f"CPU time of a count by {curve['title']}")
    xs = [point["x"] for one in curve["series"] for point in one["points"]]
    ys = [median(point) for one in curve["series"] for point in one["points"]]
    across = Scale(xs, left, right, logarithmic)
    up = Scale(ys, bottom, top, logarithmic and max(ys) > 20 * min(ys))
    for value in up.ticks():
        y = up.place(value)
        drawing.line([(left, y), (right, y)], kind="grid")
        drawing.text(left - 8, y + 4, shown(value), anchor="end", kind="small")
    axis_below(drawing, across, top, bottom, curve["axis"] + (", logarithmic" if across.logarithmic else ""))
    drawing.text(20, (top + bottom) / 2, CPU + (", logarithmic" if up.logarithmic else ""), anchor="middle", kind="small", turned=True)
    drawing.line([(left, top), (left, bottom), (right, bottom)], kind="axis")

    ends = []
    for one in curve["series"]:
        name, colour = STYLES[one["key"]]
        places = [(across.place(point["x"]), up.place(median(point))) for point in one["points"]]
        drawing.line(places, colour=colour, width=3 if one["ours"] else 2, dashed=one["key"] in ("floor", "two-pass"))
        for (x, y), point in zip(places, one["points"]):
            drawing.dot(x, y, colour, tooltip=f"{name}, {point['x']:,}: {median(point):.2f} ms")
        ends.append([places[-1][1], name, colour, places[-1]])
    name_the_ends(drawing, sorted(ends), right)
    drawing.write(path)


def name_the_ends(drawing, ends, right):
    """Write the names at the ends of the lines, moved apart if they overlap."""
    least = 17
    for number in range(1, len(ends)):
        ends[number][0] = max(ends[number][0], ends[number - 1][0] + least)
    below = ends[-1][0] - 380
    if below > 0:
        for end in ends:
            end[0] -= below
        for number in range(len(ends) - 2, -1, -1):
            ends[number][0] = min(ends[number][0] + below, ends[number + 1][0] - least)
    for y, name, colour, (_, from_y) in ends:
        drawing.line([(right + 6, from_y), (right + 20, y)], colour=colour, width=1)
        drawing.text(right + 24, y + 4, name, kind="small", colour=colour)


def stacks(rows, title, path):
    """Draw rows of (name, {part: milliseconds}) as bars. Each part has its own colour."""
    parts = list(dict.fromkeys(part for _, values in rows for part in values))
    left, right, top, step = 190, 740, 48, 40
    bottom = top + step * len(rows)
    legend = bottom + 62
    drawing = Drawing(770, legend + 20 * ((len(parts) + 1) // 2) + 6, title)
    scale = Scale([sum(values.values()) for _, values in rows], left, right, logarithmic=False)
    axis_below(drawing, scale, top, bottom, CPU)
    for number, (name, values) in enumerate(rows):
        y, at = top + step * number + 6, 0.0
        drawing.text(left - 12, y + 19, name, anchor="end")
        for part in parts:
            value = values.get(part, 0.0)
            drawing.bar(scale.place(at), y, scale.place(at + value) - scale.place(at), step - 12, colour_of(part, parts), f"{part}: {value:.2f} ms")
            at += value
    for number, part in enumerate(parts):
        x, y = 16 + 376 * (number % 2), legend + 20 * (number // 2)
        drawing.bar(x, y - 10, 12, 12, colour_of(part, parts))
        drawing.text(x + 20, y, part, kind="small")
    drawing.write(path)


def colour_of(part, parts):
    return PARTS[parts.index(part) % len(PARTS)]


def write(raw, directory):
    """Write all plots for which there are figures."""
    if "scenes" in raw:
        comparison(raw["scenes"]["scenes"], f"{directory}/comparison.svg")
    if "growth" in raw:
        for curve in raw["growth"]["curves"]:
            growth(curve, f"{directory}/growth-{curve['key']}.svg", logarithmic=curve["key"] in ("matching", "others", "clients"))
    if raw.get("profile", {}).get("starts"):
        stacks([(STYLES.get(row["key"], ("empty .NET program",))[0], row["classes"]) for row in raw["profile"]["starts"]],
               "CPU time of a start, by part", f"{directory}/profile-start.svg")
        stacks([(STYLES[row["key"]][0], row["classes"]) for row in raw["profile"]["censuses"]],
               "CPU time of a count, by part", f"{directory}/profile-census.svg")
