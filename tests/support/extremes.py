"""What stretches a screen: the longest names, many pages, long places, nothing at all. Measured, not pictured."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from devices.camera.api import Scan
from devices.card.api import NoCard
from kiosk.catalogue.model import Option
from kiosk.domain.resident import Role
from kiosk.domain.trouble import TROUBLES
from kiosk.domain.words import Text
from kiosk.journey.events import CardChanged, Draft, Next, PageShot, ThatIsRight
from kiosk.journey.states import FindBySlip, Hall, HandedIn, HandingIn, Identify, Printing, ScanPapers, Terminal
from tests.support.journeys import HALL, LI, STORED, Walk, at, card
from tests.support.papers import packed, written_page
from tests.support.stages import Stage

LONG_NAME = "阿卜杜热合曼·买买提吐尔逊江"
LONG_VILLAGE = Text(
    zh="石头城塔吉克族乡吐尔逊巴格艾日克买里斯村民委员会第七村民小组",
    en="Tursunbag Airik Mailis Village Committee of the Stone City Township, Seventh Villagers' Group",
)
LONG_HALL: Hall = replace(
    HALL,
    name=Text(zh="桃源土家族苗族自治乡便民服务中心", en="Taoyuan Tujia and Miao Township Hall"),
    villages=(Option(value="900", label=LONG_VILLAGE), *HALL.villages),
)
PAGE = Scan(jpeg=packed(written_page(620, 877), ".jpg"), width=620, height=877)


def _twelve_pages() -> Terminal:
    walk = Walk().to_papers()
    terminal = walk.do(PageShot(walk.session.number, PAGE)).terminal
    assert isinstance(terminal.screen, ScanPapers)
    assert terminal.session is not None
    material = terminal.screen.material.model_copy(update={"most": 12})
    scans = MappingProxyType({material.id: (PAGE,) * 12})
    return replace(
        terminal,
        screen=replace(terminal.screen, material=material),
        session=replace(terminal.session, scans=scans),
    )


def _long_proxy() -> Walk:
    walk = Walk(LONG_HALL).to_card(on_behalf=True)
    proxy = card(1, LONG_NAME, "932682198501010017", "1985-01-01")
    return walk.do(CardChanged(proxy), ThatIsRight(), CardChanged(NoCard()), CardChanged(card(4)))


def extremes() -> list[Stage]:
    """Stages for :data:`LONG_HALL`."""
    village = Walk(LONG_HALL).to_questions().do(Draft("13812345678"), Next())
    review = _long_proxy().do(ThatIsRight())
    for answer in ("13812345678", "900", "resident", "500"):
        review.do(Draft(answer), Next())
    review.do(PageShot(review.session.number, PAGE), Next())
    waiting = Walk(LONG_HALL).to_card().terminal
    return [
        Stage("welcome-long-hall", Walk(LONG_HALL).terminal),
        Stage("person-long-name", _long_proxy().terminal),
        Stage("village-long", village.terminal),
        Stage("village-long-chosen", village.do(Draft("900")).terminal),
        Stage("twelve-pages", _twelve_pages()),
        Stage("review-long", review.terminal),
        Stage("other-card-long", Walk(LONG_HALL).to_questions().do(CardChanged(NoCard()), CardChanged(LI)).terminal),
        Stage(
            "no-slip-and-why",
            at(
                HandedIn(
                    stored=STORED, printing=Printing.NOT_PRINTED, printer="printer-cover-open", case_number="1" * 18
                )
            ),
        ),
        Stage("nothing-found-by-slip", at(FindBySlip(found=()))),
        *(
            Stage(f"trouble-{code}", replace(waiting, screen=Identify(role=Role.APPLICANT, trouble=code)))
            for code in TROUBLES
            if code.startswith("card-") or code in ("no-reader", "no-service")
        ),
        *(
            Stage(f"trouble-{code}", at(HandingIn(trouble=code)))
            for code in ("storage-full", "storage-failed", "too-large")
        ),
    ]
