"""Has pages read, one after the other, on a thread that may wait for it; and forgets what was asked for at the wipe.

Reading a page takes seconds and its process may fail: neither the screen nor the camera's desk waits for it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from devices.camera.api import Scan
from devices.camera.reading.api import Kind, Reader
from kiosk.journey.events import Event, PageRead

_Asked = tuple[int, Scan, frozenset[Kind]]


class PageReading:
    """Carries out the journey's ``ReadPage``; answers with ``PageRead`` through ``post``, called on its own thread."""

    def __init__(self, *, reader: Reader, post: Callable[[Event], None]) -> None:
        self._reader = reader
        self._post = post
        self._turn = threading.Condition()
        self._asked: deque[_Asked] = deque()
        self._forgotten = 0
        self._ending = False
        self._thread = threading.Thread(target=self._work, name="page-reading", daemon=True)
        self._thread.start()

    # --- from the runner (never waits) ---

    def read(self, session: int, scan: Scan, kinds: frozenset[Kind]) -> None:
        with self._turn:
            self._asked.append((session, scan, kinds))
            self._turn.notify_all()

    def forget(self) -> None:
        """Drop what was asked for, and end the reading process with all that it holds."""
        with self._turn:
            self._asked.clear()
            self._forgotten += 1
        self._reader.stop()

    def close(self) -> None:
        """End; returns when the thread and the reading process have ended."""
        with self._turn:
            self._ending = True
            self._turn.notify_all()
        self.forget()
        self._thread.join()

    # --- its own thread ---

    def _work(self) -> None:
        while (taken := self._next()) is not None:
            (session, scan, kinds), forgotten = taken
            read = self._reader.page(scan.jpeg, kinds)
            with self._turn:
                late = forgotten != self._forgotten
            if late:  # it began after the wipe, and a new process holds what was to be forgotten
                self._reader.stop()
            else:
                self._post(PageRead(session, scan, read))
            del taken, scan, read  # a waiting thread holds nothing of the last resident

    def _next(self) -> tuple[_Asked, int] | None:
        with self._turn:
            self._turn.wait_for(lambda: self._asked or self._ending)
            return None if self._ending else (self._asked.popleft(), self._forgotten)
