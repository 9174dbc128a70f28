"""Papers on a kiosk's desk as a camera would see them, each with its corners exactly known.

The pictures are made the way a camera makes them: a paper and a mat lie in one plane (millimetres), light falls on
both unevenly, a pinhole looks down on them from nearly above, and the lens blurs, the sensor adds noise and the stream
packs a JPEG. Everything is drawn from one seed, so that a figure can be had again. No picture of a real desk is in it:
what holds here is shown for these scenes, not for every hall.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from devices.camera.api import Corners, Picture
from devices.camera.demo_papers import RegisterEntry

MATS = ("dark", "green", "wood", "grey")
PAPERS = ("a4", "card", "booklet")
TROUBLES = ("shadow", "finger", "crease", "rotation")

WANG = RegisterEntry("王秀英", "女", "1958年03月12日", "932682195803120025", "样张县样张镇一村")
LI = RegisterEntry("李建国", "男", "1971年11月02日", "932682197111020034", "样张县幸福镇和平街道三村12号")
"""Two leaves of a household register that differ in their names and numbers only. Nobody's."""

SIZES = {"a4": (210.0, 297.0), "card": (85.6, 54.0), "booklet": (210.0, 143.0)}
"""Millimetres across and down: ISO 216, ISO 7810 ID-1, an open household register."""

FONT = next((Path(__file__).parents[2] / "ui" / "fonts").glob("*.otf"))
_DETAIL = {"a4": 6.0, "card": 14.0, "booklet": 8.0}
"""Pixels per millimetre in which a paper is drawn."""

Plane = npt.NDArray[Any]
"""Points (N x 2) or pixels; floating-point until the picture is packed."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture and what is in it. ``corners`` are those of the paper as it would be with nothing over it, clockwise
    from the paper's own top left; ``troubles`` are of :data:`TROUBLES`."""

    name: str
    picture: Picture
    corners: Corners
    mat: str
    paper: str
    troubles: tuple[str, ...]

    @property
    def short_side_mm(self) -> float:
        return min(SIZES[self.paper])


def scenes(seed: int, *, each: int = 1) -> list[tuple[int, str, str, tuple[str, ...]]]:
    """What to draw: every mat with every paper, plain and with each trouble, ``each`` times; (seed, mat, paper,
    troubles) for :func:`scene`. Different ``seed`` share no scene."""
    plans: list[tuple[int, str, str, tuple[str, ...]]] = []
    for _ in range(each):
        for mat in MATS:
            for paper in PAPERS:
                for troubles in ((), *((trouble,) for trouble in TROUBLES)):
                    plans.append((seed * 100_000 + len(plans), mat, paper, troubles))
    return plans


def scene(
    seed: int, mat: str, paper: str, troubles: tuple[str, ...] = (), *, size: tuple[int, int] = (1920, 1080)
) -> Scene:
    """One scene; the same arguments give the same picture."""
    rng = np.random.default_rng(seed)
    flat = _page(rng, paper)
    across, down = SIZES[paper]
    turn = float(rng.uniform(-45, 45)) if "rotation" in troubles else float(rng.uniform(-6, 6))
    quarter = int(rng.choice((0, 90, 180, 270))) if paper != "a4" else int(rng.choice((90, 270)))
    corners = _laid(rng, across, down, turn + quarter, size)
    ground = _mat(rng, mat, size)
    bright = float(rng.uniform(0.78, 1.0))
    ground = (ground * bright).astype(np.float32)
    page = flat.astype(np.float32) * bright
    if "crease" in troubles:
        page = _creased(rng, page)
    matrix = cv2.getPerspectiveTransform(_box(page.shape[1], page.shape[0]), corners)
    alpha = np.full(page.shape[:2], 255, np.uint8)
    if paper == "card":
        _round(alpha, round(3.2 * _DETAIL[paper]))
    shrink = float(np.linalg.norm(corners[1] - corners[0])) / page.shape[1]
    if shrink < 0.9:  # as a lens would: what is finer than a pixel is averaged, not skipped
        page = cv2.GaussianBlur(page, (0, 0), 0.45 / shrink).astype(np.float32)
    laid = cv2.warpPerspective(page, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.warpPerspective(alpha, matrix, size, flags=cv2.INTER_LINEAR).astype(np.float32)[:, :, None] / 255
    thrown = cv2.GaussianBlur(np.roll(cover[:, :, 0], tuple(rng.integers(-5, 6, 2)), (0, 1)), (0, 0), 4)
    ground = ground * (1 - 0.45 * thrown[:, :, None])
    picture = ground * (1 - cover) + laid * cover
    picture *= _light(rng, size)[:, :, None]
    if "shadow" in troubles:
        picture *= _shadow(rng, size, corners)[:, :, None]
    if "finger" in troubles:
        picture = _finger(rng, picture, corners)
    picture, corners = _bent(rng, picture, corners)
    name = "-".join((str(seed), mat, paper, *troubles))
    return Scene(
        name, _photographed(rng, picture), cast("Corners", tuple((float(x), float(y)) for x, y in corners)),
        mat, paper, troubles,
    )  # fmt: skip


def _box(width: float, height: float) -> Plane:
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)


def _laid(rng: np.random.Generator, across: float, down: float, degrees: float, size: tuple[int, int]) -> Plane:
    """Corners of a paper seen by a pinhole 600 mm above, tilted by up to 9 degrees, so that it just fits well."""
    turn = np.deg2rad(degrees)
    spin = np.array(((np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))))
    plane = (_box(across, down) - (across / 2, down / 2)) @ spin.T
    tilt = np.deg2rad(rng.uniform(-9, 9, 2))
    points = np.concatenate([plane, np.zeros((4, 1))], axis=1)
    rx = np.array(((1, 0, 0), (0, np.cos(tilt[0]), -np.sin(tilt[0])), (0, np.sin(tilt[0]), np.cos(tilt[0]))))
    ry = np.array(((np.cos(tilt[1]), 0, np.sin(tilt[1])), (0, 1, 0), (-np.sin(tilt[1]), 0, np.cos(tilt[1]))))
    seen = points @ (rx @ ry).T
    flat = seen[:, :2] / (600 + seen[:, 2:]) * 600
    flat -= (flat.max(axis=0) + flat.min(axis=0)) / 2
    room = np.array(size) * 0.94
    extent = flat.max(axis=0) - flat.min(axis=0)
    scale = float((room / extent).min()) * float(rng.uniform(0.72, 0.97) if across > 100 else rng.uniform(0.4, 0.8))
    slack = np.maximum(room - extent * scale, 0) / 2
    return (flat * scale + np.array(size) / 2 + rng.uniform(-1, 1, 2) * slack).astype(np.float32)


# --- papers ---------------------------------------------------------------------------------------------------------


def _page(rng: np.random.Generator, paper: str) -> Picture:
    across, down = SIZES[paper]
    detail = _DETAIL[paper]
    width, height = round(across * detail), round(down * detail)
    if paper == "card":
        top, low = rng.integers(190, 246, 3), rng.integers(180, 246, 3)
        ramp = np.linspace(0, 1, height)[:, None, None]
        ground = np.broadcast_to(top * (1 - ramp) + low * ramp, (height, width, 3)).astype(np.uint8)
        page = Image.fromarray(np.ascontiguousarray(ground))
    else:
        tint = int(rng.integers(228, 250))
        page = Image.new(
            "RGB", (width, height), (tint, tint - int(rng.integers(0, 8)), tint - int(rng.integers(0, 24)))
        )
    draw = ImageDraw.Draw(page)
    ink = tuple(int(value) for value in rng.integers(20, 70, 3))
    if paper == "booklet":
        for left in (0.0, 0.5):
            _lines(
                rng,
                draw,
                (width * (left + 0.05), height * 0.08, width * (left + 0.45), height * 0.94),
                4.2 * detail,
                ink,
            )
            if rng.random() < 0.6:
                _grid(
                    rng, draw, (width * (left + 0.04), height * 0.06, width * (left + 0.46), height * 0.95), ink, detail
                )
    elif paper == "card":
        face = rng.integers(90, 190, 3)
        draw.rectangle((width * 0.66, height * 0.14, width * 0.93, height * 0.7), fill=tuple(int(v) for v in face))
        draw.ellipse((width * 0.73, height * 0.2, width * 0.86, height * 0.46), fill=(206, 170, 146))
        _lines(rng, draw, (width * 0.08, height * 0.12, width * 0.62, height * 0.7), 4.4 * detail, ink)
        _lines(rng, draw, (width * 0.08, height * 0.8, width * 0.9, height * 0.94), 5.0 * detail, ink)
    else:
        draw.text((width / 2, height * 0.09), "申请表", font=_font(9 * detail), fill=ink, anchor="mm")
        if rng.random() < 0.5:
            _grid(rng, draw, (width * 0.09, height * 0.14, width * 0.91, height * 0.9), ink, detail)
        _lines(
            rng, draw, (width * 0.11, height * 0.16, width * 0.89, height * rng.uniform(0.6, 0.95)), 4.6 * detail, ink
        )
    drawn = np.asarray(page, np.uint8)[:, :, ::-1].copy()
    if paper != "card" and rng.random() < 0.5:
        centre = (round(width * rng.uniform(0.3, 0.8)), round(height * rng.uniform(0.5, 0.85)))
        cv2.circle(drawn, centre, round(20 * detail), (50, 40, 200), round(0.9 * detail), cv2.LINE_AA)
    if paper == "booklet":
        fold = np.abs(np.arange(width) - width / 2) / (9 * detail)
        drawn = (drawn * (1 - 0.32 * np.exp(-(fold**2)))[None, :, None]).astype(np.uint8)
    return drawn


def _font(size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONT), round(size))


_TEXT = "城乡居民基本养老保险参保登记表 姓名 性别 民族 出生日期 公民身份号码 户口所在地 样张县幸福村三组 联系电话"


def _lines(
    rng: np.random.Generator, draw: ImageDraw.ImageDraw, box: tuple[float, ...], size: float, ink: tuple[int, ...]
) -> None:
    left, top, right, bottom = box
    font = _font(size)
    y = top
    while y + size < bottom:
        start = int(rng.integers(0, 20))
        count = max(1, int((right - left) / size * rng.uniform(0.5, 1)))
        draw.text((left, y), (_TEXT * 3)[start : start + count], font=font, fill=ink)
        y += size * 1.7


def _grid(
    rng: np.random.Generator, draw: ImageDraw.ImageDraw, box: tuple[float, ...], ink: tuple[int, ...], detail: float
) -> None:
    left, top, right, bottom = box
    line = max(1, round(0.5 * detail))
    draw.rectangle(box, outline=ink, width=line)
    for y in np.linspace(top, bottom, int(rng.integers(6, 12)))[1:-1]:
        draw.line((left, y, right, y), fill=ink, width=line)
    for x in np.linspace(left, right, int(rng.integers(2, 5)))[1:-1]:
        draw.line((x, top, x, bottom), fill=ink, width=line)


def _round(alpha: npt.NDArray[np.uint8], radius: int) -> None:
    height, width = alpha.shape
    alpha[:] = 0
    cv2.rectangle(alpha, (radius, 0), (width - radius, height), [255], -1)
    cv2.rectangle(alpha, (0, radius), (width, height - radius), [255], -1)
    for x in (radius, width - radius):
        for y in (radius, height - radius):
            cv2.circle(alpha, (x, y), radius, [255], -1)


def _creased(rng: np.random.Generator, page: Plane) -> Plane:
    """Folded once or twice and opened again: each part turned a little to the light, the fold itself a thin line."""
    height, width = page.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    for _ in range(int(rng.integers(1, 4))):
        angle = float(rng.choice((0.0, np.pi / 2))) + float(rng.uniform(-0.06, 0.06))
        place = (x - width * rng.uniform(0.3, 0.7)) * np.cos(angle) + (y - height * rng.uniform(0.3, 0.7)) * np.sin(
            angle
        )
        scale = 0.06 * max(width, height)
        shade = 1 - float(rng.uniform(0.05, 0.22)) * np.exp(-np.abs(place) / scale) * (place > 0)
        line = 1 - float(rng.uniform(0.1, 0.35)) * np.exp(-((place / (0.0015 * max(width, height) + 0.8)) ** 2))
        page = page * (shade * line)[:, :, None]
    return page.astype(np.float32)


# --- mats and light -------------------------------------------------------------------------------------------------


def _cloud(rng: np.random.Generator, size: tuple[int, int], grain: tuple[float, float]) -> Plane:
    """Smooth noise, about -1 to 1, with spots of ``grain`` pixels across and down."""
    width, height = size
    few = (max(2, int(width / grain[0])), max(2, int(height / grain[1])))
    rough = rng.normal(0, 0.5, (few[1], few[0])).astype(np.float32)
    return cast("Plane", cv2.resize(rough, size, interpolation=cv2.INTER_CUBIC))


def _mat(rng: np.random.Generator, mat: str, size: tuple[int, int]) -> Plane:
    width, height = size
    if mat == "dark":
        shade = rng.uniform(24, 60)
        colour = shade + rng.uniform(-4, 8, 3)
        ground = colour + _cloud(rng, size, (3, 3))[:, :, None] * 5
    elif mat == "green":
        colour = np.array((rng.uniform(50, 90), rng.uniform(90, 130), rng.uniform(25, 60)))
        ground = np.broadcast_to(colour, (height, width, 3)).astype(np.float32).copy()
        step = int(rng.integers(50, 90))
        for place in range(int(rng.integers(0, step)), width, step):  # the lines of a cutting mat
            cv2.line(ground, (place, 0), (place, height), (colour * 1.5).tolist(), 2, cv2.LINE_AA)
        for place in range(int(rng.integers(0, step)), height, step):
            cv2.line(ground, (0, place), (width, place), (colour * 1.5).tolist(), 2, cv2.LINE_AA)
        ground += _cloud(rng, size, (2, 2))[:, :, None] * 3
    elif mat == "wood":
        colour = np.array((rng.uniform(40, 85), rng.uniform(75, 125), rng.uniform(115, 170)))
        grain = _cloud(rng, size, (420, 7)) * 16 + _cloud(rng, size, (160, 3)) * 8
        ground = colour + grain[:, :, None] * np.array((0.8, 1, 1.1))
        board = int(rng.integers(240, 420))
        for place in range(int(rng.integers(0, board)), height, board):
            cv2.line(ground, (0, place), (width, place), (colour * 0.5).tolist(), 3, cv2.LINE_AA)
    else:
        shade = rng.uniform(80, 150)
        ground = shade + rng.uniform(-5, 5, 3) + _cloud(rng, size, (4, 4))[:, :, None] * 6
        ground = ground + (rng.random((height, width, 1)) < 0.01) * -25
    return ground.astype(np.float32)


def _light(rng: np.random.Generator, size: tuple[int, int]) -> Plane:
    """A lamp to one side, and the corners that every lens darkens."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = float(rng.uniform(0, 2 * np.pi))
    side = (x / width - 0.5) * np.cos(angle) + (y / height - 0.5) * np.sin(angle)
    far = ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) * float(rng.uniform(0.1, 0.5))
    return (1 - float(rng.uniform(0.0, 0.35)) * (side + 0.5) - far).astype(np.float32)


def _shadow(rng: np.random.Generator, size: tuple[int, int], corners: Plane) -> Plane:
    """Somebody bends over the desk: a soft-edged darkness over part of the paper."""
    width, height = size
    centre = corners.mean(axis=0)
    start = rng.uniform(0, 2 * np.pi)
    direction = np.array((np.cos(start), np.sin(start)))
    normal = np.array((-direction[1], direction[0]))
    foot = centre + direction * float(rng.uniform(-0.2, 0.3)) * np.linalg.norm(corners[0] - corners[2])
    shape = np.array([foot + normal * 4000, foot - normal * 4000, foot - normal * 4000 + direction * 4000,
                      foot + normal * 4000 + direction * 4000])  # fmt: skip
    mask = np.zeros((height // 4, width // 4), np.float32)
    cv2.fillConvexPoly(mask, (shape / 4).astype(np.int32), [1.0])
    soft = cv2.resize(cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(1.5, 10))), size)
    return (1 - soft * float(rng.uniform(0.25, 0.55))).astype(np.float32)


SKINS = ((150, 185, 228), (120, 160, 215), (95, 130, 190), (75, 105, 160))
"""Blue, green, red."""


def _finger(rng: np.random.Generator, picture: Plane, corners: Plane) -> Plane:
    """A finger reaching in over one side, shaded round, with its shadow."""
    side = int(rng.integers(0, 4))
    start, end = corners[side], corners[(side + 1) % 4]
    along = start + (end - start) * float(rng.uniform(0.25, 0.75))
    inward = corners.mean(axis=0) - along
    inward /= np.linalg.norm(inward)
    length = float(np.linalg.norm(corners[0] - corners[2]))
    tip = along + inward * length * float(rng.uniform(0.06, 0.14))
    root = along - inward * length * 0.9
    thick = max(24, round(length * float(rng.uniform(0.03, 0.05))))
    colour = np.array(SKINS[int(rng.integers(0, len(SKINS)))], np.float32) * float(rng.uniform(0.85, 1.0))
    away = _from_line(picture.shape[:2], tip, root) / thick
    below = _from_line(picture.shape[:2], tip + 10, root + 10) / thick
    picture = picture * (1 - 0.35 * np.clip(1.4 - below, 0, 1))[:, :, None]
    solid = np.clip((1 - away) * thick / 3, 0, 1)[:, :, None]
    round_ = 0.72 + 0.28 * np.sqrt(np.clip(1 - away**2, 0, 1))[:, :, None]
    return (picture * (1 - solid) + colour * round_ * solid).astype(np.float32)


def _from_line(shape: tuple[int, ...], start: Plane, end: Plane) -> Plane:
    """Every pixel's distance from the line between two points."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    run = (end - start).astype(np.float32)
    along = np.clip(((x - start[0]) * run[0] + (y - start[1]) * run[1]) / float(run @ run), 0, 1)
    return np.hypot(x - start[0] - along * run[0], y - start[1] - along * run[1]).astype(np.float32)


def _bent(rng: np.random.Generator, picture: Plane, corners: Plane) -> tuple[Plane, Plane]:
    """The picture and the corners as a lens shows them that bends straight lines by up to 0.6 % of the width."""
    height, width = picture.shape[:2]
    bend = float(rng.uniform(-0.02, 0.02))
    middle = np.array((width / 2, height / 2), np.float32)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = (x - middle[0]) / middle[0], (y - middle[1]) / middle[0]
    grown = 1 + bend * (x * x + y * y)
    seen = cv2.remap(picture, x * grown * middle[0] + middle[0], y * grown * middle[0] + middle[1], cv2.INTER_LINEAR,
                     borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
    wanted = (corners - middle) / middle[0]
    places = wanted.copy()
    for _ in range(20):
        places = wanted / (1 + bend * (places**2).sum(axis=1, keepdims=True))
    return seen.astype(np.float32), (places * middle[0] + middle).astype(np.float32)


def _photographed(rng: np.random.Generator, picture: Plane) -> Picture:
    """Through a lens, onto a sensor, into a stream."""
    seen = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.5, 0.9)))
    seen = seen * rng.uniform(0.94, 1.04, 3)  # white balance
    noise = rng.standard_normal(seen.shape, dtype=np.float32)
    seen = seen + noise * np.sqrt(np.maximum(seen, 0) * 0.03 + float(rng.uniform(1, 8)))
    flat = np.clip(seen, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", flat, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(72, 93))])
    return cast("Picture", cv2.imdecode(data, cv2.IMREAD_COLOR))
