"""Goes through a whole journey by touching what a resident would touch, and keeps a picture of every screen.

It drives the very app that residents use: it finds what is on the screen by its object name, touches it, and waits for
the journey to go on. It is also how a technician commissions a terminal; then hands of flesh lay card and paper.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QCoreApplication, QEventLoop, QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtQuick import QQuickItem

from devices.camera.api import Lost
from kiosk.catalogue.model import DigitsQuestion
from kiosk.domain.resident import Role
from kiosk.domain.trouble import explain
from kiosk.domain.words import Text
from kiosk.journey.runner import Runner
from kiosk.journey.states import (
    Ask,
    AskConsent,
    ChooseMatter,
    Delivery,
    HandedIn,
    Identify,
    Printing,
    Review,
    ScanPapers,
    ShowGuide,
    Sign,
    Terminal,
    Thanks,
    Welcome,
    WhoFor,
)
from kiosk.journey.stations import enough
from ui import touch
from ui.app import TerminalApp

PATIENCE_S = 30.0
"""Seconds for anything a machine does."""
HANDS_S = 120.0
"""Seconds for somebody to lay a card or a paper."""
PLUG_S = 15.0
"""Seconds for a missing reader or camera to come."""
DELIVERY_S = 10.0
"""Seconds to see the submission arrive; a rehearsal without network ends well, too."""

SETTLING = "settling"
"""The item that keeps touches away from a new screen for a moment."""
PERSONAL = "private-"
"""Object names of items that show personal data begin so; they are blotted out of masked pictures."""


class RehearsalFailed(Exception):
    """The journey did not come to its end; the text says at which step, and what stood on the screen."""


class Hands(Protocol):
    """Who lays card and paper."""

    def lay_card(self, role: Role) -> None: ...

    def take_card(self) -> None: ...

    def lay_paper(self) -> None: ...

    def take_paper(self) -> None: ...


class Bystander:
    """For real devices: somebody else lays card and paper, when ``tell`` says so."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def lay_card(self, role: Role) -> None:
        self._tell(f"请放{_CARD[role].zh}的卡。Lay the {_CARD[role].en}'s card on the reader.")

    def take_card(self) -> None:
        self._tell("请拿走卡。Take the card away.")

    def lay_paper(self) -> None:
        self._tell("请放材料。Lay the paper under the camera.")

    def take_paper(self) -> None:
        self._tell("请拿走材料。Take the paper away.")


_CARD = {Role.APPLICANT: Text(zh="申请人", en="applicant"), Role.PROXY: Text(zh="代办人", en="proxy")}


@dataclass(slots=True)
class Seen:
    """What a rehearsal saw. ``seconds`` by step."""

    screens: list[Path] = field(default_factory=list[Path])
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    uid: str = ""


class _Rehearsal:
    def __init__(self, app: TerminalApp, runner: Runner, out: Path, hands: Hands, *, masked: bool) -> None:
        self.app = app
        self.runner = runner
        self.out = out
        self.hands = hands
        self.masked = masked
        self.seen = Seen()
        self._began = time.monotonic()

    @property
    def state(self) -> Terminal:
        return self.runner.state

    def until(
        self,
        what: str,
        ready: Callable[[Terminal], bool],
        patience: float = PATIENCE_S,
        missing: Callable[[Terminal], str | None] = lambda _: None,
    ) -> None:
        """Let the app run until ``ready``. ``missing`` gives the trouble of a device that has to be there for it."""
        began = last_there = time.monotonic()
        while not ready(self.state):
            now, trouble = time.monotonic(), missing(self.state)
            last_there = now if trouble is None else last_there
            if trouble is not None and now - last_there > PLUG_S:
                raise RehearsalFailed(_words(trouble))
            if now - began > patience:
                raise RehearsalFailed(
                    f"waited {patience:.0f} s for {what}; on the screen: {type(self.state.screen).__name__}"
                )
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
        self.settle()

    def settle(self) -> None:
        """Let motions end and everything be painted, until the screen takes touches."""
        end = time.monotonic() + 0.35
        while time.monotonic() < end or touch.visible(self.app.window, SETTLING):
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)

    def tap(self, name: str) -> None:
        try:
            touch.tap(self.app.window, name)
        except touch.CannotTouch as failure:
            raise RehearsalFailed(f"{type(self.state.screen).__name__}: {failure}") from failure
        self.settle()

    def keep(self, step: str) -> None:
        """Save the screen, and the time since the last step."""
        now = time.monotonic()
        self.seen.seconds[step] = round(now - self._began, 2)
        self._began = now
        picture = touch.grab(self.app.window)
        if self.masked:
            self._blot(picture)
        path = self.out / f"{len(self.seen.screens) + 1:02d}-{step}.png"
        if not picture.save(str(path)):
            raise RehearsalFailed(f"{path} cannot be written")
        self.seen.screens.append(path)

    def _blot(self, picture: QImage) -> None:
        painter = QPainter(picture)
        pixels = picture.width() / self.app.window.width()
        for item in _private(self.app.window.contentItem()):
            corner = item.mapToScene(item.boundingRect().topLeft())
            area = QRectF(corner.x() * pixels, corner.y() * pixels, item.width() * pixels, item.height() * pixels)
            painter.fillRect(area, QColor("#808890"))
        painter.end()


def _words(trouble: str) -> str:
    words = explain(trouble)
    return f"{words.message.en} {words.remedy.en} [{trouble}]"


def _private(item: QQuickItem) -> list[QQuickItem]:
    found = [item] if item.objectName().startswith(PERSONAL) and item.isVisible() else []
    for child in item.childItems():
        found += _private(child)
    return found


def rehearse(app: TerminalApp, runner: Runner, *, matter: str, out: Path, hands: Hands, masked: bool) -> Seen:
    """The whole journey for oneself. Raises :class:`RehearsalFailed`."""
    way = _Rehearsal(app, runner, out, hands, masked=masked)
    way.until("the welcome screen", lambda state: isinstance(state.screen, Welcome | WhoFor))
    if isinstance(way.state.screen, Welcome):
        way.keep("welcome")
    if isinstance(way.state.screen, Welcome):  # a card that lies there has begun already
        way.tap("begin")
    for step, screen, target in (
        ("who", WhoFor, "who-me"),
        ("matters", ChooseMatter, f"matter-{matter}"),
        ("guide", ShowGuide, "next"),
        ("consent", AskConsent, "agree"),
    ):
        way.until(step, lambda state, screen=screen: isinstance(state.screen, screen))
        way.keep(step)
        way.tap(target)
    _identify(way)
    while isinstance(way.state.screen, Ask):
        _answer(way, way.state.screen)
    while isinstance(way.state.screen, ScanPapers):
        _scan(way, way.state.screen)
    way.until("the review", lambda state: isinstance(state.screen, Review))
    way.keep("review")
    way.tap("next")
    way.until("the signature", lambda state: isinstance(state.screen, Sign))
    touch.stroke(way.app.window, "sign-pad", [(0.2, 0.4), (0.35, 0.7), (0.5, 0.3), (0.65, 0.7), (0.8, 0.4)])
    way.settle()
    way.keep("signature")
    way.tap("hand-in")
    _slip_and_goodbye(way)
    return way.seen


def _identify(way: _Rehearsal) -> None:
    way.until("the card screen", lambda state: isinstance(state.screen, Identify))
    way.keep("card")
    way.hands.lay_card(Role.APPLICANT)

    def decided(state: Terminal) -> bool:
        return isinstance(state.screen, Identify) and (state.screen.found is not None or _final(state.screen.trouble))

    def absent(state: Terminal) -> str | None:
        return state.screen.trouble if isinstance(state.screen, Identify) else None

    way.until("a card", decided, HANDS_S, missing=absent)
    screen = way.state.screen
    if isinstance(screen, Identify) and screen.trouble is not None:
        way.keep("card-trouble")
        raise RehearsalFailed(_words(screen.trouble))
    way.keep("person")
    way.tap("confirm-person")
    way.hands.take_card()


def _final(trouble: str | None) -> bool:
    return trouble is not None and trouble not in ("no-reader", "no-service")


def _answer(way: _Rehearsal, screen: Ask) -> None:
    question = screen.question
    if isinstance(question, DigitsQuestion):
        for digit in question.example:
            way.tap(f"digit-{digit}")
    else:
        options = way.runner.hall.villages if question.options == "villages" else question.options
        way.tap(f"choice-{options[0].value}")
    way.keep(f"question-{question.id}")
    way.tap("next")


def _scan(way: _Rehearsal, screen: ScanPapers) -> None:
    material = screen.material

    def taken(state: Terminal) -> bool:
        return state.session is not None and enough(material, state.session)

    def judged(state: Terminal) -> bool:
        return taken(state) or (isinstance(state.screen, ScanPapers) and state.screen.seen)

    def dark(state: Terminal) -> str | None:
        lost = isinstance(state.screen, ScanPapers) and isinstance(state.camera, Lost)
        return "camera-lost" if lost else None

    way.hands.lay_paper()
    way.until("a picture of the camera", judged, HANDS_S, missing=dark)
    way.keep(f"paper-{material.id}-live")
    way.until("the shot", taken, HANDS_S, missing=dark)
    way.keep(f"paper-{material.id}")
    way.tap("next")
    way.hands.take_paper()


def _slip_and_goodbye(way: _Rehearsal) -> None:
    way.until("the store", lambda state: isinstance(state.screen, HandedIn))

    def slip_done(state: Terminal) -> bool:
        return isinstance(state.screen, HandedIn) and state.screen.printing is not Printing.RUNNING

    def decided(state: Terminal) -> bool:
        return isinstance(state.screen, HandedIn) and state.screen.delivery in (Delivery.DONE, Delivery.HELD)

    way.until("the slip", slip_done, HANDS_S)
    handed_in = way.state.screen
    if not isinstance(handed_in, HandedIn):
        raise RehearsalFailed("the slip's screen was left too early")
    way.seen.uid = handed_in.stored.uid
    if handed_in.printing is not Printing.PRINTED:
        way.keep("slip-trouble")
        raise RehearsalFailed(_words("slip-unknown" if handed_in.printing is Printing.UNKNOWN else "slip-not-printed"))
    end = time.monotonic() + DELIVERY_S
    while not decided(way.state) and time.monotonic() < end:
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
    way.settle()
    way.keep("handed-in")
    way.tap("rate-5")
    way.keep("rated")
    way.tap("finish")
    way.until("thank you", lambda state: isinstance(state.screen, Thanks))
    way.keep("thanks")
    way.until("the wipe", lambda state: isinstance(state.screen, Welcome) and state.session is None)
    way.keep("wiped")
