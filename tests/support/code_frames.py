"""Kiosk frames with a QR code, made: what a document camera sees of a telephone or a slip, well and badly.

Every frame is 1920 x 1080 and the same for the same kind and number. The code lies anywhere, turned and tilted, with
2.2 to 6 pixels a module, and is then spoilt in the way of its kind.
"""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt
import segno

from devices.camera.api import Picture

Canvas = npt.NDArray[np.float32]

WIDTH, HEIGHT = 1920, 1080
KINDS = (
    "plain", "small", "blur", "motion", "glare", "dark", "faint", "shade", "noise", "perspective", "curved", "inverted",
)  # fmt: skip
_TEXTS = (
    "https://district.example/s#v1.TY03-261123-0047-K.AAECAwQFBgcICQoLDA0ODw.LrJqu9rB." + "A" * 86,
    "暂存号 TY03-261123-0047-K 王秀英 城乡居民养老保险",
    "https://qr.example.cn/i?k=8d7f",
    "姓名：李建国 电话：13800000000",
    "12345678901234567890",
)
_DRAWN = 8
"""Pixels a module before the code is laid down."""


def frame(kind: str, number: int) -> tuple[Picture, str]:
    """The picture and the text in it."""
    chance = np.random.default_rng([1, KINDS.index(kind), number])
    text = _TEXTS[int(chance.integers(len(_TEXTS)))]
    code = _code(chance, kind, text)
    pixels = float(chance.uniform(1.3, 2.2) if kind == "small" else chance.uniform(2.2, 6))
    side = code.shape[0] / _DRAWN * pixels
    corners = _laid(chance, side, steep=kind == "perspective")
    centre = corners.mean(axis=0)
    height = code.shape[0]
    matrix = cv2.getPerspectiveTransform(
        np.array([(0, 0), (height, 0), (height, height), (0, height)], np.float32), corners
    )
    soft = cv2.GaussianBlur(code, (0, 0), max(0.1, _DRAWN / pixels * 0.35))
    seen = cv2.warpPerspective(soft, matrix, (WIDTH, HEIGHT)).astype(np.float32) / 255
    where = cv2.warpPerspective(np.full_like(code, 255), matrix, (WIDTH, HEIGHT)).astype(np.float32) / 255
    light, dark = float(chance.uniform(200, 250)), float(chance.uniform(15, 60))
    if kind == "faint":
        light = float(chance.uniform(150, 180))
        dark = light - float(chance.uniform(22, 50))
    mat = cv2.resize(chance.normal(0, 12, (27, 48)).astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    canvas = (chance.uniform(40, 130) + mat) * (1 - where) + (dark + (light - dark) * seen) * where
    canvas = _spoilt(chance, kind, canvas.astype(np.float32), pixels, side, centre)
    packed = cv2.imencode(".jpg", np.clip(canvas, 0, 255).astype(np.uint8), [1, int(chance.uniform(45, 90))])[1]
    return cast("Picture", cv2.imdecode(packed, cv2.IMREAD_COLOR)), text


def _code(chance: np.random.Generator, kind: str, text: str) -> npt.NDArray[np.uint8]:
    level: Any = str(chance.choice(list("lmqh")))
    encoding = None if text.isdigit() else "utf-8"
    rows = segno.make_qr(text, error=level, encoding=encoding, boost_error=False).matrix
    modules = np.pad((np.array([list(row) for row in rows]) == 0).astype(np.uint8) * 255, 4, constant_values=255)
    drawn = modules.repeat(_DRAWN, 0).repeat(_DRAWN, 1)
    if kind == "inverted":
        return 255 - drawn
    if kind == "curved":  # a slip that curls
        side = drawn.shape[0]
        across = np.linspace(-1, 1, side)
        bow = chance.uniform(0.005, 0.03) * side
        x = np.tile((np.sin(across * 0.7) / np.sin(0.7) * 0.5 + 0.5) * (side - 1), (side, 1)).astype(np.float32)
        y = (np.arange(side, dtype=np.float32)[:, None] + (bow * across**2 - bow / 2)[None, :]).astype(np.float32)
        return cast("Any", cv2.remap(drawn, x, y, cv2.INTER_LINEAR, borderValue=(255,)))
    return drawn


def _laid(chance: np.random.Generator, side: float, *, steep: bool) -> Canvas:
    """Four corners of the code, turned by any angle and tilted away round any axis."""
    tilt = float(chance.uniform(0.25, 0.5) if steep else chance.uniform(0, 0.18)) * 2.2
    axis, turn = (float(angle) for angle in chance.uniform(0, 2 * np.pi, 2))
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float64) * side / 2
    about = np.array(((np.cos(axis), np.sin(axis)), (-np.sin(axis), np.cos(axis))))
    seen: npt.NDArray[np.float64] = corners @ about.T
    nearer = 3 * side / (3 * side + seen[:, 0] * np.sin(tilt))
    seen[:, 0] *= np.cos(tilt)
    turned = (seen * nearer[:, None]) @ about @ np.array(((np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))))
    reach = float(np.abs(turned).max()) + 5
    place = (chance.uniform(reach, WIDTH - reach), chance.uniform(reach, HEIGHT - reach))
    return (turned + place).astype(np.float32)


def _spoilt(
    chance: np.random.Generator, kind: str, canvas: Canvas, pixels: float, side: float, centre: Canvas
) -> Canvas:
    noise = float(chance.uniform(1, 5))
    match kind:
        case "blur":
            canvas = _blurred(canvas, float(chance.uniform(0.4, 0.7)) * pixels)
        case "motion":
            length = max(3, int(chance.uniform(1.0, 2.2) * pixels))
            line = np.zeros((length, length), np.float32)
            line[length // 2] = 1
            middle = (length / 2 - 0.5, length / 2 - 0.5)
            line = cv2.warpAffine(
                line, cv2.getRotationMatrix2D(middle, float(chance.uniform(0, 180)), 1), (length, length)
            )
            canvas = cv2.filter2D(canvas, -1, line / line.sum()).astype(np.float32)
        case _:
            canvas = _blurred(canvas, float(chance.uniform(0.3, 0.3 * pixels)) if pixels > 1 else 0.3)
    match kind:
        case "glare":
            lamp = np.zeros(canvas.shape, np.float32)
            at = centre + chance.normal(0, side * 0.3, 2)
            size = (side * chance.uniform(0.25, 0.7), side * chance.uniform(0.12, 0.4))
            cv2.ellipse(lamp, (at.tolist(), size, float(chance.uniform(0, 180))), (1,), -1)
            canvas = (canvas + _blurred(lamp, side * 0.06) * chance.uniform(120, 300)).astype(np.float32)
        case "shade":
            y, x = np.arange(HEIGHT, dtype=np.float32)[:, None], np.arange(WIDTH, dtype=np.float32)[None, :]
            angle = float(chance.uniform(0, 2 * np.pi))
            away = ((x - centre[0]) * np.cos(angle) + (y - centre[1]) * np.sin(angle)) / side
            canvas = (canvas * (0.25 + 0.75 / (1 + np.exp(-away * chance.uniform(3, 12))))).astype(np.float32)
        case "dark":
            canvas, noise = canvas * np.float32(chance.uniform(0.06, 0.25)), float(chance.uniform(2, 5))
        case "noise":
            noise = float(chance.uniform(18, 40))
        case _:
            pass
    return (canvas + chance.normal(0, noise, canvas.shape)).astype(np.float32)


def _blurred(canvas: Canvas, sigma: float) -> Canvas:
    return cast("Canvas", cv2.GaussianBlur(canvas, (0, 0), sigma))
