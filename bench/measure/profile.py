"""Profiles a start and a census with perf: the CPU time in the kernel, the runtime and the agent's own code."""

import collections
import os
import re
import shutil
import signal
import struct
import subprocess
import sys

from .connections import PORT, opened
from .processes import Failure, NotMeasured
from .starts import IDLE_PORT

FREQUENCY = 5000

# Classes of kernel time, by the function through which the kernel was entered. The first match wins.
KERNEL = (
    ("page faults", re.compile(r"exc_page_fault$")),
    ("mapping memory", re.compile(r"sys_(mmap|munmap|mprotect|madvise|brk|mremap)")),
    ("start and end of the process", re.compile(r"sys_(execve|exit|exit_group|wait4|vfork|clone|clone3)|ret_from_fork|syscall_exit_to_user_mode")),
    ("netlink", re.compile(r"sys_(recv|send)")),
)
SAMPLE = re.compile(r"^\s*\S.*?\s+(?P<pid>\d+)\s*$")
FRAME = re.compile(r"^\s+(?P<ip>[0-9a-f]+) (?P<symbol>.*?) \((?P<dso>[/\[].*)\)$")
SECTION_HEADER = struct.Struct("<IIQQQQIIQQ")  # Elf64_Shdr: name, type, flags, addr, offset, size, link, info, addralign, entsize
MANAGED_CODE = b"__managedcode"


def measure(setting):
    try:
        return {"starts": profile_starts(setting), "censuses": profile_censuses(setting)}
    except NotMeasured as why:
        setting.not_measured("the profile", str(why))
        return {"starts": [], "censuses": []}


def record(setting, *command):
    """Record a command with perf; return the samples as text."""
    if not shutil.which("perf"):
        raise NotMeasured("perf is not installed")
    data = f"{setting.scratch}/perf.data"
    recorded = subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", str(FREQUENCY), "-g", "-o", data, *command],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if recorded.returncode != 0 or not os.path.exists(data):
        raise NotMeasured(f"perf cannot record: {(recorded.stderr.strip().splitlines() or ['no output'])[-1]}")
    return perf_script(data)


def perf_script(data):
    result = subprocess.run(["perf", "script", "-i", data, "--no-inline", "-F", "comm,pid,ip,sym,dso"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True, errors="replace")
    os.remove(data)
    return result.stdout


def samples(text):
    """Yield (pid, frames) of each sample, the innermost frame first. A frame is (address, symbol, file); the address is an offset in the file."""
    pid, frames = None, []
    for line in text.splitlines():
        frame = FRAME.match(line)
        if frame:
            frames.append((int(frame["ip"], 16), frame["symbol"].split("+")[0], frame["dso"]))
            continue
        if pid and frames:
            yield pid, frames
        begun = SAMPLE.match(line)
        pid, frames = int(begun["pid"]) if begun else None, []
    if pid and frames:
        yield pid, frames


def managed_code(program):
    """Return the range of offsets in the program's file that was compiled from C#; empty for other programs."""
    with open(program, "rb") as file:
        header = file.read(64)
        at = struct.unpack_from("<Q", header, 40)[0]
        size, count, names = struct.unpack_from("<HHH", header, 58)
        file.seek(at)
        table = file.read(size * count)
        sections = [SECTION_HEADER.unpack_from(table, number * size) for number in range(count)]
        file.seek(sections[names][4])
        strings = file.read(sections[names][5])
    for name, _, _, _, offset, length, *_ in sections:
        if strings[name:].split(b"\0", 1)[0] == MANAGED_CODE:
            return range(offset, offset + length)
    return range(0)


class Classes:
    """Counts samples by the code in which they were taken."""

    def __init__(self, program):
        self._program = program
        self._managed_code = managed_code(program)
        self.counts = collections.Counter()
        self.kernel_functions = collections.Counter()

    def add(self, frames):
        address, symbol, dso = frames[0]
        if is_kernel(dso):
            self.kernel_functions[symbol] += 1
            self.counts[f"kernel: {entered_by(frames)}"] += 1
        elif dso == self._program:
            self.counts["managed code" if address in self._managed_code else "program"] += 1
        else:
            self.counts["C libraries and the dynamic linker"] += 1


def is_kernel(dso):
    # Kernel modules are in brackets, too.
    return dso.startswith("[") and not dso.startswith(("[unknown]", "[vdso]"))


def entered_by(frames):
    kernel = [symbol for _, symbol, dso in frames if is_kernel(dso)]
    for name, function in KERNEL:
        if any(function.search(symbol) for symbol in kernel):
            return name
    return "the rest"


def profile_starts(setting):
    """Return the CPU milliseconds of a start, by class."""
    rows = []
    for key, name, command in (
            ("empty", "an empty .NET program", [f"{setting.programs}/Empty/Empty"]),
            ("once", "`agent --once`", [setting.agent, "--once", "--port", str(IDLE_PORT)])):
        print(f"  profile of {name}", file=sys.stderr)
        many = setting.numbers.profiled_starts
        loop = f"i=0; while [ $i -lt {many} ]; do i=$((i+1)); {' '.join(command)} >/dev/null; done"
        classes, shell = Classes(command[0]), None
        for pid, frames in samples(record(setting, "--", "sh", "-c", loop)):
            # The first process is perf's child, which becomes the shell.
            shell = shell or pid
            if pid != shell:
                classes.add(frames)
        rows.append({"key": key, "name": name, "classes": milliseconds(classes.counts, many, "the runtime, in C++")})
    return rows


def milliseconds(counts, many, program):
    return {program if name == "program" else name: count / FREQUENCY / many * 1000 for name, count in counts.most_common()}


def profile_censuses(setting):
    """Return the CPU milliseconds of a census and of the floor, by class and by kernel function."""
    numbers = setting.numbers
    rows = []
    with opened(numbers.many, numbers.many_clients):
        for key, name, command, program in (
                ("floor", "the floor in C", setting.floor(PORT), "the program"),
                ("census", "a census of one watch", setting.census(PORT), "the runtime, in C++")):
            print(f"  profile of {name}", file=sys.stderr)
            with setting.launcher.counter(command) as take:
                pid = pid_of(command[0])
                classes = Classes(command[0])
                text = record_while(setting, pid, lambda take=take: take(numbers.profiled_counts))
                for _, frames in samples(text):
                    classes.add(frames)
                # CensusCost takes one more census before the measured ones.
                many = numbers.profiled_counts + (key == "census")
                rows.append({"key": key, "name": name, "classes": milliseconds(classes.counts, many, program),
                             "kernel": milliseconds(collections.Counter(dict(classes.kernel_functions.most_common(8))), many, "")})
    return rows


def pid_of(program):
    """Return the pid of the one process that runs a program. The PID namespace has only processes of this comparison."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/exe") == os.path.realpath(program):
                return int(pid)
        except OSError:
            continue
    raise Failure(f"{program} is not running")


def record_while(setting, pid, act):
    """Record a running process with perf while act() runs; return the samples as text."""
    if not shutil.which("perf"):
        raise NotMeasured("perf is not installed")
    data = f"{setting.scratch}/perf.data"
    # perf acknowledges on a pipe that it has begun.
    control_read, control_write = os.pipe()
    ack_read, ack_write = os.pipe()
    command = ["perf", "record", "-q", "-e", "cpu-clock", "-F", str(FREQUENCY), "-g", "-o", data, "-p", str(pid),
               "--delay=-1", f"--control=fd:{control_read},{ack_write}"]
    perf = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                            pass_fds=(control_read, ack_write))
    os.close(control_read)
    os.close(ack_write)
    try:
        os.write(control_write, b"enable\n")
        if not os.read(ack_read, 16).startswith(b"ack"):
            raise NotMeasured(f"perf cannot record: {(perf.stderr.read().strip().splitlines() or ['no output'])[-1]}")
        act()
    finally:
        perf.send_signal(signal.SIGINT)
        perf.communicate()
        os.close(control_write)
        os.close(ack_read)
    return perf_script(data)
