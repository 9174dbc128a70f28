"""A district's own system that takes webhooks: checks signatures with a library, or OpenSSL, that nobody here wrote."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from http_message_signatures.algorithms import HMAC_SHA256  # pyright: ignore[reportPrivateImportUsage] - its public name
from http_message_signatures.exceptions import HTTPMessageSignaturesException
from http_message_signatures.resolvers import HTTPSignatureKeyResolver
from http_message_signatures.signatures import HTTPMessageVerifier

from tests.support.certificates import Pair
from tests.support.deliveries import openssl_mac

SECRET = "a secret that both sides know"
_COVERED = ("@method", "@target-uri", "idempotency-key", "content-digest")


@dataclass(frozen=True, slots=True)
class Heard:
    """A request whose signature, digest, time and nonce were right."""

    method: str
    path: str
    key: str
    body: bytes
    media_type: str

    @property
    def told(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def event(self) -> str:
        return self.told["event"]["code"]


@dataclass(frozen=True, slots=True)
class _Message:
    method: str
    url: str
    headers: Mapping[str, str]


class _Secrets(HTTPSignatureKeyResolver):
    def resolve_private_key(self, key_id: str) -> bytes:
        raise AssertionError("nothing is signed here")

    def resolve_public_key(self, key_id: str) -> bytes:
        assert key_id == "district"
        return SECRET.encode()


@dataclass
class Hook:
    """Listens on loopback. `faults` holds what the next requests meet, one each: a status, `cut` (kept, and the line is
    cut before the answer), `hang` (kept; the line is cut after `release`), `wait` (two of them
    and the test meet at `both`), `trickle`, `moved` (307 to `elsewhere`), `page` (200, and not kept)."""

    sm3: bool = False
    pair: Pair | None = None
    elsewhere: str = ""
    faults: deque[int | str] = field(default_factory=deque[int | str])
    headers: dict[str, str] = field(default_factory=dict[str, str])
    heard: list[Heard] = field(default_factory=list[Heard])
    refused: list[str] = field(default_factory=list[str])
    answer: dict[str, Any] = field(default_factory=dict[str, Any])
    release: threading.Event = field(default_factory=threading.Event)
    hanging: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Event = field(default_factory=threading.Event)
    both: threading.Barrier = field(default_factory=lambda: threading.Barrier(3))
    port: int = 0

    @property
    def url(self) -> str:
        return f"{'http' if self.pair is None else 'https'}://127.0.0.1:{self.port}/hook"

    def told(self) -> list[Heard]:
        """What was told, each key once."""
        return list({one.key: one for one in self.heard if one.method == "POST"}.values())

    def __enter__(self) -> Hook:
        hook = self

        class Handler(_Handler):
            owner = hook

        self._nonces: set[str] = set()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        if self.pair is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.pair.certificate, self.pair.key)
            # The handshake is the connection's own affair, not the listener's.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, trouble: BaseException | None, at: TracebackType | None
    ) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def wrong(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> str | None:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        if headers.get("content-digest") != f"sha-256=:{digest}:":
            return "digest"
        url = f"{self.url.removesuffix('/hook')}{path}"
        if self.sm3:
            parameters = headers["signature-input"].removeprefix("kiosk=")
            values = {"@method": method, "@target-uri": url, **headers}
            lines = [*(f'"{name}": {values[name]}' for name in _COVERED), f'"@signature-params": {parameters}']
            mac = base64.b64encode(bytes.fromhex(openssl_mac("sm3", SECRET, "\n".join(lines).encode()))).decode()
            if headers["signature"] != f"kiosk=:{mac}:" or not parameters.startswith(
                '("' + '" "'.join(_COVERED) + '");'
            ):
                return "signature"
            created, nonce = re.findall(r';created=(\d+);nonce="([^"]+)"', parameters)[0]
        else:
            verifier = HTTPMessageVerifier(signature_algorithm=HMAC_SHA256, key_resolver=_Secrets())
            try:
                (result,) = verifier.verify(  # pyright: ignore[reportUnknownMemberType] - its message is untyped
                    _Message(method, url, headers), max_age=None, require_components=_COVERED
                )
            except HTTPMessageSignaturesException:
                return "signature"
            created, nonce = str(result.parameters["created"]), str(result.parameters["nonce"])
        if abs(int(created) - time.time()) > 300:
            return "time"
        with self._lock:
            used = nonce in self._nonces
            self._nonces.add(nonce)
        return "nonce" if used else None


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Who does not like our certificate, or hangs up, is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: Hook

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        hook = self.owner
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        wrong = hook.wrong(self.command, self.path, headers, body)
        if wrong is not None:
            hook.refused.append(wrong)
            return self._send(401)
        fault = hook.faults.popleft() if hook.faults else 200
        if fault == "moved":
            hook.headers = {"Location": hook.elsewhere}
            return self._send(307)
        if fault == "page":
            return self._send(200, b"\xef\xbb\xbf\r\n<html>sign in</html>")
        if isinstance(fault, int) and fault >= 300:
            return self._send(fault)
        key = headers["idempotency-key"].strip('"')
        hook.heard.append(Heard(self.command, self.path, key, body, headers["content-type"]))
        hook.arrived.set()
        if fault == "hang":
            hook.hanging.set()
            hook.release.wait(30)
        if fault == "wait":
            hook.both.wait(60)
        if fault == "trickle":
            return self._trickle()
        if fault in ("cut", "hang"):
            self.close_connection = True
            return None
        return self._send(200)

    do_PUT = do_POST

    def _trickle(self) -> None:
        """A byte of a header now and then, for as long as somebody listens."""
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not self.owner.release.wait(0.05):
                self.wfile.write(b"x")
        except OSError:
            pass
        self.close_connection = True

    def _send(self, status: int, page: bytes = b"") -> None:
        content = page or json.dumps(self.owner.answer).encode()
        self.send_response(status)
        for name, value in {**self.owner.headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
