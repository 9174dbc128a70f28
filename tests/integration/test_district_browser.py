"""The staff page in a real Chromium: a clerk's way by mouse and by keyboard alone, and every page before axe-core."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect
from sqlalchemy import select

from district.cases import Cases, Stage
from district.staff import Role
from district.tables import SUBMISSIONS, SUPPLEMENTS
from district.telemetry import Telemetry
from tests.support.chromium import chromium, context, violations
from tests.support.staff_site import PASSWORD, QUICK, Office, Piece, hand_in, paper_of, put_halls, put_terminal, uid

__all__ = ["chromium", "context"]
LONG_NAME = "阿卜杜热合曼·买买提艾力江·吐尔逊"
LONG_HALL = "阿克苏地区库车市玉奇吾斯塔镇阿克布亚村党群服务中心便民服务大厅"
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
    running.register.add("li.clerk", PASSWORD, Role.CLERK)
    running.register.add("sun", PASSWORD, Role.ADMIN)
    yield running
    running.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    opened = context.new_page()
    said: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and "status of 4" not in message.text:
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


def test_axe_finds_nothing_on_any_page(office: Office, page: Page) -> None:
    one, other = uid(1), uid(2)
    cases = Cases(office.store.engine)
    cases.move(one, start=Stage.COMPLETE, to=Stage.ACCEPTED, staff="li.clerk", note="请周三上午来")
    for code, hall in (("TY03", "ty"), ("KC01", "kc")):
        put_terminal(office.store, code, hall)
    Telemetry(office.store.engine).keep(terminal="TY03", kind="heartbeat", body='{"waiting": 1, "held": 2}')
    found: dict[str, list[str]] = {}

    def look(name: str, path: str | None = None) -> None:
        if path is not None:
            page.goto(office.url + path)
        for width in (1280, 400):
            page.set_viewport_size({"width": width, "height": 800})
            # Nothing but a table in its own frame is wider than the window.
            beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            found[f"{name} {width}"] = violations(page) + ([f"wider by {beyond}"] if beyond > 0 else [])

    look("slip", "/s")
    look("sign-in", "/sign-in")
    page.get_by_label("用户名").fill("nobody")
    page.get_by_label("密码").fill("x")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_be_visible()
    look("refused")
    sign_in(page, office, "sun")
    look("cases", "/cases")
    look("none", "/cases?stage=approved")
    look("tests", "/cases?tests=1")
    look("case", f"/cases/{one}")
    page.get_by_role("button", name="显示完整号码").click()
    look("numbers")
    look("paper", f"/cases/{one}/papers/{paper_of(one)}")
    look("ask", f"/cases/{one}/supplement")
    page.get_by_label("告诉居民").fill("请重新拍。")
    page.get_by_role("button", name="发给居民").click()
    expect(page.get_by_role("alert")).to_be_visible()
    look("ask again")
    page.goto(f"{office.url}/cases/{other}")
    page.get_by_role("radio", name="不予办理").check()
    page.get_by_label("说明").fill("不在本地参保")
    page.get_by_role("button", name="提交", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("不予办理")
    look("sure")
    look("terminals", "/terminals")
    look("audit", "/audit")
    look("account", "/account")
    look("missing", "/cases/none")
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


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
