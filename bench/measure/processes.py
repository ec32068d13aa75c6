"""Starts the measured programs, reads their CPU time and memory, and ends them by process id."""

import contextlib
import os
import re
import signal
import subprocess
import time
from typing import NamedTuple

# Long enough for a machine on which other programs use all processors.
LONGEST_END = 60.0


class Failure(Exception):
    """An error that the user sees, as one line."""


class NotMeasured(Exception):
    """The reason why something is not measured here, in a few words for the report."""


class Spent(NamedTuple):
    output: str
    user_seconds: float
    system_seconds: float
    wall_seconds: float
    memory_kilobytes: int

    @property
    def cpu_seconds(self):
        return self.user_seconds + self.system_seconds


def fields(line):
    """Parse a line of the form: name=value name=value ..."""
    return dict(field.split("=", 1) for field in line.split())


class Launcher:
    """Runs commands to their end, each with bench/spent.c as its parent."""

    def __init__(self, programs, scratch):
        self._spent = f"{programs}/spent"
        self._scratch = scratch

    def run(self, *pipeline):
        """Run commands connected by pipes; return the sums of their CPU times and memory, without a shell."""
        begun = time.perf_counter()
        processes, files = [], []
        source = subprocess.DEVNULL
        for number, command in enumerate(pipeline):
            files.append(f"{self._scratch}/spent-{number}")
            process = subprocess.Popen([self._spent, files[-1], *command], stdin=source, stdout=subprocess.PIPE, text=True)
            if processes:
                source.close()  # so that the writer notices when the reader ends
            source = process.stdout
            processes.append(process)
        output = source.read()
        source.close()
        for process in processes:
            process.wait()
        wall = time.perf_counter() - begun
        user = system = memory = 0
        for file, command in zip(files, pipeline):
            with open(file) as lines:
                values = fields(lines.read())
            if values["status"] != "0":
                raise Failure(f"{' '.join(command)} ended with {values['status']}")
            user += int(values["user_us"])
            system += int(values["system_us"])
            memory += int(values["memory_kb"])
        return Spent(output, user / 1e6, system / 1e6, wall, memory)

    @contextlib.contextmanager
    def counter(self, command):
        """Run a bench/floor.c or bench/CensusCost and warm it up; yield a function that takes a number of counts and returns the parsed answer."""
        process = subprocess.Popen([self._spent, "/dev/null", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def take(counts):
            process.stdin.write(f"{counts}\n")
            process.stdin.flush()
            answer = process.stdout.readline()
            if not answer:
                raise Failure(f"{' '.join(command)} ended")
            return fields(answer)

        try:
            take(1)
            yield take
        finally:
            process.stdin.close()
            process.stdout.close()
            process.wait()


@contextlib.contextmanager
def daemon(command, log, clean_end=True):
    """Run a process, and end it with SIGTERM."""
    with open(log, "w") as lines:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=lines, stderr=lines)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        if process.wait(LONGEST_END) != 0 and clean_end:
            raise Failure(f"{command[0]} ended with {process.returncode}: {last_line(log)}")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def last_line(log):
    with open(log) as lines:
        return (lines.read().strip().splitlines() or ["no output"])[-1]


def wait_until(condition, process, log, what, seconds=LONGEST_END, pause=0.005):
    """Wait for a condition that a daemon must meet; return the condition's value."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if process.poll() is not None or time.monotonic() > deadline:
            raise Failure(f"{what}: {last_line(log)}")
        time.sleep(pause)


def cpu_clock(pid):
    """Return the CPU seconds of a process with all its threads, also ended ones. /proc is not precise enough: it counts in steps of 10 ms."""
    # Python has no clock_getcpuclockid(3) for other processes: MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED) of linux/posix-timers.h.
    return time.clock_gettime((~pid << 3) | 2)


def memory_of(pid):
    """Return kilobytes: resident now, peak resident, and anonymous memory."""
    return {"now": resident_kilobytes(pid), "most": resident_kilobytes(pid, "VmHWM"), "anonymous": resident_kilobytes(pid, "RssAnon")}


def resident_kilobytes(pid, line="VmRSS"):
    """Return kilobytes of a line: VmRSS is resident now, VmHWM is peak resident, RssAnon is anonymous."""
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(rf"^{line}:\s+(\d+) kB$", status.read(), re.MULTILINE)[1])


def version_of(command, pattern):
    """Return the version that a program prints; None if it is missing."""
    try:
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, stdin=subprocess.DEVNULL)
    except OSError:
        return None
    found = re.search(pattern, result.stdout)
    return found[1] if found else None


def file_system_of(path):
    result = subprocess.run(["df", "--output=fstype", path], stdout=subprocess.PIPE, text=True, check=True)
    return result.stdout.split()[-1]


def disk_bytes(path):
    return os.stat(path).st_size
