"""What a receipt slip says: the values, and the sentences in both languages.

A slip is what a resident takes home. It is drawn by :mod:`kiosk.receipts.picture` and printed by whoever owns a
printer; this module knows neither. The sentences are data (``sentences.toml``), so that a hall can read and correct
them without reading code.
"""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """One receipt slip. Names come already masked (张*三); ``created`` is the hall's local time; ``qr_text`` is the
    whole address behind the code; ``stored_offline`` is true until the district platform has confirmed the submission;
    ``materials`` are lines ready to print (居民户口簿 2 页)."""

    language: Language
    hall: str
    title: str
    provisional_number: str
    qr_text: str
    applicant: str
    proxy: str | None
    created: datetime
    materials: tuple[str, ...]
    stored_offline: bool
    case_number: str | None
    test: bool
    reprint: bool
    terminal: str
    help_line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentences:
    """The fixed words of a slip in one language."""

    heading: str
    number: str
    applicant: str
    proxy: str
    created: str
    case: str
    materials: str
    terminal: str
    sent: str
    sent_more: str
    stored: str
    stored_more: str
    scan: str
    keep: str
    reprint: str
    test: str
    test_more: str


@functools.cache
def sentences(language: Language) -> Sentences:
    """The words for *language*, from this package's ``sentences.toml``."""
    text = resources.files("kiosk.receipts").joinpath("sentences.toml").read_text(encoding="utf-8")
    return Sentences(**tomllib.loads(text)[language])
