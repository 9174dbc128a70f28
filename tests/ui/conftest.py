"""One offscreen application for all screen tests, with our fonts only."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QGuiApplication

from tests.support.screens import prepare_environment


@pytest.fixture(scope="session")
def qapp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QGuiApplication]:
    prepare_environment(tmp_path_factory.mktemp("fonts"))
    from ui.app import build_application

    yield build_application()


@pytest.fixture(autouse=True)
def screens(qapp: QGuiApplication, qtlog: object) -> None:
    """Every test here needs the application, and fails on any Qt or QML warning."""
