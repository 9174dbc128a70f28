"""Every source of frames keeps a camera's promises (``devices/camera/trial.py``): frames, states, an end, a return.

The same trials run on hardware with ``kiosk devices test --real``. A V4L2 device runs them in a process of its own, in
which nodes are files (see ``test_camera_v4l2.py``).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from devices.camera.capture import OpencvCamera
from devices.camera.sim import SimDesk
from devices.camera.sim_effects import Blur, Dark, Glare, Motion, Noise
from devices.camera.trial import TRIALS
from devices.trial import Act, Tried, try_all
from tests.support.network_camera import NetworkCamera
from tests.support.papers import packed
from tests.support.v4l2 import FakeV4l2, build


class Source:
    """A source text, and what pulls its cable and plugs it in again."""

    def __init__(self, text: str, unplug: Callable[[], object], plug: Callable[[], object]) -> None:
        self.text = text
        self._acts = {Act.UNPLUG_CAMERA: unplug, Act.PLUG_CAMERA: plug}

    def hands(self, act: Act) -> bool:
        self._acts[act]()
        return True


def _moved(path: Path) -> Source:
    aside = path.with_name("unplugged")
    return Source(str(path), lambda: path.rename(aside), lambda: aside.rename(path))


@contextmanager
def _desk(folder: Path) -> Generator[Source]:
    desk = SimDesk(folder=folder)
    yield Source(desk.source, desk.unplug, desk.plug)


@contextmanager
def _spoilt_desk(folder: Path) -> Generator[Source]:
    desk = SimDesk(folder=folder, width=640, height=480)
    desk.spoil(Noise(), Blur(), Glare(), Motion(), Dark())
    yield Source(desk.source, desk.unplug, desk.plug)


@contextmanager
def _video(folder: Path) -> Generator[Source]:
    path = folder / "desk.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (320, 240))
    for shade in (40, 120, 200):
        writer.write(np.full((240, 320, 3), shade, np.uint8))
    writer.release()
    # An open file can be read on after it lost its name, as no camera can: the end of the short video is its loss.
    yield _moved(path)


@contextmanager
def _pictures(folder: Path) -> Generator[Source]:
    path = folder / "pictures"
    path.mkdir()
    for number in range(3):
        (path / f"{number}.png").write_bytes(packed(np.full((240, 320, 3), number * 40, np.uint8)))
    yield _moved(path)


@contextmanager
def _picture(folder: Path) -> Generator[Source]:
    path = folder / "picture.png"
    path.write_bytes(packed(np.full((240, 320, 3), 90, np.uint8)))
    yield _moved(path)


@contextmanager
def _stream(_: Path) -> Generator[Source]:
    with NetworkCamera() as camera:
        yield Source(camera.address, camera.cut, camera.restore)


SOURCES: dict[str, Callable[[Path], AbstractContextManager[Source]]] = {
    "desk": _desk,
    "spoilt desk": _spoilt_desk,
    "video": _video,
    "pictures": _pictures,
    "picture": _picture,
    "stream": _stream,
}


@pytest.mark.parametrize("name", SOURCES)
def test_every_simulated_source_keeps_its_promises(name: str, tmp_path: Path) -> None:
    with SOURCES[name](tmp_path) as source:
        tried = list(try_all(TRIALS, lambda: OpencvCamera(source=source.text), lambda it: it.stop(), source.hands))
    assert tried == [Tried(trial.name, "pass") for trial in TRIALS]


def test_a_v4l2_device_keeps_its_promises(tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="kiosk-v4l2-", dir="/dev/shm"))
    try:
        v4l2 = FakeV4l2(folder, build(tmp_path))
        assert v4l2.trials(v4l2.plug()) == [{"name": trial.name, "result": "pass", "detail": ""} for trial in TRIALS]
    finally:
        shutil.rmtree(folder)
