"""The channel's T=0 chores and bounds, and the watched reader's edges."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from datetime import date

import pytest

from devices.card import reader as reader_module
from devices.card.api import (
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
from devices.card.reader import WatchedReader, read_once
from devices.card.sim import InProcessSlot
from devices.card.slot import CardDamaged, CardGone, Channel, Link, Place, Presence, SlotLost, SlotView
from tests.support.card_rig import TODAY, InProcessRig, card, expect

NAME = frozenset(("name",))


class Scripted:
    """A link that answers from a list."""

    atr = b"\x3b\x00"

    def __init__(self, *answers: str) -> None:
        self._answers = iter(answers)
        self.asked: list[str] = []

    def exchange(self, command: bytes) -> bytes:
        self.asked.append(command.hex())
        return bytes.fromhex(next(self._answers))

    def close(self) -> None:
        pass


def never() -> bool:
    return False


@pytest.mark.parametrize(
    ("command", "repeated"),
    [
        ("00b2012c00", "00b2012c14"),  # case 2
        ("00b2012c", "00b2012c14"),  # case 1
        ("00a4040002aabb", "00a4040002aabb14"),  # case 3
        ("00a4040002aabb00", "00a4040002aabb14"),  # case 4
    ],
)
def test_a_wrong_length_is_asked_again_with_the_right_one(command: str, repeated: str) -> None:
    link = Scripted("6c14", "01029000")
    assert Channel(link=link, give_up=never).transmit(bytes.fromhex(command)) == (b"\x01\x02", 0x9000)
    assert link.asked == [command, repeated]


def test_waiting_data_is_fetched_piece_by_piece() -> None:
    link = Scripted("6102", "aabb6101", "cc9000")
    channel = Channel(link=link, give_up=never)
    assert channel.transmit(bytes.fromhex("00a40400")) == (b"\xaa\xbb\xcc", 0x9000)
    assert link.asked == ["00a40400", "00c0000002", "00c0000001"]
    assert channel.atr == b"\x3b\x00"


@pytest.mark.parametrize(
    ("command", "fetched"), [("80b0000402000d", "00c0"), ("0ca4040c", "00c0"), ("01b20000", "01c0")]
)
def test_data_is_fetched_in_the_interindustry_class(command: str, fetched: str) -> None:
    link = Scripted("6101", "aa9000")
    assert Channel(link=link, give_up=never).transmit(bytes.fromhex(command)) == (b"\xaa", 0x9000)
    assert link.asked[1] == f"{fetched}000001"


@pytest.mark.parametrize("answer", ["", "90", "00" * 259])
def test_a_response_of_impossible_length_is_damage(answer: str) -> None:
    with pytest.raises(CardDamaged):
        Channel(link=Scripted(answer), give_up=never).transmit(b"\0\0\0\0")


@pytest.mark.parametrize(
    ("command", "longest"),
    [
        ("00b0000000", 256),
        ("00b00000000003", 3),  # case 2 extended
        ("00b00000000000", 65536),
        ("00a40400000002aabb", 256),  # case 3 extended: no Le, no reason for a long answer
        ("00a40400000002aabb0400", 1024),  # case 4 extended
    ],
)
def test_a_response_is_as_long_as_its_command_allows(command: str, longest: int) -> None:
    whole = "5a" * longest + "9000"
    data, status = Channel(link=Scripted(whole), give_up=never).transmit(bytes.fromhex(command))
    assert (len(data), status) == (longest, 0x9000)
    with pytest.raises(CardDamaged):
        Channel(link=Scripted("5a" + whole), give_up=never).transmit(bytes.fromhex(command))


def test_an_extended_command_is_not_repeated_as_a_short_one() -> None:
    link = Scripted("6c14")
    assert Channel(link=link, give_up=never).transmit(bytes.fromhex("00b00000000003")) == (b"", 0x6C14)


def test_chains_and_reads_without_end_are_damage() -> None:
    with pytest.raises(CardDamaged, match="chain"):
        Channel(link=Scripted("6110", "6110"), give_up=never).transmit(b"\0\0\0\0")
    with pytest.raises(CardDamaged, match="chain"):
        Channel(link=Scripted("6100", *["ee" * 256 + "6100"] * 20), give_up=never).transmit(b"\0\0\0\0")
    channel = Channel(link=Scripted(*["9000"] * 800), give_up=never)
    for _ in range(700):
        channel.transmit(b"\0\0\0\0")
    with pytest.raises(CardDamaged, match="too long"):
        channel.transmit(b"\0\0\0\0")
    with pytest.raises(CardDamaged, match="too long"):
        Channel(link=Scripted("9000"), give_up=lambda: True).transmit(b"\0\0\0\0")


@pytest.fixture
def rig() -> Iterator[InProcessRig]:
    rig = InProcessRig()
    yield rig
    rig.close()


def test_a_mute_card_and_a_pulled_cable(rig: InProcessRig) -> None:
    rig.start()
    expect(rig, NoCard)
    rig.insert("wang:mute")
    expect(rig, Reading)
    assert expect(rig, CardFailed) == CardFailed(1, CardTrouble.MUTE)
    rig.slot.plug(False)
    expect(rig, NoReader)
    rig.remove()
    rig.slot.plug(True)
    expect(rig, NoCard)


def test_a_reader_may_be_started_again_but_not_twice(rig: InProcessRig) -> None:
    rig.start()
    expect(rig, NoCard)
    with pytest.raises(RuntimeError):
        rig.start()
    rig.reader.stop()
    rig.reader.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "card-reader"]
    rig.insert("wang")
    rig.start()
    expect(rig, Reading)
    assert expect(rig, CardRead).fields["name"] == "王秀英"


def test_a_field_no_card_has_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="shoe_size"):
        WatchedReader(slot=InProcessSlot(), fields=frozenset(("shoe_size",)), today=lambda: TODAY)


def test_what_has_expired_depends_on_the_day_of_the_read() -> None:
    rig = InProcessRig(today=lambda: date(2019, 12, 31))
    rig.insert("expired")
    rig.start()
    expect(rig, Reading)
    assert expect(rig, CardRead).fields["expires"] == "2019-12-31"
    rig.close()


class Breaking(InProcessSlot):
    """A slot whose link breaks, some times over, while the card keeps lying there."""

    def __init__(self, *, times: int, error: Callable[[], Exception]) -> None:
        super().__init__()
        self._times = times
        self._error = error

    def reach(self, view: SlotView, command: bytes) -> bytes:
        if self._times:
            self._times -= 1
            raise self._error()
        return super().reach(view, command)


@pytest.mark.parametrize("error", [CardGone, SlotLost])
def test_a_link_that_breaks_once_under_a_lying_card_is_tried_again_as_a_new_insertion(
    error: Callable[[], Exception],
) -> None:
    slot = Breaking(times=1, error=error)
    slot.insert(card("li"))
    states: list[CardState] = []
    read = read_once(_Noting(slot, states), 10)
    assert isinstance(read, CardRead)
    assert states == [Reading(1), Reading(2), read]


def test_a_link_that_breaks_again_is_a_bad_contact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "_SETTLE_S", 0.01)
    slot = Breaking(times=9, error=CardGone)
    slot.insert(card("li"))
    reader = WatchedReader(slot=slot, fields=NAME, today=lambda: TODAY)
    assert read_once(reader, 10) == CardFailed(3, CardTrouble.UNREADABLE)  # each try may have met another card


class _Noting:
    def __init__(self, slot: InProcessSlot, states: list[CardState]) -> None:
        self._reader = WatchedReader(slot=slot, fields=NAME, today=lambda: TODAY)
        self._states = states

    def start(self, on_state: Callable[[CardState], None]) -> None:
        def note(state: CardState) -> None:
            self._states.append(state)
            on_state(state)

        self._reader.start(note)

    def try_key(self, key: DocumentKey) -> None:
        self._reader.try_key(key)

    def stop(self) -> None:
        self._reader.stop()


def test_a_service_that_dies_in_the_middle_drops_the_read(rig: InProcessRig) -> None:
    class Dying(InProcessSlot):
        def reach(self, view: SlotView, command: bytes) -> bytes:
            self.serve(False)
            return super().reach(view, command)

    slot = Dying()
    slot.insert(card("li"))
    states: list[CardState] = []
    assert read_once(_Noting(slot, states), 0.3) == NoService()
    assert states == [Reading(1), NoService()]


def test_one_read_with_no_time_to_wait() -> None:
    slot = InProcessSlot()
    reader = WatchedReader(slot=slot, fields=NAME, today=lambda: TODAY)
    assert read_once(reader, 0) == NoCard()
    slot.plug(False)
    assert read_once(reader, 0) == NoReader()
    slot.plug(True)
    slot.insert(card("wang"))
    read = read_once(reader, 0)
    assert isinstance(read, CardRead)
    assert read.fields == {"name": "王秀英"}


def test_one_read_waits_for_a_card() -> None:
    slot = InProcessSlot()

    class LaysACard:
        """A reader on which a card is laid once it is seen to be empty."""

        inner = WatchedReader(slot=slot, fields=NAME, today=lambda: TODAY)

        def start(self, on_state: Callable[[CardState], None]) -> None:
            def seen(state: CardState) -> None:
                on_state(state)
                if isinstance(state, NoCard):
                    slot.insert(card("abdu"))

            self.inner.start(seen)

        def try_key(self, key: DocumentKey) -> None:
            self.inner.try_key(key)

        def stop(self) -> None:
            self.inner.stop()

    read = read_once(LaysACard(), 10)
    assert isinstance(read, CardRead)
    assert read.fields == {"name": "阿卜杜热合曼·买买提吐尔逊江·艾力"}


class OnceFailingSlot:
    """Breaks at its first look, as a bug would, and is empty from then on."""

    def __init__(self) -> None:
        self._looks = 0
        self._cancelled = threading.Event()

    def look(self, seen: SlotView | None, timeout: float) -> SlotView:
        self._looks += 1
        if self._looks == 1:
            raise ValueError("王秀英")
        if seen is not None:
            self._cancelled.wait(timeout)
        return SlotView(Presence.EMPTY)

    def place(self, view: SlotView) -> Place:
        raise CardGone

    def connect(self, view: SlotView, *, reset: bool = False) -> Link:
        raise CardGone

    def cancel(self) -> None:
        self._cancelled.set()

    def close(self) -> None:
        pass


def test_a_bug_is_told_without_its_content_and_the_reader_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reader_module, "_RETRY_S", 0.01)
    states: queue.SimpleQueue[CardState] = queue.SimpleQueue()
    reader = WatchedReader(slot=OnceFailingSlot(), fields=NAME, today=lambda: TODAY)
    with caplog.at_level(logging.ERROR):
        reader.start(states.put)
        assert states.get(timeout=10) == NoService()
        assert states.get(timeout=10) == NoCard()
        reader.stop()
    assert "ValueError" in caplog.text
    assert "王秀英" not in caplog.text
