"""The demonstration's control panel: each of its buttons, and the way in to the staff page that it shows."""

from __future__ import annotations

import pytest

from devices.camera.api import Finding, Lost
from devices.card.api import CardFailed, CardRead, CardState
from kiosk.demo.controls import controls, scene, staff_page
from kiosk.journey.events import (
    Agree,
    Begin,
    Draft,
    FindMine,
    Finish,
    Next,
    PickMatter,
    PickWho,
    Signed,
    ThatIsRight,
)
from kiosk.journey.states import (
    Delivery,
    FindBySlip,
    HandedIn,
    Identify,
    Printing,
    ScanPapers,
)
from tests.support.core_stage import PNG, Stage, online, stage
from tests.support.journeys import NOON
from tests.support.staff_site import Visitor

__all__ = ["stage"]


def test_a_newcomer_gets_in_to_the_staff_page_by_what_the_panel_shows(stage: Stage) -> None:
    title, (button,) = staff_page(stage.sims)
    url = title.split()[-1].rstrip("/")
    password = button.label.partition(" / ")[2].removesuffix("）")
    visitor = Visitor(url)
    assert visitor.sign_in("demo", password).url == f"{url}/cases"
    visitor.close()


@online
def test_every_button_of_the_control_panel_does_what_it_says(stage: Stage) -> None:
    buttons = {action.name: action.act for _, group in controls(stage.sims, stage.core) for action in group}
    seen = scene(stage.sims)
    sims = stage.sims
    assert seen.slip() is None
    with pytest.raises(LookupError, match="no slip yet"):
        buttons["lay-slip"]()
    buttons["network-cut"]()
    assert not sims.district.is_reachable
    for button in ("cover-open", "cover-close", "paper-take", "paper-load", "printer-off", "printer-on"):
        buttons[button]()
    stage.do(Begin(), PickWho(False), PickMatter("pension-enrolment"), Next(), Agree(NOON))
    for key, found in (("expired", None), ("unreadable", None), ("li", "李建国"), ("abdu", None), ("wang", "王秀英")):
        buttons[f"card-{key}"]()
        state = stage.until(lambda state, before=stage.core.runner.state.card: _settled(state.card, before))
        assert isinstance(state.screen, Identify)
        if found is not None:
            assert state.screen.found is not None
            assert state.screen.found.name == found
    stage.do(ThatIsRight())
    for answer in ("13812345678", "003", "rural", "500"):
        stage.do(Draft(answer), Next())
    buttons["camera-unplug"]()
    stage.until(lambda state: isinstance(state.screen, ScanPapers) and isinstance(state.camera, Lost))
    buttons["camera-plug"]()
    for button in ("codes-unplug", "codes-plug", "lay-code", "window-clear", "codes-noise", "codes-clear"):
        buttons[button]()
    for button, finding in (("glare", Finding.GLARE), ("blur", Finding.BLURRED), ("worst", Finding.TOO_DARK)):
        buttons["camera-clear"]()
        buttons["desk-clear"]()
        stage.until(lambda state: isinstance(state.screen, ScanPapers) and Finding.NO_PAPER in state.screen.findings)
        buttons[f"camera-{button}"]()
        buttons["paper-wang"]()
        stage.until(
            lambda state, finding=finding: isinstance(state.screen, ScanPapers) and finding in state.screen.findings
        )
    buttons["camera-clear"]()
    buttons["paper-wang"]()
    stage.until(lambda state: state.session is not None and bool(state.session.scans))
    stage.do(Next(), Next(), Signed(PNG))
    stage.until(lambda state: isinstance(state.screen, HandedIn) and state.screen.printing is Printing.PRINTED)
    assert seen.slip() is not None
    assert list(seen.received()) == []
    buttons["network-restore"]()
    stage.until(lambda state: isinstance(state.screen, HandedIn) and state.screen.delivery is Delivery.DONE)
    (received,) = seen.received()
    assert (received.papers, received.test) == ("2 / 2", False)
    assert received.case_number
    buttons["card-off"]()
    buttons["desk-clear"]()
    stage.do(Finish(), Finish(), FindMine(by_slip=True))
    for button, trouble in (
        ("lay-code", "code-foreign"),
        ("lay-matter", "code-matter"),
        ("lay-notice", "code-notice"),
        ("lay-enrolment", "code-enrolment"),
    ):
        buttons[button]()
        stage.until(
            lambda state, trouble=trouble: isinstance(state.screen, FindBySlip) and state.screen.trouble == trouble
        )
    buttons["lay-slip"]()
    stage.until(lambda state: isinstance(state.screen, FindBySlip) and bool(state.screen.found))


def _settled(card: CardState, before: CardState) -> bool:
    earlier = before.insertion if isinstance(before, CardRead | CardFailed) else 0
    return isinstance(card, CardRead | CardFailed) and card.insertion > earlier
