"""The record of viewings: no way to a case goes past it, and what can't be recorded is not seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from starlette.applications import Starlette

from district.cases import Cases, Stage
from district.staff import Role
from district.viewings import Viewings, What
from district.web import add_staff_pages
from tests.support.staff_site import (
    ID_NUMBER,
    JPEG,
    QUICK,
    Office,
    Piece,
    Visitor,
    filed,
    hand_in,
    paper_of,
    put_halls,
    put_terminal,
    uid,
)

CASE = uid(1)
PAPER, PDF = paper_of(CASE), paper_of(CASE, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A request that shows something of the case, with what is on record of it then. `path` is of the route."""

    path: str
    what: What
    detail: str = ""
    status: int = 200
    fields: Mapping[str, str] | None = None
    with_: Mapping[str, str] = field(default_factory=dict[str, str])

    def go(self, visitor: Visitor, csrf: str) -> requests.Response:
        address = self.path.format(uid=CASE, **self.with_)
        if self.fields is None:
            return visitor.get(address)
        return visitor.post(address, {"from": "accepted", **self.fields}, csrf=csrf)


LEAF = "/cases/{uid}/papers/{name}/leaves/{leaf}"
CONTENT = "/cases/{uid}/papers/{name}/content"
STAGE, SUPPLEMENT = "/cases/{uid}/stage", "/cases/{uid}/supplement"
WAYS = (
    Way(path="/cases/{uid}", what=What.CASE),
    Way(path="/cases/{uid}/numbers", what=What.NUMBERS, fields={}),
    Way(path="/cases/{uid}/papers/{name}", with_={"name": PAPER}, what=What.CASE, detail=PAPER),
    Way(path="/cases/{uid}/papers/{name}", with_={"name": PDF}, what=What.CASE, detail=PDF),
    Way(path=CONTENT, with_={"name": PAPER}, what=What.PAPER, detail=PAPER),
    Way(path=LEAF, with_={"name": PDF, "leaf": "1"}, what=What.PAPER, detail=f"{PDF} 1"),
    Way(path=STAGE, what=What.CASE, fields={}, status=422),
    Way(path=STAGE, what=What.CASE, fields={"to": "nowhere"}, status=422),
    Way(path=STAGE, what=What.CASE, fields={"to": "declined"}, status=422),
    Way(path=STAGE, what=What.CASE, fields={"to": "in-progress", "note": "x" * 501}, status=422),
    Way(path=STAGE, what=What.CASE, detail="declined", fields={"to": "declined", "note": "不在本地参保"}),
    Way(path=SUPPLEMENT, what=What.CASE, detail="supplement"),
    Way(path=SUPPLEMENT, what=What.CASE, detail="supplement", fields={}, status=422),
    Way(path=SUPPLEMENT, what=What.CASE, detail="supplement", fields={"others": "x" * 61}, status=422),
    Way(path=SUPPLEMENT, what=What.CASE, detail="supplement", fields={"others": "照片"}, status=422),
    Way(
        path=SUPPLEMENT,
        what=What.CASE,
        detail="supplement",
        fields={"others": "照片", "note": "请重拍", "due_on": "2020-01-01"},
        status=422,
    ),
)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr("district.staff._HASHER", QUICK)
    running = Office(tmp_path / "district")
    yield running
    running.close()


def put_case(office: Office) -> None:
    hand_in(office.store, 1, papers=(Piece(), Piece(content=filed("RGB"), media_type="application/pdf")))
    Cases(office.store.engine).move(CASE, start=Stage.COMPLETE, to=Stage.ACCEPTED, staff="wu")


def test_no_way_to_a_case_goes_past_the_record(office: Office) -> None:
    put_case(office)
    clerk = office.person("li")
    clerk.get("/account")
    csrf = clerk.csrf()
    told = Viewings(office.store.engine)
    for number, way in enumerate(WAYS, 1):
        answer = way.go(clerk, csrf)
        assert (way, answer.status_code) == (way, way.status)
        lines = [line for line in told.page(uid=CASE)[0] if line.what != What.UNFIT]  # that is a line of its own
        newest = lines[0]
        assert (way, newest.staff, newest.what, newest.detail) == (way, "li", way.what, way.detail)
        assert len(lines) == number
    assert office.stage(CASE) == "accepted"


def test_every_address_of_a_case_is_among_these_ways(office: Office) -> None:
    app = Starlette()
    add_staff_pages(app, office.store, clock=office.clock)
    addresses = {str(getattr(route, "path", "")) for route in app.routes}
    assert {path for path in addresses if path.startswith("/cases/{")} == {way.path for way in WAYS}


def test_what_can_not_be_recorded_is_not_seen(office: Office) -> None:
    put_case(office)
    clerk, admin = office.person("li"), office.person("sun", Role.ADMIN)
    clerk.get("/account")
    csrf = clerk.csrf()
    admin.get("/account")
    with office.store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE viewing RENAME TO away")
    for way in WAYS:
        answer = way.go(clerk, csrf)
        assert (way, answer.status_code) == (way, 503)
        for seen in ("王秀英", ID_NUMBER[-4:], "户口簿", "TY03", CASE[:8]):
            assert seen not in answer.text
        assert JPEG not in answer.content
        assert "image" not in answer.headers["Content-Type"]
    found = clerk.post("/cases/find", {"number": "TY03-261123-0001-E"}, csrf=csrf)
    assert (found.status_code, found.history) == (503, [])
    assert admin.get("/audit").status_code == 503
    assert office.visitor().sign_in("li").status_code == 503
    with office.store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO viewing")
    assert "王秀英" in clerk.get(f"/cases/{CASE}").text


def test_who_is_bound_to_a_hall_knows_of_no_other(office: Office) -> None:
    put_halls(office.store, ty="桃源镇便民服务中心", hx="红星乡便民服务中心")
    ours, theirs = hand_in(office.store, 1, hall="ty"), hand_in(office.store, 2, hall="hx")
    put_terminal(office.store, "TY03", "ty")
    put_terminal(office.store, "HX01", "hx")
    clerk = office.person("li", hall="ty")
    page = clerk.get("/cases?hall=hx").text
    assert ours in page
    assert theirs not in page
    assert 'id="hall"' not in page
    inside = f"/cases/{theirs}/papers/{paper_of(theirs)}"
    for path in (f"/cases/{theirs}", inside, f"{inside}/content", f"/cases/{theirs}/supplement"):
        assert clerk.get(path).status_code == 404
    clerk.get("/cases")
    token = clerk.csrf()
    for path, fields in (
        (f"/cases/{theirs}/numbers", {}),
        (f"/cases/{theirs}/stage", {"from": "complete", "to": "accepted"}),
        (f"/cases/{theirs}/supplement", {"from": "complete", "others": "x", "note": "x"}),
        ("/cases/find", {"number": "TY03-261123-0002-E"}),
    ):
        assert clerk.post(path, fields, csrf=token).status_code == 404
    # A paper of another case doesn't open through one's own, either.
    assert clerk.get(f"/cases/{ours}/papers/{paper_of(theirs)}/content").status_code == 404
    # Nothing was seen; that it was tried is on record, with the case.
    assert office.record(theirs) == [("li", What.FORBIDDEN)] * 8
    assert "想看办件" in office.person("sun", Role.ADMIN).get(f"/audit/cases/{theirs}").text
    assert office.stage(theirs) == "complete"
    page = clerk.get("/terminals").text
    assert "TY03" in page
    assert "HX01" not in page


def test_who_tries_what_their_role_may_not_is_on_record_with_the_case(office: Office) -> None:
    put_case(office)
    viewer = office.person("zhao", Role.VIEWER)
    viewer.get("/account")
    csrf = viewer.csrf()
    assert viewer.post(f"/cases/{CASE}/numbers", {}, csrf=csrf).status_code == 403
    assert viewer.get(f"/cases/{CASE}/supplement").status_code == 403
    assert office.record(CASE) == [("zhao", What.FORBIDDEN)] * 2
    page = office.person("sun", Role.ADMIN).get(f"/audit/cases/{CASE}").text
    assert "想显示完整号码" in page
    assert "想提出补正" in page


def test_a_form_that_is_refused_is_on_record(office: Office) -> None:
    put_case(office)
    clerk = office.person("li")
    clerk.get("/account")
    csrf = clerk.csrf()
    accept = {"from": "complete", "to": "accepted"}
    for status, token, path, fields in (
        (403, "x", f"/cases/{CASE}/stage", accept),
        (409, csrf, f"/cases/{CASE}/stage", accept),
        (422, csrf, f"/cases/{CASE}/stage", {"from": "accepted", "to": "declined"}),
        (422, csrf, f"/cases/{CASE}/supplement", {"from": "accepted"}),
        (413, csrf, f"/cases/{CASE}/supplement", {"note": "好" * 40_000}),
        (413, csrf, "/account/password", {"new": "x" * 40_000}),
    ):
        assert clerk.post(path, fields, csrf=token).status_code == status
        assert office.record()[-1] == ("li", What.UNFIT)
    assert [what for _, what in office.record(CASE)].count(What.UNFIT) == 5
    page = office.person("sun", Role.ADMIN).get("/audit").text
    for told in (
        "想改办理阶段：页面已经过期",
        "想改办理阶段：办件已经变了，或者不能这样办",
        "想提出补正：填写的内容不合要求",
        "想提出补正：内容太多",
        "想改自己的账号：内容太多",
    ):
        assert told in page


def test_a_refused_sign_in_form_is_in_the_servers_log(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    visitor = office.visitor()
    visitor.get("/sign-in")
    assert visitor.post("/sign-in", {"name": "li", "password": "hidden-word"}, csrf="x").status_code == 403
    assert visitor.post("/sign-in", {"name": "li", "password": "hidden-word" * 4000}).status_code == 413
    told = [record.getMessage() for record in caplog.records if record.name == "district.web.signing_in"]
    assert told == [
        "a sign-in form that is not ours, or stale, from 127.0.0.1",
        "a sign-in form that is too large, from 127.0.0.1",
    ]
    assert office.record() == []


def test_an_admin_sees_who_looked_and_nobody_else_does(office: Office) -> None:
    case = hand_in(office.store, 1)
    other = hand_in(office.store, 2)
    clerk, admin = office.person("li"), office.person("sun", Role.ADMIN)
    clerk.get(f"/cases/{case}")
    clerk.get(f"/cases/{other}")
    for path in ("/audit", f"/audit/cases/{case}"):
        assert clerk.get(path).status_code == 403
    assert ("li", What.FORBIDDEN) in office.record()
    page = admin.get(f"/audit/cases/{case}").text
    assert "看了办件" in page
    assert (case in page, other in page) == (True, False)
    page = admin.get("/audit")
    assert "登录" in page.text
    named = admin.post("/audit", {"staff": "li"})
    assert named.url == f"{office.url}/audit"
    assert "sun</td>" not in named.text
    assert "看了办件" in named.text
    assert "没有记录" in admin.post("/audit", {"staff": "nobody"}).text


def test_the_record_has_pages(office: Office) -> None:
    viewings = Viewings(office.store.engine)
    for number in range(60):
        viewings.note("li", What.CASE, uid=uid(1), detail=f"d{number:03d}".ljust(8))
    admin = office.person("sun", Role.ADMIN)
    first = admin.get(f"/audit/cases/{uid(1)}").text
    assert ("d059" in first, "d000" in first) == (True, False)
    before = first.partition("?before=")[2].partition('"')[0]
    assert "d000" in admin.get(f"/audit/cases/{uid(1)}?before={before}").text
    page = admin.post("/audit", {"staff": "li"}).text
    before = page.partition('name="before" value="')[2].partition('"')[0]
    assert "d000" in admin.post("/audit", {"staff": "li", "before": before}).text
