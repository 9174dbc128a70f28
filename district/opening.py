"""Reading what came in, plain or sealed: the database keeps the bytes as they came, and only the keys open them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from pydantic import ValidationError

from offline_queue.sealed import NoKey, NotIntact, Opened, open_submission
from offline_queue.stream import chunk_count
from offline_queue.wire import CHUNK_BYTES, PLAIN_TYPE, SEALED_TYPE, Attachment, Envelope, SealedSubmission

Body = Envelope | SealedSubmission
Keys = Mapping[str, X25519PrivateKey]


class PaperLost(ValueError):
    """A complete paper is not what was handed in any more, or gone."""


def read_body(content: bytes, media_type: str | None = None) -> Body | None:
    """A body as it came; None when it is none, or of another type. Without the media type (of kept bytes) either kind
    is found."""
    if media_type not in (None, PLAIN_TYPE, SEALED_TYPE):
        return None
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

    def paper(self, one: Attachment, file: BinaryIO) -> Iterator[bytes]:
        """The plain bytes of a complete paper, in pieces; closes its file. Raises PaperLost: before the last piece, so
        that nobody has the whole of what was not handed in."""
        digest, held = hashlib.sha256(), b""
        with file:
            for piece in self._pieces(one, file):
                digest.update(piece)
                if held:
                    yield held
                held = piece
        if digest.hexdigest() != one.sha256:
            raise PaperLost(one.id)
        if held:
            yield held

    def _pieces(self, one: Attachment, file: BinaryIO) -> Iterator[bytes]:
        if self.opened is None:
            file.seek(0)
            while piece := file.read(CHUNK_BYTES):
                yield piece
            return
        for index in range(max(1, chunk_count(file.seek(0, os.SEEK_END)))):
            chunk = self.opened.paper_chunk(one.id, file, index)
            if chunk is None:
                raise PaperLost(one.id)
            yield chunk

    def is_intact(self, name: str, file: BinaryIO) -> bool:
        """Whether a complete paper opens to what the envelope declares. Closes its file."""
        (one,) = (one for one in self.envelope.attachments if one.id == name)
        try:
            return sum(len(piece) for piece in self.paper(one, file)) == one.bytes
        except PaperLost:
            return False


def read_with(keys: Keys, body: Body) -> Read | NoKey | NotIntact:
    """Read a body, with the keys if it is sealed."""
    if isinstance(body, Envelope):
        return Read(envelope=body, opened=None)
    opened = open_submission(body, keys)
    return Read(envelope=opened.envelope, opened=opened) if isinstance(opened, Opened) else opened
