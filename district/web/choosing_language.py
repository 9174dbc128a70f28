"""The choice of a language at the head of every page."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from district.api import one_method
from district.web.site import PAGE, Site, form_of, see


def add_choice_of_language(site: Site) -> None:
    async def choose(request: Request) -> Response:
        """Back to where one was. Without a session there is nothing to guard, but other sites choose for nobody."""
        form = await form_of(request)
        here = urlsplit(request.headers.get("Referer", ""))
        page = f"{here.path}?{here.query}".removesuffix("?")
        answer = see(page if here.path == "/sign-in" or PAGE.fullmatch(page) else "/cases")
        if form is not None and site.is_ours(request) and form.one("language") in ("zh", "en"):
            site.keep_language(request, answer, form.one("language"))
        return answer

    async def again(_request: Request) -> Response:
        return see("/cases")

    site.app.routes.append(one_method("POST", "/language", choose))
    site.app.routes.append(one_method("GET", "/language", again))
