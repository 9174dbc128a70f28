"""The terminals that a check plays, and every way to sign wrongly.

Right signatures are the terminal's own (:mod:`offline_queue.signing`); wrong ones differ from a right one in one thing.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from offline_queue.numbers import base64url, key_id
from offline_queue.signing import RequestSigner, signature_base

Signs = Callable[[str, str, Mapping[str, str]], Mapping[str, str]]
"""(method, target URI, fields) → the fields that sign such a request."""
_MOST_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """One that is registered, or is to be. `key` is its own."""

    code: str
    key: Ed25519PrivateKey
    signer: RequestSigner

    @staticmethod
    def of(code: str, key: Ed25519PrivateKey) -> Terminal:
        return Terminal(code=code, key=key, signer=RequestSigner(key))

    @property
    def key_id(self) -> str:
        return key_id(self.key.public_key().public_bytes_raw())

    @property
    def line(self) -> str:
        """What it is registered by: `district terminals add LINE`, or your platform's way."""
        return f"{self.code} {base64url(self.key.public_key().public_bytes_raw())}"


def read_key(path: Path) -> Ed25519PrivateKey:
    """A terminal's `terminal.key` (32 bytes) or PKCS #8 in PEM. Raises OSError; ValueError for what is none."""
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES)
    if len(content) == 32:
        return Ed25519PrivateKey.from_private_bytes(content)
    try:
        key = load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path} holds no Ed25519 key: 32 bytes, or PKCS #8 in PEM without a passphrase")
    return key


def make_key(path: Path) -> Ed25519PrivateKey:
    """A new one, in a file that only its owner reads. Raises OSError, also when there is a file."""
    key = Ed25519PrivateKey.generate()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


def unsigned(_method: str, _uri: str, _fields: Mapping[str, str]) -> Mapping[str, str]:
    return {}


def signing(
    terminal: Terminal,
    *,
    key: Ed25519PrivateKey | None = None,
    method: str | None = None,
    uri: str | None = None,
    after: int = 0,
    leaves_out: Sequence[str] = (),
    nonce: str | None = None,
    **fields: str,
) -> Signs:
    """Signatures that name `terminal`, but: made with another `key`, for another `method`, `uri` or (`content_digest`,
    `idempotency_key`) other `fields`, `after` so many seconds, or without what `leaves_out` names: `keyid`, `created`,
    `nonce`, or a component such as `@method`. Without any of that they are right."""
    instead = {name.replace("_", "-"): value for name, value in fields.items()}

    def signs(real_method: str, real_uri: str, real: Mapping[str, str]) -> Mapping[str, str]:
        sent = {name.lower(): value for name, value in real.items()}
        components = [("@method", method or real_method), ("@target-uri", uri or real_uri)]
        components += [
            (name, instead.get(name, sent[name])) for name in ("idempotency-key", "content-digest") if name in sent
        ]
        components = [(name, value) for name, value in components if name not in leaves_out]
        parameters = {
            "created": str(int(terminal.signer.now()) + after),
            "nonce": f'"{nonce or secrets.token_hex(16)}"',
            "keyid": f'"{terminal.key_id}"',
        }
        covered = " ".join(f'"{name}"' for name, _ in components)
        told = "".join(f";{name}={value}" for name, value in parameters.items() if name not in leaves_out)
        written = f"({covered}){told}"
        signature = (key or terminal.key).sign(signature_base(components, written))
        return {
            "Signature-Input": f"kiosk={written}",
            "Signature": f"kiosk=:{base64.b64encode(signature).decode()}:",
        }

    return signs
