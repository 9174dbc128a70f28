"""The place on a reader with a security module, where a resident identity card can lie.

Such a reader has no word for "a card was laid on" or "lifted": it is asked, again and again. A card answers ``find``
once, and then not before it has left the field ("a card must be lifted before it is found again"). So:

* nobody there: ``find`` every 0.3 s; an answer is a card laid on;
* somebody there: ``read address`` is answered (90, or 91 "no such item") only by the card that was selected and read,
  while it lies there; makers' own programs notice a lifted card by this command. If it fails, ``find`` tells whether
  another card (or the same, laid on anew) is there, and ``select`` whether the one found before still lies there
  unread. When all three fail, the card was lifted.
* just opened: another process may have found the card before us, or even read it, so ``select`` and ``read address``
  are tried where ``find`` finds nobody.

None of this was verified on hardware (QUALITY.toml).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

from devices.card.api import CardTrouble
from devices.card.sam import sdt
from devices.card.sam.line import Line, LineLost
from devices.card.sam.module import SamModule, Timing, sam_number
from devices.card.sam.sdt import Answer, Command
from devices.card.slot import (
    CardDamaged,
    CardError,
    CardGone,
    Place,
    Presence,
    SamLink,
    SamRecord,
    SlotLost,
    SlotView,
)

_TEXT, _PHOTO = 256, 1024
_THERE = (sdt.OK, sdt.NO_SUCH_ITEM)

_log = logging.getLogger(__name__)


class CardNotOurs(CardError):
    """The module says that this is no card of its kind (SW3 40)."""

    trouble = CardTrouble.UNKNOWN


class SamSlot:
    """The slot of one reader. Holds the device from the first look until ``close``, or until the reader is lost."""

    def __init__(self, *, line: Line, address: str, timing: Timing | None = None) -> None:
        """``address`` is what opens this slot again, in another process, too."""
        self._address = address
        self._timing = timing or Timing()
        self._module = SamModule(line=line, timing=self._timing)
        self._wake = threading.Event()
        self._opened = False
        self._fresh = False  # just opened: what the module did before is unknown
        self._cards = 0
        self._card = 0
        self._selected = False
        self._read = False  # whether the card that lies there was read: then one found anew is another insertion
        self._told = ""

    def look(self, seen: SlotView | None, timeout: float) -> SlotView:
        """See :class:`devices.card.slot.Slot`."""
        end = time.monotonic() + timeout
        while True:
            view = self._view()
            left = end - time.monotonic()
            if view != seen or left <= 0:
                return view
            pause = self._timing.retry_s if view.presence is Presence.NO_READER else self._timing.poll_s
            if self._wake.wait(min(left, pause)):
                self._wake.clear()
                return view

    def place(self, view: SlotView) -> Place:
        """See :class:`devices.card.slot.Slot`. Nobody counts insertions, and one process at a time has the line."""
        self._expect(view)
        return Place(self._address, shared=False)

    def connect(self, view: SlotView, *, reset: bool = False) -> SamLink:
        """See :class:`devices.card.slot.Slot`. Never raises ``CardMute`` or ``CardHeld``: a card that does not answer
        is not found, and who holds the reader holds its card."""
        self._expect(view)
        with self._reaching():
            if reset or not self._selected:
                self._select()
        return _FoundCard(self)

    def read_card(self) -> SamRecord:
        """Text and photo of the card that lies there, for the link. Raises the errors of :mod:`devices.card.slot`.

        Authentication that failed either way (31, 32), data not verified (33) and a read that broke off (41, 47) all
        end as :class:`CardDamaged`: a card that moved looks the same, so the reader tries again."""
        with self._reaching():
            answer = self._ask(Command.READ)
        if answer.module == sdt.OK:
            self._read = True
            return _record(answer.data)
        self._selected = False
        if answer.module == sdt.WRONG_CARD:
            raise CardNotOurs("SW3 40")
        raise CardDamaged(f"SW3 {answer.module:02X}")

    def sam_number(self) -> str | None:
        """The number of the security module, or ``None`` when it gives none. Raises ``SlotLost`` without a reader."""
        with self._reaching():
            return sam_number(self._ask(Command.SAM_ID))

    def cancel(self) -> None:
        """See :class:`devices.card.slot.Slot`."""
        self._wake.set()

    def close(self) -> None:
        """Let go of the reader. Whether the same card still lies there is found out at the next look."""
        self._module.close()
        self._opened = False

    def _view(self) -> SlotView:
        try:
            with self._reaching():
                if self._card:
                    self._attend()
                else:
                    self._find()
                self._fresh = False
        except SlotLost:
            return SlotView(Presence.NO_READER)
        self._told = ""
        return SlotView(Presence.CARD, self._card) if self._card else SlotView(Presence.EMPTY)

    def _attend(self) -> None:
        """Look whether the card found before still lies there."""
        if self._ask(Command.READ_ADDRESS).module in _THERE:
            self._read |= self._fresh  # another process selected it, and will have read it
        elif self._ask(Command.FIND).module == sdt.FOUND:
            # A card that was lost before it could be read is found anew where it lies: still the same insertion, as
            # nothing of it is known yet.
            self._selected = False
            if self._read:
                self._lay_on()
        elif not self._chosen():
            self._card = 0

    def _find(self) -> None:
        """Look whether a card was laid on."""
        answer, again = self._module.ask(Command.FIND)
        if answer.module == sdt.FOUND:
            self._selected = False
            self._lay_on()
        elif (again or self._fresh) and self._chosen():
            # Found unheard at the first try, or by another process, a card does not answer a second time.
            self._lay_on()

    def _expect(self, view: SlotView) -> None:
        if not self._card or view != SlotView(Presence.CARD, self._card):
            raise CardGone("another card, or none")

    def _lay_on(self) -> None:
        self._read = False
        self._cards += 1
        self._card = self._cards

    def _select(self) -> None:
        """Select the card that was found; it may have to be found once more."""
        if not self._chosen():
            self._ask(Command.FIND)
            if not self._chosen():
                raise CardGone("not selected")
        if not self._selected:
            raise CardNotOurs("SW3 40")

    def _chosen(self) -> bool:
        """Whether a card lies there that was found before; selects it, if it is one to be read and not yet selected."""
        answer = self._ask(Command.SELECT)
        wrong = answer.module == sdt.WRONG_CARD
        self._selected = answer.module == sdt.OK or (not wrong and self._ask(Command.READ_ADDRESS).module in _THERE)
        return self._selected or wrong

    def _ask(self, command: Command) -> Answer:
        return self._module.ask(command)[0]

    @contextmanager
    def _reaching(self) -> Generator[None]:
        """Have the reader in hand; turns its loss into ``SlotLost``, and says so to the technician once."""
        try:
            if not self._opened:
                self._module.open()
                self._opened = self._fresh = True
            yield
        except LineLost as loss:
            self.close()
            self._card = 0
            self._selected = False
            if str(loss) != self._told:
                self._told = str(loss)
                _log.warning("identity card reader: %s", loss)
            raise SlotLost(str(loss)) from loss


class _FoundCard(SamLink):
    def __init__(self, slot: SamSlot) -> None:
        self._slot = slot

    def read_card(self) -> SamRecord:
        return self._slot.read_card()

    def close(self) -> None:
        """The module needs no word that a read is over."""


def _record(data: bytes) -> SamRecord:
    """What ``READ`` gives: length of text and of photo, two bytes each, big-endian, then both."""
    head = _TEXT.to_bytes(2, "big") + _PHOTO.to_bytes(2, "big")
    if len(data) != len(head) + _TEXT + _PHOTO or not data.startswith(head):
        raise CardDamaged("text and photo of another length")
    text = len(head) + _TEXT
    return SamRecord(text=data[len(head) : text], photo=data[text:])
