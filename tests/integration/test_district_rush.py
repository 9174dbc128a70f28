"""Admission over HTTP and through the database: what a terminal is told in a rush, by whichever process it meets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import Engine, event, insert, select
from sqlalchemy.exc import DBAPIError
from starlette.datastructures import Headers

from district import app as platform
from district.admission import MOST_AT_ONCE, Later
from district.database import alone, open_engine
from district.embedded import EmbeddedDistrict
from district.gate import Gate
from district.outcomes import Take
from district.rush import UnderWay, requests_to_come
from district.store import DistrictStore
from district.tables import PACES, TURNS
from district.terminals import Terminals
from district.turns import Turns
from offline_queue.client import PlatformClient
from offline_queue.retry import Answer
from offline_queue.store import Store
from offline_queue.sync import sync_once
from offline_queue.wire import PLAIN_TYPE, PROBLEM, State, read_problem
from offline_queue.work import FormsWork
from tests.support.postgres import Postgres
from tests.support.queue_rig import RudeServer, TurnedClock, http_answer, open_store, stored

UID = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def store(tmp_path: Path, clock: TurnedClock) -> Iterator[Store]:
    opened = open_store(tmp_path / "queue", clock)
    yield opened
    opened.close()


@pytest.fixture
def crowded(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedDistrict]:
    """A platform that has no place free, ever."""
    monkeypatch.setattr(platform, "Turns", partial(Turns, most=0))
    with EmbeddedDistrict(tmp_path / "district") as running:
        running.register("TY03", store.public_key[1])
        yield running


def test_who_comes_in_a_rush_is_told_when_to_come_back(store: Store, crowded: EmbeddedDistrict) -> None:
    client = PlatformClient(crowded.url, signer=store.signer(), waiting=lambda: 4200)
    answers = [client.put_form(UID, b"{}", PLAIN_TYPE), client.put_forms(b"{}"), client.progress(UID)]
    for answer in answers:
        assert isinstance(answer, Answer)
        assert (answer.status, read_problem(answer.body).type) == (503, PROBLEM + "later")
        assert answer.retry_after is not None
        assert int(answer.retry_after) >= 1
    head = client.attachment_offset(UID)
    assert isinstance(head, Answer)
    assert (head.status, head.body) == (503, b"")
    assert head.retry_after is not None
    client.close()


def test_at_a_glance_it_costs_no_look_at_the_signature(
    store: Store, crowded: EmbeddedDistrict, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_given: object, **_named: object) -> None:
        raise AssertionError("the gate was asked")

    monkeypatch.setattr(Gate, "admit", never)
    client = PlatformClient(crowded.url, signer=store.signer(), waiting=lambda: 4200)
    for _ in range(3):
        assert isinstance(answer := client.put_form(UID, b"{}", PLAIN_TYPE), Answer)
        assert (answer.status, read_problem(answer.body).type) == (503, PROBLEM + "later")
    client.close()


def test_turns_that_can_not_be_exchanged_break_no_request(
    store: Store, crowded: EmbeddedDistrict, caplog: pytest.LogCaptureFixture
) -> None:
    received = crowded.open_store()
    TURNS.drop(received.engine)
    received.close()
    client = PlatformClient(crowded.url, signer=store.signer(), waiting=lambda: 4200)
    for _ in range(3):
        assert isinstance(answer := client.put_form(UID, b"{}", PLAIN_TYPE), Answer)
        assert (answer.status, read_problem(answer.body).type) == (503, PROBLEM + "later")
    client.close()
    assert "turns were not exchanged: no such table: turn" in caplog.text


def test_only_who_is_known_gets_a_turn_and_the_platform_says_that_it_lives(crowded: EmbeddedDistrict) -> None:
    stranger = PlatformClient(crowded.url, waiting=lambda: 4200)
    answer = stranger.put_form(UID, b"{}", PLAIN_TYPE)
    stranger.close()
    assert isinstance(answer, Answer)
    assert (answer.status, answer.retry_after) == (401, None)
    assert requests.get(f"{crowded.url}/v1/health", timeout=5).status_code == 200


def test_a_terminal_stays_away_as_long_as_it_was_told(
    store: Store, clock: TurnedClock, crowded: EmbeddedDistrict
) -> None:
    uid = stored(store.put(matter="m", form={}, attachments=[])).uid
    client = PlatformClient(crowded.url, signer=store.signer(), waiting=store.forms_waiting)
    assert sync_once(store, client).failed == 1
    wait = store.outbox.seconds_to_next()
    assert wait is not None
    assert wait >= 1
    assert sync_once(store, client, hurry=True).attempted == 0, "not even when somebody is in a hurry"
    clock.forward(wait)
    assert sync_once(store, client).attempted == 1
    item = store.show(uid)
    assert item is not None
    assert item.state is State.READY
    client.close()


def test_a_terminal_says_how_much_waits_there(store: Store) -> None:
    for number in range(25):
        stored(store.put(matter="m", form={"n": number}, attachments=[]))
    assert store.forms_waiting() == 25
    with RudeServer(http_answer("503 Service Unavailable", Retry_After="7")) as server:
        client = PlatformClient(server.url, waiting=store.forms_waiting)
        assert sync_once(store, client).failed == 20
        client.close()
    assert b"\r\nKiosk-Waiting: 25\r\n" in server.requests[0]
    assert store.forms_waiting() == 25


def test_a_place_is_free_again_when_an_answer_was_given(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "Turns", partial(Turns, most=1))
    reached, go_on, take = threading.Event(), threading.Event(), DistrictStore.take

    def slowly(self: DistrictStore, *given: Any) -> Take:
        reached.set()
        assert go_on.wait(20)
        return take(self, *given)

    monkeypatch.setattr(DistrictStore, "take", slowly)
    for number in range(2):
        stored(store.put(matter="m", form={"n": number}, attachments=[]))
    with EmbeddedDistrict(tmp_path / "district") as running:
        running.register("TY03", store.public_key[1])
        one, other = (PlatformClient(running.url, signer=store.signer(), waiting=lambda: 1) for _ in range(2))
        work = store.outbox.next_work(forms=2)
        assert isinstance(work, FormsWork)
        forms = work.forms
        answers: list[object] = []
        first = threading.Thread(target=lambda: answers.append(one.put_form(forms[0].uid, forms[0].body, PLAIN_TYPE)))
        first.start()
        assert reached.wait(20)
        second = other.put_form(forms[1].uid, forms[1].body, PLAIN_TYPE)
        assert isinstance(second, Answer)
        assert second.status == 503
        go_on.set()
        first.join(20)
        third = other.put_form(forms[1].uid, forms[1].body, PLAIN_TYPE)
        assert [answer.status for answer in (*answers, third) if isinstance(answer, Answer)] == [201, 201]
        one.close()
        other.close()


# --- Several processes ------------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'district.db'}"
    else:
        server: Postgres = request.getfixturevalue("postgres_server")
        url = server.ready()
    opened = open_engine(url)
    yield opened
    opened.dispose()


class Hands:
    """Two clocks, since each process has a monotonic one of its own."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def turns(self, engine: Engine, *, began: float, most: int = 0) -> Turns:
        return Turns(engine, most=most, monotonic=lambda: self.seconds + began, wall=lambda: 1.8e9 + self.seconds)


def know_pace(engine: Engine, pace: float) -> None:
    with engine.begin() as connection:
        connection.execute(insert(PACES).values(id=1, requests_a_second=pace))


def ask(turns: Turns, terminal: str, requests: int) -> Later | None:
    """As a request does."""
    if turns.is_exchange_due():
        turns.exchange()
    return turns.ask(terminal, requests=requests)


def test_a_turn_holds_at_every_process_and_after_a_restart(engine: Engine) -> None:
    hands = Hands()
    know_pace(engine, 100.0)
    one, other = hands.turns(engine, began=5.0), hands.turns(engine, began=90_000.0)
    assert ask(one, "T1", 428) == Later(seconds=1)
    assert ask(one, "T2", 428) == Later(seconds=5)
    hands.seconds = 1.5
    assert ask(one, "T3", 428) == Later(seconds=8)
    assert ask(other, "T2", 428) == Later(seconds=4), "to the second, with quite another monotonic clock"
    restarted = hands.turns(engine, began=0.0)
    assert ask(restarted, "T2", 1) == Later(seconds=4)
    with alone(engine) as connection:
        kept = {row.terminal: row.begins for row in connection.execute(select(TURNS))}
    assert kept == {"T1": pytest.approx(1.8e9 + 1), "T2": pytest.approx(1.8e9 + 5)}


def test_a_turn_that_was_put_off_is_put_off_everywhere_and_old_ones_go(engine: Engine) -> None:
    hands = Hands()
    know_pace(engine, 100.0)
    one, other = hands.turns(engine, began=0.0), hands.turns(engine, began=0.0)
    for seconds in (0.0, 1.5, 3.0):
        hands.seconds = seconds
        ask(one, "T1", 428)  # full in its turn as well: another one
        ask(one, "T2", 428)
    assert ask(other, "T2", 428) == ask(one, "T2", 428)
    hands.seconds = 3 * 24 * 3600.0
    ask(one, "T9", 1)
    hands.seconds += 1.5
    ask(one, "T9", 1)
    with alone(engine) as connection:
        assert set(connection.execute(select(TURNS.c.terminal)).scalars()) == {"T9"}


def test_a_process_that_starts_into_a_rush_knows_what_the_platform_can_do(engine: Engine) -> None:
    hands = Hands()
    one = hands.turns(engine, began=0.0, most=20)
    for _ in range(20):
        one.begin()
    for _ in range(3000):
        hands.seconds += 0.01
        one.done()
        one.begin()
    ask(one, "T1", 10)
    hands.seconds += 1.5
    ask(one, "T1", 10)
    with alone(engine) as connection:
        assert connection.execute(select(PACES.c.requests_a_second)).scalar() == pytest.approx(100, rel=0.1)
    late = hands.turns(engine, began=0.0)
    ask(late, "T8", 428)
    answer = ask(late, "T9", 1)
    assert answer is not None
    assert answer.seconds == pytest.approx(5, abs=1)


def test_a_register_that_could_not_be_read_is_read_with_the_next_exchange(engine: Engine) -> None:
    hands = Hands()
    turns = hands.turns(engine, began=0.0)
    known = Terminals(engine).add("TY03", bytes(32))
    for name, new in (("terminal", "away"), ("away", "terminal")):
        assert turns.glance(known.key_id) is None
        with engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {name} RENAME TO {new}")
        hands.seconds += 1.5
        assert turns.is_exchange_due()
        with pytest.raises(DBAPIError) if new == "away" else nullcontext():
            turns.exchange()
    assert turns.glance(known.key_id) is not None


def test_a_process_that_has_measured_nothing_hears_of_the_pace_in_the_rush(engine: Engine) -> None:
    hands = Hands()
    cold = hands.turns(engine, began=0.0)
    know_pace(engine, 100.0)
    waits = [ask(cold, f"T{n}", 428) for n in range(3)]
    assert waits == [Later(seconds=1), Later(seconds=5), Later(seconds=9)]


def test_turns_that_a_process_forgot_do_not_come_back_from_the_database(engine: Engine) -> None:
    hands = Hands()
    know_pace(engine, 1000.0)
    turns = hands.turns(engine, began=0.0, most=10)
    for _ in range(10):
        turns.begin()
    for number in range(50):
        ask(turns, f"T{number}", 428)
    hands.seconds += 1.1
    assert ask(turns, "T49", 428) is not None, "written down now"
    for _ in range(100):
        hands.seconds += 0.05
        turns.done()
        turns.begin()
    waits = [ask(turns, f"T{number}", 428) for number in (40, 41)]
    assert waits[0] == Later(seconds=1), "a new turn, not the one that it had"
    assert waits[1] is not None
    assert waits[1].seconds > 2


def test_without_a_rush_the_database_is_left_alone(engine: Engine) -> None:
    turns = Turns(engine)
    engine.dispose()
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    for number in range(3 * MOST_AT_ONCE):
        assert not turns.is_exchange_due()
        assert turns.glance("x", requests=5000) is None
        assert turns.ask(f"T{number}", requests=5000) is None
        turns.begin()
        turns.done()
    assert asked == []


# --- The edge ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "told", "meant"),
    [
        ("PUT", "200", 200),
        ("POST", "200", 10),
        ("POST", "201", 11),
        ("PUT", "0", 0),
        *(("PUT", wrong, None) for wrong in ("", "-1", "1e3", "٣", "1234567890", "many")),
    ],
)
def test_what_waits_at_a_terminal_is_counted_in_requests(method: str, told: str, meant: int | None) -> None:
    assert requests_to_come(method, Headers(raw=[(b"kiosk-waiting", told.encode("latin-1", "replace"))])) == meant


def test_a_question_takes_nobodys_place(engine: Engine) -> None:
    turns = Turns(engine, most=1)
    free: list[bool] = []

    async def work(_scope: Any, _receive: Any, _send: Any) -> None:
        free.append(turns.ask("T1", requests=1) is None)

    async def nothing(*_: Any) -> Any:
        raise AssertionError("no body is read, and nothing answered")

    for method in ("GET", "HEAD"):
        scope: dict[str, Any] = {"type": "http", "method": method, "path": "/v1/submissions/x", "headers": []}
        asyncio.run(UnderWay(work, turns=turns)(scope, nothing, nothing))
    assert free == [True, True]


def test_only_what_has_come_to_its_last_byte_is_under_way(engine: Engine) -> None:
    turns = Turns(engine, most=1)
    parts = iter(
        [
            {"type": "http.request", "body": b"1", "more_body": True},
            {"type": "http.request", "body": b"2", "more_body": False},
            {"type": "http.disconnect"},
        ]
    )
    free: list[bool] = []

    async def receive() -> dict[str, Any]:
        return next(parts)

    async def work(_scope: Any, receive: Any, _send: Any) -> None:
        for _ in range(3):
            free.append(turns.ask("T1", requests=1) is None)
            await receive()
        raise RuntimeError("it broke off")

    async def send(_message: Any) -> None:
        raise AssertionError("nothing is answered")

    scope: dict[str, Any] = {"type": "http", "method": "PUT", "path": "/v1/submissions/x", "headers": []}
    with pytest.raises(RuntimeError, match="broke off"):
        asyncio.run(UnderWay(work, turns=turns)(scope, receive, send))
    assert free == [True, True, False]
    assert turns.ask("T2", requests=1) is None, "an error gives the place back, too"
