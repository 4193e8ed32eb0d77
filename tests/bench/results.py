"""What was measured, as Markdown. Nothing here knows what it will be."""

import os
import platform
import subprocess

from cells import CELL_SECONDS, CONNECTIONS, WARM_SECONDS
from logins import share
from servers import PATH

# Targets of the design: at least, at least, at least, below, below.
ACCEPTED_OF_BARE_MIN = 0.85
ACCEPTED_OF_AUTH_REQUEST_MIN = 1.2
ANONYMOUS_OF_BARE_MIN = 0.9
IDLE_PSS_MB_MAX = 300
CODE_P99_MS_MAX = 50

INTRODUCTION = """\
# What the gateway costs

Written by `make bench`; nothing here is typed by hand. Absolute numbers of a shared machine swing by a
third between minutes: only ratios within one run say something.

**How.** Everything is built with the profile `perf`. Every proxy has one thread and is pinned to one CPU,
together with the service that checks cookies for nginx; origin, stand-in and load are pinned to another.
{connections} keep-alive connections, {cell} s per cell after a warm-up of {warm} s, {rounds} rounds of A B C
A B C. "Ratio" is the median of the ratios within each round, with the smallest and the largest behind it.
CPU is that of all processes of a row; "busy" well below 1 says that somebody else used the machine, or that
the load's CPU was the limit. Every request of every row was answered with 2xx, or the run would
have ended; upstream connections were counted in every cell, and more than one in a hundred requests would have
ended it too. All rows carry the same headers of a browser; every answer has a body of 1,024 bytes.

- *bare pingora*: a proxy that decides nothing; same pingora, allocator, buffers, timeouts, profile;
  gets the same cookies
- *gerbang, page*: an accepted session asks for a private page that names its user; seal opened, session
  looked up, page searched for a foreign user before it goes down
- *gerbang, data*: the same for JSON, which is not searched
- *cookie renewed*: the answer brings the session's cookie with a new time, as every dynamic answer of Play
  does: it is sealed (stamped) anew each time
- *nginx + auth_request*: nginx asks a service for every request; it opens an AES-256-GCM cookie as long as
  the gateway's and looks its session up. The leanest such service that pingora allows: one answer without
  body per question, no proxying; same allocator and profile
- *no cookie*, *stamped cookie*: a visitor on a listed public page

**Machine.** {machine}
"""


def command_line(*command):
    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": PATH})
    return (done.stdout + done.stderr).strip().splitlines()[0]


def file_system(folder):
    """Type of the file system where the store lay."""
    return command_line("stat", "-f", "-c", "%T", folder)


def machine(load_before, folder):
    with open("/proc/cpuinfo") as info:
        model = next((line.split(":", 1)[1].strip() for line in info if "model name" in line), "?")
    return (f"{os.cpu_count()} × {model}, {platform.system()} {platform.release()}, "
            f"{command_line('nginx', '-v').split(': ')[-1]}, "
            f"{command_line('wrk', '-v').split('  ')[0].split(' [')[0]}, "
            f"{command_line('rustc', '--version').split(' (')[0]}; store on "
            f"{file_system(folder)}; load average before the run {load_before:.2f}.")


def megabytes(kib):
    return kib * 1024 / 1e6


def table(suite):
    """One row per cell; ratios to the first one."""
    rows = ["| | req/s | of the first row | p50 ms | p99 ms | CPU ms per 1,000 | CPU of the first row "
            "| CPU busy |",
            "|---|---|---|---|---|---|---|---|"]
    first = suite[0]
    for cell in suite:
        ratios = cell.ratios(first)
        spread = "" if cell is first else f" ({min(ratios):.2f}–{max(ratios):.2f})"
        rows.append(f"| {cell.name} | {cell.median('rps'):.0f} | {cell.ratio(first):.2f}{spread} | "
                    f"{cell.median('p50'):.2f} | {cell.median('p99'):.2f} | "
                    f"{cell.median('cpu'):.1f} | {cell.ratio(first, 'cpu'):.2f} | "
                    f"{cell.median('busy'):.2f} |")
    return "\n".join(rows)


def named(suite, name):
    return next(cell for cell in suite if cell.name == name)


def claims(found):
    """What, target, measured, whether it is met."""
    accepted, anonymous = found["speed"]
    bare, auth = accepted[0], named(accepted, "nginx + auth_request")

    def at_least(what, cell, other, least):
        ratio = cell.ratio(other)
        return what, f"≥ {least}", f"{ratio:.2f}", ratio >= least

    rows = []
    for kind in ("page", "data"):
        cell = named(accepted, f"gerbang, {kind}")
        rows.append(at_least(f"accepted, {kind}: of bare pingora", cell, bare, ACCEPTED_OF_BARE_MIN))
        rows.append(at_least(f"accepted, {kind}: of nginx + auth_request", cell, auth,
                             ACCEPTED_OF_AUTH_REQUEST_MIN))
    for kind, other in (("stamped cookie", anonymous[0]),
                        ("no cookie", named(anonymous, "bare pingora, no cookie"))):
        rows.append(at_least(f"anonymous, {kind}: of bare pingora",
                             named(anonymous, f"gerbang, {kind}"), other, ANONYMOUS_OF_BARE_MIN))
    held = megabytes(found["memory"]["gateway"][1])
    rows.append(("5,000 idle connections: PSS, MB", f"< {IDLE_PSS_MB_MAX}", f"{held:.0f}",
                 held < IDLE_PSS_MB_MAX))
    late = share(found["logins"]["codes"], 0.99)
    rows.append(("100 logins per second: p99 of the code's answer, ms", f"< {CODE_P99_MS_MAX}",
                 f"{late:.1f}", late < CODE_P99_MS_MAX))
    return rows


def verdicts(found):
    rows = ["| | target | measured | |", "|---|---|---|---|"]
    for what, target, measured, met in claims(found):
        rows.append(f"| {what} | {target} | {measured} | {'met' if met else '**missed**'} |")
    return "\n".join(rows)


def memory_table(found):
    rows = ["| PSS, MB | before | 5,000 idle connections | KiB per connection | 2 s after closing |",
            "|---|---|---|---|---|"]
    for name, label in (("gateway", "gerbang"), ("bare", "bare pingora")):
        before, held, after = found[name]
        rows.append(f"| {label} | {megabytes(before):.0f} | {megabytes(held):.0f} | "
                    f"{(held - before) / 5000:.1f} | {megabytes(after):.0f} |")
    return "\n".join(rows)


def login_table(found):
    rows = ["| ms | p50 | p99 | slowest |", "|---|---|---|---|"]
    for name, label in (("codes", "answer to the code (counted, compared, accepted: durable)"),
                        ("passwords", "answer to the password (marked, probed, ticket: durable)"),
                        ("fsyncs", "for comparison: writing and fsyncing 4 KiB there")):
        times = " | ".join(f"{share(found[name], part):.1f}" for part in (0.5, 0.99, 1))
        rows.append(f"| {label} | {times} |")
    return "\n".join(rows)


def page(found, rounds, load_before, folder):
    accepted, anonymous = found["speed"]
    logins = found["logins"]
    head = INTRODUCTION.format(connections=CONNECTIONS, cell=CELL_SECONDS, warm=WARM_SECONDS,
                               rounds=rounds, machine=machine(load_before, folder))
    return "\n".join([
        head, "## Targets", "", verdicts(found), "",
        "## Accepted requests", "", table(accepted), "",
        "## Anonymous requests", "", table(anonymous), "",
        "## Memory", "",
        "On the processes that took the load above, each connection after one request of an accepted "
        "session.", "", memory_table(found["memory"]), "",
        "## Logins", "",
        f"{len(logins['codes'])} accounts log in, 100 logins begin per second, each with its form, user id, "
        "password, identity page,", "acceptor and code. TOTP codes are real, the stand-in answers for SPSE,", "every step is on the disk before its answer. One login takes "
        f"{logins['cpu']:.1f} ms of the gateway's CPU; all were through after", f"{logins['took']:.1f} s.", "",
        login_table(logins), ""])
