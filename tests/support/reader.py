"""A reader of writing whose answers the test decides: what is tested is what the terminal makes of them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence

from devices.camera.api import Corners, Picture
from devices.camera.reading.api import Kind, Read, ReadingTrouble, Suggestion

ANYWHERE: Corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def seen(kind: Kind, *texts: str) -> tuple[Suggestion, ...]:
    """What a reader would have found."""
    return tuple(Suggestion(kind, text, ANYWHERE, 0.99) for text in texts)


class ScriptedReader:
    """Answers ``answers`` (those of zones apart, if ``zones`` are given) one after the other, then that nothing is
    there. ``asked`` holds the kinds asked for, empty for a zone. While ``held`` is clear, it waits to be stopped."""

    def __init__(self, answers: Sequence[Read] = (), zones: Sequence[Read] | None = None) -> None:
        self.answers = list(answers)
        self.zones = self.answers if zones is None else list(zones)
        self.asked: list[frozenset[Kind]] = []
        self.begun: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.held = threading.Event()
        self.held.set()
        self.stops = 0

    def page(self, jpeg: bytes, kinds: frozenset[Kind]) -> Read:
        return self._answer(kinds, self.answers)

    def zone(self, lines: tuple[Picture, ...]) -> Read:
        return self._answer(frozenset(), self.zones)

    def warm_up(self) -> None:
        return

    def stop(self) -> None:
        self.stops += 1
        self.held.set()

    def _answer(self, kinds: frozenset[Kind], answers: list[Read]) -> Read:
        self.asked.append(kinds)
        before = self.stops
        self.begun.put(None)
        assert self.held.wait(10)
        if self.stops != before:
            return ReadingTrouble.STOPPED
        return answers.pop(0) if answers else ()
