"""Connections to count."""

import contextlib
import os
import re
import subprocess
import sys

from .processes import Failure

PORT = 8500
OTHER_PORT = 9500  # of the connections that nobody asks for
SCRIPT = os.path.join(os.path.dirname(__file__), "..", "open-connections.py")


@contextlib.contextmanager
def opened(count, clients, port=PORT, ports=1):
    """open-connections.py, for as long as they are needed; gives the number of listening sockets beside them."""
    if count == 0:
        yield 0
        return
    print(f"  opening {count:,} connections of {clients:,} clients", file=sys.stderr)
    process = subprocess.Popen(
        [sys.executable, SCRIPT, "--connections", str(count), "--clients", str(clients), "--port", str(port), "--ports", str(ports)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        told = re.fullmatch(r"opened \d+ connections, (\d+) listeners\n", process.stdout.readline())
        if not told:
            raise Failure("the connections could not be opened")
        yield int(told[1])
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()
