"""The record of viewings, for admins. A name to look for is sent as a form, so that it stands in no address."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from district.sessions import Visit
from district.staff import Role
from district.viewings import Viewings, What
from district.web.site import Form, Site, plain

_LONGEST = 64


def add_audit_pages(site: Site, viewings: Viewings) -> None:
    def page(visit: Visit, *, staff: str, uid: str, before: str) -> Response:
        key = int(before) if before.isdecimal() and len(before) < 19 else None
        viewings.note(visit.staff.name, What.AUDIT, uid=uid or None, detail=staff)
        lines, older = viewings.page(staff=staff or None, uid=uid or None, before=key)
        return site.render(
            "audit.html", visit=visit, here="audit", lines=lines, older=older, staff=staff, uid=uid, first=key is None
        )

    def show(visit: Visit, request: Request) -> Response:
        uid = plain(str(request.path_params.get("uid", "")))[:36]
        return page(visit, staff="", uid=uid, before=request.query_params.get("before", ""))

    def search(visit: Visit, request: Request, form: Form) -> Response:
        del request
        return page(visit, staff=form.one("staff")[:_LONGEST], uid="", before=form.one("before"))

    site.shows("/audit", show, role=Role.ADMIN)
    site.shows("/audit/cases/{uid}", show, role=Role.ADMIN)
    site.does("/audit", search, role=Role.ADMIN)
