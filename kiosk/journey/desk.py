"""The desk under the camera: looks at what lies there while a screen needs it, and only then.

Its own thread starts and stops the camera, judges the newest frame, takes the shot, reads codes and zones. The Qt
thread only says what is wanted; frames it had no time for are skipped, never queued.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from devices.camera.api import Camera, CameraState, Corners, Finding, Frame, Lost, Picture, Scan
from devices.camera.codes import CodeWatch
from devices.camera.lying import PaperWatch
from devices.camera.page import find_page
from devices.camera.reading.api import Reader
from devices.camera.scan import straighten
from devices.camera.wayup import warm_up
from kiosk.journey.effects import Purpose
from kiosk.journey.events import CameraChanged, CodeSeen, DocumentJudged, Event, KeySeen, PageJudged, PageShot
from kiosk.journey.keys import KeyWatch
from kiosk.journey.states import Sight

_log = logging.getLogger(__name__)

_AWAY_S = 1.0
"""A code is a new one once it was not seen for so long; a hand passing over it is shorter."""
_RETRY_S = 2.0
"""Before the camera is tried again after a bug."""


@dataclass(frozen=True, slots=True)
class LivePicture:
    """One picture for the screen: ``corners`` of the paper if one was found; ``good`` when nothing is wrong with it."""

    picture: Picture
    corners: Corners | None
    good: bool


@dataclass(frozen=True, slots=True)
class _Watch:
    session: int
    purpose: Purpose
    short_side_mm: float
    taken: tuple[bytes, ...]


class CameraDesk:
    """Owns the cameras: ``camera`` for papers, ``codes`` for codes (``None``: one camera does for both). ``reader``
    reads what is printed on travel documents. ``post`` takes events, ``on_live`` pictures for the screen (``None``:
    nothing to show); both are called on the desk's or a camera's thread and must return quickly."""

    def __init__(
        self,
        *,
        camera: Camera,
        post: Callable[[Event], None],
        on_live: Callable[[LivePicture | None], None],
        reader: Reader,
        codes: Camera | None = None,
    ) -> None:
        self._on_live = on_live
        self._papers = camera
        self._codes = codes if codes is not None else camera
        self._post = post
        self._reader = reader
        self._turn = threading.Condition()
        self._wanted: _Watch | None = None
        self._frame: Frame | None = None
        self._shoot = False
        self._edge: tuple[Corners | None, bool] = (None, False)
        self._ending = False
        self._thread = threading.Thread(target=self._work, name="desk", daemon=True)
        self._thread.start()

    # --- from the runner (never waits) ---

    def start(self, session: int, purpose: Purpose, short_side_mm: float, taken: tuple[bytes, ...] = ()) -> None:
        with self._turn:
            self._wanted = _Watch(session, purpose, short_side_mm, taken)
            self._shoot, self._frame = False, None
            self._turn.notify_all()

    def stop(self) -> None:
        with self._turn:
            self._wanted, self._shoot, self._frame = None, False, None
            self._turn.notify_all()

    def shoot(self) -> None:
        with self._turn:
            self._shoot = True
            self._turn.notify_all()

    def close(self) -> None:
        """Stop for good; returns when the thread has ended."""
        with self._turn:
            self._ending, self._wanted, self._frame = True, None, None
            self._turn.notify_all()
        self._thread.join()

    # --- the desk's thread ---

    def _work(self) -> None:
        while (watch := self._awaited()) is not None:
            if not self._watched(watch):
                self._post(CameraChanged(Lost()))
                self._rest(watch, _RETRY_S)

    def _awaited(self) -> _Watch | None:
        """What is wanted next; ``None`` in the end."""
        with self._turn:
            self._turn.wait_for(lambda: self._wanted is not None or self._ending)
            return self._wanted

    def _watched(self, watch: _Watch) -> bool:
        """Look until something else is wanted, the camera on only meanwhile; whether that went without a bug."""
        camera = self._codes if watch.purpose is Purpose.CODE else self._papers
        try:
            try:
                camera.start(self._on_camera, self._on_frame)
                if watch.purpose is Purpose.DOCUMENT:
                    self._look_for_key(watch)
                else:
                    self._look(watch)
            finally:
                camera.stop()
                with self._turn:
                    self._edge, self._frame = (None, False), None
                self._on_live(None)
        except Exception as failure:  # noqa: BLE001 - the next resident needs the camera, too
            # Its text may carry what lay there, so only its type is logged.
            _log.error("the desk failed: %s", type(failure).__name__)
            return False
        return True

    def _on_camera(self, state: CameraState) -> None:
        self._post(CameraChanged(state))

    def _on_frame(self, frame: Frame) -> None:
        """Every frame is shown at once, with the edge found last; judging takes longer than a frame and follows."""
        with self._turn:
            if self._wanted is None:
                return
            self._frame = frame
            self._turn.notify_all()
            corners, good = self._edge
        self._on_live(LivePicture(frame.picture, corners, good=good))

    def _next(self, watch: _Watch) -> tuple[Frame, bool] | None:
        """The newest frame not yet seen and whether to shoot it; ``None`` when something else is wanted by now."""
        with self._turn:
            self._turn.wait_for(lambda: self._wanted is not watch or self._frame is not None)
            if self._wanted is not watch or self._frame is None:
                return None
            frame, self._frame = self._frame, None
            shoot, self._shoot = self._shoot, False
            return frame, shoot

    def _look(self, watch: _Watch) -> None:
        codes, lying = CodeWatch(), _Lying()
        papers = PaperWatch(short_side_mm=watch.short_side_mm, taken=watch.taken)
        if watch.purpose is Purpose.PAPER:
            warm_up()
        said: tuple[Finding, ...] | None = None
        while (given := self._next(watch)) is not None:
            frame, shoot = given
            if watch.purpose is Purpose.CODE:
                for text in lying.new({code.text for code in codes.see(frame.picture)}, frame.taken):
                    self._post(CodeSeen(watch.session, text))
                continue
            seen = papers.see(frame.picture)
            found = seen.found
            good = found.corners is not None and not found.findings
            with self._turn:
                self._edge = (found.corners, good)
            if shoot or seen.shoot:
                self._post(PageShot(watch.session, None))
                scan = _scan(frame.picture, watch, found.corners if seen.shoot else None)
                with self._turn:  # a shot that nobody waits for any more must not land on another paper
                    if self._wanted is watch:
                        self._post(PageShot(watch.session, scan))
                self._rest(watch)
                return
            if found.findings != said:
                said = found.findings
                self._post(PageJudged(watch.session, found.findings))

    def _look_for_key(self, watch: _Watch) -> None:
        """Reading takes longer than a frame; the picture on the screen does not wait for it."""
        keys, said = KeyWatch(self._reader), Sight.NOTHING
        self._reader.warm_up()
        while (given := self._next(watch)) is not None:
            frame, _ = given
            key = keys.see(frame.picture)
            with self._turn:
                over = self._wanted is not watch
                self._edge = (keys.corners, keys.sight is Sight.SEEN)
            if over:  # what was read is nobody's by now, and must not be kept for the next one
                self._reader.stop()
                return
            if keys.sight is not said:
                said = keys.sight
                self._post(DocumentJudged(watch.session, said))
            if key is not None:
                self._post(KeySeen(watch.session, key))
                self._rest(watch)
                return

    def _rest(self, watch: _Watch, longest_s: float | None = None) -> None:
        """After the shot nothing more is looked at until the journey wants something else."""
        with self._turn:
            self._turn.wait_for(lambda: self._wanted is not watch, longest_s)


class _Lying:
    """Which codes lie under the camera: each is told once, not with every frame."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def new(self, texts: set[str], now: float) -> list[str]:
        """Those of ``texts`` that were not seen in the second before ``now`` (seconds, as frames are timed)."""
        self._last = {text: seen for text, seen in self._last.items() if now - seen < _AWAY_S}
        fresh = sorted(texts - self._last.keys())
        self._last.update(dict.fromkeys(texts, now))
        return fresh


def _scan(picture: Picture, watch: _Watch, near: Corners | None) -> Scan:
    """The page in ``picture``, which lies ``near`` there or is looked for with all care; the whole picture when there
    is none (shot by hand)."""
    height, width = picture.shape[:2]
    whole: Corners = ((0.0, 0.0), (width - 1.0, 0.0), (width - 1.0, height - 1.0), (0.0, height - 1.0))
    corners = find_page(picture, short_side_mm=watch.short_side_mm, near=near).corners or whole
    return straighten(picture, corners, short_side_mm=watch.short_side_mm, taken=watch.taken)
