"""What somebody at a browser reads where a page does not come about; programs go on getting problems."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy.exc import OperationalError

from district.staff import Role
from tests.support.staff_site import QUICK, Office, Visitor, hand_in


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr("district.staff._HASHER", QUICK)
    running = Office(tmp_path / "district")
    yield running
    running.close()


def is_page(answer: requests.Response) -> bool:
    html = answer.headers["Content-Type"] == "text/html; charset=utf-8" and '<html lang="zh-CN">' in answer.text
    return html and "default-src 'none'" in answer.headers["Content-Security-Policy"] and "回到办件" in answer.text


def test_an_address_that_is_none_is_told_in_words(office: Office) -> None:
    nobody, clerk = office.visitor(), office.person("li")
    for path in ("/nonsense", "/cases/xx/yy", "/static/", "/static/nonsense.css", "/v1x", "/favicon.ico", "/%00"):
        for who in (nobody, clerk):
            answer = who.get(path)
            assert (path, answer.status_code, is_page(answer)) == (path, 404, True)
            assert "没有这个网页" in answer.text
            assert "Not Found" not in answer.text
    for path in ("/v1/nonsense", "/v1", "/v1/"):
        answer = nobody.get(path)
        assert (path, answer.status_code, answer.headers["Content-Type"]) == (path, 404, "application/problem+json")


def test_a_method_that_no_page_has_is_told_in_words(office: Office) -> None:
    answer = requests.put(f"{office.url}/cases", timeout=20)
    assert (answer.status_code, answer.headers["Allow"], is_page(answer)) == (405, "GET", True)
    assert requests.head(f"{office.url}/nonsense", timeout=20).status_code == 404


@pytest.mark.parametrize(
    ("path", "back"),
    [
        ("/cases/{case}/stage", "/cases/{case}"),
        ("/cases/{case}/numbers", "/cases/{case}"),
        ("/cases/find", "/cases"),
        ("/sign-out", "/cases"),
        ("/account/password", "/account"),
        ("/account/others", "/account"),
    ],
)
def test_who_loads_a_form_s_address_again_comes_to_the_page_before_it(office: Office, path: str, back: str) -> None:
    case = hand_in(office.store, 1)
    clerk = office.person("li")
    answer = clerk.get(path.format(case=case))
    assert [one.status_code for one in answer.history] == [303]
    assert (answer.status_code, answer.url) == (200, office.url + back.format(case=case))
    assert clerk.token  # nor does it sign out
    assert office.visitor().get(path.format(case=case)).url.startswith(f"{office.url}/sign-in")


def test_no_address_leads_elsewhere(office: Office) -> None:
    for uid in ("%2F%2Fevil.example", "..", "%0D%0ASet-Cookie:x=1", "{visit}", "%7B0%7D"):
        answer = requests.get(f"{office.url}/cases/{uid}/stage", allow_redirects=False, timeout=20)
        if answer.status_code == 303:
            assert answer.headers["Location"].startswith("/cases/")
            assert "Set-Cookie" not in answer.headers
        else:
            assert answer.status_code == 404


@pytest.mark.parametrize("trouble", [OperationalError("x", None, Exception("gone")), sqlite3.OperationalError("full")])
def test_a_database_that_is_away_is_told_in_words(
    office: Office, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    clerk, admin = office.person("li"), office.person("sun", Role.ADMIN)

    def away(*_: object, **__: object) -> None:
        raise trouble

    def read(visitor: Visitor, path: str) -> None:
        answer = visitor.get(path)
        assert (answer.status_code, is_page(answer)) == (503, True)
        assert "请过一会儿再试" in answer.text
        assert "gone" not in answer.text
        assert int(answer.headers["Retry-After"]) > 0

    with monkeypatch.context() as broken:
        broken.setattr("district.cases.Cases.page", away)
        broken.setattr("district.viewings.Viewings.note", away)
        broken.setattr("district.catalogue.Catalogues.newest", away)
        read(clerk, "/cases")
        read(admin, "/audit")
        answer = clerk.get("/v1/catalogue")
        assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert clerk.get("/cases").status_code == 200
