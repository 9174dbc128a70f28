"""Terminals become the district's by a one-time code: made here, typed there, used once.

Only the code's hash is kept; 75 random bits need no slow one. What a used code answered is kept, too: the terminal that
lost its answer asks again with the same two keys and gets the same certificate. A code that is over, used by others, or
never was is the same for whoever asks, and who tries too often is made to wait. All of it stands in the database, so
that it holds for every process that serves it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import JsonValue, ValidationError
from sqlalchemy import Connection, Engine, func, select
from starlette.requests import Request
from starlette.responses import Response

from district.answers import JSON, body_of, problem
from district.api import Api
from district.authority import RequestKey, RequestTrouble, certificate_sha256, is_certified, issue, read_request
from district.bundle_file import NoBundle, read_bundle_file
from district.database import alone, write
from district.lines import network_of
from district.tables import ENROLMENTS, HALLS, REFUSALS, TERMINALS
from district.threads import API
from offline_queue.enrolment import (
    MAX_ENROLMENT_BYTES,
    Enrolled,
    Enrolment,
    HallName,
    new_code,
    terminal_of,
)
from offline_queue.numbers import key_id
from offline_queue.wire import canonical_bytes, sha256_hex

HOURS = 24
MOST_REFUSALS = 10
WINDOW_SECONDS = 600
"""So many refusals from one address in so many seconds; then it waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A new code, which is told this once. `expires_at` is ISO 8601."""

    code: str
    terminal: str
    hall: str
    expires_at: str


@dataclass(frozen=True, slots=True)
class NoSuchCode:
    """Unknown, over, or used with other keys."""


@dataclass(frozen=True, slots=True)
class TooOften:
    seconds: int


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The keys can't be taken; the code can still be used."""

    reason: str


@dataclass(frozen=True, slots=True)
class NoAuthority:
    """No certificates are issued here."""


Refusal = NoSuchCode | TooOften | NotTaken | NoAuthority


class Enrolments:
    """Codes and what became of them. `authority` is a folder of :mod:`district.authority`, `bundle` a file that
    `district keys bundle` wrote: it is read for each terminal anew. `wall` gives seconds since 1970."""

    def __init__(
        self,
        engine: Engine,
        *,
        authority: Path | None = None,
        bundle: Path | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._authority = authority
        self._bundle = bundle
        self._wall = wall

    def invite(self, terminal: str, hall: str, *, hours: int = HOURS) -> Invitation:
        """A code for one terminal in one hall; those before that nobody used are over. Raises ValueError for what is no
        terminal's code, or no hall."""
        made = Invitation(
            code=new_code(terminal), terminal=terminal, hall=hall, expires_at=self._time(timedelta(hours=hours))
        )

        def keep(connection: Connection) -> None:
            if connection.execute(select(HALLS.c.code).where(HALLS.c.code == hall)).first() is None:
                raise ValueError(
                    f"there is no hall {hall}: district halls add makes one, district halls list shows them"
                )
            unused = (ENROLMENTS.c.terminal == terminal, ENROLMENTS.c.used_at.is_(None))
            connection.execute(ENROLMENTS.delete().where(*unused))
            connection.execute(
                ENROLMENTS.insert().values(
                    code_sha256=_hash(made.code),
                    terminal=terminal,
                    hall=hall,
                    made_at=self._time(),
                    expires_at=made.expires_at,
                )
            )

        write(self._engine, keep)
        return made

    def enrol(self, asked: Enrolment, *, source: str) -> Enrolled | Refusal:
        """Register the terminal that asks, from the network address `source`, and certify it. Raises NoBundle and
        AuthorityTrouble where the platform can't give what it should: the code can still be used."""
        place = network_of(source)
        wait = self._wait(place)
        if wait:
            return TooOften(wait)
        raw = asked.proven()
        if raw is None:
            return NotTaken("not signed by the key it names, or no code")
        if self._authority is None:
            return NoAuthority()
        try:
            request_key = read_request(asked.request.encode(), terminal_of(asked.code))
        except RequestTrouble as trouble:
            return NotTaken(str(trouble))
        bundle = None if self._bundle is None else self._bundle_of_today(self._bundle)
        asking = _Asking(code_sha256=_hash(asked.code), raw=raw, request=asked.request.encode(), key=request_key)
        authority = self._authority

        def use(connection: Connection) -> Enrolled | NoSuchCode:
            answer = self._use(connection, asking, authority)
            if isinstance(answer, NoSuchCode):
                connection.execute(REFUSALS.delete().where(REFUSALS.c.at <= self._window()))
                connection.execute(REFUSALS.insert().values(source=place, at=int(self._wall())))
            return answer

        try:
            answer = write(self._engine, use)
        except _Taken as taken:
            return NotTaken(str(taken))
        return answer.model_copy(update={"bundle": bundle}) if isinstance(answer, Enrolled) else answer

    def _bundle_of_today(self, path: Path) -> dict[str, JsonValue]:
        """One that is over no terminal takes, but only after its code is used. Raises NoBundle."""
        bundle = read_bundle_file(path)
        if bundle.not_after <= self._now():
            raise NoBundle(f"{path} is over since {bundle.not_after:%Y-%m-%d}: district keys bundle makes a newer one")
        return bundle.content

    def _wait(self, place: str) -> int:
        """Seconds until that address may ask again. Only looks: who floods this must not hold up who writes."""
        counted = select(func.count(), func.min(REFUSALS.c.at)).where(
            # What is still to come was counted by a clock that ran ahead, and was set back.
            REFUSALS.c.source == place,
            REFUSALS.c.at.between(self._window() + 1, int(self._wall())),
        )
        with alone(self._engine) as connection:
            count, oldest = connection.execute(counted).one()
        return 0 if count < MOST_REFUSALS else max(1, oldest - self._window())

    def _window(self) -> int:
        return int(self._wall()) - WINDOW_SECONDS

    def _use(self, connection: Connection, asking: _Asking, authority: Path) -> Enrolled | NoSuchCode:
        mine = ENROLMENTS.c.code_sha256 == asking.code_sha256
        now = self._time()
        # Claimed before anything is looked at: of two who come at once, one gets the row and the other sees it used.
        claimed = connection.execute(
            ENROLMENTS.update()
            .where(mine, ENROLMENTS.c.used_at.is_(None), ENROLMENTS.c.expires_at > now)
            .values(used_at=now, used_key_id=key_id(asking.raw))
        ).rowcount
        row = connection.execute(
            select(ENROLMENTS, HALLS.c.name).join(HALLS, HALLS.c.code == ENROLMENTS.c.hall).where(mine)
        ).first()
        if row is None:
            return NoSuchCode()
        known = connection.execute(select(TERMINALS).where(TERMINALS.c.key_id == key_id(asking.raw))).first()
        if claimed:
            certificate = self._register(connection, asking, authority, row.terminal, row.hall, known)
            connection.execute(ENROLMENTS.update().where(mine).values(certificate=certificate))
        else:
            certificate = row.certificate
            again = known is not None and known.public_key == asking.raw and known.revoked_at is None
            if row.used_key_id != key_id(asking.raw) or not again or not is_certified(certificate, asking.key):
                return NoSuchCode()
        return Enrolled(
            terminal=row.terminal, hall=HallName(code=row.hall, name=row.name), certificate=certificate.decode("ascii")
        )

    def _register(
        self, connection: Connection, asking: _Asking, authority: Path, terminal: str, hall: str, known: Any
    ) -> bytes:
        """Make the terminal's key count; gives its certificate."""
        if known is not None and (
            known.revoked_at is not None or (known.code, known.public_key) != (terminal, asking.raw)
        ):
            raise _Taken("this key is revoked, or another terminal's")
        certificate = issue(authority, asking.request, code=terminal, now=self._now())
        of_today = {
            "hall": hall,
            "certificate_sha256": certificate_sha256(certificate),
            "enrolled_at": self._time(),
        }
        key = key_id(asking.raw)
        if known is None:
            connection.execute(
                TERMINALS.insert().values(
                    key_id=key, code=terminal, public_key=asking.raw, added_at=self._time(), **of_today
                )
            )
        else:
            connection.execute(TERMINALS.update().where(TERMINALS.c.key_id == key).values(**of_today))
        return certificate

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._wall(), tz=UTC)

    def _time(self, later: timedelta = timedelta()) -> str:
        return (self._now() + later).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """`raw` is the Ed25519 key to be registered, `key` the one in the certificate request."""

    code_sha256: str
    raw: bytes
    request: bytes
    key: RequestKey


class _Taken(Exception):
    """Undoes the use of a code, whose keys can't be taken."""


def _hash(code: str) -> str:
    return sha256_hex(code.encode())


def add_enrolments(api: Api, enrolments: Enrolments) -> None:
    """The one thing that a terminal may ask for before it is known: no gate is before it."""

    async def enrol(request: Request) -> Response:
        request.state.terminal = None
        body = await body_of(request, MAX_ENROLMENT_BYTES, digest=True)
        if isinstance(body, Response):
            return body
        try:
            asked = Enrolment.model_validate_json(body)
        except ValidationError:
            return problem(422, "request", "the body is not an enrolment")
        source = request.client.host if request.client is not None else ""
        match await API.run(partial(enrolments.enrol, asked, source=source)):
            case NoSuchCode():
                return problem(404, "enrolment", "no code that can be used with these keys")
            case TooOften(seconds=seconds):
                return problem(429, "later", "too many codes that were none", retry_after=seconds)
            case NotTaken(reason=reason):
                return problem(422, "request", reason)
            case NoAuthority():
                return problem(501, "no-authority", "certificates are not issued here")
            case enrolled:
                return Response(
                    canonical_bytes(enrolled), status_code=201, media_type=JSON, headers={"Cache-Control": "no-store"}
                )

    api.add("POST", "/enrolments", enrol)
