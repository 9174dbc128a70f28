"""Several readers told as one: what each combination of their states means."""

from __future__ import annotations

import itertools
import queue
from collections.abc import Callable, Iterator

import pytest

from devices.card.api import (
    CanKey,
    CardFailed,
    CardRead,
    CardState,
    CardTrouble,
    DocumentKey,
    NoCard,
    NoReader,
    NoService,
    Reading,
)
from devices.card.profile import FIELDS
from devices.card.reader import WatchedReader
from devices.card.side_by_side import SideBySide
from devices.card.sim import InProcessSlot
from tests.support.card_rig import DEADLINE_S, TODAY, card, expect


class Pair:
    """Two simulated readers as one."""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.slots = (InProcessSlot(), InProcessSlot())
        self._states: queue.SimpleQueue[CardState] = queue.SimpleQueue()
        readers = [
            WatchedReader(slot=slot, fields=FIELDS, today=lambda: TODAY, numbers=self.numbers) for slot in self.slots
        ]
        self.reader = SideBySide(readers=readers, numbers=self.numbers)

    def start(self) -> None:
        self.reader.start(self._states.put)

    def next(self) -> CardState:
        return self._states.get(timeout=DEADLINE_S)

    def insert(self, key: str, at: int = 0) -> None:
        self.slots[at].insert(card(key))

    # The rest of a Rig.
    def remove(self) -> None: ...
    def hold(self, held: bool) -> None: ...
    def serve(self, serving: bool) -> None: ...


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.reader.stop()


def test_cards_on_either_reader_are_read_and_counted_together(pair: Pair) -> None:
    pair.start()
    expect(pair, NoCard)
    for at, key, name in ((0, "wang", "王秀英"), (1, "li", "李建国"), (0, "li", "李建国")):
        pair.insert(key, at)
        reading = expect(pair, Reading)
        read = expect(pair, CardRead)
        assert (read.insertion, read.fields["name"]) == (reading.insertion, name)
        pair.slots[at].remove()
        expect(pair, NoCard)
    assert reading.insertion == 3


def test_a_reader_that_is_away_does_not_hide_the_other(pair: Pair) -> None:
    pair.slots[0].serve(False)
    pair.slots[1].plug(False)
    pair.start()
    expect(pair, NoReader)
    pair.slots[0].serve(True)
    expect(pair, NoCard)
    pair.insert("wang")
    expect(pair, Reading)
    expect(pair, CardRead)
    pair.slots[0].remove()
    expect(pair, NoCard)
    pair.slots[0].serve(False)
    expect(pair, NoReader)
    pair.slots[1].serve(False)
    expect(pair, NoService)
    pair.slots[0].serve(True)
    expect(pair, NoCard)


@pytest.mark.parametrize("left", [0, 1])
def test_of_two_cards_none_is_told_and_the_one_left_is_read_anew(pair: Pair, left: int) -> None:
    pair.start()
    expect(pair, NoCard)
    pair.insert("wang", 0)
    expect(pair, Reading)
    first = expect(pair, CardRead)
    pair.insert("li", 1)
    two = expect(pair, CardFailed)
    assert two.trouble is CardTrouble.TWO_CARDS
    assert two.insertion > first.insertion
    pair.slots[1 - left].remove()
    reading = expect(pair, Reading)
    assert reading.insertion > two.insertion
    read = expect(pair, CardRead)
    assert (read.insertion, read.fields["name"]) == (reading.insertion, ("王秀英", "李建国")[left])


def test_two_cards_from_the_start_and_both_taken_away(pair: Pair) -> None:
    pair.insert("wang", 0)
    pair.insert("li", 1)
    pair.start()
    while (state := pair.next()) != CardFailed(3, CardTrouble.TWO_CARDS):
        # Whichever reader was first may have told of its card before the other one told of its own.
        assert isinstance(state, Reading | CardRead), state
    pair.slots[0].remove()
    pair.slots[1].remove()
    while (state := pair.next()) != NoCard():
        assert isinstance(state, Reading | CardRead | CardFailed), state
    pair.insert("li", 0)
    expect(pair, Reading)
    assert expect(pair, CardRead).fields["name"] == "李建国"


class Deaf:
    """A reader that has not told anything yet."""

    def __init__(self) -> None:
        self.keys: list[DocumentKey] = []
        self.tell: Callable[[CardState], None] = lambda _: None

    def start(self, on_state: Callable[[CardState], None]) -> None:
        self.tell = on_state

    def try_key(self, key: DocumentKey) -> None:
        self.keys.append(key)

    def read_again(self) -> None: ...

    def stop(self) -> None: ...


def test_what_is_missing_is_told_once_every_reader_has_spoken() -> None:
    states: queue.SimpleQueue[CardState] = queue.SimpleQueue()
    one, other = Deaf(), Deaf()
    reader = SideBySide(readers=(one, other), numbers=itertools.count(1))
    reader.start(states.put)
    with pytest.raises(RuntimeError):
        reader.start(states.put)
    one.tell(NoReader())
    other.tell(NoCard())
    assert states.get(timeout=DEADLINE_S) == NoCard()
    reader.try_key(CanKey("123456"))
    assert one.keys == other.keys == [CanKey("123456")]
    reader.stop()
    reader.stop()
    assert states.empty()
