"""Codes and papers in pictures: ours beside named peers, on the same pictures in one run.

    .venv/bin/python bench/vision.py [--data FOLDER] [--json]

Codes: ``pyzbar.decode``, ``cv2.QRCodeDetector`` and ours (plain and thorough); papers: intersection over union with
hand-checked corners. Rates and ratios carry over to other machines, milliseconds do not.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pyzbar.pyzbar as _pyzbar

from devices.camera.api import Picture
from devices.camera.codes import LONGEST_QR_TEXT, read_codes
from devices.camera.page import find_page
from devices.camera.pictures import PictureError, gray, read_picture

pyzbar: Any = _pyzbar
DATA = Path(__file__).parents[2] / "shared" / "data"


def by_pyzbar(picture: Picture) -> list[str]:
    found = pyzbar.decode(gray(picture), symbols=[pyzbar.ZBarSymbol.QRCODE])
    return [code.data.decode("utf-8", "replace") for code in found]


def by_opencv(picture: Picture) -> list[str]:
    try:
        text, _, _ = cv2.QRCodeDetector().detectAndDecode(picture)
    except (cv2.error, UnicodeDecodeError):
        return []
    return [text] if text else []


def by_us(picture: Picture) -> list[str]:
    return [code.text for code in read_codes(picture, longest=LONGEST_QR_TEXT)]


def by_us_thoroughly(picture: Picture) -> list[str]:
    return [code.text for code in read_codes(picture, thorough=True, longest=LONGEST_QR_TEXT)]


ENGINES: dict[str, Callable[[Picture], list[str]]] = {
    "pyzbar": by_pyzbar,
    "cv2.QRCodeDetector": by_opencv,
    "ours": by_us,
    "ours, thorough": by_us_thoroughly,
}


def codes(data: Path) -> list[dict[str, Any]]:
    sets: list[tuple[Picture, str | None]] = []
    for folder in [*sorted(data.glob("qrcode-*")), data / "falsepositives-1"]:
        for path in sorted(folder.iterdir()):
            if path.suffix != ".txt":
                expected = path.with_suffix(".txt")
                text = expected.read_bytes().decode("utf-8") if expected.exists() else None
                try:
                    sets.append((read_picture(path), text))
                except PictureError:
                    continue
    rows: list[dict[str, Any]] = []
    for name, read in ENGINES.items():
        right = wrong = none = false = 0
        times: list[float] = []
        for picture, expected in sets:
            begun = time.perf_counter()
            texts = read(picture)
            times.append((time.perf_counter() - begun) * 1000)
            if expected is None:
                false += bool(texts)
            elif texts == [expected]:
                right += 1
            else:
                wrong, none = (wrong + 1, none) if texts else (wrong, none + 1)
        p50, p95 = np.percentile(times, (50, 95))
        rows.append(
            {"engine": name, "pictures": len(sets), "right": right, "wrong": wrong, "none": none, "false": false}
            | {"ms_p50": round(float(p50), 1), "ms_p95": round(float(p95), 1)}
        )
    for row in rows:
        row["right_to_pyzbar"] = round(row["right"] / max(rows[0]["right"], 1), 2)
        row["ms_to_pyzbar"] = round(row["ms_p50"] / rows[0]["ms_p50"], 2)
    return rows


def papers(data: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name, known in json.loads((data / "truth.json").read_text()).items():
        picture = read_picture(data / name)
        row: dict[str, Any] = {"paper": name}
        for way, fast in (("full", False), ("fast", True)):
            begun = time.perf_counter()
            found = find_page(picture, fast=fast)
            row[f"{way}_ms"] = round((time.perf_counter() - begun) * 1000)
            row[f"{way}_iou"] = 0.0
            if found.corners is not None:
                one = np.array(found.corners, np.float32)
                other = np.array(known["corners_tl_tr_br_bl"], np.float32)
                common, _ = cv2.intersectConvexConvex(one, other)
                union = cv2.contourArea(one) + cv2.contourArea(other) - common
                row[f"{way}_iou"] = round(common / union, 3)
        rows.append(row)
    return rows


def main() -> int:
    arguments = argparse.ArgumentParser(description="Codes and papers: ours beside named peers.")
    arguments.add_argument("--data", type=Path, default=DATA)
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    data = cast("Path", chosen.data)
    if not (data / "qr").is_dir():
        print(f"skipped: no pictures in {data}", file=sys.stderr)
        return 0
    for row in codes(data / "qr") + papers(data / "papers"):
        print(json.dumps(row) if chosen.json else "  ".join(f"{name} {value}" for name, value in row.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
