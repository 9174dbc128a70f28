"""Nothing a resident hands in lies readable on the disk: it is sealed before it is written.

`Sealer` is the place for the district's key (HPKE, its own issue); `LocalKeySealer` is the first form: one AES-256 key
in a 0600 file, which `kiosk doctor` names as the last resort it is. The `key_id` column says which key sealed a row.

Sealed form, in the manner of STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015): 4 bytes `TKS1`, 32 bytes salt, then
chunks of 1 MiB plain + 16 bytes tag, AES-256-GCM. Each object has its own key: HKDF-SHA256(local key, salt). The nonce
is the chunk's number (11 bytes) and a last-chunk flag (1 byte), so that chunks cannot be dropped, swapped or cut off.
The context (which submission, which part) is associated data, so that no sealed thing can stand in for another.
"""

from __future__ import annotations

import hmac
import os
import unicodedata
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from offline_queue.numbers import base64url
from offline_queue.wire import CHUNK_BYTES

_MAGIC = b"TKS1"
_SALT_BYTES = 32
_HEADER_BYTES = len(_MAGIC) + _SALT_BYTES
_TAG_BYTES = 16
_SEALED_CHUNK = CHUNK_BYTES + _TAG_BYTES


class Sealer(Protocol):
    """What the store needs of a key. `context` is bound, not hidden; opening gives None for what is not intact."""

    @property
    def key_id(self) -> str: ...

    def seal(self, plain: bytes, *, context: str) -> bytes: ...

    def open(self, sealed: bytes, *, context: str) -> bytes | None: ...

    def open_chunk(self, file: BinaryIO, *, context: str, index: int) -> bytes | None: ...

    def finder(self, id_number: str) -> bytes: ...


class LocalKeySealer:
    """Seals with a key of this machine (32 bytes)."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError("the local key has 32 bytes")
        self._key = key
        self._finder_key = _derive(key, salt=b"", info=b"township-kiosk finder")
        self._key_id = "local-" + base64url(_derive(key, salt=b"", info=b"township-kiosk key id")[:6])

    @classmethod
    def in_folder(cls, folder: Path) -> LocalKeySealer:
        """The sealer of a data folder; makes `local.key` (0600) at the first use."""
        return cls(_secret_file(folder / "local.key"))

    @property
    def key_id(self) -> str:
        return self._key_id

    def seal(self, plain: bytes, *, context: str) -> bytes:
        salt = os.urandom(_SALT_BYTES)
        aead, bound = self._object(salt), self._bound(context)
        last = max(0, (len(plain) - 1) // CHUNK_BYTES)
        parts = [_MAGIC, salt]
        view = memoryview(plain)
        for index in range(last + 1):
            chunk = view[index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES]
            parts.append(aead.encrypt(_nonce(index, last=index == last), chunk, bound))
        return b"".join(parts)

    def open(self, sealed: bytes, *, context: str) -> bytes | None:
        """The plain bytes, or None when anything about the sealed bytes or their context is not as it was."""
        file = BytesIO(sealed)
        chunks = list(self._chunks(file, context=context, count=_chunk_count(len(sealed))))
        return None if not chunks or None in chunks else b"".join(chunk for chunk in chunks if chunk is not None)

    def open_chunk(self, file: BinaryIO, *, context: str, index: int) -> bytes | None:
        """Chunk `index` (of 1 MiB plain bytes) of a sealed file, or None when it is not intact or not there."""
        size = file.seek(0, os.SEEK_END)
        last = _chunk_count(size) - 1
        if not 0 <= index <= last:
            return None
        file.seek(0)
        header = file.read(_HEADER_BYTES)
        if header[: len(_MAGIC)] != _MAGIC:
            return None
        file.seek(_HEADER_BYTES + index * _SEALED_CHUNK)
        try:
            return self._object(header[len(_MAGIC) :]).decrypt(
                _nonce(index, last=index == last), file.read(_SEALED_CHUNK), self._bound(context)
            )
        except InvalidTag:
            return None

    def finder(self, id_number: str) -> bytes:
        """HMAC-SHA256 of an ID number: finds a resident's submissions by card, and tells nobody whose they are."""
        spelled = unicodedata.normalize("NFKC", id_number).strip().upper()
        return hmac.digest(self._finder_key, spelled.encode(), "sha256")

    def _chunks(self, file: BinaryIO, *, context: str, count: int) -> Iterator[bytes | None]:
        return (self.open_chunk(file, context=context, index=index) for index in range(count))

    def _object(self, salt: bytes) -> AESGCM:
        return AESGCM(_derive(self._key, salt=salt, info=b"township-kiosk object"))

    def _bound(self, context: str) -> bytes:
        return f"{self._key_id}\n{context}".encode()


def terminal_key(folder: Path) -> Ed25519PrivateKey:
    """The terminal's signing key of a data folder; makes `terminal.key` (raw seed, 0600) at the first use."""
    return Ed25519PrivateKey.from_private_bytes(_secret_file(folder / "terminal.key"))


def _chunk_count(sealed_size: int) -> int:
    return -(-(sealed_size - _HEADER_BYTES) // _SEALED_CHUNK) if sealed_size >= _HEADER_BYTES + _TAG_BYTES else 0


def _nonce(index: int, *, last: bool) -> bytes:
    return index.to_bytes(11, "big") + bytes([last])


def _derive(key: bytes, *, salt: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(key)


def _secret_file(path: Path) -> bytes:
    """32 secret bytes, made once. Linked into place whole, so that two processes starting together agree on one."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, os.urandom(32))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # the other process was first; its key counts
        finally:
            draft.unlink()
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    content = path.read_bytes()
    if len(content) != 32:
        raise ValueError(f"{path} is damaged: it must hold 32 bytes")
    return content
