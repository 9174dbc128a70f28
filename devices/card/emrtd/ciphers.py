"""The two cipher suites of travel documents: 3DES (BAC, and old PACE) and AES with 128, 192 or 256 bits.

Key derivation ICAO 9303-11 clause 9.7.1, authentication codes and secure messaging's initial values clause 9.8.
3DES is in cryptography's ``decrepit`` part: it is what the documents speak, not a choice of ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from devices.card.slot import CardDamaged

ENCRYPTION, AUTHENTICATION, PASSWORD = 1, 2, 3
"""Counters of the key derivation."""

MAC_BYTES = 8

Step = Callable[[bytes], bytes]
"""One step of a conversation, its key set up once."""


class Suite(Protocol):
    """One suite. Data are whole blocks; only the data of AES' ``mac`` may end anywhere."""

    @property
    def block(self) -> int:
        """Bytes of a block, and of the send sequence counter."""
        ...

    def derive(self, secret: bytes, counter: int) -> bytes:
        """A key from a shared secret."""
        ...

    def initial_values(self, key: bytes) -> Step:
        """From a send sequence counter to the initial value that secure messaging enciphers with."""
        ...

    def encrypt(self, key: bytes, initial: bytes, data: bytes) -> bytes:
        """CBC."""
        ...

    def decrypt(self, key: bytes, initial: bytes, data: bytes) -> bytes:
        """CBC."""
        ...

    def mac(self, key: bytes) -> Step:
        """From data to eight bytes over them. To be kept: a read makes some 170 codes with one key."""
        ...


class TripleDesSuite:
    """Two-key 3DES in CBC with initial value zero, and ISO 9797-1 MAC algorithm 3 (retail MAC). Parity bits of keys
    are not set: nothing looks at them."""

    block = 8

    def derive(self, secret: bytes, counter: int) -> bytes:
        """See :class:`Suite`."""
        return hashlib.sha1(_counted(secret, counter), usedforsecurity=False).digest()[:16]

    def initial_values(self, key: bytes) -> Step:  # noqa: ARG002 - fixed, unlike AES'
        """See :class:`Suite`."""
        return lambda _: bytes(8)

    def encrypt(self, key: bytes, initial: bytes, data: bytes) -> bytes:
        """See :class:`Suite`."""
        return Cipher(TripleDES(key + key[:8]), modes.CBC(initial)).encryptor().update(data)

    def decrypt(self, key: bytes, initial: bytes, data: bytes) -> bytes:
        """See :class:`Suite`."""
        return Cipher(TripleDES(key + key[:8]), modes.CBC(initial)).decryptor().update(data)

    def mac(self, key: bytes) -> Step:
        """See :class:`Suite`."""
        # Single DES under the first half up to the last block, all three steps on that one.
        single = Cipher(TripleDES(key[:8] * 3), modes.CBC(bytes(8)))

        def code(data: bytes) -> bytes:
            chained = single.encryptor().update(data[:-8])[-8:] or bytes(8)
            return self.encrypt(key, chained, data[-8:])

        return code


@dataclass(frozen=True, slots=True)
class AesSuite:
    """AES-CBC and CMAC. ``key_bytes``: 16, 24 or 32."""

    key_bytes: int
    block: int = 16

    def derive(self, secret: bytes, counter: int) -> bytes:
        """See :class:`Suite`."""
        counted = _counted(secret, counter)
        if self.key_bytes == 16:
            return hashlib.sha1(counted, usedforsecurity=False).digest()[:16]
        return hashlib.sha256(counted).digest()[: self.key_bytes]

    def initial_values(self, key: bytes) -> Step:
        """See :class:`Suite`."""
        # One block, as clause 9.8.6.3 has it.
        return Cipher(AES(key), modes.ECB()).encryptor().update  # noqa: S305  # nosec B305

    def encrypt(self, key: bytes, initial: bytes, data: bytes) -> bytes:
        """See :class:`Suite`."""
        return Cipher(AES(key), modes.CBC(initial)).encryptor().update(data)

    def decrypt(self, key: bytes, initial: bytes, data: bytes) -> bytes:
        """See :class:`Suite`."""
        return Cipher(AES(key), modes.CBC(initial)).decryptor().update(data)

    def mac(self, key: bytes) -> Step:
        """See :class:`Suite`."""
        keyed = CMAC(AES(key))

        def code(data: bytes) -> bytes:
            one = keyed.copy()
            one.update(data)
            return one.finalize()[:MAC_BYTES]

        return code


TRIPLE_DES = TripleDesSuite()
#: By the last number of an object identifier that names a suite (9303-11 clauses 9.2.1 and 9.2.5).
SUITES: dict[int, Suite] = {1: TRIPLE_DES, 2: AesSuite(16), 3: AesSuite(24), 4: AesSuite(32)}


def pad(data: bytes, block: int) -> bytes:
    """ISO 9797-1 padding method 2: one bit, then zeros to a whole block."""
    return data + b"\x80" + bytes(-(len(data) + 1) % block)


def unpad(data: bytes) -> bytes:
    """Without that padding. Raises :class:`CardDamaged` when there is none."""
    stripped = data.rstrip(b"\x00")
    if not stripped.endswith(b"\x80"):
        raise CardDamaged("no padding")
    return stripped[:-1]


def _counted(secret: bytes, counter: int) -> bytes:
    return secret + counter.to_bytes(4, "big")
