"""The routes of the terminals' API, and what stands in front of each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Endpoint = Callable[[Request], Awaitable[Response]]
Admit = Callable[[Request], Awaitable[Response | None]]
"""Asked before a request is worked on; an answer of its own means that it is not."""


class Api:
    """Routes below /v1, each of one method."""

    def __init__(self, *, admit: Admit | None = None) -> None:
        self._admit = admit
        self.routes: list[Route] = []

    def add(self, method: str, path: str, endpoint: Endpoint) -> None:
        self.routes.append(one_method(method, f"/v1{path}", self._guarded(endpoint)))

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        admit = self._admit
        if admit is None:
            return endpoint

        @wraps(endpoint)
        async def guarded(request: Request) -> Response:
            return await admit(request) or await endpoint(request)

        return guarded


def one_method(method: str, path: str, endpoint: Callable[[Request], Awaitable[Response] | Response]) -> Route:
    """A route for this method alone; by itself Starlette answers HEAD wherever it answers GET."""
    route = Route(path, endpoint, methods=[method], include_in_schema=False)
    route.methods = {method}
    return route
