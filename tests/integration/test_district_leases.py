"""Leases for papers on their way, as several processes share them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine

from district.database import open_engine, write
from district.leases import LASTS_SECONDS, Full, Leases, end_lease


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


def test_who_gets_none_is_told_when_to_come_again(engine: Engine) -> None:
    leases = Leases(engine, most=2)
    assert leases.hold("a", "TY01") is None
    assert leases.hold("b", "TY02") is None
    answer = leases.hold("c", "TY03")
    assert isinstance(answer, Full)
    assert 5 <= answer.retry_after <= 20
    assert leases.hold("a", "TY01") is None
    write(engine, lambda connection: end_lease(connection, "a"))
    assert leases.hold("c", "TY03") is None


def test_a_lease_ends_by_itself_without_progress(engine: Engine) -> None:
    clock = Clock()
    leases = Leases(engine, most=1, wall=clock)
    assert leases.hold("a", "TY01") is None
    clock.now += LASTS_SECONDS - 1
    assert leases.hold("a", "TY01") is None  # a chunk came: it goes on
    clock.now += LASTS_SECONDS - 1
    assert isinstance(leases.hold("b", "TY02"), Full)
    clock.now += 1
    assert leases.hold("b", "TY02") is None
    assert isinstance(leases.hold("a", "TY01"), Full)


def test_many_at_once_never_get_more_than_there_are(url: str) -> None:
    engines = [open_engine(url) for _ in range(3)]  # as if of processes of their own

    def hold(number: int) -> bool:
        return Leases(engines[number % 3], most=4).hold(f"paper-{number}", "TY01") is None

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(hold, range(24))).count(True) == 4
    for engine in engines:
        engine.dispose()
