"""The daemons of the comparison: the agent, node_exporter and collectd, with the settings that the comparison needs."""

import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time

from .arrivals import Arrivals
from .connections import PORT
from .contestants import Contestant, Measured, count_in_metrics
from .processes import Failure, NotMeasured, cpu_clock, daemon, resident_kilobytes, wait_until

NODE_EXPORTER = "prometheus-node-exporter"
NODE_EXPORTER_PORT = 19100
COLLECTD = "collectd"
ENDPOINT_PORT = 18500
TEXTFILE = "tcp_connections.prom"
AGENT_INTERVAL = 0.25
AGENT_WARM_UP = 12  # intervals
COLLECTD_INTERVAL = 1.0


def scrape(port, accept_gzip=False):
    """Return the body of one scrape, as it was sent (perhaps compressed)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip" if accept_gzip else "identity", "Connection": "close"})
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise Failure(f"port {port} answered {response.status} to a scrape")
        return body
    finally:
        connection.close()


def answers(port):
    """Return the text of a scrape; None while the program does not answer."""
    try:
        return scrape(port)
    except (Failure, OSError, http.client.HTTPException):
        return None


@contextlib.contextmanager
def agent(setting, directory, interval="1s", endpoint=None, program=None):
    """Run the agent as a daemon, and wait for its first counts. A directory of None turns the textfile off."""
    command = [program or setting.agent, "--interval", interval, "--textfile-directory", directory or "none"]
    if endpoint:
        # Allows more scrapes than the default limit of requests per client.
        file = f"{setting.scratch}/agent-{endpoint}.json"
        with open(file, "w") as config:
            json.dump({"endpoint": {"listen": [f"127.0.0.1:{endpoint}"], "requestsPerMinute": 1_000_000}}, config)
        command += ["--config", file]
    log = f"{setting.scratch}/agent-{endpoint or 0}-{os.path.basename(directory or 'none')}.log"
    with daemon(command, log) as process:
        if directory:
            wait_until(lambda: os.path.exists(f"{directory}/{TEXTFILE}"), process, log, "the agent wrote no textfile")
        if endpoint:
            wait_until(lambda: b"\ntcp_connections{" in (answers(endpoint) or b""), process, log, "the agent's endpoint gave no counts")
        yield process


@contextlib.contextmanager
def floor_each_second(setting, textfile=None):
    """Run the floor in C as a daemon, with one dump each second. In the second between, the CPU's caches get cold."""
    with subprocess.Popen(setting.floor(PORT, textfile=textfile), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        ended = threading.Event()

        def ask():
            while not ended.wait(1.0):
                process.stdin.write("1\n")
                process.stdin.flush()
                if not process.stdout.readline():
                    return

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            yield process
        finally:
            ended.set()
            asking.join()
            if process.poll() is not None:
                raise Failure("the floor ended during the measurement")


def the_agent(setting):
    directory = f"{setting.memory}/interval"
    intervals = setting.numbers.intervals * 4

    @contextlib.contextmanager
    def start():
        with agent(setting, directory, f"{AGENT_INTERVAL * 1000:.0f}ms") as process, Arrivals(directory, TEXTFILE) as arrivals:
            def wait(count):
                if not arrivals.wait(count, seconds=60 + 10 * count * AGENT_INTERVAL):
                    raise Failure("the agent stopped writing its textfile")

            def measure():
                arrivals.discard()
                wait(1)
                begun = cpu_clock(process.pid)
                wait(intervals)
                milliseconds = (cpu_clock(process.pid) - begun) / intervals * 1000
                with open(f"{directory}/{TEXTFILE}") as textfile:
                    return Measured(count_in_metrics(textfile.read()), milliseconds, resident_kilobytes(process.pid, "VmHWM"))

            wait(1 if setting.smoke else AGENT_WARM_UP)
            yield measure
    return Contestant("daemon", "the daemon, an interval, textfile included", start, ours=True)


def collectd(setting):
    if not shutil.which(COLLECTD):
        raise NotMeasured("collectd is not installed")
    directory = f"{setting.scratch}/collectd"
    configuration = f"""
        Hostname "here"
        FQDNLookup false
        BaseDir "{directory}"
        PIDFile "{directory}/pid"
        Interval {COLLECTD_INTERVAL}
        LoadPlugin tcpconns
        LoadPlugin unixsock
        <Plugin tcpconns>
            ListeningPorts false
            LocalPort "{PORT}"
        </Plugin>
        <Plugin unixsock>
            SocketFile "{directory}/socket"
        </Plugin>
        """

    @contextlib.contextmanager
    def start():
        os.makedirs(directory, exist_ok=True)
        with open(f"{directory}/conf", "w") as file:
            file.write(configuration)
        log = f"{directory}/log"
        # collectd's exit code is not 0 if a plugin fails to stop, so it is ignored.
        with daemon([COLLECTD, "-f", "-C", f"{directory}/conf"], log, clean_end=False) as process:
            wait_until(lambda: count_of_collectd(directory), process, log, "collectd made no count", pause=0.1)
            yield lambda: in_a_window(directory, process, setting.numbers.intervals)
    return Contestant("collectd", "collectd's tcpconns, an interval", start)


def in_a_window(directory, process, intervals):
    """Measure over a window that begins and ends half an interval after a count, when collectd is idle. Nothing queries collectd during the window."""
    before = last_count_of_collectd(directory)
    deadline = time.monotonic() + 10 * COLLECTD_INTERVAL
    while (begun_at := last_count_of_collectd(directory)) == before:
        if process.poll() is not None or time.monotonic() > deadline:
            raise Failure("collectd stopped counting")
        time.sleep(0.01)
    time.sleep(COLLECTD_INTERVAL / 2)
    begun = cpu_clock(process.pid)
    time.sleep(intervals * COLLECTD_INTERVAL)
    seconds = cpu_clock(process.pid) - begun
    counts = round((last_count_of_collectd(directory) - begun_at) / COLLECTD_INTERVAL)
    if counts < 1:
        raise Failure("collectd stopped counting")
    return Measured(count_of_collectd(directory), seconds / counts * 1000, resident_kilobytes(process.pid, "VmHWM"))


def last_count_of_collectd(directory):
    """Return the time of the last count, in seconds."""
    return max(float(line.split()[0]) for line in ask_collectd(directory, "LISTVAL"))


def ask_collectd(directory, question):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(f"{directory}/socket")
        client.sendall(question.encode() + b"\n")
        with client.makefile() as answer:
            status = answer.readline()
            return [answer.readline() for _ in range(int(status.split()[0]))]


def count_of_collectd(directory):
    try:
        value = ask_collectd(directory, f"GETVAL here/tcpconns-{PORT}-local/tcp_connections-ESTABLISHED")
        return int(float(value[0].split("=")[1]))
    except (OSError, ValueError, IndexError):
        return 0  # collectd has not counted yet


def node_exporter(setting):
    if not shutil.which(NODE_EXPORTER):
        raise NotMeasured("node_exporter is not installed")
    command = [NODE_EXPORTER, "--collector.disable-defaults", "--collector.tcpstat", f"--web.listen-address=127.0.0.1:{NODE_EXPORTER_PORT}"]
    log = f"{setting.scratch}/node_exporter.log"

    @contextlib.contextmanager
    def start():
        with daemon(command, log, clean_end=False) as process:
            wait_until(lambda: answers(NODE_EXPORTER_PORT), process, log, "node_exporter gave no counts")

            def measure():
                begun = cpu_clock(process.pid)
                text = scrape(NODE_EXPORTER_PORT).decode()
                milliseconds = (cpu_clock(process.pid) - begun) * 1000
                established = re.search(r'^node_tcp_connection_states\{state="established"\} (\S+)$', text, re.MULTILINE)
                return Measured(int(float(established[1])), milliseconds, resident_kilobytes(process.pid, "VmHWM"))
            yield measure
    # It also counts both ends of the scrape's own connection, and perhaps of the scrape before.
    return Contestant("node_exporter", "node_exporter's tcpstat, a scrape", start, surplus=8)
