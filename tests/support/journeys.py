"""Ready-made people, cards and events for tests of the journey, and a driver that keeps what was asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from devices.camera.api import Scan
from devices.card.api import Assurance, CardRead
from kiosk.catalogue.loader import load
from kiosk.catalogue.model import Option
from kiosk.domain.words import Text
from kiosk.journey.effects import Effect
from kiosk.journey.events import (
    Agree,
    Begin,
    CardChanged,
    Draft,
    Event,
    Next,
    PageShot,
    PickMatter,
    PickWho,
    Signed,
    StoreDone,
    ThatIsRight,
    Tick,
)
from kiosk.journey.machine import advance
from kiosk.journey.states import Hall, Screen, Session, Stored, Terminal

TODAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SCAN = Scan(jpeg=b"\xff\xd8page\xff\xd9", width=1240, height=1754)
STORED = Stored(
    uid="0190f3a0-0000-4000-8000-000000000001",
    provisional_number="TY03-261123-0047-K",
    slip_text="https://district.example/s#v1.TY03-261123-0047-K.t.k.s",
    created=NOON,
)
VILLAGES = tuple(
    Option(value=f"{number:03d}", label=Text(zh=zh, en=en))
    for number, (zh, en) in enumerate(
        [
            ("桃源社区", "Taoyuan Community"),
            ("东河村", "Donghe Village"),
            ("西山村", "Xishan Village"),
            ("南塘村", "Nantang Village"),
            ("北坪村", "Beiping Village"),
            ("石桥村", "Shiqiao Village"),
            ("柳树湾村", "Liushuwan Village"),
            ("高家坝村", "Gaojiaba Village"),
            ("青龙嘴村", "Qinglongzui Village"),
            ("大水井村", "Dashuijing Village"),
            ("红旗社区", "Hongqi Community"),
            ("吐尔逊巴格村", "Tursunbag Village"),
        ],
        start=1,
    )
)
HALL = Hall(
    name=Text(zh="桃源镇便民服务中心", en="Taoyuan Town Service Hall"),
    help_line=Text(zh="有疑问请问大厅工作人员", en="Questions? Ask the hall staff"),
    terminal="TY03",
    matters=load(),
    villages=VILLAGES,
    staff=True,
)


def card(
    insertion: int, name: str = "王秀英", id_number: str = "932682196803150025", born: str = "1968-03-15"
) -> CardRead:
    """A finished read; the default is a woman of 58."""
    return CardRead(
        insertion=insertion,
        profile="social-security-card",
        assurance=Assurance.UNSIGNED,
        fields={"name": name, "id_number": id_number, "sex": "female", "birth_date": born},
        checks=(),
    )


WANG = card(1)
LI = card(2, "李建国", "932682198501010017", "1985-01-01")
CHILD = card(3, "小明", "932682201501010018", "2015-01-01")


class Walk:
    """A terminal driven by events; ``effects`` holds all that was asked for, in order."""

    def __init__(self, hall: Hall = HALL) -> None:
        self.hall = hall
        self.terminal = Terminal(now=1000.0, today=TODAY, touched=1000.0)
        self.effects: list[Effect] = []

    def do(self, *events: Event) -> Walk:
        for event in events:
            self.terminal, effects = advance(self.terminal, event, self.hall)
            self.effects.extend(effects)
        return self

    def wait(self, seconds: float) -> Walk:
        return self.do(Tick(self.terminal.now + seconds, TODAY))

    @property
    def screen(self) -> Screen:
        return self.terminal.screen

    @property
    def session(self) -> Session:
        assert self.terminal.session is not None
        return self.terminal.session

    # --- stages of the way, each from the one before ---

    def to_card(self, *, on_behalf: bool = False) -> Walk:
        return self.do(Begin(), PickWho(on_behalf), PickMatter("pension-enrolment"), Next(), Agree(NOON))

    def to_questions(self, applicant: CardRead = WANG) -> Walk:
        return self.to_card().do(CardChanged(applicant), ThatIsRight())

    def to_papers(self, applicant: CardRead = WANG) -> Walk:
        self.to_questions(applicant)
        for answer in ("13812345678", "003", "rural", "500"):
            self.do(Draft(answer), Next())
        return self

    def to_review(self) -> Walk:
        self.to_papers()
        return self.do(PageShot(self.session.number, SCAN), Next())

    def to_storing(self) -> Walk:
        return self.to_review().do(Next(), Signed(b"png"))

    def to_slip(self) -> Walk:
        self.to_storing()
        return self.do(StoreDone(self.session.number, STORED))


def at(screen: Screen, **changes: object) -> Terminal:
    """A terminal standing on ``screen`` with a finished session behind it; ``changes`` are fields of Terminal."""
    walk = Walk().to_storing()
    return replace(walk.terminal, screen=screen, **changes)  # pyright: ignore[reportArgumentType]
