"""What every camera source owes the terminal: frames, states, loss and return, a prompt and final stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from devices.camera import capture, sources
from devices.camera.api import (
    Camera,
    CameraState,
    CameraTrouble,
    Finding,
    Frame,
    Live,
    Lost,
    Off,
    Opening,
    Picture,
    Refused,
    Wish,
)
from devices.camera.capture import OpencvCamera
from devices.camera.codes import read_codes
from devices.camera.demo_papers import REGISTER_SHORT_SIDE, RegisterEntry, register_page
from devices.camera.page import find_page
from devices.camera.sim import SimDesk
from tests.support.papers import desk, packed, written_page

FONT = Path(__file__).parents[2] / "ui" / "fonts" / "NotoSansCJKsc-Regular.otf"


class Viewer:
    """Collects what a camera says; waits with a deadline, never by sleeping."""

    def __init__(self) -> None:
        self.states: list[CameraState] = []
        self.frames = 0
        self.last: Frame | None = None
        self._changed = threading.Condition()

    def on_state(self, state: CameraState) -> None:
        with self._changed:
            self.states.append(state)
            self._changed.notify_all()

    def on_frame(self, frame: Frame) -> None:
        with self._changed:
            self.frames += 1
            self.last = frame
            self._changed.notify_all()

    def wait(self, met: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(met, 30), (self.states, self.frames)

    @property
    def state(self) -> CameraState | None:
        return self.states[-1] if self.states else None


@pytest.fixture
def watch() -> Iterator[Callable[..., Viewer]]:
    running: list[Camera] = []

    def begin(source: str, rate: float = 25) -> Viewer:
        viewer = Viewer()
        camera: Camera = OpencvCamera(source=source, wish=Wish(rate=rate), patience=30)  # no source here freezes
        running.append(camera)
        camera.start(viewer.on_state, viewer.on_frame)
        return viewer

    yield begin
    for camera in running:
        camera.stop()


def video(path: Path) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (320, 240))
    for shade in (40, 120, 200):
        writer.write(np.full((240, 320, 3), shade, np.uint8))
    writer.release()
    return path


def pictures(folder: Path) -> Path:
    folder.mkdir()
    for number in (1, 2, 10):
        (folder / f"page_{number}.png").write_bytes(packed(np.full((120, 160, 3), number * 20, np.uint8)))
    (folder / "half.png").write_bytes(b"\x89PNG")
    (folder / "note.txt").write_text("not a picture")
    return folder


def test_a_video_is_paced_and_begun_again(tmp_path: Path, watch: Callable[..., Viewer]) -> None:
    viewer = watch(str(video(tmp_path / "录像.avi")), rate=50)
    begun = time.monotonic()
    viewer.wait(lambda: viewer.frames >= 10)
    assert time.monotonic() - begun > 0.1  # ten frames at fifty a second, some slack
    assert viewer.states == [Opening(), Live(320, 240)]
    assert viewer.last is not None
    assert viewer.last.sequence >= 10


@pytest.mark.parametrize("named", ["folder", "pattern", "picture"])
def test_pictures_in_turn(tmp_path: Path, watch: Callable[..., Viewer], named: str) -> None:
    folder = pictures(tmp_path / "图")
    source = {"folder": folder, "pattern": folder / "page_%d.png", "picture": folder / "page_2.png"}[named]
    viewer = watch(str(source), rate=100)
    viewer.wait(lambda: viewer.frames >= 8)
    assert viewer.states == [Opening(), Live(160, 120)]


def test_a_sequence_goes_by_number_round_and_round(tmp_path: Path) -> None:
    opened = sources.open_source(str(pictures(tmp_path / "p")), Wish())
    assert not isinstance(opened, CameraTrouble)
    shades = [int(picture[0, 0, 0]) for picture in (opened.read() for _ in range(7)) if picture is not None]
    assert shades == [20, 40, 200, 20, 40, 200, 20]
    opened.close()


@pytest.mark.parametrize(
    "source",
    ["missing.mp4", "missing.png", "missing_%03d.png", "/dev/no-such-camera", "9999", "http://127.0.0.1:9/live"],
)
def test_what_is_missing_is_lost(tmp_path: Path, watch: Callable[..., Viewer], source: str) -> None:
    viewer = watch(source if source[0] in "/9h" else str(tmp_path / source))
    viewer.wait(lambda: Lost() in viewer.states)
    assert viewer.frames == 0


def test_a_file_that_is_no_video_is_lost(tmp_path: Path, watch: Callable[..., Viewer]) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video at all")
    viewer = watch(str(tmp_path / "a.mp4"))
    viewer.wait(lambda: Lost() in viewer.states)


def test_a_folder_of_broken_pictures_is_lost(tmp_path: Path, watch: Callable[..., Viewer]) -> None:
    (tmp_path / "a.png").write_bytes(b"broken")
    viewer = watch(str(tmp_path))
    viewer.wait(lambda: Lost() in viewer.states)


def test_what_comes_later_is_found_later(tmp_path: Path, watch: Callable[..., Viewer]) -> None:
    viewer = watch(str(tmp_path / "later"))
    viewer.wait(lambda: Lost() in viewer.states)
    pictures(tmp_path / "later")
    viewer.wait(lambda: viewer.state == Live(160, 120))


def test_stop_is_prompt_final_and_may_be_repeated(tmp_path: Path) -> None:
    viewer = Viewer()
    camera = OpencvCamera(source=str(pictures(tmp_path / "p")))
    camera.stop()
    took: list[float] = []
    for _ in range(2):
        camera.start(viewer.on_state, viewer.on_frame)
        with pytest.raises(RuntimeError):
            camera.start(viewer.on_state, viewer.on_frame)
        viewer.wait(lambda: viewer.last is not None and isinstance(viewer.state, Live))
        begun = time.monotonic()
        camera.stop()
        took.append(time.monotonic() - begun)
        assert viewer.state == Off()
        frames = viewer.frames
        camera.stop()
        assert viewer.frames == frames
    assert min(took) < 1  # the machine may stand still once


class Stuck:
    """A source as a bad driver makes it: after some frames it hangs, or repeats itself."""

    paced = True
    device = True
    refused: tuple[Refused, ...] = ()

    def __init__(self, *, hang: bool) -> None:
        self._hang = hang
        self._reads = 0
        self.let_go = threading.Event()
        self.closed = threading.Event()

    def read(self) -> Picture | None:
        self._reads += 1
        if self._hang and self._reads > 3:
            self.let_go.wait(20)
            return None
        self.let_go.wait(0.01)
        return np.full((48, 64, 3), 7, np.uint8)

    def close(self) -> None:
        self.closed.set()


@pytest.mark.parametrize("hang", [True, False])
def test_a_frozen_device_is_lost_and_stop_does_not_wait_for_it(monkeypatch: pytest.MonkeyPatch, hang: bool) -> None:
    stuck = Stuck(hang=hang)

    def opening(_source: str, _wish: Wish) -> Stuck:
        return stuck

    monkeypatch.setattr(capture, "open_source", opening)
    viewer = Viewer()
    camera = OpencvCamera(source="0", patience=0.2)
    camera.start(viewer.on_state, viewer.on_frame)
    viewer.wait(lambda: Lost() in viewer.states)
    assert Live(64, 48) in viewer.states
    begun = time.monotonic()
    camera.stop()
    assert time.monotonic() - begun < 10  # the driver hangs for twenty
    stuck.let_go.set()
    assert stuck.closed.wait(20)


def test_huge_frames_are_bounded(tmp_path: Path, watch: Callable[..., Viewer]) -> None:
    (tmp_path / "huge.png").write_bytes(packed(np.zeros((600, 6000, 3), np.uint8)))
    viewer = watch(str(tmp_path / "huge.png"))
    viewer.wait(lambda: viewer.frames > 0)
    assert viewer.state == Live(4096, 410)


def test_the_simulated_desk_through_the_real_camera(tmp_path: Path, watch: Callable[..., Viewer]) -> None:
    table = SimDesk(folder=tmp_path)
    viewer = watch(table.source)
    viewer.wait(lambda: viewer.state == Live(1920, 1080))

    def seen() -> Picture:
        assert viewer.last is not None
        return viewer.last.picture

    assert find_page(seen(), fast=True).findings == (Finding.NO_PAPER,)
    table.lay_code("暂存号 ABC-123")
    viewer.wait(lambda: [code.text for code in read_codes(seen())] == ["暂存号 ABC-123"])
    entry = RegisterEntry("样张人", "女", "1955年03月07日", "11010119550307002X", "样张县样张乡样张村1号")
    table.lay(register_page(entry, font=FONT))
    viewer.wait(lambda: find_page(seen(), fast=True, short_side_mm=REGISTER_SHORT_SIDE).findings == ())
    table.clear()
    viewer.wait(lambda: find_page(seen(), fast=True).corners is None)

    table.unplug()
    table.unplug()
    viewer.wait(lambda: viewer.state == Lost())
    table.lay_code("while away")
    table.plug()
    table.plug()
    viewer.wait(lambda: viewer.state == Live(1920, 1080))
    viewer.wait(lambda: [code.text for code in read_codes(seen())] == ["while away"])


def test_a_replaced_picture_shows_at_once(tmp_path: Path, watch: Callable[..., Viewer]) -> None:
    path = tmp_path / "desk.png"
    path.write_bytes(packed(desk(None, size=(320, 240))))
    viewer = watch(str(path))
    viewer.wait(lambda: viewer.frames > 2)
    part = tmp_path / "next.part"
    part.write_bytes(packed(written_page(320, 240)))
    part.replace(path)
    viewer.wait(lambda: viewer.last is not None and float(viewer.last.picture.mean()) > 150)
