"""What hostile or hasty requests can't make of the staff page; each test is named in docs/asvs.md."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from sqlalchemy import inspect, select
from starlette.applications import Starlette
from starlette.routing import Route

from district.cases import Cases, Stage
from district.staff import Role
from district.tables import METADATA, STEPS, SUBMISSIONS, VIEWINGS
from district.viewings import Viewings
from district.web import add_staff_pages
from tests.support.staff_site import PASSWORD, QUICK, Office, Piece, Visitor, filed, hand_in, paper_of, uid

INJECTIONS = (
    "' OR '1'='1",
    "x' UNION SELECT password FROM staff --",
    "'; DROP TABLE submission; --",
    '" OR ""="',
    "%' OR uid LIKE '%",
    "\\' OR 1=1 --",
    "TY03-261123-0001-_",
    "%",
)
DEADLINE = 20


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr("district.staff._HASHER", QUICK)
    running = Office(tmp_path / "district")
    yield running
    running.close()


def test_what_looks_like_sql_is_text(office: Office) -> None:
    case = hand_in(office.store, 1)
    other = hand_in(office.store, 2, hall="hx")
    Cases(office.store.engine).move(case, start=Stage.COMPLETE, to=Stage.ACCEPTED, staff="wu")
    admin = office.person("sun", Role.ADMIN)
    for evil in INJECTIONS:
        admin.get("/account")
        csrf = admin.csrf()
        assert admin.post("/cases/find", {"number": evil}, csrf=csrf).status_code == 404
        for name in ("hall", "matter", "stage", "before", "after"):
            page = admin.session.get(f"{office.url}/cases", params={name: evil}, timeout=DEADLINE)
            # A filter that is none counts as not given.
            assert (page.status_code, case in page.text, other in page.text) == (200, True, True)
        assert admin.session.get(f"{office.url}/terminals", params={"after": evil}, timeout=DEADLINE).status_code == 200
        assert admin.get(f"/cases/{quote(evil, safe='')}").status_code == 404
        assert "没有记录" in admin.post("/audit", {"staff": evil}, csrf=csrf).text
        assert "看了办件" not in admin.get(f"/audit/cases/{quote(evil, safe='')}").text
        assert office.visitor().sign_in(evil, evil).status_code == 403
    # What is typed is kept as it was typed, and shown so, decoded and escaped once.
    typed = " ".join((*INJECTIONS, "&amp;lt;b&gt; %41"))
    admin.get(f"/cases/{case}")
    assert admin.post(f"/cases/{case}/stage", {"from": "accepted", "to": "in-progress", "note": typed}).ok
    assert "&amp;amp;lt;b&amp;gt; %41" in admin.get(f"/cases/{case}").text
    with office.store.engine.connect() as connection:
        assert connection.execute(select(STEPS.c.note).order_by(STEPS.c.seq.desc())).scalars().first() == typed
        assert len(connection.execute(select(SUBMISSIONS.c.uid)).all()) == 2
    assert set(METADATA.tables) <= set(inspect(office.store.engine).get_table_names())


def test_figures_without_end_are_no_keys(office: Office) -> None:
    case = hand_in(office.store, 1)
    admin = office.person("sun", Role.ADMIN)
    for figure in ("9" * 19, "9" * 5000, "-1", "1e9", "²", "٣", "0x10", "NaN"):
        assert case in admin.get(f"/cases?before={figure}&after={figure}").text
        assert admin.get(f"/audit?before={figure}").status_code == 200
        assert admin.get(f"/cases/{case}/papers/{paper_of(case)}/leaves/{figure}").status_code == 404


def routes(office: Office) -> list[Route]:
    app = Starlette()
    add_staff_pages(app, office.store, clock=office.clock)
    return [route for route in app.routes if isinstance(route, Route)]


def test_there_is_no_other_way_in(office: Office) -> None:
    """To who is not signed in, every address that is served shows the form for it, and nothing else."""
    open_to_all = {("GET", "/sign-in"), ("POST", "/sign-in"), ("GET", "/s")}
    case = hand_in(office.store, 1)
    office.register.add("sun", PASSWORD, Role.ADMIN)
    asked = 0
    for route in routes(office):
        (method,) = sorted(route.methods or set())
        if (method, route.path) in open_to_all:
            continue
        path = route.path.format(uid=case, name=paper_of(case), leaf="1")
        address = office.url + path
        answer = requests.request(method, address, allow_redirects=False, timeout=DEADLINE)
        assert (path, answer.status_code, answer.content) == (path, 303, b"")
        asked += 1
        # Neither by a name and password beside the form, nor by what a proxy might say.
        told = {"X-Forwarded-User": "sun", "X-Remote-User": "sun", "Forwarded": "for=127.0.0.1", "X-User-ID": "sun"}
        again = requests.request(
            method, address, headers=told, auth=("sun", PASSWORD), allow_redirects=False, timeout=DEADLINE
        )
        assert (path, again.status_code, again.content) == (path, 303, b"")
    assert asked > 15


def test_what_proxies_say_is_not_believed(office: Office) -> None:
    office.register.add("li", PASSWORD, Role.CLERK)
    clerk = office.visitor()
    clerk.get("/sign-in")
    said = {"X_Forwarded_For": "203.0.113.9", "X_Real_IP": "203.0.113.9", "X_Forwarded_Proto": "https"}
    clerk.post("/sign-in", {"name": "li", "password": PASSWORD}, **said)
    assert clerk.token  # not the __Host- cookie that https would have
    lines, _ = Viewings(office.store.engine).page(staff="li")
    assert [line.detail for line in lines] == ["127.0.0.1"]


def test_signing_out_is_on_every_page(office: Office) -> None:
    case = hand_in(office.store, 1)
    Cases(office.store.engine).move(case, start=Stage.COMPLETE, to=Stage.ACCEPTED, staff="wu")
    clerk, admin = office.person("li"), office.person("sun", Role.ADMIN)

    def has_it(page: requests.Response) -> bool:
        form = page.text.partition('action="/sign-out"')[2].partition("</form>")[0]
        return 'name="csrf"' in form and ">退出</button>" in form

    paths = ("/cases", f"/cases/{case}", f"/cases/{case}/supplement", f"/cases/{case}/papers/{paper_of(case)}",
             "/terminals", "/audit", f"/audit/cases/{case}", "/account", "/cases/none")  # fmt: skip
    for path in paths:
        assert (path, has_it(admin.get(path))) == (path, True)
    assert has_it(clerk.get("/audit"))  # refused
    clerk.get("/account")
    for path, fields in (
        (f"/cases/{case}/numbers", {}),
        (f"/cases/{case}/stage", {"from": "accepted"}),
        (f"/cases/{case}/stage", {"from": "accepted", "to": "declined", "note": "x"}),
        (f"/cases/{case}/stage", {"from": "complete", "to": "accepted"}),
        (f"/cases/{case}/supplement", {"from": "accepted"}),
        ("/cases/find", {"number": "x"}),
        ("/account/password", {"password": "x", "new": "y", "again": "y"}),
    ):
        assert (path, has_it(clerk.post(path, fields))) == (path, True)
    assert has_it(clerk.post("/cases/find", {}, csrf="stale"))
    clerk.get("/account")
    clerk.post("/sign-out", {})
    assert clerk.get("/cases").url.endswith("/sign-in")


class Gate:
    """Holds whoever comes in until it is opened, and knows how many were inside at most."""

    def __init__(self) -> None:
        self._opened = threading.Event()
        self._lock = threading.Lock()
        self._inside = self.most = 0
        self._full = threading.Event()

    def __call__(self, *_: object) -> None:
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)
            if self._inside == 2:
                self._full.set()
        assert self._opened.wait(DEADLINE)
        with self._lock:
            self._inside -= 1

    def wait_for_two(self) -> None:
        assert self._full.wait(DEADLINE)

    def open(self) -> None:
        self._opened.set()


def at_once(many: int, ask: Callable[[], Any]) -> list[threading.Thread]:
    threads = [threading.Thread(target=ask) for _ in range(many)]
    for thread in threads:
        thread.start()
    return threads


def test_two_passwords_are_compared_at_a_time_and_a_storm_is_sent_away(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    clerk = office.person("li")
    gate = Gate()
    monkeypatch.setattr("district.staff.StaffRegister.check", gate)
    answers: list[requests.Response] = []
    sent_away = threading.Event()

    def guess() -> None:
        answer = office.visitor().sign_in("li", "x")
        answers.append(answer)
        if answer.status_code == 503:
            sent_away.set()

    threads = at_once(26, guess)
    gate.wait_for_two()
    assert sent_away.wait(DEADLINE)
    assert clerk.get("/cases").status_code == 200  # others work on
    gate.open()
    for thread in threads:
        thread.join(DEADLINE)
    assert gate.most == 2
    away = [answer for answer in answers if answer.status_code == 503]
    assert len(away) + sum(answer.status_code == 403 for answer in answers) == 26
    assert len(away) <= 4  # two at work, twenty in turn
    assert all(answer.headers["Retry-After"] == "5" and "登录的人太多" in answer.text for answer in away)


def test_two_pdfs_are_looked_into_at_a_time(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    case = hand_in(office.store, 1, papers=(Piece(content=filed("RGB"), media_type="application/pdf"),))
    clerk = office.person("li")
    gate = Gate()

    def counted(_content: bytes) -> int:
        gate()
        return 1

    monkeypatch.setattr("district.web.case_pages.count", counted)
    address, cookies = f"{office.url}/cases/{case}/papers/{paper_of(case)}", {"staff": clerk.token}
    done: list[int] = []
    threads = at_once(6, lambda: done.append(requests.get(address, cookies=cookies, timeout=DEADLINE).status_code))
    gate.wait_for_two()
    assert clerk.get(f"/cases/{case}").status_code == 200
    gate.open()
    for thread in threads:
        thread.join(DEADLINE)
    assert (gate.most, done) == (2, [200] * 6)


def test_a_message_has_one_length(office: Office) -> None:
    """Content-Length beside Transfer-Encoding: the chunks count (RFC 9112, section 6.3), or it is refused."""
    body = b"5\r\nhello\r\n0\r\n\r\n"
    head = "POST /cases/find HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
    host, _, port = office.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=DEADLINE) as line:
        line.sendall(head.encode() + body)
        line.shutdown(socket.SHUT_WR)
        heard = b"".join(iter(lambda: line.recv(65536), b""))
    assert heard.count(b"HTTP/1.1 ") == 1
    assert heard.startswith((b"HTTP/1.1 303 ", b"HTTP/1.1 400 "))


def test_nothing_else_is_served(office: Office) -> None:
    clerk = office.person("li")
    for path in ("/.git/config", "/static/../pages.py", "/static/%2e%2e/pages.py", "/static/..%2fpages.py", "/static/",
                 "/static", "/docs", "/redoc", "/openapi.json", "/v1/openapi.yaml", "/metrics", "/debug",
                 "/server-status", "/staff.css.map", "/templates/case.html", "/district.db"):  # fmt: skip
        asked = requests.Request("GET", office.url + path).prepare()
        asked.url = office.url + path  # as it stands: clients take the dots out of it
        assert (path, clerk.session.send(asked, timeout=DEADLINE).status_code) == (path, 404)
    for method in ("TRACE", "OPTIONS", "PUT", "DELETE", "PATCH", "CONNECT"):
        answer = requests.request(method, f"{office.url}/cases", headers={"Cookie": "staff=x"}, timeout=DEADLINE)
        assert (method, answer.status_code) == (method, 405)
        assert "staff=x" not in answer.text


def test_what_breaks_is_in_the_servers_log_without_content(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    case = hand_in(office.store, 1)
    clerk = office.person("li")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the inside")

    monkeypatch.setattr("district.cases.Cases.page", fail)
    with caplog.at_level(logging.WARNING):
        assert clerk.get("/cases").status_code == 500
        with office.store.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE viewing RENAME TO away")
        assert clerk.get(f"/cases/{case}").status_code == 503
    told = "\n".join([record.getMessage() + str(record.exc_info) for record in caplog.records])
    assert "the inside" in told
    assert "answered 503: no such table: viewing" in told.replace("(sqlite3.OperationalError) ", "")
    assert "王秀英" not in told
    assert clerk.token not in told


def test_the_record_is_in_utc_and_can_be_read_by_programs(office: Office) -> None:
    case = hand_in(office.store, 1)
    clerk = office.person("li")
    clerk.get(f"/cases/{case}")
    (newest, *_), _ = Viewings(office.store.engine).page(uid=case)
    at = datetime.fromisoformat(newest.at)
    assert at.utcoffset() == timedelta(0)
    assert abs(at - office.clock.now) < timedelta(minutes=1)
    with office.store.engine.connect() as connection:
        rows = connection.execute(select(VIEWINGS)).mappings().all()
    kept = [json.loads(json.dumps(dict(row))) for row in rows]
    assert [set(row) for row in kept] == [{"seq", "at", "staff", "what", "uid", "detail"}] * len(kept)


def test_a_name_that_is_a_stranger_s_breaks_no_line_of_the_record(office: Office) -> None:
    stranger = Visitor(office.url)
    stranger.sign_in("li\r\n2026-01-01 sun signed-in", "x")
    stranger.close()
    clerk = office.person("li")
    clerk.get(f"/audit/cases/{uid(1)}%0a%0d%1b[31m")
    with office.store.engine.connect() as connection:
        told = connection.execute(select(VIEWINGS)).all()
    assert len(told) == 3
    assert all("\x1b" not in f"{row.staff}{row.detail}" and "\n" not in row.staff for row in told)
