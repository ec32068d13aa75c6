#!/usr/bin/env python3
"""Hold TCP connections in this network namespace, of which some come and go each second.

A child process has the clients' ends, so that the server has only its own. The
server closes a connection when its client has closed it. Prints "ready" and then
goes on until its standard input ends or it is killed.
"""

import argparse
import os
import selectors
import socket
import time

SERVER = "127.1.0.1"


def connect_and_leave(options):
    """The clients: a connection stays for a second, the first ones stay for ever."""
    stays = [socket.create_connection((SERVER, options.port)) for _ in range(options.connections - options.each_second)]
    comes = []
    while True:
        comes.append(socket.create_connection((SERVER, options.port)))
        if len(comes) > options.each_second:
            comes.pop(0).close()
        time.sleep(1 / options.each_second)
        assert stays


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
        server.close()
        connect_and_leave(options)

    held = 0
    ready = False
    with selectors.DefaultSelector() as events:
        events.register(server, selectors.EVENT_READ)
        events.register(0, selectors.EVENT_READ)
        while True:
            for key, _ in events.select():
                if key.fileobj == 0:
                    os.kill(child, 9)
                    os.waitpid(child, 0)
                    return
                if key.fileobj is server:
                    events.register(server.accept()[0], selectors.EVENT_READ)
                    held += 1
                else:
                    events.unregister(key.fileobj)
                    key.fileobj.close()
                    held -= 1
            if held >= options.connections and not ready:
                ready = True
                print("ready", flush=True)


if __name__ == "__main__":
    main()
