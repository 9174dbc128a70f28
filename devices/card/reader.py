"""A reader watched by one thread: cards come and go, each is read once, and one state at a time is reported.

An unfinished read is dropped when its card leaves; a finished one is the application's to wipe. A worn card is tried
again before anybody is asked to wipe it; one that another program holds is read as soon as it is let go. What the
layers below raise ends here as a value.
"""

from __future__ import annotations

import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path

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
from devices.card.profile import FIELDS, Wish
from devices.card.readout import DirectReadout, Finding, Readout
from devices.card.slot import CardError, CardGone, CardHeld, Presence, Slot, SlotLost, SlotView

_IDLE_S = 10.0  # a look at rest; changes wake it at once
_HELD_S = 0.5  # how often a held card is tried again
_HELD_BRIEFLY_S = 2.0  # file managers and agents grab a new card for a moment; only longer is worth a word
# pcscd notices a lifted card within 0.4 s (its polling); only then is it known whether a broken link was a lifted card.
_SETTLE_S = 1.0
_LONGEST_READ_S = 15.0  # all tries together
# Worn contacts and a card not quite down often answer the second time; the wrong way round should be told soon.
_TRIES = 3
_WORN = (CardTrouble.MUTE, CardTrouble.UNREADABLE)
_PAUSE_S = 0.3
_WANTS_KEY = (CardTrouble.NEEDS_KEY, CardTrouble.WRONG_KEY)
_STOP_STEP_S = 0.05
_RETRY_S = 2.0  # after a bug of ours or of the service below

_log = logging.getLogger(__name__)

Report = Callable[[CardState], None]


class WatchedReader:
    """A :class:`~devices.card.api.CardReader` over any slot."""

    def __init__(
        self,
        *,
        slot: Slot,
        fields: frozenset[str],
        today: Callable[[], date],
        trust: Path | None = None,
        readout: Readout | None = None,
        numbers: Iterator[int] | None = None,
    ) -> None:
        """``fields`` are the names to read (see :class:`~devices.card.api.CardRead`); nothing else leaves the reader.
        ``today`` decides what has expired, ``trust`` is a folder of CSCA certificates. ``readout`` reads the cards (in
        this process unless given); ``numbers`` counts insertions, of several readers together where they share it.
        Raises ``ValueError`` for a field no profile can have."""
        if unknown := fields - FIELDS:
            raise ValueError(f"no such card fields: {sorted(unknown)}")
        self._slot = slot
        self._fields = fields
        self._today = today
        self._trust = trust
        self._readout = readout or DirectReadout()
        self._numbers = numbers or itertools.count(1)
        self._wants_key = False  # whether the card that lies there opens only to a key
        self._key: DocumentKey | None = None
        self._again = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, on_state: Report) -> None:
        """Begin watching; see :class:`~devices.card.api.CardReader`. A stopped reader may be started again."""
        if self._thread is not None:
            raise RuntimeError("the reader is already watched")
        self._stopping.clear()
        self._thread = threading.Thread(target=self._watch, args=(on_state,), name="card-reader", daemon=True)
        self._thread.start()

    def try_key(self, key: DocumentKey) -> None:
        """See :class:`~devices.card.api.CardReader`."""
        if self._wants_key:
            self._key = key
            self._slot.cancel()

    def read_again(self) -> None:
        """Read the card that lies there once more, as a new insertion; without one nothing happens. Any thread."""
        self._again = True
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

    def _watch(self, on_state: Report) -> None:
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
            self._readout.close()
            self._slot.close()

    def _watch_slot(self, report: Report) -> None:
        view = self._slot.look(None, 0)
        while not self._stopping.is_set():
            self._readout.prepare()
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
                case Presence.SEVERAL:
                    self._again = False
                    report(CardFailed(next(self._numbers), CardTrouble.TWO_CARDS))
                    view = self._leave_lying(view)
                    continue
            view = self._slot.look(view, _IDLE_S)

    def _attend(self, view: SlotView, report: Report) -> SlotView:
        """Read the card of ``view`` and stay with it until the view changes; gives the changed view."""
        try:
            while (changed := self._read(view, report)) == view and not self._stopping.is_set():
                pass
        finally:
            self._wants_key, self._key = False, None
        return changed

    def _read(self, view: SlotView, report: Report) -> SlotView:
        """Read the card of ``view``; gives the next view, or the same one when it is to be read once more."""
        key, self._key = self._key, None
        self._again = self._wants_key = False
        number = self._begin(report)
        end = time.monotonic() + _LONGEST_READ_S
        wish = Wish(fields=self._fields, today=self._today(), key=key, trust=self._trust)
        held_since: float | None = None
        told_busy = False
        tries, reset = 0, False
        while not self._stopping.is_set():
            try:
                found = self._readout.read(self._slot, view, wish, reset=reset, wanted=partial(self._wanted, end))
            except CardHeld:
                now = time.monotonic()
                held_since = held_since or now
                if now - held_since >= _HELD_BRIEFLY_S:
                    told_busy = True
                    report(CardFailed(number, CardTrouble.BUSY))
                if (changed := self._slot.look(view, _HELD_S)) != view:
                    return changed
                end = time.monotonic() + _LONGEST_READ_S
                continue
            except (CardGone, SlotLost) as error:
                if (changed := self._slot.look(view, _SETTLE_S)) != view:
                    self._tell_pulled(number, changed, report, by_card=isinstance(error, CardGone))
                    return changed
                # Same view, broken link: swapped faster than the service can see, or a bad contact. What is read next
                # is an insertion of its own, so that nothing of this one is mixed in.
                found, broken = CardTrouble.UNREADABLE, True
            except CardError as error:
                found, broken = error.trouble, False
            else:
                broken = False
            tries += 1
            if found in _WORN and tries < _TRIES and self._wanted(end):
                if (changed := self._slot.look(view, 0 if broken else _PAUSE_S)) != view:
                    self._tell_pulled(number, changed, report, by_card=True)
                    return changed
                reset = True
                number = self._begin(report) if broken else number
                continue
            if told_busy:
                number = self._begin(report)  # whoever was told so has done with that insertion
            self._wants_key = found in _WANTS_KEY
            report(_state(number, found))
            return self._leave_lying(view)
        return view

    def _begin(self, report: Report) -> int:
        number = next(self._numbers)
        report(Reading(number))
        return number

    def _tell_pulled(self, number: int, changed: SlotView, report: Report, *, by_card: bool) -> None:
        if by_card and changed.presence in (Presence.EMPTY, Presence.CARD):
            report(CardFailed(number, CardTrouble.PULLED))

    def _leave_lying(self, view: SlotView) -> SlotView:
        """Stay until the view changes, or (then with the same view) the card is to be read once more."""
        self._readout.prepare()
        while not self._stopping.is_set() and not self._again and self._key is None:
            if (now := self._slot.look(view, _IDLE_S)) != view:
                return now
        return view

    def _wanted(self, end: float) -> bool:
        return not self._stopping.is_set() and time.monotonic() <= end


def _state(number: int, found: Finding) -> CardRead | CardFailed:
    match found:
        case CardTrouble() as trouble:
            return CardFailed(number, trouble)
        case (profile, read):
            return CardRead(number, profile, read.assurance, read.fields, read.checks, read.photo)


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
