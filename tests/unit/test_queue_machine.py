"""Store, sync and a model platform driven by chance: hand in, rate, send, hold, release, withdraw, mend, crash, reboot.

Two stores look at one queue, as two processes do, and clocks are set. Whatever the order: what was acknowledged is
there under its number, what is done is at the platform byte for byte, and nothing is sent other than as it was frozen.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from offline_queue.model import OtherContent, Paper, Stored
from offline_queue.retry import Answer, Outcome
from offline_queue.store import KEEP_DAYS, Store
from offline_queue.sync import sync_once
from offline_queue.wire import State, sha256_hex
from offline_queue.withdrawing import Withdrawal
from tests.support.model_platform import ModelPlatform
from tests.support.queue_rig import TurnedClock, open_store, stored

MOODS = st.lists(
    st.sampled_from(["portal", "unanswered", "refused", "forgot", "unheard", "busy", "ok"]), min_size=1, max_size=6
)
ENDED = (State.DONE, State.CANCELLED)
_MEMORY = Path("/dev/shm")


class _Witness(ModelPlatform):
    """Notes the papers of each submission when it has all of them, and the ratings."""

    def __init__(self, moods: list[str]) -> None:
        super().__init__(lambda: moods.pop() if moods else "ok")
        self.complete: dict[str, tuple[bytes, ...]] = {}
        self.ratings: dict[str, int] = {}

    def _meet(self, act: Callable[[], Answer]) -> Outcome:
        def seen() -> Answer:
            answer = act()
            for uid in self.bodies.keys() - self.complete.keys():
                if not self._missing(uid):
                    declared = json.loads(self.bodies[uid])["attachments"]
                    self.complete[uid] = tuple(bytes(self.papers[one["id"]]) for one in declared)
            return answer

        return super()._meet(seen)

    def put_rating(self, uid: str, body: bytes) -> Outcome:
        outcome = super().put_rating(uid, body)
        if isinstance(outcome, Answer) and outcome.status == 200:
            level = json.loads(body)["level"] if body == outcome.body else None
            if level is not None:
                assert self.ratings.setdefault(uid, level) == level
        return outcome


class QueueMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="queue-", dir=_MEMORY if _MEMORY.is_dir() else None))
        self.clock = TurnedClock()
        self.moods: list[str] = []
        self.platform = _Witness(self.moods)
        self.stores = [open_store(self.folder / "queue", self.clock) for _ in range(2)]
        self.crashed: list[Store] = []
        self.forms: dict[str, dict[str, int]] = {}
        self.papers: dict[str, tuple[Paper, ...]] = {}
        self.numbers: dict[str, str] = {}
        self.ratings: dict[str, int] = {}
        self.withdrawn: set[str] = set()
        self.forgotten: set[str] = set()

    def teardown(self) -> None:
        if hasattr(self, "stores"):
            self._everything_arrives()
            for store in (*self.stores, *self.crashed):
                store.close()
            shutil.rmtree(self.folder)

    def _one(self, index: int) -> str | None:
        """One of what is there, if there is something; which uids there are is not for Hypothesis to draw from."""
        known = [uid for uid in self.numbers if uid not in self.forgotten]
        return known[index % len(known)] if known else None

    @rule(which=st.integers(0, 1), sizes=st.lists(st.sampled_from([0, 5, 900_000]), max_size=2))
    def hand_in(self, which: int, sizes: list[int]) -> None:
        form = {"n": len(self.numbers)}
        papers = tuple(
            Paper(material="m", media_type="image/png", content=bytes([65 + at]) * size)
            for at, size in enumerate(sizes)
        )
        answer = stored(self.stores[which].put(matter="m", form=form, attachments=papers, slip_data=b"slip"))
        assert answer.provisional_number not in self.numbers.values()
        self.numbers[answer.uid] = answer.provisional_number
        self.forms[answer.uid], self.papers[answer.uid] = form, papers

    @rule(which=st.integers(0, 1), index=st.integers(0, 9), same=st.booleans())
    def hand_in_again(self, which: int, index: int, same: bool) -> None:
        uid = self._one(index)
        if uid is None:
            return
        form = self.forms[uid] if same else {"n": -1}
        answer = self.stores[which].put(matter="m", form=form, attachments=self.papers[uid], uid=uid)
        assert isinstance(answer, Stored if same else OtherContent)

    @rule(which=st.integers(0, 1), index=st.integers(0, 9), level=st.integers(1, 5))
    def rate(self, which: int, index: int, level: int) -> None:
        uid = self._one(index)
        if uid is None:
            return
        assert self.stores[which].rate(uid, level) is (uid not in self.ratings)
        self.ratings.setdefault(uid, level)

    @rule(which=st.integers(0, 1), moods=MOODS, hurry=st.booleans(), later=st.booleans())
    def send(self, which: int, moods: list[str], hurry: bool, later: bool) -> None:
        self.moods[:] = moods
        self.clock.forward(1000 * later)
        sync_once(self.stores[which], self.platform, hurry=hurry)

    @rule(which=st.integers(0, 1))
    def claim_and_be_interrupted(self, which: int) -> None:
        """A sender that took something and was killed: its connection is left as it is, its lease is nobody's."""
        store = self.stores[which]
        store.outbox.next_work()
        store.outbox.close()
        self.crashed.append(store)
        self.stores[which] = open_store(self.folder / "queue", self.clock)

    @rule()
    def reboot(self) -> None:
        for store in (*self.stores, *self.crashed):
            store.close()
        self.crashed.clear()
        self.clock.boot += "'"
        self.clock.mono = 10.0
        self.stores = [open_store(self.folder / "queue", self.clock) for _ in range(2)]

    @rule(seconds=st.sampled_from([1, 100, 1000, 90_000]))
    def wait(self, seconds: int) -> None:
        self.clock.forward(seconds)

    @rule(days=st.sampled_from([-3650, -1, 1, 3650]))
    def set_the_clock(self, days: int) -> None:
        self.clock.now += timedelta(days=days)

    @rule(which=st.integers(0, 1), index=st.integers(0, 9))
    def release(self, which: int, index: int) -> None:
        uid = self._one(index)
        if uid is not None:
            self.stores[which].retry(uid)

    @rule(which=st.integers(0, 1), index=st.integers(0, 9), moods=st.none() | MOODS)
    def withdraw(self, which: int, index: int, moods: list[str] | None) -> None:
        """On the platform's word, where there is a network; never what the platform has."""
        uid = self._one(index)
        if uid is None:
            return
        before = self.stores[which].show(uid)
        self.moods[:] = moods or []
        ask = None if moods is None else self.platform.progress
        if self.stores[which].cancel(uid, reason="r", by="a", confirmed_by="b", ask=ask) is Withdrawal.WITHDRAWN:
            assert before is not None
            assert before.state in (State.READY, State.HELD)
            assert uid not in self.platform.bodies
            self.withdrawn.add(uid)

    @rule(which=st.integers(0, 1))
    def mend(self, which: int) -> None:
        assert self.stores[which].repair() == ()

    @rule(which=st.integers(0, 1), years=st.booleans())
    def forget(self, which: int, years: bool) -> None:
        if years:
            self.clock.now += timedelta(days=KEEP_DAYS + 1)
        store = self.stores[which]
        store.expire_reprints()
        before = {item.uid: item.state for item in store.list()}
        store.forget_ended()
        gone = before.keys() - {item.uid for item in store.list()}
        assert all(before[uid] in ENDED for uid in gone)
        self.forgotten |= gone

    @invariant()
    def what_was_acknowledged_is_there(self) -> None:
        for store in self.stores:
            items = {item.uid: item for item in store.list()}
            assert {uid: item.provisional_number for uid, item in items.items()} == {
                uid: number for uid, number in self.numbers.items() if uid not in self.forgotten
            }
            for uid, item in items.items():
                assert item.rating == self.ratings.get(uid)
                assert (item.state is State.CANCELLED) is (uid in self.withdrawn)
                assert uid not in self.withdrawn or uid not in self.platform.bodies
                if item.state is State.DONE:
                    self._at_the_platform(uid, item.sha256)

    def _at_the_platform(self, uid: str, sha256: str) -> None:
        body = self.platform.bodies[uid]
        assert sha256_hex(body) == sha256
        assert json.loads(body)["form"] == self.forms[uid]
        assert self.platform.complete[uid] == tuple(paper.content for paper in self.papers[uid])

    def _everything_arrives(self) -> None:
        store = self.stores[0]
        self.moods.clear()
        for _ in range(4):
            self.clock.forward(100_000)
            for item in store.list():
                if item.state is State.HELD or item.uid in self.ratings:
                    store.retry(item.uid)
            sync_once(store, self.platform, hurry=True)
        for item in store.list():
            assert item.state in ENDED, item
            if item.state is State.DONE:
                self._at_the_platform(item.uid, item.sha256)
                assert self.platform.ratings.get(item.uid) == self.ratings.get(item.uid)
        assert store.verify() == ()
        kept = {paper.id for item in store.list() if item.uid in self.withdrawn for paper in item.attachments}
        assert {path.name for path in (self.folder / "queue" / "blobs").iterdir()} == kept


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(max_examples=80, stateful_step_count=40)
