"""What the terminal says aloud: every sentence by its stable key, in every language.

The core emits keys, never sentences; recorded clips are made for exactly these texts, so they hold no numbers and no
names.
"""

from __future__ import annotations

from enum import StrEnum

from kiosk.domain.words import Text


class Line(StrEnum):
    """One sentence that may be said."""

    IDLE_WARNING = "idle-warning"


LINES: dict[Line, Text] = {
    Line.IDLE_WARNING: Text(
        zh="您还在吗？还要时间，请按屏幕上的大按钮。没人按，马上就会结束，填过的都会清掉。",
        en="Are you still there? If you need more time, please touch the large button on the screen. "
        "Otherwise this will end soon, and what you entered will be cleared.",
    ),
}
