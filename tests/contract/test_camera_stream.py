"""A network camera: MJPEG over HTTP from a server that the test runs, through the same capture code as any source."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from devices.camera.api import CameraState, Frame, Live, Lost
from devices.camera.capture import OpencvCamera

PATIENCE_S = 30.0


class NetworkCamera(BaseHTTPRequestHandler):
    """Sends frames, each brighter than the one before, until the other side or the test ends it."""

    closing: threading.Event

    def do_GET(self) -> None:  # http.server's spelling
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        level = 0
        try:
            while not self.closing.wait(0.04):
                level = (level + 7) % 256
                jpeg = cv2.imencode(".jpg", np.full((240, 320, 3), level, np.uint8))[1].tobytes()
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
        except OSError:
            return  # the terminal let go of the camera

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def server() -> Generator[ThreadingHTTPServer]:
    NetworkCamera.closing = threading.Event()
    made = ThreadingHTTPServer(("127.0.0.1", 0), NetworkCamera)
    made.daemon_threads = True
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        NetworkCamera.closing.set()
        made.shutdown()
        made.server_close()
        thread.join()


def test_a_network_camera_is_live_and_lost_when_its_line_is_cut(server: ThreadingHTTPServer) -> None:
    states: queue.SimpleQueue[CameraState] = queue.SimpleQueue()
    frames: queue.SimpleQueue[Frame] = queue.SimpleQueue()
    camera = OpencvCamera(source=f"http://127.0.0.1:{server.server_address[1]}/video.mjpg")
    camera.start(states.put, frames.put)
    try:
        seen: list[CameraState] = []
        while not seen or not isinstance(seen[-1], Live):
            seen.append(states.get(timeout=PATIENCE_S))
        assert seen[-1] == Live(320, 240)
        levels = {int(frames.get(timeout=PATIENCE_S).picture.mean()) for _ in range(10)}
        assert len(levels) >= 5  # the picture lives
        NetworkCamera.closing.set()
        while not isinstance(seen[-1], Lost):
            seen.append(states.get(timeout=PATIENCE_S))
    finally:
        camera.stop()
