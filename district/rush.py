"""The HTTP edge of admission: what a request says of those to come, and when one is under way.

Only what came to its last byte counts as under way: a paper that trickles in over a thin line costs the platform
nothing while it does, and a sender that never ends takes nobody's place.
"""

from __future__ import annotations

import re

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from district.turns import Turns
from offline_queue.wire import MAX_BATCH, WAITING_HEADER

_COUNT = re.compile(r"[0-9]{1,9}", re.ASCII)


def requests_to_come(request: Request) -> int | None:
    """By what the terminal says is waiting, this request among them; None when it does not say."""
    told = request.headers.get(WAITING_HEADER, "")
    if _COUNT.fullmatch(told) is None:
        return None
    return -(-int(told) // MAX_BATCH) if request.method == "POST" else int(told)


class UnderWay:
    """Around the application: counts what the terminals' API works on."""

    def __init__(self, app: ASGIApp, *, turns: Turns) -> None:
        self._app = app
        self._turns = turns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        begun = False

        async def counted() -> Message:
            nonlocal begun
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False) and not begun:
                begun = True
                self._turns.begin()
            return message

        try:
            await self._app(scope, counted, send)
        finally:
            if begun:
                self._turns.done()
