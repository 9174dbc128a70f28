"""What the kiosk does with an answer of the platform: the whole table, as pure functions.

| answer                                             | the kiosk                                   |
|----------------------------------------------------|---------------------------------------------|
| 200/201 with a receipt over our bytes              | Accepted                                    |
| 200 without that receipt, any 3xx (captive portal) | TryAgain                                    |
| 400 digest mismatch, 409 in flight, 5xx, no answer | TryAgain, same uid                          |
| 404/410 on an attachment                           | SendFormAgain, after the first time later   |
| 409 on an upload offset                            | AskOffset                                   |
| 413, 422, other 4xx                                | Hold: staff must look, nothing is deleted   |
| 401/403                                            | TryAgain, not counted                       |
| 401 of type clock, with a Date                     | sign again with that time once, then 401    |
| a batch: 200 with an answer for each form          | each form by this table                     |
| a batch: 404, 405, 501, other refusals             | SendSingly: the forms one by one            |
| 429/503 with Retry-After                           | TryAgain after that time, and all else too  |
| 502/504, no connection, no answer in time          | TryAgain, and all else waits as long        |

Time and chance are passed in: `now` is an aware wall time (for a Retry-After date), `random` is from [0, 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from offline_queue.reasons import HttpStatus, LastError, Reason
from offline_queue.wire import (
    PROBLEM,
    BatchAnswer,
    Progress,
    Receipt,
    read_batch_answers,
    read_problem,
    read_progress,
    read_receipt,
)

FIRST_DELAY = 4.0
LONGEST_DELAY = 900.0
LONGEST_UNREACHABLE = 120.0
"""Without a network an attempt costs the platform nothing, and people wait for the first minute it is back."""
LONGEST_RETRY_AFTER = 4 * 3600.0
LONGEST_AFTERWARDS = 30.0
"""How much later than it was told a terminal may come by chance: enough for a platform that tells everybody the same,
and little for one that told each its own time and has nothing else to do then."""
LONGEST_WAIT = LONGEST_RETRY_AFTER + LONGEST_AFTERWARDS
"""Nothing is ever put off for longer."""
CREDENTIALS_DELAY = 300.0
DIGEST_PROBLEM = PROBLEM + "digest"
CLOCK_PROBLEM = PROBLEM + "clock"


class FailureKind(StrEnum):
    """Why there is no answer; each is a `Reason`, too."""

    UNREACHABLE = "unreachable"
    DEADLINE = "deadline"
    TLS = "tls"
    BROKEN = "answer-broken"
    TOO_LARGE = "answer-too-large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer: what the decisions look at and nothing else."""

    status: int
    body: bytes = b""
    retry_after: str | None = None
    upload_offset: int | None = None
    upload_length: int | None = None
    date: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    kind: FailureKind


Outcome = Answer | Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class TryAgain:
    """`seconds` until the next attempt. `platform_wide`: the next item would fare no better, so the round ends."""

    seconds: float
    error: LastError
    counted: bool = True
    platform_wide: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    error: LastError


@dataclass(frozen=True, slots=True, kw_only=True)
class SendFormAgain:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class SendSingly:
    """The platform takes no batches, or not this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskOffset:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """The platform holds this many bytes of the attachment."""

    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """Telemetry is dealt with: taken, or refused, which is no loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt's circumstances; `attempts` counts those before it."""

    attempts: int
    now: datetime
    random: float


def decide_form(outcome: Outcome, attempt: Attempt, *, uid: str, sha256: str) -> Accepted | TryAgain | Hold:
    if isinstance(outcome, Answer) and outcome.status in (200, 201):
        receipt = read_receipt(outcome.body)
        if receipt is not None and (receipt.uid, receipt.sha256) == (uid, sha256):
            return Accepted(receipt=receipt)
        return _later(attempt, Reason.NOT_A_RECEIPT)
    return _common(outcome, attempt)


def decide_batch(
    outcome: Outcome, forms: Sequence[tuple[str, str, Attempt]]
) -> tuple[Accepted | TryAgain | Hold, ...] | SendSingly:
    """One decision for each form (uid, sha256, attempt), in their order; nothing is held for the batch's sake."""
    if isinstance(outcome, Answer) and outcome.status == 200:
        answers = read_batch_answers(outcome.body)
        given = {} if answers is None else {one.uid: one for one in answers.answers}
        return tuple(
            decide_form(_alone(given.get(uid)), attempt, uid=uid, sha256=sha256) for uid, sha256, attempt in forms
        )
    decisions: list[TryAgain] = []
    for _, _, attempt in forms:
        decision = _common(outcome, attempt)
        if isinstance(decision, Hold) or (isinstance(outcome, Answer) and outcome.status == 501):
            return SendSingly()
        decisions.append(decision)
    return tuple(decisions)


def _alone(answer: BatchAnswer | None) -> Answer:
    """The answer that a form of a batch would have had alone; none at all is a portal's."""
    if answer is None:
        return Answer(status=200)
    told = None if answer.retry_after is None else str(answer.retry_after)
    return Answer(status=answer.status, body=answer.body.encode("utf-8", "replace"), retry_after=told)


def decide_offset(outcome: Outcome, attempt: Attempt, *, size: int) -> Offset | SendFormAgain | TryAgain | Hold:
    """The answer to HEAD on an attachment of `size` bytes."""
    if isinstance(outcome, Answer):
        if outcome.status in (404, 410):
            return SendFormAgain()
        if outcome.status in (200, 204):
            if outcome.upload_length == size and outcome.upload_offset is not None and outcome.upload_offset <= size:
                return Offset(offset=outcome.upload_offset)
            return _later(attempt, Reason.NOT_AN_UPLOAD)
    return _common(outcome, attempt)


def decide_chunk(
    outcome: Outcome, attempt: Attempt, *, sent_to: int
) -> Offset | AskOffset | SendFormAgain | TryAgain | Hold:
    """The answer to PATCH whose bytes ended at `sent_to`."""
    if isinstance(outcome, Answer):
        if outcome.status in (404, 410):
            return SendFormAgain()
        if outcome.status == 409:
            return AskOffset()
        if outcome.status == 204:
            return Offset(offset=sent_to) if outcome.upload_offset == sent_to else _later(attempt, Reason.NOT_AN_UPLOAD)
    return _common(outcome, attempt)


def decide_progress(outcome: Outcome, attempt: Attempt, *, uid: str, sha256: str) -> Known | SendFormAgain | TryAgain:
    if isinstance(outcome, Answer):
        if outcome.status in (404, 410):
            return SendFormAgain()
        if outcome.status == 200:
            progress = read_progress(outcome.body)
            if progress is not None and (progress.uid, progress.sha256) == (uid, sha256):
                return Known(progress=progress)
            return _later(attempt, Reason.NOT_PROGRESS)
    decision = _common(outcome, attempt)
    # There is nothing to hold in a question.
    return _later(attempt, decision.error) if isinstance(decision, Hold) else decision


def knows_nothing(outcome: Outcome) -> bool:
    """Whether the platform says that it has no such submission: 404 with a problem of the contract. A portal's page
    says nothing, nor does a gateway's, nor a platform that has no such address (`http`)."""
    if not isinstance(outcome, Answer) or outcome.status != 404:
        return False
    kind = read_problem(outcome.body).type
    return kind.startswith(PROBLEM) and kind != PROBLEM + "http"


def knows_something(outcome: Outcome) -> bool:
    """Whether the platform says where the submission stands."""
    return isinstance(outcome, Answer) and outcome.status == 200 and read_progress(outcome.body) is not None


def decide_rating(outcome: Outcome, attempt: Attempt) -> Rated | TryAgain | Hold:
    if isinstance(outcome, Answer) and outcome.status in (200, 201, 204):
        # A portal's page is no answer to a rating: the platform repeats the rating it keeps.
        return Rated() if outcome.status == 204 or b'"level"' in outcome.body else _later(attempt, Reason.NOT_A_RATING)
    return _common(outcome, attempt)


def decide_report(outcome: Outcome, attempt: Attempt) -> Reported | TryAgain:
    if isinstance(outcome, Answer) and outcome.status in (200, 201, 202, 204):
        return Reported()
    decision = _common(outcome, attempt)
    return Reported() if isinstance(decision, Hold) else decision


def backoff(attempts: int, random: float, *, longest: float = LONGEST_DELAY) -> float:
    """Seconds: doubling from 4 s, between half and the whole of it by chance, never above `longest`."""
    whole = min(longest, FIRST_DELAY * 2.0 ** min(attempts, 20))
    return whole / 2 + whole / 2 * random


def retry_after(text: str | None, *, now: datetime) -> float | None:
    """Seconds of a Retry-After field (RFC 9110 10.2.3: seconds or a date), bounded to 1 s - 4 h; None when unusable."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return min(LONGEST_RETRY_AFTER, max(1.0, float(text)))
    when = _http_date(text)
    return None if when is None else min(LONGEST_RETRY_AFTER, max(1.0, (when - now).total_seconds()))


def platform_time(outcome: Outcome, *, now: float) -> float | None:
    """Seconds since 1970 by the platform's clock, when it refuses ours (`now`): 401 of type `clock`; else None.

    The answer to HEAD has no body to name a type; there, dates that are a minute apart say it.
    """
    if not isinstance(outcome, Answer) or outcome.status != 401 or outcome.date is None:
        return None
    when = _http_date(outcome.date)
    if when is None or not (_is_about_clock(outcome) or (not outcome.body and abs(when.timestamp() - now) > 60)):
        return None
    return when.timestamp()


def _is_about_clock(answer: Answer) -> bool:
    return answer.status == 401 and read_problem(answer.body).type == CLOCK_PROBLEM


def _http_date(text: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(text)
        # Compared below, which a date at the edge of the calendar would not survive in another zone.
        return (when if when.tzinfo is not None else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _common(outcome: Outcome, attempt: Attempt) -> TryAgain | Hold:
    if isinstance(outcome, Failure):
        longest = LONGEST_UNREACHABLE if outcome.kind is FailureKind.UNREACHABLE else LONGEST_DELAY
        wait = backoff(attempt.attempts, attempt.random, longest=longest)
        return TryAgain(seconds=wait, error=Reason(outcome.kind), platform_wide=True)
    status, error = outcome.status, HttpStatus(outcome.status)
    if status in (401, 403):
        wait = CREDENTIALS_DELAY * (0.5 + attempt.random)
        refused = Reason.CLOCK if _is_about_clock(outcome) else error
        return TryAgain(seconds=wait, error=refused, counted=False, platform_wide=True)
    if status in (429, 503):
        told = retry_after(outcome.retry_after, now=attempt.now)
        # A little more by chance, so that those told the same second don't come in the same second.
        wait = (
            backoff(attempt.attempts, attempt.random)
            if told is None
            else told + min(told / 10, LONGEST_AFTERWARDS) * attempt.random
        )
        return TryAgain(seconds=wait, error=error, platform_wide=True)
    if status == 400 and read_problem(outcome.body).type == DIGEST_PROBLEM:
        return _later(attempt, Reason.DIGEST_MISMATCH)
    if status in (502, 504):
        # A gateway speaks for a platform that is gone, whatever is asked of it.
        return TryAgain(seconds=backoff(attempt.attempts, attempt.random), error=error, platform_wide=True)
    if status in (408, 409) or not 400 <= status < 500:
        return _later(attempt, error)
    return Hold(error=error)


def _later(attempt: Attempt, error: LastError) -> TryAgain:
    return TryAgain(seconds=backoff(attempt.attempts, attempt.random), error=error)
