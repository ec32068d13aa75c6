"""Opens the connections that are counted."""

import contextlib
import os
import re
import subprocess
import sys

from .processes import Failure

PORT = 8500
OTHER_PORT = 9500  # the port of the connections that no program counts
SCRIPT = os.path.join(os.path.dirname(__file__), "..", "open-connections.py")


@contextlib.contextmanager
def opened(count, clients, port=PORT, ports=1):
    """Keep connections open with open-connections.py; yield the number of its listening sockets."""
    if count == 0:
        yield 0
        return
    print(f"  opening {count:,} connections of {clients:,} clients", file=sys.stderr)
    process = subprocess.Popen(
        [sys.executable, SCRIPT, "--connections", str(count), "--clients", str(clients), "--port", str(port), "--ports", str(ports)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        line = re.fullmatch(r"opened \d+ connections, (\d+) listeners\n", process.stdout.readline())
        if not line:
            raise Failure("the connections could not be opened")
        yield int(line[1])
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()
