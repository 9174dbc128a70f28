"""What a device promises, as trials for any hands: a simulator's in the tests, a technician's in a hall.

A trial drives one device through its public interface and asks the hands for what no program can do (lay a card, pull a
cable). It knows no simulator and no hardware, so that both are measured by the same yardstick.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Literal, TypeVar

DEADLINE_S = 15.0
"""Seconds for anything a device promises to tell by itself."""

Item = TypeVar("Item")
Device = TypeVar("Device")
Found = TypeVar("Found")


class Act(StrEnum):
    """What hands do to a device. The words for it are the caller's."""

    LAY_CARD = "lay-card"
    LIFT_CARD = "lift-card"
    PULL_CARD_EARLY = "pull-card-early"
    UNPLUG_READER = "unplug-reader"
    PLUG_READER = "plug-reader"
    UNPLUG_CAMERA = "unplug-camera"
    PLUG_CAMERA = "plug-camera"
    UNPLUG_CODE_CAMERA = "unplug-code-camera"
    PLUG_CODE_CAMERA = "plug-code-camera"
    OPEN_COVER = "open-cover"
    CLOSE_COVER = "close-cover"
    TAKE_PAPER = "take-paper"
    LOAD_PAPER = "load-paper"
    UNPLUG_PRINTER = "unplug-printer"
    PLUG_PRINTER = "plug-printer"
    LOOK_AT_SLIP = "look-at-slip"
    LISTEN = "listen"
    PLUG_HEADPHONES = "plug-headphones"
    PULL_HEADPHONES = "pull-headphones"


Hands = Callable[[Act], bool]
"""Does the act and comes back; ``False`` when it cannot be done here (or, for a look, when it is not as it should)."""


class Broken(Exception):
    """A promise was not kept; the text says which, in a sentence."""


class NotTried(Exception):
    """The hands could not do what the trial needs."""


@dataclass(frozen=True, slots=True)
class Trial(Generic[Device]):
    """One promise. ``run`` raises :class:`Broken` or :class:`NotTried`; it may leave the device as it likes."""

    name: str
    run: Callable[[Device, Hands], None]


@dataclass(frozen=True, slots=True)
class Tried:
    """How one trial ended."""

    name: str
    result: Literal["pass", "fail", "skip"]
    detail: str = ""


def try_all(
    trials: Sequence[Trial[Device]], open_device: Callable[[], Device], close: Callable[[Device], None], hands: Hands
) -> Iterator[Tried]:
    """Every trial on a device of its own; one that fails does not keep the next from being tried."""
    for trial in trials:
        device = open_device()
        try:
            trial.run(device, hands)
        except Broken as broken:
            yield Tried(trial.name, "fail", str(broken))
        except NotTried as reason:
            yield Tried(trial.name, "skip", str(reason))
        except Exception as failure:  # noqa: BLE001 - a driver that raises where it promises values has failed its trial
            yield Tried(trial.name, "fail", f"the driver raised {type(failure).__name__}")
        else:
            yield Tried(trial.name, "pass")
        finally:
            close(device)


def by_hand(hands: Hands, act: Act) -> None:
    """Have *act* done, or raise :class:`NotTried`."""
    if not hands(act):
        raise NotTried(f"not done: {act.value}")


def promised(kept: bool, otherwise: str) -> None:
    """Raise :class:`Broken` with *otherwise* unless the promise was kept."""
    if not kept:
        raise Broken(otherwise)


class Heard(Generic[Item]):
    """What a device tells from its own thread, in order."""

    def __init__(self) -> None:
        self._told: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self.put = self._told.put

    def next(self, what: str, *kinds: type[Found], within_s: float = DEADLINE_S) -> Found:
        """The first thing told of these kinds; those before it are dropped. :class:`Broken` when none comes in time."""
        end = time.monotonic() + within_s
        last = "nothing"
        while (left := end - time.monotonic()) > 0:
            try:
                item = self._told.get(timeout=left)
            except queue.Empty:
                break
            if isinstance(item, kinds):
                return item
            last = type(item).__name__
        raise Broken(f"{what} was not told within {within_s:g} s; last: {last}")

    def is_silent(self) -> bool:
        """Whether nothing was told since."""
        return self._told.empty()
