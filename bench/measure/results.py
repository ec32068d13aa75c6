"""Reads and writes bench/results: every figure as JSON, and the tables and plots that are made from it."""

import json
import os
from xml.dom import minidom

from . import plots, report
from .processes import Failure

BEGIN = "<!-- bench/run writes from here -->"
END = "<!-- to here -->"


def load(directory):
    try:
        with open(f"{directory}/results.json") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def save(directory, raw):
    os.makedirs(directory, exist_ok=True)
    written = f"{directory}/results.json.new"
    with open(written, "w") as file:
        json.dump(raw, file, indent=1)
        file.write("\n")
    os.replace(written, f"{directory}/results.json")


def render(directory, raw):
    with open(f"{directory}/results.md", "w") as file:
        file.write(report.whole(raw))
    plots.write(raw, directory)
    for name in os.listdir(directory):
        if name.endswith(".svg"):
            minidom.parse(f"{directory}/{name}").unlink()


def rewrite(path, lines):
    """Replace the text between the two markers of a handwritten page."""
    with open(path) as file:
        text = file.read()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise Failure(f"{path} must have each of these two lines once, around its table: {BEGIN} and {END}")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    with open(path, "w") as file:
        file.write("\n".join([before + BEGIN, "", *lines, "", END + after]))
