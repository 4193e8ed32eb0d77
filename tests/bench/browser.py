"""A browser of sorts: a cookie jar and forms over one kept connection; and an authenticator."""

import asyncio
import base64
import hashlib
import hmac
import html
import re
import struct
import time
from urllib.parse import urlencode

CONTEXT = "/eproc4"
STEP_SECONDS = 30
# What a browser sends with every page that it asks for.
HEADERS = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept: text/html,application/xhtml+xml,*/*;q=0.8",
    "Accept-Language: id,en;q=0.5",
    "Accept-Encoding: gzip, deflate",
)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        return next((value for key, value in self.headers if key == name), "")

    def text(self):
        return self.body.decode("utf-8", "replace")

    def hidden(self, name):
        """The value of a hidden field."""
        for field in re.findall(r"<input[^>]*>", self.text()):
            if re.search(rf'name="{name}"', field):
                return html.unescape(re.search(r'value="([^"]*)"', field)[1])
        raise SystemExit(f"bench: no field {name} on a page with status {self.status}")


class Browser:
    def __init__(self, port):
        self.port, self.jar = port, {}
        self.reader = self.writer = None

    def cookie_line(self):
        return "; ".join(f"{name}={value}" for name, value in self.jar.items())

    async def get(self, path):
        return await self._ask("GET", path, None)

    async def post(self, path, **fields):
        return await self._ask("POST", path, urlencode(fields).encode())

    async def close(self):
        if self.writer:
            self.writer.close()
            self.reader = self.writer = None

    async def _ask(self, method, path, body):
        if not self.writer:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", *HEADERS]
        if self.jar:
            lines.append(f"Cookie: {self.cookie_line()}")
        if body is not None:
            lines += ["Content-Type: application/x-www-form-urlencoded",
                      f"Content-Length: {len(body)}"]
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))
        answer = await self._answer()
        self._keep_cookies(answer)
        if answer.header("connection").lower() == "close":
            await self.close()
        return answer

    async def _answer(self):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = [(line.split(":", 1)[0].lower(), line.split(":", 1)[1].strip())
                   for line in head[1:] if line]
        answer = Answer(int(head[0].split()[1]), headers, b"")
        if answer.header("transfer-encoding") == "chunked":
            while size := int(await self.reader.readline(), 16):
                answer.body += (await self.reader.readexactly(size + 2))[:-2]
            await self.reader.readline()
        elif length := int(answer.header("content-length") or 0):
            answer.body = await self.reader.readexactly(length)
        return answer

    def _keep_cookies(self, answer):
        for value in (value for key, value in answer.headers if key == "set-cookie"):
            pair, _, attributes = value.partition(";")
            name, _, content = pair.partition("=")
            if not content or re.search(r"max-age=0(;|$)", attributes, re.I):
                self.jar.pop(name, None)
            else:
                self.jar[name] = content


class Phone:
    """An authenticator app (RFC 6238). It never shows a code twice: the gateway takes the next one
    as well."""

    def __init__(self, key):
        self.key, self.used = base64.b32decode(key + "=" * (-len(key) % 8)), 0

    def code(self):
        self.used = max(int(time.time()) // STEP_SECONDS, self.used + 1)
        mac = hmac.new(self.key, struct.pack(">Q", self.used), hashlib.sha1).digest()
        at = mac[-1] & 15
        return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 10**6:06}"


def expect(answer, status, what):
    if answer.status != status:
        raise SystemExit(f"bench: {what} was answered {answer.status}, not {status}")
    return answer


async def password(browser, user):
    """The login of 4.4 up to the answer to the password, and how long that took in seconds."""
    form = await browser.get(f"{CONTEXT}/login?tipe=nonpenyedia")
    token = expect(form, 200, "the login").hidden("authenticityToken")
    answer = await browser.post(f"{CONTEXT}/login", authenticityToken=token, tipe="nonpenyedia",
                                txtUserId=user)
    form = await browser.get(re.sub(r"^https?://[^/]*", "", answer.header("location")))
    token = expect(form, 200, "the user id").hidden("authenticityToken")
    begun = time.perf_counter()
    answer = await browser.post(f"{CONTEXT}/loginpass", authenticityToken=token,
                                txtPassword=f"Rahasia-{user}")
    return expect(answer, 303, "the password"), time.perf_counter() - begun


async def activate(browser, user):
    """A first login. The browser is accepted then."""
    answer, _ = await password(browser, user)
    page = expect(await browser.get(answer.header("location")), 200, "the activation")
    address = html.unescape(re.search(r'href="(otpauth://totp/[^"]*)"', page.text())[1])
    phone = Phone(re.search(r"secret=([A-Z2-7]+)", address)[1])
    done = await browser.post(f"{CONTEXT}/gerbang/activation", r=page.hidden("r"),
                              csrf=page.hidden("csrf"), code=phone.code())
    expect(done, 200, "the activation's code")
    return phone


async def login(browser, user, phone):
    """A later login: seconds that the answers to the password and to the code took."""
    answer, password_seconds = await password(browser, user)
    page = expect(await browser.get(answer.header("location")), 200, "the acceptor")
    fields = {"r": page.hidden("r"), "csrf": page.hidden("csrf"), "code": phone.code()}
    begun = time.perf_counter()
    done = await browser.post(f"{CONTEXT}/gerbang/acceptor", **fields)
    code_seconds = time.perf_counter() - begun
    expect(done, 303, "the code")
    return password_seconds, code_seconds
