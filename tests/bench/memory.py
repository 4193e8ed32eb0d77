"""Idle keep-alive connections, each after one request."""

import resource
import socket
import time

SETTLE_SECONDS = 2


def open_and_ask(port, path, cookie, headers):
    stream = socket.create_connection(("127.0.0.1", port), 10)
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *headers, f"Cookie: {cookie}"]
    stream.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
    got = b""
    while b"\r\n\r\n" not in got or len(got.split(b"\r\n\r\n", 1)[1]) < 1024:
        piece = stream.recv(65536)
        if not piece:
            raise SystemExit("bench: a connection was closed that was to be kept")
        got += piece
    if not got.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"bench: {got[:40]!r} instead of a page")
    return stream


def idle(server, count, path, cookie, headers):
    """PSS in KiB before, with `count` idle connections, and behind them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count + 100:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 1000), hard))
    before = server.pss_kib()
    kept = [open_and_ask(server.port, path, cookie, headers) for _ in range(count)]
    time.sleep(SETTLE_SECONDS)
    held = server.pss_kib()
    for stream in kept:
        # Still open: an idle one has nothing to read.
        stream.setblocking(False)
        try:
            raise SystemExit(f"bench: an idle connection said {stream.recv(1)!r}")
        except BlockingIOError:
            stream.close()
    time.sleep(SETTLE_SECONDS)
    return before, held, server.pss_kib()
