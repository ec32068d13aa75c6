#!/usr/bin/env python3
"""Open accepted connections to unix sockets and hold both ends.

    open-unix-connections.py PATH COUNT [PATH COUNT ...]

Prints "opened", and then holds the connections until its standard input ends or
it is killed.
"""

import resource
import socket
import sys


def main():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held = []
    for path, count in zip(sys.argv[1::2], sys.argv[2::2]):
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.listen(128)
        held.append(server)
        for _ in range(int(count)):
            client = socket.socket(socket.AF_UNIX)
            client.connect(path)
            held += [client, server.accept()[0]]
    print("opened", flush=True)
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
