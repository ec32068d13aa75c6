#!/usr/bin/env python3
"""Accept TCP connections from other containers, or open and hold them.

    connections.py serve PORT
    connections.py hold HOST PORT NUMBER
    connections.py die PORT NUMBER DEAD

port-opener.py has both ends of its connections in one process, and so it can
use the addresses of only one host. This program ends with its container.
"""

import selectors
import signal
import socket
import struct
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


def die(port: str, number: str, dead: str) -> None:
    """Be a server with connections whose clients reset the first ones, and never close the server's ends."""
    server = socket.create_server(("", int(port)))
    clients, accepted = [], []
    for _ in range(int(number)):
        clients.append(socket.create_connection(("127.0.0.1", int(port))))
        accepted.append(server.accept()[0])
    for client in clients[:int(dead)]:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    print(f"holding {len(accepted)}, {dead} of them dead", flush=True)
    signal.pause()


if __name__ == "__main__":
    {"serve": serve, "hold": hold, "die": die}[sys.argv[1]](*sys.argv[2:])
