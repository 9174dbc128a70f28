"""The staff page in a real Chromium: a clerk's way by mouse and by keyboard alone, and every page before axe-core."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from district.cases import Cases, Stage
from district.staff import Role
from district.tables import SUBMISSIONS, SUPPLEMENTS
from district.telemetry import Telemetry
from district.web.english import ENGLISH
from tests.support.chromium import chromium, context, violations
from tests.support.staff_site import (
    PASSWORD,
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

__all__ = ["chromium", "context"]
LONG_NAME = "阿卜杜热合曼·买买提艾力江·吐尔逊"
LONG_HALL = "阿克苏地区库车市玉奇吾斯塔镇阿克布亚村党群服务中心便民服务大厅"
REASON = "不在本地参保"
DATA = (LONG_NAME, LONG_HALL, "桃源镇便民服务中心", "王秀英", "请周三上午来", "照片", "请重拍", REASON)
"""What residents, halls and staff wrote."""
CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
EVIL = b"<html><body><script>document.title='owned'</script><h1>owned</h1></body></html>"


def picture() -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (1240, 1754), "white").save(kept, "PNG")
    return kept.getvalue()


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr("district.staff._HASHER", QUICK)
    running = Office(tmp_path / "district")
    put_halls(running.store, ty="桃源镇便民服务中心", kc=LONG_HALL)
    papers = (
        Piece(content=picture(), media_type="image/png"),
        Piece(content=EVIL, media_type="image/png", material="bank-card"),
    )
    hand_in(running.store, 1, papers=papers, hall="kc", name=LONG_NAME)
    hand_in(running.store, 2, hall="ty")
    pdf = Piece(content=filed("RGB", "1", size=(1240, 1754)), media_type="application/pdf")
    hand_in(running.store, 3, papers=(pdf,), hall="ty")
    running.register.add("li.clerk", PASSWORD, Role.CLERK)
    running.register.add("sun", PASSWORD, Role.ADMIN)
    yield running
    running.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    opened = context.new_page()
    said: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and "status of " not in message.text:
            said.append(message.text)

    opened.on("console", listen)
    yield opened
    assert said == []  # nothing that the page's own policy refused


def sign_in(page: Page, office: Office, name: str = "li.clerk") -> None:
    page.goto(office.url)
    page.get_by_label("用户名").fill(name)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("办件")


def stage(office: Office, case: str) -> str:
    with office.store.engine.connect() as connection:
        return str(connection.execute(select(SUBMISSIONS.c.stage).where(SUBMISSIONS.c.uid == case)).scalar())


def test_a_clerk_finds_a_case_opens_a_paper_asks_for_a_supplement_and_decides(office: Office, page: Page) -> None:
    case = uid(1)
    sign_in(page, office)
    page.get_by_label("办件编号或暂存号").fill("TY03-261123-0001-E")
    page.get_by_role("button", name="查找").click()
    expect(page).to_have_url(f"{office.url}/cases/{case}")
    expect(page.get_by_text(LONG_NAME)).to_be_visible()
    page.get_by_role("link", name="户口簿").click()
    shown = page.get_by_role("img")
    expect(shown).to_have_js_property("naturalWidth", 1240)
    page.get_by_role("link", name="回到办件").click()

    page.get_by_label("受理").check()
    page.get_by_role("button", name="提交", exact=True).click()
    expect(page.locator(".title .stage")).to_contain_text("已受理")
    page.get_by_role("link", name="要求补正").click()
    page.get_by_label("户口簿").check()
    page.get_by_label("告诉居民").fill("户口簿第二页看不清，请重新拍一张。")
    page.get_by_label("截止日期").fill("2099-12-31")
    page.get_by_role("button", name="发给居民").click()
    expect(page.locator(".title .stage")).to_contain_text("待补正")
    with office.store.engine.connect() as connection:
        (asked,) = connection.execute(select(SUPPLEMENTS)).all()
    assert (asked.uid, asked.materials, asked.due_on) == (case, ["household-register"], "2099-12-31")

    page.get_by_label("开始办理").check()
    page.get_by_role("button", name="提交", exact=True).click()
    page.get_by_label("办结，准予").check()
    page.get_by_role("button", name="提交", exact=True).click()
    assert stage(office, case) == "in-progress"
    page.get_by_role("button", name="确认：办结，准予").click()
    expect(page.locator(".title .stage")).to_contain_text("办结·准予")
    assert stage(office, case) == "approved"
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("工作人员登录")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("工作人员登录")


def test_everything_is_done_by_keyboard_alone(office: Office, page: Page) -> None:
    case = uid(1)

    def tab_to(what: str) -> None:
        """Go on by Tab until the thing that is called `what` has the focus, and can be seen to have it."""
        for _ in range(60):
            page.keyboard.press("Tab")
            named, outline = page.evaluate(
                "(it => [(it.labels && it.labels[0] ? it.labels[0] : it).innerText, getComputedStyle(it).outlineStyle])"
                "(document.activeElement)"
            )
            if page.evaluate("document.activeElement !== document.body") and what in named:
                assert outline != "none"
                return
        pytest.fail(f"no way by Tab to {what}")

    page.goto(office.url)
    expect(page.get_by_label("用户名")).to_be_focused()
    page.keyboard.type("li.clerk")
    tab_to("密码")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{office.url}/cases")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("跳到正文")
    page.keyboard.press("Enter")
    tab_to("办件编号或暂存号")
    page.keyboard.type("TY03-261123-0001-E")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{office.url}/cases/{case}")
    tab_to("户口簿")
    page.keyboard.press("Enter")
    expect(page.get_by_role("img")).to_be_visible()
    tab_to("回到办件")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{office.url}/cases/{case}")
    tab_to("受理")
    page.keyboard.press("Space")
    tab_to("提交")
    page.keyboard.press("Enter")
    expect(page.locator(".title .stage")).to_contain_text("已受理")
    tab_to("要求补正")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{office.url}/cases/{case}/supplement")
    tab_to("户口簿")
    page.keyboard.press("Space")
    tab_to("告诉居民")
    page.keyboard.type("请重新拍一张。")
    tab_to("发给居民")
    page.keyboard.press("Enter")
    expect(page.locator(".title .stage")).to_contain_text("待补正")
    assert stage(office, case) == "supplement"


def test_a_paper_that_terminals_file_is_seen_page_by_page(office: Office, page: Page) -> None:
    sign_in(page, office)
    page.goto(f"{office.url}/cases/{uid(3)}")
    page.get_by_role("link", name="户口簿").click()
    expect(page.get_by_role("img")).to_have_count(2)
    for leaf in page.get_by_role("img").all():
        expect(leaf).to_have_js_property("naturalWidth", 1240)
    with page.expect_download() as kept:
        page.get_by_role("link", name="存到本机").click()
    assert Path(kept.value.path()).read_bytes().startswith(b"%PDF-")
    assert kept.value.suggested_filename == f"{paper_of(uid(3))}.pdf"


class Looks:
    """What axe-core says of each page at two widths, by name; and what on an English one is Chinese and no data."""

    def __init__(self, page: Page, office: Office, *, english: bool = False) -> None:
        self._page = page
        self._office = office
        self._english = english
        self._found: dict[str, list[str]] = {}

    def at(self, name: str, path: str | None = None) -> None:
        page = self._page
        if path is not None:
            page.goto(self._office.url + path)
        for width in (1280, 400):
            page.set_viewport_size({"width": width, "height": 800})
            # Nothing but a table in its own frame is wider than the window.
            beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            self._found[f"{name} {width}"] = violations(page) + ([f"wider by {beyond}"] if beyond > 0 else [])
        said = f"{page.title()}\n{page.locator('body').inner_text()}"
        for data in (*DATA, "中文") if self._english else ():
            said = said.replace(data, "")
        if self._english:
            assert page.locator("html").get_attribute("lang") == "en"
            self._found[f"{name} in Chinese"] = [line for line in said.splitlines() if CHINESE.search(line)]

    def on_alert(self, name: str) -> None:
        expect(self._page.get_by_role("alert")).to_be_visible()
        self.at(name)

    def on_message(self, name: str, heading: str) -> None:
        expect(self._page.get_by_role("heading", level=1)).to_have_text(heading)
        self.at(name)

    def found(self) -> dict[str, list[str]]:
        assert len(self._found) > 10
        return {name: wrong for name, wrong in self._found.items() if wrong}


def answer_supplement(office: Office, case: str, answer: str) -> None:
    """The resident brings, with the submission `answer`, what was asked for."""
    with office.store.engine.begin() as connection:
        (asked,) = connection.execute(select(SUPPLEMENTS).where(SUPPLEMENTS.c.uid == case)).all()
        brought = {"answered_uid": answer, "answered_at": "2026-11-24T01:00:00+00:00"}
        connection.execute(SUPPLEMENTS.update().where(SUPPLEMENTS.c.id == asked.id).values(brought))
        connection.execute(SUBMISSIONS.update().where(SUBMISSIONS.c.uid == answer).values(supplement_of=asked.id))


@pytest.mark.parametrize("english", [False, True])
def test_axe_finds_nothing_on_any_page(office: Office, page: Page, english: bool) -> None:
    def name(chinese: str) -> str:
        return ENGLISH[chinese] if english else chinese

    one, other, filed_as_pdf = uid(1), uid(2), uid(3)
    cases = Cases(office.store.engine)
    cases.move(one, start=Stage.COMPLETE, to=Stage.ACCEPTED, staff="li.clerk", note="请周三上午来")
    for code, hall in (("TY03", "ty"), ("KC01", "kc")):
        put_terminal(office.store, code, hall)
    ill = '{"waiting": 1, "held": 2, "certificate_days": 3}'
    Telemetry(office.store.engine).keep(terminal="TY03", kind="heartbeat", body=ill)
    look = Looks(page, office, english=english)
    sign_in(page, office, "sun")
    if english:
        page.get_by_role("button", name="English").click()
        expect(page).to_have_url(f"{office.url}/cases")
    look.at("slip", "/s")
    look.at("cases", "/cases")
    look.at("none", "/cases?stage=approved")
    look.at("tests", "/cases?tests=1")
    look.at("case", f"/cases/{one}")
    page.get_by_role("button", name=name("显示完整号码（留下记录）")).click()
    look.at("numbers")
    look.at("paper", f"/cases/{one}/papers/{paper_of(one)}")
    look.at("filed paper", f"/cases/{filed_as_pdf}/papers/{paper_of(filed_as_pdf)}")
    look.at("ask", f"/cases/{one}/supplement")
    cases.ask(one, start=Stage.ACCEPTED, materials=["照片"], note="请重拍", due_on=None, staff="li.clerk")
    answer_supplement(office, one, filed_as_pdf)
    look.at("answered supplement", f"/cases/{one}")
    look.at("answer", f"/cases/{filed_as_pdf}")
    page.goto(f"{office.url}/cases/{other}")
    page.get_by_role("radio", name=name("决定不予办理")).check()
    page.get_by_label(name("说明")).fill(REASON)
    page.get_by_role("button", name=name("提交"), exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name("决定不予办理"))
    look.at("sure")
    look.at("terminals", "/terminals")
    look.at("audit", "/audit")
    look.at("audit of a case", f"/audit/cases/{one}")
    look.at("account", "/account")
    assert look.found() == {}


def test_axe_finds_nothing_where_something_went_wrong(
    office: Office, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = uid(1)
    Cases(office.store.engine).move(one, start=Stage.COMPLETE, to=Stage.ACCEPTED, staff="li.clerk")
    look = Looks(page, office)
    look.at("sign-in", "/sign-in")
    page.get_by_label("用户名").fill("nobody")
    page.get_by_label("密码").fill("x")
    page.get_by_role("button", name="登录").click()
    look.on_alert("refused")
    sign_in(page, office)
    page.get_by_label("办件编号或暂存号").fill("TY03-261123-0009-X")
    page.get_by_role("button", name="查找").click()
    look.on_alert("not found")
    page.goto(f"{office.url}/cases/{one}/supplement")
    page.get_by_label("告诉居民").fill("请重新拍。")
    page.get_by_role("button", name="发给居民").click()
    look.on_alert("ask again")
    page.goto(f"{office.url}/cases/{one}")
    page.get_by_role("radio", name="不予办理").check()
    page.get_by_role("button", name="提交", exact=True).click()
    look.on_alert("no reason")
    page.goto(f"{office.url}/cases/{one}")
    page.get_by_role("radio", name="开始办理").check()
    Cases(office.store.engine).move(one, start=Stage.ACCEPTED, to=Stage.DECLINED, staff="sun", note="x")
    page.get_by_role("button", name="提交", exact=True).click()
    look.on_message("overtaken", "没有保存：别人刚刚办过")

    def change(old: str, new: str, again: str) -> None:
        page.goto(f"{office.url}/account")
        for label, typed in (("现在的密码", old), ("新密码 ", new), ("再输一次新密码", again)):
            page.get_by_label(label).first.fill(typed)
        page.get_by_role("button", name="改密码").click()

    change("x", "lantern oyster forty-one", "lantern oyster forty-one")
    look.on_alert("wrong password")
    change(PASSWORD, "lantern oyster forty-one", "lantern oyster forty-two")
    look.on_alert("passwords differ")
    change(PASSWORD, "password1234", "password1234")
    look.on_alert("weak password")
    page.goto(f"{office.url}/audit")
    look.on_message("forbidden", "您的账号不能做这件事")
    page.goto(f"{office.url}/cases/none")
    look.on_message("missing", "没有找到")
    page.goto(f"{office.url}/nonsense")
    look.on_message("nowhere", "没有这个网页")
    monkeypatch.setattr("district.cases.Cases.page", away)
    page.goto(f"{office.url}/cases")
    look.on_message("later", "现在打不开")
    assert look.found() == {}


def away(*_: object, **__: object) -> None:
    raise OperationalError("", None, Exception("gone"))


def test_axe_would_find_something(office: Office, page: Page) -> None:
    page.goto(f"{office.url}/sign-in")
    page.evaluate("document.querySelector('label').remove()")
    assert any(one.startswith("label:") for one in violations(page))


def test_a_hostile_paper_stays_a_file(office: Office, page: Page) -> None:
    case = uid(1)
    sign_in(page, office)
    page.goto(f"{office.url}/cases/{case}/papers/{paper_of(case, 2)}")
    expect(page.get_by_role("img")).to_have_js_property("naturalWidth", 0)
    assert page.title() != "owned"
    with page.expect_download() as kept:
        page.get_by_role("link", name="存到本机").click()
    assert Path(kept.value.path()).read_bytes() == EVIL
    assert kept.value.suggested_filename.endswith(".bin")
    with page.expect_download():  # neither is it shown when it is opened by its address
        page.evaluate(f"location.href = '/cases/{case}/papers/{paper_of(case, 2)}/content'")
    assert page.title() != "owned"


def test_no_script_runs_on_any_page(office: Office, context: BrowserContext) -> None:
    page = context.new_page()
    sign_in(page, office)
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    with page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        page.evaluate(
            "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))"
        )
    assert page.evaluate("window.ran") is None


def test_no_form_is_sent_elsewhere(office: Office, context: BrowserContext) -> None:
    page = context.new_page()
    sign_in(page, office)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    with page.expect_console_message(lambda message: "form-action" in message.text):
        page.evaluate(
            "(it => { it.action = 'http://elsewhere.invalid/'; it.submit(); })(document.querySelector('.find'))"
        )
    assert [url for url in sent if "elsewhere" in url] == []
