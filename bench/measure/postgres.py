"""Measures what two databases cost the daemon, and what the daemon costs their servers, beside postgres_exporter."""

import contextlib
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import time

from .daemons import answers, scrape
from .processes import Failure, NotMeasured, cpu_clock, daemon, memory_of, wait_until

DATABASES = ("db1", "db2")
PORTS = (15432, 15433)
AGENT_PORT = 18501
EXPORTER = "prometheus-postgres-exporter"
# One exporter for each server, as its documentation recommends: Debian's version fails to collect where it has two servers.
EXPORTER_PORTS = (19187, 19188)
# Debian's directory of PostgreSQL's data. The tmpfs over it ends with the mount namespace, and other users may enter it.
DATA = "/var/lib/postgresql"
AS_POSTGRES = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups")
PASSWORD = "password-of-the-benchmark"


def measure(setting):
    numbers = setting.numbers
    seconds = {"settle_seconds": numbers.settle_seconds, "seconds": numbers.postgres_seconds, "interval_seconds": numbers.postgres_interval}
    try:
        tools = tools_of_postgres()
    except NotMeasured as reason:
        setting.not_measured("PostgreSQL", str(reason))
        return {"rows": [], **seconds}
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", DATA], check=True)
    rows = []
    with contextlib.ExitStack() as running:
        logs = [running.enter_context(server(setting, tools, database, port)) for database, port in zip(DATABASES, PORTS)]
        programs = [("agent", "the agent, two databases", (AGENT_PORT,), [running.enter_context(agent(setting))])]
        if shutil.which(EXPORTER):
            exporters = [running.enter_context(exporter(setting, *each)) for each in zip(DATABASES, PORTS, EXPORTER_PORTS)]
            programs.append(("exporter", "two of postgres_exporter", EXPORTER_PORTS, exporters))
        else:
            setting.not_measured("postgres_exporter", "it is not installed")
        print(f"  two databases, {numbers.settle_seconds} + {numbers.postgres_seconds} s", file=sys.stderr)
        # All at the same time, because they are idle most of the time.
        scrape_each(programs, numbers.settle_seconds, numbers.postgres_interval)
        begun = {key: (cpu_of(processes), asked(logs, key)) for key, _, _, processes in programs}
        start = time.monotonic()
        scrape_each(programs, numbers.postgres_seconds, numbers.postgres_interval)
        minutes = (time.monotonic() - start) / 60
        for key, name, _, processes in programs:
            cpu, before = begun[key]
            after = asked(logs, key)
            rows.append({"key": key, "name": name, "ours": key == "agent", "memory_kb": memory_of_all(processes),
                         "cpu_ms_per_minute": (cpu_of(processes) - cpu) * 1000 / minutes,
                         "statements_per_minute": (after["statements"] - before["statements"]) / minutes,
                         "connections_per_minute": (after["connections"] - before["connections"]) / minutes})
    for row in rows:
        if not row["statements_per_minute"] > 0:
            raise Failure(f"{row['name']} sent no statement")
    return {"rows": rows, **seconds}


def tools_of_postgres():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    if not found:
        raise NotMeasured("PostgreSQL is not installed")
    return os.path.dirname(found[-1])


@contextlib.contextmanager
def server(setting, tools, database, port):
    """Run a server with one database and a role for each program; yield the path of its log, which has each statement and each login."""
    data, log = f"{DATA}/{database}", f"{setting.scratch}/{database}.log"
    os.mkdir(data)
    shutil.chown(data, "postgres", "postgres")
    subprocess.run([*AS_POSTGRES, f"{tools}/initdb", "--pgdata", data, "--username", "postgres", "--auth-local", "trust", "--auth-host", "scram-sha-256",
                    "--locale", "C", "--encoding", "UTF8", "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd="/")
    settings = ("listen_addresses=127.0.0.1", "fsync=off", "log_connections=on", "log_statement=all", "log_line_prefix=%u ")
    command = [*AS_POSTGRES, f"{tools}/postgres", "-D", data, "-p", str(port), "-k", data, *(word for one in settings for word in ("-c", one))]
    with daemon(command, log, clean_end=False) as process:
        def sql(statements, to="postgres"):
            return subprocess.run([f"{tools}/psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--host", data, "--port", str(port),
                                   "--username", "postgres", to], input=statements, text=True, capture_output=True, check=False)

        wait_until(lambda: sql("SELECT 1").returncode == 0, process, log, "PostgreSQL does not take connections", pause=0.1)
        for statements, to in ((f"CREATE DATABASE {database};", "postgres"), (roles(), database)):
            done = sql(statements, to)
            if done.returncode != 0:
                raise Failure(f"PostgreSQL: {done.stderr.strip()}")
        yield log


def roles():
    return "".join(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'; GRANT pg_monitor TO {role};" for role in ("agent", "exporter"))


@contextlib.contextmanager
def agent(setting):
    secret, file, log = (f"{setting.scratch}/{name}" for name in ("postgres-password", "postgres-agent.json", "postgres-agent.log"))
    with open(secret, "w") as password:
        password.write(PASSWORD)
    with open(file, "w") as configuration:
        json.dump({
            "textfileDirectory": "none",
            "endpoint": {"listen": [f"127.0.0.1:{AGENT_PORT}"]},
            "watches": [{"name": "postgres", "ports": [PORTS[0]], "limitFrom": {"database": DATABASES[0]}}],
            "databases": [{"name": database, "host": "127.0.0.1", "port": port, "database": database, "user": "agent", "passwordFile": secret,
                           "interval": f"{setting.numbers.postgres_interval}s"} for database, port in zip(DATABASES, PORTS)],
        }, configuration)
    with daemon([setting.agent, "--config", file], log) as process:
        wait_until(lambda: (answers(AGENT_PORT) or b"").count(b"\npg_login_success{") == 2, process, log, "the agent logs in to no database")
        yield process


@contextlib.contextmanager
def exporter(setting, database, port, own_port):
    log = f"{setting.scratch}/postgres_exporter-{database}.log"
    name = f"postgresql://exporter:{PASSWORD}@127.0.0.1:{port}/{database}?sslmode=disable"
    command = ["env", f"DATA_SOURCE_NAME={name}", EXPORTER, f"--web.listen-address=127.0.0.1:{own_port}"]
    with daemon(command, log, clean_end=False) as process:
        wait_until(lambda: b"\npg_up 1" in (answers(own_port) or b""), process, log, "postgres_exporter logs in to no database", pause=0.5)
        yield process


def cpu_of(processes):
    return sum(cpu_clock(process.pid) for process in processes)


def memory_of_all(processes):
    each = [memory_of(process.pid) for process in processes]
    return {key: sum(memory[key] for memory in each) for key in each[0]}


def scrape_each(programs, seconds, interval):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for _, _, ports, _ in programs:
            for port in ports:
                scrape(port)
        time.sleep(max(0.0, min(interval, end - time.monotonic())))


def asked(logs, role):
    """Return how many statements a role has sent, and how often it has logged in."""
    found = {"statements": 0, "connections": 0}
    for log in logs:
        with open(log, errors="replace") as lines:
            for line in lines:
                if re.match(rf"{role} LOG:  (statement|execute [^:]*): ", line):
                    found["statements"] += 1
                elif line.startswith(f"{role} LOG:  connection authorized"):
                    found["connections"] += 1
    return found
