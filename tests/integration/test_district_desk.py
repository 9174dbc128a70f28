"""A day at the staff page: nothing that was typed is lost, nothing is told that is not so, and one finds back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import escape, unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select

from district.cases import Cases, Stage
from district.staff import Role
from district.tables import STEPS, SUBMISSIONS, SUPPLEMENTS
from district.viewings import What
from tests.support.chromium import chromium, context, violations
from tests.support.staff_site import JPEG, PASSWORD, QUICK, Office, Piece, filed, hand_in, paper_of, put_halls, uid

__all__ = ["chromium", "context"]
LINES = "it => {const all = document.createRange(); all.selectNodeContents(it); return all.getClientRects().length}"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr("district.staff._HASHER", QUICK)
    running = Office(tmp_path / "district")
    running.register.add("li", PASSWORD, Role.CLERK)
    yield running
    running.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def sign_in(page: Page, office: Office) -> None:
    page.goto(office.url)
    page.get_by_label("用户名").fill("li")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()


def test_a_note_that_a_browser_takes_is_taken(office: Office) -> None:
    case = hand_in(office.store, 1)
    clerk = office.person("li")
    clerk.get(f"/cases/{case}")
    typed = "\n".join(["请周三上午来"] * 72)[:500]
    sent = typed.replace("\n", "\r\n")  # as browsers send what they count as 500
    assert clerk.post(f"/cases/{case}/stage", {"from": "complete", "to": "accepted", "note": sent}).status_code == 200
    with office.store.engine.connect() as connection:
        assert connection.execute(select(STEPS.c.note)).scalar() == typed


def test_what_was_written_in_two_lines_is_read_in_two(office: Office, page: Page) -> None:
    case = hand_in(office.store, 1, address="桃源镇桃源村三组\n请转村委会代收")
    cases = Cases(office.store.engine)
    cases.move(case, start=Stage.COMPLETE, to=Stage.ACCEPTED, staff="li", note="请周三上午来\n二楼找小王")
    note = "第二页看不清\n请重拍"
    cases.ask(case, start=Stage.ACCEPTED, materials=["户口簿"], note=note, due_on=None, staff="li")
    sign_in(page, office)
    page.goto(f"{office.url}/cases/{case}")
    for lines in ("桃源镇桃源村三组\n请转村委会代收", "请周三上午来\n二楼找小王", note):
        assert lines in page.locator("main").inner_text()


@pytest.mark.parametrize(
    "typed",
    [
        "ＴＹ０３－２６１１２３－０００１－Ｅ",
        " ty03 261123 0001 e ",
        "TY03—261123–0001−E",
        "2026 - 000001",
        "２０２６——０００００１",
    ],
)
def test_a_number_is_found_however_it_is_typed(office: Office, typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("district.store.now_text", lambda: "2026-11-25T01:00:00+00:00")  # the year is in the number
    case = hand_in(office.store, 1, papers=())
    clerk = office.person("li")
    clerk.get("/cases")
    assert clerk.post("/cases/find", {"number": typed}).url == f"{office.url}/cases/{case}"


def test_a_number_that_is_not_found_can_be_put_right(office: Office) -> None:
    hand_in(office.store, 1)
    clerk = office.person("li")
    for typed in ("000001", "TY03-261123-0001", "王秀英", "“2026”"):
        clerk.get("/cases")
        answer = clerk.post("/cases/find", {"number": typed})
        assert (answer.status_code, f'value="{typed}"' in answer.text) == (404, True)
        assert "没有这个编号的办件" in answer.text


def test_a_supplement_is_due_by_the_calendar_of_the_hall(office: Office) -> None:
    case = hand_in(office.store, 1)
    office.clock.now = office.clock.now.replace(hour=17)  # UTC: tomorrow in the hall
    today = office.clock.now.date()
    clerk = office.person("li")
    fields = {"from": "accepted", "others": "照片", "note": "请重拍"}
    Cases(office.store.engine).move(case, start=Stage.COMPLETE, to=Stage.ACCEPTED, staff="li")
    clerk.get(f"/cases/{case}")
    token = clerk.csrf()
    path = f"/cases/{case}/supplement"
    assert clerk.post(path, {**fields, "due_on": today.isoformat()}, csrf=token).status_code == 422
    tomorrow = today + timedelta(days=1)
    assert clerk.post(path, {**fields, "due_on": tomorrow.isoformat()}, csrf=token).status_code == 200


def test_stages_tell_how_many_there_are_of_what_is_chosen(office: Office) -> None:
    for number in range(1, 4):
        hand_in(
            office.store, number, hall="ty", matter="pension-enrolment" if number == 1 else "pension-payout-account"
        )
    page = office.person("li").get("/cases?matter=pension-payout-account").text
    assert '材料齐全 <span class="count">2</span>' in page


def test_a_page_that_was_emptied_meanwhile_leads_back(office: Office) -> None:
    for number in range(1, 32):
        hand_in(office.store, number, papers=())
    clerk = office.person("li")
    older = unescape(re.findall(r'href="([^"]+before=\d+)"', clerk.get("/cases?stage=complete").text)[0])
    assert uid(1) in clerk.get(older).text
    Cases(office.store.engine).move(uid(1), start=Stage.COMPLETE, to=Stage.ACCEPTED, staff="li")
    page = clerk.get(older).text
    assert "还没有收到" not in page
    assert '<a href="/cases?stage=complete&amp;">← 最新的</a>' in page


def test_a_supplement_can_not_be_asked_for_any_more_is_told_as_such(office: Office) -> None:
    case = hand_in(office.store, 1)
    Cases(office.store.engine).move(case, start=Stage.COMPLETE, to=Stage.DECLINED, staff="wu", note="不在本地参保")
    answer = office.person("li").get(f"/cases/{case}/supplement")
    assert answer.status_code == 409
    assert "现在不能这样办" in answer.text
    assert f'href="/cases/{case}"' in answer.text
    assert office.record(case) == [("li", What.CASE)]


def test_the_list_tells_what_was_brought_since_it_was_asked_for(office: Office) -> None:
    cases = Cases(office.store.engine, clock=office.clock)
    asked = [hand_in(office.store, number) for number in (1, 2, 3, 4)]
    hand_in(office.store, 5)

    def ask(case: str, start: Stage) -> None:
        cases.ask(case, start=start, materials=["照片"], note="请重拍", due_on=None, staff="li")

    def bring(case: str) -> None:
        office.clock.turn(seconds=5)
        with office.store.engine.begin() as connection:
            settled = {"answered_uid": uid(9), "answered_at": office.clock().isoformat(timespec="seconds")}
            connection.execute(SUPPLEMENTS.update().where(SUPPLEMENTS.c.uid == case).values(settled))
        office.clock.turn(seconds=5)

    for case in asked:
        cases.move(case, start=Stage.COMPLETE, to=Stage.ACCEPTED, staff="li")
        ask(case, Stage.ACCEPTED)
    nothing, brought, again, on_its_way = asked
    bring(brought)
    bring(again)
    bring(on_its_way)
    cases.move(again, start=Stage.SUPPLEMENT, to=Stage.IN_PROGRESS, staff="li")
    ask(again, Stage.IN_PROGRESS)
    cases.move(on_its_way, start=Stage.SUPPLEMENT, to=Stage.IN_PROGRESS, staff="li")
    rows = office.person("li").get("/cases").text.split("<tr>")[2:]
    told = {case: "已补交" in row for row in rows for case in asked if case in row}
    assert told == {nothing: False, brought: True, again: False, on_its_way: False}


def test_what_was_done_is_said_to_who_did_it(office: Office) -> None:
    case = hand_in(office.store, 1)
    clerk, other = office.person("li"), office.person("wu")
    assert "已保存" not in clerk.get(f"/cases/{case}?saved").text
    page = clerk.post(f"/cases/{case}/stage", {"from": "complete", "to": "accepted"})
    assert "已保存：已受理" in page.text
    assert "已保存" not in clerk.get(f"/cases/{case}").text
    assert "已保存" not in other.get(f"/cases/{case}?saved").text
    clerk.get("/account")
    assert "其他地方的登录都已退出" in clerk.post("/account/others", {"password": PASSWORD}).text
    assert "已退出" not in clerk.get("/account?saved=x").text


def test_the_way_back_from_a_case_leads_to_the_list_one_came_from(office: Office) -> None:
    case = hand_in(office.store, 1, hall="ty")
    clerk = office.person("li")
    listed = "/cases?hall=ty&stage=complete&before=7"
    clerk.get(listed)
    clerk.get(f"/cases/{case}")
    page = clerk.post(f"/cases/{case}/stage", {"from": "complete", "to": "accepted"})
    assert 'href="/cases?last">← 回到办件</a>' in page.text
    assert clerk.get("/cases?last").url == office.url + listed
    clerk.get("/cases")
    assert clerk.get("/cases?last").url == f"{office.url}/cases"
    clerk.get("/cases?matter=%0d%0aX:%201;%22")
    assert clerk.get("/cases?last").status_code == 200
    clerk.get(listed)
    clerk.post("/sign-out", {})
    assert clerk.session.cookies.get("list") is None


@pytest.mark.parametrize("media_type", ["image/jpeg", "application/pdf"])
def test_a_paper_that_was_lost_is_told_as_lost(office: Office, media_type: str) -> None:
    papers = (Piece(media_type=media_type), Piece(content=b"", media_type=media_type))
    case = hand_in(office.store, 1, papers=papers)
    clerk = office.person("li")
    path = f"/cases/{case}/papers/{paper_of(case)}"
    assert ("丢失" in clerk.get(path).text, "存到本机" in clerk.get(path).text) == (False, True)
    office.store.objects.delete(paper_of(case))
    page = clerk.get(path).text
    assert ("丢失" in page, "存到本机" in page, "不是图像" in page, "<img" in page) == (True, False, False, False)
    assert "丢失" not in clerk.get(f"/cases/{case}/papers/{paper_of(case, 2)}").text  # empty, as it was sent


@pytest.mark.parametrize("media_type", ["image/jpeg", "application/pdf"])
def test_a_paper_that_changed_where_it_lies_is_given_to_nobody(office: Office, tmp_path: Path, media_type: str) -> None:
    papers = (Piece(content=filed("1"), media_type=media_type), Piece(content=JPEG * 300_000, media_type=media_type))
    case = hand_in(office.store, 1, papers=papers)
    clerk = office.person("li")
    small, large = (f"/cases/{case}/papers/{paper_of(case, place)}" for place in (1, 2))
    for path, paper in zip((small, large), papers, strict=True):
        assert clerk.get(f"{path}/content").content == paper.content
        file = tmp_path / "district" / "papers" / path.rpartition("/")[2]
        file.write_bytes(paper.content[:-1] + b"?")
        page = clerk.get(path)
        assert (page.status_code, "损坏" in page.text, "<img" in page.text) == (200, True, False)
    assert clerk.get(f"{small}/leaves/1").status_code == 404
    assert clerk.get(f"{small}/content").url == office.url + small
    with pytest.raises(requests.exceptions.ChunkedEncodingError):  # the first piece is on its way, and not the last
        clerk.get(f"{large}/content")


def test_the_record_calls_cases_as_people_do(office: Office) -> None:
    whole, waiting = hand_in(office.store, 1), hand_in(office.store, 2, arrive=False)
    clerk = office.person("li")
    for case in (whole, waiting):
        clerk.get(f"/cases/{case}")
    admin = office.person("sun", Role.ADMIN)
    page = admin.get("/audit").text
    assert f'<a href="/cases/{whole}">2026-000001</a>' in page
    assert f'<a href="/cases/{waiting}">TY03-261123-0002-E</a>' in page
    assert "<small>办件 2026-000001</small>" in admin.get(f"/audit/cases/{whole}").text


def test_a_hall_to_which_nothing_came_yet_is_told_so(office: Office) -> None:
    hand_in(office.store, 1, hall="ty")
    bound = office.person("feng", hall="hx")
    assert "还没有收到申报" in bound.get("/cases").text
    assert "没有符合的办件" in bound.get("/cases?stage=complete").text


def test_a_second_click_is_told_no_colleague(office: Office) -> None:
    case = hand_in(office.store, 1)
    clerk, other = office.person("li"), office.person("wu")
    clerk.get(f"/cases/{case}")
    token = clerk.csrf()
    accepted = {"from": "complete", "to": "accepted", "note": "请周三来"}
    asked = {"from": "accepted", "others": "照片", "note": "请重拍"}
    for path, fields in ((f"/cases/{case}/stage", accepted), (f"/cases/{case}/supplement", asked)):
        for _ in range(2):
            answer = clerk.post(path, fields, csrf=token)
            assert (answer.status_code, answer.url) == (200, f"{office.url}/cases/{case}?saved")
        other.get("/cases")
        assert "别人刚刚办过" in other.post(path, fields).text
        answer = clerk.post(path, {**fields, "note": "请周四来"}, csrf=token)
        assert "别人刚刚办过" in answer.text  # something else than what was done: it is told
    with office.store.engine.connect() as connection:
        assert connection.execute(select(STEPS.c.code)).scalars().all() == ["accepted", "supplement"]
    assert [what for _, what in office.record(case)].count(What.MOVED) == 1


def test_what_was_typed_is_given_back_where_it_is_not_saved(office: Office) -> None:
    case = hand_in(office.store, 1)
    clerk, other = office.person("li"), office.person("wu")
    path = f"/cases/{case}/supplement"
    fields = {"from": "accepted", "others": "村委会盖章的表", "note": "第二页看不清"}

    def given_back(answer: requests.Response) -> bool:
        return "村委会盖章的表\n\n第二页看不清</textarea>" in answer.text

    assert given_back(clerk.post(path, fields, csrf="of a session before"))
    evil = clerk.post(path, fields, Sec_Fetch_Site="cross-site")
    assert (evil.status_code, given_back(evil)) == (403, False)
    other.get(f"/cases/{case}")
    other.post(f"/cases/{case}/stage", {"from": "complete", "to": "declined", "note": "不在本地参保", "sure": "1"})
    clerk.get("/cases")
    late = clerk.post(path, fields)
    assert (late.status_code, given_back(late)) == (409, True)
    office.clock.turn(minutes=16)
    expired = clerk.post(path, fields)
    assert (expired.status_code, given_back(expired), "登录已过期" in expired.text) == (403, True, True)
    evil = office.visitor().post(path, fields, csrf="", Sec_Fetch_Site="cross-site")
    assert (evil.status_code, given_back(evil)) == (403, False)


def test_who_signs_in_again_comes_to_the_page_they_were_at(office: Office) -> None:
    case = hand_in(office.store, 1)
    clerk = office.person("li")
    for path in (f"/cases/{case}", "/cases?hall=ty&stage=complete&before=7", "/terminals?after=TY03", "/account"):
        office.clock.turn(minutes=16)
        asked = clerk.get(path)
        assert "登录后会回到刚才的页面" in asked.text
        address = parse_qs(urlsplit(asked.url).query)
        assert address == {"to": [path]}
        assert clerk.post("/sign-in", {"name": "li", "password": "x", "to": path}).status_code == 403
        assert f'name="to" value="{escape(path)}"' in clerk.post("/sign-in", {"name": "li", "to": path}).text
        assert clerk.post("/sign-in", {"name": "li", "password": PASSWORD, "to": path}).url == office.url + path
    office.clock.turn(minutes=16)
    left = clerk.post(f"/cases/{case}/stage", {"from": "complete", "to": "accepted"})
    assert parse_qs(urlsplit(left.url).query) == {"to": [f"/cases/{case}"]}


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example", "/cases@evil.example", "/cases/\r\nX: 1", "/v1"]
)
def test_nobody_is_led_elsewhere_by_signing_in(office: Office, to: str) -> None:
    clerk = office.visitor()
    clerk.get("/sign-in")
    assert clerk.post("/sign-in", {"name": "li", "password": PASSWORD, "to": to}).url == f"{office.url}/cases"
    assert clerk.session.get(f"{office.url}/sign-in", params={"to": to}, timeout=20).url == f"{office.url}/cases"


def test_a_supplement_that_came_too_late_can_be_copied(office: Office, page: Page) -> None:
    case = hand_in(office.store, 1)
    Cases(office.store.engine).move(case, start=Stage.COMPLETE, to=Stage.ACCEPTED, staff="li")
    sign_in(page, office)
    page.goto(f"{office.url}/cases/{case}/supplement")
    page.get_by_label("户口簿").check()
    page.get_by_label("告诉居民").fill("第二页看不清\n请重拍")
    office.clock.turn(minutes=16)
    page.get_by_role("button", name="发给居民").click()
    expect(page.get_by_label("您刚才写的")).to_have_value("第二页看不清\n请重拍")
    assert violations(page) == []
    page.get_by_role("link", name="重新登录").click()
    assert violations(page) == []
    page.get_by_label("用户名").fill("li")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page).to_have_url(f"{office.url}/cases/{case}/supplement")


def test_at_twice_the_size_the_page_is_more_than_its_head(office: Office, page: Page) -> None:
    hand_in(office.store, 1, hall="kc")
    put_halls(office.store, kc="阿克苏地区库车市玉奇吾斯塔镇阿克布亚村党群服务中心便民服务大厅")
    with office.store.engine.begin() as connection:
        connection.execute(SUBMISSIONS.update().values(rating=1))
    sign_in(page, office)

    rating = page.get_by_text("非常不满意").evaluate(LINES)
    page.set_viewport_size({"width": 640, "height": 400})  # 1280 x 800 at 200 %
    assert (rating, page.get_by_text("非常不满意").evaluate(LINES)) == (1, 1)
    assert page.locator("header").evaluate("it => it.offsetHeight") < 130
    assert page.get_by_text("玉奇吾斯塔镇").last.evaluate(LINES) < 6


def test_paper_has_the_case_and_nothing_to_click(office: Office, page: Page) -> None:
    case = hand_in(office.store, 1)
    sign_in(page, office)
    page.emulate_media(media="print")
    for path, read in ((f"/cases/{case}", "办理经过"), ("/cases", "2026-000001")):
        page.goto(office.url + path)
        assert read in page.locator("main").inner_text()
        for hidden in ("办件编号或暂存号", "全部", "筛选", "提交", "下一步"):
            assert page.locator("main").get_by_text(hidden, exact=True).locator("visible=true").count() == 0
