"""The camera over OpenCV: whatever happens to the source, the terminal has the newest frame or is told ``Lost``.

Two threads: the reader sits in OpenCV's blocking calls and keeps only its newest picture; the watcher waits for it
with a limit, calls back, and gives up on a reader that hangs. So ``stop`` returns promptly even while a driver hangs.
Nothing is captured before ``start``, and after ``stop`` no frame is kept.
"""

from __future__ import annotations

import logging
import threading
import time
import zlib
from collections.abc import Callable

from devices.camera.api import CameraState, CameraTrouble, Frame, Live, Lost, Off, Opening, Picture, Refused, Wish
from devices.camera.pictures import bounded
from devices.camera.sources import Opened, open_source

_log = logging.getLogger(__name__)

_LONGEST_SIDE = 4096
"""Pixels; larger frames are shrunk on arrival."""
_PAUSES = (0.25, 0.5, 1.0, 2.0, 5.0)
"""Seconds before each further attempt to open; the last is repeated."""
_PARTING = 0.5
"""Seconds that ``stop`` gives the driver to end its call, so that the lamp is out when "off" is said."""
_OPENING_PATIENCE = 10.0
"""Seconds for opening and the first frame: some cameras start slowly."""
_USUAL = Wish()


class OpencvCamera:
    """A camera named by a source text: device, video, pictures or stream (see ``sources.open_source``).

    ``wish`` is what a device is asked for; its ``rate`` paces files, too. After ``patience`` seconds without a new
    frame the camera is ``Lost``.
    """

    def __init__(self, *, source: str, wish: Wish = _USUAL, patience: float = 2.0) -> None:
        self._source = source
        self._wish = wish
        self._patience = patience
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None

    def start(self, on_state: Callable[[CameraState], None], on_frame: Callable[[Frame], None]) -> None:
        """Begin capturing. Both callbacks run on the watcher thread and must return quickly. A bug to call twice."""
        if self._watcher is not None:
            raise RuntimeError("the camera is already capturing")
        self._stopping = threading.Event()
        watch = _Watch(self._source, self._wish, self._patience, self._stopping, on_state, on_frame)
        self._watcher = threading.Thread(target=watch.run, name="camera", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """Stop capturing and drop the last frame; no callback comes after it returns. Idempotent."""
        watcher, self._watcher = self._watcher, None
        if watcher is None:
            return
        self._stopping.set()
        if watcher is not threading.current_thread():
            watcher.join()


class _Watch:
    def __init__(
        self,
        source: str,
        wish: Wish,
        patience: float,
        stopping: threading.Event,
        on_state: Callable[[CameraState], None],
        on_frame: Callable[[Frame], None],
    ) -> None:
        self._source = source
        self._wish = wish
        self._patience = patience
        self._stopping = stopping
        self._tell = on_state
        self._show = on_frame
        self._sequence = 0
        self._state: CameraState | None = None

    def run(self) -> None:
        failures = 0
        self._say(Opening())
        while not self._stopping.is_set():
            reader = _Reader(self._source, self._wish)
            failures = 0 if self._follow(reader) else failures + 1
            reader.leave()
            if not self._stopping.is_set():
                self._say(Lost(reader.trouble))
                self._stopping.wait(_PAUSES[min(failures, len(_PAUSES) - 1)])
            while not reader.ended.wait(0.05) and not self._stopping.is_set():
                pass  # a device still held by a hanging driver call cannot be opened again
            if self._stopping.is_set():
                reader.ended.wait(_PARTING)
        self._say(Off())

    def _say(self, state: CameraState) -> None:
        if state != self._state:
            self._state = state
            self._tell(state)

    def _follow(self, reader: _Reader) -> bool:
        """Pass frames on until the reader fails or hangs; whether any came."""
        came = False
        fingerprint = 0
        changed = time.monotonic()
        while not self._stopping.is_set():
            picture = reader.newest(self._patience if came else _OPENING_PATIENCE, self._stopping)
            if picture is None:
                return came
            now = time.monotonic()
            if reader.device:  # a sensor's noise makes any two frames differ
                print_now = zlib.crc32(picture[::8, ::8].tobytes())
                if print_now != fingerprint:
                    fingerprint, changed = print_now, now
                elif now - changed > self._patience:
                    return came
            came = True
            picture = bounded(picture, _LONGEST_SIDE)
            if reader.refused and not isinstance(self._state, Live):
                _log.warning("the camera refused %s", ", ".join(map(str, reader.refused)))
            self._say(Live(width=picture.shape[1], height=picture.shape[0], refused=reader.refused))
            self._sequence += 1
            self._show(Frame(picture=picture, sequence=self._sequence, taken=now))
        return came


class _Reader:
    """Reads one opening of the source on a thread of its own, which also closes it."""

    def __init__(self, source: str, wish: Wish) -> None:
        self.ended = threading.Event()
        self.device = False
        self.refused: tuple[Refused, ...] = ()
        self.trouble = CameraTrouble.LOST
        self._source = source
        self._wish = wish
        self._left = threading.Event()
        self._fresh = threading.Condition()
        self._picture: Picture | None = None
        threading.Thread(target=self._run, name="camera-reader", daemon=True).start()

    def _run(self) -> None:
        opened: Opened | None = None
        try:
            found = open_source(self._source, self._wish)
            if isinstance(found, CameraTrouble):
                self.trouble = found
            else:
                opened = found
                self.device, self.refused = opened.device, opened.refused
                self._read(opened)
        finally:
            if opened is not None:
                opened.close()
            with self._fresh:
                self.ended.set()
                self._fresh.notify_all()

    def _read(self, opened: Opened) -> None:
        pause = 1 / self._wish.rate
        due = time.monotonic()
        while not self._left.is_set():
            picture = opened.read()
            if picture is None:
                return
            with self._fresh:
                self._picture = None if self._left.is_set() else picture
                self._fresh.notify_all()
            if not opened.paced:
                due = max(due + pause, time.monotonic() - pause)
                self._left.wait(max(0.0, due - time.monotonic()))

    def newest(self, patience: float, stopping: threading.Event) -> Picture | None:
        """The newest picture not yet given; ``None`` after ``patience`` seconds, at the end, or when stopping."""
        deadline = time.monotonic() + patience
        with self._fresh:
            while self._picture is None:
                left = deadline - time.monotonic()
                if left <= 0 or self.ended.is_set() or stopping.is_set():
                    return None
                self._fresh.wait(min(left, 0.05))
            picture, self._picture = self._picture, None
            return picture

    def leave(self) -> None:
        """Let the thread end as soon as its call returns, and forget its picture."""
        self._left.set()
        with self._fresh:
            self._picture = None
