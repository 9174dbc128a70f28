"""A day at the staff page: nothing that was typed is lost, nothing is told that is not so, and one finds back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page
from sqlalchemy import select

from district.cases import Cases, Stage
from district.staff import Role
from district.tables import STEPS
from tests.support.chromium import chromium, context
from tests.support.staff_site import PASSWORD, QUICK, Office, hand_in

__all__ = ["chromium", "context"]


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
