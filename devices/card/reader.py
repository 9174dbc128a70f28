"""A reader watched by one thread: cards come and go, each is read once, and one state at a time is reported.

An unfinished read is dropped when its card leaves; a finished one is the application's to wipe. A card that another
program holds is read as soon as it is let go. What the layers below raise ends here as a value.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from datetime import date

from devices.card.api import (
    CardFailed,
    CardRead,
    CardReader,
    CardState,
    CardTrouble,
    DocumentKey,
    NoCard,
    NoReader,
    NoService,
    Reading,
)
from devices.card.profile import FIELDS, Profile, ProfileRead, Wish
from devices.card.profiles import PROFILES
from devices.card.slot import CardError, CardGone, CardHeld, Channel, Presence, SamLink, Slot, SlotLost, SlotView

_IDLE_S = 10.0  # a look at rest; changes wake it at once
_HELD_S = 0.5  # how often a held card is tried again
_HELD_BRIEFLY_S = 2.0  # file managers and agents grab a new card for a moment; only longer is worth a word
# pcscd notices a lifted card within 0.4 s (its polling); only then is it known whether a broken link was a lifted card.
_SETTLE_S = 1.0
_LONGEST_READ_S = 15.0
_WANTS_KEY = (CardTrouble.NEEDS_KEY, CardTrouble.WRONG_KEY)
_STOP_STEP_S = 0.05
_RETRY_S = 2.0  # after a bug of ours or of the service below

_log = logging.getLogger(__name__)


class WatchedReader:
    """A :class:`~devices.card.api.CardReader` over any slot."""

    def __init__(
        self,
        *,
        slot: Slot,
        fields: frozenset[str],
        today: Callable[[], date],
        profiles: tuple[Profile, ...] = PROFILES,
    ) -> None:
        """``fields`` are the names to read (see :class:`~devices.card.api.CardRead`); nothing else leaves the reader.
        ``today`` decides what has expired. Raises ``ValueError`` for a field no profile can have."""
        if unknown := fields - FIELDS:
            raise ValueError(f"no such card fields: {sorted(unknown)}")
        self._slot = slot
        self._fields = fields
        self._today = today
        self._profiles = profiles
        self._insertions = 0
        self._key: DocumentKey | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, on_state: Callable[[CardState], None]) -> None:
        """Begin watching; see :class:`~devices.card.api.CardReader`. A stopped reader may be started again."""
        if self._thread is not None:
            raise RuntimeError("the reader is already watched")
        self._stopping.clear()
        self._thread = threading.Thread(target=self._watch, args=(on_state,), name="card-reader", daemon=True)
        self._thread.start()

    def try_key(self, key: DocumentKey) -> None:
        """See :class:`~devices.card.api.CardReader`."""
        self._key = key
        self._slot.cancel()

    def stop(self) -> None:
        """End the thread and let go of the reader; returns when it has ended. Idempotent."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stopping.set()
        while thread.is_alive():
            self._slot.cancel()
            thread.join(_STOP_STEP_S)

    def _watch(self, on_state: Callable[[CardState], None]) -> None:
        last: CardState | None = None

        def report(state: CardState) -> None:
            nonlocal last
            if state != last and not self._stopping.is_set():
                last = state
                on_state(state)

        try:
            while not self._stopping.is_set():
                try:
                    self._watch_slot(report)
                except Exception as failure:  # noqa: BLE001 - the hall has one reader, and the next resident needs it
                    # Its text may carry what the card said, so only its type is logged.
                    _log.error("the card reader failed: %s", type(failure).__name__)
                    report(NoService())
                self._stopping.wait(_RETRY_S)
        finally:
            self._slot.close()

    def _watch_slot(self, report: Callable[[CardState], None]) -> None:
        view = self._slot.look(None, 0)
        while not self._stopping.is_set():
            match view.presence:
                case Presence.NO_SERVICE:
                    report(NoService())
                case Presence.NO_READER:
                    report(NoReader())
                case Presence.EMPTY:
                    report(NoCard())
                case Presence.CARD:
                    view = self._attend(view, report)
                    continue
            view = self._slot.look(view, _IDLE_S)

    def _attend(self, view: SlotView, report: Callable[[CardState], None]) -> SlotView:
        """Read the card of ``view`` and stay with it until the view changes; gives the changed view."""
        self._key = None  # one that came late was for the card before
        while (changed := self._read(view, report)) == view and self._key is not None and not self._stopping.is_set():
            pass
        return changed

    def _read(self, view: SlotView, report: Callable[[CardState], None]) -> SlotView:
        """Read the card of ``view``; gives the next view, or the same one when it is to be read with a key."""
        key, self._key = self._key, None
        self._insertions += 1
        report(Reading(self._insertions))
        held_since: float | None = None
        broken = 0
        while not self._stopping.is_set():
            try:
                result = self._read_once(view, key)
                report(result)
                wants_key = isinstance(result, CardFailed) and result.trouble in _WANTS_KEY
                return self._leave_lying(view, wants_key=wants_key)
            except CardHeld:
                now = time.monotonic()
                held_since = held_since or now
                if now - held_since >= _HELD_BRIEFLY_S:
                    report(CardFailed(self._insertions, CardTrouble.BUSY))
                if (changed := self._slot.look(view, _HELD_S)) != view:
                    return changed
                continue
            except (CardGone, SlotLost) as error:
                if (changed := self._slot.look(view, _SETTLE_S)) != view:
                    if isinstance(error, CardGone) and changed.presence in (Presence.EMPTY, Presence.CARD):
                        report(CardFailed(self._insertions, CardTrouble.PULLED))
                    return changed
                # Same view, broken link: swapped faster than the service can see, or a bad contact. One more chance,
                # as an insertion of its own, so that nothing of the first one is mixed in.
                broken += 1
                if broken == 1:
                    self._insertions += 1
                    report(Reading(self._insertions))
                    continue
                report(CardFailed(self._insertions, CardTrouble.UNREADABLE))
            except CardError as error:
                report(CardFailed(self._insertions, error.trouble))
            return self._leave_lying(view, wants_key=False)
        return view

    def _leave_lying(self, view: SlotView, *, wants_key: bool) -> SlotView:
        while (now := self._slot.look(view, _IDLE_S)) == view and not self._stopping.is_set():
            if wants_key and self._key is not None:
                break
        return now

    def _read_once(self, view: SlotView, key: DocumentKey | None) -> CardRead | CardFailed:
        end = time.monotonic() + _LONGEST_READ_S
        wish = Wish(fields=self._fields, today=self._today(), key=key)
        link = self._slot.connect(view)
        try:
            card = link if isinstance(link, SamLink) else Channel(link=link, give_up=lambda: self._given_up(end))
            for profile in self._profiles:
                match profile.read(card, wish):
                    case ProfileRead(assurance=assurance, fields=fields, checks=checks, photo=photo):
                        return CardRead(self._insertions, profile.name, assurance, fields, checks, photo)
                    case CardTrouble.UNKNOWN:
                        continue
                    case trouble:
                        return CardFailed(self._insertions, trouble)
            return CardFailed(self._insertions, CardTrouble.UNKNOWN)
        finally:
            link.close()

    def _given_up(self, end: float) -> bool:
        return self._stopping.is_set() or time.monotonic() > end


def read_once(reader: CardReader, wait_s: float) -> CardRead | CardFailed | NoService | NoReader | NoCard:
    """The first card that gives a read or a trouble within ``wait_s`` seconds, else what was missing at the end.

    Starts and stops ``reader``. A read that has begun in time is waited for (at most 20 s more).
    """
    states: queue.SimpleQueue[CardState] = queue.SimpleQueue()
    end = time.monotonic() + wait_s
    newest: NoService | NoReader | NoCard = NoCard()
    reading: Reading | None = None
    reader.start(states.put)
    try:
        while True:
            grace = _LONGEST_READ_S + 5 if reading else 0
            # The first state comes at once, but from another thread: even with no time to wait, wait for that one.
            patience = max(end - time.monotonic() + grace, 0.5)
            try:
                state = states.get(timeout=patience)
            except queue.Empty:
                return CardFailed(reading.insertion, CardTrouble.UNREADABLE) if reading else newest
            match state:
                case CardRead() | CardFailed():
                    return state
                case Reading():
                    reading = state
                case NoService() | NoReader() | NoCard():
                    newest, reading = state, None
                    if time.monotonic() >= end:
                        return newest
    finally:
        reader.stop()
