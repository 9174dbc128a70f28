"""Conditions of the catalogue: CEL expressions (github.com/google/cel-spec), run by a library, never ``eval``.

An expression sees ``applicant`` (``age``, ``sex``), ``on_behalf`` and ``answers``, and answers true or false. An answer
not given yet is absent: ``has(answers.kind) && answers.kind == 'a'``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import cel

Value = str | int | bool | Mapping[str, "Value"]


@lru_cache(maxsize=512)
def _compiled(expression: str) -> cel.Program:
    return cel.compile(expression)


def holds(expression: str | None, facts: Mapping[str, Value]) -> bool:
    """Whether ``expression`` is true of ``facts``; no expression always is.

    Raises :class:`ValueError` when it is malformed, names an unknown fact or answers anything but a boolean: the
    loader has tried each against sample facts, so here that is a bug.
    """
    if expression is None:
        return True
    try:
        outcome: object = _compiled(expression).execute(dict(facts))
    except (RuntimeError, TypeError, KeyError) as failure:
        raise ValueError(f"{expression!r}: {failure}") from failure
    if not isinstance(outcome, bool):
        raise ValueError(f"{expression!r} answers {outcome!r}, not true or false")
    return outcome
