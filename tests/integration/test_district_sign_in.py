"""Signing in to the staff page: passwords, the wait after wrong ones, sessions, forms, and what browsers are told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from argon2 import PasswordHasher, extract_parameters
from click.testing import CliRunner
from sqlalchemy import select

from district.cli import main
from district.database import open_engine
from district.staff import FREE_ATTEMPTS, LONGEST_WAIT_SECONDS, Role, StaffRegister, waiting
from district.tables import STAFF
from district.viewings import What
from tests.support.staff_site import PASSWORD, QUICK, Office, TurnedClock, hand_in

OTHER = "lantern oyster forty-one"
NOBODY = "nobody's hash"


@pytest.fixture(autouse=True)
def quick(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "real" not in request.node.name:
        monkeypatch.setattr("district.staff._HASHER", QUICK)
        monkeypatch.setattr("district.staff._NOBODY", QUICK.hash("nobody's"))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    running = Office(tmp_path / "district")
    yield running
    running.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def register(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[StaffRegister, TurnedClock]]:
    url = f"sqlite:///{tmp_path / 'd.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres")
    engine = open_engine(url)
    clock = TurnedClock()
    yield StaffRegister(engine, clock=clock), clock
    engine.dispose()


def test_a_password_is_kept_as_a_real_argon2id_hash(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'd.db'}")
    register = StaffRegister(engine)
    register.add("li", PASSWORD, Role.CLERK)
    with engine.connect() as connection:
        kept = str(connection.execute(select(STAFF.c.password)).scalar_one())
    told = extract_parameters(kept)
    # RFC 9106's second recommended option, or more.
    assert kept.startswith("$argon2id$")
    assert (told.memory_cost >= 64 * 1024, told.time_cost >= 3, told.salt_len >= 16) == (True, True, True)
    assert register.check("li", PASSWORD) is not None
    assert register.check("li", PASSWORD.upper()) is None
    assert register.check("li", f" {PASSWORD}") is None
    engine.dispose()


@pytest.mark.parametrize(
    "password",
    ["elevenchars", "x" * 129, "password1234", "qwertyuiop123", "aaaaaaaaaaaa", "li-li-li-li-li", "kioskdistrict"],
)
def test_a_password_that_is_short_or_easy_to_guess_is_refused(tmp_path: Path, password: str) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'd.db'}")
    with pytest.raises(ValueError, match="password"):
        StaffRegister(engine).add("li", password, Role.CLERK)
    assert StaffRegister(engine).all() == ()
    engine.dispose()


@pytest.mark.parametrize(
    "password", ["风筝 茶杯 石榴 旧钟表 雨伞 白菜", "q" + "8zJ#" * 4 + "w" * 48 + "end", "   spaces and  more spaces"]
)
def test_a_password_may_be_of_any_characters_and_long(tmp_path: Path, password: str) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'd.db'}")
    register = StaffRegister(engine)
    register.add("li", password, Role.CLERK)
    assert register.check("li", password) is not None
    assert register.check("li", password.strip() + "x") is None
    engine.dispose()


def test_guessing_runs_into_waits_that_grow_and_are_kept(register: tuple[StaffRegister, TurnedClock]) -> None:
    staff, clock = register
    staff.add("li", PASSWORD, Role.CLERK)
    for _ in range(FREE_ATTEMPTS):
        assert staff.check("li", OTHER) is None
    assert staff.check("li", OTHER) is None  # the fifth: now it waits
    assert staff.check("li", PASSWORD) is None
    clock.turn(seconds=29)
    assert staff.check("li", PASSWORD) is None
    clock.turn(seconds=2)
    assert staff.check("li", OTHER) is None  # the sixth: twice as long
    clock.turn(seconds=58)
    assert staff.check("li", PASSWORD) is None
    clock.turn(seconds=3)
    assert staff.check("li", PASSWORD) is not None
    assert staff.check("li", OTHER) is None
    assert staff.check("li", PASSWORD) is not None  # what was right began anew
    for _ in range(FREE_ATTEMPTS + 1):
        assert staff.check("li", OTHER) is None
    assert staff.check("li", PASSWORD) is None
    clock.turn(days=-1)  # it ran ahead, and was set back
    assert staff.check("li", PASSWORD) is not None
    assert [waiting(failed) for failed in (1, 4, 5, 6, 9, 10, 99)] == [0, 0, 30, 60, 480, 900, LONGEST_WAIT_SECONDS]


def test_guesses_at_the_same_time_count_like_guesses_in_turn(
    register: tuple[StaffRegister, TurnedClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    staff, _ = register
    staff.add("li", PASSWORD, Role.CLERK)
    compared: list[str] = []

    def compare(kept: str, password: str) -> bool:
        if kept != NOBODY:
            compared.append(password)
        return False

    monkeypatch.setattr("district.staff._NOBODY", NOBODY)
    monkeypatch.setattr("district.staff._is_right", compare)
    at_once = threading.Barrier(12)

    def guess() -> None:
        at_once.wait()
        staff.check("li", OTHER)

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= len(compared) <= FREE_ATTEMPTS + 1
    for _ in range(FREE_ATTEMPTS):
        staff.check("li", OTHER)
    assert len(compared) == FREE_ATTEMPTS + 1


def test_no_answer_tells_whether_a_name_is_there(office: Office) -> None:
    office.register.add("li", PASSWORD, Role.CLERK)
    office.register.add("gone", PASSWORD, Role.CLERK)
    office.register.disable("gone")
    visitor = office.visitor()
    texts: set[str] = set()
    for name, password in (("li", OTHER), ("nobody", OTHER), ("gone", PASSWORD), ("", ""), ("x" * 400, "y" * 9000)):
        answer = visitor.sign_in(name, password)
        assert answer.status_code == 403
        texts.add(answer.text.replace(visitor.csrf(), ""))
    for _ in range(FREE_ATTEMPTS + 1):
        visitor.sign_in("li", OTHER)
    texts.add(visitor.sign_in("li", PASSWORD).text.replace(visitor.csrf(), ""))
    assert len(texts) == 1
    # What was typed into the name's field and is no name may be a password: it is not written down.
    assert set(office.record()) == {("li", What.REFUSED), ("", What.REFUSED), ("gone", What.REFUSED)}


@pytest.mark.parametrize(
    "path", ["/cases", "/cases/x", "/terminals", "/audit", "/account", "/cases/x/papers/y/content"]
)
def test_nothing_is_shown_to_who_is_not_signed_in(office: Office, path: str) -> None:
    anybody = office.visitor()
    answer = anybody.session.get(office.url + path, allow_redirects=False, timeout=20)
    address = "/sign-in" if path == "/cases" else f"/sign-in?to={quote_plus(path)}"
    assert (answer.status_code, answer.headers["Location"], answer.content) == (303, address, b"")
    anybody.hold("B" * 43)
    assert anybody.get(path).url == office.url + address


ACTS = ("/cases/find", "/cases/{case}/numbers", "/cases/{case}/stage", "/cases/{case}/supplement", "/audit",
        "/account/password", "/account/others", "/sign-out")  # fmt: skip


def test_every_form_needs_its_token(office: Office) -> None:
    case = hand_in(office.store, 1)
    admin = office.person("sun", Role.ADMIN)
    stranger = office.person("li", Role.ADMIN)
    stranger.get("/cases")
    for path in (act.format(case=case) for act in ACTS):
        for token in ("", "x", stranger.csrf()):
            assert admin.post(path, {"from": "complete", "to": "accepted"}, csrf=token).status_code == 403
        # Nor does a token in the address or in JSON count.
        admin.get("/cases")
        token = admin.csrf()
        answer = admin.session.post(f"{office.url}{path}?csrf={token}", json={"csrf": token}, timeout=20)
        assert answer.status_code == 403
        assert admin.get("/cases").url.endswith("/cases")  # still signed in


def test_a_form_from_another_site_is_refused(office: Office) -> None:
    case = hand_in(office.store, 1)
    clerk = office.person("li")
    fields = {"from": "complete", "to": "accepted"}
    for said in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ):
        clerk.get("/cases")
        assert clerk.post(f"/cases/{case}/stage", fields, **said).status_code == 403
    clerk.get("/cases")
    assert (
        clerk.post(f"/cases/{case}/stage", fields, Origin=office.url, Sec_Fetch_Site="same-origin").status_code == 200
    )
    visitor = office.visitor()
    visitor.get("/sign-in")
    answer = visitor.post("/sign-in", {"name": "li", "password": PASSWORD}, csrf="x")
    assert answer.status_code == 403
    assert visitor.token == ""


def test_what_roles_may_not_is_refused_and_on_record(office: Office) -> None:
    case = hand_in(office.store, 1)
    viewer, clerk = office.person("zhao", Role.VIEWER), office.person("li")
    viewer.get("/cases")
    for path in (f"/cases/{case}/numbers", f"/cases/{case}/stage", f"/cases/{case}/supplement", "/audit"):
        assert viewer.post(path, {"from": "complete", "to": "accepted"}, csrf=viewer.csrf()).status_code == 403
        viewer.get("/cases")
    assert viewer.get(f"/cases/{case}/supplement").status_code == 403
    assert clerk.get("/audit").status_code == 403
    assert [who for who, what in office.record() if what == What.FORBIDDEN] == ["zhao"] * 5 + ["li"]
    page = viewer.get(f"/cases/{case}").text
    assert 'name="to"' not in page
    assert "/audit" not in page


def test_cookies_and_headers_are_as_browsers_need_them(office: Office) -> None:
    visitor = office.visitor()
    answer = visitor.get("/sign-in")
    assert answer.headers["Set-Cookie"].partition("; ")[2] == "HttpOnly; Path=/; SameSite=strict"
    office.register.add("li", PASSWORD, Role.CLERK)
    done = visitor.post("/sign-in", {"name": "li", "password": PASSWORD}).history[0]
    name, _, rest = done.headers["Set-Cookie"].partition("=")
    assert (name, rest.partition("; ")[2]) == ("staff", "HttpOnly; Path=/; SameSite=strict")
    kinds = {"/static/staff.css": "text/css; charset=utf-8", "/v1/health": "application/health+json"}
    for path in ("/sign-in", "/cases", "/nothing", "/static/staff.css", "/v1/health", "/s"):
        headers = visitor.get(path).headers
        assert headers["Content-Type"] == kinds.get(path, "text/html; charset=utf-8")
        policy = headers["Content-Security-Policy"]
        if path not in kinds:  # a page: its own style and pictures, its forms to this site, and no more
            assert set(policy.split("; ")) == {
                "default-src 'none'", "img-src 'self'", "style-src 'self'", "form-action 'self'",
                "object-src 'none'", "frame-ancestors 'none'", "base-uri 'none'",
            }  # fmt: skip
        for rule in ("default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
            assert rule in policy
        assert "script" not in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in headers
        assert "Strict-Transport-Security" not in headers
    assert visitor.get("/cases").headers["Cache-Control"] == "no-store"


def test_a_password_is_changed_by_who_knows_it_and_ends_other_sessions(office: Office) -> None:
    clerk, elsewhere = office.person("li"), office.person("li")
    clerk.get("/account")
    path = "/account/password"
    for fields, status in (
        ({"password": OTHER, "new": OTHER, "again": OTHER}, 403),
        ({"password": PASSWORD, "new": OTHER, "again": PASSWORD}, 422),
        ({"password": PASSWORD, "new": "password1234", "again": "password1234"}, 422),
    ):
        assert clerk.post(path, fields).status_code == status
    before = clerk.token
    done = clerk.post(path, {"password": PASSWORD, "new": OTHER, "again": OTHER})
    assert done.url.endswith("/account?saved=password")
    assert "密码已改好" in done.text
    assert clerk.token != before
    assert elsewhere.get("/cases").url.endswith("/sign-in")
    assert clerk.get("/cases").url.endswith("/cases")
    assert elsewhere.sign_in("li", PASSWORD).status_code == 403
    assert elsewhere.sign_in("li", OTHER).url.endswith("/cases")
    assert ("li", What.RENEWED) in office.record()


def test_a_given_password_is_good_for_choosing_ones_own(office: Office) -> None:
    case = hand_in(office.store, 1)
    office.register.add("li", PASSWORD, Role.CLERK, given=True)
    clerk = office.visitor()
    assert clerk.sign_in("li", PASSWORD).url.endswith("/account")
    assert "别人给您设的" in clerk.page_text
    assert ("/cases" in clerk.page_text, "/account/others" in clerk.page_text) == (False, False)
    for path in ("/cases", f"/cases/{case}", "/terminals", f"/cases/{case}/supplement"):
        assert clerk.get(path).url.endswith("/account")
    for path in (act.format(case=case) for act in ACTS if act not in ("/account/password", "/sign-out")):
        assert clerk.post(path, {"from": "complete", "to": "accepted"}).url.endswith("/account")
    assert {what for _, what in office.record()} == {What.SIGNED_IN}
    path = "/account/password"
    assert clerk.post(path, {"password": PASSWORD, "new": PASSWORD, "again": PASSWORD}).status_code == 422
    assert "和现在的一样" in clerk.page_text
    assert clerk.post(path, {"password": PASSWORD, "new": OTHER, "again": OTHER}).url.endswith("/cases")
    assert clerk.get(f"/cases/{case}").url.endswith(case)
    clerk.get("/account")
    clerk.post("/sign-out", {})
    assert clerk.sign_in("li", OTHER).url.endswith("/cases")
    # Given a new one, because the old one was forgotten, they choose again.
    office.register.set_password("li", PASSWORD, given=True)
    assert office.visitor().sign_in("li", PASSWORD).url.endswith("/account")


def test_a_large_or_broken_form_is_refused(office: Office) -> None:
    clerk = office.person("li")
    clerk.get("/cases")
    token = clerk.csrf()
    assert clerk.post("/cases/find", {"number": "x" * 40_000}, csrf=token).status_code == 413
    many = "&".join(f"a{number}=1" for number in range(100))
    for body in (f"csrf={token}&{many}", b"\xff\xfe\xfd", f"csrf={token}"):
        answer = clerk.session.post(
            f"{office.url}/cases/find", data=body, headers={"Content-Type": "text/plain"}, timeout=20
        )
        assert answer.status_code == 403


def test_trouble_tells_nothing_of_the_inside(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    clerk = office.person("li")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the secret of the inside")

    monkeypatch.setattr("district.cases.Cases.page", fail)
    answer = clerk.get("/cases")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "RuntimeError" not in answer.text
    assert "出了点问题" in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert clerk.get("/terminals").status_code == 200


def test_staff_are_added_listed_given_passwords_and_disabled(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'd.db'}"
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n", encoding="utf-8")
    file.chmod(0o640)

    def staff(*words: str, typed: str | None = None) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["staff", *words, "--database", url], input=typed)
        return result.exit_code, result.output

    status, said = staff("add", "li", "--hall", "ty", "--password-file", str(file))
    assert (status, "there is no hall ty" in said) == (2, True)
    assert CliRunner().invoke(main, ["halls", "add", "ty", "桃源镇", "--database", url]).exit_code == 0
    assert staff("add", "li", "--role", "viewer", "--hall", "ty", "--password-file", str(file))[0] == 0
    assert staff("add", "sun", "--role", "admin", typed=f"{PASSWORD}\n{PASSWORD}\n")[0] == 0
    status, said = staff("add", "li", "--password-file", str(file))
    assert (status, "there is a li already" in said) == (1, True)
    status, said = staff("add", "wu", typed="password1234\npassword1234\n")
    assert (status, "easy to guess" in said, "password1234" in said) == (1, True, False)
    assert staff("add", "qian", "--role", "admin", "--hall", "ty", "--password-file", str(file))[0] == 1
    assert staff("add", "x", "--password-file", str(file))[0] == 1
    assert staff("passwd", "li", "--password-file", "-", typed=f"{OTHER}\n")[0] == 0
    assert staff("sign-out", "li")[0] == 0
    assert staff("disable", "sun")[0] == 0
    assert staff("disable", "nobody")[0] == 1
    rows = [json.loads(line) for line in staff("list", "--json")[1].splitlines()]
    assert [(row["name"], row["role"], row["hall"], row["disabled_at"] is None) for row in rows] == [
        ("li", "viewer", "ty", True),
        ("sun", "admin", None, False),
    ]
    assert [row["password_given"] for row in rows] == [True, True]
    assert "has to choose a password" in staff("list")[1]
    assert "disabled" in staff("list")[1]
    engine = open_engine(url)
    register = StaffRegister(engine)
    assert register.check("li", OTHER) is not None
    assert register.check("sun", PASSWORD) is None
    engine.dispose()


def test_a_hash_of_weaker_times_is_made_anew_at_sign_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'd.db'}")
    register = StaffRegister(engine)
    register.add("li", PASSWORD, Role.CLERK)
    monkeypatch.setattr("district.staff._HASHER", PasswordHasher(time_cost=2, memory_cost=128, parallelism=1))
    assert register.check("li", PASSWORD) is not None
    with engine.connect() as connection:
        kept = str(connection.execute(select(STAFF.c.password)).scalar_one())
    assert extract_parameters(kept).memory_cost == 128
    assert register.check("li", PASSWORD) is not None
    engine.dispose()


def test_password_fields_are_masked_and_known_to_managers(office: Office) -> None:
    page = office.visitor().get("/sign-in").text
    assert '<input id="password" name="password" type="password" autocomplete="current-password" required>' in page
    page = office.person("li").get("/account").text
    fields = [field for field in page.split("<input ") if 'type="password"' in field]
    assert [field.partition('autocomplete="')[2].partition('"')[0] for field in fields] == [
        "current-password",
        "new-password",
        "new-password",
    ]


def test_a_new_platform_lets_nobody_in(office: Office) -> None:
    assert office.register.all() == ()
    for name in ("admin", "root", "demo", "staff"):
        assert office.visitor().sign_in(name, name).status_code == 403
