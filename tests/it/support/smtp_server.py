#!/usr/bin/python3
"""A real SMTP server (aiosmtpd) for the tests; how it behaves stands in the recipient's name.

    later@  451 at RCPT, always            spam@  554 behind DATA
    never@  550 at RCPT                    busy@  452 behind DATA
    grey@   450 at RCPT twice, then taken  drop@  closes in the middle of DATA, twice, then taken
    hang@   says nothing at RCPT, twice, then taken

What it takes is written to DIR/NNN.eml with the envelope in its first lines (X-From, X-To).
"""
import argparse
import asyncio
import collections
import pathlib
import ssl

from aiosmtpd.smtp import SMTP, AuthResult

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, required=True)
arguments.add_argument("--dir", type=pathlib.Path, required=True)
arguments.add_argument("--security", choices=["none", "starttls", "tls"], default="none")
arguments.add_argument("--certificate")
arguments.add_argument("--key")
arguments.add_argument("--user")
arguments.add_argument("--password")
arguments.add_argument("--sender", help="the only sender that is taken")
options = arguments.parse_args()

seen = collections.Counter()
# Goes on where the one before it ended.
taken = len(list(options.dir.glob("*.eml")))


class Behaviour:
    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        if options.sender and address != options.sender:
            return "550 5.7.1 sender not allowed"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        how = address.split("@")[0].rstrip("0123456789")
        seen[address] += 1
        if how == "later":
            return "451 4.3.0 try again later"
        if how == "never":
            return "550 5.1.1 no such user " + address
        if how == "grey" and seen[address] <= 2:
            return "450 4.2.0 greylisted"
        if how == "hang" and seen[address] <= 2:
            await asyncio.sleep(3600)
        if how == "drop" and seen[address] <= 2:
            asyncio.get_running_loop().call_later(0.2, server.transport.abort)
            envelope.rcpt_tos.append(address)
            envelope.dropped = True
            return "250 OK"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        global taken
        how = envelope.rcpt_tos[0].split("@")[0].rstrip("0123456789")
        if getattr(envelope, "dropped", False):
            server.transport.abort()
            return "451 4.3.0 gone"
        if how == "spam":
            return "554 5.7.1 looks like spam"
        if how == "busy":
            return "452 4.3.1 mailbox is full"
        taken += 1
        head = f"X-From: {envelope.mail_from}\r\nX-To: {','.join(envelope.rcpt_tos)}\r\n"
        part = options.dir / f"{taken:03}.part"
        part.write_bytes(head.encode() + envelope.content)
        part.rename(options.dir / f"{taken:03}.eml")
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    good = data.login.decode() == options.user and data.password.decode() == options.password
    return AuthResult(success=good, handled=good)


async def main():
    context = None
    if options.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate, options.key)
    starttls = options.security == "starttls"

    def session():
        return SMTP(
            Behaviour(),
            hostname="mail.test",
            tls_context=context if starttls else None,
            require_starttls=starttls,
            authenticator=authenticate if options.user else None,
            auth_required=bool(options.user),
            auth_require_tls=options.security == "starttls",
        )

    loop = asyncio.get_running_loop()
    at_once = context if options.security == "tls" else None
    server = await loop.create_server(session, "127.0.0.1", options.port, ssl=at_once)
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main())
