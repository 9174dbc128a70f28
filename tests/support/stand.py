"""One window that takes any state, size, language and theme in turn, so that hundreds of pictures cost seconds."""

from __future__ import annotations

import itertools
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from PySide6.QtGui import QImage
from PySide6.QtQuick import QQuickWindow

from kiosk.domain.words import LANGUAGES, Language
from kiosk.journey.states import Hall, Thanks, Welcome
from tests.support.screens import LANDSCAPE, PORTRAIT, StillRunner, let_rest, settle, shown
from tests.support.stages import Stage
from ui.app import TerminalApp


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of looking at a screen."""

    size: tuple[int, int] = PORTRAIT
    language: Language = "zh"
    care: bool = False
    theme: str = "day"

    @property
    def unit(self) -> float:
        """Window pixels per design pixel, as ``Theme.unit``."""
        width, height = self.size
        return min(width / 1920, height / 1080) if width > height else min(width / 1080, height / 1920)

    def __str__(self) -> str:
        care = "care" if self.care else "normal"
        return f"{self.size[0]}x{self.size[1]} {self.language} {care} {self.theme}"


SIXTEEN: tuple[Variant, ...] = tuple(
    Variant(size=size, language=language, care=care, theme=theme)
    for size, language, care, theme in itertools.product(
        (PORTRAIT, LANDSCAPE), LANGUAGES, (False, True), ("day", "contrast")
    )
)
"""In the order in which a contact sheet shows them."""


class Stand:
    """Shows stages in one window. Every stage starts from a screen loaded afresh."""

    def __init__(self, app: TerminalApp, runner: StillRunner) -> None:
        self._app = app
        self._runner = runner

    @property
    def window(self) -> QQuickWindow:
        return self._app.window

    def show(self, stage: Stage, variant: Variant) -> None:
        changes = {"language": variant.language, "care": variant.care}
        state = replace(stage.terminal, **changes)  # pyright: ignore[reportArgumentType] - two fields of two types
        self._app.feed.show(None)
        other = Thanks(until=0) if isinstance(state.screen, Welcome) else Welcome()
        self._runner.become(replace(state, screen=other, overlay=None))
        if self._app.model.property("theme") != variant.theme:
            self._app.model.toggleTheme()
        self.window.resize(*variant.size)
        self._runner.become(state)
        self._runner.become(state)  # the clock's next tick, as four times a second on a terminal
        if stage.live is not None:
            self._app.feed.show(stage.live)
        self.settle()

    def settle(self) -> None:
        """Let what was touched be carried out, and laid out as for a picture."""
        settle(self._app)
        self.window.grabWindow()
        settle(self._app)

    def rest(self) -> None:
        """Wait until the screen takes touches."""
        let_rest(self._app)

    def picture(self, stage: Stage, variant: Variant) -> QImage:
        self.show(stage, variant)
        return self.window.grabWindow().convertToFormat(QImage.Format.Format_RGB32)


@contextmanager
def stand(hall: Hall, first: Stage) -> Generator[Stand]:
    """A window for as long as the block lasts."""
    with shown(hall, first.terminal) as (app, runner):
        yield Stand(app, runner)
