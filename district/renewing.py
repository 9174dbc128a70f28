"""What a registered terminal may ask for itself: a new certificate before the old one ends, and to be retired."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from district.answers import body_of, problem
from district.api import Api
from district.authority import RequestTrouble, certificate_sha256, issue
from district.terminals import Terminals
from district.threads import API

MAX_REQUEST_BYTES = 16 * 1024
PEM_CHAIN = "application/pem-certificate-chain"


def add_terminals(api: Api, terminals: Terminals, authority: Path | None) -> None:
    async def renew(request: Request) -> Response:
        code: str = request.path_params["code"]
        if request.state.terminal != code:
            return problem(404, "unknown", "a terminal asks for itself only")
        if authority is None:
            return problem(501, "no-authority", "certificates are not issued here")
        body = await body_of(request, MAX_REQUEST_BYTES, digest=True)
        if isinstance(body, Response):
            return body
        try:
            made = await API.run(partial(issue, authority, body, code=code, now=datetime.now(tz=UTC)))
        except RequestTrouble as trouble:
            return problem(422, "request", str(trouble))
        shown: str | None = getattr(request.state, "certificate", None)
        await API.run(partial(terminals.renew, request.state.key, certificate_sha256(made), shown=shown))
        return Response(made, status_code=201, media_type=PEM_CHAIN, headers={"Cache-Control": "no-store"})

    async def retire(request: Request) -> Response:
        if request.state.terminal != request.path_params["code"]:
            return problem(404, "unknown", "a terminal retires itself only")
        # The key that signed, and no other: the machine that takes this one's place has the same code.
        await API.run(terminals.revoke, request.state.key)
        return Response(status_code=204)

    api.add("POST", "/terminals/{code}/certificate", renew)
    api.add("DELETE", "/terminals/{code}", retire)
