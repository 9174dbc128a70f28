"""How a page is made: Jinja2 with everything escaped, and headers that let it load its own style and nothing else.

There is no script on any page, so none is allowed. A page is never kept by the browser: what was seen is gone with the
session, and the back button asks again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from gettext import ngettext
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from district.web import words
from district.web.language import language, say

HERE = Path(__file__).parent
_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; form-action 'self'; "
    "object-src 'none'; frame-ancestors 'none'; base-uri 'none'"
)
NOTHING = "default-src 'none'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'"
HEADERS = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
BASE = {
    "Content-Security-Policy": NOTHING,
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: with it browsers send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_TWO_YEARS = "max-age=63072000; includeSubDomains"

_WORDS: dict[str, Any] = {
    name: getattr(words, name) for name in ("STAGES", "STEPS", "MARKS", "MOVES", "ROLES", "RATINGS", "RECORDS", "ILLS")
}

_ABSENT: dict[str, Any] = {"visit": None, "here": "", "back": "", "typed": ""}
"""What every page, or the one with a message, asks for, and few have."""

Render = Callable[..., Response]


def renderer(label: Callable[[str], str]) -> Render:
    """Makes pages: ``render(template, status=…, headers=…, **values)``. `label` puts codes into words."""
    pages = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    # The texts that stand in a template go through `_`, which believes them; what a variable says through `say`.
    cast("Any", pages).install_gettext_callables(say, ngettext, newstyle=True)  # nothing here has a plural
    pages.filters.update(say=say, label=label, local=words.local, size=words.size, day=words.day)
    cast("dict[str, Any]", pages.globals).update(_WORDS, told=words.told, language=language)

    def render(
        template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
    ) -> Response:
        return Response(
            pages.get_template(template).render({**_ABSENT, **values}),
            status_code=status,
            media_type="text/html",
            headers={**(headers or {}), **HEADERS},
        )

    return render


class SafeHeaders:
    """Puts the headers that every answer has on those without their own; with TLS also that there is no other."""

    def __init__(self, app: ASGIApp, *, tls: bool = False) -> None:
        self._app = app
        self._tls = tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in BASE.items():
                    headers.setdefault(name, value)
                if self._tls or scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", _TWO_YEARS)
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)
