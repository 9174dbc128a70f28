"""Every reason the queue can keep has words and a remedy, in both languages, and the documents name the same ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kiosk.domain.reasons import REASONS, reason_of
from offline_queue.retry import FailureKind

PROJECT = Path(__file__).parents[2]
CODES = re.compile(r"`([a-z]+-?[a-z0-9…-]*)`")


def documented() -> list[str]:
    page = (PROJECT / "docs" / "queue.md").read_text("utf-8")
    table = page.partition("## Reasons")[2].partition("## Commands")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return [code.replace("…", "04") for row in rows for code in CODES.findall(row)]


@pytest.mark.parametrize("code", [*documented(), *FailureKind])
def test_every_reason_has_words(code: str) -> None:
    assert reason_of(code).code != "unknown-reason"


def test_every_reason_that_the_queue_writes_is_documented() -> None:
    """A literal that is written as an error, held or put off."""
    written: set[str] = set()
    for path in (PROJECT / "offline_queue").glob("*.py"):
        text = path.read_text("utf-8")
        written |= set(re.findall(r"""(?:error=|last_error = |_later\(attempt, |hold\([^"]*)["']([a-z-]+)""", text))
    codes = {code for code in written if "-" in code or code in ("stopped",)}
    assert {"not-a-receipt", "paper-damaged", "digest-mismatch"} <= codes
    assert {code for code in codes if code not in documented()} <= {"http-"}


def test_families_and_strangers() -> None:
    assert reason_of("http-302").code == "stranger"
    assert reason_of("http-422").code == reason_of("http-418").code == "content"
    assert reason_of("http-502").code == "platform"
    assert reason_of("no such thing").code == "unknown-reason"


def test_words_are_short_and_distinct() -> None:
    for text in [text for reason in REASONS for text in (reason.message, reason.remedy)]:
        assert text.zh.endswith("。")
        assert len(text.zh) <= 45
        assert text.en.endswith(".")
        assert len(text.en) <= 110
    assert len({reason.message.zh for reason in REASONS}) == len(REASONS)
