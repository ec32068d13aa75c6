"""Draws SVG: shapes, text and axes, readable on light and dark backgrounds."""

import math
from xml.sax.saxutils import escape

STYLE = """
    text { font: 13px system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; fill: #6e7781; }
    .title { font-size: 16px; font-weight: 600; }
    .small { font-size: 12px; }
    .grid { stroke: #8c959f; stroke-opacity: .3; stroke-width: 1; }
    .axis { stroke: #6e7781; stroke-width: 1; }
    @media (prefers-color-scheme: dark) { text { fill: #b7bfc8; } }
"""


class Drawing:
    """An SVG image to which shapes are added."""

    def __init__(self, width, height, title):
        self.width = width
        self.height = height
        self._title = title
        self._shapes = []
        self.text(16, 26, title, kind="title")

    def text(self, x, y, text, anchor="start", kind=None, turned=False, colour=None):
        attributes = f' class="{kind}"' if kind else ""
        if turned:
            attributes += f' transform="rotate(-90 {x:.1f} {y:.1f})"'
        if colour:
            attributes += f' style="fill:{colour}"'
        self._shapes.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{attributes}>{escape(text)}</text>')

    def line(self, points, kind=None, colour=None, width=2.0, dashed=False):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        look = f'class="{kind}"' if kind else f'stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"'
        if dashed:
            look += ' stroke-dasharray="6 4"'
        self._shapes.append(f'<polyline points="{path}" fill="none" {look}/>')

    def dot(self, x, y, colour, radius=3.5, tooltip=""):
        self._shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"><title>{escape(tooltip)}</title></circle>')

    def bar(self, x, y, width, height, colour, tooltip=""):
        self._shapes.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}" fill="{colour}">'
                            f"<title>{escape(tooltip)}</title></rect>")

    def write(self, path):
        with open(path, "w") as file:
            file.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
                       f'viewBox="0 0 {self.width} {self.height}" role="img">\n<title>{escape(self._title)}</title>\n<style>{STYLE}</style>\n')
            file.write("\n".join(self._shapes))
            file.write("\n</svg>\n")


class Scale:
    """Maps values to positions on the drawing: logarithmic, or linear from 0."""

    def __init__(self, values, first, last, logarithmic):
        positive = [value for value in values if value > 0]
        self.logarithmic = logarithmic and bool(positive)
        self._first = first
        self._last = last
        if self.logarithmic:
            self.low = 10 ** math.floor(math.log10(min(positive)) + 1e-9)
            self.high = max(max(positive) * 1.05, self.low * 10)
        else:
            self.low = 0.0
            self.high = max(values, default=1) * 1.05 or 1.0

    def place(self, value):
        if self.logarithmic:
            # A value of 0 is drawn at the edge.
            part = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            part = value / self.high
        return self._first + part * (self._last - self._first)

    def ticks(self):
        if self.logarithmic:
            value, ticks = self.low, []
            while value <= self.high:
                ticks.append(value)
                value *= 10
            return ticks
        step = 10 ** math.floor(math.log10(self.high))
        step *= next(part for part in (0.1, 0.2, 0.5, 1, 2) if self.high / (step * part) <= 8)
        return [number * step for number in range(int(self.high / step) + 1)]


def shown(value):
    """Format the value of a tick."""
    return f"{value:,.0f}" if value >= 10 else f"{value:g}"
