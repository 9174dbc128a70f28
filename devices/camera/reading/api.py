"""What the rest of the terminal may know of reading.

What is read is a :class:`Suggestion`, never a fact: whoever stands there confirms it or does not. The whole text of a
paper stays in the reading process; only what was asked for comes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from devices.camera.api import Corners, Picture


class Kind(StrEnum):
    """What can be looked for on a paper."""

    ID_NUMBER = "id-number"
    NAME = "name"
    BANK_CARD = "bank-card"
    MRZ = "mrz"
    CAN = "can"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of writing as the engine saw it. ``box`` in pixels of the picture, its points in the order of reading:
    the first two lie above the line, from its beginning to its end. ``confidence`` from 0 to 1."""

    text: str
    box: Corners
    confidence: float


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something that was asked for, where it was seen, and how sure the engine is of its characters (0 to 1).

    ``text`` is an ID number of 18 characters whose check character is right, a name, the 13 to 19 digits of a bank
    card that pass the Luhn check, one line of a machine readable zone as it was read (fillers may be miscounted and
    letters confused), or a card access number of six digits. Lines of a zone follow one another, upper first; several
    suggestions of another kind are candidates, the surest first.
    """

    kind: Kind
    text: str
    box: Corners
    confidence: float


class ReadingTrouble(StrEnum):
    """Why nothing was read, which is not the same as nothing being there."""

    SLOW = "reading-slow"  # took longer than a page may take
    FAILED = "reading-failed"  # the reading process ended by itself, or cannot start
    STOPPED = "reading-stopped"  # was stopped from outside, for instance because the resident has left


Read = tuple[Suggestion, ...] | ReadingTrouble


class Reader(Protocol):
    """One reading process at a time, started when something is to be read."""

    def page(self, jpeg: bytes, kinds: frozenset[Kind]) -> Read:
        """Look for ``kinds`` on a scanned page. Waits some seconds. Any thread, one after the other."""
        ...

    def zone(self, lines: tuple[Picture, ...]) -> Read:
        """Read pictures of the lines of a machine readable zone, upper first (see ``zone.find_zone``)."""
        ...

    def warm_up(self) -> None:
        """Start the process if none runs, so that the first reading is not the slow one. Does not wait."""
        ...

    def stop(self) -> None:
        """End the process at once, with all that it holds; a reading that waits comes back ``STOPPED``. Any thread;
        the next reading starts a new process."""
        ...
