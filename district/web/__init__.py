"""The staff web page: cases, papers, terminals and the record of viewings; and the page that slips point to.

Server-rendered, without a script and without anything from elsewhere. What each rule of it is and which test shows it:
docs/asvs.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from district.api import one_method
from district.cases import Cases
from district.halls import Halls
from district.sessions import Sessions
from district.staff import StaffRegister
from district.store import DistrictStore
from district.viewings import Viewings
from district.web.audit_pages import add_audit_pages
from district.web.case_pages import CasePages
from district.web.choosing_language import add_choice_of_language
from district.web.language import InTheirLanguage
from district.web.pages import HERE, Render, SafeHeaders, renderer
from district.web.signing_in import add_signing_in
from district.web.site import Site, see
from district.web.terminal_pages import add_terminal_pages
from district.web.titles import Titles
from district.web.troubles import answer_people


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
    add_choice_of_language(site)
    add_signing_in(site, StaffRegister(engine, clock=clock))
    halls = Halls(engine)
    CasePages(site=site, cases=Cases(engine, clock=clock), store=store, halls=halls, titles=titles).add()
    add_terminal_pages(site, engine, halls, clock)
    add_audit_pages(site, viewings)

    def start(_request: Request) -> Response:
        return see("/cases")

    app.routes.append(one_method("GET", "/", start))
    _add_slip_page(app, render)

    answer_people(app, render)
    app.add_middleware(SafeHeaders, tls=address is not None and address.startswith("https://"))
    app.add_middleware(InTheirLanguage)


def add_slip_page(app: Starlette) -> None:
    """The page that slips point to, alone: for the door that everybody reaches. It is what people read there whatever
    they ask for."""
    render = renderer(str)

    def instead(_template: str, *, status: int, headers: Mapping[str, str], said: str) -> Response:
        del said
        return render("slip.html", status=status, headers=headers)

    _add_slip_page(app, render)
    answer_people(app, instead)
    app.add_middleware(SafeHeaders)
    app.add_middleware(InTheirLanguage)


def _add_slip_page(app: Starlette, render: Render) -> None:
    def slip(_request: Request) -> Response:
        return render("slip.html")

    app.routes.append(one_method("GET", "/s", slip))
    app.mount("/static", StaticFiles(directory=HERE / "static"))
