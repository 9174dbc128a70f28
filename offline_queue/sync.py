"""Brings what is due to the platform, in rounds; who runs them when is `sender`'s part.

The decisions are `retry`'s, the bookkeeping is `outbox`'s; this only carries between the two. Forms go first, papers
second, ratings third. When the platform as a whole doesn't answer, the queue pauses instead of knocking once per item.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import SystemRandom
from typing import Protocol, assert_never

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


class Platform(Protocol):
    """The platform's requests; `client.PlatformClient` is the real one."""

    def put_form(self, uid: str, body: bytes, media_type: str) -> Outcome: ...

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
    done = run_round(store, platform, on_change, stopped or (lambda: False))
    return SyncSummary(
        attempted=done.attempted,
        delivered=done.delivered,
        failed=done.failed,
        held=done.held,
        waiting=store.waiting(),
    )


def run_round(store: Store, platform: Platform, on_change: OnChange | None, stopped: Callable[[], bool]) -> _Round:
    """Send what is due. Raises apsw.Error on disk trouble."""
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
    outcome = platform.put_form(work.uid, work.body, work.media_type)
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
