"""The two screens for hall staff: the code that opens the view, and what waits in the queue. Nobody is served there.

They live apart from a session: nothing a resident said is shown, and whoever lays a card on begins as at the welcome
screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kiosk.domain.words import Text

SILENCE_S = 60.0
"""After that the view closes by itself."""
TRIES = 5
LOCKED_S = 900.0
LONGEST_CODE = 12


@dataclass(frozen=True, slots=True)
class HeldItem:
    """A submission that waits for people. ``reason`` is the queue's word for why; ``matter`` and ``name`` (masked) are
    ``None`` where the terminal's key store does not let staff see them."""

    uid: str
    number: str
    created: datetime
    reason: str
    matter: Text | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class MovingItem:
    """A submission that goes to the district by itself: ``sent`` of its ``size`` bytes are there. ``reason`` is the
    queue's word for why the last try failed."""

    number: str
    created: datetime
    sent: int
    size: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class QueueSeen:
    """What is in the queue: how many submissions wait by themselves, with the oldest of them, and those that wait for
    people (``more`` of them than are listed)."""

    waiting: int
    held: tuple[HeldItem, ...]
    moving: tuple[MovingItem, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class StaffCode:
    """The code is typed. ``checking`` until the answer comes; ``wrong`` after it was refused."""

    draft: str = ""
    checking: bool = False
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class StaffView:
    """``seen`` is ``None`` until the queue was looked at; ``sent`` are those that were released here."""

    seen: QueueSeen | None = None
    sent: frozenset[str] = frozenset()
