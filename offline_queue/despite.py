"""Going on where a row is damaged: what was hit is held, and what was to be done is done for the others."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from offline_queue.claims import Claims
from offline_queue.damage import DAMAGE, hold_damaged
from offline_queue.database import Database
from offline_queue.offering import NotYetOffered
from offline_queue.work import Work

_T = TypeVar("_T")


def hold(database: Database) -> None:
    """Damage was met: what can be read is looked at, row by row."""
    with suppress(*DAMAGE), database.write() as connection:
        hold_damaged(connection)


def despite_damage(database: Database, act: Callable[[], _T]) -> _T:
    """`act`, and once more after damage was met. Raises what it raises then."""
    try:
        return act()
    except DAMAGE:
        hold(database)
    return act()


def as_far_as_legible(database: Database, act: Callable[[], object]) -> None:
    """The same for what may be left out where a part of the file can't be read at all."""
    with suppress(*DAMAGE):
        despite_damage(database, act)


def claim_despite_damage(database: Database, claims: Claims, claim: Callable[[bool], Work | None]) -> Work | None:
    """The next piece of work by `claim`, which is told whether its commit must be a durable one. A row that can't even
    be read is passed over."""
    durable, passed_over = False, -1
    while True:
        try:
            # A claim that a power cut takes back is what a start would end anyway: it costs no sync.
            return claim(durable)
        except NotYetOffered:
            durable = True
        except DAMAGE:
            if passed_over == claims.passed_over:
                raise
            passed_over = claims.passed_over
            hold(database)
