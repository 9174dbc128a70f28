"""The terminal without its screen: virtual card, simulated desk and printer, real queue; no network."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import zxingcpp

from devices.camera.api import Doubt, Finding, Lost
from devices.camera.pictures import decode_picture
from devices.camera.wayup import WayUp, way_up
from devices.card.sim_card import DEMO_PEOPLE
from devices.printer.counter import read_count
from kiosk.domain.spoken import LINES, Line
from kiosk.journey.events import (
    AddPage,
    Back,
    Begin,
    CallStaff,
    CloseOverlay,
    FindMine,
    Finish,
    Next,
    PickLanguage,
    PrintAgain,
    Rate,
    RemovePage,
    SetCare,
    ShootNow,
    Signed,
    SwitchToOtherCard,
    Touched,
)
from kiosk.journey.states import (
    Delivery,
    FindByCard,
    FindBySlip,
    HandedIn,
    HandingIn,
    OtherCard,
    Printing,
    ScanPapers,
    Terminal,
    Thanks,
    Welcome,
    WhoFor,
)
from tests.support.core_stage import PATIENCE_S, PNG, Stage, online, stage
from tests.support.markers import marks_in, spellings

__all__ = ["stage"]


def test_from_card_to_slip_and_nothing_left_unsealed(stage: Stage, tmp_path: Path) -> None:
    handed_in = stage.to_slip()
    assert handed_in.printing is Printing.PRINTED
    (slip,) = stage.sims.printer.slips()
    (code,) = zxingcpp.read_barcodes(slip.convert("L"))
    assert code.text == handed_in.stored.slip_text
    (item,) = stage.core.queue.list()
    assert (item.uid, item.state.value) == (handed_in.stored.uid, "ready")
    assert [paper.bytes > 100 for paper in item.attachments] == [True, False]
    stage.do(Rate(4), Finish(), CallStaff())
    assert isinstance(stage.core.runner.state.screen, Thanks)
    stage.core.close()
    secrets = [text.encode() for person in (DEMO_PEOPLE["wang"],) for text in (person.name, person.id_number)]
    secrets += [b"13812345678", PNG, "王*英".encode()]
    files = [path for path in tmp_path.rglob("*") if path.is_file() and "elsewhere" not in path.parts]
    assert any(path.name == "audit.jsonl" for path in files)
    for path in files:
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret in content], path


def test_the_log_tells_what_happened_but_not_to_whom(stage: Stage, tmp_path: Path) -> None:
    stage.to_slip()
    stage.do(CallStaff())
    stage.core.close()
    lines = [json.loads(line) for line in (tmp_path / "log" / "audit.jsonl").read_text("utf-8").splitlines()]
    events = [line["event"] for line in lines]
    assert events[0] == "started"
    assert events[-1] == "stopped"
    assert {"session-begun", "submission-stored", "slip-ended", "staff-called"} <= set(events)


def test_the_warning_is_said_hushed_by_a_touch_and_never_logged(stage: Stage, tmp_path: Path) -> None:
    warning = LINES[Line.IDLE_WARNING]
    stage.do(Begin())
    stage.silence(91)
    (said,) = stage.sims.voice.wait_for(1, PATIENCE_S)
    assert (said.text, said.settings["LANGUAGE"], said.settings["RATE"]) == (warning.zh, "zh", "0")
    assert said.settings["PRIORITY"] == "important"
    stage.do(Touched(), CloseOverlay(), SetCare(True), PickLanguage("en"))
    assert stage.sooner_or_later(lambda: said.end == "CANCELED")
    stage.silence(140)
    english = stage.sims.voice.wait_for(2, PATIENCE_S)[-1]
    assert (english.text, english.settings["LANGUAGE"], english.settings["RATE"]) == (warning.en, "en", "-38")
    stage.silence(46)
    assert isinstance(stage.core.runner.state.screen, Welcome)
    assert stage.sooner_or_later(lambda: english.end == "CANCELED")
    stage.do(Begin())  # the next resident finds the voice as it should be
    stage.silence(91)
    assert stage.sims.voice.wait_for(3, PATIENCE_S)[-1].settings["RATE"] == "0"
    stage.core.close()
    log = (tmp_path / "log" / "audit.jsonl").read_text("utf-8")
    assert "您还在吗" not in log
    assert "still there" not in log


def test_a_lost_slip_is_found_by_card_and_printed_again_marked(stage: Stage) -> None:
    uid = stage.to_slip().stored.uid
    stage.sims.slot.remove()
    stage.do(Finish(), Finish(), FindMine(by_slip=False))
    stage.sims.slot.insert(stage.sims.cards["wang"])
    state = stage.until(lambda state: isinstance(state.screen, FindByCard) and state.screen.found is not None)
    assert isinstance(state.screen, FindByCard)
    assert state.screen.found is not None
    (found,) = state.screen.found
    assert (found.uid, found.delivery) == (uid, Delivery.READY)
    assert found.matter is not None
    stage.do(PrintAgain(uid))
    stage.until(lambda state: isinstance(state.screen, FindByCard) and state.screen.printing is Printing.PRINTED)
    first, second = stage.sims.printer.slips()
    assert second.size[1] > first.size[1]  # the reprint says so


def test_nothing_is_found_for_a_stranger(stage: Stage) -> None:
    stage.do(FindMine(by_slip=False))
    stage.sims.slot.insert(stage.sims.cards["li"])
    state = stage.until(lambda state: isinstance(state.screen, FindByCard) and state.screen.found is not None)
    assert isinstance(state.screen, FindByCard)
    assert state.screen.found == ()


def test_the_code_on_the_slip_finds_it_and_others_do_not(stage: Stage) -> None:
    stored = stage.to_slip().stored
    stage.sims.slot.remove()
    stage.do(Finish(), Finish(), FindMine(by_slip=True))
    stage.sims.window.lay_code("https://example.com/win")
    stage.until(lambda state: isinstance(state.screen, FindBySlip) and state.screen.trouble == "code-foreign")
    stage.sims.window.lay_code(stored.slip_text)
    state = stage.until(lambda state: isinstance(state.screen, FindBySlip) and state.screen.found is not None)
    assert isinstance(state.screen, FindBySlip)
    assert state.screen.found is not None
    assert state.screen.found[0].uid == stored.uid


def test_slip_of_another_terminal_is_genuine_or_forged(stage: Stage) -> None:
    neighbour = stage.sims.neighbour
    stage.do(FindMine(by_slip=True))
    stage.sims.window.lay_code(neighbour.forged)
    stage.until(lambda state: isinstance(state.screen, FindBySlip) and state.screen.trouble == "slip-forged")
    stage.sims.window.lay_code(neighbour.slip)
    state = stage.until(lambda state: isinstance(state.screen, FindBySlip) and state.screen.elsewhere is not None)
    assert isinstance(state.screen, FindBySlip)
    assert state.screen.elsewhere is not None
    assert (state.screen.elsewhere.terminal, state.screen.elsewhere.hall) == ("TY05", "清溪镇便民服务大厅")
    assert (state.screen.found, state.screen.trouble) == (None, None)


def test_staff_learn_of_low_paper_before_a_resident_does(stage: Stage, tmp_path: Path) -> None:
    stage.until(lambda state: state.printer is not None and not state.printer.paper_low)
    stage.sims.printer.run_low()
    stage.to_slip()
    state = stage.until(lambda state: state.printer is not None and state.printer.paper_low)
    assert state.printer is not None
    assert state.printer.trouble is None
    count = read_count(tmp_path / "printer.json")
    assert (count.slips, count.roll_slips, count.paper_low) == (1, 1, True)
    assert 0.1 < count.roll_metres < 0.3
    log = (tmp_path / "log" / "audit.jsonl").read_text("utf-8")
    assert '"event": "printer-seen", "trouble": "", "paper_low": 1' in log


def test_a_picture_by_hand_when_there_is_no_paper(stage: Stage) -> None:
    stage.to_papers()
    stage.until(lambda state: isinstance(state.screen, ScanPapers) and state.screen.seen)
    state = stage.core.runner.state
    assert isinstance(state.screen, ScanPapers)
    assert [finding.value for finding in state.screen.findings] == ["no-paper"]
    stage.do(ShootNow())
    state = stage.until(lambda state: state.session is not None and bool(state.session.scans))
    assert state.session is not None
    (scan,) = state.session.scans["household-register"]
    assert scan.jpeg.startswith(b"\xff\xd8")


def _advised(*findings: Finding) -> Callable[[Terminal], bool]:
    return lambda state: isinstance(state.screen, ScanPapers) and state.screen.findings == findings


def _taken(count: int) -> Callable[[Terminal], bool]:
    def enough(state: Terminal) -> bool:
        return state.session is not None and len(state.session.scans.get("household-register", ())) == count

    return enough


def test_a_page_that_still_lies_there_is_not_taken_twice_by_itself_but_by_hand(stage: Stage) -> None:
    stage.to_papers()
    stage.sims.desk.lay(stage.sims.papers["wang"])
    stage.until(_taken(1))
    stage.do(AddPage())
    stage.until(_advised(Finding.TAKEN))
    stage.do(ShootNow())
    state = stage.until(_taken(2))
    assert state.session is not None
    assert [page.doubts for page in state.session.scans["household-register"]] == [(), (Doubt.SAME_PAGE,)]
    stage.do(RemovePage(1), AddPage())
    stage.sims.desk.lay(stage.sims.papers["li"])
    state = stage.until(_taken(2))
    assert state.session is not None
    assert [page.doubts for page in state.session.scans["household-register"]] == [(), ()]


def test_a_page_laid_upside_down_stands_upright_and_the_camera_may_go_and_come_back(stage: Stage) -> None:
    stage.to_papers()
    stage.sims.desk.unplug()
    stage.until(lambda state: isinstance(state.screen, ScanPapers) and isinstance(state.camera, Lost))
    stage.sims.desk.plug()
    stage.sims.desk.lay(stage.sims.papers["wang"], degrees=182)
    state = stage.until(_taken(1))
    assert state.session is not None
    (page,) = state.session.scans["household-register"]
    assert way_up(decode_picture(page.jpeg)) == WayUp(0, sure=True)


def test_a_file_above_its_limit_is_said_and_fewer_pages_go_in(stage: Stage) -> None:
    hall = stage.core.runner.hall
    matter = next(each for each in hall.matters if each.id == "pension-enrolment")
    (material,) = matter.materials
    small = matter.model_copy(update={"materials": (material.model_copy(update={"largest_kb": 1}),)})
    stage.core.runner.hall = replace(hall, matters=(small,))
    stage.to_papers()
    stage.sims.desk.lay(stage.sims.papers["wang"])
    stage.until(_taken(1))
    stage.do(Next(), Next(), Signed(PNG))
    stage.until(lambda state: state.screen == HandingIn(trouble="paper-too-large"))
    assert stage.core.queue.list() == ()
    stage.do(Back(), Back())
    assert stage.core.runner.state.session is not None
    assert _taken(1)(stage.core.runner.state)


@online
def test_planted_words_lie_nowhere_before_and_after_they_are_sent(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    person = DEMO_PEOPLE["wang"]
    marks = [mark for text in (person.name, person.id_number, "13812345678") for mark in spellings(text)] + [PNG[8:]]
    texts_of_papers: list[bytes] = []

    def own_files() -> list[Path]:
        return [path for path in tmp_path.rglob("*") if path.is_file() and "elsewhere" not in path.parts]

    def anywhere() -> list[tuple[Path, bytes]]:
        return marks_in(own_files(), marks + texts_of_papers)

    stage.sims.district.cut()
    stage.to_papers()
    stage.sims.desk.lay(stage.sims.papers["wang"])
    state = stage.until(lambda state: state.session is not None and bool(state.session.scans))
    assert state.session is not None
    texts_of_papers += [scan.jpeg[-200:-100] for scans in state.session.scans.values() for scan in scans]
    assert anywhere() == []  # what was not handed in yet is in memory only
    stage.do(Next(), Next(), Signed(PNG))
    stage.until(lambda state: isinstance(state.screen, HandedIn) and state.screen.printing is not Printing.RUNNING)
    assert [item.state.value for item in stage.core.queue.list()] == ["ready"]
    assert {"queue.db-wal", "audit.jsonl"} <= {path.name for path in own_files()}
    assert any(path.parent.name == "blobs" for path in own_files())
    assert anywhere() == []
    stage.sims.district.restore()
    stage.core.queue.retry(stage.core.queue.list()[0].uid)
    assert stage.core.sync is not None
    stage.core.sync.wake(hurry=True)
    assert stage.sooner_or_later(lambda: stage.core.queue.list()[0].state.value == "done")
    assert anywhere() == []
    stage.do(Rate(4), Finish())
    stage.core.close()
    assert anywhere() == []
    # Where it does lie, the platform's side, it is found: and in a temporary file it would be.
    assert marks_in((tmp_path / "elsewhere").rglob("*.db"), marks)
    (temporary / "left").write_bytes(base64.b64encode(b"a" + person.name.encode() + b"b"))
    assert [path.name for path, _ in anywhere()] == ["left"]


@online
def test_the_platforms_answer_reaches_the_screen_and_the_rating_the_platform(stage: Stage) -> None:
    uid = stage.to_slip().stored.uid
    state = stage.until(lambda state: isinstance(state.screen, HandedIn) and state.screen.delivery is Delivery.DONE)
    assert isinstance(state.screen, HandedIn)
    assert state.screen.case_number
    stage.do(Rate(4), Finish())
    received = stage.sims.district.open_store()
    try:
        (submission,) = received.submissions()
        assert (submission.outside.uid, submission.case_number) == (uid, state.screen.case_number)
        assert all(paper.complete for paper in submission.papers)
        assert stage.sooner_or_later(lambda: [row.rating for row in received.submissions()] == [4])
    finally:
        received.close()


def test_another_residents_card_never_mixes_two_people(stage: Stage) -> None:
    stage.to_papers()
    stage.sims.slot.remove()
    stage.sims.slot.insert(stage.sims.cards["li"])
    stage.until(lambda state: isinstance(state.overlay, OtherCard))
    stage.do(SwitchToOtherCard())
    state = stage.core.runner.state
    assert isinstance(state.screen, WhoFor)
    assert state.session is not None
    assert (state.session.number, state.session.applicant, dict(state.session.answers)) == (2, None, {})
