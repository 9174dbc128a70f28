"""What goes over the line between a terminal and the district platform, in one place for both ends.

The terminal freezes the canonical bytes of an `Envelope` at hand-in; every later attempt sends exactly those bytes.
Each sha256 is lower-case hex, of those frozen bytes, or of an attachment's bytes as they are sent. Requests refuse
unknown keys, so that a misspelt one is noticed; answers ignore them, so that a platform may grow.

Where the district's keys are installed, the frozen bytes are those of a `SealedSubmission` around the envelope: what is
readable in it is what the way needs. How it is sealed: :mod:`offline_queue.sealed`.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, ValidationError

MAX_BODY_BYTES = 1024 * 1024
"""The largest frozen body, in bytes; papers travel as attachments."""
MAX_ATTACHMENT_BYTES = 64 * 1024 * 1024
MAX_ATTACHMENTS = 64
CHUNK_BYTES = 1024 * 1024
"""Upload chunk, in bytes. The same as the sealing chunk, so that a resumed upload opens one sealed chunk."""

MAX_BATCH = 20
"""Forms in one request."""
MAX_BATCH_BYTES = 256 * 1024
"""Of the bodies in one request: a thin line must carry them before the request's deadline."""
SEALED_OVERHEAD_BYTES = 36 + 16 * (MAX_ATTACHMENT_BYTES // CHUNK_BYTES)
"""What sealing adds to the largest attachment."""
WAITING_HEADER = "Kiosk-Waiting"
"""How many forms the terminal has yet to send, those of the request among them: lets a platform in a rush say when."""
PLAIN_TYPE = "application/json"
SEALED_TYPE = "application/vnd.township-kiosk.sealed+json"

PROBLEM = "urn:township-kiosk:problem:"

Uid = Annotated[
    str, StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", max_length=36)
]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Word = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]+$", max_length=128)]
"""Text of one line: databases and staff pages have no use for control characters."""
TerminalCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,8}$")]
KeyId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8}$")]
"""The first 6 bytes of SHA-256 of a raw public key, base64url."""
Base64 = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]*={0,2}$", max_length=MAX_BODY_BYTES)]


class State(StrEnum):
    """Where a submission stands; the spelling on the wire, in JSON and in the database."""

    READY = "ready"
    SENDING = "sending"
    RECEIVED = "received"
    DONE = "done"
    HELD = "held"
    CANCELLED = "cancelled"


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Attachment(_Request):
    """One paper declared by an envelope; declaring it creates its upload resource."""

    id: Uid
    material: Word
    media_type: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.+-]+/[a-z0-9.+-]+$", max_length=100)]
    bytes: Annotated[int, Field(ge=0, le=MAX_ATTACHMENT_BYTES)]
    sha256: Sha256


def _is_absent(value: object) -> bool:
    return value is None


class Envelope(_Request):
    """A submission as handed in. `created` is ISO 8601 with an offset; `token` is 128 random bits, base64url.

    A supplement is a submission of its own: `supplement_of` is the id of what was asked for (:class:`Supplement`). In
    others it is not written at all, so that a platform that knows no supplements takes them as ever.
    """

    uid: Uid
    kiosk: TerminalCode
    provisional_number: Word
    token: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22}$")]
    matter: Word
    created: Word
    test: bool
    form: dict[str, JsonValue]
    attachments: Annotated[tuple[Attachment, ...], Field(max_length=MAX_ATTACHMENTS)] = ()
    supplement_of: Annotated[Uid | None, Field(exclude_if=_is_absent)] = None


class Suite(StrEnum):
    """How a submission is sealed. HPKE is RFC 9180's base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and
    AES-256-GCM in both: there is no SM2 in it. What differs is the cipher of form and papers."""

    AES256_GCM = "hpke-x25519-aes256gcm"
    SM4_GCM = "hpke-x25519-sm4gcm-sm3"


class Recipient(_Request):
    """The content key for one holder of a private key: `enc` (32 bytes) and `wrapped` (48 bytes) are HPKE's."""

    key_id: KeyId
    enc: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{43}=$")]
    wrapped: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{64}$")]


class SealedAttachment(_Request):
    """One sealed paper: `bytes` and `sha256` are of the sealed file, which is what is uploaded."""

    id: Uid
    bytes: Annotated[int, Field(ge=0, le=MAX_ATTACHMENT_BYTES + SEALED_OVERHEAD_BYTES)]
    sha256: Sha256


class SealedSubmission(_Request):
    """An `Envelope` that only the district, or the holder of its escrow key, can open. What is clear is bound into
    what is sealed, and says the same as the envelope inside."""

    uid: Uid
    kiosk: TerminalCode
    provisional_number: Word
    created: Word
    test: bool
    suite: Suite
    recipients: Annotated[tuple[Recipient, ...], Field(min_length=1, max_length=8)]
    sealed: Base64
    attachments: Annotated[tuple[SealedAttachment, ...], Field(max_length=MAX_ATTACHMENTS)] = ()


class Receipt(_Answer):
    """The platform has the form durably. `missing` lists ids of attachments not yet complete."""

    uid: Uid
    sha256: Sha256
    state: State
    case_number: str | None = None
    missing: tuple[Uid, ...] = ()


class BatchItem(_Request):
    """One frozen body as text (its UTF-8 bytes are what is hashed), with the Content-Digest it would have alone."""

    uid: Uid
    media_type: Annotated[str, StringConstraints(max_length=100)]
    content_digest: Annotated[str, StringConstraints(pattern=r"^sha-256=:[A-Za-z0-9+/]{43}=:$")]
    body: Annotated[str, StringConstraints(max_length=MAX_BODY_BYTES)]


class Batch(_Request):
    """Several submissions in one request. Each is taken or refused by itself, as if it had come alone."""

    submissions: Annotated[tuple[BatchItem, ...], Field(min_length=1, max_length=MAX_BATCH)]


class BatchAnswer(_Answer):
    """What the submission would have been answered alone; `body` is that answer's text, `retry_after` in seconds."""

    uid: Uid
    status: Annotated[int, Field(ge=100, le=599)]
    body: str
    retry_after: Annotated[int, Field(ge=0)] | None = None


class BatchAnswers(_Answer):
    answers: Annotated[tuple[BatchAnswer, ...], Field(max_length=MAX_BATCH)]


class Step(_Answer):
    """One dated step of a case. `at` is ISO 8601; `code` is one of the contract's, or the platform's own; `note` is for
    the resident."""

    at: str
    code: str
    note: str | None = None


class Supplement(_Answer):
    """What the resident is asked to hand in later: ids or names of materials, in a submission whose envelope says `id`
    in `supplement_of`. `asked_at` is ISO 8601, `due_on` a date."""

    id: Uid
    asked_at: str = ""
    materials: Annotated[tuple[Word, ...], Field(max_length=MAX_ATTACHMENTS)]
    note: str = ""
    due_on: str | None = None


class Progress(_Answer):
    """Where a submission stands now; `sha256` lets the terminal see that it is about its own bytes."""

    uid: Uid
    sha256: Sha256
    state: State
    case_number: str | None = None
    missing: tuple[Uid, ...] = ()
    steps: tuple[Step, ...] = ()
    supplement: Supplement | None = None


class Rating(_Request):
    """好差评: 5 非常满意 … 1 非常不满意; one per submission."""

    level: Annotated[int, Field(ge=1, le=5)]


class Problem(_Answer):
    """RFC 9457 problem details; `type` starts with `urn:township-kiosk:problem:` where the terminal acts on it."""

    type: str = "about:blank"
    title: str = ""
    status: int = 0
    detail: str = ""


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def canonical_bytes(model: BaseModel, *, without: str | None = None) -> bytes:
    """UTF-8 JSON with sorted keys, no spaces and no NaN: the bytes that are frozen, hashed and sent."""
    content = model.model_dump(mode="json", exclude=None if without is None else {without})
    return _canonical(content).encode()


def is_json(content: Mapping[str, JsonValue]) -> bool:
    """Whether JSON has all its numbers: what is read of NaN, Infinity and 1e999 can be written down for nobody."""
    try:
        _canonical(content)
    except ValueError:
        return False
    return True


def sha256_hex(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def content_digest(content: bytes) -> str:
    """The Content-Digest field of RFC 9530 for these bytes."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def read_receipt(content: bytes) -> Receipt | None:
    """The receipt in an answer's body, or None when it holds no receipt (a captive portal's page, say)."""
    try:
        return Receipt.model_validate_json(content)
    except ValidationError:
        return None


def read_progress(content: bytes) -> Progress | None:
    try:
        return Progress.model_validate_json(content)
    except ValidationError:
        return None


def read_batch_answers(content: bytes) -> BatchAnswers | None:
    try:
        return BatchAnswers.model_validate_json(content)
    except ValidationError:
        return None


def read_problem(content: bytes) -> Problem:
    """The problem in an answer's body; an empty one of type `about:blank` when there is none."""
    try:
        return Problem.model_validate_json(content)
    except ValidationError:
        return Problem()
