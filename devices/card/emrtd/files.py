"""Elementary files of a chip: selected, then read piece by piece (ICAO 9303-10 clause 3.6).

READ BINARY's offset has 15 bits; what lies beyond 32,767 bytes is asked for with the odd instruction B1, whose offset
and data are objects of their own (ISO 7816-4 clause 11.3.3).
"""

from __future__ import annotations

from devices.card.emrtd import ber
from devices.card.emrtd.apdu import Command, Talk
from devices.card.slot import CardDamaged, CardProtected

APPLICATION = bytes.fromhex("A0000002471001")

_OK, _END_OF_FILE, _NOT_FOUND = 0x9000, 0x6282, 0x6A82
_SECURITY = (0x6982, 0x6985)
_HEAD = 6  # holds any tag of one byte with its length; no file is shorter
_FAR = 0x8000
_OFFSET, _DATA = 0x54, 0x53
_DATA_HEAD = 4


def select_application(talk: Talk) -> int:
    """Select the eMRTD application; gives the status word."""
    return talk.send(Command(0xA4, 0x040C, APPLICATION))[1]


def select(talk: Talk, file: int) -> bool:
    """Select a file by its identifier; whether it is there."""
    status = talk.send(Command(0xA4, 0x020C, file.to_bytes(2, "big")))[1]
    if status in _SECURITY:
        raise CardProtected(f"file {file:04X}")
    if status not in (_OK, _NOT_FOUND):
        raise CardDamaged(f"file {file:04X}: status {status:04X}")
    return status == _OK


def read_selected(talk: Talk, *, most: int) -> bytes:
    """The whole selected file: one data object of at most ``most`` bytes. Raises the errors of
    :mod:`devices.card.slot`."""
    content = _read(talk, 0, _HEAD)
    _, start, length = ber.head(content)
    whole = start + length
    if whole > most:
        raise CardDamaged(f"file of {whole} bytes")
    while len(content) < whole:
        content += _read(talk, len(content), whole - len(content))
    return content[:whole]


def _read(talk: Talk, offset: int, count: int) -> bytes:
    if offset < _FAR:
        asked = min(count, talk.most_data)
        data, status = talk.send(Command(0xB0, offset, le=asked))
    else:
        asked = min(count, talk.most_data - _DATA_HEAD)
        where = ber.tlv(_OFFSET, offset.to_bytes(2 if offset <= 0xFFFF else 3, "big"))
        data, status = talk.send(Command(0xB1, 0x0000, where, le=asked + _DATA_HEAD))
    if status in _SECURITY:
        raise CardProtected("read")
    if status not in (_OK, _END_OF_FILE):
        raise CardDamaged(f"read: status {status:04X}")
    if offset >= _FAR:
        data = ber.only(data, _DATA)
    if not 0 < len(data) <= asked:
        raise CardDamaged(f"{len(data)} bytes instead of {asked}")
    return data
