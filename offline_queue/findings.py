"""What `kiosk queue verify` can find wrong, and what `--repair` can do about it: closed sets, since each has its words
(`kiosk.domain.findings`) and its row in docs/queue.md."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Wrong(StrEnum):
    DATABASE = "database-damaged"
    ROW = "row-damaged"
    ROW_UNREADABLE = "row-unreadable"
    SENDING = "sending-stuck"
    DUE = "due-wrong"
    BODY = "body-damaged"
    NUMBER = "number-wrong"
    SUMMARY = "summary-unreadable"
    REPRINT = "reprint-unreadable"
    FINDER = "finder-wrong"
    REASON = "reason-unreadable"
    RECEIPT = "receipt-wrong"
    PAPER = "paper-damaged"
    PAPER_MISSING = "paper-missing"
    PAPERS_DIFFER = "papers-differ"
    PAPER_LEFT = "paper-left"
    PAPER_UNKNOWN = "paper-unknown"
    ORPHAN = "row-of-nobody"
    RATING = "rating-damaged"
    COUNTER = "counter-behind"
    OFFERED = "offered-behind"


class Mended(StrEnum):
    INDEXES = "indexes-made-anew"
    SENDING = "sending-let-go"
    HELD = "held"
    DUE = "due-now"
    ROW = "row-restored"
    PAPERS = "papers-restored"
    ORPHAN = "row-removed"
    COUNTER = "counter-set"
    OFFERED = "offered-set"
    FILE = "file-removed"
    REBUILT = "database-rebuilt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong. `uid` is None for the file as a whole; `detail` names the column, the paper, the row."""

    uid: str | None
    code: Wrong
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One thing that was done. `detail` says to what, or why."""

    uid: str | None
    code: Mended
    detail: str = ""
