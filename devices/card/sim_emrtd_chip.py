"""The chip of a virtual travel document, at APDU level: BAC, PACE, secure messaging, chip and active authentication.

The card's side of ICAO 9303-11, written by itself: it shares no key derivation, padding, authentication code, point
arithmetic or messaging with the reading side, only the numbers that define the curves.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from devices.card.emrtd.curve import Curve
from devices.card.emrtd.curves import CURVES
from devices.card.sim_emrtd_crypto import (
    Point,
    Session,
    aes,
    des,
    kdf,
    open_command,
    plus,
    point_of,
    raw_point,
    read_objects,
    retail_mac,
    seal_answer,
    times,
    token,
)
from devices.card.sim_emrtd_files import tlv

_APPLICATION = bytes.fromhex("A0000002471001")
# A contactless card by way of PC/SC part 3: T=1, no historical bytes.
_ATR = bytes.fromhex("3B80800101")
_OK, _NO_FILE, _SECURITY, _BAD_MESSAGE = b"\x90\x00", b"\x6a\x82", b"\x69\x82", b"\x69\x88"
_FAILED, _BAD_DATA, _WRONG_LENGTH, _NO_INSTRUCTION = b"\x63\x00", b"\x6a\x80", b"\x67\x00", b"\x6d\x00"
_PACE, _CHIP = bytes.fromhex("0400 7f00 0702 0204 02".replace(" ", "")), bytes.fromhex("04007f000702020302")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipFaults:
    """What is wrong with a chip. ``pulled_after`` takes it off the reader instead of that answer, once. ``slow_s``
    seconds more pass before every next attempt after a failed one. ``clone`` has the files of another chip but not its
    private keys. ``hides_pace`` keeps EF.CardAccess to itself, as a man in the middle would make it seem."""

    mute: bool = False
    pulled_after: int | None = None
    slow_s: float = 0.0
    clone: bool = False
    hides_pace: bool = False
    garbles_after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """How a chip opens: ``suite`` 1 (3DES) to 4 (AES-256) and ICAO's number of the curve for PACE; BAC without."""

    suite: int = 4
    curve: int | None = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What is in the chip: files by identifier, and the secrets."""

    files: Mapping[int, bytes]
    mrz_information: bytes
    can: str
    lock: Lock
    card_access: bytes | None
    chip_key: tuple[int, int, int] | None = None  # suite, curve, private key
    active_key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None
    extended: bool = False
    faults: ChipFaults = field(default_factory=ChipFaults)


@dataclass(slots=True)
class _Pace:
    """A PACE in progress."""

    suite: int
    curve: Curve
    oid: bytes
    secret: bytes
    nonce: int = 0
    generator: Point = None
    private: int = 0
    own: bytes = b""
    theirs: bytes = b""
    session: Session | None = None


class EmrtdChip:
    """One chip; a :class:`~devices.card.sim.Chip`. A power cycle forgets every session."""

    def __init__(self, written: Written) -> None:
        self.written = written
        self._faults = written.faults
        self._lock = threading.Lock()
        self._left = self._faults.pulled_after
        self._garble = self._faults.garbles_after
        self._failures = 0
        self._powered = False
        self._forget()

    def _forget(self) -> None:
        self._session: Session | None = None
        self._next: Session | None = None
        self._pace: _Pace | None = None
        self._challenge = b""
        self._in_application = False
        self._file: bytes | None = None

    def answer_to_reset(self) -> bytes:
        """See :class:`~devices.card.sim.Chip`."""
        return b"" if self._faults.mute else _ATR

    def power(self, on: bool) -> None:
        """See :class:`~devices.card.sim.Chip`."""
        with self._lock:
            self._powered = on
            self._forget()

    def respond(self, command: bytes) -> bytes | None:
        """See :class:`~devices.card.sim.Chip`."""
        with self._lock:
            if not self._powered:
                return b""
            if self._left is not None:
                if self._left <= 0:
                    self._left = None
                    return None
                self._left -= 1
            answer = self._answer(command)
            if self._garble is not None:
                self._garble -= 1
                if self._garble < 0 and len(answer) > 6:
                    answer = bytes((*answer[:4], answer[4] ^ 1, *answer[5:]))
            return answer

    def _answer(self, command: bytes) -> bytes:
        parts = _split(command)
        if parts is None:
            return _WRONG_LENGTH
        data, le = parts
        if command[0] & 0x0C == 0:
            if self._session is not None:
                self._session = None  # an open command ends the secret conversation
                self._in_application = False
            body, status = self._do(command, data, le)
            return body + status
        if self._session is None:
            return _BAD_MESSAGE
        session = self._session
        opened = open_command(session, command, data)
        if opened is None:
            self._session = None
            return _BAD_MESSAGE
        body, status = self._do(command, *opened)
        answer = seal_answer(session, body, status)
        if self._next is not None:
            self._session, self._next = self._next, None
        return answer

    def _do(self, command: bytes, data: bytes, le: int) -> tuple[bytes, bytes]:
        ins, p1, p2 = command[1], command[2], command[3]
        match ins:
            case 0xA4:
                return b"", self._select(p1, data)
            case 0xB0 | 0xB1:
                return self._read(ins, p1, p2, data, le)
            case 0x84 if self.written.lock.curve is None:
                self._wait()
                self._challenge = secrets.token_bytes(8)
                return self._challenge, _OK
            case 0x82:
                return self._mutual(data)
            case 0x22 if (p1, p2) == (0xC1, 0xA4):
                return b"", self._set_pace(data)
            case 0x22 if p1 == 0x41 and self._session is not None:
                return b"", self._set_chip(p2, data)
            case 0x86:
                return self._general(data)
            case 0x88 if self._session is not None and (key := self.written.active_key) is not None:
                return self._sign(key, data), _OK
            case _:
                return b"", _NO_INSTRUCTION

    def _wait(self) -> None:
        if self._failures and self._faults.slow_s:
            time.sleep(self._failures * self._faults.slow_s)

    # --- files

    def _select(self, p1: int, data: bytes) -> bytes:
        self._file = None
        if p1 == 0x04:
            if data != _APPLICATION:
                return _NO_FILE
            self._in_application = True
            return _OK
        if p1 == 0x00:
            self._in_application = False
            return _OK
        number = int.from_bytes(data, "big")
        found = self._master(number) if not self._in_application else self.written.files.get(number)
        if found is None:
            return _NO_FILE
        if self._in_application and self._session is None:
            return _SECURITY
        self._file = found
        return _OK

    def _master(self, number: int) -> bytes | None:
        if number == 0x011C and not self._faults.hides_pace:
            return self.written.card_access
        if number == 0x2F01 and self.written.extended:
            return tlv(0x43, b"\x80") + tlv(0x7F66, tlv(2, b"\x08\x00") + tlv(2, b"\x08\x00"))
        return None

    def _read(self, ins: int, p1: int, p2: int, data: bytes, le: int) -> tuple[bytes, bytes]:
        if self._file is None:
            return b"", b"\x69\x86"
        if ins == 0xB0:
            offset = p1 << 8 | p2
            if offset > 0x7FFF:
                return b"", b"\x6b\x00"
        else:
            if not data or data[0] != 0x54 or data[1] != len(data) - 2:
                return b"", _BAD_DATA
            offset = int.from_bytes(data[2:], "big")
            le -= 4
        if offset >= len(self._file):
            return b"", b"\x6b\x00"
        piece = self._file[offset : offset + le]
        status = _OK if len(piece) == le or le >= 256 else b"\x62\x82"
        return (piece if ins == 0xB0 else tlv(0x53, piece)), status

    # --- BAC, from the chip's side of 9303-11 clause 4.3

    def _mutual(self, data: bytes) -> tuple[bytes, bytes]:
        challenge, self._challenge = self._challenge, b""
        if not challenge or len(data) != 40 or self.written.lock.curve is not None:
            return b"", _SECURITY
        seed = hashlib.sha1(self.written.mrz_information, usedforsecurity=False).digest()[:16]
        encryption, authentication = kdf(seed, 1, 1), kdf(seed, 2, 1)
        if retail_mac(authentication, data[:32]) != data[32:]:
            self._failures += 1
            return b"", _FAILED
        plain = des(encryption, data[:32], decrypt=True)
        if plain[8:16] != challenge:
            return b"", _FAILED
        own = secrets.token_bytes(16)
        hidden = des(encryption, challenge + plain[:8] + own)
        secret = bytes(a ^ b for a, b in zip(plain[16:], own, strict=True))
        counter = int.from_bytes(challenge[4:] + plain[4:8], "big")
        self._session = Session(False, kdf(secret, 1, 1), kdf(secret, 2, 1), counter)
        self._failures = 0
        return hidden + retail_mac(authentication, hidden), _OK

    # --- PACE, from the chip's side of 9303-11 clause 4.4

    def _set_pace(self, data: bytes) -> bytes:
        lock = self.written.lock
        objects = read_objects(data)
        if lock.curve is None or objects.get(0x80) != _PACE + bytes((lock.suite,)):
            return _BAD_DATA
        match objects.get(0x83):
            case b"\x01":
                secret = hashlib.sha1(self.written.mrz_information, usedforsecurity=False).digest()
            case b"\x02":
                secret = self.written.can.encode("latin-1")
            case _:
                return b"\x6a\x88"
        self._wait()
        self._pace = _Pace(lock.suite, CURVES[lock.curve], objects[0x80], secret)
        return _OK

    def _general(self, data: bytes) -> tuple[bytes, bytes]:
        outer = read_objects(data)
        objects = read_objects(outer.get(0x7C, b""))
        if self._session is not None:
            return self._agree(objects.get(0x80, b""))
        pace = self._pace
        if pace is None or 0x7C not in outer:
            return b"", b"\x69\x85"
        try:
            return self._pace_step(pace, objects)
        except ValueError:
            self._pace = None
            return b"", _BAD_DATA

    def _pace_step(self, pace: _Pace, objects: Mapping[int, bytes]) -> tuple[bytes, bytes]:
        curve = pace.curve
        if not objects:
            nonce = secrets.token_bytes(16)
            pace.nonce = int.from_bytes(nonce, "big")
            key = kdf(pace.secret, 3, pace.suite)
            hidden = des(key, nonce) if pace.suite == 1 else aes(key, bytes(16), nonce)
            return tlv(0x7C, tlv(0x80, hidden)), _OK
        if 0x81 in objects:
            private = secrets.randbelow(curve.n - 1) + 1
            shared = times(curve, private, point_of(curve, objects[0x81]))
            pace.generator = plus(curve, times(curve, pace.nonce % curve.n, curve.generator), shared)
            return tlv(0x7C, tlv(0x82, raw_point(curve, times(curve, private, curve.generator)))), _OK
        if 0x83 in objects:
            private = secrets.randbelow(curve.n - 1) + 1
            pace.theirs = objects[0x83]
            pace.own = raw_point(curve, times(curve, private, pace.generator))
            shared = times(curve, private, point_of(curve, pace.theirs))
            if shared is None:
                raise ValueError
            secret = shared[0].to_bytes(curve.size, "big")
            pace.session = Session(pace.suite != 1, kdf(secret, 1, pace.suite), kdf(secret, 2, pace.suite), 0)
            return tlv(0x7C, tlv(0x84, pace.own)), _OK
        session, self._pace = pace.session, None
        if session is None or objects.get(0x85) != token(session, pace.oid, pace.own):
            self._failures += 1
            return b"", _FAILED
        self._session, self._failures = session, 0
        return tlv(0x7C, tlv(0x86, token(session, pace.oid, pace.theirs))), _OK

    # --- chip authentication and active authentication

    def _set_chip(self, p2: int, data: bytes) -> bytes:
        key = self.written.chip_key
        objects = read_objects(data)
        if key is None:
            return _BAD_DATA
        if p2 == 0xA6 and key[0] == 1:
            return self._agree(objects.get(0x91, b""))[1]
        return _OK if p2 == 0xA4 and objects.get(0x80) == _CHIP + bytes((key[0],)) else _BAD_DATA

    def _agree(self, public: bytes) -> tuple[bytes, bytes]:
        key = self.written.chip_key
        if key is None:
            return b"", _BAD_DATA
        suite, curve, private = key[0], CURVES[key[1]], key[2]
        if self._faults.clone:
            private = secrets.randbelow(curve.n - 1) + 1
        try:
            shared = times(curve, private, point_of(curve, public))
        except ValueError:
            return b"", _BAD_DATA
        if shared is None:
            return b"", _BAD_DATA
        secret = shared[0].to_bytes(curve.size, "big")
        self._next = Session(suite != 1, kdf(secret, 1, suite), kdf(secret, 2, suite), 0)
        return (b"" if suite == 1 else tlv(0x7C, b"")), _OK

    def _sign(self, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, challenge: bytes) -> bytes:
        if isinstance(key, ec.EllipticCurvePrivateKey):
            if self._faults.clone:
                key = ec.generate_private_key(key.curve)
            r, s = decode_dss_signature(key.sign(challenge, ec.ECDSA(hashes.SHA256())))
            size = (key.key_size + 7) // 8
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        if self._faults.clone:
            challenge = bytes(8)
        # ISO/IEC 9796-2 scheme 1: as much random message as fits, then its hash with the challenge, then the trailer.
        numbers = key.private_numbers()
        size = (key.key_size + 7) // 8
        message = secrets.token_bytes(size - 1 - 32 - 2)
        hashed = hashlib.sha256(message + challenge).digest()
        whole = int.from_bytes(b"\x6a" + message + hashed + b"\x34\xcc", "big")
        return pow(whole, numbers.d, numbers.public_numbers.n).to_bytes(size, "big")


def _split(command: bytes) -> tuple[bytes, int] | None:
    """Data and Le (0 for none) of a short or extended command; ``None`` for impossible lengths."""
    body = command[4:]
    if len(command) < 4:
        return None
    if not body:
        return b"", 0
    if len(body) == 1:
        return b"", body[0] or 256
    wide = body[0] == 0 and len(body) >= 3
    if wide and len(body) == 3:
        return b"", int.from_bytes(body[1:], "big") or 65536
    head = 3 if wide else 1
    length = int.from_bytes(body[1:3], "big") if wide else body[0]
    data, rest = body[head : head + length], body[head + length :]
    if len(data) != length or len(rest) not in (0, 2 if wide else 1):
        return None
    return data, (int.from_bytes(rest, "big") or (65536 if wide else 256)) if rest else 0
