"""The photo in DG2: a biometric data block in a template in a group (ICAO 9303-10 clause 4.7.2, ISO/IEC 19794-5:2005).

The coding of ISO/IEC 39794-5, which new documents may use, is not read.
"""

from __future__ import annotations

import struct

from devices.card.emrtd import ber
from devices.card.emrtd.lds import DG2, content_of
from devices.card.slot import CardDamaged

_GROUP, _TEMPLATE, _COUNT = 0x7F61, 0x7F60, 0x02
_BLOCKS = (0x5F2E, 0x7F2E)
# Format "FAC\0", version "010\0", length of the record, number of faces.
_RECORD = struct.Struct(">4s4sIH")
# Facial information: its length first and then its number of feature points, the rest of 20 bytes unused here.
_FACE = struct.Struct(">IH14x")
_POINT_BYTES = 8
_IMAGE_BYTES = 12  # type, coding, width, height, colour, source, device, quality
_PICTURES = (b"\xff\xd8\xff", b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")  # JPEG, JPEG 2000, its codestream


def read_photo(raw: bytes) -> bytes:
    """The first face's picture, JPEG or JPEG 2000 as it is. Raises :class:`~devices.card.slot.CardDamaged`."""
    group = ber.parse(ber.only(content_of(DG2, raw), _GROUP))
    template = next((item.value for item in group if item.tag == _TEMPLATE), None)
    if template is None:
        raise CardDamaged("no template")
    block = next((item.value for item in ber.parse(template) if item.tag in _BLOCKS), None)
    if block is None:
        raise CardDamaged("no data block")
    return _picture(block)


def _picture(block: bytes) -> bytes:
    try:
        form, version, _, faces = _RECORD.unpack_from(block)
        length, points = _FACE.unpack_from(block, _RECORD.size)
    except struct.error:
        raise CardDamaged("no facial record") from None
    if form != b"FAC\0" or version != b"010\0" or faces < 1:
        raise CardDamaged("no facial record")
    start = _RECORD.size + _FACE.size + points * _POINT_BYTES + _IMAGE_BYTES
    picture = block[start : _RECORD.size + length]
    if not picture.startswith(_PICTURES):
        raise CardDamaged("no picture")
    return picture
