"""Chip authentication, ICAO 9303-11 clause 6.2: the chip agrees on new session keys with a key pair of its own.

Only a chip that holds the private key can go on talking. That it is the right key is what the signature over DG14
says, so this counts only together with passive authentication. Key agreement over elliptic curves; Diffie-Hellman
groups are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from devices.card.emrtd import ber
from devices.card.emrtd.apdu import Command
from devices.card.emrtd.asn1 import EcKey, Unsupported, read_public_key
from devices.card.emrtd.ciphers import AUTHENTICATION, ENCRYPTION, SUITES, TRIPLE_DES
from devices.card.emrtd.curve import Curve, KeyPair
from devices.card.emrtd.messaging import SecureTalk
from devices.card.emrtd.security_infos import CHIP_ECDH, CHIP_KEY_ECDH, SecurityInfo, number

_OK = 0x9000


@dataclass(frozen=True, slots=True)
class ChipKey:
    """The chip's public key, with the protocol (object identifier) and the reference to go with it."""

    oid: bytes
    key: EcKey
    reference: int | None


def chip_key(infos: Sequence[SecurityInfo]) -> ChipKey | None:
    """The key of the strongest variant this terminal speaks; ``None`` without one. ``infos`` are DG14's."""
    found: list[ChipKey] = []
    for info in infos:
        if info.oid != CHIP_KEY_ECDH:
            continue
        reference = number(info.optional)
        # A key without a protocol of its own is meant for 3DES (clause 6.2.4.1, for old chips).
        oids = [
            other.oid
            for other in infos
            if other.oid[:-1] == CHIP_ECDH and other.oid[-1] in SUITES and number(other.optional) == reference
        ] or [CHIP_ECDH + b"\x01"]
        try:
            key = read_public_key(info.required.raw)
        except Unsupported:
            continue
        if isinstance(key, EcKey):
            found.append(ChipKey(max(oids), key, reference))
    return max(found, key=lambda chip: (chip.oid[-1], chip.key.curve.size), default=None)


def open_with_chip_key(
    talk: SecureTalk, chip: ChipKey, *, draw: Callable[[Curve], KeyPair] = Curve.draw
) -> SecureTalk | None:
    """The conversation in the keys agreed on; ``None`` when the chip refuses to. Whether the chip can go on in it is
    seen with the next command. Raises the errors of :mod:`devices.card.slot`."""
    curve, suite = chip.key.curve, SUITES[chip.oid[-1]]
    own = draw(curve)
    public = curve.encode(own.point)
    reference = b"" if chip.reference is None else ber.tlv(0x84, _integer(chip.reference))
    if suite is TRIPLE_DES:
        _, status = talk.send(Command(0x22, 0x41A6, ber.tlv(0x91, public) + reference))  # MSE:Set KAT
    else:
        _, status = talk.send(Command(0x22, 0x41A4, ber.tlv(0x80, chip.oid) + reference))  # MSE:Set AT
        if status == _OK:
            _, status = talk.send(Command(0x86, 0x0000, ber.tlv(0x7C, ber.tlv(0x80, public)), le=256))
    if status != _OK:
        return None
    shared = own.agree(chip.key.point).to_bytes(curve.size, "big")
    return SecureTalk(
        channel=talk.channel,
        suite=suite,
        encryption=suite.derive(shared, ENCRYPTION),
        authentication=suite.derive(shared, AUTHENTICATION),
        counter=0,
        longest=talk.longest,
    )


def _integer(value: int) -> bytes:
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")
