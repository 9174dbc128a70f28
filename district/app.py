"""The platform's HTTP side: the terminals' API. Answers 2xx only after what it acknowledges is on the disk.

A terminal sees its own submissions only; those of others are unknown to it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from district.gate import Gate, Refused
from district.gate import Request as Asked
from district.keys import private_keys
from district.opening import read_body
from district.staff import add_staff_pages
from district.store import Conflict, DistrictStore, NotOpening, TooLong, Unknown, WrongDigest, WrongOffset
from district.terminals import Terminals
from offline_queue.sealed import NoKey, NotIntact
from offline_queue.wire import (
    CHUNK_BYTES,
    MAX_BODY_BYTES,
    PLAIN_TYPE,
    PROBLEM,
    Problem,
    Rating,
    canonical_bytes,
    content_digest,
)

_TUS = {"Tus-Resumable": "1.0.0", "Cache-Control": "no-store"}
_MAX_CHUNK = 4 * CHUNK_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the platform keeps its things: `database` is an SQLAlchemy URL, `papers` a folder, `keys` the folder of
    private keys if anything is sealed to them.

    Signatures are asked for as soon as a terminal is registered, or at once when `signatures`. `public_url` is the root
    that terminals call it by, where that is not what arrives (behind a proxy).
    """

    database: str
    papers: Path
    keys: Path | None = None
    passphrase: bytes | None = None
    signatures: bool = False
    public_url: str | None = None


def open_store(settings: Settings) -> DistrictStore:
    """Raises KeysTrouble when the keys can't be read."""
    keys = private_keys(settings.keys, settings.passphrase) if settings.keys is not None else None
    return DistrictStore(settings.database, settings.papers, keys)


class _Refusal(Exception):
    """Ends a request at the gate; never seen outside."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.kind)
        self.refused = refused


def create_app(settings: Settings, *, staff: bool = True) -> FastAPI:
    """The ASGI application of one platform; its store opens with it and closes at shutdown."""
    store = open_store(settings)
    app = _application(store)
    gate = Gate(Terminals(store.engine), required=settings.signatures)

    async def admit(request: Request) -> None:
        url = request.url if settings.public_url is None else settings.public_url + request.url.path
        headers = {name: ", ".join(request.headers.getlist(name)) for name in request.headers}
        answer = await run_in_threadpool(gate.admit, Asked(method=request.method, url=str(url), headers=headers))
        if isinstance(answer, Refused):
            raise _Refusal(answer)
        request.state.terminal = answer.code

    api = APIRouter(prefix="/v1", dependencies=[Depends(admit)])
    _add_submissions(api, store)
    _add_attachments(api, store)
    app.include_router(api)
    app.add_api_route("/v1/health", _health, methods=["GET"])
    if staff:
        add_staff_pages(app, store)

    async def as_problem(_request: Request, trouble: Exception) -> Response:
        if isinstance(trouble, _Refusal):
            return _problem(trouble.refused.status, trouble.refused.kind, trouble.refused.detail)
        status = trouble.status_code if isinstance(trouble, HTTPException) else 500
        return _problem(status, "http")

    app.add_exception_handler(_Refusal, as_problem)
    app.add_exception_handler(HTTPException, as_problem)
    return app


def create_staff_app(settings: Settings) -> FastAPI:
    """The staff page alone."""
    store = open_store(settings)
    app = _application(store)
    add_staff_pages(app, store)
    return app


def _application(store: DistrictStore) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        yield
        store.close()

    return FastAPI(title="District platform", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)


async def _health() -> Response:
    return Response(b'{"status":"pass"}', media_type="application/health+json")


def _add_submissions(api: APIRouter, store: DistrictStore) -> None:
    async def put_submission(request: Request, uid: str) -> Response:
        if request.headers.get("Idempotency-Key") != f'"{uid}"':
            return _problem(400, "idempotency-key", 'Idempotency-Key must be "<uid>", with the quotes')
        body = await _body(request, MAX_BODY_BYTES, digest=True)
        if isinstance(body, Response):
            return body
        outside = read_body(body, request.headers.get("Content-Type", PLAIN_TYPE).partition(";")[0].strip())
        if outside is None:
            return _problem(422, "envelope", "the body is not an envelope, or not one of this Content-Type")
        if outside.uid != uid:
            return _problem(422, "uid", "the body's uid is not the address's")
        if request.state.terminal not in (None, outside.kiosk):
            return _problem(422, "kiosk", "the body names another terminal than the one that signed")
        match await run_in_threadpool(store.take, outside, body):
            case Conflict():
                return _problem(422, "conflict", "this uid is known with other content")
            case NoKey(wanted=wanted):
                return _problem(422, "key-unknown", f"sealed to {', '.join(wanted)}, which are not here")
            case NotIntact():
                return _problem(422, "sealed", "it does not open, or says inside other than outside")
            case taken:
                pass
        return Response(taken.receipt, status_code=201 if taken.new else 200, media_type="application/json")

    async def get_submission(request: Request, uid: str) -> Response:
        progress = await run_in_threadpool(store.progress, uid, of=request.state.terminal)
        if isinstance(progress, Unknown):
            return _problem(404, "unknown")
        return Response(canonical_bytes(progress), media_type="application/json", headers={"Cache-Control": "no-store"})

    async def put_rating(request: Request, uid: str) -> Response:
        body = await _body(request, 1024)
        if isinstance(body, Response):
            return body
        try:
            rating = Rating.model_validate_json(body)
        except ValidationError:
            return _problem(422, "rating", 'a rating is {"level": 1..5}')
        kept = await run_in_threadpool(store.rate, uid, rating.level, of=request.state.terminal)
        if isinstance(kept, Unknown):
            return _problem(404, "unknown")
        if not kept:
            return _problem(422, "conflict", "there is another rating already")
        return Response(canonical_bytes(rating), media_type="application/json")

    api.add_api_route("/submissions/{uid}", put_submission, methods=["PUT"])
    api.add_api_route("/submissions/{uid}", get_submission, methods=["GET"])
    api.add_api_route("/submissions/{uid}/rating", put_rating, methods=["PUT"])


def _add_attachments(api: APIRouter, store: DistrictStore) -> None:
    async def offset(request: Request, name: str) -> Response:
        upload = await run_in_threadpool(store.upload, name, of=request.state.terminal)
        if isinstance(upload, Unknown):
            return Response(status_code=404, headers=_TUS)
        return Response(
            status_code=200,
            headers={**_TUS, "Upload-Offset": str(upload.offset), "Upload-Length": str(upload.length)},
        )

    async def append(request: Request, name: str) -> Response:
        start = request.headers.get("Upload-Offset", "")
        if request.headers.get("Content-Type") != "application/offset+octet-stream":
            return _problem(415, "media-type", "application/offset+octet-stream is expected")
        if request.headers.get("Tus-Resumable") != "1.0.0":
            return _problem(412, "tus", "Tus-Resumable: 1.0.0 is expected")
        if not (start.isascii() and start.isdigit() and len(start) <= 12):
            return _problem(400, "offset", "Upload-Offset is not a number")
        chunk = await _body(request, _MAX_CHUNK)
        if isinstance(chunk, Response):
            return chunk
        match await run_in_threadpool(store.append, name, int(start), chunk, of=request.state.terminal):
            case Unknown():
                return _problem(404, "unknown")
            case WrongOffset():
                return _problem(409, "offset", "ask with HEAD where to go on")
            case TooLong():
                return _problem(413, "too-large", "more bytes than the envelope declared")
            case WrongDigest():
                return _problem(400, "digest", "the whole file is not what the envelope declared; send it again")
            case NotOpening():
                return _problem(422, "sealed", "the paper does not open to what the envelope declared")
            case upload:
                return Response(status_code=204, headers={**_TUS, "Upload-Offset": str(upload.offset)})

    api.add_api_route("/attachments/{name}", offset, methods=["HEAD"])
    api.add_api_route("/attachments/{name}", append, methods=["PATCH"])


async def _body(request: Request, limit: int, *, digest: bool = False) -> bytes | Response:
    """The request's body, or why it is not taken: longer than `limit` bytes, or not what its digest says.

    Without `digest` a body may come without Content-Digest, unless its sender signed: the signature covers the digest.
    """
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > limit:
            return _problem(413, "too-large")
    told = request.headers.get("Content-Digest")
    needed = digest or request.state.terminal is not None
    if (told is not None or needed) and told != content_digest(bytes(content)):
        return _problem(400, "digest", "Content-Digest is not the SHA-256 of what arrived")
    return bytes(content)


def _problem(status: int, kind: str, detail: str = "") -> Response:
    """RFC 9457 problem details."""
    problem = Problem(type=PROBLEM + kind, title=HTTPStatus(status).phrase, status=status, detail=detail)
    return Response(canonical_bytes(problem), status_code=status, media_type="application/problem+json")
