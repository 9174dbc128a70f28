"""Several readers as one: a contact and a contactless one, a plain one and one with a security module.

The terminal hears one state. A reader that is missing does not hide one that works. Cards on two readers are told as
two cards, and none of what was read while both lay there is told: whose turn it is, nobody knows. Once one is left, it
is read anew.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

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


class OneReader(CardReader, Protocol):
    """A reader that can be asked to read again what lies there."""

    def read_again(self) -> None:
        """See :meth:`devices.card.reader.WatchedReader.read_again`."""
        ...


class SideBySide:
    """A :class:`~devices.card.api.CardReader` of several, each watched by a thread of its own; one more thread puts
    together what they tell, so that it is told in order."""

    def __init__(self, *, readers: Sequence[OneReader], numbers: Iterator[int]) -> None:
        """``numbers`` is what all of ``readers`` count their insertions with."""
        self._readers = tuple(readers)
        self._numbers = numbers
        self._told: queue.SimpleQueue[tuple[int, CardState] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self, on_state: Callable[[CardState], None]) -> None:
        """See :class:`~devices.card.api.CardReader`."""
        if self._thread is not None:
            raise RuntimeError("the readers are already watched")
        self._thread = threading.Thread(target=self._put_together, args=(on_state,), name="card-readers", daemon=True)
        self._thread.start()
        for place, reader in enumerate(self._readers):
            reader.start(lambda state, place=place: self._told.put((place, state)))

    def try_key(self, key: DocumentKey) -> None:
        """See :class:`~devices.card.api.CardReader`: whichever reader's card wants one takes it."""
        for reader in self._readers:
            reader.try_key(key)

    def stop(self) -> None:
        """See :class:`~devices.card.api.CardReader`."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        for reader in self._readers:
            reader.stop()
        self._told.put(None)
        thread.join()

    def _put_together(self, on_state: Callable[[CardState], None]) -> None:
        newest: dict[int, CardState] = {}
        two = False
        fence = 0  # what was read up to this insertion was read while two cards lay there
        last: CardState | None = None
        while (told := self._told.get()) is not None:
            place, newest[place] = told
            lying = [at for at, state in newest.items() if isinstance(state, Reading | CardRead | CardFailed)]
            if len(lying) > 1:
                if two:
                    continue
                two, state = True, CardFailed(next(self._numbers), CardTrouble.TWO_CARDS)
            elif lying:
                if two:
                    two, fence = False, next(self._numbers)
                    self._readers[lying[0]].read_again()
                state = newest[lying[0]]
                if isinstance(state, Reading | CardRead | CardFailed) and state.insertion < fence:
                    continue
            else:
                two, state = False, _best(newest.values())
                if state != NoCard() and len(newest) < len(self._readers):
                    continue  # not every reader has told yet how it is
            if state != last:
                last = state
                on_state(state)


def _best(states: Iterable[CardState]) -> CardState:
    """Of readers without a card: one that waits for a card, else one that is looked for, else no service."""
    without = set(states)
    return next((state for state in (NoCard(), NoReader()) if state in without), NoService())
