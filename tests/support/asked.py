"""A supplement as staff ask for it, without their page."""

from __future__ import annotations

from sqlalchemy import Engine

from district.tables import SUBMISSIONS, SUPPLEMENTS


def ask(engine: Engine, *, uid: str, name: str) -> None:
    with engine.begin() as connection:
        connection.execute(SUBMISSIONS.update().where(SUBMISSIONS.c.uid == uid).values(stage="supplement"))
        connection.execute(
            SUPPLEMENTS.insert().values(
                id=name,
                uid=uid,
                asked_at="2026-11-25T01:00:00+00:00",
                asked_by="li",
                materials=["household-register"],
                note="请补首页",
                due_on="2026-12-24",
            )
        )
