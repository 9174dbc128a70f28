from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline_queue.reasons import HttpStatus, Reason
from offline_queue.retry import (
    CLOCK_PROBLEM,
    DIGEST_PROBLEM,
    LONGEST_RETRY_AFTER,
    Accepted,
    Answer,
    AskOffset,
    Attempt,
    Failure,
    FailureKind,
    Hold,
    Known,
    Offset,
    Rated,
    Reported,
    SendFormAgain,
    SendSingly,
    TryAgain,
    backoff,
    decide_batch,
    decide_chunk,
    decide_form,
    decide_offset,
    decide_progress,
    decide_rating,
    decide_report,
    platform_time,
    retry_after,
)
from offline_queue.wire import BatchAnswer, BatchAnswers, Problem, Progress, Receipt, State, canonical_bytes

UID, SHA = "00000000-0000-4000-8000-000000000000", "ab" * 32
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FIRST = Attempt(attempts=0, now=NOW, random=0.0)
RECEIPT = Receipt(uid=UID, sha256=SHA, state=State.DONE, case_number="2026-000001")


def form(answer: Answer | Failure) -> object:
    return decide_form(answer, FIRST, uid=UID, sha256=SHA)


@pytest.mark.parametrize("status", [200, 201])
def test_a_matching_receipt_is_accepted(status: int) -> None:
    assert form(Answer(status=status, body=canonical_bytes(RECEIPT))) == Accepted(receipt=RECEIPT)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Welcome to our WLAN</html>",
        b"",
        canonical_bytes(Receipt(uid=UID, sha256="cd" * 32, state=State.DONE)),
        canonical_bytes(Receipt(uid=UID.replace("8000", "9000"), sha256=SHA, state=State.DONE)),
    ],
)
def test_200_without_our_receipt_is_a_failure(body: bytes) -> None:
    assert form(Answer(status=200, body=body)) == TryAgain(seconds=2.0, error=Reason.NOT_A_RECEIPT)


def test_a_little_is_added_to_what_was_told_and_never_much() -> None:
    def waits(told: int, random: float) -> float:
        answer = Answer(status=503, retry_after=str(told))
        decision = decide_form(answer, replace(FIRST, random=random), uid=UID, sha256=SHA)
        assert isinstance(decision, TryAgain)
        return decision.seconds

    assert waits(100, 0.5) == 105.0
    assert waits(300, 1.0) == 330.0
    assert waits(14_400, 1.0) == 14_430.0, "who has a turn in four hours comes to it"


DIGEST = canonical_bytes(Problem(type=DIGEST_PROBLEM))


@pytest.mark.parametrize(
    ("answer", "decision"),
    [
        (Answer(status=307), TryAgain(seconds=2.0, error=HttpStatus(307))),
        (Answer(status=302), TryAgain(seconds=2.0, error=HttpStatus(302))),
        (Answer(status=400, body=DIGEST), TryAgain(seconds=2.0, error=Reason.DIGEST_MISMATCH)),
        (Answer(status=409), TryAgain(seconds=2.0, error=HttpStatus(409))),
        (Answer(status=500), TryAgain(seconds=2.0, error=HttpStatus(500))),
        (Answer(status=408), TryAgain(seconds=2.0, error=HttpStatus(408))),
        (Answer(status=502), TryAgain(seconds=2.0, error=HttpStatus(502), platform_wide=True)),
        (Answer(status=504), TryAgain(seconds=2.0, error=HttpStatus(504), platform_wide=True)),
        (Answer(status=204), TryAgain(seconds=2.0, error=HttpStatus(204))),
        (Answer(status=400), Hold(error=HttpStatus(400))),
        (Answer(status=413), Hold(error=HttpStatus(413))),
        (Answer(status=422), Hold(error=HttpStatus(422))),
        (Answer(status=404), Hold(error=HttpStatus(404))),
        (Answer(status=401), TryAgain(seconds=150.0, error=HttpStatus(401), counted=False, platform_wide=True)),
        (Answer(status=403), TryAgain(seconds=150.0, error=HttpStatus(403), counted=False, platform_wide=True)),
        (Answer(status=503, retry_after="77"), TryAgain(seconds=77.0, error=HttpStatus(503), platform_wide=True)),
        (Answer(status=429, retry_after="9"), TryAgain(seconds=9.0, error=HttpStatus(429), platform_wide=True)),
        (Answer(status=503), TryAgain(seconds=2.0, error=HttpStatus(503), platform_wide=True)),
        (Failure(kind=FailureKind.DEADLINE), TryAgain(seconds=2.0, error=Reason.DEADLINE, platform_wide=True)),
    ],
)
def test_every_row_of_the_table(answer: Answer | Failure, decision: object) -> None:
    assert form(answer) == decision


def test_offsets() -> None:
    def head(answer: Answer) -> object:
        return decide_offset(answer, FIRST, size=10)

    assert head(Answer(status=200, upload_offset=4, upload_length=10)) == Offset(offset=4)
    assert head(Answer(status=404)) == head(Answer(status=410)) == SendFormAgain()
    for wrong in (Answer(status=200), Answer(status=200, upload_offset=11, upload_length=10)):
        assert head(wrong) == TryAgain(seconds=2.0, error=Reason.NOT_AN_UPLOAD)
    assert head(Answer(status=422)) == Hold(error=HttpStatus(422))


def test_chunks() -> None:
    def patch(answer: Answer) -> object:
        return decide_chunk(answer, FIRST, sent_to=10)

    assert patch(Answer(status=204, upload_offset=10)) == Offset(offset=10)
    assert patch(Answer(status=204, upload_offset=9)) == TryAgain(seconds=2.0, error=Reason.NOT_AN_UPLOAD)
    assert patch(Answer(status=409)) == AskOffset()
    assert patch(Answer(status=410)) == SendFormAgain()
    assert patch(Answer(status=413)) == Hold(error=HttpStatus(413))
    assert patch(Answer(status=200)) == TryAgain(seconds=2.0, error=HttpStatus(200))


def test_progress() -> None:
    progress = Progress(uid=UID, sha256=SHA, state=State.RECEIVED)

    def get(answer: Answer) -> object:
        return decide_progress(answer, FIRST, uid=UID, sha256=SHA)

    assert get(Answer(status=200, body=canonical_bytes(progress))) == Known(progress=progress)
    assert get(Answer(status=200, body=b"{}")) == TryAgain(seconds=2.0, error=Reason.NOT_PROGRESS)
    assert get(Answer(status=404)) == SendFormAgain()
    assert get(Answer(status=422)) == TryAgain(seconds=2.0, error=HttpStatus(422))


def test_ratings() -> None:
    assert decide_rating(Answer(status=204), FIRST) == Rated()
    assert decide_rating(Answer(status=200, body=b'{"level":5}'), FIRST) == Rated()
    assert decide_rating(Answer(status=200, body=b"<html>"), FIRST) == TryAgain(seconds=2.0, error=Reason.NOT_A_RATING)
    assert decide_rating(Answer(status=422), FIRST) == Hold(error=HttpStatus(422))


@given(attempts=st.integers(0, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_backoff_stays_in_its_bounds(attempts: int, chance: float) -> None:
    assert 2.0 <= backoff(attempts, chance) <= 900.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("soon", None),
        ("-5", None),
        ("0", 1.0),
        ("120", 120.0),
        ("99999999", 14400.0),
        ("Mon, 23 Nov 2026 09:02:00 GMT", 120.0),
        ("Mon, 23 Nov 2020 09:02:00 GMT", 1.0),
    ],
)
def test_retry_after_is_honoured_and_bounded(text: str | None, seconds: float | None) -> None:
    assert retry_after(text, now=NOW) == seconds


# --- batches ----------------------------------------------------------------------------------------------------------

OTHER = UID.replace("8000", "9000")
FORMS = [(UID, SHA, FIRST), (OTHER, SHA, FIRST)]


def together(*answers: BatchAnswer) -> Answer:
    return Answer(status=200, body=canonical_bytes(BatchAnswers(answers=answers)))


def alone(uid: str, status: int, body: bytes = b"", **more: int) -> BatchAnswer:
    return BatchAnswer(uid=uid, status=status, body=body.decode(), **more)


def test_each_form_of_a_batch_is_decided_by_itself() -> None:
    receipt = canonical_bytes(RECEIPT)
    assert decide_batch(together(alone(OTHER, 422), alone(UID, 201, receipt)), FORMS) == (
        Accepted(receipt=RECEIPT),
        Hold(error=HttpStatus(422)),
    )
    assert decide_batch(together(alone(UID, 503, retry_after=77), alone(OTHER, 400, DIGEST)), FORMS) == (
        TryAgain(seconds=77.0, error=HttpStatus(503), platform_wide=True),
        TryAgain(seconds=2.0, error=Reason.DIGEST_MISMATCH),
    )
    # another form's receipt, and no answer at all
    assert (
        decide_batch(together(alone(OTHER, 201, receipt)), FORMS)
        == (TryAgain(seconds=2.0, error=Reason.NOT_A_RECEIPT),) * 2
    )


@pytest.mark.parametrize("status", [404, 405, 501, 400, 413, 415, 422])
def test_a_platform_that_refuses_batches_gets_single_forms(status: int) -> None:
    assert decide_batch(Answer(status=status), FORMS) == SendSingly()


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        (Answer(status=200, body=b"<html>"), "not-a-receipt"),
        (Answer(status=302), "http-302"),
        (Answer(status=500), "http-500"),
        (Answer(status=503, retry_after="9"), "http-503"),
        (Answer(status=401), "http-401"),
        (Answer(status=400, body=DIGEST), "digest-mismatch"),
        (Failure(kind=FailureKind.DEADLINE), "deadline"),
    ],
)
def test_what_fails_a_batch_as_a_whole_holds_nothing(outcome: Answer | Failure, error: str) -> None:
    decisions = decide_batch(outcome, FORMS)
    assert isinstance(decisions, tuple)
    assert [(type(one), getattr(one, "error", "")) for one in decisions] == [(TryAgain, error)] * 2


# --- the clock --------------------------------------------------------------------------------------------------------

CLOCK = canonical_bytes(Problem(type=CLOCK_PROBLEM))
DATE = "Mon, 23 Nov 2026 09:02:00 GMT"


@pytest.mark.parametrize(
    ("answer", "taken"),
    [
        (Answer(status=401, body=CLOCK, date=DATE), True),
        (Answer(status=401, body=CLOCK), False),
        (Answer(status=401, body=CLOCK, date="soon"), False),
        (Answer(status=403, body=CLOCK, date=DATE), False),
        (Answer(status=401, body=b"<html>", date=DATE), False),
        (Answer(status=401, date=DATE), True),  # HEAD, and the dates differ
    ],
)
def test_the_platforms_time_is_taken_when_it_refuses_ours(answer: Answer, taken: bool) -> None:
    then = datetime(2026, 11, 23, 9, 2, tzinfo=UTC).timestamp()
    assert platform_time(answer, now=0.0) == (then if taken else None)
    assert platform_time(Answer(status=401, date=DATE), now=then) is None  # the dates agree: it is about the signature


def test_a_refused_clock_is_told_as_such() -> None:
    assert form(Answer(status=401, body=CLOCK)) == TryAgain(
        seconds=150.0, error=Reason.CLOCK, counted=False, platform_wide=True
    )


# --- whatever comes ---------------------------------------------------------------------------------------------------


def as_batch(body: str) -> bytes:
    return canonical_bytes(BatchAnswers(answers=(alone(UID, 201, body.encode()),)))


HEADER = st.none() | st.text(max_size=40) | st.sampled_from(["0", "9" * 40, DATE, "Mon, 01 Jan 0001 00:00:00 +2359"])
BODY = st.one_of(
    st.binary(max_size=80),
    st.sampled_from([b"null", b"[" * 10_000, b'{"answers":[{"uid":"\\ud800"}]}']),
    st.sampled_from([canonical_bytes(RECEIPT), CLOCK, DIGEST]),
    st.builds(as_batch, st.text()),
)
OUTCOME = st.one_of(
    st.builds(
        Answer,
        status=st.integers(-1, 10_000) | st.sampled_from([200, 201, 204, 401, 403, 404, 409, 410, 429, 503]),
        body=BODY,
        retry_after=HEADER,
        upload_offset=st.none() | st.integers(0),
        upload_length=st.none() | st.integers(0),
        date=HEADER,
    ),
    st.builds(Failure, kind=st.sampled_from(FailureKind)),
)
DECISIONS = (Accepted, TryAgain, Hold, Offset, AskOffset, SendFormAgain, Known, Rated, Reported)


@given(
    outcome=OUTCOME,
    attempts=st.integers(0, 10**6),
    chance=st.floats(0, 1, exclude_max=True),
    now=st.datetimes(timezones=st.just(UTC)),
)
def test_whatever_comes_is_decided(outcome: Answer | Failure, attempts: int, chance: float, now: datetime) -> None:
    attempt = Attempt(attempts=attempts, now=now, random=chance)
    decisions: list[object] = [
        decide_form(outcome, attempt, uid=UID, sha256=SHA),
        decide_offset(outcome, attempt, size=10),
        decide_chunk(outcome, attempt, sent_to=10),
        decide_progress(outcome, attempt, uid=UID, sha256=SHA),
        decide_rating(outcome, attempt),
        decide_report(outcome, attempt),
    ]
    batch = decide_batch(outcome, [(UID, SHA, attempt)] * 2)
    if not isinstance(batch, SendSingly):
        assert len(batch) == 2
        decisions += batch
    for decision in decisions:
        assert isinstance(decision, DECISIONS)
        if isinstance(decision, TryAgain):
            assert 0 < decision.seconds <= LONGEST_RETRY_AFTER * 1.1
        if isinstance(decision, Accepted):
            assert (decision.receipt.uid, decision.receipt.sha256) == (UID, SHA)
    assert platform_time(outcome, now=0.0) is None or isinstance(outcome, Answer)
