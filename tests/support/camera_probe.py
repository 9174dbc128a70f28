"""The child of :class:`tests.support.v4l2.FakeV4l2`: a process in which V4L2 nodes are files (see v4l2_device.c).

Prints one JSON object a line. ``list DEV SYS`` tells the cameras there; ``watch SOURCE WISH`` runs the camera, tells
every state and every tenth frame, and ends when its input closes; ``trials NODE`` tries what a camera promises.
"""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from devices.camera import capture
from devices.camera.api import CameraState, Frame, Wish
from devices.camera.capture import OpencvCamera
from devices.camera.discovery import Places, list_cameras
from devices.camera.trial import TRIALS
from devices.trial import Act, try_all

_lock = threading.Lock()


def say(**row: Any) -> None:
    with _lock:
        sys.stdout.write(json.dumps(row, default=str) + "\n")
        sys.stdout.flush()


def on_state(state: CameraState) -> None:
    say(**{"state": type(state).__name__, **asdict(state)})


def on_frame(frame: Frame) -> None:
    if frame.sequence % 10 == 1:
        say(frame=frame.sequence, shape=frame.picture.shape, mean=round(float(frame.picture.mean())))


def try_device(node: Path) -> None:
    gone = node.with_name(f"{node.name}.gone")
    pull = {Act.UNPLUG_CAMERA: gone.touch, Act.PLUG_CAMERA: gone.unlink}

    def hands(act: Act) -> bool:
        pull[act]()
        return True

    for tried in try_all(TRIALS, lambda: OpencvCamera(source=str(node)), lambda camera: camera.stop(), hands):
        say(**asdict(tried))


def main() -> None:
    command, *words = sys.argv[1:]
    if command == "list":
        for camera in list_cameras(Places(dev=Path(words[0]), sys=Path(words[1]))):
            say(**asdict(camera), source=camera.source)
        return
    if command == "trials":
        try_device(Path(words[0]))
        return
    capture._PARTING = 20.0  # pyright: ignore[reportPrivateUsage] - the log is read once the device is given back
    camera = OpencvCamera(source=words[0], wish=Wish(**json.loads(words[1])), patience=0.6)
    camera.start(on_state, on_frame)
    sys.stdin.read()
    camera.stop()


main()
