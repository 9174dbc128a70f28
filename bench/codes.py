"""Codes: ours beside pyzbar, OpenCV and bare zxing-cpp, on the same pictures in one run.

    .venv/bin/python -m bench.codes [--data FOLDER] [--frames 6] [--json]

Four parts: photographs (`qrcode-*` with expected texts, `falsepositives-*` without; skipped where the folder is not
there), Chinese payloads as generators write them, kiosk frames made for the run, and an empty frame's time. Rates and
ratios carry over to other machines, milliseconds do not. The frames are synthetic: they rank engines and preparations,
they say nothing of a real camera. The exit status is 1 when a figure that is asked for is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pyzbar.pyzbar as _pyzbar
import segno
import zxingcpp

from devices.camera.api import Picture
from devices.camera.codes import LONGEST_QR_TEXT, read_codes
from devices.camera.pictures import PictureError, gray, read_picture
from tests.support.code_frames import KINDS, frame

pyzbar: Any = _pyzbar
DATA = Path(__file__).parents[2] / "shared" / "data" / "qr"
LEAST_RIGHT, LEAST_CHINESE, MOST_EMPTY_MS = 0.93, 0.99, 15.0


def by_pyzbar(picture: Picture) -> list[str]:
    found = pyzbar.decode(gray(picture), symbols=[pyzbar.ZBarSymbol.QRCODE])
    return [code.data.decode("utf-8", "replace") for code in found]


def by_opencv(picture: Picture) -> list[str]:
    try:
        text, _, _ = cv2.QRCodeDetector().detectAndDecode(picture)
    except (cv2.error, UnicodeDecodeError):
        return []
    return [text] if text else []


def by_zxing(picture: Picture) -> list[str]:
    found = zxingcpp.read_barcodes(gray(picture), formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode]))
    return [code.text for code in found]


def by_us(picture: Picture) -> list[str]:
    return [code.text for code in read_codes(picture, longest=LONGEST_QR_TEXT)]


def by_us_thoroughly(picture: Picture) -> list[str]:
    return [code.text for code in read_codes(picture, thorough=True, longest=LONGEST_QR_TEXT)]


ENGINES: dict[str, Callable[[Picture], list[str]]] = {
    "pyzbar": by_pyzbar,
    "cv2.QRCodeDetector": by_opencv,
    "zxing-cpp": by_zxing,
    "ours, each frame": by_us,
    "ours, thorough": by_us_thoroughly,
}
OURS = "ours, thorough"


@dataclass(slots=True)
class Score:
    """How often an engine was right, wrong, silent, or saw a code where there is none; milliseconds of each picture."""

    right: int = 0
    wrong: int = 0
    silent: int = 0
    false: int = 0
    times: list[float] = field(default_factory=list[float])

    def add(self, texts: list[str], expected: str | None, milliseconds: float) -> None:
        self.times.append(milliseconds)
        if expected is None:
            self.false += bool(texts)
        elif texts == [expected]:
            self.right += 1
        elif texts:
            self.wrong += 1
        else:
            self.silent += 1

    @property
    def share(self) -> float:
        return self.right / max(self.right + self.wrong + self.silent, 1)


def compare(sets: Iterator[tuple[Picture, str | None]]) -> dict[str, Score]:
    scores = {name: Score() for name in ENGINES}
    for picture, expected in sets:
        for name, read in ENGINES.items():
            begun = time.perf_counter()
            texts = read(picture)
            scores[name].add(texts, expected, (time.perf_counter() - begun) * 1000)
    return scores


def photographs(data: Path) -> Iterator[tuple[Picture, str | None]]:
    for folder in [*sorted(data.glob("qrcode-*")), *sorted(data.glob("falsepositives-*"))]:
        for path in sorted(folder.iterdir()):
            if path.suffix == ".txt":
                continue
            expected = path.with_suffix(".txt")
            try:
                picture = read_picture(path)
            except PictureError:
                continue
            yield picture, expected.read_bytes().decode("utf-8") if expected.exists() else None


NAMES = ("王秀英", "李建国", "阿卜杜热合曼·买买提", "欧阳娜娜", "㛃䶮", "张三丰", "爱新觉罗·启星", "㐂莉")
PLACES = ("桃源镇东河村三组12号", "石头城塔吉克族乡", "北京市海淀区中关村南大街5号", "重庆市万州区", "红旗社区")
SENTENCES = (
    "姓名：{name}，住址：{place}，电话13812345678",
    "{name}",
    "暂存号 TY03-261123-0047-K {name}",
    "https://district.example/?户={name}&村={place}",
    "城乡居民基本养老保险参保登记（{name}）\n{place}",
)


def chinese() -> Iterator[tuple[Picture, str]]:
    """Each text as generators write it: UTF-8 and GB18030, with and without naming it (ECI), and GB 2312's own mode."""
    for number, name in enumerate(NAMES):
        for pattern in SENTENCES:
            text = pattern.format(name=name, place=PLACES[number % len(PLACES)])
            for options in (
                {"content": text.encode("utf-8")},
                {"content": text.encode("gb18030")},
                {"content": text, "encoding": "utf-8", "eci": True},
                {"content": text, "encoding": "gb18030", "eci": True},
                {"content": text, "mode": "hanzi"},
            ):
                try:
                    code = segno.make_qr(**cast("Any", options), error="m")
                except ValueError:  # hanzi mode knows GB 2312 only
                    continue
                modules = np.array([list(row) for row in code.matrix]) == 0
                drawn = np.pad(modules.astype(np.uint8) * 255, 4, constant_values=255).repeat(5, 0).repeat(5, 1)
                yield cast("Picture", cv2.cvtColor(drawn, cv2.COLOR_GRAY2BGR)), text


def made(count: int) -> Iterator[tuple[Picture, str | None]]:
    for kind in KINDS:
        for number in range(count):
            yield frame(kind, number)


def empty(count: int = 40) -> Iterator[tuple[Picture, str | None]]:
    noise = np.random.default_rng(3)
    for _ in range(count):
        yield noise.normal(60, 4, (1080, 1920, 3)).clip(0, 255).astype(np.uint8), None


def rows(part: str, scores: dict[str, Score]) -> Iterator[dict[str, Any]]:
    first = scores["pyzbar"]
    for name, score in scores.items():
        p50, p95 = np.percentile(score.times, (50, 95))
        known = score.right + score.wrong + score.silent
        yield {
            "part": part, "engine": name, "right": f"{score.share:.1%}" if known else "-", "wrong": score.wrong,
            "false": score.false, "ms_p50": round(float(p50), 1), "ms_p95": round(float(p95), 1),
            "right_to_pyzbar": round(score.right / max(first.right, 1), 2),
            "ms_to_pyzbar": round(float(p50 / np.median(first.times)), 2),
        }  # fmt: skip


def main() -> int:
    arguments = argparse.ArgumentParser(prog="bench.codes", description="Codes: ours beside named peers.")
    arguments.add_argument("--data", type=Path, default=DATA)
    arguments.add_argument("--frames", type=int, default=6, help="synthetic frames of each kind")
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    parts = {
        "chinese": compare(chinese()),
        "kiosk frames": compare(made(chosen.frames)),
        "empty 1080p": compare(empty()),
    }
    if chosen.data.is_dir():
        parts = {"photographs": compare(photographs(chosen.data)), **parts}
    else:
        print(f"photographs skipped: nothing in {chosen.data}", file=sys.stderr)
    for part, scores in parts.items():
        for row in rows(part, scores):
            print(json.dumps(row) if chosen.json else "  ".join(f"{name} {value}" for name, value in row.items()))
    missed = [
        what
        for what, kept in {
            "no wrong text and no code where there is none": not any(
                scores[OURS].wrong or scores[OURS].false for scores in parts.values()
            ),
            f"{LEAST_RIGHT:.0%} of the photographs": "photographs" not in parts
            or parts["photographs"][OURS].share >= LEAST_RIGHT,
            f"{LEAST_CHINESE:.0%} of the Chinese payloads": parts["chinese"][OURS].share >= LEAST_CHINESE,
            f"an empty frame in {MOST_EMPTY_MS:g} ms": float(np.median(parts["empty 1080p"]["ours, each frame"].times))
            <= MOST_EMPTY_MS,
        }.items()
        if not kept
    ]
    for what in missed:
        print(f"missed: {what}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
