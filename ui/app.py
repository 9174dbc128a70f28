"""The terminal's window: makes the application, the engine and the view-models, and takes them down in order.

The engine goes before its view-models: QML that outlives what it is bound to reads freed objects.
"""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import cast, get_args

from PySide6.QtCore import QCoreApplication, QEvent, QLibraryInfo, QLocale, QObject, QTranslator, QUrl, Slot
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication
from PySide6.QtQml import QQmlApplicationEngine
from PySide6.QtQuick import QQuickWindow

import ui.signature  # noqa: F401  # pyright: ignore[reportUnusedImport] - registers its QML types
from kiosk.journey.states import Screen, Terminal
from ui.bridge import Bridge, Journey
from ui.icons import IconProvider
from ui.keyboard import KeyboardMemory
from ui.livepicture import LiveFeed
from ui.viewmodels.terminal import TerminalModel

FOLDER = Path(__file__).parent
FAMILY = "Noto Sans CJK SC"
PORTRAIT = (1080, 1920)

_kept: list[KeyboardMemory] = []


def build_application(kind: type[QGuiApplication] = QGuiApplication) -> QGuiApplication:
    """The one application object, with our fonts, our keyboard and a renderer that needs no GPU. Call it once per
    process, before any window; a second call returns the first one's object. ``kind``: a subclass, where widgets are
    wanted beside the window."""
    there = QCoreApplication.instance()
    if isinstance(there, QGuiApplication):
        _load_fonts()
        return there
    memory = KeyboardMemory()
    atexit.register(memory.close)
    _kept.append(memory)
    os.environ.setdefault("QT_QUICK_BACKEND", "software")
    application = kind(["kiosk"])
    application.setApplicationName("kiosk")
    QLocale.setDefault(QLocale(QLocale.Language.Chinese, QLocale.Country.China))
    _load_fonts()
    return application


def _load_fonts() -> None:
    if FAMILY not in QFontDatabase.families():
        for path in sorted((FOLDER / "fonts").glob("*.otf")):
            QFontDatabase.addApplicationFont(str(path))
    QGuiApplication.setFont(QFont(FAMILY))


def missing_parts() -> list[str]:
    """What is missing of the screens: files of ours and modules of Qt that cannot be found."""
    ours = ["qml/Kiosk/qmldir", "qml/Kiosk/Main.qml", "i18n/kiosk_en.qm", "fonts/NotoSansCJKsc-Regular.otf"]
    ours += [f"qml/Kiosk/screens/{screen.__name__}.qml" for screen in get_args(Screen)]
    qt = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.QmlImportsPath))
    theirs = ["QtQuick/qmldir", "QtQuick/VirtualKeyboard/qmldir", "QtQuick/VirtualKeyboard/Plugins/Pinyin/qmldir"]
    return [part for part in ours if not (FOLDER / part).is_file()] + [
        part for part in theirs if not (qt / part).is_file()
    ]


class TerminalApp(QObject):
    """One window on one journey. ``size`` in pixels (``None``: portrait 1080 x 1920); ``clock`` gives local time with
    its zone, ``theme`` is ``day`` or ``contrast``."""

    def __init__(
        self,
        *,
        runner: Journey,
        fullscreen: bool,
        size: tuple[int, int] | None,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
        theme: str = "day",
    ) -> None:
        build_application()
        super().__init__()
        self._runner = runner
        self._translator: QTranslator | None = None
        self._session = _session_of(runner.state)
        self.feed = LiveFeed()
        self.model = TerminalModel(hall=runner.hall, post=runner.post, clock=clock, theme=theme, terminal=runner.state)
        self._bridge = Bridge(journey=runner, on_state=self._show, clock=clock, monotonic=monotonic)
        self._engine: QQmlApplicationEngine | None = QQmlApplicationEngine()
        self._engine.addImportPath(str(FOLDER / "qml"))
        self._engine.addImageProvider("icon", IconProvider())
        self._speak()
        self.model.languageChanged.connect(self._speak)
        width, height = size or PORTRAIT
        self._engine.setInitialProperties({"terminal": self.model, "feed": self.feed, "width": width, "height": height})
        self._engine.load(QUrl.fromLocalFile(str(FOLDER / "qml" / "Kiosk" / "Main.qml")))
        roots = self._engine.rootObjects()
        if not roots:
            raise RuntimeError("the window could not be loaded; Qt's own messages say why")
        self.window = cast(QQuickWindow, roots[0])
        runner.on_live = self.feed.show
        if fullscreen:
            self.window.showFullScreen()
        else:
            self.window.show()
        self._bridge.start()

    def exec(self) -> int:
        """Run until the window is closed, then take everything down; the exit status."""
        try:
            return QGuiApplication.exec()
        finally:
            self.close()

    def close(self) -> None:
        """Take everything down, engine first. Idempotent."""
        if self._engine is None:
            return
        self._bridge.stop()
        self._runner.on_live = _dark
        self.window.close()
        engine, self._engine = self._engine, None
        engine.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        del self.window
        if self._translator is not None:
            QCoreApplication.removeTranslator(self._translator)
            self._translator = None
        self.model.deleteLater()
        self.feed.deleteLater()
        self.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    def _show(self, terminal: Terminal) -> None:
        before, self._session = self._session, _session_of(terminal)
        ended = before not in (0, self._session)
        self.model.update(terminal)
        if ended:
            for memory in _kept:
                memory.forget()

    @Slot()
    def _speak(self) -> None:
        """Put the words of the model's language in place; Chinese is the source and needs no translator."""
        if self._translator is not None:
            QCoreApplication.removeTranslator(self._translator)
            self._translator = None
        language = self._runner.state.language
        if language != "zh":
            translator = QTranslator(self)
            if not translator.load(str(FOLDER / "i18n" / f"kiosk_{language}.qm")):
                raise RuntimeError(f"kiosk_{language}.qm is missing: run script/translate")
            QCoreApplication.installTranslator(translator)
            self._translator = translator
        if self._engine is not None:
            self._engine.retranslate()


def _session_of(terminal: Terminal) -> int:
    """The running session's number, 0 without one."""
    return terminal.sessions if terminal.session is not None else 0


def _dark(_: object) -> None:
    return
