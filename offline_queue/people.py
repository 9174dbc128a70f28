"""Whether two names are those of two people. A program can tell no more than that they are written differently; who
typed them it can't know."""

from __future__ import annotations

import unicodedata


def are_two(one: str, other: str) -> bool:
    """False where a name is empty, or both are the same but for case, blanks and full-width letters."""
    first, second = _bare(one), _bare(other)
    return bool(first) and bool(second) and first != second


def _bare(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
