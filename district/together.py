"""Those who come while others are at the database go there together: one question and one commit for all of them.

Nobody waits for others to come. While few are under way each goes alone, as if this were not here; in a rush a commit
carries as many requests as came during the one before it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

One = TypeVar("One")
Answer = TypeVar("Answer")


class _Asked(Generic[One, Answer]):
    def __init__(self, one: One) -> None:
        self.one = one
        self.leads: list[_Asked[One, Answer]] = []
        """Those that go with this one, which is the first of them; nobody, where it goes with another."""
        self.answers: list[Answer | BaseException] = []
        """One, when it is there."""
        self.called = threading.Lock()
        """Held until this one is to lead, or has its answer."""
        self.called.acquire()


class Together(Generic[One, Answer]):
    """`work` answers at most `most` in their order, an exception being one's own answer; it is never at work twice at a
    time. Safe to use from several threads."""

    def __init__(self, work: Callable[[Sequence[One]], Sequence[Answer | BaseException]], *, most: int) -> None:
        self._work = work
        self._most = most
        self._is_at_work = False
        self._lock = threading.Lock()
        self._waiting: deque[_Asked[One, Answer]] = deque()

    def ask(self, one: One) -> Answer:
        """Raises what `work` raises."""
        mine = _Asked[One, Answer](one)
        with self._lock:
            waits = self._is_at_work
            self._is_at_work = True
            if waits:
                self._waiting.append(mine)
        if waits:
            mine.called.acquire()
        # What was asked is a resident's. It goes as soon as it is answered, so nothing here may hold itself.
        group, mine.leads = mine.leads, []
        if group or not waits:
            self._go(group or [mine])
        (answer,) = mine.answers
        try:
            if isinstance(answer, BaseException):
                raise answer
            return answer
        finally:
            del mine, group, answer

    def _go(self, group: list[_Asked[One, Answer]]) -> None:
        answers: Sequence[Answer | BaseException] = ()
        try:
            answers = self._work([asked.one for asked in group])
            if len(answers) != len(group):
                raise AssertionError("not an answer for each")
        except BaseException as trouble:  # noqa: BLE001 - raised by whoever asked; a library's panic is one, too
            answers = [trouble] * len(group)
        with self._lock:
            following = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            self._is_at_work = bool(following)
        if following:
            following[0].leads = following
            following[0].called.release()
        for asked, answer in zip(group, answers, strict=True):
            asked.answers = [answer]
            if asked is not group[0]:
                asked.called.release()
        asked = answer = None
        del group, answers, following
