#!/usr/bin/python3
"""A push service for the tests (RFC 8030), and the browser behind it: it holds the browser's keys, so it
reads what it is sent, with OpenSSL's cryptography instead of the gateway's.

Behaviour stands in the path: /gone 410, /missing 404, /busy 429 with a reason, /hang answers nothing, /moved
302 to /other, /early 103 before its 201, anything else 201. A message of the wrong shape or key is answered with 400 and why.

What it takes is written to DIR/NNN.json: path, headers, what the token claims, what the message says.
"""
import argparse
import base64
import http.server
import json
import pathlib
import ssl
import sys
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, required=True)
arguments.add_argument("--dir", type=pathlib.Path, required=True)
arguments.add_argument("--certificate", required=True)
arguments.add_argument("--key", required=True)
options = arguments.parse_args()

CURVE = ec.SECP256R1()
private = ec.generate_private_key(CURVE)
auth = b"0123456789abcdef"


def text(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(said):
    return base64.b64decode(said + "=" * (-len(said) % 4), altchars=b"-_", validate=True)


def point(key):
    form = serialization.PublicFormat.UncompressedPoint
    return key.public_bytes(serialization.Encoding.X962, form)


def derived(salt, secret, info, length):
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def opened(body):
    """RFC 8188 section 2 and RFC 8291 section 3.4, from the receiver's side."""
    salt, size, named = body[:16], int.from_bytes(body[16:20], "big"), body[20]
    theirs, record = body[21 : 21 + named], body[21 + named :]
    assert named == 65, f"the key has {named} bytes"
    assert 18 <= len(record) <= size <= 4096, f"{len(record)} bytes in records of {size}"
    peer = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, theirs)
    info = b"WebPush: info\0" + point(private.public_key()) + theirs
    shared = derived(auth, private.exchange(ec.ECDH(), peer), info, 32)
    key = derived(salt, shared, b"Content-Encoding: aes128gcm\0", 16)
    nonce = derived(salt, shared, b"Content-Encoding: nonce\0", 12)
    plain = AESGCM(key).decrypt(nonce, record, None).rstrip(b"\0")
    assert plain.endswith(b"\2"), "not the last record"
    return json.loads(plain[:-1])


def claimed(header):
    """RFC 8292 sections 2 and 3."""
    scheme, _, rest = header.partition(" ")
    assert scheme == "vapid", header
    fields = dict(part.strip().split("=", 1) for part in rest.split(","))
    head, claims, signature = fields["t"].split(".")
    assert json.loads(raw(head)) == {"typ": "JWT", "alg": "ES256"}
    signed = raw(signature)
    assert len(signed) == 64, f"{len(signed)} bytes of signature"
    r, s = (int.from_bytes(part, "big") for part in (signed[:32], signed[32:]))
    key = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, raw(fields["k"]))
    told = f"{head}.{claims}".encode()
    key.verify(utils.encode_dss_signature(r, s), told, ec.ECDSA(hashes.SHA256()))
    return fields["k"], json.loads(raw(claims))


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    taken = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            key, claims = claimed(self.headers["Authorization"])
            seen = {
                "path": self.path,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "bytes": len(body),
                "key": key,
                "claims": claims,
                "message": opened(body),
            }
            # As Apple does: a topic is decoded (RFC 8030 section 5.4).
            raw(self.headers["Topic"])
        except (AssertionError, InvalidSignature, KeyError, ValueError) as why:
            return self.answer(400, str(why) or repr(why))
        # Written whole, or not at all.
        Service.taken += 1
        name = options.dir / f"{Service.taken:03}.json"
        name.with_suffix(".part").write_text(json.dumps(seen))
        name.with_suffix(".part").rename(name)
        if self.path == "/hang":
            time.sleep(60)
        if self.path == "/early":
            # An interim answer (RFC 8297).
            self.wfile.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        told = {"/gone": 410, "/missing": 404, "/busy": 429, "/moved": 302}
        self.answer(told.get(self.path, 201), {"/busy": "Slow\ndown"}.get(self.path, ""))

    def answer(self, status, why):
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/other")
        self.send_header("Content-Length", str(len(why.encode())))
        self.end_headers()
        self.wfile.write(why.encode())
        if why:
            print(why, file=sys.stderr, flush=True)


server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Service)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(options.certificate, options.key)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(json.dumps({"key": text(point(private.public_key())), "auth": text(auth)}), flush=True)
server.serve_forever()
