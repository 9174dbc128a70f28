"""The staff page in two languages: which one, and that the words of the catalogue follow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from district.staff import Role
from tests.support.staff_site import PASSWORD, QUICK, Office, hand_in

ENGLISH_BROWSER = "en-GB,en;q=0.9,zh;q=0.3"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr("district.staff._HASHER", QUICK)
    running = Office(tmp_path / "district")
    yield running
    running.close()


def test_a_page_is_in_the_language_of_the_browser_until_another_is_chosen(office: Office) -> None:
    clerk = office.person("li")
    page = clerk.get("/cases").text
    assert ("还没有收到申报" in page, 'lang="zh-CN"' in page) == (True, True)
    page = clerk.get("/cases", Accept_Language=ENGLISH_BROWSER).text
    assert ("No submissions yet" in page, '<html lang="en">' in page) == (True, True)
    done = clerk.post("/language", {"language": "zh"}, csrf="", Referer=f"{office.url}/cases?stage=accepted")
    assert done.url == f"{office.url}/cases?stage=accepted"
    assert "没有符合的办件" in clerk.get("/cases?stage=accepted", Accept_Language=ENGLISH_BROWSER).text
    clerk.post("/language", {"language": "en"}, csrf="")
    assert "No submissions yet" in clerk.get("/cases").text
    # It stays with the machine when somebody else signs in.
    clerk.post("/sign-out", {})
    assert "Staff sign-in" in clerk.page_text


def test_what_chooses_a_language_leads_nowhere_else_and_does_nothing_else(office: Office) -> None:
    visitor = office.visitor()
    for referer in ("https://evil.example/x", f"{office.url}//evil.example/", "", "x", f"{office.url}/v1/health"):
        answer = visitor.session.post(
            f"{office.url}/language",
            data={"language": "en"},
            headers={"Referer": referer},
            allow_redirects=False,
            timeout=20,
        )
        assert (answer.status_code, answer.headers["Location"]) == (303, "/cases"), referer
    answer = visitor.session.post(
        f"{office.url}/language", data={"language": "zh"}, headers={"Origin": "https://evil.example"}, timeout=20
    )
    assert "Staff sign-in" in answer.text
    for language in ("fr", "", "en\r\nSet-Cookie: a=b", "x" * 40_000):
        visitor.session.post(f"{office.url}/language", data={"language": language}, timeout=20)
        assert visitor.session.cookies.get("language") == "en"
    assert office.record() == []
    assert visitor.get("/language").url.endswith("/sign-in")


def test_where_one_goes_on_after_signing_in_is_kept(office: Office) -> None:
    case = hand_in(office.store, 1)
    office.register.add("li", PASSWORD, Role.CLERK)
    visitor = office.visitor()
    page = visitor.get(f"/cases/{case}")
    done = visitor.post("/language", {"language": "en"}, csrf="", Referer=page.url)
    assert "You come back to the page" in done.text
    form = {"name": "li", "password": PASSWORD, "to": f"/cases/{case}"}
    assert visitor.post("/sign-in", form).url.endswith(case)


def test_troubles_and_slips_are_in_the_language_of_the_browser(office: Office) -> None:
    visitor = office.visitor()
    assert "没有这个网页" in visitor.get("/nonsense").text
    assert "There is no such page" in visitor.get("/nonsense", Accept_Language="en").text
    slip = visitor.get("/s", Accept_Language="en").text
    assert ("See your progress" in slip, "/language" in slip, "凭条" in slip) == (True, False, False)
    both = visitor.get("/s").text
    assert ("凭条" in both, "Hold the code on your slip" in both) == (True, True)
