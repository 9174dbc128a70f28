"""SecurityInfos: what a chip says it can do, in EF.CardAccess and, signed, in DG14 (ICAO 9303-11 clause 9.2)."""

from __future__ import annotations

from dataclasses import dataclass

from devices.card.emrtd import ber
from devices.card.slot import CardDamaged

_SET, _SEQUENCE, _OID, _INTEGER = 0x31, 0x30, 0x06, 0x02
# Object identifiers by their content bytes. bsi-de is 0.4.0.127.0.7; 2.2 there is the protocol branch for chips.
_CHIPS = bytes.fromhex("04007F00070202")
PACE_ECDH_GM = _CHIPS + bytes((4, 2))
CHIP_KEY_ECDH = _CHIPS + bytes((1, 2))
CHIP_ECDH = _CHIPS + bytes((3, 2))
ACTIVE_AUTHENTICATION = bytes.fromhex("678108010105")  # 2.23.136.1.1.5


@dataclass(frozen=True, slots=True)
class SecurityInfo:
    """One entry: protocol (content bytes of its object identifier), and its one or two data objects."""

    oid: bytes
    required: ber.Tlv
    optional: ber.Tlv | None
    raw: bytes


def security_infos(data: bytes) -> tuple[SecurityInfo, ...]:
    """The entries of a SET OF SecurityInfo. Raises :class:`~devices.card.slot.CardDamaged`."""
    return tuple(_info(item) for item in ber.parse(ber.only(data, _SET)))


def _info(item: ber.Tlv) -> SecurityInfo:
    parts = ber.parse(item.value)
    if item.tag != _SEQUENCE or not 2 <= len(parts) <= 3 or parts[0].tag != _OID:
        raise CardDamaged("no security info")
    return SecurityInfo(parts[0].value, parts[1], parts[2] if len(parts) == 3 else None, item.raw)


def number(item: ber.Tlv | None) -> int | None:
    """The value of a small INTEGER; ``None`` without one. Raises :class:`~devices.card.slot.CardDamaged` for others."""
    if item is None:
        return None
    if item.tag != _INTEGER or not 1 <= len(item.value) <= 4:
        raise CardDamaged("no small number")
    return int.from_bytes(item.value, "big", signed=True)
