"""Travel documents: passports and exit-entry permits with a chip after ICAO 9303, opened with their MRZ or CAN.

EF.CardAccess decides the lock: where the chip has it, PACE and nothing else; else BAC. A chip that refuses PACE is not
asked for BAC. Only files that the wish needs are read; fingerprints (DG3) and iris (DG4) never.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from devices.card.api import CardTrouble, Check, MrzKey
from devices.card.emrtd import files, lds
from devices.card.emrtd.apdu import Command, PlainTalk
from devices.card.emrtd.bac import open_with_bac
from devices.card.emrtd.lengths import SHORT, longest_answer
from devices.card.emrtd.messaging import SecureTalk
from devices.card.emrtd.pace import choose, open_with_pace
from devices.card.emrtd.photo import read_photo
from devices.card.emrtd.reading import Document
from devices.card.emrtd.security_infos import SecurityInfo, security_infos
from devices.card.id_number import has_valid_checksum
from devices.card.mrz_zone import Mrz, birth_date, expiry_date
from devices.card.profile import ProfileRead, Wish
from devices.card.slot import CardDamaged, Channel, SamLink

_OK = 0x9000
_MOST_CARD_ACCESS = 4096
_IN_DETAILS = frozenset(("name", "id_number", "birth_date", "birth_place", "address"))
_ID_NUMBER = re.compile(r"[0-9]{17}[0-9X]")


class TravelDocument:
    """The profile; stateless."""

    name = "travel-document"

    def read(self, card: Channel | SamLink, wish: Wish) -> ProfileRead | CardTrouble:
        """See :class:`~devices.card.profile.Profile`. Also raises the errors of :mod:`devices.card.emrtd.errors`."""
        if isinstance(card, SamLink):
            return CardTrouble.UNKNOWN
        plain = PlainTalk(card)
        offered = _card_access(plain)
        if offered is None and files.select_application(plain) != _OK:
            return CardTrouble.UNKNOWN
        choice = choose(offered) if offered is not None else None
        if offered is not None and choice is None:
            return CardTrouble.UNKNOWN  # a lock that this terminal has no key for: another mapping, another group
        key = wish.key
        if key is None:
            return CardTrouble.NEEDS_KEY
        if choice is not None:
            talk = open_with_pace(card, choice, key, longest=_longest(plain))
            if (status := files.select_application(talk)) != _OK:
                raise CardDamaged(f"no eMRTD application: {status:04X}")
        elif isinstance(key, MrzKey):
            talk = open_with_bac(card, key, longest=SHORT)
        else:
            return CardTrouble.WRONG_KEY  # a document without PACE has no CAN, so this one is another's
        return _read(talk, offered, wish)


def _card_access(plain: PlainTalk) -> tuple[SecurityInfo, ...] | None:
    """What EF.CardAccess offers; ``None`` where there is no such file (any refusal, as old chips differ in theirs)."""
    plain.send(Command(0xA4, 0x000C, b"\x3f\x00"))  # the master file, where a chip has not selected it by itself
    if not _is_selected(plain, lds.CARD_ACCESS):
        return None
    try:
        return security_infos(files.read_selected(plain, most=_MOST_CARD_ACCESS))
    except CardDamaged:
        # A broken offer of a travel document is damage, and no reason for BAC; other cards are none of ours.
        if files.select_application(plain) == _OK:
            raise
        return None


def _is_selected(plain: PlainTalk, file: int) -> bool:
    return plain.send(Command(0xA4, 0x020C, file.to_bytes(2, "big")))[1] == _OK


def _longest(plain: PlainTalk) -> int:
    if not _is_selected(plain, lds.ATR_INFO):
        return SHORT
    return longest_answer(plain.send(Command(0xB0, 0x0000, le=SHORT))[0])


def _read(talk: SecureTalk, offered: Sequence[SecurityInfo] | None, wish: Wish) -> ProfileRead | CardTrouble:
    document = Document(talk, offered=offered, trust=wish.trust, today=wish.today)
    document.authenticate_chip()
    zone = document.group(lds.DG1)
    if zone is None:
        raise CardDamaged("no DG1")
    mrz = lds.read_dg1(zone)
    expires = expiry_date(mrz.expires, wish.today)
    if expires is not None and expires < wish.today:
        return CardTrouble.EXPIRED
    details = lds.Details()
    if wish.fields & _IN_DETAILS and (more := document.group(lds.DG11)) is not None:
        details = lds.read_dg11(more)
    photo = None
    if "photo" in wish.fields and (face := document.group(lds.DG2)) is not None:
        photo = read_photo(face)
    verdict = document.verdict()
    found = _fields(mrz, details, expires, wish.today)
    return ProfileRead(
        assurance=verdict.assurance,
        fields={name: value for name, value in found.items() if value and name in wish.fields},
        checks=(*verdict.checks, *_checks(mrz, found)),
        photo=photo,
    )


def _fields(mrz: Mrz, details: lds.Details, expires: date | None, today: date) -> Mapping[str, str | None]:
    born = details.birth_date or birth_date(mrz.birth_date, today)
    # Other states have personal numbers of other kinds; only China's is what a matter calls an identity number.
    number = details.personal_number.upper()
    return {
        "name": details.full_name or mrz.chinese_name or mrz.latin_name,
        "english_name": mrz.latin_name,
        "id_number": number if _ID_NUMBER.fullmatch(number) else None,
        "sex": mrz.sex,
        "birth_date": born.isoformat() if born else None,
        "expires": expires.isoformat() if expires else None,
        "nationality": mrz.nationality,
        "issuing_state": mrz.issuing_state,
        "document_number": mrz.document_number,
        "birth_place": details.birth_place,
        "address": details.address,
    }


def _checks(mrz: Mrz, found: Mapping[str, str | None]) -> tuple[Check, ...]:
    zone = Check("mrz-check-digits", mrz.sound)
    number = found["id_number"]
    return (zone, Check("id-number-checksum", has_valid_checksum(number))) if number else (zone,)
