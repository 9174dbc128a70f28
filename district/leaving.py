"""A terminal takes itself out of service: its signed word is the last that its key says."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from district.answers import problem
from district.terminals import Terminals


def add_retiring(api: APIRouter, terminals: Terminals) -> None:
    async def retire(request: Request, code: str) -> Response:
        if request.state.terminal != code:
            return problem(404, "unknown", "a terminal retires itself only")
        await run_in_threadpool(terminals.retire, code)
        return Response(status_code=204)

    api.add_api_route("/terminals/{code}", retire, methods=["DELETE"])
