"""Every reason the queue can keep has words and a remedy, in both languages, and the documents name the same ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kiosk.domain.findings import FINDINGS, MENDED
from kiosk.domain.reasons import REASONS, reason_of
from offline_queue.findings import Mended, Wrong
from offline_queue.reasons import HttpStatus, Reason, is_reason
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


def test_the_queue_writes_no_other_reason_than_those_that_are_documented() -> None:
    """`last_error` is typed by `Reason`: a code that is no member of it does not pass the type checker."""
    assert set(Reason) <= set(documented())
    assert all(reason_of(reason).code != "unknown-reason" for reason in Reason)
    assert {kind.value for kind in FailureKind} <= set(Reason)
    assert all(is_reason(reason) for reason in [*Reason, HttpStatus(404)])
    assert not is_reason("not-a-seceipt")


def test_every_finding_and_repair_has_words_and_a_row() -> None:
    page = (
        (PROJECT / "docs" / "queue.md").read_text("utf-8").partition("## What `verify` says")[2].partition("\n## ")[0]
    )
    rows = {code for line in page.splitlines() if line.startswith("| `") for code in CODES.findall(line.split("|")[1])}
    assert set(FINDINGS) == set(Wrong)
    assert set(MENDED) == set(Mended)
    assert rows == {*Wrong, *Mended}
    for text in [text for one in FINDINGS.values() for text in (one.message, one.remedy)] + [*MENDED.values()]:
        assert text.zh.endswith("。")
        assert text.en.endswith(".")


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
