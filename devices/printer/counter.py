"""How much paper a printer has used: a few numbers in a small file, so that they survive a restart and a technician can
read them while the terminal runs. Never what was printed, nor for whom.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from devices.printer.api import JobResult, Outcome, PrinterStatus, PrinterTrouble

DOTS_PER_MM = 8
_MOST_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """``slips`` that were printed, in all and from this roll; ``roll_rows`` of paper used from it, failed slips
    included; ``roll_since`` and ``seen`` as ISO 8601 with zone, empty for never. ``trouble`` and ``paper_low`` are what
    the printer said of itself then."""

    slips: int = 0
    roll_slips: int = 0
    roll_rows: int = 0
    roll_since: str = ""
    seen: str = ""
    trouble: str = ""
    paper_low: bool = False

    @property
    def roll_metres(self) -> float:
        return round(self.roll_rows / DOTS_PER_MM / 1000, 2)


def read_count(path: Path) -> Count:
    """The count in *path*; a new one when there is none or it is damaged: numbers of paper are not worth a halt."""
    try:
        with path.open("rb") as file:
            stored = json.loads(file.read(_MOST_BYTES))
        count = Count(**stored)
    except (OSError, ValueError, TypeError, RecursionError):
        return Count()
    plain = Count()
    sound = all(type(getattr(count, name)) is type(getattr(plain, name)) for name in asdict(plain))
    return count if sound else plain


class PaperCounter:
    """Keeps the count in *path*. One owner, one thread; ``clock`` gives the time with its zone."""

    def __init__(self, path: Path, *, clock: Callable[[], datetime]) -> None:
        self._path = path
        self._clock = clock
        self._count = read_count(path)

    def job(self, result: JobResult) -> None:
        """A job has ended."""
        printed = int(result.outcome is Outcome.PRINTED)
        count = self._count
        self._count = replace(
            count,
            slips=count.slips + printed,
            roll_slips=count.roll_slips + printed,
            roll_rows=count.roll_rows + result.rows,
        )
        self.status(result.status)

    def status(self, status: PrinterStatus) -> None:
        """The printer told how it is. Paper that is there again after it was out or low is a new roll."""
        count = self._count
        was_ending = count.paper_low or count.trouble == PrinterTrouble.PAPER_OUT
        if was_ending and status.certain and status.trouble is None and not status.paper_low:
            self.new_roll()
        if status.certain or status.trouble is not None:
            # Behind a closed connection or an open cover nobody sees the roll.
            unseen = status.trouble not in (None, PrinterTrouble.PAPER_OUT)
            self._count = replace(
                self._count,
                seen=self._now(),
                trouble=status.trouble or "",
                paper_low=self._count.paper_low if unseen else status.paper_low,
            )
        self._write()

    def new_roll(self) -> None:
        """Somebody put in a new roll of paper."""
        self._count = replace(self._count, roll_slips=0, roll_rows=0, roll_since=self._now(), paper_low=False)
        self._write()

    def _now(self) -> str:
        return self._clock().isoformat(timespec="seconds")

    def _write(self) -> None:
        draft = self._path.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(self._count), file)
        draft.replace(self._path)
