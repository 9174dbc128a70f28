"""Basic access control, ICAO 9303-11 clause 4.3: the older lock, opened by the MRZ alone, 3DES throughout."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable

from devices.card.api import MrzKey
from devices.card.emrtd.apdu import Command, PlainTalk
from devices.card.emrtd.ciphers import AUTHENTICATION, ENCRYPTION, MAC_BYTES, TRIPLE_DES, pad
from devices.card.emrtd.errors import WrongKey
from devices.card.emrtd.keys import mrz_seed
from devices.card.emrtd.messaging import SecureTalk
from devices.card.slot import CardDamaged, Channel

_SUITE = TRIPLE_DES
_ZERO = bytes(8)
_OK = 0x9000
# ISO 7816-4 clause 5.6, as chips differ: verification failed, security status, conditions of use, wrong data, and
# messaging objects wrong.
_REFUSED = (0x6300, 0x6982, 0x6985, 0x6A80, 0x6988)


def open_with_bac(
    channel: Channel, key: MrzKey, *, longest: int, random: Callable[[int], bytes] = secrets.token_bytes
) -> SecureTalk:
    """Authenticate to each other and agree on session keys; the eMRTD application is selected. ``random`` is the worked
    example's in tests. Raises :class:`WrongKey`, and the errors of :mod:`devices.card.slot`."""
    seed = mrz_seed(key)[:16]
    encryption, authentication = _SUITE.derive(seed, ENCRYPTION), _SUITE.derive(seed, AUTHENTICATION)
    talk = PlainTalk(channel)
    challenge, status = talk.send(Command(0x84, 0x0000, le=8))
    if status != _OK or len(challenge) != 8:
        raise CardDamaged(f"no challenge: {status:04X}")
    own, own_key = random(8), random(16)
    hidden = _SUITE.encrypt(encryption, _ZERO, own + challenge + own_key)
    code = _SUITE.mac(authentication)(pad(hidden, 8))
    answer, status = talk.send(Command(0x82, 0x0000, hidden + code, le=40))
    if status in _REFUSED or status >> 4 == 0x63C:
        raise WrongKey("refused")
    if status != _OK or len(answer) != 40:
        raise CardDamaged(f"no mutual authentication: {status:04X}")
    hidden, code = answer[:32], answer[32:]
    if len(code) != MAC_BYTES or not hmac.compare_digest(code, _SUITE.mac(authentication)(pad(hidden, 8))):
        raise CardDamaged("wrong authentication code")
    shown = _SUITE.decrypt(encryption, _ZERO, hidden)
    if shown[:8] != challenge or not hmac.compare_digest(shown[8:16], own):
        raise CardDamaged("an answer to another challenge")
    session = bytes(one ^ other for one, other in zip(own_key, shown[16:], strict=True))
    return SecureTalk(
        channel=channel,
        suite=_SUITE,
        encryption=_SUITE.derive(session, ENCRYPTION),
        authentication=_SUITE.derive(session, AUTHENTICATION),
        counter=int.from_bytes(challenge[4:] + own[4:], "big"),
        longest=longest,
    )
