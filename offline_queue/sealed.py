"""A submission sealed to the district: whoever steals a terminal holds no key that opens what it queued.

    content key   32 random bytes, one per submission; the terminal forgets it when the submission is frozen
    recipients    HPKE (RFC 9180 5.1.1, base mode, single shot; suite 0x0020/0x0001/0x0002) of the content key to each
                  public key; info = `township-kiosk sealed v1`, suite, uid, kiosk and key id, each on a line of its own
    sealed        the canonical bytes of the `Envelope`, as `stream` seals them under the content key; bound to them are
                  the canonical bytes of the rest of the `SealedSubmission`
    papers        the same, under the same content key; bound: `<uid>/paper/<id>`

Two recipients, the district and an escrow key that lies in a safe: a lost private key must not lose what is queued.
HPKE's base mode does not say who sealed: requests are signed. Both ends use this module; an independent one
(`pyhpke`) opens in the tests what it seals.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM
from cryptography.hazmat.primitives.hpke import Suite as Hpke
from pydantic import ValidationError

from offline_queue import stream
from offline_queue.stream import Cipher
from offline_queue.wire import Envelope, Recipient, SealedAttachment, SealedSubmission, Suite, canonical_bytes

_HPKE = Hpke(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_ENC_BYTES = 32
_CIPHERS = {Suite.AES256_GCM: Cipher.AES256_GCM, Suite.SM4_GCM: Cipher.SM4_GCM}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A raw X25519 key (32 bytes) and its id."""

    id: str
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """To whom submissions are sealed now, and how; the first one's id names the submission's key."""

    suite: Suite
    keys: tuple[PublicKey, ...]


class Sealing:
    """The sealing of one submission: first its papers, then its envelope. Forgetting it forgets the content key."""

    def __init__(self, recipients: Recipients, *, uid: str) -> None:
        self._recipients = recipients
        self._uid = uid
        self._content_key = os.urandom(32)
        self._cipher = _CIPHERS[recipients.suite]

    def paper(self, name: str, plain: bytes) -> bytes:
        return stream.seal(self._content_key, plain, bound=_paper(self._uid, name), cipher=self._cipher)

    def submission(self, envelope: Envelope, papers: Sequence[SealedAttachment]) -> SealedSubmission:
        suite = self._recipients.suite
        outside = SealedSubmission(
            uid=envelope.uid,
            kiosk=envelope.kiosk,
            provisional_number=envelope.provisional_number,
            created=envelope.created,
            test=envelope.test,
            suite=suite,
            recipients=tuple(
                _wrapped(self._content_key, key, _info(suite, envelope.uid, envelope.kiosk, key.id))
                for key in self._recipients.keys
            ),
            sealed="",
            attachments=tuple(papers),
        )
        sealed = stream.seal(self._content_key, canonical_bytes(envelope), bound=_outside(outside), cipher=self._cipher)
        return outside.model_copy(update={"sealed": base64.b64encode(sealed).decode()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What was inside, and the way to its papers."""

    envelope: Envelope
    _content_key: bytes = field(repr=False)

    def paper_chunk(self, name: str, file: BinaryIO, index: int) -> bytes | None:
        """Chunk `index` (1 MiB plain) of the sealed file of paper `name`; None when it is not intact or not there."""
        return stream.unseal_chunk(self._content_key, file, bound=_paper(self.envelope.uid, name), index=index)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoKey:
    """It is sealed to other keys than those that are here."""

    wanted: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotIntact:
    """It is sealed to one of our keys and doesn't open, or says inside other than outside."""


def open_submission(sealed: SealedSubmission, keys: Mapping[str, X25519PrivateKey]) -> Opened | NoKey | NotIntact:
    """Open with whichever of `keys` (by key id) it is sealed to."""
    addressed = [(one, keys[one.key_id]) for one in sealed.recipients if one.key_id in keys]
    if not addressed:
        return NoKey(wanted=tuple(one.key_id for one in sealed.recipients))
    recipient, private = addressed[0]
    try:
        content_key = _HPKE.decrypt(
            base64.b64decode(recipient.enc) + base64.b64decode(recipient.wrapped),
            private,
            info=_info(sealed.suite, sealed.uid, sealed.kiosk, recipient.key_id),
        )
        inside = stream.unseal(content_key, base64.b64decode(sealed.sealed), bound=_outside(sealed))
        envelope = None if inside is None else Envelope.model_validate_json(inside)
    except (InvalidTag, binascii.Error, ValidationError):
        return NotIntact()
    if envelope is None or not _agree(envelope, sealed):
        return NotIntact()
    return Opened(envelope=envelope, _content_key=content_key)


def _agree(inside: Envelope, outside: SealedSubmission) -> bool:
    told = ("uid", "kiosk", "provisional_number", "created", "test")
    return all(getattr(inside, name) == getattr(outside, name) for name in told) and [
        one.id for one in inside.attachments
    ] == [one.id for one in outside.attachments]


def _wrapped(content_key: bytes, key: PublicKey, info: bytes) -> Recipient:
    both = _HPKE.encrypt(content_key, X25519PublicKey.from_public_bytes(key.raw), info=info)
    enc, wrapped = (base64.b64encode(part).decode() for part in (both[:_ENC_BYTES], both[_ENC_BYTES:]))
    return Recipient(key_id=key.id, enc=enc, wrapped=wrapped)


def _info(suite: Suite, uid: str, kiosk: str, key_id: str) -> bytes:
    return "\n".join(("township-kiosk sealed v1", suite.value, uid, kiosk, key_id)).encode()


def _outside(sealed: SealedSubmission) -> bytes:
    return canonical_bytes(sealed, without="sealed")


def _paper(uid: str, name: str) -> bytes:
    return f"{uid}/paper/{name}".encode()
