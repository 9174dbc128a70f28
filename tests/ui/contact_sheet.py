"""Draws every screen side by side, one sheet for each look, into out/: python -m tests.ui.contact_sheet [LOOK…]

A look is named like ``portrait-zh-care-day``; without any, all are drawn.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PySide6.QtGui import QColor, QImage, QPainter

from tests.support.looks import LOOKS, SMALL_LOOKS, Look, pictures
from tests.support.screens import prepare_environment

OUT = Path(__file__).parents[2] / "out"
GAP = 16


def sheet(look: Look) -> QImage:
    """All screens of one look, half size, ten (landscape: six) a row."""
    drawings = [picture for _, picture in pictures(look)]
    width, height = drawings[0].width() + GAP, drawings[0].height() + GAP
    across = 10 if height > width else 6
    rows = -(-len(drawings) // across)
    drawn = QImage(across * width + GAP, rows * height + GAP, QImage.Format.Format_RGB32)
    drawn.fill(QColor("#7A8590"))
    painter = QPainter(drawn)
    for index, picture in enumerate(drawings):
        painter.drawImage(GAP + index % across * width, GAP + index // across * height, picture)
    painter.end()
    return drawn


def main(names: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        prepare_environment(Path(folder))
        OUT.mkdir(exist_ok=True)
        for look in [*LOOKS, *SMALL_LOOKS]:
            if not names or look.name in names:
                path = OUT / f"contact-sheet-{look.name}.png"
                sheet(look).save(str(path))
                sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
