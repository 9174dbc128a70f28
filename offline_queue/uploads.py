"""Sends papers, each from where the platform has it, in pieces that the line carries well."""

from __future__ import annotations

from offline_queue.reasons import HttpStatus, Reason
from offline_queue.retry import (
    AskOffset,
    Failure,
    FailureKind,
    Hold,
    Known,
    Offset,
    SendFormAgain,
    TryAgain,
    backoff,
    decide_chunk,
    decide_offset,
    decide_progress,
)
from offline_queue.round import Round
from offline_queue.wire import State
from offline_queue.work import NumberWork, PapersWork, PaperToSend

_MOST_LOOKS = 3
"""A platform that keeps changing its mind about the offset must not hold the queue."""


def send_papers(this: Round, work: PapersWork) -> None:
    """One paper that does not get through keeps neither the others nor other submissions waiting."""
    late = False
    for paper in work.papers:
        match _send_paper(this, work, paper):
            case None:
                return
            case sent:
                late = late or not sent
    if late:
        this.outbox.papers_later(work)
    else:
        ask_progress(this, work)


def _send_paper(this: Round, work: PapersWork, paper: PaperToSend) -> bool | None:
    """Send one paper to its end; False: it is put off, None: the whole work was reported."""
    # Nothing failed yet and nothing was sent: it begins at 0, and a platform that has more says so (409).
    offset = 0 if paper.offset == paper.attempts == work.attempts == 0 else None
    looks = 0
    attempt = this.attempt(paper)
    while True:
        if offset is None:
            looks += 1
            decision = (
                decide_offset(this.platform.attachment_offset(paper.id), attempt, size=paper.bytes)
                if looks <= _MOST_LOOKS
                else TryAgain(seconds=backoff(paper.attempts, attempt.random), error=Reason.OFFSET_CONFLICT)
            )
        elif this.stopped():
            decision = TryAgain(seconds=0.0, error=Reason.STOPPED, counted=False, platform_wide=True)
        elif this.line.seconds_to_papers() > 0 or this.outbox.form_waits():
            this.outbox.put_back(work)
            return None
        else:
            piece = this.outbox.chunk(work, paper, offset)
            if piece is None:
                this.hold(work, Reason.PAPER_DAMAGED)
                return None
            decision = _send_piece(this, paper, offset, piece[: this.line.piece])
        match decision:
            case Offset(offset=reached):
                # An empty paper is complete only after one (empty) PATCH.
                first_look = offset is None
                offset = reached
                if not this.outbox.sent(work, paper, offset):
                    return None
                if offset == paper.bytes and not (first_look and paper.bytes == 0):
                    return True
            case AskOffset():
                offset = None
            case SendFormAgain():
                _send_form_again(this, work)
                return None
            case TryAgain(platform_wide=False, seconds=seconds, error=error):
                this.failed += 1
                return False if this.outbox.put_off_paper(work, paper, seconds=seconds, error=error) else None
            case TryAgain() as later:
                this.put_off(work, later)
                return None
            case Hold(error=error):
                this.hold(work, error)
                return None


def _send_piece(
    this: Round, paper: PaperToSend, offset: int, piece: bytes
) -> Offset | AskOffset | SendFormAgain | TryAgain | Hold:
    began = this.line.now()
    outcome = this.platform.send_chunk(paper.id, offset, piece)
    if isinstance(outcome, Failure):
        if outcome.kind is FailureKind.DEADLINE:
            this.line.choked()
    else:
        this.line.carried(len(piece), since=began)
    return decide_chunk(outcome, this.attempt(paper), sent_to=offset + len(piece))


def ask_progress(this: Round, work: PapersWork | NumberWork) -> None:
    attempt = this.attempt(work)
    match decide_progress(this.platform.progress(work.uid), attempt, uid=work.uid, sha256=work.sha256):
        case Known(progress=progress):
            state = this.outbox.progressed(work, progress, ask_again=backoff(work.attempts + 3, attempt.random))
            this.delivered += isinstance(work, PapersWork) and state is State.DONE
        case SendFormAgain() if isinstance(work, PapersWork):
            _send_form_again(this, work)
        case SendFormAgain():
            this.put_off(work, TryAgain(seconds=backoff(work.attempts + 3, attempt.random), error=HttpStatus(404)))
        case TryAgain() as later:
            this.put_off(work, later)


def _send_form_again(this: Round, work: PapersWork) -> None:
    """At once the first time; a platform that never knows the papers it asked for is not to be flooded."""
    tries = max((paper.attempts for paper in work.papers), default=work.attempts)
    seconds = backoff(tries, this.random.random()) if tries else 0.0
    this.failed += 1
    this.outbox.form_lost(work, TryAgain(seconds=seconds, error=Reason.UPLOAD_UNKNOWN))
