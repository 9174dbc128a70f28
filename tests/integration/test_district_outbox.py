"""Events wait in the outbox and go from it, on either database: in order, at least once, shared by several."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as QueuePoolTimeout

from district.database import write
from district.delivery import Erased, delivery_of
from district.exporting import exported_since
from district.forwarding import Forwarder
from district.outbox import LEASE_SECONDS, Claimed, Event, Outbox, Told, tell
from district.receiving import Delivered, Delivery, Later, Refused
from district.store import DistrictStore
from district.tables import OUTBOX, STEPS, SUBMISSIONS, SUPPLEMENTS
from tests.support.cases import hand_in, move
from tests.support.deliveries import FORM, PAPERS

PAPER = ("household-register", "image/jpeg", b"\xff\xd8 the register")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return request.getfixturevalue("postgres")
    return f"sqlite:///{tmp_path / 'district.db'}"


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[DistrictStore]:
    opened = DistrictStore(url, tmp_path / "papers")
    yield opened
    opened.close()


class Clock:
    def __init__(self) -> None:
        self.now = 1_795_398_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outbox(store: DistrictStore, clock: Clock) -> Outbox:
    return Outbox(store.engine, wall=clock)


def claimed(outbox: Outbox) -> Claimed:
    one = outbox.claim()
    assert one is not None
    return one


class Takes:
    """A receiver that answers as it is told, and remembers."""

    def __init__(self, *answers: Delivered | Later | Refused) -> None:
        self._answers = list(answers)
        self._lock = threading.Lock()
        self.seen: list[Delivery] = []

    def deliver(self, delivery: Delivery, *, going_on: object) -> Delivered | Later | Refused:
        with self._lock:
            self.seen.append(delivery)
            return self._answers.pop(0) if self._answers else Delivered()


def test_what_is_told_of_a_case_is_written_with_it(store: DistrictStore, outbox: Outbox) -> None:
    uid = hand_in(store, papers=[PAPER])
    hand_in(store, test=True)
    assert store.rate(uid, 5) is True
    assert store.rate(uid, 5) is True
    assert [(one.uid, one.event) for one in outbox.since(0)] == [(uid, "complete"), (uid, "rated")]

    class Broken(Exception):
        pass

    def broken(connection: object) -> None:
        tell(connection, Event.APPROVED, [uid], now="2026-11-23T02:00:00+00:00")  # type: ignore[arg-type]
        raise Broken

    with pytest.raises(Broken):
        write(store.engine, broken)
    assert outbox.undelivered() == 2


def test_events_of_a_case_go_in_order_and_others_do_not_wait_for_them(store: DistrictStore, outbox: Outbox) -> None:
    first, second = hand_in(store), hand_in(store)
    move(store, first, Event.ACCEPTED)
    one, other = claimed(outbox), claimed(outbox)
    assert [(c.told.uid, c.told.event) for c in (one, other)] == [(first, "complete"), (second, "complete")]
    assert outbox.claim() is None
    outbox.delivered(other, None)
    assert outbox.claim() is None
    outbox.delivered(one, "331100-7")
    after = claimed(outbox)
    assert (after.told.uid, after.told.event) == (first, "accepted")
    outbox.delivered(after, "331100-7")
    assert outbox.undelivered() == 0
    with store.engine.connect() as connection:
        steps = connection.execute(select(STEPS.c.uid, STEPS.c.code, STEPS.c.note)).all()
    assert steps == [(first, "handed-on", "331100-7")], "their number is noted once"


def test_what_is_put_off_waits_in_the_database(store: DistrictStore, outbox: Outbox, clock: Clock) -> None:
    uid = hand_in(store)
    once = claimed(outbox)
    outbox.later(once, 100, "http-500")
    assert outbox.claim() is None
    clock.now += 99
    restarted = Outbox(store.engine, wall=clock)
    assert restarted.claim() is None
    clock.now += 3
    again = claimed(restarted)
    assert (again.told, again.attempts) == (once.told, 1)
    assert again.told.key == once.told.key
    assert [(one.told.uid, one.attempts, one.last_error, one.refused_at, one.behind) for one in outbox.waiting()] == [
        (uid, 1, "http-500", None, 0)
    ]


def test_a_clock_that_was_wrong_silences_nothing(store: DistrictStore, outbox: Outbox, clock: Clock) -> None:
    hand_in(store)
    clock.now += 40 * 365 * 86400
    outbox.later(claimed(outbox), 100, "http-500")
    clock.now -= 40 * 365 * 86400
    assert outbox.claim() is not None


def test_a_claim_is_lost_to_another_only_when_its_lease_is_over(
    store: DistrictStore, outbox: Outbox, clock: Clock
) -> None:
    hand_in(store)
    mine = claimed(outbox)
    assert outbox.renew(mine) == mine, "it is fresh: nothing to write"
    clock.now += LEASE_SECONDS - 1
    longer = outbox.renew(mine)
    assert longer is not None
    assert outbox.renew(mine) is None
    clock.now += LEASE_SECONDS - 1
    assert outbox.claim() is None
    clock.now += 2
    theirs = claimed(outbox)
    assert theirs.told == mine.told
    assert outbox.renew(longer) is None
    outbox.later(longer, 1000, "http-500")
    outbox.refused(longer, "http-422")
    assert outbox.waiting() == [], "who lost it decides nothing"
    outbox.delivered(longer, None)
    assert outbox.undelivered() == 0, "but what they have, they have"
    outbox.later(theirs, 1000, "http-500")
    assert outbox.undelivered() == 0


def test_a_dead_end_holds_its_case_until_somebody_decides(store: DistrictStore, outbox: Outbox) -> None:
    uid = hand_in(store)
    move(store, uid, Event.ACCEPTED)
    move(store, uid, Event.APPROVED)
    receiver = Takes(Refused(error="http-422"))
    forwarder = Forwarder(store, outbox, receiver)
    done = forwarder.once()
    assert (done.delivered, done.later, done.refused) == (0, 0, 1)
    (dead,) = outbox.waiting()
    assert (dead.last_error, dead.behind, dead.refused_at is not None) == ("http-422", 2, True)
    assert forwarder.once() == replace(done, refused=0)
    assert outbox.retry(dead.told.seq)
    assert forwarder.once().delivered == 3
    assert [one.event for one in receiver.seen] == ["complete", "complete", "accepted", "approved"]
    assert receiver.seen[0].key == receiver.seen[1].key != receiver.seen[2].key
    assert not outbox.retry(dead.told.seq)
    assert not outbox.skip(dead.told.seq)

    other = hand_in(store)
    move(store, other, Event.DECLINED)
    receiver = Takes(Refused(error="http-422"))
    forwarder = Forwarder(store, outbox, receiver)
    forwarder.once()
    assert outbox.skip(outbox.waiting()[0].told.seq)
    assert forwarder.once().delivered == 1
    assert [one.event for one in receiver.seen] == ["complete", "declined"]


def test_a_receiver_that_is_gone_is_left_alone_and_one_that_dislikes_a_case_is_not(
    store: DistrictStore, outbox: Outbox
) -> None:
    for _ in range(3):
        hand_in(store)
    receiver = Takes(Later(error="http-500"), Later(error="http-503", seconds=60, everything=True))
    heard: list[tuple[str, str]] = []
    done = Forwarder(
        store, outbox, receiver, heard=lambda _seq, word, error: heard.append((word, error)), chance=lambda: 0.5
    ).once()
    assert (done.later, done.delivered, done.pause) == (2, 0, 63)
    assert heard == [("later", "http-500"), ("later", "http-503")]
    assert len(receiver.seen) == 2
    assert Forwarder(store, outbox, receiver).once().delivered == 1


def test_forwarders_share_an_outbox_without_doubling(url: str, store: DistrictStore, tmp_path: Path) -> None:
    uids = [hand_in(store) for _ in range(12)]
    for uid in uids:
        move(store, uid, Event.ACCEPTED)
        move(store, uid, Event.APPROVED)
    receiver = Takes()
    together = threading.Barrier(4)

    def forward(_number: int) -> int:
        own = DistrictStore(url, tmp_path / "papers")
        together.wait(20)
        count = 0
        # A round of one may end while another still holds the event that the rest of a case waits for.
        while Outbox(own.engine).undelivered():
            count += Forwarder(own, Outbox(own.engine), receiver).once().delivered
        own.close()
        return count

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(forward, range(4))) == 36
    assert len({one.key for one in receiver.seen}) == len(receiver.seen) == 36
    for uid in uids:
        assert [one.event for one in receiver.seen if one.case["uid"] == uid] == ["complete", "accepted", "approved"]


def test_a_database_that_is_away_for_a_while_ends_no_forwarder(
    store: DistrictStore, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(store)
    stop = threading.Event()
    troubles: list[Exception] = [
        OperationalError("claim", None, Exception("the server is gone")),
        InternalError("claim", None, Exception("cannot execute SELECT FOR UPDATE in a read-only transaction")),
        QueuePoolTimeout("QueuePool limit"),
    ]

    class Away(Outbox):
        def claim(self) -> Claimed | None:
            if troubles:
                raise troubles.pop()
            return super().claim()

        def delivered(self, claimed: Claimed, number: str | None) -> None:
            super().delivered(claimed, number)
            stop.set()

    monkeypatch.setattr("district.forwarding.DATABASE_PAUSE", 0.01)
    receiver = Takes()
    Forwarder(store, Away(store.engine), receiver).run(stop)
    assert len(receiver.seen) == 1
    assert outbox.undelivered() == 0


def test_a_key_is_no_other_events_even_after_an_older_copy_came_back() -> None:
    one = Told(seq=7, uid="u", event="accepted", made_at="2026-11-23T02:00:00+00:00")
    others = (
        replace(one, seq=8),
        replace(one, uid="v"),
        replace(one, event="approved"),
        replace(one, made_at="2026-11-24T02:00:00+00:00"),
    )
    assert len({one.key, *(other.key for other in others)}) == 5
    assert replace(one).key == one.key


# --- what is told -----------------------------------------------------------------------------------------------------


def test_a_case_is_told_whole_and_as_it_stands_now(store: DistrictStore, outbox: Outbox) -> None:
    uid = hand_in(store, papers=list(PAPERS.values()))
    move(store, uid, Event.ACCEPTED)
    store.rate(uid, 4)
    outbox.delivered(claimed(outbox), "331100-7")
    (told, *_) = outbox.since(0)
    delivery = delivery_of(store, told)
    assert isinstance(delivery, Delivery)
    case = delivery.document()
    assert case["form"] == FORM
    assert case["event"] == {"seq": told.seq, "key": told.key, "code": "complete", "at": told.made_at}
    assert (case["stage"], case["rating"], case["their_number"]) == ("accepted", 4, "331100-7")
    papers = case["papers"]
    assert isinstance(papers, list)
    assert [one["material"] for one in papers] == ["household-register", "id-card-front"]  # type: ignore[index, call-overload]
    assert [delivery.content(one.id) for one in delivery.papers] == [content for _, _, content in PAPERS.values()]
    with pytest.raises(ValueError, match="none"):
        delivery.content("none")


def test_the_answer_to_a_supplement_is_told_with_its_own_papers(store: DistrictStore, outbox: Outbox) -> None:
    uid = hand_in(store, papers=[PAPER])
    for number, at in (("a", "2026-11-24T00:00:00+00:00"), ("b", "2026-11-25T00:00:00+00:00")):
        answer = hand_in(store, papers=[(f"later-{number}", "image/png", number.encode())], note=number)
        row = {"id": number, "uid": uid, "asked_at": at, "asked_by": "li", "materials": ["x"], "note": "n"}
        answered = {**row, "answered_uid": answer, "answered_at": at}
        write(store.engine, lambda c, values=answered: c.execute(SUPPLEMENTS.insert().values(values)))
        move(store, uid, Event.SUPPLEMENT_ANSWERED, at=at)
    first, second = (delivery_of(store, one) for one in outbox.since(0) if one.event == Event.SUPPLEMENT_ANSWERED)
    assert isinstance(first, Delivery)
    assert isinstance(second, Delivery)
    assert [one.material for one in (*first.papers, *second.papers)] == ["later-a", "later-b"]
    supplements = second.case["supplements"]
    assert isinstance(supplements, list)
    assert [one["form"]["note"] for one in supplements] == ["a", "b"]  # type: ignore[index, call-overload]


def test_what_was_erased_is_a_dead_end_and_exported_as_what_remains(store: DistrictStore, outbox: Outbox) -> None:
    uid = hand_in(store)
    at = "2027-01-01T00:00:00+00:00"
    gone = update(SUBMISSIONS).where(SUBMISSIONS.c.uid == uid).values(body=None, erased_at=at)
    write(store.engine, lambda c: c.execute(gone))
    (told,) = outbox.since(0)
    assert isinstance(delivery_of(store, told), Erased)
    receiver = Takes()
    assert Forwarder(store, outbox, receiver).once().refused == 1
    assert [one.last_error for one in outbox.waiting()] == ["erased"]
    assert receiver.seen == []
    (line,) = map(json.loads, lines(store, 0))
    assert (line["uid"], line["form"], line["papers"], line["erased_at"]) == (
        uid,
        None,
        [],
        "2027-01-01T00:00:00+00:00",
    )


# --- the export -------------------------------------------------------------------------------------------------------


def lines(store: DistrictStore, seq: int, papers: Path | None = None) -> list[str]:
    return [one.line for one in exported_since(store, seq, papers=papers)]


def test_a_batch_job_polls_what_came_since(store: DistrictStore, tmp_path: Path) -> None:
    uid = hand_in(store, papers=[PAPER])
    out = tmp_path / "out"
    (first,) = map(json.loads, lines(store, 0, papers=out))
    assert (first["uid"], first["event"]["code"]) == (uid, "complete")
    (paper,) = first["papers"]
    assert [(one.name, one.read_bytes()) for one in out.iterdir()] == [(paper["id"], PAPER[2])]
    assert (out / paper["id"]).stat().st_mode & 0o777 == 0o600
    seq = first["event"]["seq"]
    assert lines(store, seq) == []
    move(store, uid, Event.APPROVED)
    (second,) = map(json.loads, lines(store, seq))
    assert (second["event"]["code"], second["stage"]) == ("approved", "approved")
    assert len(lines(store, 0)) == 2


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_no_number_below_one_that_was_seen_appears_later(store: DistrictStore) -> None:
    """PostgreSQL gives numbers out before the commit: who reads past one that is still open must not lose it."""
    first, second = hand_in(store), hand_in(store)
    outbox = Outbox(store.engine)
    (*_, last) = outbox.since(0)
    slow = store.engine.connect()
    tell(slow, Event.ACCEPTED, [first], now="2026-11-24T01:00:00+00:00")
    move(store, second, Event.ACCEPTED)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(lambda: [one.uid for one in Outbox(store.engine).since(last.seq)])
        with pytest.raises(TimeoutError):
            asked.result(0.3)
        slow.commit()
        assert asked.result(20) == [first, second]
    slow.close()
    with store.engine.connect() as connection:
        assert connection.execute(select(OUTBOX.c.seq).order_by(OUTBOX.c.seq)).scalars().all()[-2:] == [
            last.seq + 1,
            last.seq + 2,
        ]
