"""Measures the gateway beside a bare pingora proxy of the same build and beside nginx, and writes
RESULTS.md. `make bench` builds what this needs and calls it.

    bench.py PROGRAMS FOLDER [--rounds N] [--only speed|memory|logins]

PROGRAMS is where the built programs lie; FOLDER takes keys, stores and logs, on a disk whose fsync
counts. With --only nothing is written but to the terminal."""

import argparse
import asyncio
import os
import signal
import sys
import urllib.request

import cells
import logins
import memory
import results
from browser import CONTEXT, HEADERS, Browser, activate, expect
from servers import World

PAGE_BYTES = 1024
IDLE_CONNECTIONS = 5000
LOGINS_PER_SECOND = 100
LOGIN_SECONDS = 10
# Somebody whose session the accepted cells use; the others log in later.
OWNER = logins.user(LOGINS_PER_SECOND * LOGIN_SECONDS)
# AES-GCM's tag and nonce.
SEAL_BYTES = 28

PRIVATE = f"""<!DOCTYPE html><html><head><title>Paket</title></head><body>
<div class="submenu"><div class="container"><div class="float-right"><span title="[{OWNER}] - 1">\
<a href="{CONTEXT}/user/viewuser?userid={OWNER}" class="dialog">Warga</a> - Pejabat Pembuat Komitmen\
</span></div></div></div><table>
"""
PUBLIC = "<!DOCTYPE html><html><head><title>Lelang</title></head><body><table>\n"
ROW = "<tr><td>1</td><td>Pengadaan</td></tr>\n"


def filled(head, tail):
    """A text of exactly PAGE_BYTES."""
    text = head + ROW * PAGE_BYTES
    return text[:PAGE_BYTES - len(tail)] + tail


def write_pages(folder):
    for name, text in [("private.html", filled(PRIVATE, "</table></body></html>\n")),
                       ("public.html", filled(PUBLIC, "</table></body></html>\n")),
                       ("data.json", '{"data":["' + "x" * (PAGE_BYTES - 13) + '"]}')]:
        assert len(text) == PAGE_BYTES, name
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)


async def accepted_cookie(port):
    browser = Browser(port)
    await activate(browser, OWNER)
    for path in ("/paket/ukur", "/paket/ukurbaru", "/dt/paket-ppk"):
        answer = expect(await browser.get(CONTEXT + path), 200, path)
        if len(answer.body) != PAGE_BYTES:
            raise SystemExit(f"bench: {path} has {len(answer.body)} bytes")
    await browser.close()
    return browser.cookie_line()


async def visitor_cookie(port):
    browser = Browser(port)
    expect(await browser.get(f"{CONTEXT}/"), 200, "the public page")
    await browser.close()
    if "SPSE_SESSION" not in browser.jar:
        raise SystemExit("bench: a visitor got no session")
    return f"SPSE_SESSION={browser.jar['SPSE_SESSION']}"


def check_cookie(port, length):
    """A cookie of the checking service, about as long as the gateway's."""
    plain = max(16, length * 3 // 4 - SEAL_BYTES)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/cookie/{plain}") as answer:
        return f"bench_seal={answer.read().decode()}"


async def renews(port, path, cookie):
    """Whether an answer brings the session cookie anew, so that the cell measures that."""
    browser = Browser(port)
    browser.jar = dict(pair.split("=", 1) for pair in cookie.split("; "))
    answer = await browser.get(CONTEXT + path)
    await browser.close()
    return any(key == "set-cookie" for key, _ in answer.headers)


def speed(world, rounds, owner):
    visitor = asyncio.run(visitor_cookie(world.gateway.port))
    check = check_cookie(world.check.port, len(owner))
    for path, cookie in (("/paket/ukurbaru", owner), ("/nontender", visitor)):
        if not asyncio.run(renews(world.gateway.port, path, cookie)):
            raise SystemExit(f"bench: {path} does not renew the session's cookie")

    def cell(name, server, path, cookie="", also=()):
        return cells.Cell(name, server, CONTEXT + path, cookie, also)

    gateway, bare, nginx = world.gateway, world.bare, world.nginx
    accepted = [
        cell("bare pingora", bare, "/paket/ukur", owner),
        cell("gerbang, page", gateway, "/paket/ukur", owner),
        cell("gerbang, data", gateway, "/dt/paket-ppk", owner),
        cell("gerbang, page, cookie renewed", gateway, "/paket/ukurbaru", owner),
        cell("nginx + auth_request", nginx, "/paket/ukur", check, [world.check]),
        cell("nginx, no check", nginx, "/paket/ukurbaru", check),
    ]
    anonymous = [
        cell("bare pingora", bare, "/lelang", visitor),
        cell("gerbang, stamped cookie", gateway, "/lelang", visitor),
        cell("bare pingora, no cookie", bare, "/lelang"),
        cell("gerbang, no cookie", gateway, "/lelang"),
        cell("gerbang, stamped cookie, renewed", gateway, "/nontender", visitor),
    ]
    for name, suite in (("accepted", accepted), ("anonymous", anonymous)):
        print(f"{name}:")
        cells.run(suite, rounds, world, HEADERS)
        print(results.table(suite), flush=True)
    return accepted, anonymous


def idle(world, cookie):
    path = f"{CONTEXT}/paket/ukur"
    found = {}
    for server in (world.gateway, world.bare):
        found[server.name] = memory.idle(server, IDLE_CONNECTIONS, path, cookie, HEADERS)
        print(f"  {server.name}: PSS in KiB before, idle, after: {found[server.name]}", flush=True)
    return found


def durable(world):
    port = world.gateway.port
    phones = asyncio.run(logins.activate_all(port, LOGINS_PER_SECOND * LOGIN_SECONDS))
    begun = world.gateway.cpu_seconds()
    passwords, codes, took = asyncio.run(logins.paced(port, phones, LOGINS_PER_SECOND))
    cpu = (world.gateway.cpu_seconds() - begun) / len(phones) * 1e3
    fsyncs = logins.fsyncs(world.folder)
    found = {"passwords": passwords, "codes": codes, "took": took, "fsyncs": fsyncs, "cpu": cpu}
    for name in ("passwords", "codes", "fsyncs"):
        times = [f"{logins.share(found[name], part):.1f}" for part in (0.5, 0.99, 1)]
        print(f"  {name}: p50, p99, max ms: {', '.join(times)}", flush=True)
    print(f"  {len(codes)} logins in {took:.1f} s, {cpu:.1f} ms CPU each", flush=True)
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs")
    parser.add_argument("folder")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", choices=["speed", "memory", "logins"])
    wish = parser.parse_args()
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        raise SystemExit("bench: two CPUs are needed: one for the proxies, one for the rest")
    os.sched_setaffinity(0, {cpus[1]})
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    load_before = os.getloadavg()[0]
    write_pages(wish.folder)
    people = LOGINS_PER_SECOND * LOGIN_SECONDS + 1
    world = World(wish.programs, os.path.abspath(wish.folder), people, cpus[0], cpus[1])
    try:
        parts = [wish.only] if wish.only else ["logins", "speed", "memory"]
        found = {}
        owner = asyncio.run(accepted_cookie(world.gateway.port))
        measures = {"logins": lambda: durable(world),
                    "speed": lambda: speed(world, wish.rounds, owner),
                    "memory": lambda: idle(world, owner)}
        for part in parts:
            print(f"{part} ...", flush=True)
            found[part] = measures[part]()
    finally:
        world.stop()
    if not wish.only:
        text = results.page(found, wish.rounds, load_before, wish.folder)
        with open(os.path.join(os.path.dirname(__file__), "RESULTS.md"), "w") as file:
            file.write(text)
        print(results.verdicts(found))
        print("written: tests/bench/RESULTS.md")


if __name__ == "__main__":
    main()
