"""Frames a second: live capture with page finding and code reading, beside a bare ``cv2.VideoCapture`` loop.

    .venv/bin/python bench/camera.py [--seconds 5] [--json]

Both read the same 1080p MJPEG video made for the run. The bare loop neither paces nor finds anything; the ratio says
what all of the terminal's work costs. A real camera was not available.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from pathlib import Path

import cv2
import numpy as np

from devices.camera.api import CameraState, Frame, Wish
from devices.camera.capture import OpencvCamera
from devices.camera.codes import CodeWatch
from devices.camera.page import find_page
from devices.camera.sim import SimDesk


def make_video(path: Path) -> None:
    desk = SimDesk(folder=path.parent)
    page = np.full((1000, 700, 3), 240, np.uint8)
    for y in range(80, 950, 40):
        cv2.putText(page, "Household register 0123456789", (50, y), 0, 1.0, (40, 40, 40), 2, cv2.LINE_AA)
    desk.lay(page)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (1920, 1080))
    frames = [cv2.imread(str(file)) for file in sorted(Path(desk.source).glob("*.jpg"))]
    for number in range(75):
        frame = frames[number % len(frames)]
        assert frame is not None
        writer.write(frame)
    writer.release()


def bare(path: Path, seconds: float) -> float:
    count, begun = 0, time.monotonic()
    capture = cv2.VideoCapture(str(path))
    while time.monotonic() - begun < seconds:
        if capture.read()[0]:
            count += 1
        else:
            capture.release()
            capture = cv2.VideoCapture(str(path))
    capture.release()
    return count / (time.monotonic() - begun)


def live(path: Path, seconds: float, *, looking: bool, rate: float) -> tuple[float, float]:
    """Frames a second shown, and looked at by a second thread that always takes the newest."""
    newest: list[Frame] = []
    fresh = threading.Event()
    shown = looked = 0

    def on_state(_: CameraState) -> None:
        return

    def on_frame(frame: Frame) -> None:
        nonlocal shown
        shown += 1
        newest[:] = [frame]
        fresh.set()

    camera = OpencvCamera(source=str(path), wish=Wish(rate=rate))
    codes = CodeWatch()
    camera.start(on_state, on_frame)
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        if not fresh.wait(0.1):
            continue
        fresh.clear()
        if looking:
            picture = newest[0].picture
            find_page(picture, fast=True)
            codes.see(picture)
            looked += 1
    camera.stop()
    passed = time.monotonic() - begun
    return shown / passed, looked / passed


def main() -> int:
    arguments = argparse.ArgumentParser(description="Live capture beside a bare loop.")
    arguments.add_argument("--seconds", type=float, default=5.0)
    arguments.add_argument("--json", action="store_true")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "desk.avi"
        make_video(path)
        loop = bare(path, chosen.seconds)
        unpaced, _ = live(path, chosen.seconds, looking=False, rate=1000)
        shown, looked = live(path, chosen.seconds, looking=True, rate=25)
    row = {
        "bare_loop_fps": round(loop, 1),
        "ours_unpaced_fps": round(unpaced, 1),
        "unpaced_to_bare": round(unpaced / loop, 2),
        "live_at_25_fps": round(shown, 1),
        "page_and_code_fps": round(looked, 1),
        "live_at_least_15": shown >= 15,
    }
    print(json.dumps(row) if chosen.json else "\n".join(f"{name:20} {value}" for name, value in row.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
