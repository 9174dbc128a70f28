"""Short ways to read virtual travel documents without a reader."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from devices.card.api import CardTrouble, DocumentKey, MrzKey
from devices.card.profile import FIELDS, ProfileRead, Wish
from devices.card.profiles.travel_document import TravelDocument
from devices.card.sim import Chip
from devices.card.sim_emrtd import DEMO_HOLDERS, Holder
from devices.card.slot import CardError, CardGone, Channel

TODAY = date(2026, 11, 23)


class ChipLink:
    """A chip as a link, counting what it was asked."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self.asked: list[bytes] = []
        chip.power(True)

    @property
    def atr(self) -> bytes:
        return self._chip.answer_to_reset()

    def exchange(self, command: bytes) -> bytes:
        self.asked.append(command)
        answer = self._chip.respond(command)
        if answer is None:
            raise CardGone("pulled")
        return answer

    def close(self) -> None:
        self._chip.power(False)


def key_of(holder: Holder | str) -> MrzKey:
    """What opens a holder's document."""
    holder = DEMO_HOLDERS[holder] if isinstance(holder, str) else holder
    return MrzKey(holder.number, holder.birth.strftime("%y%m%d"), holder.expires.strftime("%y%m%d"))


def read(
    chip: Chip | ChipLink,
    key: DocumentKey | None,
    *,
    trust: Path | None = None,
    fields: frozenset[str] = FIELDS,
    today: date = TODAY,
) -> ProfileRead | CardTrouble:
    """One read; the errors of the card layer as the trouble that the reader would report."""
    link = chip if isinstance(chip, ChipLink) else ChipLink(chip)
    channel = Channel(link=link, give_up=lambda: False)
    try:
        return TravelDocument().read(channel, Wish(fields=fields, today=today, key=key, trust=trust))
    except CardError as error:
        return error.trouble


def read_well(
    chip: Chip | ChipLink,
    key: DocumentKey | None,
    *,
    trust: Path | None = None,
    fields: frozenset[str] = FIELDS,
    today: date = TODAY,
) -> ProfileRead:
    """One read that has to give fields."""
    found = read(chip, key, trust=trust, fields=fields, today=today)
    assert isinstance(found, ProfileRead), found
    return found


def failed(found: ProfileRead) -> list[str]:
    """The names of the checks that failed."""
    return [check.name for check in found.checks if not check.passed]
