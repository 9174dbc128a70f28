"""All checks, and what comes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from district.check import (
    batches,
    catalogue,
    enrolment,
    errors,
    isolation,
    progress,
    reaching,
    signatures,
    submissions,
    telemetry,
    uploads,
)
from district.check.rules import Broken, NotThere, NotTried, Rule
from district.check.visit import Visit

# The errors come last: they look at all that was answered before.
TOPICS = (
    reaching,
    submissions,
    batches,
    uploads,
    signatures,
    progress,
    telemetry,
    enrolment,
    catalogue,
    isolation,
    errors,
)
RULES: tuple[Rule, ...] = tuple(rule for topic in TOPICS for rule in topic.rules.all())


class Result(StrEnum):
    PASS = "pass"  # noqa: S105 - no password  # nosec B105
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of a check; `seen` says what was seen instead, or why it was not tried."""

    rule: Rule
    result: Result
    seen: str

    @property
    def remedy(self) -> str:
        """What was seen and what to do about it; nothing where the rule is kept."""
        match self.result:
            case Result.PASS:
                return ""
            case Result.FAIL:
                return f"{self.rule.mend} Seen: {self.seen}"
            case Result.SKIP:
                return f"Not tried: {self.seen}"


def chosen(only: Sequence[str]) -> tuple[Rule, ...]:
    """The checks of these names or topics, in their order; all for none. Raises ValueError for an unknown one."""
    known = {rule.name for rule in RULES} | {rule.topic for rule in RULES}
    unknown = sorted(set(only) - known)
    if unknown:
        near = sorted({one for name in unknown for one in get_close_matches(name, known, n=3)})
        hint = f"near it: {', '.join(near)}" if near else f"topics: {', '.join(dict.fromkeys(r.topic for r in RULES))}"
        raise ValueError(f"no check or topic of this name: {', '.join(unknown)}; {hint}; --list shows all")
    return tuple(rule for rule in RULES if not only or rule.name in only or rule.topic in only)


def run(visit: Visit, rules: Iterable[Rule] = RULES) -> Iterator[Found]:
    """One after the other; a check that fails does not keep the next from being tried. A request that is not built yet
    fails one check; others that need it are not tried."""
    missing: set[str] = set()
    for rule in rules:
        try:
            rule.look(visit)
        except NotThere as trouble:
            first = trouble.request not in missing
            missing.add(trouble.request)
            if first:
                yield Found(rule=rule, result=Result.FAIL, seen=str(trouble))
            else:
                seen = f"needs {trouble.request}, which another check found to be missing"
                yield Found(rule=rule, result=Result.SKIP, seen=seen)
        except Broken as trouble:
            yield Found(rule=rule, result=Result.FAIL, seen=str(trouble))
        except NotTried as trouble:
            yield Found(rule=rule, result=Result.SKIP, seen=str(trouble))
        else:
            yield Found(rule=rule, result=Result.PASS, seen="")
