"""Brings what is due to the platform, in rounds; who runs them when is `sender`'s part.

The decisions are `retry`'s, the bookkeeping is `outbox`'s; this only carries between the two. Forms go first (`forms`),
papers second (`uploads`), ratings third. When the platform as a whole doesn't answer, the queue pauses instead of
knocking once per item.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from offline_queue.forms import send_form, send_forms
from offline_queue.line import Line
from offline_queue.retry import Hold, Rated, Reported, TryAgain, decide_rating, decide_report
from offline_queue.round import Platform, Round
from offline_queue.store import Store
from offline_queue.uploads import ask_progress, send_papers
from offline_queue.wire import MAX_BATCH, Rating, State, canonical_bytes
from offline_queue.work import FormsWork, FormWork, NumberWork, PapersWork, RatingWork, TelemetryWork


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


def sync_once(
    store: Store,
    platform: Platform,
    *,
    line: Line | None = None,
    hurry: bool = False,
    on_change: OnChange | None = None,
    stopped: Callable[[], bool] | None = None,
) -> SyncSummary:
    """Send everything that is due; with `hurry` also what waits for its next try. Papers only as far as `line` takes
    them now. Raises apsw.Error on disk trouble."""
    if hurry:
        store.outbox.hurry()
    done = run_round(store, platform, line or Line(), on_change, stopped or (lambda: False))
    return SyncSummary(
        attempted=done.attempted,
        delivered=done.delivered,
        failed=done.failed,
        held=done.held,
        waiting=store.waiting(),
    )


def run_round(
    store: Store, platform: Platform, line: Line, on_change: OnChange | None, stopped: Callable[[], bool]
) -> Round:
    """Send what is due. Raises apsw.Error on disk trouble."""
    this = Round(outbox=store.outbox, platform=platform, line=line, stopped=stopped)
    while not stopped():
        work = this.outbox.next_work(forms=MAX_BATCH if line.takes_batches else 1, papers=line.seconds_to_papers() == 0)
        if work is None:
            break
        this.attempted += len(work.forms) if isinstance(work, FormsWork) else 1
        match work:
            case FormWork():
                send_form(this, work)
            case FormsWork():
                send_forms(this, work)
            case PapersWork():
                send_papers(this, work)
            case NumberWork():
                ask_progress(this, work)
            case RatingWork():
                _send_rating(this, work)
            case TelemetryWork():
                _report(this, work)
                continue
            case _:
                assert_never(work)
        if on_change is not None:
            for uid in [one.uid for one in work.forms] if isinstance(work, FormsWork) else [work.uid]:
                item = store.show(uid)
                if item is not None:
                    on_change(Changed(uid=item.uid, state=item.state, case_number=item.case_number))
    return this


def _send_rating(this: Round, work: RatingWork) -> None:
    outcome = this.platform.put_rating(work.uid, canonical_bytes(Rating(level=work.level)))
    match decide_rating(outcome, this.attempt(work)):
        case Rated():
            this.outbox.lesser.rated(work)
        case TryAgain() as later:
            this.failed += 1
            this.outbox.lesser.put_off_rating(work, later)
        case Hold(error=error):
            this.outbox.lesser.hold_rating(work, error=error)


def _report(this: Round, work: TelemetryWork) -> None:
    match decide_report(this.platform.report(work.kind, work.body.encode()), this.attempt(work)):
        case TryAgain() as later:
            this.failed += 1
            this.outbox.lesser.put_off_telemetry(work, later)
        case Reported():
            this.outbox.lesser.told(work)
