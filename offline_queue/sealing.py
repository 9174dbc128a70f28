"""Nothing a resident hands in lies readable on the disk: it is sealed before it is written.

Two kinds of keys: the district's, to which whole submissions are sealed (:mod:`offline_queue.sealed`), and this
machine's own, which seals what staff may see, what a lost slip needs, and, where no district key is installed, all the
rest. `LocalKeySealer` is the latter; the `key_id` column says which key sealed a body. The form is `stream`'s.
"""

from __future__ import annotations

import hmac
import os
import unicodedata
from pathlib import Path
from typing import BinaryIO, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from offline_queue.blobs import private_folder
from offline_queue.numbers import base64url
from offline_queue.stream import Cipher, derive, seal, unseal, unseal_chunk

_LOCAL = "local-"


def is_local(key_id: str) -> bool:
    """Whether this machine's own key sealed it, so that it is opened before it is sent."""
    return key_id.startswith(_LOCAL)


class Sealer(Protocol):
    """What the store needs of a key. `context` is bound, not hidden; opening gives None for what is not intact."""

    @property
    def key_id(self) -> str: ...

    def seal(self, plain: bytes, *, context: str) -> bytes: ...

    def open(self, sealed: bytes, *, context: str) -> bytes | None: ...

    def open_chunk(self, file: BinaryIO, *, context: str, index: int) -> bytes | None: ...

    def finder(self, id_number: str) -> bytes: ...

    @property
    def last_resort(self) -> bool: ...


class LocalKeySealer:
    """Seals with a key of this machine (32 bytes). `last_resort`: the key lies in a file beside what it seals."""

    def __init__(self, key: bytes, *, last_resort: bool = False, cipher: Cipher = Cipher.AES256_GCM) -> None:
        if len(key) != 32:
            raise ValueError("the local key has 32 bytes")
        self._key = key
        self._cipher = cipher
        self._last_resort = last_resort
        self._finder_key = derive(key, salt=b"", info=b"township-kiosk finder")
        self._key_id = local_key_id(key)

    @classmethod
    def in_folder(cls, folder: Path, *, cipher: Cipher = Cipher.AES256_GCM) -> LocalKeySealer:
        """The sealer of a data folder; makes `local.key` (0600) at the first use."""
        return cls(secret_file(folder / "local.key"), last_resort=True, cipher=cipher)

    @property
    def key_id(self) -> str:
        return self._key_id

    @property
    def last_resort(self) -> bool:
        return self._last_resort

    def seal(self, plain: bytes, *, context: str) -> bytes:
        return seal(self._key, plain, bound=self._bound(context), cipher=self._cipher)

    def open(self, sealed: bytes, *, context: str) -> bytes | None:
        """The plain bytes, or None when anything about the sealed bytes or their context is not as it was."""
        return unseal(self._key, sealed, bound=self._bound(context))

    def open_chunk(self, file: BinaryIO, *, context: str, index: int) -> bytes | None:
        """Chunk `index` (of 1 MiB plain bytes) of a sealed file, or None when it is not intact or not there."""
        return unseal_chunk(self._key, file, bound=self._bound(context), index=index)

    def finder(self, id_number: str) -> bytes:
        """HMAC-SHA256 of an ID number: finds a resident's submissions by card, and tells nobody whose they are."""
        spelled = unicodedata.normalize("NFKC", id_number).strip().upper()
        return hmac.digest(self._finder_key, spelled.encode(), "sha256")

    def _bound(self, context: str) -> bytes:
        return f"{self._key_id}\n{context}".encode()


def local_key_id(key: bytes) -> str:
    """What the `key_id` column calls this machine's key; says nothing about it."""
    return _LOCAL + base64url(derive(key, salt=b"", info=b"township-kiosk key id")[:6])


def terminal_key(folder: Path) -> Ed25519PrivateKey:
    """The terminal's signing key of a data folder; makes `terminal.key` (raw seed, 0600) at the first use."""
    return Ed25519PrivateKey.from_private_bytes(secret_file(folder / "terminal.key"))


def secret_file(path: Path) -> bytes:
    """32 secret bytes, made once. Linked into place whole, so that two processes starting together agree on one."""
    if not path.exists():
        private_folder(path.parent)
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
