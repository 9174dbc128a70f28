"""The staff web page: cases, papers, terminals and the record of viewings; and the page that slips point to.

Server-rendered, without a script and without anything from elsewhere. What each rule of it is and which test shows it:
docs/asvs.md.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from district.answers import problem
from district.api import one_method
from district.cases import Cases
from district.halls import Halls
from district.sessions import Sessions
from district.staff import StaffRegister
from district.store import DistrictStore
from district.viewings import Viewings
from district.web.audit_pages import add_audit_pages
from district.web.case_pages import CasePages
from district.web.pages import BASE, HERE, Render, SafeHeaders, renderer
from district.web.signing_in import add_signing_in
from district.web.site import Site, see
from district.web.terminal_pages import add_terminal_pages
from district.web.titles import Titles


def add_staff_pages(
    app: Starlette,
    store: DistrictStore,
    *,
    address: str | None = None,
    clock: Callable[[], datetime],
) -> None:
    """`address` is the root that browsers call, where a proxy changes it (`https://staff.district.example`); `clock`
    gives aware times."""
    engine, titles = store.engine, Titles(store.engine)
    render = renderer(titles.label)
    viewings = Viewings(engine, clock=clock)
    sessions = Sessions(engine, clock=clock)
    site = Site(app=app, sessions=sessions, viewings=viewings, render=render, address=address)
    add_signing_in(site, StaffRegister(engine, clock=clock))
    halls = Halls(engine)
    CasePages(site=site, cases=Cases(engine, clock=clock), store=store, halls=halls, titles=titles).add()
    add_terminal_pages(site, engine, halls, clock)
    add_audit_pages(site, viewings)

    def start(_request: Request) -> Response:
        return see("/cases")

    app.routes.append(one_method("GET", "/", start))
    _add_slip_page(app, render)

    async def broken(request: Request, _trouble: Exception) -> Response:
        # What went wrong is in the server's log and nowhere else. The server closes the connection after such an
        # answer; who is not told of it would lose the next request.
        if request.url.path.startswith("/v1/"):
            answer = problem(500, "http")
            answer.headers["Connection"] = "close"
            return answer
        return render("message.html", status=500, headers={**BASE, "Connection": "close"}, said="broken")

    app.add_exception_handler(Exception, broken)
    app.add_middleware(SafeHeaders, tls=address is not None and address.startswith("https://"))


def add_slip_page(app: Starlette) -> None:
    """The page that slips point to, alone: for the door that everybody reaches."""
    _add_slip_page(app, renderer(str))
    app.add_middleware(SafeHeaders)


def _add_slip_page(app: Starlette, render: Render) -> None:
    def slip(_request: Request) -> Response:
        return render("slip.html")

    app.routes.append(one_method("GET", "/s", slip))
    app.mount("/static", StaticFiles(directory=HERE / "static"))
