"""Sessions of the staff page: when they begin and end, for every process, whatever the clock does meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import select

from district.database import open_engine
from district.sessions import LIFETIME, MOST_AT_ONCE, Sessions
from district.staff import Role, StaffRegister
from district.tables import SESSIONS
from district.viewings import What
from tests.support.staff_site import PASSWORD, QUICK, Office, TurnedClock, Visitor

OTHER = "lantern oyster forty-one"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("district.staff._HASHER", QUICK)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    running = Office(tmp_path / "district")
    yield running
    running.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def sessions(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Sessions, StaffRegister, TurnedClock]]:
    url = f"sqlite:///{tmp_path / 'd.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres")
    engine, clock = open_engine(url), TurnedClock()
    yield Sessions(engine, clock=clock), StaffRegister(engine, clock=clock), clock
    engine.dispose()


def test_one_begun_while_the_clock_ran_ahead_ends_when_it_is_set_right(
    sessions: tuple[Sessions, StaffRegister, TurnedClock],
) -> None:
    kept, register, clock = sessions
    staff = register.add("li", PASSWORD, Role.CLERK)
    clock.turn(days=30)
    ahead = [kept.begin(staff) for _ in range(MOST_AT_ONCE)]
    assert kept.find(ahead[0]) is not None
    clock.turn(days=-30)
    assert kept.since("li") == ()
    assert kept.find(ahead[0]) is None
    # Those that nobody comes back with take no other's place.
    now = [kept.begin(staff) for _ in range(MOST_AT_ONCE)]
    assert [kept.find(token) is not None for token in now] == [True] * MOST_AT_ONCE
    clock.turn(days=30)
    assert [kept.find(token) for token in ahead] == [None] * MOST_AT_ONCE


def test_one_whose_last_page_is_to_come_does_not_count_either(
    sessions: tuple[Sessions, StaffRegister, TurnedClock],
) -> None:
    kept, register, clock = sessions
    token = kept.begin(register.add("li", PASSWORD, Role.CLERK))
    for _ in range(5):  # the clock of one machine runs ahead while they work
        clock.turn(minutes=10)
        assert kept.find(token) is not None
    clock.turn(minutes=-40)
    assert kept.find(token) is None


def test_clocks_of_two_machines_may_differ_a_little(sessions: tuple[Sessions, StaffRegister, TurnedClock]) -> None:
    kept, register, clock = sessions
    token = kept.begin(register.add("li", PASSWORD, Role.CLERK))
    clock.turn(minutes=-4)
    assert kept.find(token) is not None
    clock.turn(minutes=4)
    for _ in range(int(LIFETIME.total_seconds() // 60 // 14)):
        clock.turn(minutes=14)
        assert kept.find(token) is not None
    clock.turn(minutes=5)
    assert kept.find(token) is None


def test_signing_in_makes_a_new_session_and_ends_the_one_before(office: Office) -> None:
    clerk = office.person("li")
    first = clerk.token
    fixed = office.visitor()
    fixed.hold("A" * 43)
    fixed.sign_in("li")
    assert fixed.token not in ("", "A" * 43)
    # The browser that signs in anew loses the old one.
    anew = Visitor(office.url)
    anew.get("/sign-in")
    anew.hold(first)
    anew.post("/sign-in", {"name": "li", "password": PASSWORD})
    anew.close()
    assert clerk.get("/cases").url.endswith("/sign-in")
    with office.store.engine.connect() as connection:
        kept = connection.execute(select(SESSIONS.c.id_sha256)).scalars().all()
    assert len(kept) == 2
    assert all(len(one) == 64 for one in kept)
    assert first not in "".join(kept)


def test_a_session_ends_after_silence_and_after_a_day_of_work(office: Office) -> None:
    clerk = office.person("li")
    for _ in range(3):
        office.clock.turn(minutes=14)
        assert clerk.get("/cases").url.endswith("/cases")
    office.clock.turn(minutes=16)
    assert clerk.get("/cases").url.endswith("/sign-in")
    clerk.sign_in("li")
    for _ in range(34):
        office.clock.turn(minutes=14)
        assert clerk.get("/terminals").url.endswith("/terminals")
    office.clock.turn(minutes=5)
    assert clerk.get("/cases").url.endswith("/sign-in")


def test_signing_out_ends_it_for_the_server_too(office: Office) -> None:
    clerk = office.person("li")
    token = clerk.token
    assert "退出" in clerk.get("/cases").text
    out = clerk.post("/sign-out", {})
    assert out.url.endswith("/sign-in")
    assert out.history[0].headers["Clear-Site-Data"] == '"cache"'
    assert clerk.token == ""
    clerk.hold(token)
    assert clerk.get("/cases").url.endswith("/sign-in")
    assert office.record()[-1] == ("li", What.SIGNED_OUT)


def test_one_sees_ones_sessions_and_ends_the_others(office: Office) -> None:
    here, there = office.person("li"), office.person("li")
    page = here.get("/account").text
    assert page.count("登录</li>") + page.count("本机") >= 2
    assert here.post("/account/others", {"password": OTHER}).status_code == 403
    assert there.get("/cases").url.endswith("/cases")
    here.get("/account")
    here.post("/account/others", {"password": PASSWORD})
    assert there.get("/cases").url.endswith("/sign-in")
    assert here.get("/cases").url.endswith("/cases")


def test_a_name_has_so_many_sessions_and_no_more(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'd.db'}")
    clock = TurnedClock()
    staff = StaffRegister(engine).add("li", PASSWORD, Role.CLERK)
    sessions = Sessions(engine, clock=clock)
    tokens: list[str] = []
    for _ in range(MOST_AT_ONCE + 2):
        tokens.append(sessions.begin(staff))
        clock.turn(seconds=1)
    assert [sessions.find(token) is not None for token in tokens] == [False] * 2 + [True] * MOST_AT_ONCE
    engine.dispose()


def test_who_is_disabled_or_signed_out_is_out_at_once(office: Office) -> None:
    clerk, other = office.person("li"), office.person("wu")
    office.register.disable("li")
    office.register.sign_out("wu")
    assert clerk.get("/cases").url.endswith("/sign-in")
    assert other.get("/cases").url.endswith("/sign-in")
    assert other.sign_in("wu").url.endswith("/cases")
    assert clerk.sign_in("li").status_code == 403


def test_sessions_are_known_to_every_process(tmp_path: Path) -> None:
    first = Office(tmp_path / "district")
    second = Office(tmp_path / "district")
    clerk = first.person("li")
    answer = requests.get(f"{second.url}/cases", cookies={"staff": clerk.token}, timeout=20)
    assert answer.url.endswith("/cases")
    second.register.disable("li")
    assert clerk.get("/cases").url.endswith("/sign-in")
    second.close()
    first.close()
