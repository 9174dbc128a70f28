"""Reading what came in, plain or sealed: the database keeps the bytes as they came, and only the keys open them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from pydantic import ValidationError

from offline_queue.sealed import NoKey, NotIntact, Opened, open_submission
from offline_queue.stream import chunk_count
from offline_queue.wire import CHUNK_BYTES, SEALED_TYPE, Attachment, Envelope, SealedSubmission

Body = Envelope | SealedSubmission
Keys = Mapping[str, X25519PrivateKey]


def read_body(content: bytes, media_type: str | None = None) -> Body | None:
    """A body as it came; None when it is none. Without the media type (of kept bytes) either kind is found."""
    for model, kind in ((SealedSubmission, SEALED_TYPE), (Envelope, None)):
        if media_type is None or (media_type == SEALED_TYPE) == (kind == SEALED_TYPE):
            try:
                return model.model_validate_json(content)
            except ValidationError:
                continue
    return None


def kept_body(content: bytes) -> Body:
    """A body as the database keeps it. Raises ValueError when it is none."""
    body = read_body(content)
    if body is None:
        raise ValueError("a kept body is not one: the database was changed")
    return body


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A submission that could be read."""

    envelope: Envelope
    opened: Opened | None

    def paper(self, one: Attachment, path: Path) -> Iterator[bytes]:
        """The plain bytes of a complete paper, in pieces. Raises ValueError where it is not what was handed in."""
        digest = hashlib.sha256()
        with path.open("rb") as file:
            if self.opened is None:
                while piece := file.read(CHUNK_BYTES):
                    digest.update(piece)
                    yield piece
            else:
                for index in range(max(1, chunk_count(path.stat().st_size))):
                    chunk = self.opened.paper_chunk(one.id, file, index)
                    if chunk is None:
                        raise ValueError(one.id)
                    digest.update(chunk)
                    yield chunk
        if digest.hexdigest() != one.sha256:
            raise ValueError(one.id)

    def is_intact(self, name: str, path: Path) -> bool:
        """Whether a complete paper opens to what the envelope declares."""
        (one,) = (one for one in self.envelope.attachments if one.id == name)
        try:
            return sum(len(piece) for piece in self.paper(one, path)) == one.bytes
        except ValueError:
            return False


def read_with(keys: Keys, body: Body) -> Read | NoKey | NotIntact:
    """Read a body, with the keys if it is sealed."""
    if isinstance(body, Envelope):
        return Read(envelope=body, opened=None)
    opened = open_submission(body, keys)
    return Read(envelope=opened.envelope, opened=opened) if isinstance(opened, Opened) else opened
