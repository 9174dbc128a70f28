"""What all of the API's answers share: bodies that are taken whole or not at all, and troubles that are named."""

from __future__ import annotations

import random
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from offline_queue.wire import PROBLEM, Problem, canonical_bytes, content_digest

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"


async def body_of(request: Request, limit: int, *, digest: bool = False) -> bytes | Response:
    """The request's body, or why it is not taken: longer than `limit` bytes, or not what its digest says.

    Without `digest` a body may come without Content-Digest, unless its sender signed: the signature covers the digest.
    """
    content = await content_of(request, limit)
    if isinstance(content, Response):
        return content
    return digest_problem(request, content, needed=digest) or content


def media_type_of(request: Request, default: str = "") -> str:
    """The Content-Type as it can be compared: without parameters, and in lower case, which it need not come in."""
    return request.headers.get("Content-Type", default).partition(";")[0].strip().lower()


async def content_of(request: Request, limit: int) -> bytes | Response:
    """The request's body before its digest is looked at."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > limit:
            return problem(413, "too-large")
    return b"".join(parts)


def digest_problem(request: Request, content: bytes, *, needed: bool = False) -> Response | None:
    """Whether the content is what its sender meant."""
    told = request.headers.get("Content-Digest")
    if (told is None and not needed and request.state.terminal is None) or told == content_digest(content):
        return None
    return problem(400, "digest", "Content-Digest is not the SHA-256 of what arrived")


def problem(status: int, kind: str, detail: str = "", *, retry_after: int | None = None) -> Response:
    """RFC 9457 problem details; `retry_after` in seconds."""
    headers = None if retry_after is None else {"Retry-After": str(retry_after)}
    return Response(problem_body(status, kind, detail), status_code=status, media_type=PROBLEM_JSON, headers=headers)


def problem_body(status: int, kind: str, detail: str = "") -> bytes:
    return canonical_bytes(Problem(type=PROBLEM + kind, title=HTTPStatus(status).phrase, status=status, detail=detail))


def later(method: str, detail: str) -> Response:
    """503 with Retry-After, as the answer to that method."""
    answer = problem(503, "later", detail, retry_after=retry_seconds())
    if method == "HEAD":
        return Response(status_code=503, headers={"Retry-After": answer.headers["Retry-After"]})
    return answer


def retry_seconds() -> int:
    """For Retry-After, spread, so that those who wait don't come back together."""
    return random.randint(20, 60)  # noqa: S311 - nothing to guess  # nosec B311
