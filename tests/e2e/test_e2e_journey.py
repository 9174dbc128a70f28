"""A whole journey on real parts: pcscd with a virtual card, a file camera, a TCP printer, the district over HTTP."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from devices.camera.sim import SimDesk
from devices.card.sim_card import DEMO_PEOPLE
from kiosk.receipts.picture import draw
from kiosk.receipts.slip import Slip
from tests.support.black_box import (
    MATTER,
    PLATFORM_PORT,
    BlackBox,
    DistrictOutside,
    planted,
    printer_outside,
    register_of,
    until_said,
)
from tests.support.pcscd import PROJECT, PcscdNamespace

pytestmark = pytest.mark.pcscd

KEYS = {"matter", "screens", "slip", "provisional_number", "uid", "state", "case_number", "seconds"}
BLOT = (0x80, 0x88, 0x90)
BLOTTED = {"person", "paper-household-register-live", "paper-household-register", "review", "handed-in", "rated"}
STEPS = [
    "who", "matters", "guide", "consent", "card", "person", "question-phone", "question-village", "question-hukou",
    "question-level", "paper-household-register-live", "paper-household-register", "review", "signature", "handed-in",
    "rated", "thanks", "wiped",
]  # fmt: skip


@pytest.fixture
def box(tmp_path: Path, hall: PcscdNamespace) -> BlackBox:
    return BlackBox(tmp_path, hall=hall)


def _same_slip(saved: Path, printed: Path) -> None:
    """The printer's paper is the saved picture and the white up to the knife."""
    ours, paper = (np.asarray(Image.open(path).convert("L")) for path in (saved, printed))
    assert paper.shape[0] >= ours.shape[0] > 600
    assert np.array_equal(paper[: len(ours)], ours)
    assert (paper[len(ours) :] == 255).all()


def _steps_of(summary: dict[str, Any]) -> list[str]:
    """The steps of the pictures, each a picture of the whole screen."""
    for number, path in enumerate(summary["screens"], start=1):
        with Image.open(path) as picture:
            assert (picture.format, picture.size) == ("PNG", (1080, 1920))
        assert Path(path).name.startswith(f"{number:02d}-")
    return [Path(path).stem[3:] for path in summary["screens"]]


def _blotted(summary: dict[str, Any]) -> set[str]:
    """The steps whose picture has flat rectangles in place of personal data; no code is left to read in those."""
    found: set[str] = set()
    for path in summary["screens"]:
        with Image.open(path) as picture:
            screen = np.asarray(picture.convert("RGB"))
        blots = (screen == BLOT).all(axis=2)
        rows, columns = blots.any(axis=1), blots.any(axis=0)
        if rows.sum() > 40 and columns.sum() > 200:
            found.add(Path(path).stem[3:])
            assert not zxingcpp.read_barcodes(screen), path
    return found


def _received_whole(district: DistrictOutside, uid: str) -> dict[str, Any]:
    """The one submission that the district has; its body and papers are the bytes that their hashes tell."""
    (received,) = district.export()
    assert received["uid"] == uid
    with sqlite3.connect(district.folder / "district.db") as database:
        ((body,),) = database.execute("SELECT body FROM submission")
    database.close()
    assert hashlib.sha256(body).hexdigest() == received["sha256"]
    for paper in received["attachments"]:
        assert paper["complete"]
        assert _hash(district.folder / "papers" / paper["id"]) == paper["sha256"]
    return received


def _no_fault_of_the_screens(errors: str) -> None:
    assert [line for line in errors.splitlines() if ".qml:" in line] == []


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _papers(row: dict[str, Any]) -> dict[str, str]:
    return {paper["id"]: paper["sha256"] for paper in row["attachments"]}


def _nothing_readable(files: list[Path]) -> None:
    assert files
    for path in files:
        content = path.read_bytes()
        assert not [marker for marker in planted() if marker in content], path


def test_a_card_that_lies_there_already_brings_the_submission_to_the_district(
    box: BlackBox, hall: PcscdNamespace, tmp_path: Path
) -> None:
    desk = SimDesk(folder=tmp_path / "camera")
    desk.lay(register_of("wang"))
    hall.lay_card("wang")
    with (
        printer_outside(tmp_path / "slips", hall=hall) as printer,
        DistrictOutside(tmp_path / "district", port=PLATFORM_PORT, hall=hall) as district,
    ):
        district.start()
        done = box.run(
            "rehearse", MATTER, "--config", box.configuration, "--out", tmp_path / "out", "--reader", hall.reader,
            "--camera", desk.source, "--printer", printer.uri, "--platform", district.url, "--json",
        )  # fmt: skip
        assert done.status == 0, done.errors
        _no_fault_of_the_screens(done.errors)
        slip = printer.next_slip()
    summary = done.row
    assert set(summary) == KEYS
    assert (summary["matter"], summary["state"], summary["case_number"]) == (MATTER, "done", None)
    assert re.fullmatch(r"QX07-\d{6}-0001-[0-9A-Z]", summary["provisional_number"])
    assert [step for step in _steps_of(summary) if step != "welcome"] == STEPS
    assert list(summary["seconds"]) == _steps_of(summary)
    assert all(seconds > 0 for seconds in summary["seconds"].values())
    assert _blotted(summary) == BLOTTED | {"card"}  # where the person is seen at once
    _same_slip(Path(summary["slip"]), slip)

    queued = box.run("queue", "show", summary["uid"], "--json").row
    received = _received_whole(district, summary["uid"])
    assert (queued["sha256"], _papers(queued)) == (received["sha256"], _papers(received))
    assert (queued["state"], queued["bytes_sent"]) == ("done", queued["bytes_total"])
    assert [received[key] for key in ("test", "case_number", "kiosk", "state")] == [True, None, "QX07", "done"]
    assert queued["test"] is True
    assert [paper["material"] for paper in received["attachments"]] == ["household-register", "signature"]
    form, person = received["form"], DEMO_PEOPLE["wang"]
    assert (form["applicant"]["name"], form["applicant"]["id_number"]) == (person.name, person.id_number)
    assert form["answers"]["village"] == "planted-village"
    assert set(form["answers"]) == {"phone", "village", "hukou", "level"}
    assert form["consent"]["version"]


def test_a_cut_network_says_stored_and_the_district_has_it_once_later(
    box: BlackBox, hall: PcscdNamespace, tmp_path: Path
) -> None:
    desk = SimDesk(folder=tmp_path / "camera")
    out = tmp_path / "out"
    district = DistrictOutside(tmp_path / "district", port=PLATFORM_PORT, hall=hall)
    with printer_outside(tmp_path / "slips", hall=hall) as printer, district:
        running = box.start(
            "rehearse", MATTER, "--config", box.configuration, "--out", out, "--reader", hall.reader,
            "--camera", desk.source, "--printer", printer.uri, "--platform", district.url, "--json",
        )  # fmt: skip
        until_said(running, "Lay the applicant's card")
        card = hall.lay_card("wang")
        until_said(running, "Lay the paper")
        card.remove()
        desk.lay(register_of("wang"))
        done = box.finish(running)
        assert done.status == 0, done.errors
        _no_fault_of_the_screens(done.errors)
        summary = done.row
        slip = printer.next_slip()
        _same_slip(Path(summary["slip"]), slip)
        assert _steps_of(summary) == ["welcome", *STEPS]
        assert _blotted(summary) == BLOTTED
        assert (summary["state"], summary["case_number"]) == ("ready", None)
        _nothing_readable([*box.files(), *(path for path in out.iterdir() if path.suffix != ".png")])

        waiting = box.run("queue", "list", "--json").row
        assert (waiting["uid"], waiting["state"], waiting["bytes_sent"]) == (summary["uid"], "ready", 0)
        assert waiting["last_error"] == "unreachable"
        still_cut = box.run("queue", "sync", "--platform", district.url, "--json")
        assert (still_cut.status, still_cut.row["failed"], still_cut.row["waiting"]) == (1, 1, 1)
        frozen = box.run("queue", "show", summary["uid"], "--json").row

        district.start()
        sent = box.run("queue", "sync", "--platform", district.url, "--json")
        assert (sent.status, sent.row["delivered"], sent.row["waiting"]) == (0, 1, 0)
        received = _received_whole(district, summary["uid"])
        assert (received["sha256"], _papers(received)) == (frozen["sha256"], _papers(frozen))
        assert (received["test"], received["case_number"]) == (True, None)
        again = box.run("queue", "sync", "--platform", district.url, "--json")
        # A heartbeat may be due by now, depending on how long all of this took; nothing of a submission is.
        assert (again.status, again.row["delivered"], again.row["failed"], again.row["waiting"]) == (0, 0, 0, 0)
        assert district.export() == [received]
    assert box.run("queue", "list", "--json").row["state"] == "done"
    _nothing_readable(box.files())
    _says_stored(Path(summary["slip"]), summary, received)


def _says_stored(path: Path, summary: dict[str, Any], received: dict[str, Any]) -> None:
    """The slip is, dot for dot, the one that says "stored"; the code on it leads to this district."""
    with Image.open(path) as picture:
        (code,) = zxingcpp.read_barcodes(picture.convert("L"))
        assert code.text.startswith("https://127.0.0.1/s#")
        assert summary["provisional_number"] in code.text
        expected = Slip(
            language="zh",
            hall="清溪镇便民服务大厅",
            title="城乡居民养老保险参保登记",
            provisional_number=summary["provisional_number"],
            qr_text=code.text,
            applicant="王*英",
            proxy=None,
            created=datetime.fromisoformat(received["form"]["signed_at"]),
            materials=("户口簿本人页",),
            stored_offline=True,
            case_number=None,
            test=True,
            reprint=False,
            terminal="QX07",
            help_line="有疑问请问大厅工作人员",
        )
        drawn = draw(expected, width=576, font_folder=PROJECT / "ui" / "fonts")
        assert np.array_equal(np.asarray(picture), np.asarray(drawn))
