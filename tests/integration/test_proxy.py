"""For someone else with both cards, end to end: who is applied for, who came, and whose card finds it again."""

from __future__ import annotations

from devices.card.sim_card import DEMO_PEOPLE
from kiosk.journey.events import Agree, Begin, Draft, Next, PickMatter, PickWho, Signed, ThatIsRight
from kiosk.journey.states import HandedIn, Identify, Printing
from kiosk.receipts.kept import KeptSlip
from tests.support.core_stage import PNG, Stage, stage
from tests.support.journeys import NOON

__all__ = ["stage"]


def test_for_someone_else_with_both_cards(stage: Stage) -> None:
    stage.do(Begin(), PickWho(True), PickMatter("pension-enrolment"), Next(), Agree(NOON))
    for card in ("li", "wang"):
        stage.sims.slot.insert(stage.sims.cards[card])
        stage.until(lambda state: isinstance(state.screen, Identify) and state.screen.found is not None)
        stage.do(ThatIsRight())
        stage.sims.slot.remove()
    for answer in ("13812345678", "003", "rural", "500"):
        stage.do(Draft(answer), Next())
    stage.sims.desk.lay(stage.sims.papers["wang"])
    stage.until(lambda state: state.session is not None and bool(state.session.scans))
    stage.do(Next())
    session = stage.core.runner.state.session
    assert session is not None
    assert session.proxy is not None
    assert session.applicant is not None
    assert (session.proxy.name, session.applicant.name) == (DEMO_PEOPLE["li"].name, DEMO_PEOPLE["wang"].name)
    stage.do(Next(), Signed(PNG))
    state = stage.until(
        lambda state: isinstance(state.screen, HandedIn) and state.screen.printing is not Printing.RUNNING
    )
    assert isinstance(state.screen, HandedIn)
    assert state.screen.printing is Printing.PRINTED
    uid = state.screen.stored.uid
    kept = stage.core.queue.reprint(uid)
    assert kept is not None
    slip = KeptSlip.from_bytes(kept.slip_data)
    assert (slip.proxy, slip.applicant) == ("李*国", "王*英")
    (found,) = stage.core.queue.find(DEMO_PEOPLE["wang"].id_number)
    assert found.uid == uid
    assert stage.core.queue.find(DEMO_PEOPLE["li"].id_number) == ()
