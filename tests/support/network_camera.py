"""A network camera for tests: MJPEG over HTTP on the loopback, with a line that can be cut and restored."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np


class NetworkCamera:
    """Sends frames, each brighter than the one before, to whoever asks, until its line is cut."""

    def __init__(self) -> None:
        self._cut = threading.Event()
        line = self._cut

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # http.server's spelling
                if line.is_set():
                    self.send_error(503)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                level = 0
                try:
                    while not line.wait(0.04):
                        level = (level + 7) % 256
                        jpeg = cv2.imencode(".jpg", np.full((240, 320, 3), level, np.uint8))[1].tobytes()
                        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                        self.wfile.write(head.encode() + jpeg + b"\r\n")
                except OSError:
                    return  # the terminal let go of the camera

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/video.mjpg"

    def cut(self) -> None:
        self._cut.set()

    def restore(self) -> None:
        self._cut.clear()

    def __enter__(self) -> NetworkCamera:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._cut.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
