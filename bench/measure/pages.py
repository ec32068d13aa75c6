"""Writes the tables in docs/performance.md and docs/fleet.md."""

from .figures import table
from .report import NOT_MEASURED, budget_table, fleet_figures, machine_line, main_table, postgres_table
from .results import rewrite

HOSTS = 10_000
SCRAPE_SECONDS = 15


def write(repository, raw):
    if "scenes" in raw:
        # The measurements may be of different commits.
        databases = [*postgres_table(raw["postgres"]), "", machine_line(raw["postgres"]), ""] if "postgres" in raw else []
        rewrite(f"{repository}/docs/performance.md", [
            *main_table(raw["scenes"]), "", *databases, *list(budget_table(raw))[2:], "", machine_line(raw["scenes"])])
    if "fleet" in raw:
        rewrite(f"{repository}/docs/fleet.md", [*of_a_host(raw["fleet"]), "", *of_all_hosts(raw["fleet"]), "", machine_line(raw["fleet"])])


def of_a_host(part):
    return table(["one host", "measured"], [[name, value] for name, value in fleet_figures(part)])


def of_all_hosts(part):
    heads = [f"{HOSTS:,} hosts, scraped every {SCRAPE_SECONDS} s", "textfiles", "endpoints"]
    sources = [part.get("textfile"), part.get("endpoint")]
    storage, prometheus = part.get("storage"), part.get("prometheus")

    def row(name, calculate):
        return [name, *(calculate(source) if source else NOT_MEASURED for source in sources)]

    def samples(source):
        return source["series"] * HOSTS / SCRAPE_SECONDS

    rows = [
        row("active series", lambda source: f"{source['series'] * HOSTS:,}"),
        row("samples a second", lambda source: f"{samples(source):,.0f}"),
        row("scraped bytes a second, gzip", lambda source: f"{source['gzip_bytes'] * HOSTS / SCRAPE_SECONDS / 1000:,.0f} kB"),
    ]
    if storage:
        rows.append(row("on Prometheus' disk, a day", lambda source: f"{samples(source) * 86400 * storage['bytes_per_sample'] / 1e9:,.1f} GB"))
    if prometheus:
        recorded = prometheus["rule_series"] * HOSTS
        written = recorded / SCRAPE_SECONDS * prometheus["remote_write_bytes"]
        for name, value in (("recorded series", f"{recorded:,}"),
                            ("recorded samples a second", f"{recorded / SCRAPE_SECONDS:,.0f}"),
                            ("federated, per scrape", f"{prometheus['federated_bytes'] * HOSTS / 1e6:,.1f} MB"),
                            ("remote write a second", f"{written / 1000:,.0f} kB")):
            rows.append([name, value, value])
    return table(heads, rows)
