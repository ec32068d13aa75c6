"""From raw figures to those that are shown. Nothing is rounded in the agent's favour: its own go up, all others down."""

import math
import statistics


def shown(value, digits, ours):
    scale = 10 ** digits
    # What is exact stays: 0.3 is 0.30000000000000004 to a computer.
    value = round(value * scale, 6)
    return f"{(math.ceil if ours else math.floor)(value) / scale:,.{digits}f}"


def fitting(value, ours):
    """With as many digits as tell something."""
    return shown(value, 3 if value < 2 and ours else 2 if value < 10 else 1 if value < 100 else 0, ours)


def ratio(row, other=None):
    """The median of the ratios to the floor, or to another row, within each round."""
    return statistics.median(value / least for value, least in zip(row["milliseconds"], other["milliseconds"] if other else row["floor"]))


def median(row):
    return statistics.median(row["milliseconds"])


def difference(values, others):
    """The median of the differences within each round."""
    return statistics.median(value - other for value, other in zip(values, others))


def row_of(rows, key):
    return next((row for row in rows if row["key"] == key), None)


def cpu_ms(row):
    """User and system together, of each round."""
    return [user + system for user, system in zip(row["user_ms"], row["system_ms"])]


def megabytes(kilobytes):
    """Of the kernel's, which are of 1,024 bytes."""
    return kilobytes * 1024 / 1e6


def mebibytes(kilobytes, ours):
    return shown(kilobytes / 1024, 1, ours)


def table(heads, rows):
    yield "| " + " | ".join(heads) + " |"
    yield "|---" + "|---:" * (len(heads) - 1) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"
