"""Deciding on the staff page: step by step, with a reason, once, and what a resident is asked to bring."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from district.app import Settings
from district.cases import Cases, Moved, Overtaken, Stage
from district.embedded import EmbeddedDistrict
from district.staff import Role
from district.tables import OUTBOX, STEPS, SUBMISSIONS, SUPPLEMENTS
from district.viewings import What
from offline_queue.wire import Progress
from tests.support.staff_site import (
    QUICK,
    Office,
    hand_in,
    uid,
)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr("district.staff._HASHER", QUICK)
    running = Office(tmp_path / "district")
    yield running
    running.close()


def test_a_case_goes_its_way_step_by_step(office: Office) -> None:
    case = hand_in(office.store, 1)
    clerk = office.person("li")
    for start, to, note in (
        ("complete", "accepted", ""),
        ("accepted", "in-progress", "请周三来"),
        ("in-progress", "approved", ""),
    ):
        clerk.get(f"/cases/{case}")
        page = clerk.post(f"/cases/{case}/stage", {"from": start, "to": to, "note": note})
        if to == "approved":
            assert "不能再改" in page.text
            assert office.stage(case) == "in-progress"
            page = clerk.post(f"/cases/{case}/stage", {"from": start, "to": to, "note": note, "sure": "1"})
        assert page.url == f"{office.url}/cases/{case}?saved"
        assert office.stage(case) == to
    with office.store.engine.connect() as connection:
        steps = connection.execute(select(STEPS.c.code, STEPS.c.staff, STEPS.c.note).order_by(STEPS.c.seq)).all()
        events = connection.execute(select(OUTBOX.c.event).order_by(OUTBOX.c.seq)).scalars().all()
    assert [tuple(step) for step in steps] == [
        ("accepted", "li", None),
        ("in-progress", "li", "请周三来"),
        ("approved", "li", None),
    ]
    assert events[-3:] == ["accepted", "in-progress", "approved"]
    assert [what for _, what in office.record(case)].count(What.MOVED) == 3
    assert 'name="to"' not in clerk.get(f"/cases/{case}").text


@pytest.mark.parametrize(
    ("start", "to"),
    [("complete", "approved"), ("complete", "in-progress"), ("complete", "supplement"), ("complete", "received")],
)
def test_no_step_is_skipped(office: Office, start: str, to: str) -> None:
    case = hand_in(office.store, 1)
    clerk = office.person("li")
    clerk.get(f"/cases/{case}")
    answer = clerk.post(f"/cases/{case}/stage", {"from": start, "to": to, "note": "x", "sure": "1"})
    assert answer.status_code == 409
    assert office.stage(case) == "complete"


def test_what_is_not_whole_or_only_a_test_is_not_decided(office: Office) -> None:
    waiting, test = hand_in(office.store, 1, arrive=False), hand_in(office.store, 2, test=True)
    clerk = office.person("li")
    for case, start in ((waiting, "received"), (waiting, "complete"), (test, "complete")):
        clerk.get(f"/cases/{case}")
        answer = clerk.post(f"/cases/{case}/stage", {"from": start, "to": "accepted"}, csrf=clerk.csrf())
        assert answer.status_code in (404, 409)
    assert (office.stage(waiting), office.stage(test)) == ("received", "complete")


def test_what_a_resident_brings_later_is_not_decided_by_itself(office: Office) -> None:
    case, answer = hand_in(office.store, 1), hand_in(office.store, 2)
    with office.store.engine.begin() as connection:
        connection.execute(SUBMISSIONS.update().where(SUBMISSIONS.c.uid == answer).values(supplement_of=uid(9)))
    clerk = office.person("li")
    clerk.get(f"/cases/{case}")
    token = clerk.csrf()
    declined = {"from": "complete", "to": "declined", "note": "x", "sure": "1"}
    assert clerk.post(f"/cases/{answer}/stage", declined, csrf=token).status_code == 404
    asked = {"from": "accepted", "material": ["household-register"], "note": "x"}
    assert clerk.post(f"/cases/{answer}/supplement", asked, csrf=token).status_code == 404
    assert office.stage(answer) == "complete"
    assert What.MOVED not in [what for _, what in office.record(answer)]


def test_control_characters_are_not_written_down(
    tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL, which stores no NUL in text."""
    district = EmbeddedDistrict.of(Settings(database=postgres, papers=tmp_path / "papers"))

    def there(*_: object, **__: object) -> EmbeddedDistrict:
        return district

    monkeypatch.setattr("district.staff._HASHER", QUICK)
    monkeypatch.setattr("tests.support.staff_site.EmbeddedDistrict", there)
    office = Office(tmp_path)
    case = hand_in(office.store, 1)
    nobody = office.visitor()
    assert nobody.sign_in("l\0i").status_code == 403
    clerk, admin = office.person("li"), office.person("sun", Role.ADMIN)
    clerk.get(f"/cases/{case}")
    note = "请\0周三\r\n\t来\x1b\x9b"
    assert clerk.post(f"/cases/{case}/stage", {"from": "complete", "to": "accepted", "note": note}).status_code == 200
    assert clerk.post("/cases/find", {"number": "TY03\0"}).status_code == 404
    clerk.get(f"/cases/{case}")
    asked = {"from": "accepted", "material": ["a\0b", "\0"], "others": "c\0\nd", "note": "e\0"}
    assert clerk.post(f"/cases/{case}/supplement", asked).status_code == 200
    assert clerk.get("/audit/cases/%00").status_code == 403
    assert clerk.get("/terminals?after=%00").status_code == 200
    assert admin.get("/audit/cases/%00").status_code == 200
    assert admin.post("/audit", {"staff": "l\0i"}).status_code == 200
    with office.store.engine.connect() as connection:
        notes = connection.execute(select(STEPS.c.note).order_by(STEPS.c.seq)).scalars().all()
        materials = connection.execute(select(SUPPLEMENTS.c.materials)).scalar()
    assert (notes, materials) == (["请周三\n\t来", "e"], ["ab", "c", "d"])
    office.close()


def test_declining_needs_a_reason(office: Office) -> None:
    case = hand_in(office.store, 1)
    clerk = office.person("li")
    clerk.get(f"/cases/{case}")
    assert "写明原因" in clerk.post(f"/cases/{case}/stage", {"from": "complete", "to": "declined", "note": " "}).text
    clerk.post(f"/cases/{case}/stage", {"from": "complete", "to": "declined", "note": "不在本地参保", "sure": "1"})
    assert office.stage(case) == "declined"
    assert "不在本地参保" in clerk.get(f"/cases/{case}").text


def test_of_two_who_decide_one_is_told(office: Office) -> None:
    case = hand_in(office.store, 1)
    first, second = office.person("li"), office.person("wu")
    first.get(f"/cases/{case}")
    second.get(f"/cases/{case}")
    first.post(f"/cases/{case}/stage", {"from": "complete", "to": "accepted"})
    late = second.post(f"/cases/{case}/stage", {"from": "complete", "to": "declined", "note": "材料不清", "sure": "1"})
    assert late.status_code == 409
    assert "别人刚刚办过" in late.text
    assert office.stage(case) == "accepted"


def test_a_move_is_whole_or_not_at_all(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    case = hand_in(office.store, 1)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the machine stops here")

    cases = Cases(office.store.engine)
    with monkeypatch.context() as broken:
        broken.setattr("district.cases.tell", fail)
        with pytest.raises(RuntimeError):
            cases.move(case, start=Stage.COMPLETE, to=Stage.ACCEPTED, staff="li")
    assert office.stage(case) == "complete"
    found = cases.one(case)
    assert found is not None
    assert found.steps == ()
    assert isinstance(cases.move(case, start=Stage.COMPLETE, to=Stage.ACCEPTED, staff="li"), Moved)
    assert cases.move(case, start=Stage.COMPLETE, to=Stage.ACCEPTED, staff="li") == Overtaken(stage=Stage.ACCEPTED)


def test_a_supplement_is_asked_with_materials_and_a_note(office: Office) -> None:
    case = hand_in(office.store, 1)
    Cases(office.store.engine).move(case, start=Stage.COMPLETE, to=Stage.ACCEPTED, staff="wu")
    clerk = office.person("li")
    path = f"/cases/{case}/supplement"
    assert "户口簿" in clerk.get(path).text
    whole: dict[str, str | list[str]] = {
        "from": "accepted",
        "material": ["household-register"],
        "others": "村委会盖章的表\t 正本\n\n照片",  # a cell of a spreadsheet
        "note": "户口簿第二页看不清",
        "due_on": "2099-12-31",
    }
    wrongs: list[dict[str, str | list[str]]] = [
        {"material": [], "others": " \n"},
        {"note": ""},
        {"due_on": "2020-01-01"},
        {"others": "x" * 61},
    ]
    for wrong in wrongs:
        assert clerk.post(path, {**whole, **wrong}).status_code == 422
        assert office.stage(case) == "accepted"
    page = clerk.post(path, whole)
    assert page.url == f"{office.url}/cases/{case}?saved"
    assert "户口簿、村委会盖章的表 正本、照片" in page.text
    assert "2099年12月31日" in page.text
    assert office.stage(case) == "supplement"
    with office.store.engine.connect() as connection:
        (kept,) = connection.execute(select(SUPPLEMENTS)).all()
        events = connection.execute(select(OUTBOX.c.event).order_by(OUTBOX.c.seq)).scalars().all()
    assert kept.materials == ["household-register", "村委会盖章的表 正本", "照片"]
    progress = office.store.progress(case)
    assert isinstance(progress, Progress)
    assert progress.supplement is not None
    assert list(progress.supplement.materials) == kept.materials
    assert (kept.uid, kept.asked_by, kept.note, kept.answered_at) == (case, "li", "户口簿第二页看不清", None)
    assert events[-1] == "supplement"
    assert office.record(case)[-2:] == [("li", What.ASKED), ("li", What.CASE)]
