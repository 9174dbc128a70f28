"""The process that reads a card: it ends after one, and whatever becomes of it, the reader goes on."""

from __future__ import annotations

import logging
import os
import queue
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devices.card import reader as reader_module
from devices.card.api import CardFailed, CardRead, CardState, CardTrouble, NoCard, Reading
from devices.card.child_readout import ChildReadout
from devices.card.profile import FIELDS
from devices.card.reader import WatchedReader
from devices.card.sim import InProcessSlot
from devices.card.sim_port import PortSlot, SimPort
from devices.card.slot import CardGone, CardHeld, CardMute, Presence, SlotLost, SlotView
from tests.support.card_rig import DEADLINE_S, TODAY, card


class Hall:
    """A watched reader whose cards are read by ``tests.support.bad_child``."""

    def __init__(self, folder: Path) -> None:
        self._order = folder / "child"
        self._order.write_text("")
        self.slot = InProcessSlot()
        self.states: queue.SimpleQueue[CardState] = queue.SimpleQueue()
        command = (sys.executable, "-m", "tests.support.bad_child", str(self._order))
        self.reader = WatchedReader(
            slot=self.slot, fields=FIELDS, today=lambda: TODAY, readout=ChildReadout(command=command)
        )

    def order(self, way: str) -> None:
        """How the processes started from now on behave."""
        self._order.write_text(way)

    def start(self) -> None:
        self.reader.start(self.states.put)
        assert self.next() == NoCard()

    def next(self) -> CardState:
        return self.states.get(timeout=DEADLINE_S)

    def read(self, key: str = "wang") -> CardState:
        """The end of the next card's read."""
        self.slot.insert(card(key))
        assert isinstance(self.next(), Reading)
        return self.next()

    def lift(self) -> None:
        self.slot.remove()
        assert self.next() == NoCard()

    @property
    def pid(self) -> int:
        """Of the process started last; waits until it runs."""
        file = self._order.with_suffix(".pid")
        _until(lambda: file.exists() and file.read_text() != "")
        return int(file.read_text())


def _until(there: object) -> None:
    assert callable(there)
    end = time.monotonic() + DEADLINE_S
    while not there():
        assert time.monotonic() < end
        os.sched_yield()


def _runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@contextmanager
def hall_in(folder: Path) -> Generator[Hall]:
    hall = Hall(folder)
    port = SimPort(hall.slot)
    try:
        yield hall
    finally:
        hall.reader.stop()
        port.close()


def test_a_process_reads_one_card_and_ends(tmp_path: Path) -> None:
    with hall_in(tmp_path) as hall:
        hall.start()
        first = hall.pid
        # It waits with its core dumps off, before anybody's data is in it.
        limits = Path(f"/proc/{first}/limits").read_text()
        assert "Max core file size        0                    0" in limits
        read = hall.read()
        assert isinstance(read, CardRead)
        assert read.fields["name"] == "王秀英"
        hall.lift()
        assert not _runs(first)
        second = hall.read("li")
        assert isinstance(second, CardRead)
        assert (second.insertion, second.fields["name"]) == (2, "李建国")
        last = hall.pid
    assert last != first
    assert not _runs(last)


@pytest.mark.parametrize("way", ["die", "segfault", "nonsense", "twice", "more"])
def test_a_process_that_fails_is_an_unreadable_card_and_the_next_card_is_read(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reader_module, "_TRIES", 1)
    with hall_in(tmp_path) as hall, caplog.at_level(logging.ERROR):
        hall.order(way)
        hall.start()
        assert hall.read() == CardFailed(1, CardTrouble.UNREADABLE)
        hall.order("")
        hall.lift()
        # The next process was started while the order still stood: it is spent on a first try.
        monkeypatch.setattr(reader_module, "_TRIES", 3)
        read = hall.read("li")
        assert isinstance(read, CardRead)
        assert read.fields["name"] == "李建国"
    assert "the process that read" in caplog.text
    assert "shoe_size" not in caplog.text


def test_a_process_that_died_while_waiting_is_replaced(tmp_path: Path) -> None:
    with hall_in(tmp_path) as hall:
        hall.order("early")
        hall.start()
        _until(lambda: not _alive(hall.pid))
        hall.order("")
        assert isinstance(hall.read(), CardRead)


def _alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_a_process_that_hangs_ends_with_the_card(tmp_path: Path) -> None:
    with hall_in(tmp_path) as hall:
        hall.order("hang")
        hall.start()
        hall.slot.insert(card("wang"))
        assert hall.next() == Reading(1)
        pid = hall.pid
        hall.order("")
        hall.slot.remove()
        assert hall.next() == CardFailed(1, CardTrouble.PULLED)
        assert hall.next() == NoCard()
        assert not _runs(pid)
        assert isinstance(hall.read("li"), CardRead)


def test_a_process_that_hangs_ends_in_time_and_with_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "_LONGEST_READ_S", 0.2)
    with hall_in(tmp_path) as hall:
        hall.order("hang")
        hall.start()
        assert hall.read() == CardFailed(1, CardTrouble.UNREADABLE)
        hall.slot.remove()
        assert hall.next() == NoCard()
        monkeypatch.setattr(reader_module, "_LONGEST_READ_S", 60)
        hall.slot.insert(card("li"))
        assert hall.next() == Reading(2)
        began = time.monotonic()
        hall.reader.stop()
        assert time.monotonic() - began < 30  # half of what a read may take
        assert not _runs(hall.pid)


def test_a_program_that_cannot_be_started_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    slot = InProcessSlot()
    states: queue.SimpleQueue[CardState] = queue.SimpleQueue()
    reader = WatchedReader(
        slot=slot, fields=FIELDS, today=lambda: TODAY, readout=ChildReadout(command=(str(tmp_path / "none"),))
    )
    slot.insert(card("wang"))
    with caplog.at_level(logging.ERROR):
        reader.start(states.put)
        assert states.get(timeout=DEADLINE_S) == Reading(1)
        assert states.get(timeout=DEADLINE_S) == CardFailed(1, CardTrouble.UNREADABLE)
        reader.stop()
    assert "FileNotFoundError" in caplog.text


def test_a_held_card_is_asked_for_by_one_process_until_it_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "_HELD_S", 0.02)
    monkeypatch.setattr(reader_module, "_HELD_BRIEFLY_S", 0.1)
    with hall_in(tmp_path) as hall:
        hall.slot.hold(True)
        hall.start()
        assert hall.read() == CardFailed(1, CardTrouble.BUSY)
        pid = hall.pid
        assert _runs(pid)
        hall.slot.hold(False)
        assert hall.next() == Reading(2)
        assert isinstance(hall.next(), CardRead)


def test_its_memory_is_closed_to_others() -> None:
    program = (
        "import ctypes, resource\n"
        "from devices.card.child import keep_memory_private\n"
        "keep_memory_private()\n"
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "0 (0, 0)\n"  # PR_GET_DUMPABLE


def test_the_simulated_readers_port_says_what_the_reader_says() -> None:
    slot = InProcessSlot()
    port = SimPort(slot)
    far = PortSlot(slot.address.removeprefix("sim:"))
    assert far.look(None, 0) == SlotView(Presence.EMPTY)
    slot.insert(card("wang"))
    view = far.look(None, 0)
    assert far.place(view) == slot.place(view)
    link = far.connect(view)
    assert link.atr[:1] == b"\x3b"
    slot.remove()
    with pytest.raises(CardGone):
        link.exchange(b"\x00\xa4\x04\x00")
    link.close()
    with pytest.raises(CardGone):
        far.connect(view)
    slot.insert(card("wang:mute"))
    with pytest.raises(CardMute):
        far.connect(far.look(None, 0))
    slot.hold(True)
    with pytest.raises(CardHeld):
        far.connect(far.look(None, 0))
    slot.hold(False)
    slot.insert(card("wang"))
    link = far.connect(far.look(None, 0))
    slot.plug(False)
    with pytest.raises(SlotLost):
        link.exchange(b"\x00\xa4\x04\x00")
    link.close()
    far.cancel()
    far.close()
    port.close()
    with pytest.raises(SlotLost):
        far.look(None, 0)
