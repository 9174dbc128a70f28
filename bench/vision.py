"""Papers in pictures: intersection over union with hand-checked corners.

    .venv/bin/python bench/vision.py [--data FOLDER] [--json]

Rates and ratios carry over to other machines, milliseconds do not.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np

from devices.camera.page import find_page
from devices.camera.pictures import read_picture

DATA = Path(__file__).parents[2] / "shared" / "data"


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
    arguments = argparse.ArgumentParser(description="Papers: ours on public photographs.")
    arguments.add_argument("--data", type=Path, default=DATA)
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    data = cast("Path", chosen.data)
    if not (data / "papers").is_dir():
        print(f"skipped: no pictures in {data}", file=sys.stderr)
        return 0
    for row in papers(data / "papers"):
        print(json.dumps(row) if chosen.json else "  ".join(f"{name} {value}" for name, value in row.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
