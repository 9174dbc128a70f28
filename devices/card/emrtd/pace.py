"""PACE, ICAO 9303-11 clause 4.4: the newer lock. Generic mapping over elliptic curves; other mappings are left out, and
a chip with integrated or chip authentication mapping alone is not read.

A wrong password shows only in the last step: up to there, chip and terminal merely fail to agree.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from devices.card.api import CanKey, MrzKey
from devices.card.emrtd import ber
from devices.card.emrtd.apdu import Command, PlainTalk
from devices.card.emrtd.ciphers import AUTHENTICATION, ENCRYPTION, PASSWORD, SUITES, TRIPLE_DES, Suite, pad
from devices.card.emrtd.curve import Curve, KeyPair
from devices.card.emrtd.curves import CURVES
from devices.card.emrtd.errors import WrongKey
from devices.card.emrtd.keys import password
from devices.card.emrtd.messaging import SecureTalk
from devices.card.emrtd.security_infos import PACE_ECDH_GM, SecurityInfo, number
from devices.card.slot import CardDamaged, Channel

_OK = 0x9000
_VERSION = 2
_DYNAMIC = 0x7C  # the data of GENERAL AUTHENTICATE
# Dynamic authentication objects (clause 4.4.4.2).
_NONCE, _MAP_OWN, _MAP_CHIP, _KEY_OWN, _KEY_CHIP, _TOKEN_OWN, _TOKEN_CHIP = 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86
_NONCE_BYTES = 16


@dataclass(frozen=True, slots=True)
class PaceChoice:
    """One variant of the chip's; ``named`` is whether its curve must be named to the chip, for there are several."""

    oid: bytes
    parameter: int
    named: bool

    @property
    def curve(self) -> Curve:
        return CURVES[self.parameter]

    @property
    def suite(self) -> Suite:
        return SUITES[self.oid[-1]]


def choose(infos: Sequence[SecurityInfo]) -> PaceChoice | None:
    """The strongest variant that this terminal speaks: longest key, then largest curve. ``None`` without one."""
    found: list[tuple[int, int, int, bytes]] = []
    for info in infos:
        if info.oid[:-1] == PACE_ECDH_GM and info.oid[-1] in SUITES and number(info.required) == _VERSION:
            parameter = number(info.optional)
            if parameter is not None and parameter in CURVES:
                found.append((info.oid[-1], CURVES[parameter].size, parameter, info.oid))
    if not found:
        return None
    best = max(found)
    return PaceChoice(oid=best[3], parameter=best[2], named=len({parameter for *_, parameter, _ in found}) > 1)


def open_with_pace(
    channel: Channel,
    choice: PaceChoice,
    key: MrzKey | CanKey,
    *,
    longest: int,
    draw: Callable[[Curve], KeyPair] = Curve.draw,
) -> SecureTalk:
    """Agree on session keys through the password. ``draw`` gives key pairs, in tests the worked example's. Raises
    :class:`WrongKey`, and the errors of :mod:`devices.card.slot`."""
    talk, curve, suite = PlainTalk(channel), choice.curve, choice.suite
    reference, secret = password(key)
    _set_template(talk, choice, reference)

    hidden = _step(talk, b"", _NONCE)
    if len(hidden) != _NONCE_BYTES:
        raise CardDamaged("no nonce of 16 bytes")
    nonce = suite.decrypt(suite.derive(secret, PASSWORD), bytes(suite.block), hidden)

    # Generic mapping (clause 4.4.3.3.1): the new generator is nonce·G + mapping·C, C being the chip's point. Our public
    # key over it, own·nonce·G + own·mapping·C, is worked out at once.
    mapping, own = draw(curve), draw(curve)
    chip_point = curve.decode(_step(talk, ber.tlv(_MAP_OWN, curve.encode(mapping.point)), _MAP_CHIP))
    factors = own.factor * int.from_bytes(nonce, "big") % curve.n, own.factor * mapping.factor % curve.n
    own_key = curve.encode(curve.combine(((factors[0], curve.generator), (factors[1], chip_point))))

    chip_key = _step(talk, ber.tlv(_KEY_OWN, own_key), _KEY_CHIP)
    if hmac.compare_digest(chip_key, own_key):
        raise CardDamaged("our own key came back")  # clause 4.4.3.4: a reflection
    chip_point = curve.decode(chip_key)
    shared = own.agree(chip_point).to_bytes(curve.size, "big")
    encryption, authentication = suite.derive(shared, ENCRYPTION), suite.derive(shared, AUTHENTICATION)

    token = _token(suite, authentication, choice.oid, chip_key)
    answer = _step(talk, ber.tlv(_TOKEN_OWN, token), _TOKEN_CHIP, last=True)
    if not hmac.compare_digest(answer, _token(suite, authentication, choice.oid, own_key)):
        raise CardDamaged("the chip's token is wrong")
    return SecureTalk(
        channel=channel,
        suite=suite,
        encryption=encryption,
        authentication=authentication,
        counter=0,
        longest=longest,
    )


def _set_template(talk: PlainTalk, choice: PaceChoice, reference: int) -> None:
    """MSE:Set AT (clause 4.4.4.1)."""
    data = ber.tlv(0x80, choice.oid) + ber.tlv(0x83, bytes((reference,)))
    if choice.named:
        data += ber.tlv(0x84, bytes((choice.parameter,)))
    _, status = talk.send(Command(0x22, 0xC1A4, data))
    # 63Cx warns that few tries of a password are left; MRZ and CAN are not blocked by wrong tries (clause 4.4.1).
    if status != _OK and status >> 4 != 0x63C:
        raise CardDamaged(f"the chip wants no PACE: {status:04X}")


def _step(talk: PlainTalk, data: bytes, expected: int, *, last: bool = False) -> bytes:
    """GENERAL AUTHENTICATE (clause 4.4.4.2): chained but for the last; the value of the one object that answers."""
    command = Command(0x86, 0x0000, ber.tlv(_DYNAMIC, data), le=256, cla=0x00 if last else 0x10)
    answer, status = talk.send(command)
    if last and (status == 0x6300 or status >> 4 == 0x63C or status in (0x6982, 0x6985, 0x6988, 0x6A80)):
        raise WrongKey("refused")
    if status != _OK:
        raise CardDamaged(f"no answer to step {expected:02X}: {status:04X}")
    found = ber.by_tag(ber.only(answer, _DYNAMIC)).get(expected)
    if found is None:
        raise CardDamaged(f"no object {expected:02X}")
    return found


def _token(suite: Suite, authentication: bytes, oid: bytes, key: bytes) -> bytes:
    """Over the other side's public key, as a data object of its own (clause 4.4.3.4)."""
    data = ber.tlv(0x7F49, ber.tlv(0x06, oid) + ber.tlv(0x86, key))
    return suite.mac(authentication)(pad(data, suite.block) if suite is TRIPLE_DES else data)
