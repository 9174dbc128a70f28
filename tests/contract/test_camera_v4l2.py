"""A V4L2 camera: the real OpenCV, its V4L2 code and our ioctl calls, on nodes that a preloaded library makes of files.

No camera is needed, and everything above the system call is what meets one. What a sensor, a driver and USB do beyond
the documented interface is not in here: see ``devices/QUALITY.toml``.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.v4l2 import FakeV4l2, build

EXPOSURE_AUTO, EXPOSURE, GAIN, WHITE_AUTO, WHITE = "9a0901", "9a0902", "980913", "98090c", "98091a"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("v4l2"))


@pytest.fixture
def v4l2(library: Path) -> Generator[FakeV4l2]:
    folder = Path(tempfile.mkdtemp(prefix="kiosk-v4l2-", dir="/dev/shm"))
    try:
        yield FakeV4l2(folder, library)
    finally:
        shutil.rmtree(folder)


def test_a_camera_is_asked_for_what_is_configured_and_what_it_refuses_is_told(v4l2: FakeV4l2) -> None:
    node = v4l2.plug()
    wish = {"exposure": 200, "gain": 500, "focus": 10, "white_balance": 5000, "width": 1920, "height": 1080}
    with v4l2.watching(node, **wish) as probe:
        live = probe.state("Live")
        assert (live["width"], live["height"]) == (1280, 720)
        assert live["refused"] == [
            {"setting": "size", "wanted": "1920 x 1080", "got": "1280 x 720"},
            {"setting": "gain", "wanted": "500", "got": "100"},
            {"setting": "focus", "wanted": "10", "got": ""},
        ]
        assert probe.frame()["shape"] == [720, 1280, 3]
    asked = v4l2.log()
    assert asked[-2:] == ["stream 0", "buffers 0"]  # given back: its lamp goes out
    assert [line for line in asked if line.startswith("buffers") and line != "buffers 0"][-1] == "buffers 4"
    controls = [line.removeprefix("control-") for line in asked if line.startswith("control-")]
    assert controls == [
        f"{EXPOSURE_AUTO} 1", f"{EXPOSURE} 200", f"{WHITE_AUTO} 0", f"{WHITE} 5000", f"{GAIN} 100",
    ]  # fmt: skip


def test_a_camera_left_to_itself_is_switched_to_automatic(v4l2: FakeV4l2) -> None:
    with v4l2.watching(v4l2.plug(), width=640, height=480, rate=30) as probe:
        assert probe.state("Live")["refused"] == []
    controls = [line for line in v4l2.log() if line.startswith("control-")]
    assert controls == [f"control-{EXPOSURE_AUTO} 3", f"control-{WHITE_AUTO} 1"]


def test_a_format_the_camera_does_not_have_is_told(v4l2: FakeV4l2) -> None:
    with v4l2.watching(v4l2.plug(), format="YUYV", width=1280, height=720, rate=60) as probe:
        refused = {each["setting"]: each["got"] for each in probe.state("Live")["refused"]}
    assert refused == {"size": "640 x 480", "rate": "30"}


@pytest.mark.parametrize("how", ["driver", "node"])
def test_an_unplugged_camera_is_lost_and_found_again(v4l2: FakeV4l2, how: str) -> None:
    node = v4l2.plug()
    aside = node.with_name("aside")
    with v4l2.watching(node) as probe:
        probe.state("Live")
        if how == "driver":
            v4l2.mark("gone")
        else:
            node.rename(aside)
        assert probe.state("Lost")["trouble"] == "camera-lost"
        if how == "driver":
            v4l2.mark("gone", on=False)
        else:
            aside.rename(node)
        probe.state("Live")
        probe.frame()


def test_a_camera_that_repeats_itself_or_hangs_is_lost(v4l2: FakeV4l2) -> None:
    node = v4l2.plug(frames=1)
    with v4l2.watching(node) as probe:
        probe.state("Live")
        probe.state("Lost")
    v4l2.plug(frames=3)
    with v4l2.watching(node) as probe:
        probe.state("Live")
        v4l2.mark("hang")
        assert probe.state("Lost")["trouble"] == "camera-lost"
        v4l2.mark("hang", on=False)
        probe.state("Live")


def test_a_camera_that_another_program_holds_is_busy_until_it_is_free(v4l2: FakeV4l2) -> None:
    node = v4l2.plug()
    v4l2.mark("busy")
    with v4l2.watching(node) as probe:
        assert probe.state("Lost")["trouble"] == "camera-busy"
        v4l2.mark("busy", on=False)
        probe.state("Live")


def test_a_lasting_name_is_followed_to_another_node(v4l2: FakeV4l2) -> None:
    first = v4l2.plug("video0")
    link = v4l2.folder / "by-id"
    link.symlink_to(first.name)
    with v4l2.watching(link) as probe:
        probe.state("Live")
        first.unlink()
        link.unlink()
        probe.state("Lost")
        v4l2.plug("video3")
        link.symlink_to("video3")
        probe.state("Live")
        probe.frame()
    assert "stream 1" in v4l2.log("video3")


def test_cameras_are_listed_with_what_they_offer(v4l2: FakeV4l2, tmp_path: Path) -> None:
    v4l2.plug("video0")
    v4l2.plug("video1")
    v4l2.mark("meta", "video1")
    for name in ("video0", "video1"):
        (tmp_path / name).mkdir()
    by_id = v4l2.folder / "v4l" / "by-id" / "usb-ACME_Hall_Camera_0001-video-index0"
    by_id.parent.mkdir(parents=True)
    by_id.symlink_to("../../video0")
    (found,) = v4l2.list(tmp_path)
    assert (found["node"], found["name"], found["source"]) == (
        str(v4l2.folder / "video0"), "Hall Document Camera", str(by_id),
    )  # fmt: skip
    assert found["by_path"] is None
    assert found["formats"] == [
        {"code": "MJPG", "sizes": [[1280, 720], [640, 480]]},
        {"code": "YUYV", "sizes": [[640, 480]]},
    ]
