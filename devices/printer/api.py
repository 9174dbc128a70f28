"""What the rest of the terminal may know of a slip printer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from PIL import Image


class PrinterTrouble(StrEnum):
    """Why a printer cannot print now."""

    OFFLINE = "printer-offline"  # no connection, or switched off, or silent
    PAPER_OUT = "printer-paper-out"
    COVER_OPEN = "printer-cover-open"
    FAULT = "printer-fault"  # cutter, head temperature or another error the printer names


@dataclass(frozen=True, slots=True)
class PrinterStatus:
    """What the printer says of itself. ``trouble`` is ``None`` when it can print; ``certain`` is false on connections
    that cannot answer (a file), or when a printer ignored the question."""

    trouble: PrinterTrouble | None
    paper_low: bool
    certain: bool


class Outcome(StrEnum):
    """How a job ended. ``unknown`` is never printed again by itself: a member of staff looks at the paper."""

    PRINTED = "printed"
    NOT_PRINTED = "not-printed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class JobResult:
    """``status`` as seen after the job (or before it, when nothing was sent); ``sent`` counts bytes that left."""

    outcome: Outcome
    status: PrinterStatus
    sent: int


class Printer(Protocol):
    """One printer. Calls block (seconds): whoever owns it calls from one thread of its own."""

    @property
    def width(self) -> int:
        """Dots across the paper: 384, 576 or 640."""
        ...

    def status(self) -> PrinterStatus:
        """Ask the printer now; no answer within the deadline is ``OFFLINE``, never an exception."""
        ...

    def print(self, picture: Image.Image) -> JobResult:
        """Print one slip (mode ``1``, ``width`` dots wide, black on white), feed and cut it. Status is asked before
        and after."""
        ...

    def close(self) -> None:
        """Let go of the connection. Idempotent."""
        ...
