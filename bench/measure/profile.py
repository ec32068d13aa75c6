"""What the CPU time of a start and of a census is made of: kernel, runtime and the agent's own code."""

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

# By the function through which the kernel was entered, the first that fits.
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
    """What perf tells of a command, as text."""
    if not shutil.which("perf"):
        raise NotMeasured("perf is not installed")
    data = f"{setting.scratch}/perf.data"
    recorded = subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", str(FREQUENCY), "-g", "-o", data, *command],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if recorded.returncode != 0 or not os.path.exists(data):
        raise NotMeasured(f"perf cannot record: {(recorded.stderr.strip().splitlines() or ['it said nothing'])[-1]}")
    return told_by(data)


def told_by(data):
    told = subprocess.run(["perf", "script", "-i", data, "--no-inline", "-F", "comm,pid,ip,sym,dso"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True, errors="replace")
    os.remove(data)
    return told.stdout


def samples(text):
    """(pid, frames) of each, the innermost frame first: (address, symbol, file). Of a file it is the offset in it that stands for the address."""
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
    """Where in its file the code is that was compiled from C#; empty for a program of another kind."""
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
    """Samples by what they were taken in."""

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
    # Its modules are in brackets, too.
    return dso.startswith("[") and not dso.startswith(("[unknown]", "[vdso]"))


def entered_by(frames):
    kernel = [symbol for _, symbol, dso in frames if is_kernel(dso)]
    for name, function in KERNEL:
        if any(function.search(symbol) for symbol in kernel):
            return name
    return "the rest"


def profile_starts(setting):
    """CPU milliseconds of a start, by what it is spent in."""
    rows = []
    for key, name, command in (
            ("empty", "an empty .NET program", [f"{setting.programs}/Empty/Empty"]),
            ("once", "`agent --once`", [setting.agent, "--once", "--port", str(IDLE_PORT)])):
        print(f"  profile of {name}", file=sys.stderr)
        many = setting.numbers.profiled_starts
        loop = f"i=0; while [ $i -lt {many} ]; do i=$((i+1)); {' '.join(command)} >/dev/null; done"
        classes, shell = Classes(command[0]), None
        for pid, frames in samples(record(setting, "--", "sh", "-c", loop)):
            # The first is perf's own child, which becomes the shell.
            shell = shell or pid
            if pid != shell:
                classes.add(frames)
        rows.append({"key": key, "name": name, "classes": milliseconds(classes.counts, many, "the runtime, in C++")})
    return rows


def milliseconds(counts, many, program):
    return {program if name == "program" else name: count / FREQUENCY / many * 1000 for name, count in counts.most_common()}


def profile_censuses(setting):
    """CPU milliseconds of a census and of the floor, and in which functions of the kernel."""
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
                # The one census more that is taken before those that are measured.
                many = numbers.profiled_counts + (key == "census")
                rows.append({"key": key, "name": name, "classes": milliseconds(classes.counts, many, program),
                             "kernel": milliseconds(collections.Counter(dict(classes.kernel_functions.most_common(8))), many, "")})
    return rows


def pid_of(program):
    """Of the one process that runs it: everything here was started by this comparison, in its own PID namespace."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/exe") == os.path.realpath(program):
                return int(pid)
        except OSError:
            continue
    raise Failure(f"{program} does not run")


def record_while(setting, pid, act):
    """What perf tells of a process during an act."""
    if not shutil.which("perf"):
        raise NotMeasured("perf is not installed")
    data = f"{setting.scratch}/perf.data"
    # perf tells when it has begun, through a pipe that it is given for that.
    control_read, control_write = os.pipe()
    told_read, told_write = os.pipe()
    command = ["perf", "record", "-q", "-e", "cpu-clock", "-F", str(FREQUENCY), "-g", "-o", data, "-p", str(pid),
               "--delay=-1", f"--control=fd:{control_read},{told_write}"]
    perf = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                            pass_fds=(control_read, told_write))
    os.close(control_read)
    os.close(told_write)
    try:
        os.write(control_write, b"enable\n")
        if not os.read(told_read, 16).startswith(b"ack"):
            raise NotMeasured(f"perf cannot record: {(perf.stderr.read().strip().splitlines() or ['it said nothing'])[-1]}")
        act()
    finally:
        perf.send_signal(signal.SIGINT)
        perf.communicate()
        os.close(control_write)
        os.close(told_read)
    return told_by(data)
