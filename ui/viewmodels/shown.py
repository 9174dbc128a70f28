"""What the camera reads instead of the resident typing: an answer off a paper, or what opens a travel document."""

from __future__ import annotations

from PySide6.QtCore import Property, Signal, Slot
from PySide6.QtQml import QmlElement

from devices.camera.api import Finding, Live
from devices.card.api import Reading
from kiosk.journey.documents import LONGEST
from kiosk.journey.events import Back, Draft, Next, ShootNow, TypeCan, TypeInstead
from kiosk.journey.states import KeyPart, LayDocument, ShowDocument, ShowPaper, Sight, TypeDocument
from ui.viewmodels.base import ScreenModel, camera_trouble, finding_words, trouble

QML_IMPORT_NAME = "Kiosk.Models"
QML_IMPORT_MAJOR_VERSION = 1


_BY_HAND = frozenset({Finding.TOO_DARK, Finding.TOO_BRIGHT, Finding.BLANK, Finding.NO_PAPER})
"""What is said of paper and may be said of a dark or shiny card without anything being wrong with it."""


@QmlElement
class ShowPaperModel(ScreenModel):
    changed = Signal()

    @property
    def _screen(self) -> ShowPaper | None:
        screen = self.terminal.screen
        return screen if isinstance(screen, ShowPaper) else None

    @Property(str, notify=changed)
    def title(self) -> str:
        screen = self._screen
        if screen is None:
            return ""
        if screen.ask.question.suggest == "bank-card":
            return self.tr("请放上银行卡，号码朝上")
        return self.tr("请放上写着名字的证件或户口簿")

    @Property(dict, notify=changed)
    def trouble(self) -> dict[str, str]:
        return self._trouble()

    def _trouble(self) -> dict[str, str]:
        return camera_trouble(self.terminal) if self._screen else trouble(None, self.terminal)

    @Property(str, notify=changed)
    def advice(self) -> str:
        """What the resident should do now."""
        screen = self._screen
        if screen is None or self._trouble()["code"]:
            return ""
        if screen.shooting:
            return self.tr("拍好了，正在认字…")
        if not isinstance(self.terminal.camera, Live) or not screen.seen:
            return self.tr("摄像头正在打开…")
        if _BY_HAND.intersection(screen.findings[:1]):
            return self.tr("放好了就点“手动拍照”")
        return finding_words(screen.findings[0]) if screen.findings else self.tr("很清楚，别动…")

    @Property(str, notify=changed)
    def adviceKind(self) -> str:
        screen = self._screen
        if screen is None or not screen.seen or _BY_HAND.intersection(screen.findings[:1]):
            return "info"
        return "wrong" if screen.findings and not screen.shooting else "good"

    @Property(bool, notify=changed)
    def shooting(self) -> bool:
        return self._screen is not None and self._screen.shooting

    @Slot()
    def shoot(self) -> None:
        self.links.post(ShootNow())

    @Slot()
    def back(self) -> None:
        self.links.post(Back())


@QmlElement
class ShowDocumentModel(ScreenModel):
    changed = Signal()

    @property
    def _screen(self) -> ShowDocument | None:
        screen = self.terminal.screen
        return screen if isinstance(screen, ShowDocument) else None

    @Property(dict, notify=changed)
    def trouble(self) -> dict[str, str]:
        """The camera's own trouble."""
        return self._trouble()

    def _trouble(self) -> dict[str, str]:
        return camera_trouble(self.terminal) if self._screen else trouble(None, self.terminal)

    @Property(str, notify=changed)
    def wrong(self) -> str:
        """That once was not enough."""
        return self.tr("和证件对不上，请再放一次") if self._screen and self._screen.trouble else ""

    @Property(str, notify=changed)
    def advice(self) -> str:
        """What the resident should do now."""
        screen = self._screen
        if screen is None or self._trouble()["code"]:
            return ""
        if not isinstance(self.terminal.camera, Live):
            return self.tr("摄像头正在打开…")
        match screen.sight:
            case Sight.NOTHING:
                return self.tr("请放平，整页都要看得见")
            case Sight.SEEN:
                return self.tr("看到了，正在认字，别动…")
            case Sight.UNCLEAR:
                return self.tr("看不清，请放平，转一下避开反光")
            case Sight.BROKEN:
                return self.tr("现在认不了字，请自己输入")

    @Property(str, notify=changed)
    def adviceKind(self) -> str:
        match self._screen.sight if self._screen else Sight.NOTHING:
            case Sight.NOTHING:
                return "info"
            case Sight.SEEN:
                return "good"
            case Sight.UNCLEAR | Sight.BROKEN:
                return "wrong"

    @Slot()
    def typeInstead(self) -> None:
        self.links.post(TypeInstead())

    @Slot()
    def back(self) -> None:
        self.links.post(Back())


@QmlElement
class TypeDocumentModel(ScreenModel):
    changed = Signal()

    @property
    def _screen(self) -> TypeDocument | None:
        screen = self.terminal.screen
        return screen if isinstance(screen, TypeDocument) else None

    @Property(str, notify=changed)
    def title(self) -> str:
        match self._screen.part if self._screen else None:
            case KeyPart.NUMBER:
                return self.tr("证件号码是多少？")
            case KeyPart.BIRTH:
                return self.tr("证件上的出生日期？")
            case KeyPart.EXPIRES:
                return self.tr("证件有效期到哪一天？")
            case KeyPart.CAN:
                return self.tr("证件上的六位数字？")
            case None:
                return ""

    @Property(str, notify=changed)
    def hint(self) -> str:
        match self._screen.part if self._screen else None:
            case KeyPart.NUMBER:
                return self.tr("照着证件按，有字母的也要按。")
            case KeyPart.BIRTH | KeyPart.EXPIRES:
                return self.tr("年、月、日八位数字，比如 1968 03 05。")
            case KeyPart.CAN:
                return self.tr("单独印在证件正面的六位数字，写着 CAN。")
            case None:
                return ""

    @Property(str, notify=changed)
    def wrong(self) -> str:
        screen = self._screen
        if screen is None:
            return ""
        if screen.trouble is not None:
            return self.tr("和证件对不上，请再看一遍")
        if not screen.wrong:
            return ""
        match screen.part:
            case KeyPart.NUMBER:
                return self.tr("号码太短，请再看一看")
            case KeyPart.BIRTH | KeyPart.EXPIRES:
                return self.tr("没有这一天，请按八位数字")
            case KeyPart.CAN:
                return self.tr("要六位数字")

    @Property(str, notify=changed)
    def draft(self) -> str:
        return self._screen.draft if self._screen else ""

    @Property(int, notify=changed)
    def longest(self) -> int:
        return LONGEST[self._screen.part] if self._screen else 0

    @Property(bool, notify=changed)
    def letters(self) -> bool:
        """Whether letters may stand in it."""
        return self._screen is not None and self._screen.part is KeyPart.NUMBER

    @Property(bool, notify=changed)
    def isDate(self) -> bool:
        return self._screen is not None and self._screen.part in (KeyPart.BIRTH, KeyPart.EXPIRES)

    @Property(bool, notify=changed)
    def isCan(self) -> bool:
        return self._screen is not None and self._screen.part is KeyPart.CAN

    @Slot(str)
    def edit(self, value: str) -> None:
        self.links.post(Draft(value))

    @Slot()
    def switchCan(self) -> None:
        self.links.post(TypeCan(self._screen is not None and self._screen.part is not KeyPart.CAN))

    @Slot()
    def next(self) -> None:
        self.links.post(Next())

    @Slot()
    def back(self) -> None:
        self.links.post(Back())


@QmlElement
class LayDocumentModel(ScreenModel):
    changed = Signal()

    @Property(bool, notify=changed)
    def reading(self) -> bool:
        screen = self.terminal.screen
        return isinstance(self.terminal.card, Reading) or (isinstance(screen, LayDocument) and screen.trying)

    @Property(dict, notify=changed)
    def trouble(self) -> dict[str, str]:
        screen = self.terminal.screen
        return trouble(screen.trouble if isinstance(screen, LayDocument) else None, self.terminal)

    @Slot()
    def back(self) -> None:
        self.links.post(Back())
