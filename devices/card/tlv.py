"""Simple TLV, as records of Chinese social security cards use it: tag (1 byte), length (1 byte), value.

Everything from a card is untrusted: this parser ends with a result or with :class:`~devices.card.slot.CardDamaged`,
whatever it is given (property-tested).
"""

from __future__ import annotations

from devices.card.slot import CardDamaged

# ISO 7816-4:2020 5.2.1: in simple TLV, 00 and FF are no tags; cards fill records up with them.
_FILL = (0x00, 0xFF)


def parse_simple_tlv(record: bytes) -> tuple[tuple[int, bytes], ...]:
    """Tags with their values, in order; fill bytes between and after them are skipped. Raises ``CardDamaged``."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(record):
        tag = record[at]
        if tag in _FILL:
            at += 1
            continue
        if at + 2 > len(record):
            raise CardDamaged("tag without length")
        start, end = at + 2, at + 2 + record[at + 1]
        if end > len(record):
            raise CardDamaged("value runs past its record")
        found.append((tag, record[start:end]))
        at = end
    return tuple(found)
