"""From the welcome screen to the person on the card."""

from __future__ import annotations

from PySide6.QtCore import Property, Signal, Slot
from PySide6.QtQml import QmlElement

from devices.card.api import CardTrouble, Reading
from kiosk.domain.resident import Role
from kiosk.journey.events import (
    Agree,
    AnotherCard,
    Back,
    Begin,
    FindMine,
    Next,
    PickMatter,
    PickWho,
    ThatIsRight,
    UseCamera,
)
from kiosk.journey.states import Identify, Refused
from ui.viewmodels.base import ScreenModel, person, trouble

QML_IMPORT_NAME = "Kiosk.Models"
QML_IMPORT_MAJOR_VERSION = 1


@QmlElement
class WelcomeModel(ScreenModel):
    changed = Signal()

    @Slot()
    def begin(self) -> None:
        self.links.post(Begin())

    @Slot()
    def findByCard(self) -> None:
        self.links.post(FindMine(by_slip=False))

    @Slot()
    def findBySlip(self) -> None:
        self.links.post(FindMine(by_slip=True))

    @Property(int, notify=changed)
    def matterCount(self) -> int:
        return len(self.links.hall.matters)


@QmlElement
class WhoForModel(ScreenModel):
    changed = Signal()

    @Slot(bool)
    def pick(self, on_behalf: bool) -> None:
        self.links.post(PickWho(on_behalf))

    @Slot()
    def back(self) -> None:
        self.links.post(Back())


@QmlElement
class ChooseMatterModel(ScreenModel):
    changed = Signal()

    @Property(list, notify=changed)
    def matters(self) -> list[dict[str, str]]:
        language = self.terminal.language
        return [
            {
                "id": matter.id,
                "title": matter.title(language),
                "note": matter.summary(language),
                "icon": matter.icon,
            }
            for matter in self.links.hall.matters
        ]

    @Slot(str)
    def pick(self, matter_id: str) -> None:
        self.links.post(PickMatter(matter_id))

    @Slot()
    def back(self) -> None:
        self.links.post(Back())


@QmlElement
class ShowGuideModel(ScreenModel):
    changed = Signal()

    @Property(str, notify=changed)
    def title(self) -> str:
        session = self.terminal.session
        return session.matter.title(self.terminal.language) if session and session.matter else ""

    @Property(list, notify=changed)
    def rows(self) -> list[dict[str, object]]:
        """Icon, heading and lines of each part of the guide."""
        session = self.terminal.session
        if session is None or session.matter is None:
            return []
        guide, language = session.matter.guide, self.terminal.language
        minutes = self.tr("在这里办大约 {minutes} 分钟。").format(minutes=guide.minutes)
        return [
            {"icon": "user-check", "head": self.tr("谁可以办"), "lines": [guide.who(language)]},
            {"icon": "files", "head": self.tr("要带什么"), "lines": [need(language) for need in guide.needs]},
            {"icon": "clock", "head": self.tr("要多久"), "lines": [minutes, guide.days(language)]},
            {"icon": "coin", "head": self.tr("花多少钱"), "lines": [guide.cost(language)]},
        ]

    @Slot()
    def next(self) -> None:
        self.links.post(Next())

    @Slot()
    def back(self) -> None:
        self.links.post(Back())


@QmlElement
class AskConsentModel(ScreenModel):
    changed = Signal()

    @Property(list, notify=changed)
    def points(self) -> list[str]:
        session = self.terminal.session
        if session is None or session.matter is None:
            return []
        return [point(self.terminal.language) for point in session.matter.consent.points]

    @Property(str, notify=changed)
    def version(self) -> str:
        session = self.terminal.session
        return session.matter.consent.version if session and session.matter else ""

    @Slot()
    def agree(self) -> None:
        self.links.post(Agree(self.links.clock()))

    @Slot()
    def back(self) -> None:
        self.links.post(Back())


@QmlElement
class IdentifyModel(ScreenModel):
    changed = Signal()

    @property
    def _screen(self) -> Identify | None:
        screen = self.terminal.screen
        return screen if isinstance(screen, Identify) else None

    @Property(str, notify=changed)
    def title(self) -> str:
        screen, session = self._screen, self.terminal.session
        if screen is None or session is None:
            return ""
        if screen.found is not None:
            return self.tr("是这个人吗？") if session.on_behalf else self.tr("是您本人吗？")
        if not session.on_behalf:
            return self.tr("请把您的卡放在读卡处")
        if screen.role is Role.PROXY:
            return self.tr("先放您自己的卡")
        return self.tr("再放家人的卡")

    @Property(str, notify=changed)
    def hint(self) -> str:
        screen = self._screen
        if screen is None or screen.found is not None:
            return self.tr("只显示一部分，别人看不全。")
        if screen.role is Role.APPLICANT and self.terminal.session and self.terminal.session.on_behalf:
            return self.tr("要办事的那个人的社会保障卡。您的卡可以拿走了。")
        return self.tr("社会保障卡，芯片朝下，放好别动。")

    @Property(bool, notify=changed)
    def reading(self) -> bool:
        return isinstance(self.terminal.card, Reading)

    @Property(dict, notify=changed)
    def found(self) -> dict[str, str]:
        screen = self._screen
        return person(screen.found) if screen and screen.found else {"name": "", "number": "", "sex": "", "born": ""}

    @Property(bool, notify=changed)
    def known(self) -> bool:
        screen = self._screen
        return screen is not None and screen.found is not None

    @Property(dict, notify=changed)
    def trouble(self) -> dict[str, str]:
        screen = self._screen
        return trouble(screen.trouble if screen else None, self.terminal)

    @Property(bool, notify=changed)
    def closed(self) -> bool:
        """Whether a travel document lies there that opens only to what is printed on it."""
        screen = self._screen
        return screen is not None and screen.trouble == CardTrouble.NEEDS_KEY.value

    @Slot()
    def useCamera(self) -> None:
        self.links.post(UseCamera())

    @Slot()
    def confirm(self) -> None:
        self.links.post(ThatIsRight())

    @Slot()
    def another(self) -> None:
        self.links.post(AnotherCard())

    @Slot()
    def back(self) -> None:
        self.links.post(Back())


@QmlElement
class RefusedModel(ScreenModel):
    changed = Signal()

    @Property(str, notify=changed)
    def title(self) -> str:
        screen = self.terminal.screen
        return screen.refusal.title(self.terminal.language) if isinstance(screen, Refused) else ""

    @Property(str, notify=changed)
    def body(self) -> str:
        screen = self.terminal.screen
        return screen.refusal.body(self.terminal.language) if isinstance(screen, Refused) else ""

    @Slot()
    def next(self) -> None:
        self.links.post(Next())
