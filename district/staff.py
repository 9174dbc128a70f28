"""Who may sign in to the staff page: names, passwords (Argon2id), roles, and the lock that guessing runs into.

Every attempt is counted before its password is looked at, by a compare-and-set in the database: guesses at several
processes at once count as much as guesses one after the other. From the fifth in a row on the name waits, at first half
a minute, twice as long each time, at most a quarter of an hour; while it waits, its password is not compared. The
answer for a wrong password, a name that waits, and a name that is not there is one and the same, after the same time.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import IntegrityError
from zxcvbn import zxcvbn

from district.database import alone, write
from district.tables import SESSIONS, STAFF

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 128
FREE_ATTEMPTS = 4
"""Wrong passwords in a row before a name has to wait."""
FIRST_WAIT_SECONDS = 30
LONGEST_WAIT_SECONDS = 15 * 60
CONTEXT_WORDS = ("district", "kiosk", "township", "staff", "platform", "taoyuan", "bianmin", "zhengwu", "quji", "政务")
"""Words of this place: no password is made of them (docs/asvs.md, 6.1.2)."""
_WEAK = 3
"""Of zxcvbn's 0 to 4: below it a password falls to 10^8 guesses."""
_NAME = re.compile(r"[\w.-]{2,32}")
_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash(secrets.token_urlsafe())


class Role(StrEnum):
    """What one may do. Each may do what the one before it may."""

    VIEWER = "viewer"
    CLERK = "clerk"
    ADMIN = "admin"

    def may(self, needed: Role) -> bool:
        order = tuple(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """One who may sign in; `hall` is the code of the only hall whose cases are seen, None for all.
    `disabled_at` is ISO 8601. `password_given`: somebody else chose the password, so that all they may do is choose one
    themselves."""

    name: str
    role: Role
    hall: str | None
    disabled_at: str | None = None
    password_given: bool = False


class StaffRegister:
    """The accounts, in the platform's database: what another process changes counts at once."""

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = lambda: datetime.now(tz=UTC)) -> None:
        self._engine = engine
        self._clock = clock

    def add(self, name: str, password: str, role: Role, *, hall: str | None = None, given: bool = False) -> Staff:
        """`given`: the password is not theirs yet. Raises ValueError, in a sentence for whoever types it."""
        if _NAME.fullmatch(name) is None:
            raise ValueError("a name is 2 to 32 letters, digits, dots, dashes or underscores")
        if hall is not None and role is Role.ADMIN:
            raise ValueError("an admin sees every hall")
        row = {"name": name, "role": role.value, "hall": hall, **_fresh(password, name, given=given)}
        try:
            write(self._engine, lambda connection: connection.execute(STAFF.insert().values(row)))
        except IntegrityError as trouble:
            raise ValueError(f"there is a {name} already") from trouble
        return Staff(name=name, role=role, hall=hall, password_given=given)

    def set_password(self, name: str, password: str, *, given: bool = False) -> bool:
        """A new password: it ends the lock and every session. `given` as in :meth:`add`. False when there is no such
        name; raises ValueError."""
        return self._change(name, _fresh(password, name, given=given))

    def disable(self, name: str) -> bool:
        """Nobody signs in by this name any more, and who is signed in is out; False when there is no such name."""
        return self._change(name, {"disabled_at": _text(self._clock())})

    def sign_out(self, name: str) -> bool:
        """End every session of a name; False when there is no such name."""
        return self._change(name, {})

    def _change(self, name: str, values: dict[str, Any]) -> bool:
        def change(connection: Connection) -> bool:
            if connection.execute(select(STAFF.c.name).where(STAFF.c.name == name)).first() is None:
                return False
            if values:
                connection.execute(STAFF.update().where(STAFF.c.name == name).values(values))
            connection.execute(SESSIONS.delete().where(SESSIONS.c.staff == name))
            return True

        return write(self._engine, change)

    def knows(self, name: str) -> bool:
        with alone(self._engine) as connection:
            return connection.execute(select(STAFF.c.name).where(STAFF.c.name == name)).first() is not None

    def all(self) -> tuple[Staff, ...]:
        """By name, the disabled ones too."""
        with alone(self._engine) as connection:
            return tuple(_staff(row) for row in connection.execute(select(STAFF).order_by(STAFF.c.name)))

    def check(self, name: str, password: str) -> Staff | None:
        """Who has this name and password; None for everything else."""
        kept = self._count(name)
        # Also for a name that is not there or waits a hash is computed, so that the time tells nothing.
        right = _is_right(_NOBODY if kept is None else kept.password, password)
        if kept is None or not right:
            return None
        change: dict[str, Any] = {"failed": 0, "locked_until": None}
        if _HASHER.check_needs_rehash(kept.password):
            change["password"] = _HASHER.hash(password)
        still = STAFF.update().where(
            STAFF.c.name == name, STAFF.c.password == kept.password, STAFF.c.disabled_at.is_(None)
        )
        counted = write(self._engine, lambda connection: connection.execute(still.values(change)).rowcount)
        return _staff(kept) if counted == 1 else None

    def _count(self, name: str) -> Any:
        """Count an attempt; gives the row whose password is to be compared, None where none is to be."""
        if _NAME.fullmatch(name) is None:
            return None
        now = int(self._clock().timestamp())

        def count(connection: Connection) -> Any:
            row = connection.execute(select(STAFF).where(STAFF.c.name == name)).first()
            # Far longer than anybody ever waits: it was written by a clock that ran ahead, and was set back.
            waits = row is not None and now < (row.locked_until or 0) <= now + 2 * LONGEST_WAIT_SECONDS
            if row is None or row.disabled_at is not None or waits:
                return None
            failed = row.failed + 1
            mine = STAFF.update().where(STAFF.c.name == name, STAFF.c.failed == row.failed)
            counted = connection.execute(mine.values(failed=failed, locked_until=now + waiting(failed))).rowcount
            return row if counted == 1 else None

        return write(self._engine, count)


def waiting(failed: int) -> int:
    """How many seconds a name waits after so many wrong passwords in a row."""
    if failed <= FREE_ATTEMPTS:
        return 0
    return min(FIRST_WAIT_SECONDS * 2 ** min(failed - FREE_ATTEMPTS - 1, 16), LONGEST_WAIT_SECONDS)


def _fresh(password: str, name: str, *, given: bool) -> dict[str, Any]:
    """The columns of a new password."""
    return {"password": _hashed(password, name), "password_given": given, "failed": 0, "locked_until": None}


def _hashed(password: str, name: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise ValueError(f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    # zxcvbn looks at its lists of leaked passwords, at keyboards, dates and repetitions; it takes 72 characters.
    if zxcvbn(password[:72], user_inputs=[name, *CONTEXT_WORDS])["score"] < _WEAK:
        raise ValueError(
            "this password is easy to guess; several words that have nothing to do with each other are not"
        )
    return _HASHER.hash(password)


def _is_right(kept: str, password: str) -> bool:
    if len(password) > LONGEST_PASSWORD:
        return False
    try:
        return _HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def _staff(row: Any) -> Staff:
    return Staff(
        name=row.name,
        role=Role(row.role),
        hall=row.hall,
        disabled_at=row.disabled_at,
        password_given=row.password_given,
    )


def _text(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
