"""Signing in and out, and what people do with their own account."""

from __future__ import annotations

import logging

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from district.api import one_method
from district.sessions import IDLE, LIFETIME, MOST_AT_ONCE, Visit
from district.staff import SHORTEST_PASSWORD, Role, StaffRegister
from district.viewings import What
from district.web.fields import one_of
from district.web.site import PAGE, Form, Site, form_of, see
from district.web.words import WRONG_AT_CHANGE, WRONG_AT_OTHERS

_log = logging.getLogger(__name__)

_MOST_WAITING = 20
"""Sign-ins waiting for their turn; more are asked to come again."""


def add_signing_in(site: Site, register: StaffRegister) -> None:
    # A password takes 64 MiB and a core for a moment: they take turns in threads of their own, so that a storm of
    # sign-ins takes neither the memory nor the threads that the terminals' requests need.
    turns = CapacityLimiter(2)

    def page(request: Request, to: str, *, status: int = 200, said: str = "") -> Response:
        token = site.form_token(request)
        answer = site.render("sign-in.html", status=status, csrf=token, said=said, to=to)
        site.keep_form_token(request, answer, token)
        return answer

    def onwards(to: str) -> Response:
        return see(to if PAGE.fullmatch(to) else "/cases")

    def ask(request: Request) -> Response:
        to = request.query_params.get("to", "")
        return onwards(to) if site.visit(request) is not None else page(request, to)

    async def asked(request: Request) -> Response:
        return await run_in_threadpool(ask, request)

    def enter(request: Request, form: Form) -> Response:
        to = form.one("to")
        if not site.is_form_ours(request, form):
            _log.warning("a sign-in form that is not ours, or stale, from %s", _where(request))
            return page(request, to, status=403, said="stale")
        name = form.one("name")
        staff = register.check(name, form.secret("password"))
        if staff is None:
            # A name that is nobody's may be a password, typed into the wrong field: it is not written down.
            site.viewings.note(name if register.knows(name) else "", What.REFUSED, detail=_where(request))
            return page(request, to, status=403, said="refused")
        site.viewings.note(staff.name, What.SIGNED_IN, detail=_where(request))
        answer = onwards(to)
        site.keep_token(request, answer, site.sessions.begin(staff, instead_of=site.token(request)))
        return answer

    async def entered(request: Request) -> Response:
        form = await form_of(request)
        if form is None:
            _log.warning("a sign-in form that is too large, from %s", _where(request))
            return site.render("message.html", status=413, said="too-large")
        if turns.statistics().tasks_waiting >= _MOST_WAITING:
            return site.render("message.html", status=503, headers={"Retry-After": "5"}, said="busy")
        return await to_thread.run_sync(enter, request, form, limiter=turns)

    def leave(visit: Visit, request: Request, form: Form) -> Response:
        del form
        token = site.token(request)
        if token is not None:
            site.sessions.end(token)
        site.viewings.note(visit.staff.name, What.SIGNED_OUT)
        answer = see("/sign-in")
        site.forget(request, answer)
        return answer

    site.app.routes.append(one_method("GET", "/sign-in", asked))
    site.app.routes.append(one_method("POST", "/sign-in", entered))
    site.does("/sign-out", leave, role=Role.VIEWER, back="/cases", first=True)
    _add_account(site, register, turns)


def _where(request: Request) -> str:
    """The machine that asks; behind a proxy it is the proxy's."""
    return "" if request.client is None else request.client.host


def _add_account(site: Site, register: StaffRegister, turns: CapacityLimiter) -> None:
    def page(visit: Visit, *, status: int = 200, said: str = "", why: str = "") -> Response:
        return site.render(
            "account.html",
            status=status,
            visit=visit,
            here="account",
            since=site.sessions.since(visit.staff.name),
            said=said,
            why=why,
            shortest=SHORTEST_PASSWORD,
            most=MOST_AT_ONCE,
            idle=int(IDLE.total_seconds() // 60),
            lifetime=int(LIFETIME.total_seconds() // 3600),
        )

    def show(visit: Visit, request: Request) -> Response:
        return page(visit, said=one_of(request.query_params.get("saved"), ("password", "others")) or "")

    def change(visit: Visit, request: Request, form: Form) -> Response:
        name, new = visit.staff.name, form.secret("new")
        if new != form.secret("again"):
            return page(visit, status=422, said="differ")
        if register.check(name, form.secret("password")) is None:
            site.viewings.note(name, What.REFUSED, detail=WRONG_AT_CHANGE)
            return page(visit, status=403, said="wrong")
        if new == form.secret("password"):
            return page(visit, status=422, said="same")
        try:
            register.set_password(name, new)
        except ValueError:
            return page(visit, status=422, said="weak")
        site.viewings.note(name, What.RENEWED)
        answer = see("/cases" if visit.staff.password_given else "/account?saved=password")
        site.keep_token(request, answer, site.sessions.begin(visit.staff))  # the old ones all ended with the password
        return answer

    def end_others(visit: Visit, request: Request, form: Form) -> Response:
        del request
        if register.check(visit.staff.name, form.secret("password")) is None:
            site.viewings.note(visit.staff.name, What.REFUSED, detail=WRONG_AT_OTHERS)
            return page(visit, status=403, said="wrong")
        site.sessions.end_others(visit)
        site.viewings.note(visit.staff.name, What.OTHERS_ENDED)
        return see("/account?saved=others")

    site.shows("/account", show, first=True)
    site.does("/account/password", change, role=Role.VIEWER, turns=turns, back="/account", first=True)
    site.does("/account/others", end_others, role=Role.VIEWER, turns=turns, back="/account")
