"""Bytes sealed in chunks under one key, so that a large paper opens piece by piece and a changed one not at all.

In the manner of STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015): 4 bytes magic, 32 bytes salt, then chunks of 1 MiB
plain + 16 bytes tag. Each object has its own key, HKDF(key, salt). The nonce is the chunk's number (11 bytes) and a
last-chunk flag (1 byte), so that chunks cannot be dropped, swapped or cut off. What is `bound` is associated data, so
that no sealed thing can stand in for another.

| magic  | cipher      | key of the object                                        |
|--------|-------------|----------------------------------------------------------|
| `TKS1` | AES-256-GCM | HKDF-SHA256, 32 bytes, info `township-kiosk object`      |
| `TKS2` | SM4-GCM     | HKDF-SM3, 16 bytes, info `township-kiosk object sm4`     |

The magic says how to open, so another choice of cipher leaves nothing unreadable.
"""

from __future__ import annotations

import os
from enum import StrEnum
from io import BytesIO
from typing import BinaryIO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher as Encryption
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hashes import SHA256, SM3, HashAlgorithm
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from offline_queue.wire import CHUNK_BYTES

_MAGIC_BYTES = 4
_SALT_BYTES = 32
_HEADER_BYTES = _MAGIC_BYTES + _SALT_BYTES
_TAG_BYTES = 16
_SEALED_CHUNK = CHUNK_BYTES + _TAG_BYTES


class Cipher(StrEnum):
    """What seals; the spelling in the configuration."""

    AES256_GCM = "aes256-gcm"
    SM4_GCM = "sm4-gcm"


class _Aead(Protocol):
    def encrypt(self, nonce: bytes, data: bytes | memoryview, associated_data: bytes, /) -> bytes: ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes: ...


class Sm4Gcm:
    """SM4 (GB/T 32907) in GCM (GB/T 36624), which cryptography has as a block cipher only."""

    def __init__(self, key: bytes) -> None:
        self._cipher = SM4(key)

    def encrypt(self, nonce: bytes, data: bytes | memoryview, associated_data: bytes, /) -> bytes:
        encryptor = Encryption(self._cipher, GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(associated_data)
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        if len(data) < _TAG_BYTES:
            raise InvalidTag
        decryptor = Encryption(self._cipher, GCM(nonce, data[-_TAG_BYTES:])).decryptor()
        decryptor.authenticate_additional_data(associated_data)
        return decryptor.update(data[:-_TAG_BYTES]) + decryptor.finalize()


_MAGICS = {b"TKS1": Cipher.AES256_GCM, b"TKS2": Cipher.SM4_GCM}


def seal(key: bytes, plain: bytes, *, bound: bytes, cipher: Cipher = Cipher.AES256_GCM) -> bytes:
    """Sealed under `key` (32 secret bytes)."""
    (magic,) = (name for name, kind in _MAGICS.items() if kind is cipher)
    salt = os.urandom(_SALT_BYTES)
    aead = _object(key, salt, cipher)
    last = max(0, (len(plain) - 1) // CHUNK_BYTES)
    parts = [magic, salt]
    view = memoryview(plain)
    for index in range(last + 1):
        chunk = view[index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES]
        parts.append(aead.encrypt(_nonce(index, last=index == last), chunk, bound))
    return b"".join(parts)


def unseal(key: bytes, sealed: bytes, *, bound: bytes) -> bytes | None:
    """The plain bytes, or None when anything about the sealed bytes or what is bound to them is not as it was."""
    file = BytesIO(sealed)
    chunks: list[bytes] = []
    for index in range(chunk_count(len(sealed))):
        chunk = unseal_chunk(key, file, bound=bound, index=index)
        if chunk is None:
            return None
        chunks.append(chunk)
    return b"".join(chunks) if chunks else None


def unseal_chunk(key: bytes, file: BinaryIO, *, bound: bytes, index: int) -> bytes | None:
    """Chunk `index` (of 1 MiB plain bytes) of a sealed file, or None when it is not intact or not there."""
    size = file.seek(0, os.SEEK_END)
    last = chunk_count(size) - 1
    if not 0 <= index <= last:
        return None
    file.seek(0)
    header = file.read(_HEADER_BYTES)
    cipher = _MAGICS.get(header[:_MAGIC_BYTES])
    if cipher is None:
        return None
    file.seek(_HEADER_BYTES + index * _SEALED_CHUNK)
    aead = _object(key, header[_MAGIC_BYTES:], cipher)
    try:
        return aead.decrypt(_nonce(index, last=index == last), file.read(_SEALED_CHUNK), bound)
    except InvalidTag:
        return None


def chunk_count(sealed_size: int) -> int:
    """How many chunks a sealed object of this size has; 0 when there is none of this size."""
    return -(-(sealed_size - _HEADER_BYTES) // _SEALED_CHUNK) if sealed_size >= _HEADER_BYTES + _TAG_BYTES else 0


def derive(key: bytes, *, salt: bytes, info: bytes, length: int = 32, algorithm: HashAlgorithm | None = None) -> bytes:
    """HKDF (RFC 5869), over SHA-256 unless told."""
    return HKDF(algorithm=algorithm or SHA256(), length=length, salt=salt, info=info).derive(key)


def _object(key: bytes, salt: bytes, cipher: Cipher) -> _Aead:
    match cipher:
        case Cipher.AES256_GCM:
            return AESGCM(derive(key, salt=salt, info=b"township-kiosk object"))
        case Cipher.SM4_GCM:
            return Sm4Gcm(derive(key, salt=salt, info=b"township-kiosk object sm4", length=16, algorithm=SM3()))


def _nonce(index: int, *, last: bool) -> bytes:
    return index.to_bytes(11, "big") + bytes([last])
