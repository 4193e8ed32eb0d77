"""Rounds of short cells, A B C A B C: slow phases of a shared machine hit all of them, and the
ratios within one round cancel them."""

import re
import statistics
import subprocess
import time
import urllib.request

from servers import PATH, pinned

CONNECTIONS = 64
CELL_SECONDS = 2
WARM_SECONDS = 1
# A pool fills up once; more connections than this per request, and there is no keep-alive.
CONNECTS_PER_REQUEST_MAX = 0.01
# The server closed first; Linux remembers such a connection for a minute.
TIME_WAIT = "06"


class Cell:
    """What is asked, of whom, and whose CPU time counts."""

    def __init__(self, name, server, path, cookie="", also=()):
        self.name, self.url = name, f"http://127.0.0.1:{server.port}{path}"
        self.cookie, self.servers = cookie, [server, *also]
        self.runs = []

    def median(self, key):
        return statistics.median(run[key] for run in self.runs)

    def ratio(self, other, key="rps"):
        """Median of the ratios within each round."""
        return statistics.median(self.ratios(other, key))

    def ratios(self, other, key="rps"):
        return [own[key] / its[key] for own, its in zip(self.runs, other.runs)]

    def bad(self):
        return sum(run["bad"] for run in self.runs)


def milliseconds(output, share):
    value, unit = re.search(rf"{share}%\s+([\d.]+)(us|ms|s|m)\b", output).groups()
    return float(value) * {"us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4}[unit]


def load(cell, seconds, cpu, headers):
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "--latency"]
    for header in [*headers, *([f"Cookie: {cell.cookie}"] if cell.cookie else [])]:
        command += ["-H", header]
    done = subprocess.run([*command, cell.url], capture_output=True, text=True, check=True,
                          env={"PATH": PATH}, preexec_fn=pinned(cpu))
    output = done.stdout
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)",
                       output)
    return {
        "rps": float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1]),
        "requests": int(re.search(r"(\d+) requests in", output)[1]),
        "p50": milliseconds(output, 50),
        "p99": milliseconds(output, 99),
        "bad": (int(bad[1]) if bad else 0) + sum(map(int, errors.groups() if errors else ())),
    }


def origin_connections(world):
    """Connections that the origin has accepted so far."""
    url = f"http://127.0.0.1:{world.origin.port}/connections"
    with urllib.request.urlopen(url) as answer:
        return int(answer.read().split(b"\n")[2].split()[0])


def connections_to(port):
    """Connections to a port that the system knows, open or just closed."""
    ends = f":{port:04X}"
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table][1:]
    return sum(row[2].endswith(ends) or (row[3] == TIME_WAIT and row[1].endswith(ends))
               for row in rows)


def run(cells, rounds, world, headers):
    for cell in cells:
        load(cell, WARM_SECONDS, world.other_cpu, headers)
    for number in range(rounds):
        for cell in cells:
            connects, checks = origin_connections(world), connections_to(world.check.port)
            begun = [server.cpu_seconds() for server in cell.servers], time.monotonic()
            measured = load(cell, CELL_SECONDS, world.other_cpu, headers)
            used = sum(server.cpu_seconds() for server in cell.servers) - sum(begun[0])
            measured["cpu"] = used / measured["requests"] * 1e6
            measured["busy"] = used / (time.monotonic() - begun[1])
            # The question itself is one.
            connects = origin_connections(world) - connects - 1
            checks = max(0, connections_to(world.check.port) - checks)
            measured["connects"] = max(connects, checks) / measured["requests"]
            if measured["connects"] > CONNECTS_PER_REQUEST_MAX:
                raise SystemExit(f"bench: {cell.name}: {connects} + {checks} upstream connections "
                                 f"for {measured['requests']} requests: no keep-alive")
            if measured["bad"]:
                raise SystemExit(f"bench: {cell.name}: {measured['bad']} requests failed")
            cell.runs.append(measured)
        line = ", ".join(f"{cell.name} {cell.runs[-1]['rps']:.0f}" for cell in cells)
        print(f"  round {number + 1}: {line}", flush=True)
