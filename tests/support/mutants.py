"""Platforms that are wrong in one thing, and the checks that find it: the whole list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.support.mutant_rig import Mutant


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`fails` names every check that finds the mutant."""

    name: str
    mutant: Mutant
    fails: frozenset[str]


CASES: list[Case] = []


def found_by(*checks: str) -> Callable[[Mutant], Mutant]:
    """Take the decorated mutant in."""

    def take(mutant: Mutant) -> Mutant:
        name = getattr(mutant, "__name__", "").replace("_", "-")
        CASES.append(Case(name=name, mutant=mutant, fails=frozenset(checks)))
        return mutant

    return take
