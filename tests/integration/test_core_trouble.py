"""The terminal without its screen in trouble: what is lost, full or broken is said, and nobody's form is lost."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import apsw
import pytest

from devices.card.sim_card import DEMO_PEOPLE
from kiosk.config import ConfigError, PrinterTable
from kiosk.journey.events import (
    Agree,
    Begin,
    CloseOverlay,
    FindMine,
    Finish,
    Next,
    PickMatter,
    PickWho,
    PrintAgain,
    Signed,
    ThatIsRight,
    TryAgain,
)
from kiosk.journey.states import (
    Ask,
    FindByCard,
    HandedIn,
    HandingIn,
    Identify,
    IdleWarning,
    Printing,
)
from kiosk.opening import open_slip_printer
from offline_queue import store
from offline_queue.blobs import Blobs
from offline_queue.store import Store
from tests.support.core_stage import PNG, Stage, stage
from tests.support.journeys import NOON

__all__ = ["stage"]


def test_a_lost_voice_is_logged_by_its_code_and_the_way_goes_on(stage: Stage, tmp_path: Path) -> None:
    stage.do(Begin())
    stage.sims.voice.go_away()
    stage.silence(91)
    log = tmp_path / "log" / "audit.jsonl"

    def noted() -> bool:
        stage.do()
        return '"event": "speaker-changed", "trouble": "speech-no-engine"' in log.read_text("utf-8")

    assert stage.sooner_or_later(noted)
    assert isinstance(stage.core.runner.state.overlay, IdleWarning)
    stage.do(CloseOverlay(), PickWho(False))
    assert stage.core.runner.state.overlay is None


def test_no_paper_in_the_printer_still_stores(stage: Stage) -> None:
    stage.sims.printer.take_paper()
    handed_in = stage.to_slip()
    assert handed_in.printing is Printing.NOT_PRINTED
    assert len(stage.core.queue.list()) == 1
    stage.sims.printer.load_paper()
    stage.do(PrintAgain(handed_in.stored.uid))
    stage.until(lambda state: isinstance(state.screen, HandedIn) and state.screen.printing is Printing.PRINTED)
    assert len(stage.sims.printer.slips()) == 1


def test_a_damaged_card_is_said_and_a_good_one_goes_on(stage: Stage) -> None:
    stage.do(Begin(), PickWho(False), PickMatter("pension-enrolment"), Next(), Agree(NOON))
    stage.sims.slot.insert(stage.sims.cards["expired"])
    stage.until(lambda state: isinstance(state.screen, Identify) and state.screen.trouble == "card-expired")
    stage.sims.slot.remove()
    stage.sims.slot.insert(stage.sims.cards["abdu"])
    state = stage.until(lambda state: isinstance(state.screen, Identify) and state.screen.found is not None)
    stage.do(ThatIsRight())
    assert isinstance(stage.core.runner.state.screen, Ask)
    assert isinstance(state.screen, Identify)
    assert state.screen.found is not None
    assert state.screen.found.name == DEMO_PEOPLE["abdu"].name


def test_a_full_disk_keeps_everything_on_the_screen(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    room = [1024]

    def free(_: Path) -> int:
        return room[0]

    monkeypatch.setattr(store, "free_bytes", free)
    stage.to_papers()
    stage.sims.desk.lay(stage.sims.papers["wang"])
    stage.until(lambda state: state.session is not None and bool(state.session.scans))
    stage.do(Next(), Next(), Signed(PNG))
    state = stage.until(lambda state: state.screen == HandingIn(trouble="storage-full"))
    assert state.session is not None
    assert state.session.answers
    assert stage.sims.printer.slips() == []
    room[0] = 2**40
    stage.do(TryAgain())
    stage.until(lambda state: isinstance(state.screen, HandedIn))


def test_a_disk_that_fails_is_told_and_the_clerk_goes_on(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    uid = stage.to_slip().stored.uid
    stage.sims.slot.remove()
    stage.do(Finish(), Finish(), FindMine(by_slip=False))

    def broken(self: Store) -> None:
        raise apsw.IOError("disk I/O error")

    with monkeypatch.context() as failing:
        failing.setattr(Store, "expire_reprints", broken)
        stage.sims.slot.insert(stage.sims.cards["wang"])
        stage.until(lambda state: isinstance(state.screen, FindByCard) and state.screen.trouble == "lookup-failed")
    stage.sims.slot.remove()
    stage.sims.slot.insert(stage.sims.cards["wang"])
    stage.until(lambda state: isinstance(state.screen, FindByCard) and bool(state.screen.found))
    with monkeypatch.context() as failing:
        failing.setattr(Store, "expire_reprints", broken)
        stage.do(PrintAgain(uid))
        stage.until(
            lambda state: isinstance(state.screen, FindByCard) and state.screen.printing is Printing.NOT_PRINTED
        )
    stage.do(PrintAgain(uid))
    stage.until(lambda state: isinstance(state.screen, FindByCard) and state.screen.printing is Printing.PRINTED)


def test_a_disk_that_fails_at_handing_in_keeps_everything_too(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.to_papers()
    stage.sims.desk.lay(stage.sims.papers["wang"])
    stage.until(lambda state: state.session is not None and bool(state.session.scans))

    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "disk I/O error")

    with monkeypatch.context() as failing:
        failing.setattr(Blobs, "write", broken)
        stage.do(Next(), Next(), Signed(PNG))
        stage.until(lambda state: state.screen == HandingIn(trouble="storage-failed"))
    stage.do(TryAgain())
    stage.until(lambda state: isinstance(state.screen, HandedIn))
    assert len(stage.core.queue.list()) == 1


def test_the_printers_own_trouble_stands_in_the_log(stage: Stage, tmp_path: Path) -> None:
    stage.sims.printer.open_cover()
    assert stage.to_slip().printing is Printing.NOT_PRINTED
    stage.core.close()
    lines = [json.loads(line) for line in (tmp_path / "log" / "audit.jsonl").read_text("utf-8").splitlines()]
    assert [line["trouble"] for line in lines if line["event"] == "slip-ended"] == ["printer-cover-open"]


def test_a_printer_address_that_says_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"printer\.uri"):
        open_slip_printer(PrinterTable(uri="paper://wall"))
