"""The platform's HTTP side: the terminals' API. Answers 2xx only after what it acknowledges is on the disk.

A terminal sees its own submissions only; those of others are unknown to it.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from sqlalchemy.exc import DBAPIError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as QueuePoolTimeout
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import Scope

from district.answers import problem, retry_seconds
from district.catalogue import Catalogues, add_catalogue
from district.enrolment import Enrolments, add_enrolments
from district.gate import Gate, Refused
from district.gate import Request as Asked
from district.keys import private_keys
from district.leases import UPLOADS_AT_ONCE
from district.nonces import open_nonces
from district.objects import ObjectsAway, Place
from district.renewing import add_terminals
from district.rush import UnderWay, requests_to_come
from district.serving_lock import share
from district.store import DistrictStore
from district.submissions import add_submissions
from district.telemetry import Telemetry, add_telemetry
from district.terminals import Terminals
from district.turns import Turns
from district.uploads import add_uploads
from district.web import add_staff_pages

_log = logging.getLogger(__name__)
_LATER = (ObjectsAway, OperationalError, InternalError, QueuePoolTimeout, sqlite3.OperationalError)
"""A full disk, a database or an object store that is gone, or may only be read: nothing was acknowledged, and later it
may be."""


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


class _Refusal(Exception):
    """Ends a request at the gate; never seen outside."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.kind)
        self.refused = refused


def create_app(settings: Settings, *, staff: bool = True, clock: Callable[[], datetime] | None = None) -> FastAPI:
    """The ASGI application of one platform; its store opens with it and closes at shutdown. `clock` is for tests of the
    staff page."""
    store = open_store(settings)
    app = _application(store)
    terminals = Terminals(store.engine)
    gate = Gate(terminals, open_nonces(store.engine), required=settings.signatures)
    turns = Turns(store.engine)
    app.add_middleware(UnderWay, turns=turns)

    async def admit(request: Request) -> None:
        url = request.url if settings.public_url is None else settings.public_url + request.url.path
        headers = {name: ", ".join(request.headers.getlist(name)) for name in request.headers}
        certificate: str | None = getattr(request.state, "certificate", None)
        asked = Asked(method=request.method, url=str(url), headers=headers, certificate=certificate)
        ask = partial(turns.ask, requests=requests_to_come(request.method, request.headers))
        answer = await run_in_threadpool(gate.admit, asked, ask=ask)
        if isinstance(answer, Refused):
            raise _Refusal(answer)
        request.state.terminal = answer.code
        request.state.key = answer.key_id

    api = APIRouter(prefix="/v1", dependencies=[Depends(admit)])
    add_submissions(api, store)
    add_uploads(api, store.papers)
    add_telemetry(api, Telemetry(store.engine))
    add_terminals(api, terminals, settings.authority)
    add_catalogue(api, Catalogues(store.engine))
    enrolling = _enrolling(settings, store)
    app.include_router(api)
    app.include_router(enrolling)
    app.add_api_route("/v1/health", _health, methods=["GET"])
    if staff:
        add_staff_pages(app, store, address=settings.staff_url, clock=clock or _now)

    _answer_problems(app, api, enrolling)
    return app


def create_enrolment_app(settings: Settings) -> FastAPI:
    """What a terminal reaches that has no certificate yet: its enrolment, and nothing else."""
    store = open_store(settings)
    app = _application(store)
    enrolling = _enrolling(settings, store)
    app.include_router(enrolling)
    _answer_problems(app, enrolling)
    return app


def _enrolling(settings: Settings, store: DistrictStore) -> APIRouter:
    api = APIRouter(prefix="/v1")
    add_enrolments(api, Enrolments(store.engine, authority=settings.authority, bundle=settings.bundle))
    return api


def _answer_problems(app: FastAPI, *routers: APIRouter) -> None:
    async def as_problem(request: Request, trouble: Exception) -> Response:
        if isinstance(trouble, _Refusal):
            refused = trouble.refused
            headers = {} if refused.retry_after is None else {"Retry-After": str(refused.retry_after)}
            if request.method == "HEAD":
                return Response(status_code=refused.status, headers=headers)
            answer = problem(refused.status, refused.kind, refused.detail)
            answer.headers.update(headers)
            return answer
        if isinstance(trouble, HTTPException):
            answer = problem(trouble.status_code, "http")
            if trouble.status_code == 405:
                answer.headers["Allow"] = ", ".join(_allowed(request.scope, [app, *routers]))
            return answer
        return problem(500, "http")

    app.add_exception_handler(_Refusal, as_problem)
    app.add_exception_handler(HTTPException, as_problem)
    # A line that broke off is the terminal's trouble, not ours; nobody is left to read the answer.
    app.add_exception_handler(ClientDisconnect, as_problem)


def _allowed(scope: Scope, routers: Sequence[FastAPI | APIRouter]) -> list[str]:
    """The methods under this address: of each route, since each has its own. An application hides those it included."""
    routes = [one for router in routers for one in router.routes if one.matches(scope)[0] is not Match.NONE]
    return sorted({method for route in routes for method in getattr(route, "methods", None) or ()})


def create_staff_app(settings: Settings) -> FastAPI:
    """The staff page alone."""
    store = open_store(settings)
    app = _application(store)
    add_staff_pages(app, store, address=settings.staff_url, clock=_now)
    return app


def _application(store: DistrictStore) -> FastAPI:
    share(store.engine)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        yield
        store.close()

    app = FastAPI(
        title="District platform",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    for trouble in _LATER:
        app.add_exception_handler(trouble, _later)
    return app


async def _later(request: Request, trouble: Exception) -> Response:
    _log.warning("answered 503: %s", trouble.orig if isinstance(trouble, DBAPIError) else trouble)
    answer = problem(503, "later", "not now; nothing of this request was kept", retry_after=retry_seconds())
    if request.method == "HEAD":
        return Response(status_code=503, headers={"Retry-After": answer.headers["Retry-After"]})
    return answer


def _now() -> datetime:
    return datetime.now(tz=UTC)


async def _health() -> Response:
    return Response(b'{"status":"pass"}', media_type="application/health+json")
