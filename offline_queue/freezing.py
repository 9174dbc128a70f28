"""What is frozen at put, in the two forms there are, and the bytes that are sent of each.

Sealed to the district, the stored body and files are what is sent, and nothing here opens them again. Sealed to this
machine's key, they are opened when they are sent. The `key_id` of a submission says which form it has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from offline_queue.blobs import Blobs
from offline_queue.model import Paper
from offline_queue.sealed import Recipients, Sealing
from offline_queue.sealing import Sealer, is_local
from offline_queue.wire import (
    CHUNK_BYTES,
    MAX_BODY_BYTES,
    PLAIN_TYPE,
    SEALED_TYPE,
    Envelope,
    SealedAttachment,
    canonical_bytes,
    sha256_hex,
)

NamedPaper = tuple[str, Paper]
"""A paper with its attachment's id."""
_DISTRICT = "district-"
_ROOM_AROUND = 32 * 1024
"""More than everything in a sealed submission beside `sealed`: 64 papers and 8 recipients."""
_MAX_SEALED_FORM = (MAX_BODY_BYTES - _ROOM_AROUND) * 3 // 4
"""Bytes of an envelope that fit into a body as base64."""


class FormTooLarge(Exception):
    """The form is larger than the district accepts; nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """`stored` is what goes into the row; `sha256` and `bytes` are of the body as it is sent."""

    stored: bytes
    sha256: str
    bytes: int
    key_id: str
    papers: tuple[SealedAttachment, ...]


def freeze_here(envelope: Envelope, papers: Sequence[NamedPaper], *, sealer: Sealer, blobs: Blobs) -> Frozen:
    """Seal to this machine's key. Raises FormTooLarge, OSError."""
    body = canonical_bytes(envelope)
    if len(body) > MAX_BODY_BYTES:
        raise FormTooLarge
    for name, paper in papers:
        blobs.write(name, sealer.seal(paper.content, context=_paper_context(envelope.uid, name)))
    return Frozen(
        stored=sealer.seal(body, context=_body_context(envelope.uid)),
        sha256=sha256_hex(body),
        bytes=len(body),
        key_id=sealer.key_id,
        papers=tuple(SealedAttachment(id=a.id, bytes=a.bytes, sha256=a.sha256) for a in envelope.attachments),
    )


def freeze_to(recipients: Recipients, envelope: Envelope, papers: Sequence[NamedPaper], *, blobs: Blobs) -> Frozen:
    """Seal to the district. Raises FormTooLarge, OSError."""
    if len(canonical_bytes(envelope)) > _MAX_SEALED_FORM:
        raise FormTooLarge
    sealing = Sealing(recipients, uid=envelope.uid)
    files: list[SealedAttachment] = []
    for name, paper in papers:
        sealed = sealing.paper(name, paper.content)
        blobs.write(name, sealed)
        files.append(SealedAttachment(id=name, bytes=len(sealed), sha256=sha256_hex(sealed)))
    body = canonical_bytes(sealing.submission(envelope, files))
    return Frozen(
        stored=body,
        sha256=sha256_hex(body),
        bytes=len(body),
        key_id=_DISTRICT + recipients.keys[0].id,
        papers=tuple(files),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SentForm:
    """Which frozen body: its uid, the key it is sealed to, and the SHA-256 of what is sent."""

    uid: str
    key_id: str
    sha256: str

    @property
    def media_type(self) -> str:
        return PLAIN_TYPE if is_local(self.key_id) else SEALED_TYPE

    def body(self, stored: bytes, sealer: Sealer) -> bytes | None:
        """The bytes to send, or None when they are not those that were frozen."""
        body = sealer.open(stored, context=_body_context(self.uid)) if is_local(self.key_id) else stored
        return body if body is not None and sha256_hex(body) == self.sha256 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentPaper:
    """Which frozen paper: its file, what is sent of it (bytes, SHA-256), and whose key sealed it."""

    uid: str
    key_id: str
    id: str
    bytes: int
    sha256: str
    path: Path

    def chunk(self, offset: int, sealer: Sealer) -> bytes | None:
        """The bytes to send from `offset` to the end of its 1 MiB chunk; None when they are not what was frozen.

        Only the whole of a paper that is sealed to the district can be checked: done before its last chunk leaves.
        """
        try:
            if is_local(self.key_id):
                opened = self._opened(offset, sealer)
                return opened if opened or offset == self.bytes else None
            end = min(offset - offset % CHUNK_BYTES + CHUNK_BYTES, self.bytes)
            if end == self.bytes and not self.is_intact(sealer):
                return None
            with self.path.open("rb") as file:
                file.seek(offset)
                chunk = file.read(end - offset)
            return chunk if len(chunk) == end - offset else None
        except OSError:
            return None

    def is_intact(self, sealer: Sealer) -> bool:
        """Whether every byte is as it was frozen. Raises OSError when the file can't be read."""
        digest = hashlib.sha256()
        for part in self._parts(sealer):
            digest.update(part)
        return digest.hexdigest() == self.sha256

    def _parts(self, sealer: Sealer) -> Iterator[bytes]:
        if is_local(self.key_id):
            for offset in range(0, max(1, self.bytes), CHUNK_BYTES):
                opened = self._opened(offset, sealer)
                yield b"\0" if opened is None else opened  # an empty paper opens to nothing
        else:
            with self.path.open("rb") as file:
                while part := file.read(CHUNK_BYTES):
                    yield part

    def _opened(self, offset: int, sealer: Sealer) -> bytes | None:
        with self.path.open("rb") as file:
            opened = sealer.open_chunk(file, context=_paper_context(self.uid, self.id), index=offset // CHUNK_BYTES)
        return None if opened is None else opened[offset % CHUNK_BYTES :]


def _body_context(uid: str) -> str:
    return f"{uid}/body"


def _paper_context(uid: str, name: str) -> str:
    return f"{uid}/paper/{name}"
