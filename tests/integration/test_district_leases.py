"""Leases for papers on their way, as several processes share them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from district.database import open_engine, write
from district.leases import LASTS_SECONDS, Full, Leases, end_lease
from district.tables import LEASES


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return request.getfixturevalue("postgres")
    return f"sqlite:///{tmp_path / 'district.db'}"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    yield engine
    engine.dispose()


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Hall:
    """Sends under leases as the platform's uploads do: what it holds is read anew for each chunk."""

    def __init__(self, engine: Engine, most: int, clock: Clock | None = None) -> None:
        self._engine = engine
        self._leases = Leases(engine, most=most, wall=clock or Clock())

    def hold(self, uid: str) -> Full | None:
        with self._engine.connect() as connection:
            until = connection.execute(select(LEASES.c.until).where(LEASES.c.uid == uid)).scalar()
        return self._leases.hold(uid, "TY01", until=until)

    def room(self) -> Full | None:
        return self._leases.room()


def test_who_gets_none_is_told_when_to_come_again(engine: Engine) -> None:
    hall = Hall(engine, 2)
    assert hall.hold("a") is None
    assert hall.hold("b") is None
    answer = hall.hold("c")
    assert isinstance(answer, Full)
    assert 5 <= answer.retry_after <= 20
    assert hall.hold("a") is None
    assert isinstance(hall.room(), Full)
    write(engine, lambda connection: end_lease(connection, "a"))
    assert hall.room() is None
    assert hall.hold("c") is None


def test_a_lease_ends_by_itself_without_progress(engine: Engine) -> None:
    clock = Clock()
    hall = Hall(engine, 1, clock)
    assert hall.hold("a") is None
    clock.now += LASTS_SECONDS - 1
    assert hall.hold("a") is None  # a chunk came: it goes on
    clock.now += LASTS_SECONDS - 1
    assert isinstance(hall.hold("b"), Full)
    clock.now += 1
    assert hall.hold("b") is None
    assert isinstance(hall.hold("a"), Full)


def test_a_clock_that_ran_ahead_and_was_set_back_keeps_no_place_taken(engine: Engine) -> None:
    clock = Clock()
    hall = Hall(engine, 1, clock)
    assert hall.hold("a") is None
    clock.now -= 5  # no more than two machines may differ
    assert isinstance(hall.hold("b"), Full)
    clock.now -= 3600
    assert hall.hold("b") is None
    assert isinstance(hall.hold("a"), Full)


def test_who_goes_on_after_the_clock_was_set_back_has_a_lease_of_today(engine: Engine) -> None:
    clock = Clock()
    hall = Hall(engine, 1, clock)
    assert hall.hold("a") is None
    clock.now -= 3600
    assert hall.hold("a") is None
    assert isinstance(hall.hold("b"), Full)


def test_many_at_once_never_get_more_than_there_are(url: str) -> None:
    engines = [open_engine(url) for _ in range(3)]  # as if of processes of their own

    def hold(number: int) -> bool:
        return Leases(engines[number % 3], most=4).hold(f"paper-{number}", "TY01", until=None) is None

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(hold, range(24))).count(True) == 4
    for engine in engines:
        engine.dispose()
