#!/usr/bin/env python3
"""Open many accepted TCP connections in this network namespace and hold them.

It keeps only the server's ends. It closes each client's end in repair mode,
which sends nothing to the other end. So a connection needs one descriptor, and
the kernel's table has only sockets that are counted. If the file limit of one
process is too low, or the clients have too few ports, several processes share
the work. Each process has its own listeners, on the same ports of another
address.

Prints "opened N connections, L listeners", and then holds the connections until
its standard input ends or it is killed.
"""

import argparse
import ipaddress
import os
import resource
import socket
import sys

TCP_REPAIR = 19  # linux/tcp.h

# For the standard streams, the pipes, the listener and the current client.
SPARE_DESCRIPTORS = 64

LISTEN_BACKLOG = 128
SERVERS = ipaddress.IPv4Address("127.1.0.1")
CLIENTS = ipaddress.IPv4Address("127.2.0.1")
FIRST_CLIENT_PORT = 10000
CLIENT_PORTS = 50000


def open_share(share, first, count, options, ready):
    """Open connections first .. first + count - 1, with listeners of this process."""
    servers = []
    for port in range(options.port, options.port + options.ports):
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((str(SERVERS + share), port))
        server.listen(LISTEN_BACKLOG)
        servers.append(server)
    held = list(servers)
    for number in range(first, first + count):
        # Each connection of a client address gets its own port: the server's
        # end still uses each address and port pair that was used before.
        client = socket.socket()
        # Other processes use the same pair at the same time, for another server.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.bind((str(CLIENTS + number % options.clients),
                     FIRST_CLIENT_PORT + number // options.clients - first // options.clients))
        server = servers[number % options.ports]
        client.connect(server.getsockname())
        held.append(server.accept()[0])
        client.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        client.close()
    os.write(ready, b".")
    return held


def run_share(share, first, count, options, ready, hold):
    """Run one share in a child process, which ends with its parent: the parent holds the pipe's other end."""
    try:
        held = open_share(share, first, count, options, ready)
        os.close(ready)
        os.read(hold, 1)
        del held
    except OSError as error:
        print(f"open-connections.py: process {share}: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--connections", type=int, default=95000)
    parser.add_argument("--clients", type=int, default=5000, help="number of client addresses to spread the connections over")
    parser.add_argument("--port", type=int, default=8500)
    parser.add_argument("--ports", type=int, default=1, help="number of ports to spread the connections over, from --port on")
    options = parser.parse_args()

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    capacity = min(hard - SPARE_DESCRIPTORS - options.ports, options.clients * CLIENT_PORTS)
    shares = -(-options.connections // capacity)

    ready_read, ready_write = os.pipe()
    hold_read, hold_write = os.pipe()
    children = []
    first = 0
    for share in range(shares):
        count = options.connections // shares + (share < options.connections % shares)
        child = os.fork()
        if child == 0:
            os.close(ready_read)
            os.close(hold_write)
            run_share(share, first, count, options, ready_write, hold_read)
        children.append(child)
        first += count
    os.close(ready_write)
    os.close(hold_read)

    done = 0
    while done < shares:
        more = os.read(ready_read, shares)
        if not more:
            sys.exit("open-connections.py: could not open all connections")
        done += len(more)
    print(f"opened {options.connections} connections, {shares * options.ports} listeners", flush=True)

    sys.stdin.buffer.read()
    os.close(hold_write)
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
