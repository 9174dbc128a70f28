"""The platform's HTTP side: the terminals' API. Answers 2xx only after what it acknowledges is on the disk.

A terminal sees its own submissions only; those of others are unknown to it.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from district.answers import later, problem
from district.api import Api, one_method
from district.authority import AuthorityTrouble
from district.bundle_file import NoBundle
from district.catalogue import Catalogues, add_catalogue
from district.database import AWAY, DatabaseTrouble
from district.enrolment import Enrolments, add_enrolments
from district.gate import Gate, Refused
from district.gate import Request as Asked
from district.keys import private_keys
from district.leases import UPLOADS_AT_ONCE
from district.nonces import open_nonces
from district.objects import ObjectsAway, Place
from district.papers_mark import look_at_place
from district.renewing import add_terminals
from district.rush import UnderWay, requests_to_come
from district.serving_lock import share
from district.store import DistrictStore
from district.submissions import add_submissions
from district.telemetry import Telemetry, add_telemetry
from district.terminals import Terminals
from district.threads import API
from district.turns import Turns
from district.uploads import add_uploads
from district.web import add_slip_page, add_staff_pages

_log = logging.getLogger(__name__)
_LATER = (*AWAY, ObjectsAway, AuthorityTrouble, NoBundle, sqlite3.OperationalError)
"""Nothing was acknowledged, and later it may be: when the disk or the database is back, or who runs the platform has
put right what its log says of the authority or the bundle. SQLite's own error is that of the nonces, beside the
database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the platform keeps its things: `database` is an SQLAlchemy URL, `papers` a folder or a bucket, `keys` the
    folder of private keys if anything is sealed to them, `authority` that of the authority that issues terminals'
    certificates, `bundle` the file of keys that a terminal gets when it enrols. At most `uploads` papers are on their
    way at once.

    Signatures are asked for as soon as a terminal is registered, or at once when `signatures`. `public_url` is the root
    that terminals call it by, where that is not what arrives (behind a proxy); `staff_url` the one that staff call.
    """

    database: str
    papers: Path | Place
    keys: Path | None = None
    passphrase: bytes | None = None
    signatures: bool = False
    public_url: str | None = None
    authority: Path | None = None
    bundle: Path | None = None
    uploads: int = UPLOADS_AT_ONCE
    staff_url: str | None = None


def open_store(settings: Settings) -> DistrictStore:
    """Raises KeysTrouble when the keys can't be read, DatabaseTrouble, and ObjectsWrong."""
    keys = private_keys(settings.keys, settings.passphrase) if settings.keys is not None else None
    return DistrictStore(settings.database, settings.papers, keys, uploads=settings.uploads)


def create_app(settings: Settings, *, staff: bool = True, clock: Callable[[], datetime] | None = None) -> Starlette:
    """The ASGI application of one platform; its store opens with it and closes at shutdown. `clock` is for tests of the
    staff page."""
    store = open_store(settings)
    app = _application(store)
    terminals = Terminals(store.engine)
    gate = Gate(terminals, open_nonces(store.engine), required=settings.signatures)
    turns = Turns(store.engine)
    app.add_middleware(UnderWay, turns=turns)

    async def admit(request: Request) -> Response | None:
        root = settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
        certificate: str | None = getattr(request.state, "certificate", None)
        asked = Asked(
            method=request.method, url=root + _target(request), headers=_headers(request), certificate=certificate
        )
        ask = partial(turns.ask, requests=requests_to_come(request.method, request.headers))
        answer = await API.run(partial(gate.admit, asked, ask=ask))
        if isinstance(answer, Refused):
            return _refusal(request, answer)
        request.state.terminal = answer.code
        request.state.key = answer.key_id
        return None

    api = Api(admit=admit)
    add_submissions(api, store)
    add_uploads(api, store.papers)
    add_telemetry(api, Telemetry(store.engine))
    add_terminals(api, terminals, settings.authority)
    add_catalogue(api, Catalogues(store.engine))
    app.routes.extend(api.routes)
    app.routes.extend(_enrolling(settings, store).routes)
    app.routes.append(one_method("GET", "/v1/health", _health))
    if staff:
        add_staff_pages(app, store, address=settings.staff_url, clock=clock or _now)
    return app


def create_enrolment_app(settings: Settings) -> Starlette:
    """What is reached without a certificate: a terminal's enrolment, the page that slips point to, and nothing else."""
    store = open_store(settings)
    app = _application(store)
    app.routes.extend(_enrolling(settings, store).routes)
    add_slip_page(app)
    return app


def _enrolling(settings: Settings, store: DistrictStore) -> Api:
    api = Api()
    add_enrolments(api, Enrolments(store.engine, authority=settings.authority, bundle=settings.bundle))
    return api


def _target(request: Request) -> str:
    """Path and query as the terminal wrote them, which request.url does not keep. ASGI tells no query that is empty
    from none."""
    path, query = (request.scope[name].decode("latin-1") for name in ("raw_path", "query_string"))
    return f"{path}?{query}" if query else path


def _headers(request: Request) -> dict[str, str]:
    """A field that comes several times is one, its values in their order (RFC 9110, 5.3)."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _refusal(request: Request, refused: Refused) -> Response:
    if request.method == "HEAD":
        headers = {} if refused.retry_after is None else {"Retry-After": str(refused.retry_after)}
        return Response(status_code=refused.status, headers=headers)
    return problem(refused.status, refused.kind, refused.detail, retry_after=refused.retry_after)


def _allowed(app: Starlette, scope: Scope) -> list[str]:
    """The methods under this address: of each route, since each has its own."""
    routes = [one for one in app.routes if one.matches(scope)[0] is not Match.NONE]
    return sorted({method for route in routes for method in getattr(route, "methods", None) or ()})


def create_staff_app(settings: Settings) -> Starlette:
    """The staff page, and what a watchdog on its machine asks."""
    store = open_store(settings)
    app = _application(store)
    app.routes.append(one_method("GET", "/v1/health", _health))
    add_staff_pages(app, store, address=settings.staff_url, clock=_now)
    return app


def _application(store: DistrictStore) -> Starlette:
    try:
        share(store.engine)
        look_at_place(store.engine, store.objects, begin=True)
    except (DatabaseTrouble, ObjectsAway):
        store.close()
        raise

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        yield
        store.close()

    app = Starlette(lifespan=lifespan)
    app.router.redirect_slashes = False

    async def as_problem(request: Request, trouble: Exception) -> Response:
        if not isinstance(trouble, HTTPException):
            return problem(500, "http")
        answer = problem(trouble.status_code, "http")
        if trouble.status_code == 405:
            answer.headers["Allow"] = ", ".join(_allowed(app, request.scope))
        return answer

    app.add_exception_handler(HTTPException, as_problem)
    # A line that broke off is the terminal's trouble, not ours; nobody is left to read the answer.
    app.add_exception_handler(ClientDisconnect, as_problem)
    for trouble in _LATER:
        app.add_exception_handler(trouble, _later)
    return app


async def _later(request: Request, trouble: Exception) -> Response:
    _log.warning("answered 503: %s", trouble.orig if isinstance(trouble, DBAPIError) else trouble)
    return later(request.method, "not now; nothing of this request was kept")


def _now() -> datetime:
    return datetime.now(tz=UTC)


async def _health(_request: Request) -> Response:
    """Of the process alone: who would start it anew while the database is away would gain nothing."""
    return Response(b'{"status":"pass"}', media_type="application/health+json")
