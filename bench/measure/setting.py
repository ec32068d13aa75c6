"""The programs, directories and numbers of a measurement: the full numbers, and the small ones of --smoke."""

import subprocess
from typing import NamedTuple

from .processes import Launcher, version_of


class Numbers(NamedTuple):
    """The numbers of connections, rounds, starts and so on."""

    scenes: tuple = ((200, 200, 0), (10000, 1000, 0), (95000, 5000, 0), (200, 200, 95000))  # matching, their clients, others
    generations: int = 3  # how often the counting processes are restarted in the scenes with the most connections
    rounds: int = 3  # of each generation
    intervals: int = 3  # of a daemon in each of as many rounds
    counts: int = 10  # by the floor and by the census in each round
    cheap_counts: int = 100  # the same if a count takes only a few milliseconds
    watches: int = 10
    few: int = 200
    unix_others: int = 10000  # unix sockets of other programs
    starts: int = 41
    first_samples: int = 11
    censuses: int = 10000  # after these the daemon's memory is measured
    memory_interval: str = "2ms"
    settle_seconds: int = 10
    share_seconds: int = 60
    growth_rounds: int = 3
    matching: tuple = (200, 2000, 10000, 40000, 95000)
    others: tuple = (0, 2000, 10000, 40000, 95000)
    clients: tuple = (1, 100, 5000, 30000, 95000)
    many: int = 95000  # connections for the curves of clients, ports and watches
    many_clients: int = 5000
    ports: tuple = (1, 5, 10, 20, 50)
    watch_counts: tuple = (1, 2, 5, 10, 20)
    profiled_starts: int = 40
    profiled_counts: int = 20
    postgres_seconds: int = 240
    postgres_interval: int = 15  # of the rounds and of the scrapes
    fleet_hosts: int = 20
    fleet_samples: int = 480  # of each series: two hours at 15 s


SMOKE = Numbers(
    unix_others=100,
    scenes=((200, 50, 0), (200, 50, 1000)), generations=1, rounds=1, intervals=1, counts=2, cheap_counts=2, watches=3, starts=2, first_samples=1,
    censuses=50, settle_seconds=1, share_seconds=1, growth_rounds=1, matching=(50, 500), others=(0, 500), clients=(1, 200), many=500,
    many_clients=50, ports=(1, 3), watch_counts=(1, 2), profiled_starts=1, profiled_counts=2,
    postgres_seconds=3, postgres_interval=1, fleet_hosts=2, fleet_samples=20)


class Setting:
    """The programs, directories and numbers, which every part receives."""

    def __init__(self, programs, scratch, memory, smoke):
        self.programs = programs
        self.scratch = scratch  # on the disk
        self.memory = memory  # a tmpfs
        self.smoke = smoke
        self.numbers = SMOKE if smoke else Numbers()
        self.launcher = Launcher(programs, scratch)
        self.agent = f"{programs}/Agent/agent"
        self.agent_with_runtime = f"{programs}/AgentWithRuntime/agent"  # -p:PublishAot=false
        self._missing = {}
        self._has_endpoint = "--listen" in subprocess.run([self.agent, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout

    @property
    def has_endpoint(self):
        if not self._has_endpoint:
            self.not_measured("the endpoint", "this agent has no --listen")
        return self._has_endpoint

    def not_measured(self, what, why):
        """Remember what was not measured, for the report and the user."""
        self._missing[what] = why

    def missing_since(self):
        """Return what was not measured since the last call."""
        missing, self._missing = self._missing, {}
        return missing

    def floor(self, port, mode="one-pass", textfile=None):
        return [f"{self.programs}/floor", str(port), mode, *([textfile] if textfile else [])]

    def census(self, port, watches=1, ports=1, step=1):
        return [f"{self.programs}/CensusCost/CensusCost", str(port), str(watches), str(ports), str(step)]

    def same_filter(self, port, watches):
        """Return the command of the floor, with the request of a census of this many watches."""
        file = f"{self.scratch}/request-{port}-{watches}"
        subprocess.run([*self.census(port, watches), file], check=True)
        return self.floor(f"@{file}")

    def counts_at(self, connections):
        """Return how many counts a round needs to be long enough to measure."""
        return self.numbers.counts if connections > 20000 else self.numbers.cheap_counts


def versions():
    """Return the versions of the compared programs by name, without missing programs."""
    found = {
        "iproute2 (ss)": version_of(["ss", "-V"], r"iproute2-([^,\s]+)"),
        "net-tools (netstat)": version_of(["netstat", "--version"], r"net-tools ([\d.]+)"),
        "awk": version_of(["awk", "-W", "version"], r"^(\w+ [\w.]+)"),
        "node_exporter": version_of(["prometheus-node-exporter", "--version"], r"version ([\d.]+)"),
        "collectd": version_of(["collectd", "-h"], r"collectd (\d+(?:\.\d+)*)"),
        "PostgreSQL": version_of(["sh", "-c", "exec /usr/lib/postgresql/*/bin/postgres --version"], r"PostgreSQL\) (\d+\.\d+)"),
        "postgres_exporter": version_of(["prometheus-postgres-exporter", "--version"], r"version ([\d.]+)"),
        "gcc": version_of(["gcc", "-dumpfullversion"], r"([\d.]+)"),
        "Prometheus": version_of(["promtool", "--version"], r"version ([\d.]+)"),
    }
    return {name: version for name, version in found.items() if version}
