"""Every command by itself, from outside: what it prints as JSON and how it ends."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
from pathlib import Path

import cv2
import pytest

from devices.camera.sim import SimDesk
from devices.card.sim_card import DEMO_PEOPLE
from tests.support.black_box import (
    MATTER,
    PLATFORM_PORT,
    BlackBox,
    DistrictOutside,
    planted,
    printer_outside,
    register_of,
)
from tests.support.papers import qr_picture
from tests.support.pcscd import PcscdNamespace
from tests.support.ports import free_port

ITEM = {
    "uid", "provisional_number", "matter", "name", "state", "created", "attempts", "next_try", "bytes_sent",
    "bytes_total", "percent", "last_error",
}  # fmt: skip
CHECKS = {"sqlite", "opencv", "codes", "catalogue", "fonts", "screen", "data", "space", "secrets", "swap", "cards",
          "camera", "printer", "platform"}  # fmt: skip


@pytest.fixture
def box(tmp_path: Path) -> BlackBox:
    return BlackBox(tmp_path)


# --- cards --------------------------------------------------------------------------------------------------------


@pytest.mark.pcscd
def test_card_read_tells_the_card_or_the_trouble(hall: PcscdNamespace, tmp_path: Path) -> None:
    box = BlackBox(tmp_path, hall=hall)
    laid = hall.lay_card("wang")
    read = box.run("card", "read", "--reader", hall.reader, "--json")
    laid.remove()
    assert read.status == 0
    person = DEMO_PEOPLE["wang"]
    assert {key: read.row[key] for key in ("profile", "assurance")} == {
        "profile": "social-security-card",
        "assurance": "unsigned",
    }
    fields = {"name": person.name, "id_number": person.id_number, "sex": "female", "birth_date": "1968-03-12"}
    assert read.row["fields"] == fields
    assert read.row["checks"]
    assert all(check["passed"] for check in read.row["checks"])

    for key, code in (("expired", "card-expired"), ("unreadable", "card-unreadable")):
        laid = hall.lay_card(key)
        failed = box.run("card", "read", "--reader", hall.reader, "--json")
        laid.remove()
        assert (failed.status, failed.row["trouble"]) == (1, code)
        assert failed.row["message"]
        assert failed.row["remedy"]

    empty = ("card", "read", "--reader", "Virtual PCD 00 01", "--wait", "0", "--json")
    assert box.run(*empty).row["trouble"] == "no-card"
    assert box.run("card", "read", "--reader", "No Such", "--wait", "0", "--json").row["trouble"] == "no-reader"
    hall.kill_pcscd()
    gone = box.run("card", "read", "--wait", "0", "--json")
    assert (gone.status, gone.row["trouble"]) == (1, "no-service")
    assert [path for path in box.files() if any(marker in path.read_bytes() for marker in planted())] == []


# --- camera -------------------------------------------------------------------------------------------------------


def test_camera_code_reads_each_file(box: BlackBox, tmp_path: Path) -> None:
    code, empty, broken = tmp_path / "code.png", tmp_path / "empty.png", tmp_path / "broken.png"
    cv2.imwrite(str(code), qr_picture("受理凭条"))
    cv2.imwrite(str(empty), qr_picture("x")[:20, :20])
    broken.write_bytes(b"no picture")
    done = box.run("camera", "code", code, empty, broken, "--json")
    assert done.status == 1
    assert [row["file"] for row in done.rows] == [str(code), str(empty), str(broken)]
    ((found,), none) = (row["codes"] for row in done.rows[:2])
    assert found["text"] == "受理凭条"
    assert found["engine"]
    assert re.fullmatch("(?i)qr.?code", found["format"])
    assert none == []
    assert done.rows[2]["trouble"] == "picture-unreadable"


def test_camera_page_finds_corners_clockwise_and_saves_the_page(box: BlackBox, tmp_path: Path) -> None:
    desk = SimDesk(folder=tmp_path / "camera", width=3840, height=2880)
    desk.lay(register_of("wang"))
    picture = Path(desk.source) / "0.jpg"
    done = box.run("camera", "page", picture, "--out", tmp_path / "pages", "--json")
    assert done.status == 0
    (left, top), (right, _), (_, bottom), (far_left, _) = done.row["corners"]
    assert left < right
    assert top < bottom
    assert far_left < right
    assert done.row["findings"] == []
    page = cv2.imread(str(tmp_path / "pages" / "0.jpg"))
    assert page is not None
    assert page.shape[0] > page.shape[1] > 400  # the leaf stands upright
    desk.clear()
    nothing = box.run("camera", "page", picture, "--json").row
    assert (nothing["corners"], nothing["findings"]) == (None, ["no-paper"])


# --- printer ------------------------------------------------------------------------------------------------------


def test_printer_test_tells_what_became_of_the_slip(box: BlackBox, tmp_path: Path) -> None:
    with printer_outside(tmp_path / "slips") as printer:
        printed = box.run("printer", "test", "--uri", printer.uri, "--json")
        assert (printed.status, printed.row["outcome"]) == (0, "printed")
        assert printed.row["status"] == {"trouble": None, "paper_low": False, "certain": True}
        assert printed.row["bytes"] > 5000
        assert printer.next_slip().is_file()
        for fault, trouble in (("open_cover", "printer-cover-open"), ("take_paper", "printer-paper-out")):
            printer.do(fault)
            refused = box.run("printer", "test", "--uri", printer.uri, "--json")
            assert (refused.status, refused.row["outcome"]) == (1, "not-printed")
            assert (refused.row["status"]["trouble"], refused.row["bytes"]) == (trouble, 0)
            printer.do("close_cover")
    assert len(list((tmp_path / "slips").iterdir())) == 1
    nobody = box.run("printer", "test", "--uri", f"tcp://127.0.0.1:{free_port()}", "--json")
    assert (nobody.status, nobody.row["outcome"]) == (1, "not-printed")
    assert nobody.row["status"]["trouble"] == "printer-offline"
    wrong = box.run("printer", "test", "--uri", "lpt1", "--json")
    assert (wrong.status, wrong.rows) == (2, [])
    assert "tcp://host:port" in wrong.errors


# --- queue --------------------------------------------------------------------------------------------------------


def test_queue_from_put_to_done(box: BlackBox, tmp_path: Path) -> None:
    form, paper = tmp_path / "form.json", tmp_path / "paper.pdf"
    form.write_text(json.dumps({"matter": "any", "name": DEMO_PEOPLE["wang"].name}), "utf-8")
    paper.write_bytes(b"%PDF-" + os.urandom(300_000))
    put = box.run("queue", "put", "--form", form, "--attach", paper, "--json")
    assert put.status == 0
    assert set(put.row) == {"uid", "provisional_number"}
    uid = put.row["uid"]
    listed = box.run("queue", "list", "--json").row
    assert set(listed) == ITEM
    assert (listed["uid"], listed["state"], listed["matter"], listed["attempts"]) == (uid, "ready", None, 0)
    assert listed["name"] is None  # a key in a plain file opens no name, not even a masked one
    shown = box.run("queue", "show", uid, "--json").row
    assert [one["sha256"] for one in shown["attachments"]] == [hashlib.sha256(paper.read_bytes()).hexdigest()]
    assert box.run("queue", "verify", "--json").rows == []
    assert stat.S_IMODE((box.data / "queue").stat().st_mode) == 0o700
    assert [path for path in box.files() if any(marker in path.read_bytes() for marker in planted())] == []

    with DistrictOutside(tmp_path / "district", port=free_port()) as district:
        failed = box.run("queue", "sync", "--platform", district.url, "--json")
        assert (failed.status, failed.row["failed"]) == (1, 1)
        assert box.run("queue", "list", "--json").row["attempts"] == 1
        assert box.run("queue", "retry", uid, "--json").row == {"uid": uid, "state": "ready"}
        assert box.run("queue", "list", "--json").row["attempts"] == 0
        district.start()
        assert box.run("queue", "sync", "--platform", district.url, "--json").row["delivered"] == 1
        (received,) = district.export()
    assert (received["uid"], received["sha256"]) == (uid, shown["sha256"])
    assert received["form"]["name"] == DEMO_PEOPLE["wang"].name
    assert received["case_number"]
    assert box.run("queue", "show", uid, "--json").row["state"] == "done"
    nothing = box.run("queue", "retry", uid, "--json")
    assert (nothing.status, nothing.row["trouble"]) == (1, "nothing-to-send")
    for word in ("show", "retry"):
        unknown = box.run("queue", word, "no-such-uid", "--json")
        assert (unknown.status, unknown.row["trouble"]) == (1, "uid-unknown")


def test_queue_verify_finds_a_damaged_paper(box: BlackBox, tmp_path: Path) -> None:
    form = tmp_path / "form.json"
    form.write_text("{}")
    uid = box.run("queue", "put", "--form", form, "--attach", form, "--json").row["uid"]
    (blob,) = (box.data / "queue" / "blobs").iterdir()
    content = bytearray(blob.read_bytes())
    content[-1] ^= 1
    blob.write_bytes(content)
    found = box.run("queue", "verify", "--json")
    assert (found.status, found.row["uid"]) == (1, uid)


@pytest.mark.parametrize("content", ["[]", "not json", "\x00"])
def test_queue_put_refuses_what_is_no_form(content: str, box: BlackBox, tmp_path: Path) -> None:
    form = tmp_path / "form.json"
    form.write_text(content)
    done = box.run("queue", "put", "--form", form, "--json")
    assert (done.status, done.rows) == (2, [])
    assert box.run("queue", "list", "--json").rows == []


def test_the_data_folder_is_the_environments_else_the_configurations(box: BlackBox, tmp_path: Path) -> None:
    form, configured = tmp_path / "form.json", tmp_path / "configured"
    form.write_text("{}")
    box.configuration.write_text(f'data = "{configured}"\n')
    put = ("queue", "put", "--config", box.configuration, "--form", form, "--json")
    assert box.run(*put).status == 0
    assert (box.data / "queue" / "queue.db").is_file()
    assert not configured.exists()
    assert box.run(*put, data=False).status == 0
    assert (configured / "queue" / "queue.db").is_file()
    shutil.rmtree(box.data)
    box.data.write_text("a file in the way")
    for command in (("queue", "list"), ("queue", "put", "--form", form)):
        broken = box.run(*command, "--json")
        assert (broken.status, broken.rows) == (1, [])
        assert "data folder" in broken.errors


# --- doctor -------------------------------------------------------------------------------------------------------


def test_doctor_without_a_configuration_looks_at_the_software(box: BlackBox) -> None:
    done = box.run("doctor", "--json")
    assert done.status == 0, done.rows
    assert all(set(row) == {"check", "result", "detail", "remedy"} for row in done.rows)
    results = {row["check"]: row["result"] for row in done.rows}
    assert set(results) >= CHECKS
    assert {results[name] for name in ("sqlite", "opencv", "codes", "catalogue", "fonts", "screen")} == {"pass"}
    assert {results[name] for name in ("cards", "camera", "printer", "platform")} == {"skip"}


@pytest.mark.pcscd
def test_doctor_with_a_configuration_looks_at_the_terminal(hall: PcscdNamespace, tmp_path: Path) -> None:
    box = BlackBox(tmp_path, hall=hall)
    desk = SimDesk(folder=tmp_path / "camera")
    box.data.mkdir(mode=0o700)
    with (
        printer_outside(tmp_path / "slips", hall=hall) as printer,
        DistrictOutside(tmp_path / "district", port=PLATFORM_PORT, hall=hall) as district,
    ):
        configuration = box.configuration.read_text("utf-8")
        configuration += f"""
[camera]
source = "{desk.source}"
[printer]
uri = "{printer.uri}"
[platform]
url = "{district.url}"
"""
        box.configuration.write_text(configuration, "utf-8")
        district.start()
        well = box.run("doctor", "--config", box.configuration, "--json")
        printer.do("open_cover")
        desk.unplug()
        district.stop()
        ill = box.run("doctor", "--config", box.configuration, "--json")
    results = {row["check"]: row["result"] for row in well.rows}
    assert {
        name for name in ("data", "space", "secrets", "camera", "printer", "platform") if results[name] != "pass"
    } == set()
    assert (well.status, results["cards"]) == (1, "fail")
    (virtual,) = [row for row in well.rows if row["check"] == "cards"]
    assert "Virtual PCD" in virtual["detail"]
    assert virtual["remedy"]
    failed = {row["check"] for row in ill.rows if row["result"] == "fail"}
    assert failed >= {"cards", "camera", "printer", "platform"}
    assert all(row["remedy"] for row in ill.rows if row["result"] == "fail")


# --- usage --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("run",),
        ("rehearse", "no-such-matter", "--out", "out", "--json"),
        ("rehearse", MATTER, "--json"),
        ("rehearse", MATTER, "--out", "out", "--printer", "lpt1", "--json"),
        ("rehearse", MATTER, "--out", "out", "--platform", "http://district.example", "--json"),
        ("card", "read", "--wait", "soon", "--json"),
        ("camera", "code", "--json"),
        ("printer", "test", "--json"),
        ("queue", "sync", "--json"),
        ("queue", "sync", "--platform", "ftp://127.0.0.1", "--json"),
        ("queue", "put", "--form", "no-such-file", "--json"),
        ("queue", "show", "--json"),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_a_sentence(arguments: tuple[str, ...], box: BlackBox) -> None:
    done = box.run(*arguments)
    assert (done.status, done.rows) == (2, [])
    assert done.errors.strip()


@pytest.mark.parametrize("content", ["unknown = 1", "[hall", '[hall]\nterminal = "too long a code"'])
def test_a_configuration_that_cannot_be_used_is_named_with_key_and_reason(content: str, box: BlackBox) -> None:
    box.configuration.write_text(content)
    for command in (("doctor",), ("queue", "list"), ("rehearse", MATTER, "--out", "out")):
        done = box.run(*command, "--config", box.configuration, "--json")
        assert (done.status, done.rows) == (1, [])
        assert str(box.configuration) in done.errors


# --- rehearsals that cannot come to their end ---------------------------------------------------------------------


@pytest.mark.pcscd
def test_a_rehearsal_names_what_is_missing(hall: PcscdNamespace, tmp_path: Path) -> None:
    box = BlackBox(tmp_path, hall=hall)
    desk = SimDesk(folder=tmp_path / "camera")
    with printer_outside(tmp_path / "slips", hall=hall) as printer:
        common = [
            "rehearse", MATTER, "--out", tmp_path / "out", "--camera", desk.source, "--printer", printer.uri,
            "--platform", f"http://127.0.0.1:{PLATFORM_PORT}", "--json",
        ]  # fmt: skip
        no_villages = box.run(*common, "--reader", hall.reader)
        assert (no_villages.status, no_villages.rows) == (1, [])
        assert "villages" in no_villages.errors
        hall.lay_card("expired")
        expired = box.run(*common, "--config", box.configuration, "--reader", hall.reader)
        assert (expired.status, expired.rows) == (1, [])
        assert "expired" in expired.errors
        no_reader = box.run(*common, "--config", box.configuration, "--reader", "No Such Reader")
        assert (no_reader.status, no_reader.rows) == (1, [])
        assert "no-reader" in no_reader.errors
    assert box.run("queue", "list", "--json").rows == []
