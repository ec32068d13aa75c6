#!/usr/bin/env python3
"""Hold TCP connections in this network namespace, of which some come and go each second.

The server is a child process, which has only its own ends. It closes a connection
when its client has closed it. The parent, the clients, prints "ready" and then goes
on until its standard input ends or it is killed.
"""

import argparse
import os
import select
import selectors
import signal
import socket
import sys

SERVER = "127.1.0.1"


def serve(server):
    """Hold each connection until its client closes it, for ever."""
    with selectors.DefaultSelector() as events:
        events.register(server, selectors.EVENT_READ)
        while True:
            for key, _ in events.select():
                if key.fileobj is server:
                    events.register(server.accept()[0], selectors.EVENT_READ)
                else:
                    events.unregister(key.fileobj)
                    key.fileobj.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--each-second", type=int, default=50, help="how many of them come and go each second")
    parser.add_argument("--port", type=int, default=8500)
    options = parser.parse_args()

    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((SERVER, options.port))
    server.listen(1024)
    child = os.fork()
    if child == 0:
        os.close(0)
        serve(server)
    server.close()

    # A connection that goes has stayed for a second.
    stays = [socket.create_connection((SERVER, options.port)) for _ in range(options.connections - options.each_second)]
    goes = [socket.create_connection((SERVER, options.port)) for _ in range(options.each_second)]
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], 1 / options.each_second)[0]:
        goes.append(socket.create_connection((SERVER, options.port)))
        goes.pop(0).close()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    del stays


if __name__ == "__main__":
    main()
