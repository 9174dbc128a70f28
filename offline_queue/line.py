"""The line to the platform: how much of it papers may take, and when. Forms never wait for this.

A hall on a thin line sets a rate, or hours in which nobody else needs it. After each piece of a paper the next one is
due when the rate allows it; until then forms that come in between go first. How large a piece is follows the line: it
must be through well before the request's deadline. Nothing here waits; whoever sends asks when.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time
from time import monotonic

from offline_queue.model import CHINA
from offline_queue.wire import CHUNK_BYTES

SMALLEST_PIECE = 16 * 1024
_PIECE_SECONDS = 8.0
"""A piece is cut to what the line carries in this time, a good quarter of the request's deadline."""
_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_DAY = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """A time of every day, which may go over midnight; `end` is not in it."""

    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> Hours:
        """`20:00-06:00`. Raises ValueError."""
        match = _HOURS.fullmatch(text)
        start, end = (time(int(match[at]), int(match[at + 1])) for at in (1, 3)) if match else (time(), time())
        if start == end:
            raise ValueError(f"hours are written 20:00-06:00, not {text!r}")
        return cls(start=start, end=end)

    def seconds_to(self, now: datetime) -> float:
        """Until they begin; 0 within them."""
        clock = now.time().replace(tzinfo=None)
        over_midnight = self.start > self.end
        if (self.start <= clock or clock < self.end) if over_midnight else (self.start <= clock < self.end):
            return 0.0
        return (_seconds(self.start) - _seconds(clock)) % _DAY


def china_time() -> datetime:
    return datetime.now(tz=CHINA)


class Line:
    """What one sender knows of its line. `rate` is in bytes a second; `wall` is local time.

    `takes_batches` turns False when the platform refuses them.
    """

    def __init__(
        self,
        *,
        rate: float | None = None,
        hours: Hours | None = None,
        monotonic: Callable[[], float] = monotonic,
        wall: Callable[[], datetime] = china_time,
    ) -> None:
        self._rate = rate
        self._hours = hours
        self._monotonic = monotonic
        self._wall = wall
        self.takes_batches = True
        self._free_at = 0.0
        self._largest = CHUNK_BYTES if rate is None else _within(int(rate * _PIECE_SECONDS), CHUNK_BYTES)
        self._piece = self._largest

    def now(self) -> float:
        """On the line's monotonic clock."""
        return self._monotonic()

    def seconds_to_papers(self) -> float:
        """Until the next piece of a paper may go; 0: now."""
        wait = max(0.0, self._free_at - self._monotonic())
        return wait if self._hours is None else max(wait, self._hours.seconds_to(self._wall()))

    @property
    def piece(self) -> int:
        """How many bytes of a paper to send at once."""
        return self._piece

    def carried(self, size: int, *, since: float) -> None:
        """`size` bytes, begun at `since` on the monotonic clock, were answered."""
        now = self._monotonic()
        if self._rate is not None:
            self._free_at = max(self._free_at, since) + size / self._rate
        if now - since < _PIECE_SECONDS / 2 and size >= self._piece:
            self._piece = _within(self._piece * 2, self._largest)

    def choked(self) -> None:
        """A piece did not get through in time: the next one is smaller."""
        self._piece = _within(self._piece // 4, self._largest)


def _within(size: int, largest: int) -> int:
    return min(largest, max(SMALLEST_PIECE, size))


def _seconds(clock: time) -> float:
    return clock.hour * 3600 + clock.minute * 60 + clock.second + clock.microsecond / 1e6
