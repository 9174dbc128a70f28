"""Brings what is due to the platform: one round for the command line, and a thread beside the app.

The decisions are `retry`'s, the bookkeeping is `outbox`'s; this only carries between the two. Forms go first, papers
second, ratings third. When the platform as a whole doesn't answer, the queue pauses instead of knocking once per item.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import SystemRandom
from typing import Protocol, assert_never

import apsw

from offline_queue.outbox import Outbox
from offline_queue.retry import (
    Accepted,
    AskOffset,
    Attempt,
    Hold,
    Known,
    Offset,
    Outcome,
    Rated,
    Reported,
    SendFormAgain,
    TryAgain,
    backoff,
    decide_chunk,
    decide_form,
    decide_offset,
    decide_progress,
    decide_rating,
    decide_report,
)
from offline_queue.store import Store
from offline_queue.wire import Rating, State, canonical_bytes
from offline_queue.work import (
    FormWork,
    NumberWork,
    PapersWork,
    PaperToSend,
    RatingWork,
    SubmissionWork,
    TelemetryWork,
    Work,
)

_LONGEST_SLEEP = 60.0
_TROUBLE_SLEEP = 30.0

_log = logging.getLogger(__name__)


class Platform(Protocol):
    """The platform's requests; `client.PlatformClient` is the real one."""

    def put_form(self, uid: str, body: bytes) -> Outcome: ...

    def attachment_offset(self, name: str) -> Outcome: ...

    def send_chunk(self, name: str, offset: int, chunk: bytes) -> Outcome: ...

    def progress(self, uid: str) -> Outcome: ...

    def put_rating(self, uid: str, body: bytes) -> Outcome: ...

    def report(self, kind: str, body: bytes) -> Outcome: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A submission's state after something became of it. Told in the sync thread."""

    uid: str
    state: State
    case_number: str | None


OnChange = Callable[[Changed], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSummary:
    """One round: pieces of work attempted, submissions that became done, failed attempts, submissions that became
    held, and submissions still waiting (ready, sending or received)."""

    attempted: int
    delivered: int
    failed: int
    held: int
    waiting: int

    def row(self) -> dict[str, int]:
        return {
            "attempted": self.attempted,
            "delivered": self.delivered,
            "failed": self.failed,
            "held": self.held,
            "waiting": self.waiting,
        }


@dataclass(slots=True)
class _Round:
    """One round's counts."""

    attempted: int = 0
    delivered: int = 0
    failed: int = 0
    held: int = 0
    random: SystemRandom = field(default_factory=SystemRandom)

    def attempt(self, work: Work | PaperToSend) -> Attempt:
        return Attempt(attempts=work.attempts, now=datetime.now(tz=UTC), random=self.random.random())


def sync_once(
    store: Store,
    platform: Platform,
    *,
    hurry: bool = False,
    on_change: OnChange | None = None,
    stopped: Callable[[], bool] | None = None,
) -> SyncSummary:
    """Send everything that is due; with `hurry` also what waits for its next try. Raises apsw.Error on disk trouble."""
    if hurry:
        store.outbox.hurry()
    done = _run(store, platform, on_change, stopped or (lambda: False))
    return SyncSummary(
        attempted=done.attempted,
        delivered=done.delivered,
        failed=done.failed,
        held=done.held,
        waiting=store.waiting(),
    )


def _run(store: Store, platform: Platform, on_change: OnChange | None, stopped: Callable[[], bool]) -> _Round:
    outbox, this = store.outbox, _Round()
    while not stopped():
        work = outbox.next_work()
        if work is None:
            break
        this.attempted += 1
        match work:
            case FormWork():
                _send_form(outbox, platform, work, this)
            case PapersWork():
                _send_papers(outbox, platform, work, this, stopped)
            case NumberWork():
                _ask_progress(outbox, platform, work, this)
            case RatingWork():
                _send_rating(outbox, platform, work, this)
            case TelemetryWork():
                _report(outbox, platform, work, this)
                continue
            case _:
                assert_never(work)
        item = store.show(work.uid) if on_change is not None else None
        if on_change is not None and item is not None:
            on_change(Changed(uid=item.uid, state=item.state, case_number=item.case_number))
    return this


def _send_form(outbox: Outbox, platform: Platform, work: FormWork, this: _Round) -> None:
    outcome = platform.put_form(work.uid, work.body)
    match decide_form(outcome, this.attempt(work), uid=work.uid, sha256=work.sha256):
        case Accepted(receipt=receipt):
            this.delivered += outbox.received(work, receipt) is State.DONE
        case TryAgain() as later:
            _put_off(outbox, work, later, this)
        case Hold(error=error):
            _hold(outbox, work, error, this)


def _send_papers(
    outbox: Outbox, platform: Platform, work: PapersWork, this: _Round, stopped: Callable[[], bool]
) -> None:
    """One paper that does not get through keeps neither the others nor other submissions waiting."""
    late = False
    for paper in work.papers:
        match _send_paper(outbox, platform, work, paper, this, stopped):
            case None:
                return
            case sent:
                late = late or not sent
    if late:
        outbox.papers_later(work)
    else:
        _ask_progress(outbox, platform, work, this)


def _send_paper(
    outbox: Outbox,
    platform: Platform,
    work: PapersWork,
    paper: PaperToSend,
    this: _Round,
    stopped: Callable[[], bool],
) -> bool | None:
    """Send one paper from where the platform has it; False: it is put off, None: the whole work was reported."""
    offset: int | None = None
    asked = 0
    attempt = this.attempt(paper)
    while True:
        if offset is None:
            asked += 1
            # A platform that keeps changing its mind about the offset must not hold the queue.
            decision = (
                TryAgain(seconds=backoff(paper.attempts, attempt.random), error="offset-conflict")
                if asked > 3
                else decide_offset(platform.attachment_offset(paper.id), attempt, size=paper.bytes)
            )
        elif stopped():
            decision = TryAgain(seconds=0.0, error="stopped", counted=False, platform_wide=True)
        else:
            chunk = outbox.chunk(work, paper, offset)
            if chunk is None:
                _hold(outbox, work, "paper-damaged", this)
                return None
            decision = decide_chunk(platform.send_chunk(paper.id, offset, chunk), attempt, sent_to=offset + len(chunk))
        match decision:
            case Offset(offset=reached):
                # An empty paper is complete only after one (empty) PATCH.
                first_look = offset is None
                offset = reached
                if not outbox.sent(work, paper, offset):
                    return None
                if offset == paper.bytes and not (first_look and paper.bytes == 0):
                    return True
            case AskOffset():
                offset = None
            case SendFormAgain():
                this.failed += 1
                outbox.form_lost(work)
                return None
            case TryAgain(platform_wide=False, seconds=seconds, error=error):
                this.failed += 1
                return False if outbox.put_off_paper(work, paper, seconds=seconds, error=error) else None
            case TryAgain() as later:
                _put_off(outbox, work, later, this)
                return None
            case Hold(error=error):
                _hold(outbox, work, error, this)
                return None


def _ask_progress(outbox: Outbox, platform: Platform, work: PapersWork | NumberWork, this: _Round) -> None:
    attempt = this.attempt(work)
    match decide_progress(platform.progress(work.uid), attempt, uid=work.uid, sha256=work.sha256):
        case Known(progress=progress):
            state = outbox.progressed(work, progress, ask_again=backoff(work.attempts + 3, attempt.random))
            this.delivered += isinstance(work, PapersWork) and state is State.DONE
        case SendFormAgain() if isinstance(work, PapersWork):
            this.failed += 1
            outbox.form_lost(work)
        case SendFormAgain():
            later = TryAgain(seconds=backoff(work.attempts + 3, attempt.random), error="http-404")
            _put_off(outbox, work, later, this)
        case TryAgain() as later:
            _put_off(outbox, work, later, this)


def _send_rating(outbox: Outbox, platform: Platform, work: RatingWork, this: _Round) -> None:
    outcome = platform.put_rating(work.uid, canonical_bytes(Rating(level=work.level)))
    match decide_rating(outcome, this.attempt(work)):
        case Rated():
            outbox.lesser.rated(work)
        case TryAgain() as later:
            this.failed += 1
            outbox.lesser.put_off_rating(work, later)
        case Hold(error=error):
            outbox.lesser.hold_rating(work, error=error)


def _report(outbox: Outbox, platform: Platform, work: TelemetryWork, this: _Round) -> None:
    match decide_report(platform.report(work.kind, work.body.encode()), this.attempt(work)):
        case TryAgain() as later:
            this.failed += 1
            outbox.lesser.put_off_telemetry(work, later)
        case Reported():
            outbox.lesser.told(work)


def _put_off(outbox: Outbox, work: SubmissionWork, later: TryAgain, this: _Round) -> None:
    this.failed += 1
    outbox.put_off(work, later)


def _hold(outbox: Outbox, work: FormWork | PapersWork, error: str, this: _Round) -> None:
    this.held += 1
    outbox.hold(work, error=error)


class SyncThread:
    """Runs rounds beside the app: at start, when woken, and when something falls due."""

    def __init__(self, store: Store, platform: Platform, *, on_change: OnChange | None = None) -> None:
        self._store = store
        self._platform = platform
        self._on_change = on_change
        self._condition = threading.Condition()
        self._woken = False
        self._hurry = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="queue-sync", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self, *, hurry: bool = False) -> None:
        """Something was put or rated; with `hurry` (the network is back, staff asks) everything is tried now."""
        with self._condition:
            self._woken = True
            self._hurry = self._hurry or hurry
            self._condition.notify_all()

    def stop(self, timeout: float = 35.0) -> bool:
        """End after the request under way (bounded by the client's deadline); True when it has ended in `timeout`."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._condition:
                if self._stopping:
                    return
                hurry, self._hurry, self._woken = self._hurry, False, False
            wait = self._round(hurry)
            with self._condition:
                self._condition.wait_for(lambda: self._woken or self._stopping, timeout=wait)

    def _round(self, hurry: bool) -> float:
        """Seconds to sleep after one round."""
        try:
            if hurry:
                self._store.outbox.hurry()
            self._store.expire_reprints()
            self._store.forget_ended()
            _run(self._store, self._platform, self._on_change, lambda: self._stopping)
            due = self._store.outbox.seconds_to_next()
        except (apsw.Error, OSError):
            # A full or failing disk is trouble that may pass; nothing was lost, since nothing was acknowledged.
            return _TROUBLE_SLEEP
        except Exception as failure:  # noqa: BLE001 - a bug here must not keep everything else from ever being sent
            # Its text may carry what a resident wrote, so only its type is logged. Its lease runs out by itself.
            _log.error("a round of the queue failed: %s", type(failure).__name__)
            return _TROUBLE_SLEEP
        return min(_LONGEST_SLEEP, _LONGEST_SLEEP if due is None else due)
