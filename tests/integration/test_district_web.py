"""The staff page over HTTP: what each role sees and does, and what is on record of it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from district.cases import Cases, Selection, Stage
from district.database import open_engine
from district.retention import erase
from district.staff import Role
from district.tables import TERMINALS
from district.telemetry import Telemetry
from district.viewings import What
from district.web.terminal_pages import terminals
from tests.support.staff_site import (
    ID_NUMBER,
    JPEG,
    QUICK,
    Office,
    Piece,
    filed,
    hand_in,
    paper_of,
    put_halls,
    put_terminal,
    uid,
)

HALF = f"{ID_NUMBER[:3]}***********{ID_NUMBER[-4:]}"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr("district.staff._HASHER", QUICK)
    running = Office(tmp_path / "district")
    yield running
    running.close()


def test_cases_are_found_by_hall_matter_and_stage(office: Office) -> None:
    put_halls(office.store, ty="桃源镇便民服务中心", hx="红星乡便民服务中心")
    first = hand_in(office.store, 1, hall="ty")
    hand_in(office.store, 2, hall="hx", matter="pension-payout-account")
    hand_in(office.store, 3, hall="ty", arrive=False)
    hand_in(office.store, 4, test=True)
    clerk = office.person("li")

    def shown(query: str) -> set[int]:
        page = clerk.get(f"/cases{query}").text
        return {number for number in range(1, 5) if f'href="/cases/{uid(number)}"' in page}

    assert shown("") == {1, 2, 3}
    assert shown("?hall=ty") == {1, 3}
    assert shown("?matter=pension-payout-account") == {2}
    assert shown("?hall=ty&stage=complete") == {1}
    assert shown("?hall=ty&matter=pension-enrolment&stage=received") == {3}
    assert shown("?hall=hx&matter=pension-enrolment") == set()
    assert "没有符合的办件" in clerk.get("/cases?stage=approved").text
    assert shown("?tests=1") == {4}
    assert shown("?hall=nowhere&stage=never&before=x&after=-1") == {1, 2, 3}
    page = clerk.get("/cases").text
    assert "王秀英" not in page
    assert '材料齐全 <span class="count">2</span>' in page
    assert office.record(first) == []


def test_pages_are_turned_by_key(office: Office) -> None:
    for number in range(1, 66):
        hand_in(office.store, number, papers=(), hall="ty" if number % 2 else "hx")
    cases = Cases(office.store.engine)
    for selection, expected in ((Selection(), range(65, 0, -1)), (Selection(hall="ty"), range(65, 0, -2))):
        seen: list[str] = []
        page = cases.page(selection)
        assert page.newer is None
        pages = [page]
        while page.older is not None:
            page = cases.page(selection, before=page.older)
            pages.append(page)
        for one in pages:
            seen += [line.uid for line in one.lines]
        assert seen == [uid(number) for number in expected]
        back = cases.page(selection, after=pages[-1].newer)
        assert back.lines == pages[-2].lines
        assert (back.older is not None, back.newer is not None) == (True, len(pages) > 2)


def test_a_case_is_found_by_a_number_that_stands_in_no_address(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("district.store.now_text", lambda: "2026-11-25T01:00:00+00:00")  # the year is in the number
    case = hand_in(office.store, 1, papers=())
    clerk = office.person("li")
    clerk.get("/cases")
    for number in ("TY03-261123-0001-E", "ty03-261123-0001-e", "2026-000001"):
        clerk.get("/cases")
        found = clerk.post("/cases/find", {"number": number})
        assert found.url == f"{office.url}/cases/{case}"
        assert [one.status_code for one in found.history] == [303]
    clerk.get("/cases")
    missing = clerk.post("/cases/find", {"number": "TY03-261123-0009-X"})
    assert (missing.status_code, missing.url) == (404, f"{office.url}/cases/find")
    assert "没有这个编号的办件" in missing.text
    assert ("li", What.FOUND) in office.record()


def test_a_case_shows_answers_papers_and_steps_with_numbers_masked(office: Office) -> None:
    case = hand_in(office.store, 1, remark="<script>alert(1)</script>", consent="\u202e")
    viewer = office.person("zhao", Role.VIEWER)
    page = viewer.get(f"/cases/{case}").text
    assert "王秀英" in page
    assert HALF in page
    assert ID_NUMBER not in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "户口簿" in page
    assert office.record(case) == [("zhao", What.CASE)]
    assert "显示完整号码" not in page  # a viewer may not
    assert viewer.post(f"/cases/{case}/numbers", {}).status_code == 403


def test_showing_numbers_is_a_clerks_act_and_on_record(office: Office) -> None:
    case = hand_in(office.store, 1)
    clerk = office.person("li")
    clerk.get(f"/cases/{case}")
    page = clerk.post(f"/cases/{case}/numbers", {})
    assert ID_NUMBER in page.text
    assert page.url == f"{office.url}/cases/{case}/numbers"
    assert office.record(case) == [("li", What.CASE), ("li", What.NUMBERS)]
    assert ID_NUMBER not in clerk.get(f"/cases/{case}").text


def test_a_paper_is_shown_as_the_picture_it_is_and_on_record(office: Office) -> None:
    case = hand_in(office.store, 1, papers=(Piece(), Piece(content=b"%PDF-1.7 x", media_type="application/pdf")))
    clerk = office.person("zhao", Role.VIEWER)
    page = clerk.get(f"/cases/{case}/papers/{paper_of(case)}").text
    assert "第 1 份，共 2 份" in page
    assert f'href="/cases/{case}/papers/{paper_of(case, 2)}"' in page
    assert office.record(case) == [("zhao", What.CASE)]
    content = clerk.get(f"/cases/{case}/papers/{paper_of(case)}/content")
    assert content.content == JPEG
    assert content.headers["Content-Type"] == "image/jpeg"
    assert content.headers["Content-Disposition"] == f'inline; filename="{paper_of(case)}.jpg"'
    assert content.headers["X-Content-Type-Options"] == "nosniff"
    assert content.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert content.headers["Cache-Control"] == "no-store"
    assert office.record(case) == [("zhao", What.CASE), ("zhao", What.PAPER)]
    assert "网页里不打开" in clerk.get(f"/cases/{case}/papers/{paper_of(case, 2)}").text
    pdf = clerk.get(f"/cases/{case}/papers/{paper_of(case, 2)}/content")
    assert pdf.headers["Content-Disposition"] == f'attachment; filename="{paper_of(case, 2)}.pdf"'


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("text/html", b"<script>alert(1)</script>"),
        ("image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
        ("image/jpeg", b"<html><script>alert(1)</script>"),
        ("image/png", b"GIF89a<script>alert(1)</script>"),
        ("application/pdf", b"<script>alert(1)</script>%PDF-"),
        ("application/xhtml+xml", b"<html xmlns='http://www.w3.org/1999/xhtml'/>"),
        ("image/jpeg", b""),
    ],
)
def test_a_malicious_file_is_a_file_and_nothing_else(office: Office, media_type: str, content: bytes) -> None:
    case = hand_in(office.store, 1, papers=(Piece(content=content, media_type=media_type),))
    clerk = office.person("li")
    answer = clerk.get(f"/cases/{case}/papers/{paper_of(case)}/content")
    assert answer.content == content
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{paper_of(case)}.bin"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_terminals_tell_how_they_are(office: Office) -> None:
    put_halls(office.store, ty="桃源镇便民服务中心")
    for code, revoked in (("AA01", False), ("AA02", False), ("AA03", False), ("AA04", True)):
        put_terminal(office.store, code, "ty", revoked=revoked)
    reports = Telemetry(office.store.engine)
    good = '{"version": "1.2", "waiting": 3, "held": 0, "oldest_seconds": 60, "free_bytes": 9000000000}'
    ill = '{"version": ["x"], "waiting": "many", "held": 2, "oldest_seconds": 1e99, "free_bytes": 5'
    ill += ', "clock_offset_seconds": -900}'
    reports.keep(terminal="AA01", kind="heartbeat", body=good)
    reports.keep(terminal="AA02", kind="heartbeat", body=ill)
    viewer = office.person("zhao", Role.VIEWER)
    rows = viewer.get("/terminals").text.split("<tr>")[2:]
    assert ["正常" in row for row in rows] == [True, False, False, False]
    assert all(said in rows[1] for said in ("有申报被退回", "磁盘快满了", "时钟不准"))
    assert "还没有联系过" in rows[2]
    assert "已停用" in rows[3]
    office.clock.turn(minutes=10)
    assert "正常" in viewer.get("/terminals").text
    office.clock.turn(minutes=12)
    viewer.get("/cases")
    office.clock.turn(minutes=12)
    page = viewer.get("/terminals").text
    assert "正常" not in page
    assert "半小时没有消息" in page


def test_a_certificate_that_ends_soon_is_an_ill(office: Office) -> None:
    reports = Telemetry(office.store.engine)
    for code, days in (("AA01", 15), ("AA02", 14), ("AA03", 1), ("AA04", 0), ("AA05", -3)):
        put_terminal(office.store, code, None)
        reports.keep(terminal=code, kind="heartbeat", body=f'{{"certificate_days": {days}}}')
    rows = office.person("zhao", Role.VIEWER).get("/terminals").text.split("<tr>")[2:]
    assert "正常" in rows[0]
    assert ["证书快到期" in row for row in rows] == [False, True, True, False, False]
    assert ["证书已经到期" in row for row in rows] == [False, False, False, True, True]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_terminal_stands_where_its_newest_machine_does(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path / 'd.db'}" if kind == "sqlite" else str(request.getfixturevalue("postgres"))
    engine = open_engine(url)
    put = TERMINALS.insert().values(code="TY03", public_key=b"", hall="zhen")
    with engine.begin() as connection:
        connection.execute(put.values(key_id="k1", added_at="2026-01-01", revoked_at="2026-02-01"))
        connection.execute(put.values(key_id="k2", added_at="2026-02-01", hall="an"))
    now = datetime.now(tz=UTC)
    shown = {
        hall: [(one.hall, one.revoked) for one in terminals(engine, now=now, hall=hall)[0]]
        for hall in (None, "an", "zhen")
    }
    engine.dispose()
    assert shown == {None: [("an", False)], "an": [("an", False)], "zhen": []}


def test_terminals_come_fifty_a_page(office: Office) -> None:
    for number in range(60):
        put_terminal(office.store, f"T{number:03d}", None)
    viewer = office.person("zhao", Role.VIEWER)
    page = viewer.get("/terminals").text
    assert ("T049" in page, "T050" in page, "/terminals?after=T049" in page) == (True, False, True)
    page = viewer.get("/terminals?after=T049").text
    assert ("T049<" in page, "T050<" in page, "T059<" in page) == (False, True, True)


def test_slips_point_to_a_page_for_everybody(office: Office) -> None:
    anybody = office.visitor()
    assert "扫码查询" in anybody.get("/s").text
    assert anybody.get("/static/staff.css").status_code == 200


def test_what_was_erased_is_told_as_such(office: Office) -> None:
    case = hand_in(office.store, 1)
    cases = Cases(office.store.engine)
    cases.move(case, start=Stage.COMPLETE, to=Stage.DECLINED, staff="li", note="不在本地参保")
    erase(office.store.engine, office.store.objects, days=1, now=office.clock.now + timedelta(days=2))
    clerk = office.person("li")
    assert "内容已删除" in clerk.get("/cases").text
    page = clerk.get(f"/cases/{case}").text
    assert "保存期已满" in page
    assert "2026-" in page
    assert "王秀英" not in page
    assert clerk.get(f"/cases/{case}/papers/{paper_of(case)}/content").status_code == 404


def test_a_filed_paper_is_shown_as_its_pictures(office: Office) -> None:
    text = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\ntrailer<</Root 1 0 R>>"
    pieces = (filed("RGB", "1"), text, b"%PDF-1.7 junk")
    papers = tuple(Piece(content=one, media_type="application/pdf") for one in pieces)
    case = hand_in(office.store, 1, papers=papers)
    viewer = office.person("zhao", Role.VIEWER)
    place = f"/cases/{case}/papers/{paper_of(case)}"
    page = viewer.get(place).text
    assert [f"{place}/leaves/{number}" in page for number in (1, 2, 3)] == [True, True, False]
    for number, kind, ending in ((1, "image/jpeg", "jpg"), (2, "image/png", "png")):
        leaf = viewer.get(f"{place}/leaves/{number}")
        assert leaf.headers["Content-Type"] == kind
        assert leaf.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert leaf.headers["Content-Disposition"] == f'inline; filename="{paper_of(case)}-{number}.{ending}"'
        assert Image.open(io.BytesIO(leaf.content)).size == (120, 160)
    assert office.record(case) == [("zhao", What.CASE)] + [("zhao", What.PAPER)] * 2
    for number in ("0", "3", "x", "-1"):
        assert viewer.get(f"{place}/leaves/{number}").status_code == 404
    for at in (2, 3):
        assert "网页里不打开" in viewer.get(f"/cases/{case}/papers/{paper_of(case, at)}").text
