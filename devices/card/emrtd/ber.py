"""BER-TLV as chips use it (ISO 7816-4:2020 clause 5.2.2, ISO 8825-1): definite lengths only.

What comes from a chip is untrusted: every function ends with a result or with
:class:`~devices.card.slot.CardDamaged`, whatever it is given (property-tested and fuzzed).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from devices.card.slot import CardDamaged

_MOST_OBJECTS = 1024


@dataclass(frozen=True, slots=True)
class Tlv:
    """One data object. ``tag`` is its tag bytes as a number (0x7F61), ``raw`` the whole object."""

    tag: int
    value: bytes
    raw: bytes


def head(data: bytes, at: int = 0) -> tuple[int, int, int]:
    """Tag, where the value starts, and its length, of the object at ``at``; the value may lie beyond ``data``."""
    start = at
    if at >= len(data):
        raise CardDamaged("no tag")
    at += 1
    if data[start] & 0x1F == 0x1F:
        while at < len(data) and data[at] & 0x80:
            at += 1
        at += 1
    if at - start > 3 or at >= len(data):
        raise CardDamaged("no such tag")
    tag = int.from_bytes(data[start:at], "big")
    length = data[at]
    at += 1
    if length >= 0x80:
        count = length & 0x7F
        if not 1 <= count <= 3 or at + count > len(data):
            raise CardDamaged("no such length")
        length = int.from_bytes(data[at : at + count], "big")
        at += count
    return tag, at, length


def parse(data: bytes) -> tuple[Tlv, ...]:
    """The objects in ``data``, one after the other to its end."""
    return tuple(_objects(data))


def _objects(data: bytes) -> Iterator[Tlv]:
    at = 0
    for _ in range(_MOST_OBJECTS):
        if at == len(data):
            return
        tag, start, length = head(data, at)
        end = start + length
        if end > len(data):
            raise CardDamaged("value runs past its end")
        yield Tlv(tag, data[start:end], data[at:end])
        at = end
    raise CardDamaged("too many objects")


def only(data: bytes, tag: int) -> bytes:
    """The value of the one object that ``data`` is; it has to have this tag."""
    found = parse(data)
    if len(found) != 1 or found[0].tag != tag:
        raise CardDamaged(f"not one object {tag:X}")
    return found[0].value


def by_tag(data: bytes) -> dict[int, bytes]:
    """The values in ``data`` by tag. A tag found twice is damage, not a choice."""
    found: dict[int, bytes] = {}
    for item in _objects(data):
        if item.tag in found:
            raise CardDamaged(f"tag {item.tag:X} twice")
        found[item.tag] = item.value
    return found


def tlv(tag: int, value: bytes) -> bytes:
    """One object, with the shortest length."""
    length = len(value)
    if length < 0x80:
        coded = bytes((length,))
    else:
        size = (length.bit_length() + 7) // 8
        coded = bytes((0x80 | size,)) + length.to_bytes(size, "big")
    return tag.to_bytes((tag.bit_length() + 7) // 8, "big") + coded + value
