"""The control panel: puts cards on the reader, lays papers under the camera, opens the printer's cover, cuts the
network, and shows the printed slip and what the platform received.

It knows the simulators only by what it may do with them (:class:`Action`), so that it stays a plain window. An action
that takes its time (a desk must be drawn) runs on a thread of the panel's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from PIL import Image
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QImage, QPixmap
from PySide6.QtWidgets import (
    QApplication,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ui.app import PORTRAIT, build_application

LOOK_MS = 1000
SLIP_WIDTH = 360


@dataclass(frozen=True, slots=True)
class Action:
    """One button: ``label`` in both languages, and what it does."""

    name: str
    label: str
    act: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Received:
    """One submission as the platform has it."""

    provisional_number: str
    case_number: str
    papers: str
    test: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """What the panel shows of the world: the newest slip, what the platform received, and what is said aloud. Called on
    its thread."""

    slip: Callable[[], Image.Image | None]
    received: Callable[[], Sequence[Received]]
    spoken: Callable[[], str]


class _News(QObject):
    """Carries what was seen to the Qt thread."""

    seen = Signal(object, object, str)
    failed = Signal(str)


class Panel(QWidget):
    """``groups`` are titled rows of buttons. Closing the panel leaves the terminal running."""

    def __init__(self, groups: Sequence[tuple[str, Sequence[Action]]], scene: Scene) -> None:
        super().__init__()
        self.setWindowTitle("控制台 · Control panel")
        self.resize(880, 900)
        self._scene = scene
        self._work = ThreadPoolExecutor(max_workers=1, thread_name_prefix="panel")
        self._looking = False
        self._news = _News()
        self._news.seen.connect(self._show)
        self._news.failed.connect(self._say)
        self._slip = QLabel("还没有凭条 · no slip yet", alignment=Qt.AlignmentFlag.AlignCenter)
        self._table = QTableWidget(0, 3)
        self._line = QLabel("")
        self._spoken = QLabel("", wordWrap=True)
        self._spoken.setObjectName("spoken")
        self._lay_out(groups)
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def _lay_out(self, groups: Sequence[tuple[str, Sequence[Action]]]) -> None:
        desk = QWidget()
        buttons = QVBoxLayout(desk)
        for title, actions in groups:
            box = QGroupBox(title)
            grid = QGridLayout(box)
            for index, action in enumerate(actions):
                button = QPushButton(action.label)
                button.setObjectName(action.name)
                button.setMinimumHeight(40)
                button.clicked.connect(self._pressed)
                button.setProperty("act", action.act)
                grid.addWidget(button, index // 2, index % 2)
            buttons.addWidget(box)
        buttons.addStretch(1)
        reach = QScrollArea(widgetResizable=True)  # the buttons of all devices are taller than many screens
        reach.setWidget(desk)
        reach.setMinimumWidth(desk.sizeHint().width() + 30)
        works = QVBoxLayout()
        works.addWidget(reach, 1)
        works.addWidget(self._line)
        works.addWidget(self._spoken)
        paper = QScrollArea(widgetResizable=True)
        paper.setWidget(self._slip)
        paper.setMinimumWidth(SLIP_WIDTH + 40)
        self._table.setHorizontalHeaderLabels(["暂存号 · number", "办件编号 · case", "材料 · papers"])
        self._table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self._table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        seen = QVBoxLayout()
        seen.addWidget(QLabel("打出的凭条 · printed slip"))
        seen.addWidget(paper, 3)
        seen.addWidget(QLabel("区里收到的 · received by the platform"))
        seen.addWidget(self._table, 1)
        whole = QHBoxLayout(self)
        whole.addLayout(works, 1)
        whole.addLayout(seen, 1)

    @Slot()
    def _pressed(self) -> None:
        button = self.sender()
        if isinstance(button, QPushButton):
            self._line.setText(button.text())
            self._work.submit(button.property("act")).add_done_callback(self._acted)

    def _acted(self, done: Future[None]) -> None:
        failure = done.exception()
        if failure is not None:
            self._news.failed.emit(f"{type(failure).__name__}: {failure}")

    @Slot()
    def _look(self) -> None:
        if not self._looking:
            self._looking = True
            self._work.submit(self._see)

    def _see(self) -> None:
        self._news.seen.emit(self._scene.slip(), tuple(self._scene.received()), self._scene.spoken())

    @Slot(str)
    def _say(self, text: str) -> None:
        self._line.setText(text)

    @Slot(object, object, str)
    def _show(self, slip: Image.Image | None, received: tuple[Received, ...], spoken: str) -> None:
        self._looking = False
        self._spoken.setText(spoken)
        if slip is not None:
            gray = slip.convert("L")
            image = QImage(gray.tobytes(), gray.width, gray.height, gray.width, QImage.Format.Format_Grayscale8)
            smooth = Qt.TransformationMode.SmoothTransformation
            self._slip.setPixmap(QPixmap.fromImage(image).scaledToWidth(SLIP_WIDTH, smooth))
        self._table.setRowCount(len(received))
        for row, item in enumerate(received):
            case = "测试 · test" if item.test else item.case_number
            for column, text in enumerate((item.provisional_number, case, item.papers)):
                self._table.setItem(row, column, QTableWidgetItem(text))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop looking; the work in hand is finished."""
        self._timer.stop()
        self._work.shutdown(wait=True)
        super().closeEvent(event)


def begin() -> tuple[int, int]:
    """Make the application for terminal and panel; the size in pixels of a terminal's window that fits this screen,
    which is rarely as tall as a terminal's own."""
    room = build_application(QApplication).primaryScreen().availableSize()
    scale = min(1.0, 0.9 * room.height() / PORTRAIT[1])
    return round(PORTRAIT[0] * scale), round(PORTRAIT[1] * scale)
