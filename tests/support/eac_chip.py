"""A travel document's chip by OpenPACE (Debian's libeac3): PACE and AES messaging that nobody here wrote.

Only the chores around them are ours: which file is selected, what lies in it, and the command's frame. The library is
called through ctypes, as it has no Python of its own.
"""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Mapping
from ctypes import POINTER, Structure, c_char_p, c_int, c_size_t, c_ulong, c_void_p, string_at
from ctypes.util import find_library
from typing import Any

_PACE_MRZ, _PACE_CAN, _PACE_RAW = 1, 2, 5
_OK, _NO_FILE, _BAD_MESSAGE, _FAILED = b"\x90\x00", b"\x6a\x82", b"\x69\x88", b"\x63\x00"
_APPLICATION = bytes.fromhex("A0000002471001")
_ATR = bytes.fromhex("3B80800101")


class _Buffer(Structure):
    """OpenSSL's BUF_MEM."""

    _fields_ = (("length", c_size_t), ("data", POINTER(ctypes.c_ubyte)), ("max", c_size_t), ("flags", c_ulong))


_BufferP = POINTER(_Buffer)

_SIGNATURES: Mapping[str, tuple[object, tuple[object, ...]]] = {
    "EAC_init": (None, ()),
    "EAC_CTX_new": (c_void_p, ()),
    "EAC_CTX_clear_free": (None, (c_void_p,)),
    "EAC_CTX_init_ef_cardaccess": (c_int, (c_char_p, c_size_t, c_void_p)),
    "PACE_SEC_new": (c_void_p, (c_char_p, c_size_t, c_int)),
    "PACE_SEC_clear_free": (None, (c_void_p,)),
    "PACE_STEP1_enc_nonce": (_BufferP, (c_void_p, c_void_p)),
    "PACE_STEP3A_generate_mapping_data": (_BufferP, (c_void_p,)),
    "PACE_STEP3A_map_generator": (c_int, (c_void_p, _BufferP)),
    "PACE_STEP3B_generate_ephemeral_key": (_BufferP, (c_void_p,)),
    "PACE_STEP3B_compute_shared_secret": (c_int, (c_void_p, _BufferP)),
    "PACE_STEP3C_derive_keys": (c_int, (c_void_p,)),
    "PACE_STEP3D_compute_authentication_token": (_BufferP, (c_void_p, _BufferP)),
    "PACE_STEP3D_verify_authentication_token": (c_int, (c_void_p, _BufferP)),
    "EAC_CTX_set_encryption_ctx": (c_int, (c_void_p, c_int)),
    "EAC_increment_ssc": (c_int, (c_void_p,)),
    "EAC_reset_ssc": (c_int, (c_void_p,)),
    "EAC_encrypt": (_BufferP, (c_void_p, _BufferP)),
    "EAC_decrypt": (_BufferP, (c_void_p, _BufferP)),
    "EAC_authenticate": (_BufferP, (c_void_p, _BufferP)),
    "EAC_verify_authentication": (c_int, (c_void_p, _BufferP, _BufferP)),
    "EAC_add_iso_pad": (_BufferP, (c_void_p, _BufferP)),
    "EAC_remove_iso_pad": (_BufferP, (_BufferP,)),
    "BUF_MEM_create_init": (_BufferP, (c_char_p, c_size_t)),
    "BUF_MEM_clear_free": (None, (_BufferP,)),
}
_EAC_ID_PACE = 0


def missing() -> str | None:
    """Why there is no such chip here, with the remedy; or ``None``."""
    return None if find_library("eac") else "libeac3 not found: apt-get install libeac3"


def _load() -> ctypes.CDLL:
    library = ctypes.CDLL(find_library("eac"))
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    library.EAC_init()
    return library


class EacChip:
    """A chip with PACE; a :class:`devices.card.sim.Chip`. ``files`` by identifier, those of the master file as well."""

    def __init__(
        self,
        *,
        files: Mapping[int, bytes],
        card_access: bytes,
        zone: str,
        can: str,
        mrz_information: bytes,
        extended: bool = False,
    ) -> None:
        """``zone`` is a TD1 one, from which the library works out the password by itself. Of a TD3 zone this version
        makes another password than 9303 does, so there it is given the hash of ``mrz_information``."""
        self._eac = _load()
        self._files = files
        self._card_access = card_access
        hashed = hashlib.sha1(mrz_information, usedforsecurity=False).digest()
        by_zone = (zone.encode("ascii"), _PACE_MRZ) if len(zone) == 90 else (hashed, _PACE_RAW)
        self._secrets = {1: by_zone, 2: (can.encode("ascii"), _PACE_CAN)}
        self._extended = extended
        self._context: int | None = None
        self._secret: int | None = None
        self.power(False)

    def answer_to_reset(self) -> bytes:
        """See :class:`devices.card.sim.Chip`."""
        return _ATR

    def power(self, on: bool) -> None:
        """See :class:`devices.card.sim.Chip`."""
        if self._context is not None:
            self._eac.EAC_CTX_clear_free(self._context)
            self._context = None
        if self._secret is not None:
            self._eac.PACE_SEC_clear_free(self._secret)
            self._secret = None
        self._secure = False
        self._file: bytes | None = None
        self._own_key = self._other_key = b""

    def respond(self, command: bytes) -> bytes | None:
        """See :class:`devices.card.sim.Chip`."""
        data, le = _split(command)
        if not self._secure:
            body, status = self._do(command, data, le)
            return body + status
        opened = self._open(command, data)
        if opened is None:
            self._secure = False
            return _BAD_MESSAGE
        return self._seal(*self._do(command, *opened))

    def _do(self, command: bytes, data: bytes, le: int) -> tuple[bytes, bytes]:
        match command[1]:
            case 0xA4 if command[2] == 0x04:
                return b"", _OK if data == _APPLICATION else _NO_FILE
            case 0xA4 if command[2] == 0x00:
                return b"", _OK
            case 0xA4:
                number = int.from_bytes(data, "big")
                plain = {0x011C: self._card_access}
                if self._extended:
                    plain[0x2F01] = bytes.fromhex("7F66 08 0202 1000 0202 1000".replace(" ", ""))
                self._file = (self._files if self._secure else plain).get(number)
                return b"", _NO_FILE if self._file is None else _OK
            case 0xB0 if self._file is not None:
                offset = int.from_bytes(command[2:4], "big")
                return self._file[offset : offset + le], _OK
            case 0xB1 if self._file is not None:
                offset = int.from_bytes(data[2:], "big")
                piece = self._file[offset : offset + le - 4]
                return bytes((0x53, 0x82)) + len(piece).to_bytes(2, "big") + piece, _OK
            case 0x22:
                return b"", self._set_template(data)
            case 0x86:
                return self._general(data)
            case _:
                return b"", b"\x6d\x00"

    # --- PACE

    def _set_template(self, data: bytes) -> bytes:
        self.power(True)
        self._context = self._eac.EAC_CTX_new()
        access = self._card_access
        assert self._eac.EAC_CTX_init_ef_cardaccess(access, len(access), self._context) == 1
        at = data.index(b"\x83\x01")
        secret, kind = self._secrets[data[at + 2]]
        self._secret = self._eac.PACE_SEC_new(secret, len(secret), kind)
        assert self._secret
        return _OK

    def _general(self, data: bytes) -> tuple[bytes, bytes]:
        eac, context = self._eac, self._context
        if data == b"\x7c\x00":
            return _dynamic(0x80, self._take(eac.PACE_STEP1_enc_nonce(context, self._secret))), _OK
        tag, value = data[2], data[4:]
        if data[1] == 0x81:
            tag, value = data[3], data[6:] if data[4] == 0x81 else data[5:]
        given = self._give(value)
        try:
            match tag:
                case 0x81:
                    mapping = self._take(eac.PACE_STEP3A_generate_mapping_data(context))
                    assert eac.PACE_STEP3A_map_generator(context, given) == 1
                    return _dynamic(0x82, mapping), _OK
                case 0x83:
                    self._own_key = self._take(eac.PACE_STEP3B_generate_ephemeral_key(context))
                    self._other_key = value
                    assert eac.PACE_STEP3B_compute_shared_secret(context, given) == 1
                    assert eac.PACE_STEP3C_derive_keys(context) == 1
                    return _dynamic(0x84, self._own_key), _OK
                case _:
                    if eac.PACE_STEP3D_verify_authentication_token(context, given) != 1:
                        return b"", _FAILED
                    other = self._give(self._other_key)
                    token = self._take(eac.PACE_STEP3D_compute_authentication_token(context, other))
                    eac.BUF_MEM_clear_free(other)
                    assert eac.EAC_CTX_set_encryption_ctx(context, _EAC_ID_PACE) == 1
                    assert eac.EAC_reset_ssc(context) == 1
                    self._secure = True
                    return _dynamic(0x86, token), _OK
        finally:
            eac.BUF_MEM_clear_free(given)

    # --- secure messaging

    def _open(self, command: bytes, data: bytes) -> tuple[bytes, int] | None:
        eac, context = self._eac, self._context
        assert eac.EAC_increment_ssc(context) == 1
        covered, code = data[:-10], data[-8:]
        # What is authenticated is padded, too; only the counter in front of it is the library's.
        whole = self._give(self._padded(bytes(command[:4])) + self._padded(covered))
        mac = self._give(code)
        right = eac.EAC_verify_authentication(context, whole, mac) == 1
        eac.BUF_MEM_clear_free(whole)
        eac.BUF_MEM_clear_free(mac)
        if not right:
            return None
        plain, le = b"", 0
        at = 0
        while at < len(covered):
            tag, length, start = covered[at], covered[at + 1], at + 2
            if length == 0x81:
                length, start = covered[at + 2], at + 3
            value = covered[start : start + length]
            if tag in (0x85, 0x87):
                padded = self._call("EAC_decrypt", value if tag == 0x85 else value[1:])
                plain = self._call("EAC_remove_iso_pad", padded)
            elif tag == 0x97:
                le = int.from_bytes(value, "big") or 256 ** len(value)
            at = start + length
        return plain, le

    def _seal(self, body: bytes, status: bytes) -> bytes:
        assert self._eac.EAC_increment_ssc(self._context) == 1
        objects = b""
        if body:
            hidden = b"\x01" + self._call("EAC_encrypt", self._padded(body))
            objects = b"\x87" + _length(len(hidden)) + hidden
        objects += b"\x99\x02" + status
        return objects + b"\x8e\x08" + self._call("EAC_authenticate", self._padded(objects)) + status

    def _padded(self, data: bytes) -> bytes:
        return self._call("EAC_add_iso_pad", data)

    def _call(self, name: str, data: bytes) -> bytes:
        given = self._give(data)
        try:
            context = () if name == "EAC_remove_iso_pad" else (self._context,)
            return self._take(getattr(self._eac, name)(*context, given))
        finally:
            self._eac.BUF_MEM_clear_free(given)

    def _give(self, data: bytes) -> Any:
        return self._eac.BUF_MEM_create_init(data, len(data))

    def _take(self, buffer: Any) -> bytes:
        assert buffer, "libeac gave nothing"
        data = string_at(buffer.contents.data, buffer.contents.length)
        self._eac.BUF_MEM_clear_free(buffer)
        return data


def _dynamic(tag: int, value: bytes) -> bytes:
    inner = bytes((tag,)) + _length(len(value)) + value
    return b"\x7c" + _length(len(inner)) + inner


def _length(size: int) -> bytes:
    if size < 128:
        return bytes((size,))
    return bytes((0x81, size)) if size < 256 else b"\x82" + size.to_bytes(2, "big")


def _split(command: bytes) -> tuple[bytes, int]:
    body = command[4:]
    if len(body) <= 1:
        return b"", (body[0] or 256) if body else 0
    if body[0] == 0 and len(body) > 3:
        length = int.from_bytes(body[1:3], "big")
        return body[3 : 3 + length], 65536
    return body[1 : 1 + body[0]], 256
