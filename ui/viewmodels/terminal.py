"""The frame around every screen: whom it serves, where in the way one is, what lies over the screen, the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Property, QObject, Signal, Slot
from PySide6.QtQml import QmlElement

from devices.camera.api import Live, Opening
from kiosk.domain.resident import mask_name
from kiosk.domain.trouble import explain
from kiosk.journey.events import (
    CallStaff,
    CloseOverlay,
    Event,
    Finish,
    FinishForSure,
    OpenStaff,
    PickLanguage,
    SetCare,
    SwitchToOtherCard,
    Touched,
)
from kiosk.journey.states import (
    Ask,
    ConfirmFinish,
    Hall,
    HandingIn,
    Identify,
    IdleWarning,
    OtherCard,
    Review,
    ScanPapers,
    Sign,
    StaffCalled,
    Terminal,
)
from ui.viewmodels.base import Links, ScreenModel
from ui.viewmodels.screens import model_for

QML_IMPORT_NAME = "Kiosk.Models"
QML_IMPORT_MAJOR_VERSION = 1

_STAGES: tuple[tuple[type, ...], ...] = ((Identify,), (Ask,), (ScanPapers,), (Review,), (Sign, HandingIn))


@QmlElement
class TerminalModel(QObject):
    """Follows the journey's state. ``screenName`` names the QML file, ``screen`` is its view-model, ``theme`` one of
    ``day`` and ``contrast``."""

    changed = Signal()
    screenNameChanged = Signal()
    themeChanged = Signal()
    languageChanged = Signal()

    def __init__(
        self,
        *,
        hall: Hall,
        post: Callable[[Event], None],
        clock: Callable[[], datetime],
        theme: str = "day",
        terminal: Terminal,
    ) -> None:
        super().__init__()
        self._links = Links(hall=hall, post=post, clock=clock)
        self._terminal = terminal
        self._first_theme = self._theme = theme
        self._screen: ScreenModel = model_for(self._links, terminal)
        self._screen.setParent(self)

    def update(self, terminal: Terminal) -> None:
        """Take up the newest state; the view-model stays the same object while the screen does."""
        before, self._terminal = self._terminal, terminal
        if terminal.language != before.language:
            self.languageChanged.emit()
        if before.session is not None and terminal.session is None:
            self._show_theme(self._first_theme)
        wanted = type(terminal.screen)
        if wanted is not type(before.screen) or terminal.sessions != before.sessions:
            gone, self._screen = self._screen, model_for(self._links, terminal)
            self._screen.setParent(self)
            self.screenNameChanged.emit()
            gone.deleteLater()
        else:
            self._screen.update(terminal)
        self.changed.emit()

    def retranslate(self) -> None:
        """Read all words again after the language changed."""
        self._screen.update(self._terminal)
        self.changed.emit()

    @Property(str, notify=screenNameChanged)
    def screenName(self) -> str:
        return type(self._terminal.screen).__name__

    @Property(QObject, notify=screenNameChanged)
    def screen(self) -> QObject:
        return self._screen

    @Property(str, notify=changed)
    def overlay(self) -> str:
        match self._terminal.overlay:
            case IdleWarning():
                return "idle"
            case OtherCard():
                return "other-card"
            case ConfirmFinish():
                return "finish"
            case StaffCalled():
                return "staff"
            case None:
                return ""

    @Property(int, notify=changed)
    def idleSeconds(self) -> int:
        overlay = self._terminal.overlay
        return max(0, round(overlay.until - self._terminal.now)) if isinstance(overlay, IdleWarning) else 0

    @Property(int, notify=changed)
    def idleTotal(self) -> int:
        patience = self._links.hall.patience
        return round(patience.warning * (patience.care_factor if self._terminal.care else 1))

    @Property(str, notify=changed)
    def otherName(self) -> str:
        overlay = self._terminal.overlay
        return mask_name(overlay.resident.name) if isinstance(overlay, OtherCard) else ""

    @Property(list, notify=changed)
    def steps(self) -> list[dict[str, str]]:
        """The five steps of the way, each ``done``, ``now`` or ``next``; none before and after the way."""
        titles = [self.tr("认人"), self.tr("填写"), self.tr("材料"), self.tr("核对"), self.tr("签名")]
        screen = self._terminal.screen
        screen = getattr(screen, "asked_by", getattr(screen, "ask", screen))  # shown or typed for that one
        here = next((index for index, stage in enumerate(_STAGES) if isinstance(screen, stage)), None)
        if here is None:
            return []
        states = ["done" if index < here else "now" if index == here else "next" for index in range(len(titles))]
        return [{"title": title, "state": state} for title, state in zip(titles, states, strict=True)]

    @Property(bool, notify=changed)
    def cameraOn(self) -> bool:
        """Whether the camera captures, be there a picture yet or not: the sign on the screen."""
        return isinstance(self._terminal.camera, Opening | Live)

    @Property(str, notify=changed)
    def servedName(self) -> str:
        session = self._terminal.session
        return mask_name(session.served.name) if session is not None and session.served is not None else ""

    @Property(str, notify=changed)
    def staffHint(self) -> str:
        """What wants hall staff, while nobody is served: the printer that stands still, submissions that are held,
        little paper; one at a time."""
        printer, held = self._terminal.printer, self._terminal.held
        if self._terminal.session is not None:
            return ""
        if printer is not None and printer.trouble is not None:
            words = explain(printer.trouble.value).message(self._terminal.language)
            return words.rstrip("。.")
        if held:
            return self.tr("{count} 件要处理").format(count=held)
        return self.tr("打印纸快用完了") if printer is not None and printer.paper_low else ""

    @Property(str, notify=changed)
    def staffIcon(self) -> str:
        printer = self._terminal.printer
        stands = printer is not None and printer.trouble is not None
        return "alert-circle" if self._terminal.held and not stands else "printer"

    @Property(str, notify=changed)
    def language(self) -> str:
        return self._terminal.language

    @Property(bool, notify=changed)
    def care(self) -> bool:
        return self._terminal.care

    @Property(str, notify=themeChanged)
    def theme(self) -> str:
        return self._theme

    @Property(str, notify=changed)
    def clock(self) -> str:
        return f"{self._links.clock():%H:%M}"

    @Property(str, notify=changed)
    def hallName(self) -> str:
        return self._links.hall.name(self._terminal.language)

    @Property(int, notify=changed)
    def session(self) -> int:
        return self._terminal.sessions if self._terminal.session is not None else 0

    @Property(bool, notify=changed)
    def testing(self) -> bool:
        return self._links.hall.test

    @Slot()
    def touched(self) -> None:
        self._links.post(Touched())

    @Slot()
    def openStaff(self) -> None:
        self._links.post(OpenStaff())

    @Slot()
    def callStaff(self) -> None:
        self._links.post(CallStaff())

    @Slot()
    def toggleCare(self) -> None:
        self._links.post(SetCare(not self._terminal.care))

    @Slot()
    def toggleLanguage(self) -> None:
        self._links.post(PickLanguage("en" if self._terminal.language == "zh" else "zh"))

    @Slot()
    def toggleTheme(self) -> None:
        """High contrast on or off; it holds until the end of the session."""
        self._links.post(Touched())
        self._show_theme("day" if self._theme == "contrast" else "contrast")

    def _show_theme(self, theme: str) -> None:
        if theme != self._theme:
            self._theme = theme
            self.themeChanged.emit()

    @Slot()
    def finish(self) -> None:
        self._links.post(Finish())

    @Slot()
    def finishForSure(self) -> None:
        self._links.post(FinishForSure())

    @Slot()
    def closeOverlay(self) -> None:
        self._links.post(CloseOverlay())

    @Slot()
    def switchCard(self) -> None:
        self._links.post(SwitchToOtherCard())
