"""Why a submission has not arrived: the codes that `last_error` can hold, and no others.

People read them in words (`kiosk.domain.reasons`). What an answer's status says is `http-` and the status.
"""

from __future__ import annotations

import re
from enum import StrEnum


class Reason(StrEnum):
    # There is no answer.
    UNREACHABLE = "unreachable"
    DEADLINE = "deadline"
    TLS = "tls"
    ANSWER_BROKEN = "answer-broken"
    ANSWER_TOO_LARGE = "answer-too-large"
    # There is one, and it is not the platform's.
    NOT_A_RECEIPT = "not-a-receipt"
    NOT_PROGRESS = "not-progress"
    NOT_AN_UPLOAD = "not-an-upload"
    NOT_A_RATING = "not-a-rating"
    # The platform's, and not what was hoped for.
    CLOCK = "clock"
    DIGEST_MISMATCH = "digest-mismatch"
    OFFSET_CONFLICT = "offset-conflict"
    UPLOAD_UNKNOWN = "upload-unknown"
    RATING_HELD = "rating-held"
    # This terminal's own.
    BODY_DAMAGED = "body-damaged"
    PAPER_DAMAGED = "paper-damaged"
    PAPER_MISSING = "paper-missing"
    ROW_DAMAGED = "row-damaged"
    STOPPED = "stopped"


class HttpStatus(str):
    """`http-` and a status."""

    __slots__ = ()

    def __new__(cls, status: int) -> HttpStatus:
        return super().__new__(cls, f"http-{status}")


LastError = Reason | HttpStatus
_WRITTEN = re.compile("|".join([*Reason, "http-[1-9][0-9]{2}"]))


def is_reason(text: str) -> bool:
    """Whether the queue can have written `text`."""
    return _WRITTEN.fullmatch(text) is not None
