"""Signs a request with an app key's secret, by the rules of the adapter file: what is signed, in which order and how it
is written."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never
from urllib.parse import quote

from pydantic import JsonValue

from district.adapters.credentials import Credentials
from district.adapters.file import Parameters, Signing
from district.adapters.values import formatted_now
from district.macs import authenticate, digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsigned:
    """A request as it would go. `members` are the body's upper members, where it has names (JSON, a form)."""

    method: str
    path: str
    query: Mapping[str, str]
    members: Mapping[str, JsonValue]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What signing adds to headers or query, and the text that was signed (for who looks why it doesn't match)."""

    added: Mapping[str, str]
    text: bytes


def sign(request: Unsigned, signing: Signing, credentials: Credentials, *, now: float, nonce: str, zone: str) -> Signed:
    """`now` is in seconds since 1970; `nonce` is used once."""
    names = signing.names
    timestamp = formatted_now(now, signing.timestamp, zone)
    added = {names.app_key: credentials.app_key, names.timestamp: timestamp, names.nonce: nonce}
    parts: list[bytes] = []
    for one in signing.signs:
        match one:
            case "method":
                part = request.method.encode()
            case "path":
                part = request.path.encode()
            case "parameters":
                part = _parameters({**request.query, **added}, request.members, signing.parameters).encode()
            case "body":
                part = request.body
            case "body-digest":
                part = digest(signing.algorithm, request.body).hex().encode()
            case "timestamp":
                part = timestamp.encode()
            case "nonce":
                part = nonce.encode()
            case "app-key":
                part = credentials.app_key.encode()
            case "secret":
                part = credentials.secret
            case _ as never:
                assert_never(never)
        parts.append(part)
    text = signing.joined_by.encode().join(parts)
    mac = authenticate(signing.algorithm, credentials.secret, text)
    return Signed(added={**added, names.signature: _encoded(mac, signing)}, text=text)


def _parameters(named: Mapping[str, str], members: Mapping[str, JsonValue], rules: Parameters) -> str:
    all_ = dict(named)
    if rules.body:
        all_ |= {name: _member(value) for name, value in members.items()}
    pairs = [
        (name, quote(value, safe="") if rules.percent_encoded else value)
        for name, value in sorted(all_.items(), key=lambda pair: pair[0].encode())
        if value or not rules.skip_empty
    ]
    return rules.between.join(f"{name}{rules.pair}{value}" for name, value in pairs)


def _member(value: JsonValue) -> str:
    """A member's text in the parameters: itself, or compact JSON as it is in the body."""
    return "" if value is None else value if isinstance(value, str) else compact(value)


def compact(value: JsonValue) -> str:
    """JSON as it is sent: no spaces, characters as they are, members in their order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _encoded(mac: bytes, signing: Signing) -> str:
    match signing.encoded:
        case "hex":
            return mac.hex()
        case "HEX":
            return mac.hex().upper()
        case "base64":
            return base64.b64encode(mac).decode()
        case _ as never:
            assert_never(never)
