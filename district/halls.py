"""The halls of a district, in its database: a short code, and the name that people know."""

from __future__ import annotations

import re

from sqlalchemy import ColumnElement, Engine, ScalarSelect, select

from district.database import alone, put, write
from district.tables import HALLS, TERMINALS

_CODE = re.compile(r"[A-Za-z0-9-]{1,32}", re.ASCII)
_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,100}")


class Halls:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, code: str, name: str) -> None:
        """Make a hall, or give it another name. Raises ValueError."""
        if _CODE.fullmatch(code) is None or _NAME.fullmatch(name.strip()) is None:
            said = "a name of up to 100 characters without tabs, line breaks and the like"
            raise ValueError(f"a hall has a code (1-32 of A-Z a-z 0-9 -) and {said}")
        row = {"code": code, "name": name.strip()}
        write(self._engine, lambda connection: put(connection, HALLS, [row]))

    def all(self) -> dict[str, str]:
        """Names by codes, in the order of the codes."""
        with alone(self._engine) as connection:
            rows = connection.execute(select(HALLS).order_by(HALLS.c.code)).all()
        return {row.code: row.name for row in rows}


def hall_of(code: ColumnElement[str]) -> ScalarSelect[str | None]:
    """The code of the hall where the terminal `code` stands: a machine that took another's place may stand elsewhere,
    and the newest key counts."""
    key = TERMINALS.alias("standing")
    halls = select(key.c.hall).where(key.c.code == code, key.c.hall.is_not(None))
    return halls.order_by(key.c.added_at.desc()).limit(1).scalar_subquery()
