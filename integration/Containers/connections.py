#!/usr/bin/env python3
"""Accept TCP connections from other containers, or open and hold them.

    connections.py serve PORT
    connections.py hold HOST PORT NUMBER

port-opener.py has both ends of its connections in one process, and so it can
use the addresses of only one host. This program ends with its container.
"""

import selectors
import signal
import socket
import sys


def serve(port: str) -> None:
    """Accept every connection, and close it when the client closes it."""
    events = selectors.DefaultSelector()
    server = socket.create_server(("", int(port)), backlog=1024)
    events.register(server, selectors.EVENT_READ)
    print("serving", flush=True)
    while True:
        for key, _ in events.select():
            if key.fileobj is server:
                events.register(server.accept()[0], selectors.EVENT_READ)
            elif not key.fileobj.recv(4096):
                events.unregister(key.fileobj)
                key.fileobj.close()


def hold(host: str, port: str, number: str) -> None:
    connections = [socket.create_connection((host, int(port))) for _ in range(int(number))]
    print(f"holding {len(connections)}", flush=True)
    signal.pause()


if __name__ == "__main__":
    {"serve": serve, "hold": hold}[sys.argv[1]](*sys.argv[2:])
