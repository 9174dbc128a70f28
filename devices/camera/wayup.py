"""Which way up a straightened page is, so that nobody has to care how it was laid.

Lines of writing say whether a page stands or lies: characters stand closer in a line than lines below each other. Which
end is up only the characters know: the small classifier inside rapidocr's wheel (Apache-2.0, 0.6 MB) looks at a dozen
lines, and a page is turned unasked only when they agree. Without that model nothing is turned.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from devices.camera.api import Picture
from devices.camera.pictures import Gray, bounded, gray

_LOOKED_AT = 1400
"""Pixels of the longer side."""
_LINES = 8
_SURE = 0.9
"""Probability from which a line's vote counts."""
_MODEL = "ch_ppocr_mobile_v2.0_cls_mobile.onnx"
_HIGH, _WIDE = 48, 192
"""Pixels the classifier takes."""


Box = tuple[int, int, int, int]
"""Left, top, width, height in pixels."""


@dataclass(frozen=True, slots=True)
class WayUp:
    """Quarter turns clockwise that set the page upright (0 to 3), and whether the lines agreed about it."""

    turns: int
    sure: bool


def way_up(flat: Picture) -> WayUp:
    """How to turn the page; ``WayUp(0, sure=False)`` when its writing does not tell."""
    seen = bounded(flat, _LOOKED_AT)
    light = gray(seen)
    ink = cv2.adaptiveThreshold(light, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 18)
    ink = cast("Gray", cv2.subtract(ink, _ruled(cast("Gray", ink))))
    high = _character(ink)
    if high is None:
        return WayUp(0, sure=False)
    across, down = _lines(ink, high), _lines(_turned(ink), high)
    lying = _written(down) > 2 * _written(across)
    if not lying and _written(across) < 1.3 * _written(down):
        return WayUp(0, sure=False)  # as many lines either way: a picture, a stamp, a form of bare boxes
    upright, boxes = (_turned(seen), down) if lying else (seen, across)
    rim = max(2, high // 5)
    votes = np.array(
        [
            _upside_down(upright[max(0, y - rim) : y + tall + rim, max(0, x - rim) : x + wide + rim])
            for x, y, wide, tall in boxes[:_LINES]
        ]
    )
    for_sure = votes[np.abs(votes - 0.5) > _SURE - 0.5]
    if not len(for_sure):
        return WayUp(0, sure=False)
    turned = float((for_sure > 0.5).mean())
    sure = len(for_sure) >= 3 and not 0.2 < turned < 0.8
    return WayUp((int(lying) + 2 * int(turned > 0.5)) % 4, sure)


def _turned(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(np.rot90(picture, -1))


def _written(lines: list[Box]) -> int:
    return sum(wide for _, _, wide, _ in lines)


def _lines(ink: Gray, high: int) -> list[Box]:
    """What looks like lines of writing from left to right, the longest first; ``high`` is a character's height."""
    joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((3, max(3, round(0.75 * high))), np.uint8))
    joined = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((max(2, high // 4), high), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    boxes = [(int(x), int(y), int(wide), int(tall)) for x, y, wide, tall, _ in stats[1:]]
    lines = [box for box in boxes if box[2] > 3 * box[3] and 0.5 * high < box[3] < 2.2 * high]
    return sorted(lines, key=lambda box: -box[2])


def _ruled(ink: Gray) -> Gray:
    """The printed lines of tables, which belong to no character."""
    flat = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, 61), np.uint8))
    steep = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((61, 1), np.uint8))
    return cast("Gray", cv2.dilate(cv2.bitwise_or(flat, steep), np.ones((3, 3), np.uint8)))


def _character(ink: Gray) -> int | None:
    """How high and wide a character is about, in pixels."""
    whole = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(whole)
    larger = np.maximum(stats[1:, cv2.CC_STAT_WIDTH], stats[1:, cv2.CC_STAT_HEIGHT])
    larger = larger[(larger >= 7) & (larger <= 80)]
    return round(float(np.percentile(larger, 70))) if len(larger) >= 12 else None


@cache
def _classifier() -> Any:
    """The model, loaded once; ``None`` where it is not installed."""
    found = importlib.util.find_spec("rapidocr")
    if found is None or not found.submodule_search_locations:
        return None
    model = Path(next(iter(found.submodule_search_locations))) / "models" / _MODEL
    if not model.is_file():
        return None
    import onnxruntime

    runtime: Any = onnxruntime
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    return runtime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def warm_up() -> None:
    """Load the model before the first page waits for it."""
    _classifier()


def _upside_down(line: Picture) -> float:
    """How probable it is that a line of writing stands on its head; 0.5 when nobody can say."""
    session = _classifier()
    if session is None:
        return 0.5
    wide = min(_WIDE, max(8, round(line.shape[1] * _HIGH / line.shape[0])))
    shown = line[:, : round(line.shape[0] * _WIDE / _HIGH)]
    small = cv2.resize(shown, (wide, _HIGH), interpolation=cv2.INTER_AREA).astype(np.float32)
    given = np.zeros((1, 3, _HIGH, _WIDE), np.float32)
    given[0, :, :, :wide] = (small / 127.5 - 1).transpose(2, 0, 1)
    answer = cast("npt.NDArray[np.float32]", session.run(None, {session.get_inputs()[0].name: given})[0])
    return float(answer[0, 1])
