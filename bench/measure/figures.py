"""Formats raw figures for display. It never rounds in the agent's favour: the agent's figures are rounded up, all others down."""

import math
import statistics


def shown(value, digits, ours):
    scale = 10 ** digits
    # Removes floating-point noise, which would change the rounding: 0.1 + 0.2 is 0.30000000000000004.
    value = round(value * scale, 6)
    return f"{(math.ceil if ours else math.floor)(value) / scale:,.{digits}f}"


def fitting(value, ours):
    """Format with as many digits as are significant."""
    return shown(value, 3 if value < 2 and ours else 2 if value < 10 else 1 if value < 100 else 0, ours)


def ratio(row, other=None):
    """Return the median of the ratios to the floor, or to another row, within each round."""
    return statistics.median(value / least for value, least in zip(row["milliseconds"], other["milliseconds"] if other else row["floor"]))


def median(row):
    return statistics.median(row["milliseconds"])


def difference(values, others):
    """Return the median of the differences within each round."""
    return statistics.median(value - other for value, other in zip(values, others))


def row_of(rows, key):
    return next((row for row in rows if row["key"] == key), None)


def cpu_ms(row):
    """Return the sum of user and system time of each round."""
    return [user + system for user, system in zip(row["user_ms"], row["system_ms"])]


def megabytes(kilobytes):
    """Convert the kernel's kilobytes, which have 1,024 bytes."""
    return kilobytes * 1024 / 1e6


def mebibytes(kilobytes, ours):
    return shown(kilobytes / 1024, 1, ours)


def table(heads, rows):
    yield "| " + " | ".join(heads) + " |"
    yield "|---" + "|---:" * (len(heads) - 1) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"
