"""Who comes while others are at the database goes there with the next ones, and gets their own answer."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Lock

import pytest

from district.threads import Threads
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


def wait_for(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def while_the_first_is_at_work(desk: Desk, together: Together[int, str], *others: int) -> list[Future[str]]:
    """What 1, and the others behind it in this order, are answered."""
    asked: list[Future[str]] = []
    with ThreadPoolExecutor(len(others) + 1) as pool:
        asked.append(pool.submit(together.ask, 1))
        assert desk.begun.wait(SECONDS)
        for count, one in enumerate(others, 1):
            asked.append(pool.submit(together.ask, one))
            wait_for(lambda count=count: len(together._waiting) == count)  # pyright: ignore[reportPrivateUsage]
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
    together = Together[int, str](desk, most=3)
    asked = while_the_first_is_at_work(desk, together, 2, 3, 4, 5, 6, 7, 8)
    assert [one.result(SECONDS) for one in asked] == ["1", "2", "3", "4", "5", "6", "7", "8"]
    assert desk.groups == [[1], [2, 3, 4], [5, 6, 7], [8]]
    assert together.ask(9) == "9"


def test_a_trouble_of_ones_own_is_nobody_elses() -> None:
    desk = Desk()
    first, second, third = while_the_first_is_at_work(desk, Together[int, str](desk, most=9), -2, 3)
    assert (first.result(SECONDS), third.result(SECONDS)) == ("1", "3")
    with pytest.raises(ValueError, match="-2"):
        second.result(SECONDS)


def test_a_trouble_of_all_is_told_to_all_and_the_next_go_on() -> None:
    desk = Desk()
    together = Together[int, str](desk, most=2)
    first, *group, last = while_the_first_is_at_work(desk, together, 0, 2, 3)
    for one in group:
        with pytest.raises(OSError, match="full"):
            one.result(SECONDS)
    assert (first.result(SECONDS), last.result(SECONDS)) == ("1", "3")
    assert together.ask(4) == "4"


class Panic(BaseException):
    """As a library in Rust has it."""


@pytest.mark.parametrize("wrong", [Panic("it broke"), None])
def test_whatever_breaks_the_next_go_on(wrong: Panic | None) -> None:
    def work(asked: Sequence[int]) -> list[str]:
        if 0 not in asked:
            return [str(one) for one in asked]
        if wrong is not None:
            raise wrong
        return []

    together = Together(work, most=3)
    with pytest.raises(AssertionError if wrong is None else Panic):
        together.ask(0)
    assert together.ask(1) == "1"


class Form:
    """Of a resident."""


def test_what_was_asked_is_not_kept() -> None:
    def work(asked: Sequence[Form]) -> list[str | Exception]:
        time.sleep(0.01)  # others gather
        return [ValueError() if number % 2 else "well" for number, _ in enumerate(asked)]

    together = Together(work, most=4)
    seen: list[weakref.ref[Form]] = []

    def ask(_: int) -> None:
        form = Form()
        seen.append(weakref.ref(form))
        with suppress(ValueError):
            together.ask(form)

    gc.disable()
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(ask, range(40)))
        assert [one() for one in seen] == [None] * 40
    finally:
        gc.enable()


def test_many_at_once_are_each_answered_once() -> None:
    def double(numbers: Sequence[int]) -> list[int]:
        return [number * 2 for number in numbers]

    together = Together[int, int](double, most=5)
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(together.ask, range(3000))) == [number * 2 for number in range(3000)]


def test_a_worker_that_runs_out_of_something_leaves_nobody_waiting() -> None:
    def broken() -> int:
        return next(iter(()))

    async def ask() -> int:
        return await asyncio.wait_for(Threads(1).run(broken), SECONDS)

    with pytest.raises(RuntimeError):
        asyncio.run(ask())
