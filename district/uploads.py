"""Papers as terminals send them: tus 1.0 core on the resources that a submission declared."""

from __future__ import annotations

import base64
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from district.addresses import NAME
from district.answers import content_of, digest_problem, media_type_of, problem
from district.api import Api
from district.leases import Full
from district.outcomes import NotOpening, TooLong, Unknown, WrongDigest, WrongOffset
from district.papers_store import Appended, Claimed, PaperStore
from district.threads import API, PAPERS
from offline_queue.wire import CHUNK_BYTES

_TUS = {"Tus-Resumable": "1.0.0", "Cache-Control": "no-store"}
_OUR_TUS = {"Tus-Version": "1.0.0"}
_MAX_CHUNK = 4 * CHUNK_BYTES


def add_uploads(api: Api, papers: PaperStore) -> None:
    async def offset(request: Request) -> Response:
        name: str = request.path_params["name"]
        if request.headers.get("Tus-Resumable") != "1.0.0":
            return Response(status_code=412, headers=_OUR_TUS)
        terminal = request.state.terminal
        upload = await PAPERS.run(partial(papers.upload, name, of=terminal))
        if isinstance(upload, Unknown):
            return Response(status_code=404, headers=_TUS)
        return Response(
            status_code=200,
            headers={**_TUS, "Upload-Offset": str(upload.offset), "Upload-Length": str(upload.length)},
        )

    async def append(request: Request) -> Response:
        name: str = request.path_params["name"]
        start = request.headers.get("Upload-Offset", "")
        if media_type_of(request) != "application/offset+octet-stream":
            return problem(415, "media-type", "application/offset+octet-stream is expected")
        if request.headers.get("Tus-Resumable") != "1.0.0":
            other = problem(412, "tus", "Tus-Resumable: 1.0.0 is expected")
            other.headers.update(_OUR_TUS)
            return other
        if not (start.isascii() and start.isdigit() and len(start) <= 12):
            return problem(400, "offset", "Upload-Offset is not a number")
        at, length = int(start), request.headers.get("Content-Length")
        size = None if length is None else int(length)
        match await API.run(partial(papers.claim, name, at, size, of=request.state.terminal)):
            case Unknown():
                return problem(404, "unknown")
            case Full(retry_after=seconds):
                return problem(503, "later", "as many papers are on their way as may be", retry_after=seconds)
            case Claimed() as claimed:
                chunk = await content_of(request, _MAX_CHUNK)
        if isinstance(chunk, Response):
            return chunk

        def take() -> Response | Appended:
            # Beside the other requests, not in front of them: hashing takes longer than the line.
            wrong = digest_problem(request, chunk)
            return wrong or papers.append_to(claimed, at, chunk, sha256=_told_sha256(request))

        match await PAPERS.run(take):
            case Response() as wrong:
                return wrong
            case Unknown():
                return problem(404, "unknown")
            case WrongOffset():
                return problem(409, "offset", "ask with HEAD where to go on")
            case TooLong():
                return problem(413, "too-large", "more bytes than the envelope declared")
            case WrongDigest():
                return problem(400, "digest", "the whole file is not what the envelope declared; send it again")
            case NotOpening():
                return problem(422, "sealed", "the paper does not open to what the envelope declared")
            case upload:
                return Response(status_code=204, headers={**_TUS, "Upload-Offset": str(upload.offset)})

    api.add("HEAD", f"/attachments/{NAME}", offset)
    api.add("PATCH", f"/attachments/{NAME}", append)


def _told_sha256(request: Request) -> str | None:
    """What a Content-Digest that was right says, in hex."""
    told = request.headers.get("Content-Digest")
    return None if told is None else base64.b64decode(told.removeprefix("sha-256=").strip(":")).hex()
