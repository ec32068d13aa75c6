"""Starts what is measured, takes what it took, and ends it by its own process id."""

import contextlib
import os
import re
import signal
import subprocess
import time
from typing import NamedTuple

# Also where others take all the processors.
LONGEST_END = 60.0


class Failure(Exception):
    """What went wrong, as one line for the user."""


class NotMeasured(Exception):
    """Why something is not measured here, as a few words for the report."""


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
    """name=value name=value ..."""
    return dict(field.split("=", 1) for field in line.split())


class Launcher:
    """Runs commands to their end, each under bench/spent.c."""

    def __init__(self, programs, scratch):
        self._spent = f"{programs}/spent"
        self._scratch = scratch

    def run(self, *pipeline):
        """Commands connected by pipes: their CPU times and memory together, without a shell's."""
        begun = time.perf_counter()
        processes, files = [], []
        source = subprocess.DEVNULL
        for number, command in enumerate(pipeline):
            files.append(f"{self._scratch}/spent-{number}")
            process = subprocess.Popen([self._spent, files[-1], *command], stdin=source, stdout=subprocess.PIPE, text=True)
            if processes:
                source.close()  # so that the writer learns of the reader's end
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
        """A bench/floor.c or bench/CensusCost that is warm: gives a function that takes so many counts and returns its answer."""
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
    """A process that runs until it is told to end, with SIGTERM."""
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
        return (lines.read().strip().splitlines() or ["it said nothing"])[-1]


def wait_until(condition, process, log, what, seconds=LONGEST_END, pause=0.005):
    """Wait for what a daemon is to do; gives the condition's answer."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if process.poll() is not None or time.monotonic() > deadline:
            raise Failure(f"{what}: {last_line(log)}")
        time.sleep(pause)


def cpu_clock(pid):
    """CPU seconds of a process with all its threads, ended ones too: /proc counts no less than 10 ms."""
    # clock_getcpuclockid(3), which Python does not have: MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED) of linux/posix-timers.h.
    return time.clock_gettime((~pid << 3) | 2)


def memory_of(pid):
    """Kilobytes: resident now, the most that ever was, and what of it is the process's own and in no file."""
    return {"now": resident_kilobytes(pid), "most": resident_kilobytes(pid, "VmHWM"), "anonymous": resident_kilobytes(pid, "RssAnon")}


def resident_kilobytes(pid, line="VmRSS"):
    """VmRSS: now; VmHWM: the most that there ever was; RssAnon: what is in no file."""
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(rf"^{line}:\s+(\d+) kB$", status.read(), re.MULTILINE)[1])


def version_of(command, pattern):
    """What a program says of its version; None where it is missing."""
    try:
        told = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, stdin=subprocess.DEVNULL)
    except OSError:
        return None
    found = re.search(pattern, told.stdout)
    return found[1] if found else None


def file_system_of(path):
    told = subprocess.run(["df", "--output=fstype", path], stdout=subprocess.PIPE, text=True, check=True)
    return told.stdout.split()[-1]


def disk_bytes(path):
    return os.stat(path).st_size
