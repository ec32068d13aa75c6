#!/usr/bin/env python3
"""One end of TCP connections between containers: accept them, or open and hold them.

    connections.py serve PORT
    connections.py hold HOST PORT NUMBER

port-opener.py has both ends in one process, and so only the addresses of one
host. Ends with the container.
"""

import selectors
import signal
import socket
import sys


def serve(port: str) -> None:
    """Accept all that come, and close each that is closed at the other end."""
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
