"""What every page goes through before it is one: who asks, whether the form is ours, whether they may.

The session's cookie is SameSite=Strict and HttpOnly; with TLS it is Secure and has the `__Host-` prefix. A form counts
only with the session's own token and, where the browser tells its origin, only from this site. Before sign-in, where
there is no session yet, the token is that of a cookie of its own. Reading the form, asking the database and making the
page happen in one thread of the pool, so that no page holds up the terminals.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Container
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from district.answers import media_type_of
from district.api import one_method
from district.sessions import Sessions, Visit
from district.staff import Role
from district.supplements import one_line
from district.viewings import Viewings, What
from district.web.language import COOKIE as LANGUAGE
from district.web.pages import Render

UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PAGE = re.compile(r"/(?:cases|terminals|audit|account)(?:[/?][0-9A-Za-z/?=&%_-]*)?")
"""An address that one may come back to after signing in: of this site, by its look alone."""
_A_YEAR = 365 * 24 * 3600
_LONGEST_QUERY = 400
_MOST_FORM_BYTES = 32 * 1024
_MOST_FIELDS = 64
_UNWRITTEN = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n\r"}


def plain(text: str) -> str:
    """The text without control characters other than tabs and line breaks: PostgreSQL stores no NUL."""
    return text.translate(_UNWRITTEN)


class Form:
    """The fields of a form that was sent, in plain text; a field that was not is empty."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self._fields = fields

    def one(self, name: str) -> str:
        # Browsers count a line break as one character, as `maxlength` does, and send two.
        return plain(self.secret(name)).replace("\r\n", "\n").strip()

    def secret(self, name: str) -> str:
        """As it was typed."""
        return next((value for key, value in self._fields if key == name), "")

    def typed(self) -> str:
        """What it would be a pity to type again."""
        return "\n\n".join(text for text in (self.one("others"), self.one("note")) if text)

    def all(self, name: str) -> list[str]:
        values = [one_line(plain(value)) for key, value in self._fields if key == name]
        return [value for value in values if value]


class Shows(Protocol):
    def __call__(self, visit: Visit, request: Request) -> Response: ...


class Does(Protocol):
    def __call__(self, visit: Visit, request: Request, form: Form) -> Response: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Adds guarded pages to `app`. `address` is the root that browsers call, where that is not what arrives."""

    app: Starlette
    sessions: Sessions
    viewings: Viewings
    render: Render
    address: str | None = None

    def shows(
        self,
        path: str,
        show: Shows,
        *,
        role: Role = Role.VIEWER,
        turns: CapacityLimiter | None = None,
        first: bool = False,
    ) -> None:
        """A page for who has at least this role; with `turns` it waits for one of them, in threads of their own.
        `first`: also for who has to choose a password before anything else."""

        def guarded(request: Request) -> Response:
            visit = self.visit(request)
            if visit is None:
                return see(sign_in_for(f"{request.url.path}?{request.url.query}".removesuffix("?")))
            if visit.staff.password_given and not first:
                return see("/account")
            return show(visit, request) if visit.staff.role.may(role) else self._forbidden(visit, request)

        async def answer(request: Request) -> Response:
            return await to_thread.run_sync(guarded, request, limiter=turns)

        self.app.routes.append(one_method("GET", path, answer))

    def does(
        self,
        path: str,
        do: Does,
        *,
        role: Role,
        turns: CapacityLimiter | None = None,
        back: str | None = None,
        first: bool = False,
    ) -> None:
        """What a form does, likewise. Where no page has the same address, `back` is the one for who loads it again."""

        def guarded(request: Request, form: Form) -> Response:
            visit = self.visit(request)
            if not self.is_ours(request):
                return self._noted(visit, request, self.unsaved(visit, Form([]), said="stale"))
            if visit is None:
                sign_in = sign_in_for((back or path).format_map(request.path_params))
                return self.unsaved(None, form, said="expired", back=sign_in) if form.typed() else see(sign_in)
            if not _same(form.secret("csrf"), visit.csrf):
                return self._noted(visit, request, self.unsaved(visit, form, said="stale"))
            if visit.staff.password_given and not first:
                return see("/account")
            if not visit.staff.role.may(role):
                return self._forbidden(visit, request)
            return self._noted(visit, request, do(visit, request, form), but={403, 404})  # do has noted those itself

        def too_large(request: Request) -> Response:
            return self._noted(self.visit(request), request, self.render("message.html", status=413, said="too-large"))

        async def answer(request: Request) -> Response:
            form = await form_of(request)
            if form is None:
                return await to_thread.run_sync(too_large, request)
            return await to_thread.run_sync(guarded, request, form, limiter=turns)

        self.app.routes.append(one_method("POST", path, answer))
        if back is not None:

            async def go_back(request: Request) -> Response:
                return see(back.format_map(request.path_params))

            self.app.routes.append(one_method("GET", path, go_back))

    def visit(self, request: Request) -> Visit | None:
        token = self.token(request)
        return None if token is None else self.sessions.find(token)

    def token(self, request: Request) -> str | None:
        return request.cookies.get(self._name(request, "staff"))

    def keep_token(self, request: Request, answer: Response, token: str) -> None:
        self._set(request, answer, "staff", token)

    def form_token(self, request: Request) -> str:
        """The token for the form of somebody who is not signed in: the one the browser has, or a new one."""
        return request.cookies.get(self._name(request, "form")) or secrets.token_urlsafe(32)

    def keep_form_token(self, request: Request, answer: Response, token: str) -> None:
        self._set(request, answer, "form", token)

    def keep_language(self, request: Request, answer: Response, language: str) -> None:
        self._set(request, answer, LANGUAGE, language, seconds=_A_YEAR)

    def is_form_ours(self, request: Request, form: Form) -> bool:
        kept = request.cookies.get(self._name(request, "form"), "")
        return bool(kept) and self.is_ours(request) and _same(form.secret("csrf"), kept)

    def is_ours(self, request: Request) -> bool:
        """Whether the browser says that the form came from this site; one that says nothing is not refused for it."""
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        origin = request.headers.get("origin")
        return origin is None or origin == _origin(self.address or str(request.base_url))

    def keep_list(self, request: Request, answer: Response) -> None:
        """Keep in the browser which cases were listed last, for the way back from one of them."""
        self._set(request, answer, "list", request.url.query[:_LONGEST_QUERY])

    def last_list(self, request: Request) -> str:
        page = f"/cases?{request.cookies.get(self._name(request, 'list'), '')}".removesuffix("?")
        return page if PAGE.fullmatch(page) else "/cases"

    def forget(self, request: Request, answer: Response) -> None:
        """Take the cookies from the browser, and what it may have kept of the pages."""
        for kind in ("staff", "form", "list"):
            secure = self.is_tls(request)
            answer.delete_cookie(self._name(request, kind), secure=secure, httponly=True, samesite="strict")
        answer.headers["Clear-Site-Data"] = '"cache"'

    def unsaved(self, visit: Visit | None, form: Form, *, said: str, status: int = 403, back: str = "") -> Response:
        """Nothing was done; what was typed is given back. A form from another site gives back nothing."""
        return self.render("message.html", status=status, visit=visit, said=said, typed=form.typed(), back=back)

    def missing(self, visit: Visit) -> Response:
        return self.render("message.html", status=404, visit=visit, said="missing")

    def note_forbidden(self, visit: Visit, request: Request, uid: str | None = None) -> None:
        """Put on record that somebody tried what they may not; `uid` is the case that it was about."""
        what = plain(f"{request.method} {request.url.path}")
        self.viewings.note(visit.staff.name, What.FORBIDDEN, uid=uid, detail=what)

    def _noted(self, visit: Visit | None, request: Request, answer: Response, *, but: Container[int] = ()) -> Response:
        """Put on record that a form was refused, if it was."""
        if visit is not None and answer.status_code >= 400 and answer.status_code not in but:
            uid = str(request.path_params.get("uid", ""))
            detail = plain(f"{answer.status_code} {request.url.path}")
            known = uid if UID.fullmatch(uid) else None
            self.viewings.note(visit.staff.name, What.UNFIT, uid=known, detail=detail)
        return answer

    def _forbidden(self, visit: Visit, request: Request) -> Response:
        uid = str(request.path_params.get("uid", ""))
        self.note_forbidden(visit, request, uid if UID.fullmatch(uid) else None)
        return self.render("message.html", status=403, visit=visit, said="forbidden")

    def is_tls(self, request: Request) -> bool:
        return urlsplit(self.address or str(request.base_url)).scheme == "https"

    def _name(self, request: Request, kind: str) -> str:
        return f"__Host-{kind}" if self.is_tls(request) else kind

    def _set(self, request: Request, answer: Response, kind: str, value: str, *, seconds: int | None = None) -> None:
        """A cookie for `seconds`, or until the browser is closed."""
        name, secure = self._name(request, kind), self.is_tls(request)
        answer.set_cookie(name, value, seconds, path="/", secure=secure, httponly=True, samesite="strict")


async def form_of(request: Request) -> Form | None:
    """The form of a request; None when it is larger than any of ours. What is no form has no fields."""
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > _MOST_FORM_BYTES:
            return None
    if media_type_of(request) != "application/x-www-form-urlencoded":
        return Form([])
    try:
        return Form(parse_qsl(content.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        return Form([])


def see(path: str) -> Response:
    """Go on with another page of ours."""
    return RedirectResponse(path, status_code=303, headers={"Cache-Control": "no-store"})


def sign_in_for(page: str) -> str:
    """Where one signs in to come to that page. The list of cases is where one comes anyway."""
    return f"/sign-in?{urlencode({'to': page})}" if page != "/cases" and PAGE.fullmatch(page) else "/sign-in"


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
