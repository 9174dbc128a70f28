"""What is answered where no application is asked, or none gets to its end."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from district.answers import later, problem


class Edges:
    """Around an application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if "content-length" in headers and "transfer-encoding" in headers:
            # Which of both a proxy before this one went by is not to be known: on such a line the next request might be
            # somebody else's body (RFC 9112, 6.1). httptools refuses it by itself, h11 does not.
            answer = problem(400, "http", "Content-Length and Transfer-Encoding together")
            answer.headers["Connection"] = "close"
            await answer(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except asyncio.CancelledError:
            # The platform ends, and has waited for this request. What of it was kept can't be said, and need not be.
            if not begun:
                await later(scope["method"], "the platform is ending")(scope, receive, send)
