"""What a terminal says of itself: numbers, seldom, and nothing of a resident."""

from __future__ import annotations

from pathlib import Path

from offline_queue.heartbeat import EVERY_SECONDS, FIRST_SECONDS, Heartbeat
from offline_queue.reasons import HttpStatus
from offline_queue.retry import Answer, Failure, FailureKind, Outcome
from offline_queue.sync import sync_once
from offline_queue.work import TelemetryWork
from tests.support.model_platform import ModelPlatform
from tests.support.queue_rig import NAME, TurnedClock, open_store, stored


class Listening(ModelPlatform):
    """Keeps what it is told, or does not hear it."""

    def __init__(self, answer: Answer | Failure) -> None:
        super().__init__(lambda: "ok")
        self.answer = answer
        self.told: list[str] = []

    def report(self, kind: str, body: bytes) -> Outcome:
        self.told.append(f"{kind} {body.decode()}")
        return self.answer


def test_it_says_numbers_every_ten_minutes(tmp_path: Path) -> None:
    clock = TurnedClock()
    store = open_store(tmp_path, clock, free=lambda: 5_000_000_000)
    stored(store.put(matter="m", form={"name": NAME}))
    held = stored(store.put(matter="m", form={"name": NAME}))
    work = store.outbox.next_work(forms=1)
    assert work is not None
    assert not isinstance(work, TelemetryWork)
    store.outbox.hold(work, error=HttpStatus(422))  # type: ignore[arg-type]
    beat = Heartbeat(store, lambda: {"version": "0.1.0", "clock_offset_seconds": 7}, now=clock.monotonic)
    assert 0 < beat.beat() <= FIRST_SECONDS
    clock.forward(FIRST_SECONDS)
    assert beat.beat() == EVERY_SECONDS
    platform = Listening(Answer(status=204))
    assert sync_once(store, platform).delivered == 1
    assert platform.told == [
        'heartbeat {"at":"2026-11-23T09:01:00+08:00","clock_offset_seconds":7,"free_bytes":5000000000,'
        '"held":1,"oldest_seconds":60,"version":"0.1.0","waiting":1}'
    ]
    assert held.uid not in platform.told[0]
    assert beat.beat() == EVERY_SECONDS
    assert sync_once(store, platform).attempted == 0
    clock.forward(EVERY_SECONDS)
    beat.beat()
    sync_once(store, platform)
    assert '"oldest_seconds":0' in platform.told[1]
    store.close()


def test_a_report_that_is_not_heard_makes_no_form_wait(tmp_path: Path) -> None:
    clock = TurnedClock()
    store = open_store(tmp_path, clock)
    store.report("heartbeat", {})
    platform = Listening(Failure(kind=FailureKind.UNREACHABLE))
    assert sync_once(store, platform).failed == 1
    store.put(matter="m", form={})
    assert sync_once(store, platform).delivered == 1
    store.report("other", {})
    assert sync_once(store, Listening(Answer(status=503, retry_after="30"))).failed == 1
    store.put(matter="m", form={})
    assert sync_once(store, platform).attempted == 0  # the platform asked to be left alone
    store.close()
