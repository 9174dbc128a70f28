"""A travel document from reader to camera and back: simulated chip, drawn page, the real engine in its process."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from devices.card.sim_emrtd import DEMO_HOLDERS
from kiosk.domain.resident import Resident
from kiosk.journey.events import (
    Agree,
    Begin,
    Draft,
    Finish,
    FinishForSure,
    Next,
    PickMatter,
    PickWho,
    TakeOffer,
    ThatIsRight,
    TypeInstead,
    UseCamera,
)
from kiosk.journey.offers import offered
from kiosk.journey.states import Ask, Identify, LayDocument, ShowDocument, ShowPaper, TypeDocument, Welcome
from kiosk.process import READING
from tests.support.core_stage import Stage, stage
from tests.support.journeys import NOON

__all__ = ["stage"]


def identified(stage: Stage) -> str:
    """Who was found on the document."""
    state = stage.until(lambda state: isinstance(state.screen, Identify) and state.screen.found is not None)
    assert isinstance(state.screen, Identify)
    assert state.screen.found is not None
    return state.screen.found.name


def begun(stage: Stage, matter: str = "pension-enrolment") -> Stage:
    return stage.do(Begin(), PickWho(False), PickMatter(matter), Next(), Agree(NOON))


def reading_processes() -> list[str]:
    """The commands of this process's reading processes."""
    found: list[str] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_text()
            if READING in command and f"PPid:\t{os.getpid()}\n" in (folder / "status").read_text():
                found.append(command)
        except OSError:
            continue  # it ended meanwhile
    return found


@pytest.mark.parametrize("key", ["passport", "permit"])
def test_a_document_is_lifted_shown_laid_back_and_read(stage: Stage, key: str) -> None:
    begun(stage)
    stage.sims.slot.insert(stage.sims.cards[key])
    stage.until(lambda state: isinstance(state.screen, ShowDocument))
    stage.sims.slot.remove()
    stage.sims.desk.lay(stage.sims.papers[f"{key}-page"])
    stage.until(lambda state: isinstance(state.screen, LayDocument))
    stage.sims.slot.insert(stage.sims.cards[key])
    assert identified(stage) == DEMO_HOLDERS[key].chinese_name
    stage.do(Finish(), FinishForSure())
    assert isinstance(stage.core.runner.state.screen, Welcome)
    assert DEMO_HOLDERS[key].number not in repr(stage.core.runner.state)


def test_the_page_of_another_document_is_refused_by_the_chip_and_what_is_typed_opens_it(stage: Stage) -> None:
    begun(stage)
    stage.sims.desk.lay(stage.sims.papers["permit-page"])
    stage.sims.slot.insert(stage.sims.cards["foreign-card"])
    stage.until(lambda state: isinstance(state.screen, ShowDocument) and state.screen.trouble == "card-wrong-key")
    stage.do(TypeInstead())
    for typed in ("U0000042X", "19740812", "20330415"):
        stage.do(Draft(typed), Next())
    assert identified(stage) == "ERIKSDOTTER ANNA MARIA"  # told by the document's number: it carries no other
    assert not isinstance(stage.core.runner.state.screen, TypeDocument)


def test_a_bank_card_is_read_offered_and_its_reader_gone_at_the_wipe(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seventy(_resident: Resident, _day: date) -> int:
        return 70  # nobody of the demo draws a pension yet

    monkeypatch.setattr(Resident, "age_on", seventy)
    begun(stage, "pension-payout-account")
    stage.sims.slot.insert(stage.sims.cards["wang"])
    identified(stage)
    stage.do(ThatIsRight(), UseCamera())
    assert isinstance(stage.core.runner.state.screen, ShowPaper)
    stage.sims.desk.lay(stage.sims.papers["bank-card"])
    state = stage.until(lambda state: isinstance(state.screen, Ask))
    assert state.session is not None
    assert isinstance(state.screen, Ask)
    assert state.screen.draft == ""
    (number,) = offered(state.session, state.screen)
    taken = stage.do(TakeOffer(number)).core.runner.state.screen
    assert isinstance(taken, Ask)
    assert taken.draft == number
    assert reading_processes()
    stage.do(Finish(), FinishForSure())
    assert not reading_processes()
