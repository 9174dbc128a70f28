"""Hands for card tests: lay cards on a reader, take them away, and read off what the driver reports.

Two rigs with the same hands: :class:`InProcessRig`, and :class:`PcscdRig`, where the driver runs in a child process
inside a namespace with a real pcscd. The contract suite runs on both.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date
from typing import Any, Protocol, TypeVar, cast

from devices.card.api import (
    Assurance,
    CardFailed,
    CardRead,
    CardState,
    CardTrouble,
    Check,
    NoCard,
    NoReader,
    NoService,
    Reading,
)
from devices.card.profile import FIELDS
from devices.card.reader import WatchedReader
from devices.card.sim import Faults, InProcessSlot, VirtualCard, demo_cards
from devices.card.sim_card import DEMO_PEOPLE
from tests.support.pcscd import PcscdNamespace

TODAY = date(2026, 11, 23)
DEADLINE_S = 15.0

State = TypeVar("State", bound=CardState)


def card(key: str) -> VirtualCard:
    """A demo card by its key, or ``wang``'s with a fault: ``wang:protected``, ``wang:pulled_after=7`` …"""
    name, _, fault = key.partition(":")
    if not fault:
        return demo_cards()[name]
    word, _, number = fault.partition("=")
    settings: dict[str, Any] = {word: int(number) if number else True}
    return VirtualCard(person=DEMO_PEOPLE[name], faults=Faults(**settings))


class Rig(Protocol):
    """What a contract test can do; ``next`` gives the next reported state."""

    def start(self) -> None: ...
    def insert(self, key: str) -> None: ...
    def remove(self) -> None: ...
    def hold(self, held: bool) -> None: ...
    def serve(self, serving: bool) -> None: ...
    def next(self) -> CardState: ...


def expect(rig: Rig, kind: type[State]) -> State:
    """The next state, which has to be of this kind."""
    state = rig.next()
    assert isinstance(state, kind), state
    return state


def wait_for(rig: Rig, kind: type[State], *, passing: tuple[type[CardState], ...]) -> State:
    """The next state of this kind; before it only those of ``passing`` may be reported."""
    while not isinstance(state := rig.next(), kind):
        assert isinstance(state, passing), state
    return state


class InProcessRig:
    """The driver over the in-process slot."""

    def __init__(self, *, fields: frozenset[str] = FIELDS, today: Callable[[], date] = lambda: TODAY) -> None:
        self.slot = InProcessSlot()
        self.reader = WatchedReader(slot=self.slot, fields=fields, today=today)
        self._states: queue.SimpleQueue[CardState] = queue.SimpleQueue()

    def start(self) -> None:
        self.reader.start(self._states.put)

    def close(self) -> None:
        self.reader.stop()

    def insert(self, key: str) -> None:
        self.slot.insert(card(key))

    def remove(self) -> None:
        self.slot.remove()

    def hold(self, held: bool) -> None:
        self.slot.hold(held)

    def serve(self, serving: bool) -> None:
        self.slot.serve(serving)

    def next(self) -> CardState:
        return self._states.get(timeout=DEADLINE_S)


class PcscdRig:
    """The driver, and the hand that lays cards, in a child process inside the namespace (:mod:`card_probe`)."""

    def __init__(self, hall: PcscdNamespace, *addresses: str) -> None:
        self._hall = hall
        self._states: queue.SimpleQueue[CardState] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[str] = queue.SimpleQueue()
        # Lines of the driver run in the child count as covered when the parent is measured.
        measured = ["-m", "coverage", "run"] if "coverage" in sys.modules else []
        argv = [sys.executable, *measured, "-m", "tests.support.card_probe", *(addresses or [f"pcsc:{hall.reader}"])]
        self.child = hall.popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def close(self) -> None:
        """Close the child's input: it stops the reader and ends."""
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.close()
        self._listener.join(DEADLINE_S)
        assert self.child.wait(DEADLINE_S) == 0
        self.child.stdout.close()

    def start(self) -> None:
        self._tell("watch")

    def insert(self, key: str, at: int = 0) -> None:
        self._tell("insert", key, str(at))

    def remove(self, at: int = 0) -> None:
        self._tell("remove", str(at))

    def hold(self, held: bool) -> None:
        self._tell("hold" if held else "release")

    def serve(self, serving: bool) -> None:
        if serving:
            self._hall.restart_pcscd()
        else:
            self._hall.kill_pcscd()

    def wait_pulled(self) -> None:
        """Return when the card has pulled itself."""
        self._tell("pulled")

    def next(self) -> CardState:
        return self._states.get(timeout=DEADLINE_S)

    def _tell(self, *words: str) -> None:
        assert self.child.stdin is not None
        self.child.stdin.write(" ".join(words) + "\n")
        self.child.stdin.flush()
        assert self._done.get(timeout=DEADLINE_S) == words[0]

    def _listen(self) -> None:
        assert self.child.stdout is not None
        for line in self.child.stdout:
            message = cast("dict[str, Any]", json.loads(line))
            if "done" in message:
                self._done.put(message["done"])
            else:
                self._states.put(_state(message))


def _state(message: dict[str, Any]) -> CardState:
    match message:
        case {"kind": "CardRead"}:
            return CardRead(
                message["insertion"],
                message["profile"],
                Assurance(message["assurance"]),
                message["fields"],
                tuple(Check(check["name"], check["passed"]) for check in message["checks"]),
            )
        case {"kind": "CardFailed"}:
            return CardFailed(message["insertion"], CardTrouble(message["trouble"]))
        case {"kind": "Reading"}:
            return Reading(message["insertion"])
        case {"kind": "NoCard"}:
            return NoCard()
        case {"kind": "NoReader"}:
            return NoReader()
        case _:
            assert message == {"kind": "NoService"}, message
            return NoService()
