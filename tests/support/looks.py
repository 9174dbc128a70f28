"""The ways every screen is looked at, and what a picture must keep of its golden one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from PySide6.QtGui import QImage

from kiosk.domain.words import LANGUAGES, Language
from tests.support.screens import LANDSCAPE, PORTRAIT, SMALL, half
from tests.support.stages import HALL, Stage, stages
from tests.support.stand import Variant, stand

GOLDEN = Path(__file__).parents[1] / "golden" / "screens"

TOLERANCE = 48
"""How much a channel (0 to 255) of a pixel may differ before the pixel counts as different."""
SHARE = 0.002
"""How many of all pixels may be different: anti-aliasing of other machines, never a moved word."""


@dataclass(frozen=True, slots=True)
class Look:
    """One way to look at a screen."""

    size: tuple[int, int]
    language: Language
    care: bool
    theme: str

    @property
    def name(self) -> str:
        kind = "small" if self.size == SMALL else "landscape" if self.size == LANDSCAPE else "portrait"
        return f"{kind}-{self.language}-{'care' if self.care else 'normal'}-{self.theme}"


LOOKS = [
    Look(size, language, care, theme)
    for size, language, care, theme in product((PORTRAIT, LANDSCAPE), LANGUAGES, (False, True), ("day", "contrast"))
]
"""Those kept as golden pictures."""

SMALL_LOOKS = [Look(SMALL, language, care, "day") for language, care in product(LANGUAGES, (False, True))]
"""Those only measured: nothing cut on the smallest screen."""


def pictures(look: Look) -> Iterator[tuple[Stage, QImage]]:
    """Every screen in one look, half size, all from one window."""
    variant = Variant(size=look.size, language=look.language, care=look.care, theme=look.theme)
    shown = stages()
    with stand(HALL, shown[0]) as window:
        for stage in shown:
            yield stage, half(window.picture(stage, variant))


def array(picture: QImage) -> npt.NDArray[np.uint8]:
    """Height x width x 3."""
    image = picture.convertToFormat(QImage.Format.Format_RGB888)
    raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return raw[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def difference(one: QImage, other: QImage) -> float:
    """The share of pixels that differ; 1.0 where the sizes do."""
    if one.size() != other.size():
        return 1.0
    apart = np.abs(array(one).astype(np.int16) - array(other).astype(np.int16)).max(axis=2)
    return float((apart > TOLERANCE).mean())


def keep(picture: QImage, path: Path) -> None:
    """Save as a small PNG of at most 256 colours, each close to the one it stands for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    few = Image.fromarray(array(picture)).quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
