"""The HTTP edge of admission: what a request says of those to come, when one is under way, and who need not come in.

In a rush most are told to come later, and that must cost little: it is said before anything is looked into, to whoever
names a registered terminal's key. Who gets in has shown to be that terminal (:mod:`district.gate`).

Only what brings something, and came to its last byte, counts as under way. A paper that trickles in over a thin line
costs the platform nothing while it does, and a sender that never ends takes nobody's place. A question (GET, HEAD)
waits for its terminal's turn like all else, but takes no place, and says nothing of the pace: turns are booked by what
is to be brought, and questions, which are answered much faster, would make them too short.
"""

from __future__ import annotations

import logging
import re

from sqlalchemy.exc import DBAPIError
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from district.admission import Later
from district.answers import problem
from district.database import AWAY
from district.threads import API
from district.turns import Turns
from offline_queue.wire import MAX_BATCH, WAITING_HEADER

_log = logging.getLogger(__name__)
_KEY_ID = re.compile(r';keyid="([A-Za-z0-9_-]{8})"', re.ASCII)
_COUNT = re.compile(r"[0-9]{1,9}", re.ASCII)


def requests_to_come(method: str, headers: Headers) -> int | None:
    """By what the terminal says is waiting, this request among them; None when it does not say."""
    told = headers.get(WAITING_HEADER, "")
    if _COUNT.fullmatch(told) is None:
        return None
    return -(-int(told) // MAX_BATCH) if method == "POST" else int(told)


def _answer(told: Later, scope: Scope) -> Response:
    answer = problem(503, "later", "many came at once", retry_after=told.seconds)
    if scope["method"] == "HEAD":
        return Response(status_code=answer.status_code, headers={"Retry-After": str(told.seconds)})
    return answer


class UnderWay:
    """Around the application: counts what is brought to the terminals' API, and sends away in a rush."""

    def __init__(self, app: ASGIApp, *, turns: Turns) -> None:
        self._app = app
        self._turns = turns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        if self._turns.is_exchange_due():
            await API.run(self._exchange)
        headers = Headers(scope=scope)
        key = _KEY_ID.search(headers.get("Signature-Input", ""))
        told = key and self._turns.glance(key[1], requests=requests_to_come(scope["method"], headers))
        if told:
            await _answer(told, scope)(scope, receive, send)
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

    def _exchange(self) -> None:
        """What troubles the database, the request itself is told where it asks it; in a second this is tried again."""
        try:
            self._turns.exchange()
        except AWAY as trouble:
            _log.warning("turns were not exchanged: %s", trouble.orig if isinstance(trouble, DBAPIError) else trouble)
