"""Who comes while others are at the database goes there with the next ones, and gets their own answer."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Lock

import pytest

from district.together import Together

SECONDS = 20


class Desk:
    """Does each group when it is told to, and remembers them; negative numbers are no good."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.begun = Event()
        self.go_on = Event()
        self._at_work = Lock()

    def __call__(self, asked: Sequence[int]) -> list[str | Exception]:
        assert self._at_work.acquire(blocking=False), "it was at work already"
        self.groups.append(list(asked))
        self.begun.set()
        assert self.go_on.wait(SECONDS)
        self._at_work.release()
        if 0 in asked:
            raise OSError("the disk is full")
        return [ValueError(str(one)) if one < 0 else str(one) for one in asked]


def while_the_first_is_at_work(desk: Desk, together: Together[int, str], *others: int) -> list[Future[str]]:
    """What 1, and the others behind it in this order, are answered."""
    asked: list[Future[str]] = []
    with ThreadPoolExecutor(len(others) + 1) as pool:
        asked.append(pool.submit(together.ask, 1))
        assert desk.begun.wait(SECONDS)
        for count, one in enumerate(others, 1):
            asked.append(pool.submit(together.ask, one))
            while len(together._waiting) < count:  # pyright: ignore[reportPrivateUsage]
                pass
        desk.go_on.set()
    return asked


def test_alone_nobody_waits() -> None:
    desk = Desk()
    desk.go_on.set()
    together = Together(desk, most=3)
    assert [together.ask(number) for number in (1, 2)] == ["1", "2"]
    assert desk.groups == [[1], [2]]


def test_those_who_wait_go_together_in_their_order_and_so_many_at_a_time() -> None:
    desk = Desk()
    together = Together(desk, most=3)
    asked = while_the_first_is_at_work(desk, together, 2, 3, 4, 5, 6, 7, 8)
    assert [one.result(SECONDS) for one in asked] == ["1", "2", "3", "4", "5", "6", "7", "8"]
    assert desk.groups == [[1], [2, 3, 4], [5, 6, 7], [8]]
    assert together.ask(9) == "9"


def test_a_trouble_of_ones_own_is_nobody_elses() -> None:
    desk = Desk()
    first, second, third = while_the_first_is_at_work(desk, Together(desk, most=9), -2, 3)
    assert (first.result(SECONDS), third.result(SECONDS)) == ("1", "3")
    with pytest.raises(ValueError, match="-2"):
        second.result(SECONDS)


def test_a_trouble_of_all_is_told_to_all_and_the_next_go_on() -> None:
    desk = Desk()
    together = Together(desk, most=2)
    first, *group, last = while_the_first_is_at_work(desk, together, 0, 2, 3)
    for one in group:
        with pytest.raises(OSError, match="full"):
            one.result(SECONDS)
    assert (first.result(SECONDS), last.result(SECONDS)) == ("1", "3")
    assert together.ask(4) == "4"


def test_many_at_once_are_each_answered_once() -> None:
    def double(numbers: Sequence[int]) -> list[int]:
        return [number * 2 for number in numbers]

    together = Together[int, int](double, most=5)
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(together.ask, range(3000))) == [number * 2 for number in range(3000)]
