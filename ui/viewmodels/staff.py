"""The staff view: its code, what is held with reason and remedy, and how far the oldest that wait have come."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Property, Signal, Slot
from PySide6.QtQml import QmlElement

from kiosk.domain.reasons import reason_of
from kiosk.journey.events import Back, Draft, Next, SendAgain
from kiosk.journey.staffed import LONGEST_CODE, MovingItem, StaffCode, StaffView
from ui.viewmodels.base import ScreenModel

QML_IMPORT_NAME = "Kiosk.Models"
QML_IMPORT_MAJOR_VERSION = 1


@QmlElement
class StaffCodeModel(ScreenModel):
    """The digits themselves never show: whoever stands nearby reads none."""

    changed = Signal()

    @property
    def _screen(self) -> StaffCode | None:
        screen = self.terminal.screen
        return screen if isinstance(screen, StaffCode) else None

    @Property(str, notify=changed)
    def draft(self) -> str:
        return self._screen.draft if self._screen else ""

    @Property(int, constant=True)
    def longest(self) -> int:
        return LONGEST_CODE

    @Property(bool, notify=changed)
    def locked(self) -> bool:
        return self.terminal.now < self.terminal.staff_locked

    @Property(bool, notify=changed)
    def ready(self) -> bool:
        """Whether there is something to check."""
        return self._screen is not None and bool(self._screen.draft) and not self._screen.checking and not self.locked

    @Property(str, notify=changed)
    def wrong(self) -> str:
        if self.locked:
            return self.tr("输错太多次，请过一刻钟再试")
        return self.tr("口令不对，请再输一次") if self._screen and self._screen.wrong else ""

    @Slot(str)
    def edit(self, text: str) -> None:
        self.links.post(Draft(text))

    @Slot()
    def next(self) -> None:
        self.links.post(Next())

    @Slot()
    def back(self) -> None:
        self.links.post(Back())


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MB" if count >= 2**20 else f"{max(1, round(count / 1024))} KB"


@QmlElement
class StaffViewModel(ScreenModel):
    changed = Signal()

    @property
    def _screen(self) -> StaffView | None:
        screen = self.terminal.screen
        return screen if isinstance(screen, StaffView) else None

    def _time(self, at: datetime) -> str:
        return f"{at.astimezone(self.links.clock().tzinfo):%Y-%m-%d %H:%M}"

    @Property(bool, notify=changed)
    def looking(self) -> bool:
        """Whether the queue is still being looked at."""
        return self._screen is None or self._screen.seen is None

    @Property(str, notify=changed)
    def title(self) -> str:
        seen = self._screen.seen if self._screen else None
        if seen is None:
            return self.tr("正在查看…")
        if seen.more:
            return self.tr("{count} 件要处理，先列 {shown} 件").format(
                count=len(seen.held) + seen.more, shown=len(seen.held)
            )
        return self.tr("{count} 件要处理").format(count=len(seen.held)) if seen.held else self.tr("没有要处理的申报")

    @Property(str, notify=changed)
    def waiting(self) -> str:
        """How many wait by themselves, since when, and why."""
        seen = self._screen.seen if self._screen else None
        if seen is None:
            return ""
        if not seen.moving:
            return self.tr("没有等待报送的申报。")
        oldest = seen.moving[0]
        told = self.tr("{count} 件等待报送，最早 {time}。").format(count=seen.waiting, time=self._time(oldest.created))
        if oldest.reason is None:
            return told
        return (
            told
            + ("" if self.terminal.language == "zh" else " ")
            + reason_of(oldest.reason).message(self.terminal.language)
        )

    @Property(list, notify=changed)
    def rows(self) -> list[dict[str, object]]:
        screen, language = self._screen, self.terminal.language
        if screen is None or screen.seen is None:
            return []
        rows: list[dict[str, object]] = []
        for item in screen.seen.held:
            words = reason_of(item.reason)
            known = [item.matter(language) if item.matter else "", item.name or ""]
            rows.append(
                {
                    "uid": item.uid,
                    "number": item.number,
                    "known": " · ".join(part for part in known if part),
                    "created": self._time(item.created),
                    "reason": words.message(language),
                    "remedy": words.remedy(language),
                    "sent": item.uid in screen.sent,
                    "moving": "",
                }
            )
        nothing = {"uid": "", "known": "", "reason": "", "remedy": "", "sent": False}
        rows.extend(
            {**nothing, "number": item.number, "created": self._time(item.created), "moving": self._progress(item)}
            for item in screen.seen.moving
        )
        return rows

    def _progress(self, item: MovingItem) -> str:
        if not item.sent:
            return self.tr("还没开始报送，共 {size}").format(size=_size(item.size))
        return self.tr("已报送 {percent}%，{sent} / {size}").format(
            percent=item.sent * 100 // item.size, sent=_size(item.sent), size=_size(item.size)
        )

    @Slot(str)
    def sendAgain(self, uid: str) -> None:
        self.links.post(SendAgain(uid))

    @Slot()
    def back(self) -> None:
        self.links.post(Back())
