"""Papers under the camera, and the pages taken of them."""

from __future__ import annotations

import base64

from PySide6.QtCore import Property, QBuffer, QByteArray, QIODevice, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImageReader, QImageWriter, QTransform
from PySide6.QtQml import QmlElement

from devices.camera.api import Finding, Live, Scan
from kiosk.catalogue.model import Material
from kiosk.journey import way
from kiosk.journey.events import (
    AddPage,
    Back,
    Next,
    RemovePage,
    RetakePage,
    ShootNow,
    TurnPage,
)
from kiosk.journey.offers import shows_another
from kiosk.journey.states import ScanPapers, Session, Terminal
from kiosk.journey.stations import enough
from ui.viewmodels.base import Links, ScreenModel, camera_trouble, doubt_words, finding_words, trouble

QML_IMPORT_NAME = "Kiosk.Models"
QML_IMPORT_MAJOR_VERSION = 1

SHOWN_PAGE = 900
"""Pixels of the longer side of a page just taken: enough to see whether it can be read."""
_KEEP = Qt.AspectRatioMode.KeepAspectRatio


def _small(page: Scan) -> str:
    """A page as a small picture in a data URL, turned as wished."""
    source = QBuffer()
    source.setData(QByteArray(page.jpeg))
    source.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(source)
    size = reader.size()
    reader.setScaledSize(size.scaled(QSize(SHOWN_PAGE, SHOWN_PAGE), _KEEP) if size.isValid() else size)
    out = QBuffer()
    out.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(out, QByteArray(b"jpg"))
    writer.setQuality(85)
    writer.write(reader.read().transformed(QTransform().rotate(90 * page.turns)))
    return "data:image/jpeg;base64," + base64.b64encode(out.data().data()).decode("ascii")


@QmlElement
class ScanPapersModel(ScreenModel):
    """``adding``: the camera looks; otherwise the pages taken are shown. Their small pictures live and die with this
    view-model."""

    changed = Signal()

    def __init__(self, links: Links, terminal: Terminal) -> None:
        super().__init__(links, terminal)
        self._pictures: dict[tuple[bytes, int], str] = {}

    def _picture(self, page: Scan) -> str:
        key = (page.jpeg, page.turns)
        if key not in self._pictures:
            self._pictures[key] = _small(page)
        return self._pictures[key]

    @property
    def _scan(self) -> ScanPapers | None:
        screen = self.terminal.screen
        return screen if isinstance(screen, ScanPapers) else None

    @Property(str, notify=changed)
    def title(self) -> str:
        return self._scan.material.ask(self.terminal.language) if self._scan else ""

    @Property(str, notify=changed)
    def hint(self) -> str:
        scan = self._scan
        if scan is None:
            return ""
        if not scan.adding:
            return self.tr("看看清不清楚，不清楚就重拍。")
        if scan.replacing is not None:
            return self.tr("重拍第 {number} 页，拍好才换掉旧的。").format(number=scan.replacing + 1)
        if scan.material.sides == 2:
            return self.tr("再拍背面。") if len(self._taken()) % 2 else self.tr("先拍正面。")
        return scan.material.hint(self.terminal.language)

    @Property(bool, notify=changed)
    def adding(self) -> bool:
        return self._scan is not None and self._scan.adding

    @Property(bool, notify=changed)
    def shooting(self) -> bool:
        return self._scan is not None and self._scan.shooting

    @Property(dict, notify=changed)
    def trouble(self) -> dict[str, str]:
        return self._trouble()

    def _trouble(self) -> dict[str, str]:
        return camera_trouble(self.terminal) if self._scan else trouble(None, self.terminal)

    @Property(str, notify=changed)
    def advice(self) -> str:
        """What the resident should do now."""
        scan = self._scan
        if scan is None or self._trouble()["code"]:
            return ""
        if scan.shooting:
            return self.tr("拍好了，正在处理…")
        if not isinstance(self.terminal.camera, Live) or not scan.seen:
            return self.tr("摄像头正在打开…")
        if not scan.findings:
            return self.tr("很清楚，别动…")
        if scan.findings[0] is Finding.TAKEN and scan.material.sides == 2:
            return self.tr("这一面拍过了，请把卡翻过来")
        return finding_words(scan.findings[0])

    @Property(str, notify=changed)
    def another(self) -> str:
        """A gentle question when the paper seems to be somebody else's."""
        scan, session = self._scan, self.terminal.session
        if scan is None or session is None or scan.adding or not shows_another(session, scan.material):
            return ""
        return self.tr("这张纸上的号码和卡上的不一样，是这份吗？")

    @Property(str, notify=changed)
    def adviceKind(self) -> str:
        scan = self._scan
        if scan is None or not scan.seen:
            return "info"
        if scan.findings in ((Finding.TAKEN,), (Finding.MOVING,)) and not scan.shooting:
            return "info"
        return "wrong" if scan.findings and not scan.shooting else "good"

    @Property(list, notify=changed)
    def pages(self) -> list[dict[str, str]]:
        """Those taken: ``picture``, what stands beside it (``name``), and what to look at (``doubt``)."""
        scan = self._scan
        if scan is None:
            return []
        return [
            {
                "picture": self._picture(page),
                "name": self._name(index, scan.material),
                "doubt": doubt_words(page.doubts[0]) if page.doubts else "",
            }
            for index, page in enumerate(self._taken())
        ]

    def _name(self, index: int, material: Material) -> str:
        if material.sides == 1:
            return self.tr("第 {number} 页").format(number=index + 1)
        side = self.tr("背面") if index % 2 else self.tr("正面")
        return (
            side if material.most == 1 else self.tr("第 {number} 张，{side}").format(number=index // 2 + 1, side=side)
        )

    def _taken(self) -> tuple[Scan, ...]:
        scan, session = self._scan, self.terminal.session
        return session.scans.get(scan.material.id, ()) if scan is not None and session is not None else ()

    @Property(list, notify=changed)
    def papers(self) -> list[dict[str, str]]:
        """Which papers there are: the one before, the present one (``now``) and the one after; how far each is."""
        scan, session = self._scan, self.terminal.session
        if scan is None or session is None:
            return []
        materials = way.materials(session, self.terminal.today)
        here = materials.index(scan.material)
        return [
            {"name": each.name(self.terminal.language), **self._progress(each, index, here, session)}
            for index, each in enumerate(materials)
            if abs(index - here) <= 1
        ]

    def _progress(self, material: Material, index: int, here: int, session: Session) -> dict[str, str]:
        count = len(session.scans.get(material.id, ()))
        words = self.tr("{count} 页").format(count=count) if count else self.tr("还没拍")
        return {"state": "now" if index == here else "done" if count else "next", "count": words}

    @Property(str, notify=changed)
    def addText(self) -> str:
        """What may be taken besides; empty when nothing may."""
        scan = self._scan
        if scan is None or scan.adding or len(self._taken()) >= scan.material.most_shots:
            return ""
        if scan.material.sides == 2:
            return self.tr("拍背面") if len(self._taken()) % 2 else self.tr("再拍一张")
        return self.tr("再拍一页")

    @Property(str, notify=changed)
    def removeText(self) -> str:
        return self.tr("不要这张") if self._scan is not None and self._scan.material.sides == 2 else self.tr("不要这页")

    @Property(bool, notify=changed)
    def enough(self) -> bool:
        scan, session = self._scan, self.terminal.session
        return scan is not None and session is not None and not scan.adding and enough(scan.material, session)

    @Slot()
    def shoot(self) -> None:
        self.links.post(ShootNow())

    @Slot()
    def add(self) -> None:
        self.links.post(AddPage())

    @Slot(int)
    def retake(self, index: int) -> None:
        self.links.post(RetakePage(index))

    @Slot(int)
    def turn(self, index: int) -> None:
        self.links.post(TurnPage(index))

    @Slot(int)
    def remove(self, index: int) -> None:
        self.links.post(RemovePage(index))

    @Slot()
    def next(self) -> None:
        self.links.post(Next())

    @Slot()
    def back(self) -> None:
        self.links.post(Back())
