"""Bundles of keys that the district signs: to whom terminals seal, and which terminals print slips.

A bundle is a file, `{"bundle": base64 of JSON, "signature": base64}`; the signature is Ed25519 over
`township-kiosk key bundle v1\n` and the JSON's bytes. A terminal knows the signing key by its configuration and takes
no bundle that is older than the one it has. Keys are exchanged by id: what is queued keeps the id it was sealed to,
and the district keeps its old private keys until nothing waits for them.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from offline_queue.numbers import base64url, from_base64url, key_id
from offline_queue.sealed import PublicKey, Recipients
from offline_queue.terminals import KnownTerminal, read_terminal
from offline_queue.wire import KeyId, Suite, canonical_bytes

MAX_BUNDLE_BYTES = 4 * 1024 * 1024
"""A district of ten thousand terminals stays well below."""
_SIGNED = b"township-kiosk key bundle v1\n"
_Raw = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
_Line = Annotated[str, StringConstraints(max_length=300)]


class Use(StrEnum):
    DISTRICT = "district"
    ESCROW = "escrow"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BundleKey(_Part):
    """A public key to seal to (raw X25519, base64url), and when terminals should use it."""

    id: KeyId
    use: Use
    public: _Raw
    not_before: AwareDatetime
    not_after: AwareDatetime


class KeyBundle(_Part):
    """`version` counts up with every bundle; `not_after` is when a terminal should have a newer one. `terminals`: whose
    slips are genuine, as lines of :mod:`offline_queue.terminals`."""

    version: Annotated[int, Field(ge=1, le=2**53)]
    created: AwareDatetime
    not_after: AwareDatetime
    suite: Suite
    keys: Annotated[tuple[BundleKey, ...], Field(min_length=2, max_length=16)]
    terminals: Annotated[tuple[_Line, ...], Field(max_length=20_000)] = ()

    def recipients(self, at: datetime) -> Recipients:
        """The district's key and the escrow key of that time. A clock that is wrong must keep nobody from handing in:
        when no key is of that time, the newest one is."""
        chosen = [self._key(use, at) for use in Use]
        return Recipients(
            suite=self.suite, keys=tuple(PublicKey(id=one.id, raw=public_raw(one.public)) for one in chosen)
        )

    def known_terminals(self) -> tuple[KnownTerminal, ...]:
        """Raises ValueError for a line that names no terminal."""
        return tuple(read_terminal(line) for line in self.terminals)

    def _key(self, use: Use, at: datetime) -> BundleKey:
        of_use = sorted((one for one in self.keys if one.use is use), key=lambda one: one.not_before)
        return next((one for one in reversed(of_use) if one.not_before <= at <= one.not_after), of_use[-1])


class _File(_Part):
    bundle: Annotated[str, StringConstraints(max_length=MAX_BUNDLE_BYTES)]
    signature: Annotated[str, StringConstraints(max_length=88)]


class BundleTrouble(StrEnum):
    """Why a bundle is not taken."""

    UNREADABLE = "bundle-unreadable"
    UNSIGNED = "bundle-unsigned"
    INCOMPLETE = "bundle-incomplete"
    EXPIRED = "bundle-expired"
    OLDER = "bundle-older"


def sign_bundle(bundle: KeyBundle, key: Ed25519PrivateKey) -> bytes:
    """The file's bytes."""
    content = canonical_bytes(bundle)
    signature = key.sign(_SIGNED + content)
    return canonical_bytes(
        _File(bundle=base64.b64encode(content).decode(), signature=base64.b64encode(signature).decode())
    )


def read_bundle(content: bytes, signer: bytes) -> KeyBundle | BundleTrouble:
    """The bundle in a file's bytes, if the holder of `signer` (raw Ed25519 public key) signed it and it is whole."""
    if len(content) > MAX_BUNDLE_BYTES:
        return BundleTrouble.UNREADABLE
    try:
        file = _File.model_validate_json(content)
        inside = base64.b64decode(file.bundle, validate=True)
        signature = base64.b64decode(file.signature, validate=True)
    except (ValidationError, binascii.Error, ValueError):
        return BundleTrouble.UNREADABLE
    try:
        Ed25519PublicKey.from_public_bytes(signer).verify(signature, _SIGNED + inside)
        bundle = KeyBundle.model_validate_json(inside)
    except InvalidSignature:
        return BundleTrouble.UNSIGNED
    except ValidationError:
        return BundleTrouble.UNREADABLE
    try:
        named = all(key_id(public_raw(one.public)) == one.id for one in bundle.keys)
        bundle.known_terminals()
    except ValueError:
        return BundleTrouble.UNREADABLE
    if not named or {one.use for one in bundle.keys} != set(Use):
        return BundleTrouble.INCOMPLETE
    return bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A bundle was taken; `replaced` is the version before it."""

    version: int
    replaced: int | None


def public_text(raw: bytes) -> str:
    """A public key as configurations and files have it: base64url, 43 characters."""
    return base64url(raw)


def public_raw(text: str) -> bytes:
    """The key of :func:`public_text`. Raises ValueError when it is not one of 32 bytes."""
    raw = from_base64url(text)
    if raw is None or len(raw) != 32:
        raise ValueError("a public key is 32 bytes in base64url, 43 characters")
    return raw
