"""Starts what is measured, takes its times, and ends it by its own process id."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from typing import NamedTuple

LONGEST_END = 10.0


class Result(NamedTuple):
    output: str
    cpu_seconds: float
    wall_seconds: float


def run(*pipeline):
    """Run commands connected by pipes; their CPU times together, without a shell's."""
    begun = time.perf_counter()
    processes = []
    source = subprocess.DEVNULL
    for command in pipeline:
        process = subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE, text=True)
        if processes:
            source.close()  # so that the writer learns of the reader's end
        source = process.stdout
        processes.append(process)
    output = source.read()
    source.close()
    cpu = 0.0
    for process, command in zip(processes, pipeline):
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu += usage.ru_utime + usage.ru_stime
        if process.returncode != 0:
            raise subprocess.SubprocessError(f"{' '.join(command)} ended with {process.returncode}")
    return Result(output, cpu, time.perf_counter() - begun)


def fields(line):
    """name=value name=value ..."""
    return dict(field.split("=", 1) for field in line.split())


class Connections:
    """open-connections.py, for as long as they are needed."""

    def __init__(self, count, clients, port):
        print(f"opening {count} connections", file=sys.stderr)
        script = os.path.join(os.path.dirname(__file__), "open-connections.py")
        self._process = subprocess.Popen(
            [sys.executable, script, "--connections", str(count), "--clients", str(clients), "--port", str(port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        opened = re.fullmatch(r"opened \d+ connections, (\d+) listeners\n", self._process.stdout.readline())
        if not opened:
            self._end()
            raise subprocess.SubprocessError("the connections could not be opened")
        self.listeners = int(opened[1])

    def _end(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._end()


@contextlib.contextmanager
def start_daemon(programs, directory, interval):
    """The agent as a daemon that has written its first textfile."""
    command = [f"{programs}/Agent/agent", "--interval", interval, "--textfile-directory", directory]
    daemon = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + LONGEST_END
        while not os.path.exists(f"{directory}/tcp_connections.prom"):
            if daemon.poll() is not None or time.monotonic() > deadline:
                raise subprocess.SubprocessError("the daemon writes no textfile")
            time.sleep(0.01)
        yield daemon
        daemon.send_signal(signal.SIGTERM)
        if daemon.wait(LONGEST_END) != 0:
            raise subprocess.SubprocessError(f"the daemon ended with {daemon.returncode}")
    finally:
        if daemon.poll() is None:
            daemon.kill()
            daemon.wait()


def cpu_clock(pid):
    """CPU seconds of a process with all its threads, ended ones too: /proc counts no less than 10 ms."""
    # clock_getcpuclockid(3), which Python does not have: MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED) of linux/posix-timers.h.
    return time.clock_gettime((~pid << 3) | 2)


def memory_kilobytes(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"^VmRSS:\s+(\d+) kB$", status.read(), re.MULTILINE)[1])
