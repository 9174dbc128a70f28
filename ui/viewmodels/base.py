"""What all view-models share: the newest state, a way to post events, and the words for a few recurring values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject

from devices.camera.api import Doubt, Finding, Lost
from kiosk.domain.resident import Resident, Sex, mask_id_number, mask_name
from kiosk.domain.trouble import explain
from kiosk.journey.events import Event
from kiosk.journey.states import Delivery, Elsewhere, Found, Hall, Printing, Terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What a view-model is connected to. ``clock`` gives local time with its zone."""

    hall: Hall
    post: Callable[[Event], None]
    clock: Callable[[], datetime]


class ScreenModel(QObject):
    """``update`` is called with every new state while the screen is shown. Every subclass makes its own ``changed``:
    Qt finds a property's signal only in the class that declares the property."""

    changed: Any

    def __init__(self, links: Links, terminal: Terminal, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.links = links
        self.terminal = terminal

    def update(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.changed.emit()


def person(resident: Resident) -> dict[str, str]:
    """A resident as shown to whoever stands nearby: masked."""
    sex = (
        QCoreApplication.translate("Words", "女")
        if resident.sex is Sex.FEMALE
        else QCoreApplication.translate("Words", "男")
    )
    born = QCoreApplication.translate("Words", "{year} 年生").format(year=resident.birth_date.year)
    return {"name": mask_name(resident.name), "number": mask_id_number(resident.id_number), "sex": sex, "born": born}


def trouble(code: str | None, terminal: Terminal) -> dict[str, str]:
    """Message, remedy and code of a trouble; empty texts without one."""
    if code is None:
        return {"message": "", "remedy": "", "code": ""}
    words = explain(code)
    return {"message": words.message(terminal.language), "remedy": words.remedy(terminal.language), "code": code}


def camera_trouble(terminal: Terminal) -> dict[str, str]:
    """The camera's trouble, if it has one."""
    return trouble(terminal.camera.trouble.value if isinstance(terminal.camera, Lost) else None, terminal)


def finding_words(finding: Finding) -> str:
    """What a resident should do about the paper."""
    translate = QCoreApplication.translate
    match finding:
        case Finding.NO_PAPER:
            return translate("Words", "请把纸平放在黑色台面上")
        case Finding.LIGHT_MAT:
            return translate("Words", "台面太亮，请垫上黑色的垫子")
        case Finding.TOO_DARK:
            return translate("Words", "太暗了，请叫人开灯")
        case Finding.TOO_BRIGHT:
            return translate("Words", "太亮了，请挡一下光")
        case Finding.CUT_OFF:
            return translate("Words", "纸没放全，请往中间挪")
        case Finding.NEAR_BORDER:
            return translate("Words", "纸太靠边了，请往中间挪")
        case Finding.ASKEW:
            return translate("Words", "纸放斜了，请摆正、放平")
        case Finding.TOO_SMALL:
            return translate("Words", "纸离得太远，请放近一点")
        case Finding.GLARE:
            return translate("Words", "有反光，请转一下纸")
        case Finding.COVERED:
            return translate("Words", "手挡住了，请把手拿开")
        case Finding.TAKEN:
            return translate("Words", "这一页拍过了，请换下一页")
        case Finding.MOVING:
            return translate("Words", "看到了，请放稳别动")
        case Finding.BLURRED:
            return translate("Words", "有点模糊，请放稳别动")
        case Finding.BLANK:
            return translate("Words", "看不到字，请翻到有字的一面")


def doubt_words(doubt: Doubt) -> str:
    """What a resident should look at on a page that was taken."""
    translate = QCoreApplication.translate
    match doubt:
        case Doubt.UPSIDE_DOWN:
            return translate("Words", "好像倒了，可以点“转一下”")
        case Doubt.SAME_PAGE:
            return translate("Words", "和另一页很像，重复的可以不要")


def delivery_words(delivery: Delivery, case_number: str | None) -> str:
    """How far a submission got; never "success" for what is only stored."""
    translate = QCoreApplication.translate
    match delivery:
        case Delivery.READY | Delivery.SENDING:
            return translate("Words", "已存好，网络恢复后自动报送")
        case Delivery.RECEIVED:
            return translate("Words", "区里收到了，材料还在传")
        case Delivery.DONE if case_number:
            return translate("Words", "区里收到了，办件编号 {number}").format(number=case_number)
        case Delivery.DONE:
            return translate("Words", "区里收到了")
        case Delivery.HELD:
            return translate("Words", "已存好，要工作人员处理一下")
        case Delivery.CANCELLED:
            return translate("Words", "已撤销")


def delivery_look(delivery: Delivery) -> tuple[str, str]:
    """Icon and colour (``info``, ``good``, ``wrong``) of a submission's state."""
    match delivery:
        case Delivery.READY | Delivery.SENDING:
            return "cloud-upload", "info"
        case Delivery.RECEIVED | Delivery.DONE:
            return "cloud-check", "good"
        case Delivery.HELD:
            return "alert-circle", "wrong"
        case Delivery.CANCELLED:
            return "circle-x", "info"


def found_rows(found: tuple[Found, ...] | None, terminal: Terminal, links: Links) -> list[dict[str, object]]:
    """Earlier submissions as rows, newest first, their time in the hall's zone."""
    translate, zone = QCoreApplication.translate, links.clock().tzinfo
    rows: list[dict[str, object]] = []
    for each in found or ():
        icon, kind = delivery_look(each.delivery)
        rows.append(
            {
                "uid": each.uid,
                "title": each.matter(terminal.language) if each.matter else translate("Words", "办过的事"),
                "number": each.provisional_number,
                "created": f"{each.created.astimezone(zone):%Y-%m-%d %H:%M}",
                "state": delivery_words(each.delivery, each.case_number),
                "icon": icon,
                "kind": kind,
                "printable": each.slip_text is not None,
            }
        )
    return rows


def elsewhere_row(slip: Elsewhere) -> dict[str, object]:
    """A genuine slip of another terminal, as a row of what was found."""
    translate = QCoreApplication.translate
    return {
        "uid": "",
        "title": slip.hall or translate("Words", "别的大厅"),
        "number": slip.number,
        "created": f"{slip.day:%Y-%m-%d}",
        "state": translate("Words", "在 {terminal} 号终端办的").format(terminal=slip.terminal),
        "icon": "building-community",
        "kind": "info",
        "printable": False,
    }


def printing_words(printing: Printing | None, printer: str | None, terminal: Terminal) -> dict[str, str]:
    """Where the slip is: text, what to do, and how the band looks (``info``, ``good``, ``wrong``). ``printer`` is the
    printer's trouble (a code), told with a slip that did not come out."""
    translate = QCoreApplication.translate
    match printing:
        case None:
            return {"text": "", "remedy": "", "kind": "info"}
        case Printing.RUNNING:
            return {"text": translate("Words", "凭条正在打印，请稍等"), "remedy": "", "kind": "info"}
        case Printing.PRINTED:
            return {"text": translate("Words", "凭条打好了，请取走"), "remedy": "", "kind": "good"}
        case Printing.NOT_PRINTED:
            words = explain("slip-not-printed")
        case Printing.UNKNOWN:
            words = explain("slip-unknown")
    text = words.message(terminal.language)
    if printer is not None:
        gap = "" if terminal.language == "zh" else " "
        text += gap + explain(printer).message(terminal.language)
    return {"text": text, "remedy": words.remedy(terminal.language), "kind": "wrong"}
