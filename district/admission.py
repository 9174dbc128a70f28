"""Who may be worked on now, and when the others are to come back.

After a power cut, or a line that was dead, thousands of terminals bring at once what they queued. To work on everything
that comes is to finish most of it after its terminal has given up, and to be asked for it again. So as soon as too much
is under way, a terminal that comes is given a turn, as in a hall: a time from which on everything it brings is worked
on. Turns follow each other as fast as this process has been seen to work, each as long as what its terminal says is
waiting there (`Kiosk-Waiting`). Until its turn a terminal is told 503 and how long to stay away.

This is the rule alone: no clock, no network, no database. Each process books by its own pace, so that several need not
agree on one schedule. What they share is the turns they gave (:mod:`district.turns`), since a terminal may come back to
another of them. While the platform keeps up, nobody is given a turn.

A turn is worth what is known of the pace. Until a platform has once had enough to do, whoever comes is let in as long
as there is room; the others are told a time by a guess, and have no turn. Where the pace proves to be much less than
turns were booked by, they are all forgotten: a terminal that comes as it was told is then told anew, at a glance,
instead of meeting a full house behind the gate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

MOST_AT_ONCE = 64
"""Requests under way in one process that bring something (:mod:`district.rush`). More would only wait in it, in memory,
and each be answered later."""
FIRST_PACE = 1000.0
"""Requests a second: the guess until it was measured. Too bright is told once more; too dark would leave the platform
idle."""
FEW = 2
"""A terminal with no more than this is not kept behind those that bring hundreds: a resident has just handed in."""
UNTOLD = 20
"""Requests, of a terminal that does not say."""
MOST_REQUESTS = 500
"""Of one turn, whatever is claimed. Who has more gets another one."""
LONGEST_SECONDS = 4 * 3600
"""A terminal stays away no longer, whatever it is told (`offline_queue.retry.LONGEST_RETRY_AFTER`)."""
_AHEAD = 1.07
"""A little more is booked than can be done: what a platform waits for a terminal, it never gets back."""
_WRONG = 0.75
"""A pace below this part of what was booked by is another one; by chance alone a second brings a tenth less."""
_SOON = 1.0
_BUSY = 8
_LOOK_SECONDS = 1.0
_LOOKS = 4
"""Seconds with enough to do that say what the first pace is, or that a guess is too bright; one may be an odd one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A terminal may bring `requests` requests from `begins` on, in seconds on the clock of `now`."""

    begins: float
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """To come back after `seconds`, at least 1."""

    seconds: int


class Admission:
    """That of one process. `now` is always in seconds of one clock that never goes back; `pace` is in requests a
    second, None where nobody has measured it."""

    def __init__(self, *, most: int = MOST_AT_ONCE, pace: float | None = None) -> None:
        self._most = most
        self._pace = _Pace(pace)
        self._working = 0
        self._booked_until = 0.0
        self._booked_by = math.inf if pace is None else 0.0
        self._forgot = -math.inf
        self._turns: dict[str, Turn] = {}
        self._given: dict[str, Turn] = {}

    @property
    def pace(self) -> float | None:
        """What this process was seen to do, or another one like it."""
        return self._pace.value if self._pace.is_measured else None

    @property
    def forgot(self) -> float:
        """When turns that had been given were forgotten last."""
        return self._forgot

    def is_calm(self, *, now: float) -> bool:
        """Whether everybody is welcome."""
        return not self._is_full and (self._booked_until <= now or not self._pace.is_measured)

    def glance(self, terminal: str, *, now: float, requests: int | None = None) -> Later | None:
        """The same for who merely says to be this terminal: cheap, and spends nothing of a turn that has come. Whoever
        lies about it gets another terminal what a rush would have got it, its turn."""
        if self._is_open(now, requests):
            return None
        turn = self._turns.get(terminal)
        if turn is None:
            turn = self._give(terminal, requests, now=now)
        return self._later(turn, now)

    def ask(self, terminal: str, *, now: float, requests: int | None = None) -> Later | None:
        """When to come back; None: to be worked on now. `requests` that the terminal comes with, this one among them,
        as far as it says."""
        if self._is_open(now, requests):
            return None
        turn = self._turns.get(terminal)
        if turn is None or turn.requests <= 0 or (self._is_full and turn.begins <= now):
            turn = self._give(terminal, requests, now=now)
        later = self._later(turn, now)
        if later is None:
            self._turns[terminal] = Turn(begins=turn.begins, requests=turn.requests - 1)
        return later

    def begin(self) -> None:
        """A request is there, to its last byte. One that trickles in takes nobody's place."""
        self._working += 1

    def done(self, *, now: float) -> None:
        """A request that began is answered."""
        self._look(now)
        self._working -= 1
        self._pace.done(self._working)

    def given(self) -> Mapping[str, Turn]:
        """The turns given since the last time, for the other processes."""
        given, self._given = self._given, {}
        return given

    def learn(self, turns: Mapping[str, Turn], *, now: float, pace: float | None = None) -> None:
        """Take over what other processes gave, unless there is a later turn of ours, and their pace while there is none
        of ours; forget turns that are over."""
        if pace is not None:
            self._pace.take(pace)
            self._look(now)
        for terminal, turn in turns.items():
            ours = self._turns.get(terminal)
            if ours is None or turn.begins > ours.begins + _SOON:
                self._turns[terminal] = turn
        if self._booked_until <= now:
            self._turns = {terminal: turn for terminal, turn in self._turns.items() if turn.begins > now}

    @property
    def _is_full(self) -> bool:
        return self._working >= self._most

    def _is_open(self, now: float, requests: int | None) -> bool:
        """Whether there is nothing to decide."""
        self._look(now)
        return self.is_calm(now=now) or (not self._is_full and requests is not None and requests <= FEW)

    def _look(self, now: float) -> None:
        self._pace.look(now, self._working)
        if self._pace.is_measured and self._pace.value < self._booked_by * _WRONG:
            self._turns.clear()
            self._given.clear()
            self._booked_until, self._booked_by, self._forgot = now, self._pace.value, now

    def _later(self, turn: Turn, now: float) -> Later | None:
        if turn.begins <= now + (0.0 if self._is_full else _SOON):
            return None
        self._pace.refused()
        return Later(seconds=_told(turn.begins - now))

    def _give(self, terminal: str, requests: int | None, *, now: float) -> Turn:
        requests = UNTOLD if requests is None else max(1, min(requests, MOST_REQUESTS))
        if self._booked_until <= now and self._pace.is_measured:
            self._booked_by = self._pace.value
        begins = max(self._booked_until, now + _SOON if self._is_full else now)
        self._booked_until = begins + requests / (self._pace.value * _AHEAD)
        turn = Turn(begins=begins, requests=requests)
        if self._pace.is_measured:
            self._turns[terminal] = self._given[terminal] = turn
        return turn


class _Pace:
    """What a process can do, in requests a second: the most it was seen to do, until a second in which it had enough to
    do throughout, and was not mostly refusing, says less. A guess ends with the best of the first such seconds; where
    they don't come for all the refusing, it was much too bright."""

    def __init__(self, known: float | None) -> None:
        self.value = FIRST_PACE if known is None else known
        self.is_measured = known is not None
        self._good = 0
        self._vain = 0
        self._most = 0.0
        self._since = 0.0
        self._done = 0
        self._refused = 0
        self._fewest = 0

    def take(self, value: float) -> None:
        """From another process that has measured, where this one has not."""
        if not self.is_measured:
            self.value, self.is_measured = value, True

    def look(self, now: float, working: int) -> None:
        took = now - self._since
        if took < _LOOK_SECONDS:
            return
        seen = self._done / took
        if seen > self.value:
            self.value, self.is_measured = seen, True
        elif self._done > 0 and self._fewest >= _BUSY:
            if not self.is_measured:
                self._guess(seen)
            elif self._refused <= self._done:
                self.value += (seen - self.value) / 4
        self._since, self._done, self._refused, self._fewest = now, 0, 0, working

    def _guess(self, seen: float) -> None:
        if self._refused > self._done:
            self._vain += 1
            if self._vain % _LOOKS == 0:
                self.value = max(self.value / 2, seen * 2)
            return
        self._most = max(self._most, seen)
        self._good += 1
        if self._good == _LOOKS:
            self.value, self.is_measured = self._most, True

    def done(self, working: int) -> None:
        self._done += 1
        self._fewest = min(self._fewest, working)

    def refused(self) -> None:
        self._refused += 1


def _told(seconds: float) -> int:
    """What is further away than a terminal stays away is told in two steps or more, as evenly as it lies."""
    if seconds > LONGEST_SECONDS:
        half = LONGEST_SECONDS / 2
        seconds = half + seconds % half
    return math.ceil(seconds)
