"""A network camera: MJPEG over HTTP from a server that the test runs, through the same capture code as any source."""

from __future__ import annotations

import queue

from devices.camera.api import CameraState, Frame, Live, Lost
from devices.camera.capture import OpencvCamera
from tests.support.network_camera import NetworkCamera

PATIENCE_S = 30.0


def test_a_network_camera_is_live_and_lost_when_its_line_is_cut() -> None:
    states: queue.SimpleQueue[CameraState] = queue.SimpleQueue()
    frames: queue.SimpleQueue[Frame] = queue.SimpleQueue()
    with NetworkCamera() as server:
        camera = OpencvCamera(source=server.address)
        camera.start(states.put, frames.put)
        try:
            seen: list[CameraState] = []
            while not seen or not isinstance(seen[-1], Live):
                seen.append(states.get(timeout=PATIENCE_S))
            assert seen[-1] == Live(320, 240)
            levels = {int(frames.get(timeout=PATIENCE_S).picture.mean()) for _ in range(10)}
            assert len(levels) >= 5  # the picture lives
            server.cut()
            while not isinstance(seen[-1], Lost):
                seen.append(states.get(timeout=PATIENCE_S))
        finally:
            camera.stop()
