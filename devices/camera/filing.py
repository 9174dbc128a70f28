"""Pages become the PDF that is handed in: at true size, within a limit, in no more colours than they have.

Black writing on white is kept in one bit (ITU-T T.6), a photograph in grey, a seal in colour. What is still too large
is made smaller step by step, all pages alike, down to what can just be read. The same pages give the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

import cv2
import img2pdf
import numpy as np
from PIL import Image

from devices.camera.api import Picture, Scan
from devices.camera.pictures import Gray, decode_picture, gray

_img2pdf: Any = img2pdf

A4 = (210.0, 297.0)
"""Millimetres."""
_NEARLY_A4 = 0.04
_STEPS = ((300, 85), (200, 80), (200, 70), (200, 55), (150, 55), (150, 40), (120, 35))
"""Pixels per inch at most, and JPEG quality: 150 dpi are the 6 px/mm of small print, below 120 nobody reads it."""
_ONE_BIT_DPI = 200
"""In one bit a stroke needs that many pixels, made up if the camera had fewer."""
_SHEET_DPI = 300
_COLOURED = 14.0
"""Chroma (8-bit Lab) away from the paper's own from which a spot is coloured."""
_COLOURED_SHARE = 0.0008
_SHADED_SHARE = 0.004


class Content(StrEnum):
    """What a page needs to be kept in."""

    COLOUR = "colour"
    GREY = "grey"
    ONE_BIT = "one-bit"


@dataclass(frozen=True, slots=True)
class PdfTooLarge:
    """Even the smallest that can be read has so many bytes."""

    smallest: int


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A page to be: its picture, millimetres across and down, what to keep it in."""

    picture: Picture
    size: tuple[float, float]
    content: Content


def to_pdf(scans: Sequence[Scan], *, largest: int, sides: int = 1) -> bytes | PdfTooLarge:
    """The pages as a PDF of at most ``largest`` bytes. With ``sides`` 2 each two pages, front and back of a card, are
    laid on one A4 sheet at their true size. Raises ``ValueError`` without scans."""
    if not scans:
        raise ValueError("a PDF needs at least one page")
    if sides == 2:
        sheets = [_both_sides(scans[i : i + 2]) for i in range(0, len(scans), 2)]
    else:
        sheets = [_sheet(upright(scan), scan.short_side_mm) for scan in scans]
    document = b""
    for dpi, quality in _STEPS:
        document = _bound(sheets, [_packed(sheet, dpi, quality) for sheet in sheets])
        if len(document) <= largest:
            return document
    return PdfTooLarge(smallest=len(document))


def upright(scan: Scan) -> Picture:
    """The page's picture, turned as someone wished."""
    return np.ascontiguousarray(np.rot90(decode_picture(scan.jpeg), -scan.turns))


def content_of(picture: Picture) -> Content:
    """What a page, evenly lit, must be kept in so that nothing on it is lost."""
    scale = 800 / max(picture.shape[:2])
    little = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(cv2.GaussianBlur(little, (3, 3), 0), cv2.COLOR_BGR2LAB).astype(np.float32)
    colours = lab[:, :, 1:]
    paper = np.median(colours.reshape(-1, 2), axis=0)
    chroma = np.linalg.norm(colours - paper, axis=-1)
    if float((chroma > _COLOURED).mean()) > _COLOURED_SHARE or float(np.linalg.norm(paper - 128)) > _COLOURED:
        return Content.COLOUR
    light = lab[:, :, 0].astype(np.uint8)
    # Writing leaves paper between its strokes; what is still dark after the lightest nearby was taken is a surface.
    between = cv2.dilate(light, np.ones((9, 9), np.uint8))
    shaded = between < float(np.percentile(light, 90)) - 22
    return Content.GREY if float(shaded.mean()) > _SHADED_SHARE else Content.ONE_BIT


def _sheet(picture: Picture, short_side_mm: float) -> _Sheet:
    """A page of its true size; what is A4 but for the camera's error is A4."""
    height, width = picture.shape[:2]
    scale = short_side_mm / min(width, height)
    across, down = width * scale, height * scale
    paper = A4 if width <= height else A4[::-1]
    if all(abs(is_ / wanted - 1) < _NEARLY_A4 for is_, wanted in zip((across, down), paper, strict=True)):
        across, down = paper
    return _Sheet(picture, (across, down), content_of(picture))


def _both_sides(scans: Sequence[Scan]) -> _Sheet:
    """Front above, back below, each in the middle of its half of an A4 sheet, at true size."""
    pixels = _SHEET_DPI / 25.4
    width, height = (round(side * pixels) for side in A4)
    sheet = np.full((height, width, 3), 255, np.uint8)
    contents: set[Content] = set()
    for half, scan in enumerate(scans):
        side = upright(scan)
        contents.add(content_of(side))
        scale = scan.short_side_mm * pixels / min(side.shape[:2])
        scale = min(scale, 0.94 * width / side.shape[1], 0.47 * height / side.shape[0])
        size = (round(side.shape[1] * scale), round(side.shape[0] * scale))
        laid = cv2.resize(side, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        x, y = (width - size[0]) // 2, round(height * (0.27 + 0.46 * half)) - size[1] // 2
        sheet[y : y + size[1], x : x + size[0]] = laid
    return _Sheet(sheet, A4, next(kind for kind in Content if kind in contents))


def _packed(sheet: _Sheet, dpi: int, quality: int) -> bytes:
    """The sheet's picture as a JPEG or a one-bit TIFF of at most ``dpi``."""
    is_dpi = sheet.picture.shape[1] / (sheet.size[0] / 25.4)
    if sheet.content is Content.ONE_BIT:
        return _one_bit(_scaled(sheet.picture, max(dpi, _ONE_BIT_DPI) / is_dpi, upward=_ONE_BIT_DPI / is_dpi))
    picture = _scaled(sheet.picture, dpi / is_dpi)
    if sheet.content is Content.GREY:
        picture = gray(picture)
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise RuntimeError("OpenCV could not pack a JPEG")
    return data.tobytes()


def _scaled(picture: Picture, most: float, *, upward: float = 1.0) -> Picture:
    """``picture`` at ``most`` of its size if that is less; enlarged to ``upward`` of it if that is more."""
    scale = upward if upward > 1 else min(most, 1.0)
    if scale == 1.0:
        return picture
    way = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    return cast("Picture", cv2.resize(picture, None, fx=scale, fy=scale, interpolation=way))


def _one_bit(picture: Picture) -> bytes:
    light = cast("Gray", cv2.GaussianBlur(gray(picture), (3, 3), 0))
    level, _ = cv2.threshold(light, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    level = float(np.clip(level, 120, 200))  # a page of few words has no second hump to be found
    out = io.BytesIO()
    Image.fromarray(((light > level) * np.uint8(255)).astype(np.uint8)).convert("1").save(
        out, "TIFF", compression="group4"
    )
    return out.getvalue()


def _bound(sheets: Sequence[_Sheet], pictures: Sequence[bytes]) -> bytes:
    sizes = iter([tuple(_img2pdf.mm_to_pt(side) for side in sheet.size) for sheet in sheets])

    def laid(*_: object) -> tuple[float, float, float, float]:
        across, down = next(sizes)  # img2pdf asks once a page, in order
        return across, down, across, down

    return cast(
        "bytes", _img2pdf.convert(list(pictures), layout_fun=laid, nodate=True, engine=_img2pdf.Engine.internal)
    )
