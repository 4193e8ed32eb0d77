"""Everything that runs while it is measured: started here, on free loopback ports, ended by its own
process id."""

import os
import signal
import socket
import subprocess
import time

START_SECONDS = 30
STOP_SECONDS = 10
# Debian keeps nginx where only root looks.
PATH = os.environ["PATH"] + ":/usr/local/sbin:/usr/sbin:/sbin"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pinned(cpu):
    """For a child: only this CPU."""
    return lambda: os.sched_setaffinity(0, {cpu})


class Server:
    """A program that listens on a port."""

    def __init__(self, name, port, command, cpu, folder):
        self.name, self.port = name, port
        self.log = os.path.join(folder, f"{name}.log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=pinned(cpu), env={**os.environ, "PATH": PATH})
        self._wait_until_it_listens()

    def _wait_until_it_listens(self):
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        words = open(self.log, errors="replace").read()[-2000:]
        self.stop()
        raise SystemExit(f"bench: {self.name} does not listen; its last words:\n{words}")

    def pids(self):
        """Its own and those of its workers."""
        found, children = [self.process.pid], {}
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/stat") as stat:
                    parent = int(stat.read().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry))
        for pid in found:
            found += children.get(pid, [])
        return found

    def cpu_seconds(self):
        """User and system time of all its processes."""
        ticks = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def pss_kib(self):
        """Memory, shared pages counted by their share."""
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/smaps_rollup") as rollup:
                total += sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
        return total

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


NGINX = """
worker_processes 1; daemon off; {user} pid {folder}/{name}.pid; error_log stderr crit;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
  access_log off; tcp_nodelay on; keepalive_timeout 300; keepalive_requests 100000000;
  client_body_temp_path {folder}/{name}-body; proxy_temp_path {folder}/{name}-proxy;
  fastcgi_temp_path {folder}/{name}-f; uwsgi_temp_path {folder}/{name}-u;
  scgi_temp_path {folder}/{name}-s;
{body}
}}
"""

# In front of the stand-in, so that a login is a real one: answers the measured addresses itself and
# passes all else on. `renewed` has another expiry in the session cookie, as every dynamic answer of
# Play has.
ORIGIN = """
  sendfile on; tcp_nopush on;
  open_file_cache max=100 inactive=600s; open_file_cache_valid 600s;
  upstream standin {{ server 127.0.0.1:{standin}; keepalive 64; }}
  map $cookie_SPSE_SESSION $renewed {{
    default "";
    "~^(?<head>.*___TS(%3A|=|:)\\d+)7(?<tail>(\\D.*)?)$" "SPSE_SESSION=${{head}}8$tail; Path=/; HttpOnly";
    "~^(?<head>.*___TS(%3A|=|:)\\d+)\\d(?<tail>(\\D.*)?)$" "SPSE_SESSION=${{head}}7$tail; Path=/; HttpOnly";
  }}
  server {{
    listen 127.0.0.1:{port} backlog=8192;
    types {{ }} default_type "text/html; charset=utf-8";
    location = /eproc4/paket/ukur {{ alias {folder}/private.html; }}
    location = /eproc4/paket/ukurbaru {{ alias {folder}/private.html; add_header Set-Cookie $renewed; }}
    location = /eproc4/dt/paket-ppk {{ alias {folder}/data.json; default_type application/json; }}
    location = /eproc4/lelang {{ alias {folder}/public.html; }}
    location = /eproc4/nontender {{ alias {folder}/public.html; add_header Set-Cookie $renewed; }}
    location = /connections {{ stub_status; }}
    location / {{
      proxy_pass http://standin; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_set_header Host $http_host;
    }}
  }}
"""

# A location that sets any header inherits none: `Connection ""` stands in each, or each of its
# requests would open a connection of its own.
PEER = """
  upstream origin {{ server 127.0.0.1:{origin}; keepalive 512; keepalive_requests 100000000; }}
  upstream check {{ server 127.0.0.1:{check}; keepalive 512; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=8192;
    location / {{
      proxy_pass http://origin; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_set_header Host $http_host;
    }}
    location = /eproc4/paket/ukur {{
      auth_request /_check;
      proxy_pass http://origin; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_set_header Host $http_host;
    }}
    location = /_check {{
      internal;
      proxy_pass http://check/check; proxy_http_version 1.1; proxy_pass_request_body off;
      proxy_set_header Connection ""; proxy_set_header Host $http_host;
      proxy_set_header Content-Length "";
    }}
  }}
"""

GATEWAY = """
[site]
name = "Bench"
[upstream]
url = "http://127.0.0.1:{origin}"
[listen]
address = "127.0.0.1:{port}"
threads = 1
connections_max = 20000
keepalive_requests_max = 1000000
keepalive_seconds = 300
grace_seconds = 1
shutdown_seconds = 5
[state]
dir = "{folder}/state"
[login]
waiting_seconds = 600
"""


def nginx(name, body, cpu, folder, port, **ports):
    # The worker of a master that root started is somebody else, who cannot read the folder.
    user = "user root;" if os.geteuid() == 0 else ""
    text = NGINX.format(name=name, folder=folder, user=user,
                        body=body.format(folder=folder, port=port, **ports))
    path = os.path.join(folder, f"{name}.conf")
    with open(path, "w") as conf:
        conf.write(text)
    return Server(name, port, ["nginx", "-e", "stderr", "-c", path], cpu, folder)


class World:
    """All of them, proxies on one CPU, what is behind and in front of them on the other."""

    def __init__(self, programs, folder, people, proxy_cpu, other_cpu):
        self.servers = []
        self.folder, self.proxy_cpu, self.other_cpu = folder, proxy_cpu, other_cpu
        try:
            self._start(programs, people)
        except BaseException:
            self.stop()
            raise

    def _start(self, programs, people):
        def add(name, command, cpu):
            port = free_port()
            words = [word.format(port=port) for word in command]
            return self._keep(Server(name, port, words, cpu, self.folder))

        address = "127.0.0.1:{port}"
        self.standin = add("standin", [
            os.path.join(programs, "spse-standin"), "--listen", address, "--crowd", str(people)],
            self.other_cpu)
        self.origin = self._keep(nginx("origin", ORIGIN, self.other_cpu, self.folder, free_port(),
                                       standin=self.standin.port))
        peers = os.path.join(programs, "bench-peers")
        self.bare = add("bare", [peers, "bare", "--listen", address, "--upstream",
                                 f"127.0.0.1:{self.origin.port}"], self.proxy_cpu)
        self.check = add("check", [peers, "check", "--listen", address], self.proxy_cpu)
        self.nginx = self._keep(nginx("nginx", PEER, self.proxy_cpu, self.folder, free_port(),
                                      origin=self.origin.port, check=self.check.port))
        port = free_port()
        config = os.path.join(self.folder, "gerbang.toml")
        with open(config, "w") as text:
            text.write(GATEWAY.format(port=port, origin=self.origin.port, folder=self.folder))
        gerbang = os.path.join(programs, "gerbang")
        self.gateway = self._keep(Server("gateway", port, [gerbang, "serve", "--config", config],
                                         self.proxy_cpu, self.folder))

    def _keep(self, server):
        self.servers.append(server)
        return server

    def stop(self):
        for server in reversed(self.servers):
            server.stop()
