from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline_queue.retry import (
    DIGEST_PROBLEM,
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
    SendFormAgain,
    TryAgain,
    backoff,
    decide_chunk,
    decide_form,
    decide_offset,
    decide_progress,
    decide_rating,
    retry_after,
)
from offline_queue.wire import Problem, Progress, Receipt, State, canonical_bytes

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
    assert form(Answer(status=200, body=body)) == TryAgain(seconds=2.0, error="not-a-receipt")


DIGEST = canonical_bytes(Problem(type=DIGEST_PROBLEM))


@pytest.mark.parametrize(
    ("answer", "decision"),
    [
        (Answer(status=307), TryAgain(seconds=2.0, error="http-307")),
        (Answer(status=302), TryAgain(seconds=2.0, error="http-302")),
        (Answer(status=400, body=DIGEST), TryAgain(seconds=2.0, error="digest-mismatch")),
        (Answer(status=409), TryAgain(seconds=2.0, error="http-409")),
        (Answer(status=500), TryAgain(seconds=2.0, error="http-500")),
        (Answer(status=204), TryAgain(seconds=2.0, error="http-204")),
        (Answer(status=400), Hold(error="http-400")),
        (Answer(status=413), Hold(error="http-413")),
        (Answer(status=422), Hold(error="http-422")),
        (Answer(status=404), Hold(error="http-404")),
        (Answer(status=401), TryAgain(seconds=150.0, error="http-401", counted=False, platform_wide=True)),
        (Answer(status=403), TryAgain(seconds=150.0, error="http-403", counted=False, platform_wide=True)),
        (Answer(status=503, retry_after="77"), TryAgain(seconds=77.0, error="http-503", platform_wide=True)),
        (Answer(status=429, retry_after="9"), TryAgain(seconds=9.0, error="http-429", platform_wide=True)),
        (Answer(status=503), TryAgain(seconds=2.0, error="http-503", platform_wide=True)),
        (Failure(kind=FailureKind.DEADLINE), TryAgain(seconds=2.0, error="deadline", platform_wide=True)),
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
        assert head(wrong) == TryAgain(seconds=2.0, error="not-an-upload")
    assert head(Answer(status=422)) == Hold(error="http-422")


def test_chunks() -> None:
    def patch(answer: Answer) -> object:
        return decide_chunk(answer, FIRST, sent_to=10)

    assert patch(Answer(status=204, upload_offset=10)) == Offset(offset=10)
    assert patch(Answer(status=204, upload_offset=9)) == TryAgain(seconds=2.0, error="not-an-upload")
    assert patch(Answer(status=409)) == AskOffset()
    assert patch(Answer(status=410)) == SendFormAgain()
    assert patch(Answer(status=413)) == Hold(error="http-413")
    assert patch(Answer(status=200)) == TryAgain(seconds=2.0, error="http-200")


def test_progress() -> None:
    progress = Progress(uid=UID, sha256=SHA, state=State.RECEIVED)

    def get(answer: Answer) -> object:
        return decide_progress(answer, FIRST, uid=UID, sha256=SHA)

    assert get(Answer(status=200, body=canonical_bytes(progress))) == Known(progress=progress)
    assert get(Answer(status=200, body=b"{}")) == TryAgain(seconds=2.0, error="not-progress")
    assert get(Answer(status=404)) == SendFormAgain()
    assert get(Answer(status=422)) == TryAgain(seconds=2.0, error="http-422")


def test_ratings() -> None:
    assert decide_rating(Answer(status=204), FIRST) == Rated()
    assert decide_rating(Answer(status=200, body=b'{"level":5}'), FIRST) == Rated()
    assert decide_rating(Answer(status=200, body=b"<html>"), FIRST) == TryAgain(seconds=2.0, error="not-a-rating")
    assert decide_rating(Answer(status=422), FIRST) == Hold(error="http-422")


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
