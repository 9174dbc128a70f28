"""Who is signed in to the staff page.

A session is a row. The browser holds 256 random bits, the database their SHA-256: who reads the database is not in.

It ends fifteen minutes after the last page, eight hours after sign-in, at sign-out, with a new password, and when the
account is disabled. Every sign-in makes a new one and ends the one that the browser had. One that was begun while the
clock ran ahead ends when the clock is set right: it would outlast both limits.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, and_, not_, select

from district.database import alone, write
from district.staff import Role, Staff
from district.tables import SESSIONS, STAFF

IDLE = timedelta(minutes=15)
LIFETIME = timedelta(hours=8)
MOST_AT_ONCE = 5
"""Sessions of one name; a sixth ends the oldest."""
_NOTED_EVERY = timedelta(minutes=1)
"""How exactly the last page is kept: a row is not written for every page."""
_CLOCKS_APART = timedelta(minutes=5)
"""As much as the clocks of two of the platform's machines may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Somebody signed in; `csrf` is what every form of this session carries. `id_sha256` is the session's row."""

    staff: Staff
    csrf: str
    id_sha256: str
    made_at: str


class Sessions:
    """The sessions, in the platform's database: any of its processes knows them."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = lambda: datetime.now(tz=UTC)) -> None:
        self._engine = engine
        self._clock = clock

    def begin(self, staff: Staff, *, instead_of: str | None = None) -> str:
        """A new session; gives the token for the browser. `instead_of` is the token that the browser came with."""
        token = secrets.token_urlsafe(32)
        now = self._clock()
        row = {
            "id_sha256": _digest(token),
            "staff": staff.name,
            "csrf": secrets.token_urlsafe(32),
            "made_at": _text(now),
            "seen_at": _text(now),
            "expires_at": _text(now + LIFETIME),
        }

        def change(connection: Connection) -> None:
            over = not_(_counts(now))
            if instead_of is not None:
                over = over | (SESSIONS.c.id_sha256 == _digest(instead_of))
            connection.execute(SESSIONS.delete().where(over))
            newest = select(SESSIONS.c.id_sha256).where(SESSIONS.c.staff == staff.name)
            kept = newest.order_by(SESSIONS.c.made_at.desc(), SESSIONS.c.id_sha256).limit(MOST_AT_ONCE - 1)
            ids = connection.execute(kept).scalars().all()
            old = SESSIONS.delete().where(SESSIONS.c.staff == staff.name, SESSIONS.c.id_sha256.not_in(ids))
            connection.execute(old)
            connection.execute(SESSIONS.insert().values(row))

        write(self._engine, change)
        return token

    def find(self, token: str) -> Visit | None:
        """Who holds this token, with what the register says of them now; notes that they were seen."""
        now = self._clock()
        with alone(self._engine) as connection:
            row = connection.execute(
                select(
                    SESSIONS,
                    STAFF.c.role,
                    STAFF.c.hall,
                    STAFF.c.disabled_at,
                    STAFF.c.password_given,
                    _counts(now).label("counts"),
                )
                .join(STAFF, STAFF.c.name == SESSIONS.c.staff)
                .where(SESSIONS.c.id_sha256 == _digest(token))
            ).first()
        if row is None or row.disabled_at is not None:
            return None
        if not row.counts:
            self.end(token)
            return None
        if row.seen_at <= _text(now - _NOTED_EVERY):
            seen = SESSIONS.update().where(SESSIONS.c.id_sha256 == row.id_sha256).values(seen_at=_text(now))
            write(self._engine, lambda connection: connection.execute(seen))
        staff = Staff(name=row.staff, role=Role(row.role), hall=row.hall, password_given=row.password_given)
        return Visit(staff=staff, csrf=row.csrf, id_sha256=row.id_sha256, made_at=row.made_at)

    def end(self, token: str) -> None:
        this = SESSIONS.delete().where(SESSIONS.c.id_sha256 == _digest(token))
        write(self._engine, lambda connection: connection.execute(this))

    def end_others(self, visit: Visit) -> None:
        """End every other session of the same name."""
        others = SESSIONS.delete().where(SESSIONS.c.staff == visit.staff.name, SESSIONS.c.id_sha256 != visit.id_sha256)
        write(self._engine, lambda connection: connection.execute(others))

    def since(self, name: str) -> tuple[str, ...]:
        """When each session of a name began that counts now, newest first. ISO 8601."""
        with alone(self._engine) as connection:
            rows = connection.execute(
                select(SESSIONS.c.made_at)
                .where(SESSIONS.c.staff == name, _counts(self._clock()))
                .order_by(SESSIONS.c.made_at.desc(), SESSIONS.c.id_sha256)
            )
            return tuple(rows.scalars())


def _counts(now: datetime) -> ColumnElement[bool]:
    """Whether a session counts at that time."""
    return and_(
        SESSIONS.c.expires_at > _text(now),
        SESSIONS.c.seen_at > _text(now - IDLE),
        SESSIONS.c.seen_at <= _text(now + _CLOCKS_APART),
        SESSIONS.c.expires_at <= _text(now + LIFETIME + _CLOCKS_APART),
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _text(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
