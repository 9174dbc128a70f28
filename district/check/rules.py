"""What a check is: a function that looks at a platform and is named after the rule it looks at.

It ends when the platform keeps the rule. `Broken` says what was seen instead; `NotTried`, why it could not look.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from district.check.visit import Visit

Look = Callable[["Visit"], None]


class Broken(Exception):
    """The rule is not kept; the text says what was seen."""


class NotThere(Broken):
    """`request`, such as GET /v1/submissions/{uid}, is answered as if it had not been built yet."""

    def __init__(self, seen: str, request: str) -> None:
        super().__init__(seen)
        self.request = request


class NotTried(Exception):
    """The rule could not be looked at; the text says why."""


@contextmanager
def to(what: object) -> Generator[None]:
    """What is broken in here was seen of `what`, one of several that a check tries."""
    try:
        yield
    except NotThere:
        raise
    except Broken as trouble:
        raise Broken(f"{trouble}, to {what!r:.60}") from trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`name` is the check's id, `says` the rule in a sentence, `mend` what an integrator does about it."""

    name: str
    topic: str
    says: str
    mend: str
    look: Look


class Rules:
    """The checks of one topic, in the order in which they stand."""

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._rules: list[Rule] = []

    def __call__(self, mend: str) -> Callable[[Look], Look]:
        """Take the decorated function in: its name names the check, its docstring is the rule."""

        def take(look: Look) -> Look:
            says = " ".join((look.__doc__ or "").split())
            name = look.__name__.replace("_", "-")
            self._rules.append(Rule(name=name, topic=self._topic, says=says, mend=mend, look=look))
            return look

        return take

    def all(self) -> tuple[Rule, ...]:
        return tuple(self._rules)
