"""Our platform behind a layer that breaks one rule: what the conformance kit must find.

The layer knows the terminals' private keys, so it can let through what the platform behind it would refuse: it signs
anew. It takes whole requests, and says for itself what becomes of one that broke off.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from pathlib import Path
from typing import Any, cast

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from district.app import Settings, create_app
from district.check.enrolment import enrol, new_keys
from district.check.forms import digest_of
from district.check.terminals import Terminal
from district.check.visit import Visit
from district.store import DistrictStore
from district.tables import LEASES, REFUSALS
from offline_queue.numbers import key_id
from offline_queue.signing import RequestSigner, signature_base
from tests.support.check_rig import Cast, publish

Scope = dict[str, Any]
Item = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def _object(content: bytes) -> Item:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return cast("Item", found) if isinstance(found, dict) else {}


def _objects(found: object) -> list[Item]:
    listed = cast("list[object]", found) if isinstance(found, list) else []
    objects = [cast("Item", one) for one in listed if isinstance(one, dict)]
    return objects if len(objects) == len(listed) else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request that came whole; names of `fields` in lower case."""

    method: str
    path: str
    query: str
    fields: Mapping[str, str]
    body: bytes
    scope: Scope

    @property
    def signer(self) -> str | None:
        """The key id that its signature names."""
        found = re.search(r'keyid="([A-Za-z0-9_-]{8})"', self.fields.get("signature-input", ""))
        return None if found is None else found[1]

    @property
    def created(self) -> int | None:
        found = re.search(r";created=([0-9]{1,12})", self.fields.get("signature-input", ""))
        return None if found is None else int(found[1])

    @property
    def json(self) -> Item:
        """Empty for what is no object."""
        return _object(self.body)

    @property
    def items(self) -> list[Item]:
        """Of a batch; empty for what is none."""
        found = self.json.get("submissions")
        return _objects(found) if self.goes_to("POST", "submissions") else []

    @property
    def uid(self) -> str:
        """The last part of the address of a submission or an attachment."""
        return self.path.split("/")[3] if self.path.count("/") > 2 else ""

    def goes_to(self, method: str, place: str) -> bool:
        """Whether it is of this method and under /v1/<place>."""
        return self.method == method and self.path.startswith(f"/v1/{place}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer; names of `fields` in lower case."""

    status: int
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""

    @property
    def json(self) -> Item:
        """Empty for what is no object."""
        return _object(self.body)

    @property
    def kind(self) -> str:
        return str(self.json.get("type", "")).rpartition(":")[2]

    def saying(self, **members: Any) -> Told:
        """The same with other members."""
        return replace(self, body=json.dumps({**self.json, **members}).encode())

    def having(self, **fields: str | None) -> Told:
        """The same with other fields; None leaves one away."""
        changed = {**self.fields, **{name.replace("_", "-"): value for name, value in fields.items()}}
        return replace(self, fields={name: value for name, value in changed.items() if value is not None})


def told(status: int, kind: str = "http") -> Told:
    """A problem."""
    body = json.dumps({"type": f"urn:township-kiosk:problem:{kind}", "status": status}).encode()
    return Told(status=status, fields={"content-type": "application/problem+json"}, body=body)


def said(status: int, **members: Any) -> Told:
    return Told(status=status, fields={"content-type": "application/json"}, body=json.dumps(members).encode())


class Behind:
    """The honest platform, and the keys to speak to it in every terminal's name. `kept` is a mutant's own memory."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._keys: dict[str, tuple[str, Ed25519PrivateKey]] = {}
        self.kept: dict[str, Any] = {}
        self.first = ""

    def plays(self, company: Cast) -> None:
        """Forget all and know these terminals, the first of them by its key's id."""
        self.kept = {}
        self.first = company.own.key_id
        for one in (company.own, company.other, company.retiring):
            self.knows(one)

    def knows(self, one: Terminal) -> None:
        self._keys[key_id(one.key.public_key().public_bytes_raw())] = (one.code, one.key)

    def code(self, key: str | None) -> str | None:
        return self._keys[key][0] if key in self._keys else None

    @property
    def all(self) -> list[str]:
        return list(self._keys)

    async def __call__(self, ask: Ask) -> Told:
        """As it came."""
        scope = {
            **ask.scope,
            "method": ask.method,
            "path": ask.path,
            "raw_path": ask.scope["raw_path"] if ask.path == ask.scope["path"] else ask.path.encode(),
            "query_string": ask.query.encode(),
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in ask.fields.items()],
        }
        parts = iter([{"type": "http.request", "body": ask.body, "more_body": False}])
        status, content = 0, bytearray()
        fields: dict[str, str] = {}

        async def receive() -> dict[str, Any]:
            return next(parts, {"type": "http.disconnect"})

        async def send(message: dict[str, Any]) -> None:
            nonlocal status, fields
            if message["type"] == "http.response.start":
                status = message["status"]
                fields = {name.decode(): value.decode() for name, value in message.get("headers", [])}
            else:
                content.extend(message.get("body", b""))

        await self._app(scope, receive, send)
        fields.pop("content-length", None)
        return Told(status=status, fields=fields, body=bytes(content))

    async def signed(self, ask: Ask, by: str | None = None, **fields: str | None) -> Told:
        """Signed anew by a key that is known (else as it came), with other `fields`; a body has its right digest."""
        key = by or ask.signer
        if key not in self._keys:
            return await self(ask)
        changed = {**ask.fields, **{name.replace("_", "-"): value for name, value in fields.items()}}
        for name in ("signature", "signature-input"):
            changed.pop(name, None)
        if ask.method in ("PUT", "POST", "PATCH"):
            changed["content-digest"] = digest_of(ask.body)
            changed["content-length"] = str(len(ask.body))
        sent = {name: value for name, value in changed.items() if value is not None}
        path = ask.scope["raw_path"].decode() if ask.path == ask.scope["path"] else ask.path
        uri = f"http://{sent['host']}{path}" + (f"?{ask.query}" if ask.query else "")
        named = {name.title(): value for name, value in sent.items()}
        made = RequestSigner(self._keys[key][1]).fields(ask.method, uri, named)
        return await self(replace(ask, fields={**sent, **{name.lower(): value for name, value in made.items()}}))

    def signature(self, ask: Ask) -> str:
        """What the terminal that is named would have signed this with, in base64; empty where none is named."""
        told = re.fullmatch(r"kiosk=(\(([ -(*-~]*)\)[ -~]*)", ask.fields.get("signature-input", ""))
        if told is None or ask.signer not in self._keys:
            return ""
        uri = f"http://{ask.fields['host']}{ask.scope['raw_path'].decode()}"
        known = {"@method": ask.method, "@target-uri": uri, **ask.fields}
        components = [(name, known.get(name, "")) for name in told[2].replace('"', "").split()]
        return base64.b64encode(self._keys[ask.signer][1].sign(signature_base(components, told[1]))).decode()

    async def rewritten(self, ask: Ask, content: Any, **fields: str | None) -> Told:
        """With another body, signed anew."""
        return await self.signed(replace(ask, body=json.dumps(content).encode()), **fields)


Mutant = Callable[[Ask, Behind], Awaitable[Told]]


async def honest(ask: Ask, behind: Behind) -> Told:
    return await behind(ask)


class Layer:
    """The ASGI application: `mutant` says what becomes of each request."""

    def __init__(self, app: Any) -> None:
        self.behind = Behind(app)
        self.mutant: Mutant = honest
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        content, whole = bytearray(), False
        broken, name = self.behind.kept.setdefault("broken", {}), scope["path"].rpartition("/")[2]
        known = set(broken)
        while not whole:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            content.extend(message.get("body", b""))
            whole = not message.get("more_body", False)
            if not whole:
                broken[name] = len(content)
        if content and broken.get(name) is not None and name not in known:
            broken.pop(name)  # it was slow, and came whole
        ask = Ask(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            fields={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            body=bytes(content),
            scope=scope,
        )
        answer = (await self.mutant(ask, self.behind)).having(server=None)
        fields = {"date": formatdate(usegmt=True), **answer.fields}
        if ask.method != "HEAD" and answer.status not in (204, 304):
            fields["content-length"] = str(len(answer.body))
        headers = [(name.encode(), value.encode("latin-1")) for name, value in fields.items() if value != "-"]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if ask.method == "HEAD" else answer.body})


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._ready.set()


@dataclass(frozen=True, slots=True)
class Stage:
    """A running layer, at `url`; `enters` registers a cast and forgets what was."""

    url: str
    layer: Layer
    store: DistrictStore

    def visit(self, company: Cast, mutant: Mutant) -> Visit:
        """A visit of this company, whose first terminal has just enrolled; what was before is forgotten."""
        with self.store.engine.begin() as connection:
            connection.execute(REFUSALS.delete())
            connection.execute(LEASES.delete())
        company.register_in(self.store)
        self.layer.behind.plays(company)
        self.layer.mutant = mutant
        visit = company.visit(self.url)
        asks = replace(new_keys(company.code(self.store)), key=company.own.key)
        visit.enrolled = asks, enrol(visit.door, asks.body())
        return visit


@contextmanager
def stage(folder: Path, authority: Path, tls: ssl.SSLContext | None = None) -> Generator[Stage]:
    """A platform in a thread; with `tls` over that."""
    settings = Settings(
        database=f"sqlite:///{folder / 'd.db'}", papers=folder / "papers", signatures=True, authority=authority
    )
    layer, ready = Layer(create_app(settings, staff=False)), threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    # The server's own Date is off, so that a mutant can do without.
    config = uvicorn.Config(
        layer,
        log_config=None,
        access_log=False,
        ws="none",
        date_header=False,
        server_header=False,
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
    )
    server = _Server(config, ready)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    store = DistrictStore(settings.database, settings.papers)
    publish(store)
    try:
        assert ready.wait(20)
        yield Stage(f"http{'' if tls is None else 's'}://127.0.0.1:{listener.getsockname()[1]}", layer, store)
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
        store.close()


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
