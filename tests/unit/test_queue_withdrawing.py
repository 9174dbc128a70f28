"""Withdrawing: what the platform has is never withdrawn here, whatever became of its answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from offline_queue.lease import LEASE_SECONDS
from offline_queue.model import Paper
from offline_queue.retry import Answer, Failure, FailureKind, Outcome
from offline_queue.store import Store
from offline_queue.sync import sync_once
from offline_queue.wire import State
from offline_queue.withdrawing import Ask, Withdrawal
from offline_queue.work import FormWork
from tests.support.model_platform import ModelPlatform
from tests.support.queue_rig import TurnedClock, open_store, stored

PAGE = Paper(material="m", media_type="image/png", content=b"page")


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def store(tmp_path: Path, clock: TurnedClock) -> Iterator[Store]:
    opened = open_store(tmp_path / "queue", clock)
    yield opened
    opened.close()


def put(store: Store, *papers: Paper) -> str:
    return stored(store.put(matter="m", form={}, attachments=papers)).uid


def cancel(store: Store, uid: str, ask: Ask | None = None) -> Withdrawal:
    return store.cancel(uid, reason="x", by="a", confirmed_by="b", ask=ask)


def state_of(store: Store, uid: str) -> State:
    item = store.show(uid)
    assert item is not None
    return item.state


def honest(*moods: str) -> ModelPlatform:
    left = list(moods)
    return ModelPlatform(lambda: left.pop(0) if left else "ok")


def test_it_takes_two_people_and_a_reason(store: Store, tmp_path: Path, clock: TurnedClock) -> None:
    uid = put(store, PAGE)
    for reason, by, confirmed in (
        ("", "a", "b"),
        ("why", "", "b"),
        ("why", "Wang", " wang "),
        ("why", "王 主任", "王主任"),
        ("why", "Li", "Ｌｉ"),
        ("why", "\u3000", "b"),
    ):
        with pytest.raises(ValueError, match="withdrawing takes"):
            store.cancel(uid, reason=reason, by=by, confirmed_by=confirmed)
    with pytest.raises(ValueError, match="40 characters"):
        store.cancel(uid, reason="why", by="a" * 41, confirmed_by="b")
    assert store.cancel(uid, reason="办错了", by="窗口 3", confirmed_by="主任") is Withdrawal.WITHDRAWN
    assert state_of(store, uid) is State.CANCELLED
    assert cancel(store, uid) is Withdrawal.LEFT
    assert cancel(store, "nobody") is Withdrawal.UNKNOWN
    assert not store.retry(uid)
    clock.forward(10 * 86_400)
    assert sync_once(store, honest(), hurry=True).attempted == 0
    assert "办错了".encode() not in (tmp_path / "queue" / "queue.db").read_bytes()
    assert store.verify() == ()


def test_what_is_being_sent_is_not_withdrawn(store: Store, clock: TurnedClock) -> None:
    uid = put(store, PAGE)
    assert isinstance(store.outbox.next_work(), FormWork)
    assert cancel(store, uid, honest().progress) is Withdrawal.ON_ITS_WAY
    clock.forward(LEASE_SECONDS + 1)
    assert store.outbox.next_work() is not None


@pytest.mark.parametrize("mood", ["unanswered", "portal"])
def test_what_arrived_though_its_answer_was_lost_is_not_withdrawn(store: Store, clock: TurnedClock, mood: str) -> None:
    uid = put(store)
    platform = honest("unanswered")
    assert sync_once(store, platform).failed == 1
    assert uid in platform.bodies
    assert cancel(store, uid, platform.progress) is Withdrawal.ON_ITS_WAY  # its request may still be under way
    clock.forward(LEASE_SECONDS)
    assert cancel(store, uid) is Withdrawal.MAY_HAVE_LEFT
    assert cancel(store, uid, honest(mood).progress) is Withdrawal.MAY_HAVE_LEFT
    assert cancel(store, uid, platform.progress) is Withdrawal.LEFT
    assert state_of(store, uid) is State.READY
    assert sync_once(store, platform, hurry=True).delivered == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=404, body=b"<html>Not Found"),
        Answer(status=404),
        Answer(status=200),
        Failure(kind=FailureKind.TLS),
    ],
)
def test_only_the_platforms_own_word_counts(store: Store, clock: TurnedClock, answer: Outcome) -> None:
    uid = put(store)
    assert sync_once(store, honest("unheard")).failed == 1
    clock.forward(LEASE_SECONDS)
    assert cancel(store, uid, lambda _: answer) is Withdrawal.MAY_HAVE_LEFT
    assert state_of(store, uid) is State.READY


def test_what_never_arrived_is_withdrawn_on_the_platforms_word(store: Store, clock: TurnedClock) -> None:
    uid, refused = put(store), put(store)
    platform = honest()
    platform.put_forms = lambda batch: Answer(status=404)  # one by one
    moods = iter(["unheard", "refused"])
    platform._mood = lambda: next(moods, "ok")  # pyright: ignore[reportPrivateUsage] - a test's own
    sync_once(store, platform)
    clock.forward(LEASE_SECONDS)
    sync_once(store, honest("refused"), hurry=True)
    held = [one for one in (uid, refused) if state_of(store, one) is State.HELD]
    assert held
    assert cancel(store, held[0], platform.progress) is Withdrawal.WITHDRAWN
    assert state_of(store, held[0]) is State.CANCELLED
    assert held[0] not in platform.bodies


def test_nothing_is_sent_while_the_platform_is_asked(store: Store, tmp_path: Path, clock: TurnedClock) -> None:
    uid, other = put(store), open_store(tmp_path / "queue", clock)
    platform = honest("unheard")
    sync_once(store, platform)
    clock.forward(LEASE_SECONDS)

    def asked(uid: str) -> Outcome:
        assert sync_once(other, platform, hurry=True).attempted == 0
        assert not other.retry(uid)
        return platform.progress(uid)

    assert cancel(store, uid, asked) is Withdrawal.WITHDRAWN
    other.close()


def test_who_asks_too_long_withdraws_nothing(store: Store, tmp_path: Path, clock: TurnedClock) -> None:
    uid, other = put(store), open_store(tmp_path / "queue", clock)
    platform = honest("unheard")
    sync_once(store, platform)
    clock.forward(LEASE_SECONDS)

    def asked(uid: str) -> Outcome:
        answer = platform.progress(uid)
        clock.forward(LEASE_SECONDS + 1)
        assert sync_once(other, platform, hurry=True).delivered == 1
        return answer

    assert cancel(store, uid, asked) is Withdrawal.ON_ITS_WAY
    assert state_of(store, uid) is State.DONE
    other.close()


def test_a_received_form_whose_papers_are_unknown_is_not_withdrawn(store: Store, clock: TurnedClock) -> None:
    class Forgetful(ModelPlatform):
        def send_chunk(self, name: str, offset: int, chunk: bytes) -> Outcome:
            return Answer(status=404)

    uid = put(store, PAGE)
    platform = Forgetful(lambda: "ok")
    sync_once(store, platform)
    assert state_of(store, uid) is State.READY
    clock.forward(LEASE_SECONDS)
    assert cancel(store, uid) is Withdrawal.MAY_HAVE_LEFT
    assert cancel(store, uid, platform.progress) is Withdrawal.LEFT


def test_what_was_never_offered_needs_no_asking(store: Store, tmp_path: Path, clock: TurnedClock) -> None:
    first = put(store)
    assert sync_once(store, honest("unheard")).failed == 1
    second = put(store)
    assert sync_once(store, honest()).attempted == 0  # a pause
    assert cancel(store, second) is Withdrawal.WITHDRAWN
    store.close()
    clock.boot, clock.mono = "boot-2", 300.0
    again = open_store(tmp_path / "queue", clock)
    assert cancel(again, first) is not Withdrawal.WITHDRAWN
    again.close()
