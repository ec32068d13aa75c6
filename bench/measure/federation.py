"""Runs a real Prometheus with the agent's rules: measures the series that it records for a host, and the bytes that federation and remote write send."""

import contextlib
import http.server
import os
import re
import shutil
import tempfile
import threading
import urllib.parse
import urllib.request

from .processes import NotMeasured, daemon, wait_until

RULES = os.path.join(os.path.dirname(__file__), "..", "..", "deploy", "prometheus", "rules.yml")
PORT = 19090
HOSTS = 100
RECORDED = '{__name__=~"instance_(watch|port):tcp_.+:ratio"}'


class Hosts(http.server.BaseHTTPRequestHandler):
    """Stands for all hosts: GET returns the exposition; POST receives remote write and counts its bytes."""

    exposition = b""
    written = 0

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(self.exposition)))
        self.end_headers()
        self.wfile.write(self.exposition)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Hosts.written += len(body)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        """Logs nothing."""


class Server(http.server.ThreadingHTTPServer):
    """The HTTP server that stands for all hosts."""

    def handle_error(self, request, client_address):
        """Ignores errors: Prometheus closes its connections when it ends."""


@contextlib.contextmanager
def hosts(text):
    Hosts.exposition, Hosts.written = text.encode(), 0
    with Server(("127.0.0.1", 0), Hosts) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def measure(setting, text):
    if not shutil.which("prometheus"):
        raise NotMeasured("prometheus is not installed")
    count = 5 if setting.smoke else HOSTS
    with tempfile.TemporaryDirectory(dir=setting.scratch) as directory, hosts(text) as port:
        with open(f"{directory}/prometheus.yml", "w") as file:
            file.write(configuration(port, count))
        log = f"{directory}/log"
        command = ["prometheus", f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/data",
                   f"--web.listen-address=127.0.0.1:{PORT}"]
        with daemon(command, log) as process:
            # By then each host has been recorded, and its samples were sent several times.
            wait_until(lambda: recorded_samples(RECORDED) >= 3 * count, process, log, "Prometheus recorded nothing", seconds=60, pause=0.2)
            sent = wait_until(lambda: sent_samples(at_least=20 * count), process, log, "Prometheus sent no remote write", seconds=60, pause=0.2)
            written = Hosts.written
            federated = get(f"/federate?match[]={urllib.parse.quote(RECORDED)}")
    # A few samples may be in transit, and so be counted only as sent or only as written. They are few compared with the total.
    return {"hosts": count, "rule_series": count_samples(federated) // count, "federated_bytes": len(federated) // count,
            "remote_write_bytes": written / sent}


def configuration(port, count):
    targets = "".join(f"""
          - targets: ['127.0.0.1:{port}']
            labels: {{ instance: 'host-{host:05}' }}""" for host in range(count))
    return f"""
global: {{ scrape_interval: 1s, evaluation_interval: 1s }}
rule_files: ['{os.path.abspath(RULES)}']
scrape_configs:
  - job_name: connections
    static_configs: {targets}
remote_write:
  - url: http://127.0.0.1:{port}/write
    metadata_config: {{ send: false }}
    write_relabel_configs:
      - source_labels: [__name__]
        regex: instance_(watch|port):tcp_.+:ratio
        action: keep
"""


def get(path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=10) as answer:
            return answer.read()
    except OSError:
        return b""  # Prometheus does not answer yet


def count_samples(exposition):
    return len(re.findall(rb"^\w", exposition, re.MULTILINE))


def recorded_samples(what):
    return count_samples(get(f"/federate?match[]={urllib.parse.quote(what)}"))


def sent_samples(at_least):
    """Return the number of samples that remote write has sent; 0 until there are at_least so many."""
    sent = re.findall(rb"^prometheus_remote_storage_samples_total\{[^}]*\} (\S+)$", get("/metrics"), re.MULTILINE)
    count = sum(float(value) for value in sent)
    return count if count >= at_least else 0
