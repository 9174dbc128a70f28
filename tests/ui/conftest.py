"""One offscreen application for all screen tests, with our fonts only. Any Qt or QML warning fails the test."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from tests.support.screens import prepare_environment

_NOT_OURS = (
    r"Member contentWidth of the object PopupList_QMLTYPE",  # Qt's own keyboard, at every load
    r"pipewire",  # the keyboard's key sounds, on machines without it
    r"PinyinDecoderService::init\(\): creating directory",  # in the private folder of ui/keyboard.py
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.qt_log_ignore(*_NOT_OURS))


@pytest.fixture(scope="session")
def qapp(tmp_path_factory: pytest.TempPathFactory) -> QGuiApplication:
    prepare_environment(tmp_path_factory.mktemp("fonts"))
    from ui.app import build_application

    return build_application(QApplication)  # the control panel's window is a widget


@pytest.fixture(autouse=True)
def _application(qapp: QGuiApplication) -> None:
    """Every test here needs it."""
