"""The language of a page: the one that was chosen at its head, else the browser's; Chinese where that is none of ours.

A text stands in Chinese where it is shown, and is the key of its English (:mod:`district.web.english`), as gettext has
it. What residents and halls wrote is nobody's to translate, and the catalogue brings its own words in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Literal

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from district.web.english import ENGLISH

Language = Literal["zh", "en"]
COOKIE = "language"
_NOW: ContextVar[Language] = ContextVar("language", default="zh")


def language() -> Language:
    """That of the request which is being answered."""
    return _NOW.get()


def say(text: str) -> str:
    """One of our own texts, in the language of the page."""
    return ENGLISH.get(text, text) if language() == "en" else text


def preferred(cookies: Mapping[str, str], accepted: str) -> Language:
    """`accepted` is an Accept-Language (RFC 9110, 12.5.4)."""
    chosen = cookies.get(f"__Host-{COOKIE}") or cookies.get(COOKIE) or _first(accepted)
    return "en" if chosen == "en" else "zh"


def _first(accepted: str) -> str:
    """The one of ours that is liked best, or nothing."""
    liked: list[tuple[float, str]] = []
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";q=")
        main = name.strip().partition("-")[0]
        try:
            liked.append((float(weight or 1), main))
        except ValueError:
            continue
    ours = [(weight, main) for weight, main in liked if main in ("zh", "en") and weight > 0]
    return max(ours, key=lambda one: one[0])[1] if ours else ""


class InTheirLanguage:
    """Answers each request in its language."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            asked = HTTPConnection(scope)
            _NOW.set(preferred(asked.cookies, asked.headers.get("Accept-Language", "")))
        await self._app(scope, receive, send)
