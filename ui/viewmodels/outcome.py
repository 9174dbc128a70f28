"""After handing in: slip, rating, goodbye; and finding earlier submissions again."""

from __future__ import annotations

import segno
from PySide6.QtCore import Property, Signal, Slot
from PySide6.QtQml import QmlElement

from devices.camera.api import Live
from kiosk.journey.events import AnotherMatter, Back, Finish, PrintAgain, Rate
from kiosk.journey.states import Delivery, FindByCard, FindBySlip, HandedIn, Printing, Terminal
from ui.viewmodels.base import (
    Links,
    ScreenModel,
    camera_trouble,
    elsewhere_row,
    found_rows,
    printing_words,
    trouble,
)

QML_IMPORT_NAME = "Kiosk.Models"
QML_IMPORT_MAJOR_VERSION = 1

_NOTHING = {"text": "", "remedy": "", "kind": "info"}


@QmlElement
class HandedInModel(ScreenModel):
    """The slip's code is drawn once; it lives and dies with this view-model."""

    changed = Signal()

    def __init__(self, links: Links, terminal: Terminal) -> None:
        super().__init__(links, terminal)
        text = terminal.screen.stored.slip_text if isinstance(terminal.screen, HandedIn) else ""
        self._qr = segno.make_qr(text, error="m").png_data_uri(scale=8, border=4) if text else ""

    @property
    def _done(self) -> HandedIn | None:
        screen = self.terminal.screen
        return screen if isinstance(screen, HandedIn) else None

    @Property(str, notify=changed)
    def title(self) -> str:
        done = self._done
        if done is not None and done.delivery is Delivery.CANCELLED:
            return self.tr("已撤销")
        arrived = done is not None and done.delivery in (Delivery.DONE, Delivery.RECEIVED)
        printed = done is not None and done.printing is Printing.PRINTED
        if arrived:
            return self.tr("已交到区里，请取凭条") if printed else self.tr("已交到区里")
        return self.tr("已存好，请取凭条") if printed else self.tr("已存好")

    @Property(str, notify=changed)
    def body(self) -> str:
        done = self._done
        if done is None:
            return ""
        match done.delivery:
            case Delivery.DONE | Delivery.RECEIVED:
                return self.tr("区里收到了，您不用再来。想看进度，来这里放卡就能查。")
            case Delivery.HELD:
                return self.tr("还要工作人员处理一下。您填的都在，不用重新填。")
            case Delivery.CANCELLED:
                return self.tr("工作人员撤销了，不会报送到区里。想再办，请问工作人员。")
            case Delivery.READY | Delivery.SENDING:
                return self.tr("还没有报送到区里。网络通了会自动报送，您不用再来。")

    @Property(str, notify=changed)
    def caseNumber(self) -> str:
        return self._done.case_number or "" if self._done else ""

    @Property(str, notify=changed)
    def hero(self) -> str:
        """The icon: a check while it goes its way."""
        delivery = None if self._done is None else self._done.delivery
        if delivery is Delivery.CANCELLED:
            return "circle-x"
        return "clipboard-check" if delivery is Delivery.HELD else "check"

    @Property(str, notify=changed)
    def number(self) -> str:
        return self._done.stored.provisional_number if self._done else ""

    @Property(str, notify=changed)
    def qr(self) -> str:
        return self._qr

    @Property(dict, notify=changed)
    def printing(self) -> dict[str, str]:
        done = self._done
        return printing_words(done.printing, done.printer, self.terminal) if done else _NOTHING

    @Property(bool, notify=changed)
    def canPrintAgain(self) -> bool:
        return self._done is not None and self._done.printing in (Printing.NOT_PRINTED, Printing.UNKNOWN)

    @Property(int, notify=changed)
    def rating(self) -> int:
        return self._done.rating or 0 if self._done else 0

    @Property(list, notify=changed)
    def levels(self) -> list[dict[str, object]]:
        """The five levels of the good-or-bad rating, best first; none is chosen beforehand."""
        names = [
            self.tr("非常满意"),
            self.tr("满意"),
            self.tr("基本满意"),
            self.tr("不满意"),
            self.tr("非常不满意"),
        ]
        return [{"level": 5 - index, "name": name} for index, name in enumerate(names)]

    @Slot(int)
    def rate(self, level: int) -> None:
        self.links.post(Rate(level))

    @Slot()
    def printAgain(self) -> None:
        if self._done is not None:
            self.links.post(PrintAgain(self._done.stored.uid))

    @Slot()
    def another(self) -> None:
        self.links.post(AnotherMatter())

    @Slot()
    def finish(self) -> None:
        self.links.post(Finish())


@QmlElement
class ThanksModel(ScreenModel):
    changed = Signal()

    @Slot()
    def finish(self) -> None:
        self.links.post(Finish())


@QmlElement
class FindByCardModel(ScreenModel):
    """``searching``: a card is awaited; otherwise ``rows`` were found (perhaps none)."""

    changed = Signal()

    @property
    def _find(self) -> FindByCard | None:
        screen = self.terminal.screen
        return screen if isinstance(screen, FindByCard) else None

    @Property(bool, notify=changed)
    def searching(self) -> bool:
        return self._find is not None and self._find.found is None

    @Property(list, notify=changed)
    def rows(self) -> list[dict[str, object]]:
        return found_rows(self._find.found if self._find else None, self.terminal, self.links)

    @Property(dict, notify=changed)
    def trouble(self) -> dict[str, str]:
        return trouble(self._find.trouble if self._find else None, self.terminal)

    @Property(dict, notify=changed)
    def printing(self) -> dict[str, str]:
        find = self._find
        return printing_words(find.printing, find.printer, self.terminal) if find else _NOTHING

    @Slot(str)
    def printAgain(self, uid: str) -> None:
        self.links.post(PrintAgain(uid))

    @Slot()
    def back(self) -> None:
        self.links.post(Back())


@QmlElement
class FindBySlipModel(ScreenModel):
    """``searching``: the camera looks for a slip's code; otherwise ``rows`` tell of it. ``notice`` stands above them
    for another terminal's slip."""

    changed = Signal()

    @property
    def _find(self) -> FindBySlip | None:
        screen = self.terminal.screen
        return screen if isinstance(screen, FindBySlip) else None

    @Property(bool, notify=changed)
    def searching(self) -> bool:
        return self._find is not None and self._find.found is None and self._find.elsewhere is None

    @Property(bool, notify=changed)
    def live(self) -> bool:
        return self._find is not None and isinstance(self.terminal.camera, Live)

    @Property(list, notify=changed)
    def rows(self) -> list[dict[str, object]]:
        find = self._find
        if find is not None and find.elsewhere is not None:
            return [elsewhere_row(find.elsewhere)]
        return found_rows(find.found if find else None, self.terminal, self.links)

    @Property(dict, notify=changed)
    def notice(self) -> dict[str, str]:
        if self._find is None or self._find.elsewhere is None:
            return _NOTHING
        return {
            "text": self.tr("这张凭条是真的"),
            "remedy": self.tr("不是在这台终端办的，这里查不到进度。请到打凭条的大厅查，或者问工作人员。"),
            "kind": "good",
        }

    @Property(dict, notify=changed)
    def trouble(self) -> dict[str, str]:
        find = self._find
        if find is None:
            return trouble(None, self.terminal)
        lost = camera_trouble(self.terminal)
        return lost if lost["code"] else trouble(find.trouble, self.terminal)

    @Slot()
    def back(self) -> None:
        self.links.post(Back())
