"""What all of the API's answers share: bodies that are taken whole or not at all, and troubles that are named."""

from __future__ import annotations

import random
from http import HTTPStatus

from fastapi import Request, Response

from offline_queue.wire import PROBLEM, Problem, canonical_bytes, content_digest

JSON = "application/json"


async def body_of(request: Request, limit: int, *, digest: bool = False) -> bytes | Response:
    """The request's body, or why it is not taken: longer than `limit` bytes, or not what its digest says.

    Without `digest` a body may come without Content-Digest, unless its sender signed: the signature covers the digest.
    """
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > limit:
            return problem(413, "too-large")
    told = request.headers.get("Content-Digest")
    needed = digest or request.state.terminal is not None
    if (told is not None or needed) and told != content_digest(bytes(content)):
        return problem(400, "digest", "Content-Digest is not the SHA-256 of what arrived")
    return bytes(content)


def problem(status: int, kind: str, detail: str = "", *, retry_after: int | None = None) -> Response:
    """RFC 9457 problem details; `retry_after` in seconds."""
    told = Problem(type=PROBLEM + kind, title=HTTPStatus(status).phrase, status=status, detail=detail)
    headers = None if retry_after is None else {"Retry-After": str(retry_after)}
    return Response(canonical_bytes(told), status_code=status, media_type="application/problem+json", headers=headers)


def retry_seconds(shortest: int = 20) -> int:
    """For Retry-After, spread, so that those who wait don't come back together."""
    return random.randint(shortest, 3 * shortest)  # noqa: S311 - nothing to guess  # nosec B311
