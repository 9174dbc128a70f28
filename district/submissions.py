"""Submissions as terminals hand them in: alone or several at once, asked for again, and rated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from pydantic import ValidationError
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from district.addresses import UID
from district.answers import JSON, PROBLEM_JSON, body_of, media_type_of, problem, problem_body
from district.api import Api
from district.opening import Body, read_body
from district.outcomes import Conflict, NotAsked, NotJson, Take, Taken, Unknown
from district.store import DistrictStore
from district.threads import API
from offline_queue.sealed import NoKey, NotIntact
from offline_queue.wire import (
    MAX_BODY_BYTES,
    PLAIN_TYPE,
    Batch,
    BatchItem,
    Rating,
    canonical_bytes,
    content_digest,
)

_MAX_BATCH_BYTES = 4 * MAX_BODY_BYTES


@dataclass(frozen=True, slots=True)
class _Told:
    """An answer, alone or in a batch."""

    status: int
    body: bytes

    @classmethod
    def problem(cls, status: int, kind: str, detail: str = "") -> _Told:
        return cls(status, problem_body(status, kind, detail))

    def alone(self) -> Response:
        kind = JSON if self.status < 400 else PROBLEM_JSON
        return Response(self.body, status_code=self.status, media_type=kind)


def add_submissions(api: Api, store: DistrictStore) -> None:
    async def put_submission(request: Request) -> Response:
        uid: str = request.path_params["uid"]
        if request.headers.get("Idempotency-Key") != f'"{uid}"':
            return problem(400, "idempotency-key", 'Idempotency-Key must be "<uid>", with the quotes')
        body = await body_of(request, MAX_BODY_BYTES, digest=True)
        if isinstance(body, Response):
            return body
        outside = _outside(body, media_type_of(request, PLAIN_TYPE), uid, of=request.state.terminal)
        if isinstance(outside, _Told):
            return outside.alone()
        return _answer(await API.run(store.take, outside, body)).alone()

    async def post_submissions(request: Request) -> Response:
        body = await body_of(request, _MAX_BATCH_BYTES, digest=True)
        if isinstance(body, Response):
            return body
        return await API.run(_take_batch, store, body, request.state.terminal)

    async def get_submission(request: Request) -> Response:
        progress = await API.run(partial(store.progress, request.path_params["uid"], of=request.state.terminal))
        if isinstance(progress, Unknown):
            return problem(404, "unknown")
        return Response(canonical_bytes(progress), media_type=JSON, headers={"Cache-Control": "no-store"})

    async def put_rating(request: Request) -> Response:
        body = await body_of(request, 1024)
        if isinstance(body, Response):
            return body
        try:
            rating = Rating.model_validate_json(body)
        except ValidationError:
            return problem(422, "rating", 'a rating is {"level": 1..5}')
        kept = await API.run(partial(store.rate, request.path_params["uid"], rating.level, of=request.state.terminal))
        if isinstance(kept, Unknown):
            return problem(404, "unknown")
        if not kept:
            return problem(422, "conflict", "there is another rating already")
        return Response(canonical_bytes(rating), media_type=JSON)

    api.add("POST", "/submissions", post_submissions)
    api.add("PUT", f"/submissions/{UID}", put_submission)
    api.add("GET", f"/submissions/{UID}", get_submission)
    api.add("PUT", f"/submissions/{UID}/rating", put_rating)


def _take_batch(store: DistrictStore, body: bytes, of: str | None) -> Response:
    try:
        batch = Batch.model_validate_json(body)
    except ValidationError:
        return problem(422, "batch", "the body is not a batch")
    looked = [_outside_of(one, of=of) for one in batch.submissions]
    taken = iter(store.take_all([one for one in looked if not isinstance(one, _Told)]))
    told = [one if isinstance(one, _Told) else _answer(next(taken)) for one in looked]
    answers = [  # BatchAnswer, its keys in their order
        {"body": one.body.decode(), "retry_after": None, "status": one.status, "uid": item.uid}
        for item, one in zip(batch.submissions, told, strict=True)
    ]
    return Response(to_json({"answers": answers}), media_type=JSON)


def _outside(body: bytes, media_type: str, uid: str, *, of: str | None) -> Body | _Told:
    """What is readable of a body, when it is one, and may come from the terminal `of` under this `uid`."""
    outside = read_body(body, media_type)
    if outside is None:
        return _Told.problem(422, "envelope", "the body is not an envelope, or not one of this Content-Type")
    if outside.uid != uid:
        return _Told.problem(422, "uid", "the body's uid is not the address's")
    if of not in (None, outside.kiosk):
        return _Told.problem(422, "kiosk", "the body names another terminal than the one that signed")
    return outside


def _outside_of(item: BatchItem, *, of: str | None) -> tuple[Body, bytes] | _Told:
    body = item.body.encode()
    if len(body) > MAX_BODY_BYTES:
        return _Told.problem(413, "too-large")
    if item.content_digest != content_digest(body):
        return _Told.problem(400, "digest", "content_digest is not the SHA-256 of what arrived")
    outside = _outside(body, item.media_type, item.uid, of=of)
    return outside if isinstance(outside, _Told) else (outside, body)


def _answer(taken: Take) -> _Told:
    match taken:
        case Taken():
            return _Told(201 if taken.new else 200, taken.receipt)
        case Conflict():
            return _Told.problem(422, "conflict", "this uid is known with other content")
        case NoKey(wanted=wanted):
            return _Told.problem(422, "key-unknown", f"sealed to {', '.join(wanted)}, which are not here")
        case NotJson():
            return _Told.problem(422, "envelope", "a number of the form is NaN or infinite, which JSON has not")
        case NotAsked():
            return _Told.problem(422, "supplement", "no supplement is asked for under this id, or it was answered")
        case NotIntact():
            return _Told.problem(422, "sealed", "it does not open, or says inside other than outside")
