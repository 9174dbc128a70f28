"""The one module that touches rapidocr. It runs in the reading process only (see ``child``).

The models are in the wheel and are named by their paths, so that nothing is looked up or fetched; its log, which could
carry what was read, is silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import rapidocr

from devices.camera.api import Corners, Picture
from devices.camera.reading.api import Line

_MODELS = Path(rapidocr.__file__).parent / "models"
_THREADS = 1
"""The live picture and the screen need the other cores."""
_LOWEST_LINE, _LONGEST_LINE = 8, 4000
"""Pixels."""
_MOST_LINES = 400
"""A page of writing has a tenth of it."""
_TURNED = 0.9
"""The classifier's confidence from which a line stands on its head."""
_TALL = 1.5
"""A box so much higher than wide is a line that runs downwards; rapidocr turns it by the same rule."""


class Engine:
    """PP-OCR on one thread: 0.5 GB while a page is read."""

    def __init__(self) -> None:
        cv2.setNumThreads(_THREADS)
        self._ocr: Any = rapidocr.RapidOCR(
            params={
                "Global.log_level": "critical",
                "Det.model_path": str(_MODELS / "PP-OCRv6_det_small.onnx"),
                "Rec.model_path": str(_MODELS / "PP-OCRv6_rec_small.onnx"),
                "Cls.model_path": str(_MODELS / "ch_ppocr_mobile_v2.0_cls_mobile.onnx"),
                "EngineConfig.onnxruntime.intra_op_num_threads": _THREADS,
                "EngineConfig.onnxruntime.inter_op_num_threads": _THREADS,
            }
        )

    def page(self, picture: Picture) -> tuple[Line, ...]:
        """Every line of writing on a page, whichever way up it lies."""
        small, record = self._ocr.preprocess_img(picture)
        try:
            crops, found = self._ocr.detect_and_crop(small, record)
        except rapidocr.main.RapidOCRError:
            return ()  # no writing on it
        boxes, crops = found.boxes[:_MOST_LINES], crops[:_MOST_LINES]
        upright, turned = self._ocr.cls_and_rotate(crops)
        read = self._ocr.recognize_txt(upright)
        scale = (record["preprocess"]["ratio_w"], record["preprocess"]["ratio_h"])
        shift = (record["padding_1"]["left"], record["padding_1"]["top"])
        lines: list[Line] = []
        for box, (label, sure), text, confidence in zip(boxes, turned.cls_res, read.txts, read.scores, strict=True):
            points = (np.asarray(box, np.float64) - shift) * scale
            on_its_head = "180" in label and sure > _TURNED
            if text.strip():
                lines.append(Line(text.strip(), _as_read(points, on_its_head=on_its_head), float(confidence)))
        return tuple(lines)

    def zone(self, pictures: Sequence[Picture]) -> tuple[Line, ...]:
        """The writing in pictures of one line each, in their order; boxes are in pixels of each line's own picture."""
        fit = [each for each in pictures if min(each.shape[:2]) >= _LOWEST_LINE and each.shape[1] <= _LONGEST_LINE]
        if not fit:
            return ()
        read = self._ocr.recognize_txt(fit)
        return tuple(
            Line(text.strip(), _whole(picture), float(confidence))
            for picture, text, confidence in zip(fit, read.txts, read.scores, strict=True)
            if text.strip()
        )


def _whole(picture: Picture) -> Corners:
    height, width = float(picture.shape[0]), float(picture.shape[1])
    return ((0.0, 0.0), (width, 0.0), (width, height), (0.0, height))


def _as_read(points: np.ndarray[Any, np.dtype[np.float64]], *, on_its_head: bool) -> Corners:
    """A box's points, clockwise from the top left of the picture, in the order of reading."""
    wide = max(float(np.linalg.norm(points[0] - points[1])), float(np.linalg.norm(points[2] - points[3])), 1.0)
    high = max(float(np.linalg.norm(points[0] - points[3])), float(np.linalg.norm(points[1] - points[2])))
    first = 0
    if int(high) / int(wide) >= _TALL:
        first = 1  # it is turned against the clock to be read, so it begins at the right of the top
    if on_its_head:
        first += 2
    return cast("Corners", tuple((float(x), float(y)) for x, y in np.roll(points, -first, axis=0)))
