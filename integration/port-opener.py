#!/usr/bin/env python3
"""Open a known number of TCP connections on loopback and hold them.

Starts a server on a loopback port, opens client connections to it from the
same process, accepts every one of them and keeps both ends open until it is
killed. So a program that counts connections has an exact number to find.

The line "opened N client connections" is printed after all N are established
and accepted. After that line a program can count at once.
"""

import argparse
import errno
import ipaddress
import os
import resource
import signal
import socket
import struct
import sys
import time
from typing import Any, Callable, List, NoReturn, Optional, Tuple

DEFAULT_PORT = 8500
DEFAULT_CONNECTIONS = 200
MAX_CLIENTS = 65536

# The kernel caps the backlog at net.core.somaxconn. Older kernels use only the
# low 16 bits.
LISTEN_BACKLOG = 65535

# For the standard streams, the listening socket, and descriptors that a parent
# process left open.
SPARE_DESCRIPTORS = 64

# Loopback answers within microseconds. Only dropped packets take this long.
TIMEOUT_SECONDS = 10.0

# Linux constants that Python's socket module does not define.
IP_BIND_ADDRESS_NO_PORT = 24
TCP_FIN_WAIT2 = 5
TCP_CLOSE_WAIT = 8


class Failure(Exception):
    """An error that the user sees, as one line."""


class Connections:
    """Both ends of every connection, in the order in which they were opened."""

    def __init__(self) -> None:
        self.clients: List[socket.socket] = []
        self.accepted: List[socket.socket] = []

    def close(self) -> None:
        """Close the clients' ends first: the end that closes first enters TIME_WAIT."""
        for end in self.clients + self.accepted:
            end.close()


def whole_number(low: int, high: Optional[int] = None) -> Callable[[str], int]:
    """Return an argparse type for the integers from low to high."""
    wanted = f"{low} or more" if high is None else f"from {low} to {high}"

    def parse(text: str) -> int:
        number = int(text)
        if number < low or (high is not None and number > high):
            raise argparse.ArgumentTypeError(f"must be {wanted}, not {text}")
        return number

    parse.__name__ = "integer"  # for argparse's "invalid integer value"
    return parse


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", "-p", type=whole_number(1, 65535), default=DEFAULT_PORT,
                        help="port to listen and make connections on")
    parser.add_argument("--num-connections", "-n", type=whole_number(0),
                        default=DEFAULT_CONNECTIONS, help="number of connections to open")
    parser.add_argument("--ipv", type=int, choices=(4, 6), default=4,
                        help="IP version (4 or 6) to use")
    parser.add_argument("--verbose", "-v", action="store_true", help="enable verbose logging")

    extras = parser.add_argument_group("extras (not in the problem statement)")
    extras.add_argument("--dual-stack", action="store_true",
                        help="listen on [::] for both IP versions; the server then sees IPv4 "
                             "clients as v4-mapped addresses")
    extras.add_argument("--clients", type=whole_number(1, MAX_CLIENTS), default=1, metavar="N",
                        help="spread the clients over N source addresses, from 127.0.0.1 up "
                             "(IPv4 only)")
    extras.add_argument("--half-closed", type=whole_number(0), default=0, metavar="N",
                        help="open N more connections and leave the server's ends in CLOSE_WAIT")
    extras.add_argument("--unaccepted", type=whole_number(0), default=0, metavar="N",
                        help="open N more connections and leave them in the accept queue")

    options = parser.parse_args()
    if options.clients > 1 and options.ipv == 6:
        parser.error("argument --clients: not with --ipv 6, "
                     "IPv6 has only one loopback address, ::1")
    return options


def descriptors_needed(options: argparse.Namespace) -> int:
    both_ends = options.num_connections + options.half_closed
    return 2 * both_ends + options.unaccepted + SPARE_DESCRIPTORS


def max_file_limit() -> int:
    """Return the highest limit that the kernel lets even root set."""
    with open("/proc/sys/fs/nr_open") as file:
        return int(file.read())


def raise_file_limit(needed: int) -> None:
    """Raise the file limit if the connections need it, as far as allowed.

    A limit that stays too low is no error here. Opening the connections then
    fails, and that error says how many were opened.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if needed <= soft:
        return
    higher = max(hard, min(needed, max_file_limit()))
    for limit in (higher, hard):  # above the hard limit is for root only
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
            return
        except (OSError, ValueError):
            continue


def format_address(address: Tuple[Any, ...]) -> str:
    """Format a socket's address; show a v4-mapped address as IPv4."""
    host, port = address[:2]
    if host.startswith("::ffff:"):
        host = host[len("::ffff:"):]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def source_address(index: int) -> str:
    """Return 127.0.0.1, 127.0.0.2, ..., 127.0.0.255, 127.0.1.0, ..."""
    return str(ipaddress.IPv4Address("127.0.0.1") + index)


def tcp_state(sock: socket.socket) -> int:
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]


def accept_queue(server: socket.socket) -> Tuple[int, int]:
    """Return the length of the accept queue and its limit.

    For a listening socket the kernel gives them as tcpi_unacked and
    tcpi_sacked: after 8 single bytes, the fifth and sixth 32-bit numbers.
    """
    info = server.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 32)
    length, limit = struct.unpack_from("=II", info, 24)
    return length, limit


def wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not reached():
        if time.monotonic() > deadline:
            raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        time.sleep(0.001)


def start_server(options: argparse.Namespace) -> socket.socket:
    if options.dual_stack:
        family, host = socket.AF_INET6, "::"
    elif options.ipv == 6:
        family, host = socket.AF_INET6, "::1"
    else:
        family, host = socket.AF_INET, "127.0.0.1"
    try:
        server = socket.socket(family, socket.SOCK_STREAM)
        # Can start while connections of the last run are in TIME_WAIT.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            v6_only = 0 if options.dual_stack else 1
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, v6_only)
        server.bind((host, options.port))
        server.listen(LISTEN_BACKLOG)
    except OSError as error:
        no_address = error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
        no_ipv6 = family == socket.AF_INET6 and no_address
        raise Failure(f"cannot start server on {format_address((host, options.port))}: "
                      + explain(error, "no IPv6 on this host" if no_ipv6 else ""))
    server.settimeout(TIMEOUT_SECONDS)
    return server


class Opener:
    """Opens connections to a server, each from the next source address."""

    def __init__(self, server: socket.socket, connections: Connections,
                 options: argparse.Namespace) -> None:
        self.server = server
        self.connections = connections
        self.options = options
        self.opened = 0

    def open(self) -> Tuple[socket.socket, socket.socket]:
        """Open a connection and return both its ends.

        Accepting at once keeps the accept queue from overflowing.
        """
        client = self._connect()
        accepted = self._accept(client)
        self._count(client)
        return client, accepted

    def open_unaccepted(self) -> None:
        """Open a connection that stays in the server's accept queue."""
        self._count(self._connect())

    def _connect(self) -> socket.socket:
        ipv6 = self.options.ipv == 6
        client = socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET)
        client.settimeout(TIMEOUT_SECONDS)
        if self.options.clients > 1:
            # Let connect() choose the port, because it knows the destination:
            # bind() would use only ports that no other socket uses.
            client.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            client.bind((source_address(self.opened % self.options.clients), 0))
        self.connections.clients.append(client)
        client.connect(("::1" if ipv6 else "127.0.0.1", self.options.port))
        return client

    def _accept(self, client: socket.socket) -> socket.socket:
        address = format_address(client.getsockname())
        while True:
            accepted, peer = self.server.accept()
            if format_address(peer) == address:
                self.connections.accepted.append(accepted)
                return accepted
            accepted.close()  # a connection of another process

    def _count(self, client: socket.socket) -> None:
        self.opened += 1
        if self.options.verbose:
            say(f"opened connection {self.opened}: "
                f"{format_address(client.getsockname())} -> "
                f"{format_address(client.getpeername())}")


def say(message: str) -> None:
    print(message, flush=True)  # at once, for a reader of a pipe


def explain(error: OSError, advice: str = "") -> str:
    text = error.strerror or str(error)
    return f"{text} ({advice})" if advice else text


def advice_on_opening(error: OSError, options: argparse.Namespace) -> str:
    """Return advice on an error of opening a connection."""
    if error.errno == errno.EMFILE:
        needed = descriptors_needed(options)
        too_high = needed > max_file_limit()
        first = f"set sysctl fs.nr_open={needed}, then " if too_high else ""
        return f"raise the limit first: {first}ulimit -n {needed}"
    if error.errno == errno.ENFILE:
        return "raise sysctl fs.file-max"
    if error.errno == errno.EADDRNOTAVAIL:
        widen = "widen sysctl net.ipv4.ip_local_port_range"
        if options.ipv == 6:
            return f"no ::1 on this host, or no source port left: {widen}"
        return ("no source port left: use --clients N to spread source addresses, "
                f"with N > {options.clients}, or {widen}")
    return ""


def open_all(opener: Opener, options: argparse.Namespace) -> None:
    for _ in range(options.num_connections):
        opener.open()
    say(f"opened {options.num_connections} client connections")

    if options.half_closed:
        pairs = [opener.open() for _ in range(options.half_closed)]
        for client, _ in pairs:
            # Not closed: the kernel would time out an orphan in FIN_WAIT2.
            client.shutdown(socket.SHUT_WR)
        wait_until(lambda: all(tcp_state(client) == TCP_FIN_WAIT2
                               and tcp_state(accepted) == TCP_CLOSE_WAIT
                               for client, accepted in pairs))
        say(f"left {options.half_closed} connections half-closed")

    # These come last, because connections behind them in the accept queue
    # could not be accepted.
    if options.unaccepted:
        for _ in range(options.unaccepted):
            opener.open_unaccepted()
        wait_until(lambda: accept_queue(opener.server)[0] >= options.unaccepted)
        say(f"left {options.unaccepted} connections unaccepted")


def run(options: argparse.Namespace, connections: Connections) -> NoReturn:
    raise_file_limit(descriptors_needed(options))
    server = start_server(options)
    queue_limit = accept_queue(server)[1]
    if options.unaccepted > queue_limit:
        raise Failure(f"cannot leave {options.unaccepted} connections unaccepted: the accept "
                      f"queue holds {queue_limit} (set by sysctl net.core.somaxconn)")
    say(f"started server on {format_address(server.getsockname())}")

    opener = Opener(server, connections, options)
    try:
        open_all(opener, options)
    except OSError as error:
        connections.close()  # the advice reads a file, which needs a descriptor
        wanted = options.num_connections + options.half_closed + options.unaccepted
        raise Failure(f"opened {opener.opened} of {wanted} connections: "
                      + explain(error, advice_on_opening(error, options)))
    while True:
        # Not signal.pause(): it would miss a signal that came just before it.
        time.sleep(1)


def main() -> NoReturn:
    connections = Connections()

    def finish(status: int) -> NoReturn:
        connections.close()
        # Skip the interpreter's cleanup, which is slow and has no fixed order.
        os._exit(status)

    def on_signal(*_: Any) -> NoReturn:
        # It is safe to exit in the handler. An exception could surface
        # anywhere, as a traceback.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        finish(0)

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    # Exit without a message when the reader of a pipe is gone, as other tools do.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)

    options = parse_arguments()
    try:
        run(options, connections)
    except (Failure, OSError) as error:
        print(f"{os.path.basename(sys.argv[0])}: {error}", file=sys.stderr, flush=True)
        finish(1)


if __name__ == "__main__":
    main()
