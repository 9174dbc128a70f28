"""Supplements: what staff asked for is shown, answered once by a submission of its own, and told to the case."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

import district.store
from district.cases import Cases, Moved, Stage
from district.database import write
from district.inserting import Found
from district.opening import read_body
from district.outcomes import NotAsked, Taken, Unknown, Upload
from district.store import DistrictStore
from district.tables import CASE_COUNTERS, OUTBOX, SUBMISSIONS, SUPPLEMENTS
from district.terminals import Terminals
from offline_queue.sealed import PublicKey, Recipients, Sealing
from offline_queue.wire import Attachment, Envelope, Progress, State, Suite, Supplement, canonical_bytes, sha256_hex
from tests.support.asked import ask
from tests.support.sealed_rig import KeyedDistrict
from tests.support.staff_site import put_halls, put_terminal

CASE, ANSWER, OTHER, ASKED, PAPER, SECOND, LATER, FRESH = (str(UUID(int=n)) for n in range(1, 9))
CONTENT = b"a scanned page"


def envelope(
    uid: str, *, of: str | None = None, papers: bool = False, kiosk: str = "TY03", test: bool = False
) -> Envelope:
    paper = Attachment(
        id=PAPER, material="household-register", media_type="text/plain", bytes=len(CONTENT), sha256=sha256_hex(CONTENT)
    )
    return Envelope(
        uid=uid,
        kiosk=kiosk,
        provisional_number="TY03-261123-0001-E",
        token="A" * 22,
        matter="pension-enrolment",
        created="2026-11-23T09:00:00+08:00",
        test=test,
        form={},
        attachments=(paper,) if papers else (),
        supplement_of=of,
    )


class Platform:
    def __init__(self, store: DistrictStore) -> None:
        self.store = store
        assert isinstance(self.take(envelope(CASE)), Taken)
        ask(store.engine, uid=CASE, name=ASKED)

    def take(self, one: Envelope) -> object:
        return self.store.take(one, canonical_bytes(one))

    def progress(self, uid: str) -> Progress:
        progress = self.store.progress(uid, of="TY03")
        assert isinstance(progress, Progress)
        return progress

    def events(self) -> list[tuple[str, str]]:
        with self.store.engine.connect() as connection:
            return [(row.uid, row.event) for row in connection.execute(select(OUTBOX).order_by(OUTBOX.c.seq))]


@pytest.fixture(params=["sqlite", "postgresql"])
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    sqlite = request.param == "sqlite"
    url: str = f"sqlite:///{tmp_path / 'district.db'}" if sqlite else request.getfixturevalue("postgres")
    store = DistrictStore(url, tmp_path / "papers")
    yield Platform(store)
    store.close()


def test_what_is_asked_for_is_shown_until_it_is_answered(platform: Platform) -> None:
    number = platform.progress(CASE).case_number
    assert platform.progress(CASE).supplement == Supplement(
        id=ASKED,
        asked_at="2026-11-25T01:00:00+00:00",
        materials=("household-register",),
        note="请补首页",
        due_on="2026-12-24",
    )
    taken = platform.take(envelope(ANSWER, of=ASKED, papers=True))
    assert isinstance(taken, Taken)
    assert json.loads(taken.receipt)["case_number"] is None
    assert platform.progress(CASE).supplement is None
    assert [step.code for step in platform.progress(CASE).steps] == ["received", "complete"]
    assert platform.store.papers.append(PAPER, 0, CONTENT) == Upload(offset=len(CONTENT), length=len(CONTENT))
    assert [step.code for step in platform.progress(CASE).steps] == ["received", "complete", "supplement-answered"]
    answer = platform.progress(ANSWER)
    assert (answer.state, answer.case_number, answer.supplement) == (State.DONE, number, None)
    assert platform.events() == [(CASE, "complete"), (CASE, "supplement-answered")]
    assert isinstance(platform.take(envelope(OTHER)), Taken)
    assert platform.progress(OTHER).case_number == f"{str(number)[:-1]}2"  # the supplement took no number
    assert platform.take(envelope(ANSWER, of=ASKED, papers=True)) == Taken(receipt=taken.receipt, new=False)


def test_a_tab_that_was_stored_is_a_space_to_the_terminal(platform: Platform) -> None:
    with platform.store.engine.begin() as connection:
        connection.execute(SUPPLEMENTS.update().values(materials=["户口簿\t首页"]))
    supplement = platform.progress(CASE).supplement
    assert supplement is not None
    assert supplement.materials == ("户口簿 首页",)


def test_only_what_was_asked_of_this_terminal_is_taken_and_once(platform: Platform) -> None:
    assert platform.take(envelope(ANSWER, of=OTHER)) == NotAsked()
    assert platform.take(envelope(ANSWER, of=ASKED, kiosk="TY04")) == NotAsked()
    assert platform.take(envelope(ANSWER, of=ASKED, test=True)) == NotAsked()
    assert platform.store.progress(ANSWER) == Unknown()
    answers = [envelope(uid, of=ASKED) for uid in (ANSWER, OTHER)]
    first, second = platform.store.take_all([(one, canonical_bytes(one)) for one in answers])
    assert isinstance(first, Taken)
    assert second == NotAsked()
    assert json.loads(first.receipt)["case_number"] == platform.progress(CASE).case_number
    assert platform.take(envelope(OTHER, of=ASKED)) == NotAsked()
    ask(platform.store.engine, uid=CASE, name=OTHER)
    assert platform.progress(CASE).supplement is not None
    assert isinstance(platform.take(envelope(OTHER, of=OTHER)), Taken)


def test_an_answer_to_a_closed_case_is_not_taken_and_a_late_one_is_no_step_of_it(platform: Platform) -> None:
    cases = Cases(platform.store.engine)
    assert isinstance(platform.take(envelope(OTHER)), Taken)
    ask(platform.store.engine, uid=OTHER, name=SECOND)
    taken = platform.take(envelope(ANSWER, of=ASKED, papers=True))
    assert isinstance(taken, Taken)
    for case in (CASE, OTHER):
        assert cases.move(case, start=Stage.SUPPLEMENT, to=Stage.DECLINED, staff="li") == Moved()
    assert platform.take(envelope(LATER, of=SECOND)) == NotAsked()
    assert platform.store.progress(LATER) == Unknown()
    assert platform.take(envelope(ANSWER, of=ASKED, papers=True)) == Taken(receipt=taken.receipt, new=False)
    assert platform.store.papers.append(PAPER, 0, CONTENT) == Upload(offset=len(CONTENT), length=len(CONTENT))
    assert platform.progress(ANSWER).state is State.DONE
    assert [step.code for step in platform.progress(CASE).steps] == ["received", "complete", "declined"]
    assert (CASE, "supplement-answered") not in platform.events()


def test_numbers_beside_an_answer_are_given_once_whatever_a_server_that_stopped_forgot(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, look_up = platform.store.engine, district.store.look_up

    def forgotten(*told: Any, **named: Any) -> Found:
        """What it draws is not on the disk yet."""
        with engine.connect() as connection:
            last = connection.execute(select(CASE_COUNTERS.c.last)).scalar_one()
        found = look_up(*told, **named)
        write(engine, lambda connection: connection.execute(CASE_COUNTERS.update().values(last=last)))
        return found

    batch = [envelope(ANSWER, of=ASKED), envelope(FRESH)]
    monkeypatch.setattr(district.store, "look_up", forgotten)
    assert all(isinstance(one, Taken) for one in platform.store.take_all([(x, canonical_bytes(x)) for x in batch]))
    assert isinstance(platform.take(envelope(OTHER, papers=True)), Taken)
    assert platform.store.papers.append(PAPER, 0, CONTENT) == Upload(offset=len(CONTENT), length=len(CONTENT))
    numbers = [platform.progress(uid).case_number for uid in (CASE, ANSWER, FRESH, OTHER)]
    assert [str(one)[-1] for one in numbers] == ["1", "1", "2", "3"]


def test_an_answer_belongs_to_the_hall_of_its_case(platform: Platform) -> None:
    engine, terminals = platform.store.engine, Terminals(platform.store.engine)
    put_halls(platform.store, lijia="李家", taoyuan="桃源")
    put_terminal(platform.store, "TY03", "lijia")
    assert isinstance(platform.take(envelope(OTHER)), Taken)
    ask(engine, uid=OTHER, name=SECOND)
    terminals.place("TY03", "taoyuan")
    answers = [envelope(ANSWER, of=SECOND), envelope(LATER, of=ASKED), envelope(FRESH)]
    assert all(isinstance(one, Taken) for one in platform.store.take_all([(x, canonical_bytes(x)) for x in answers]))
    with engine.connect() as connection:
        halls = {row.uid: row.hall for row in connection.execute(select(SUBMISSIONS))}
    # The first case came when its terminal stood nowhere.
    assert halls == {CASE: None, OTHER: "lijia", ANSWER: "lijia", LATER: None, FRESH: "taoyuan"}
    assert Cases(engine).one(ANSWER, hall="lijia") is not None


def test_a_sealed_supplement_says_only_inside_what_it_answers(tmp_path: Path) -> None:
    keys = KeyedDistrict.new(tmp_path / "keys")
    store = DistrictStore(f"sqlite:///{tmp_path / 'district.db'}", tmp_path / "papers", keys.private())
    platform = Platform(store)
    public = tuple(PublicKey(id=name, raw=one.public_key().public_bytes_raw()) for name, one in keys.private().items())
    sealing = Sealing(Recipients(suite=Suite.AES256_GCM, keys=public), uid=ANSWER)
    body = canonical_bytes(sealing.submission(envelope(ANSWER, of=ASKED), []))
    assert ASKED.encode() not in body
    outside = read_body(body)
    assert outside is not None
    taken = store.take(outside, body)
    assert isinstance(taken, Taken)
    assert json.loads(taken.receipt)["case_number"] == platform.progress(CASE).case_number
    assert platform.events() == [(CASE, "complete"), (CASE, "supplement-answered")]
    store.close()


def test_one_that_waits_for_its_case_keeps_nobody_else_waiting(postgres: str, tmp_path: Path) -> None:
    store = DistrictStore(postgres, tmp_path / "papers")
    platform = Platform(store)
    case = select(SUBMISSIONS.c.uid).where(SUBMISSIONS.c.uid == CASE).with_for_update()
    with ThreadPoolExecutor(2) as pool:
        with store.engine.begin() as at_work:  # somebody is, on the case
            at_work.execute(case)
            waiting = pool.submit(platform.take, envelope(ANSWER, of=ASKED))
            locked = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            for _ in range(2000):
                with store.engine.connect() as connection:
                    if connection.execute(locked).scalar_one():
                        break
            assert isinstance(pool.submit(platform.take, envelope(FRESH)).result(10), Taken)
            assert not waiting.done()
        assert isinstance(waiting.result(20), Taken)
    store.close()
