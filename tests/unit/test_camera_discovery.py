"""Which camera a configured name means: lasting names are followed, and what is unclear is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from devices.camera import device, discovery, v4l2
from devices.camera.api import CameraTrouble, Refused, Wish
from devices.camera.device import Device
from devices.camera.discovery import Places, list_cameras, locate, names_device
from devices.camera.v4l2 import Format, Node

OFFERS = (Format("MJPG", ((1920, 1080),)),)


class Machine:
    """A machine's /dev and /sys, made of files."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.places = Places(dev=folder / "dev", sys=folder / "sys")
        self._usb = folder / "usb"
        self.shut: set[str] = set()
        self.metadata: set[str] = set()
        for name in ("by-id", "by-path"):
            (self.places.dev / "v4l" / name).mkdir(parents=True)
        self.places.sys.mkdir()
        monkeypatch.setattr(v4l2, "ask", self._ask)

    def _ask(self, path: Path) -> Node | None:
        if path.name in self.shut:
            raise PermissionError
        if not path.exists():
            raise FileNotFoundError
        return None if path.name in self.metadata else Node("", OFFERS)

    def plug(self, number: int, socket: str, name: str, serial: str, *, interface: int = 0) -> Path:
        """A USB camera as the kernel and udev show it."""
        node = self.places.dev / f"video{number}"
        node.touch()
        usb = self._usb / socket
        (usb / f"{interface}").mkdir(parents=True, exist_ok=True)
        for key, value in (("idVendor", "046d"), ("idProduct", "0825"), ("serial", serial)):
            (usb / key).write_text(value + "\n", "ascii")
        entry = self.places.sys / node.name
        entry.mkdir()
        (entry / "device").symlink_to(usb / f"{interface}")
        (entry / "name").write_text(name + "\n", "utf-8")
        (entry / "index").write_text("0\n", "ascii")
        for folder, link in (("by-id", f"usb-{name.replace(' ', '_')}_{serial}"), ("by-path", f"usb-{socket}")):
            path = self.places.dev / "v4l" / folder / f"{link}-video-index{interface}"
            path.unlink(missing_ok=True)  # udev: whoever came last
            path.symlink_to(f"../../{node.name}")
        return node

    def link(self, name: str, *, folder: str = "by-id") -> str:
        return str(self.places.dev / "v4l" / folder / name)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_what_names_a_device() -> None:
    assert all(map(names_device, ("0", "/dev/video0", "/dev/v4l/by-id/x", "name:Doc")))
    assert not any(map(names_device, ("video.mp4", "/home/dev/x", "http://camera/", "", "named.png")))


def test_numbers_paths_and_lasting_names_lead_to_the_node(machine: Machine) -> None:
    node = machine.plug(0, "1-2", "Doc Camera", "A1")
    places = machine.places
    assert locate("0", places) == node
    assert locate(str(node), places) == node
    assert locate(machine.link("usb-Doc_Camera_A1-video-index0"), places) == node
    assert locate(machine.link("usb-1-2-video-index0", folder="by-path"), places) == node
    assert locate("9", places) is CameraTrouble.LOST
    circle = places.dev / "circle"
    circle.symlink_to(circle)
    assert locate(str(circle), places) is CameraTrouble.LOST


def test_a_part_of_the_name_is_enough_while_it_is_clear(machine: Machine) -> None:
    doc = machine.plug(0, "1-2", "Doc Camera", "A1")
    code = machine.plug(2, "1-3", "Code Window", "B1")
    places = machine.places
    assert locate("name:doc camera", places) == doc
    assert locate("name:B1", places) == code
    assert locate("name:1-3-video", places) == code
    assert locate("name:video-index0", places) is CameraTrouble.AMBIGUOUS
    assert locate("name:somebody else's", places) is CameraTrouble.LOST
    assert locate("name: ", places) is CameraTrouble.LOST


def test_twins_are_told_by_their_sockets_only(machine: Machine) -> None:
    one = machine.plug(0, "1-2", "USB Camera", "200901010001")
    other = machine.plug(2, "1-3", "USB Camera", "200901010001")
    places = machine.places
    shared = machine.link("usb-USB_Camera_200901010001-video-index0")
    assert locate(shared, places) is CameraTrouble.AMBIGUOUS
    assert locate("name:USB Camera", places) is CameraTrouble.AMBIGUOUS
    assert locate(machine.link("usb-1-2-video-index0", folder="by-path"), places) == one
    assert locate(machine.link("usb-1-3-video-index0", folder="by-path"), places) == other
    assert [(camera.node, camera.by_id, Path(camera.source).parent.name) for camera in list_cameras(places)] == [
        (one, None, "by-path"),
        (other, None, "by-path"),
    ]


def test_two_lenses_of_one_camera_are_no_twins(machine: Machine) -> None:
    table = machine.plug(0, "1-2", "High Shot", "A1", interface=0)
    face = machine.plug(2, "1-2", "High Shot", "A1", interface=2)
    assert locate(machine.link("usb-High_Shot_A1-video-index0"), machine.places) == table
    assert locate(machine.link("usb-High_Shot_A1-video-index2"), machine.places) == face


def test_a_list_leaves_out_what_captures_nothing_and_keeps_what_is_shut(machine: Machine) -> None:
    machine.plug(0, "1-2", "Doc Camera", "A1")
    machine.plug(1, "1-9", "Metadata", "A1")
    machine.metadata = {"video1"}
    machine.plug(10, "1-4", "Shut Camera", "C1")
    machine.shut = {"video10"}
    (machine.places.sys / "video11").mkdir()  # unplugged between the two looks
    found = list_cameras(machine.places)
    assert [(camera.name, camera.formats) for camera in found] == [("Doc Camera", OFFERS), ("Shut Camera", ())]
    (machine.places.sys / "video10" / "index").write_text("1\n", "ascii")
    assert [camera.name for camera in list_cameras(machine.places)] == ["Doc Camera"]


def test_a_machine_without_cameras_has_none(tmp_path: Path) -> None:
    assert list_cameras(Places(dev=tmp_path, sys=tmp_path / "none")) == ()
    assert list_cameras(Places(dev=tmp_path)) == list_cameras(Places(dev=tmp_path))


def test_a_file_is_no_video_node(tmp_path: Path) -> None:
    (tmp_path / "video0").touch()
    assert v4l2.ask(tmp_path / "video0") is None
    with pytest.raises(FileNotFoundError):
        v4l2.ask(tmp_path / "video1")


def test_a_camera_that_is_not_ours_or_not_clear_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def may_not(*_: object, **__: object) -> bool:
        return False

    (tmp_path / "video0").touch()
    monkeypatch.setattr(os, "access", may_not)
    assert Device.open(str(tmp_path / "video0"), Wish()) is CameraTrouble.FORBIDDEN

    def unclear(_: str) -> CameraTrouble:
        return CameraTrouble.AMBIGUOUS

    monkeypatch.setattr(device, "locate", unclear)
    assert Device.open("name:x", Wish()) is CameraTrouble.AMBIGUOUS


def test_a_refusal_reads_as_a_sentence() -> None:
    assert str(Refused("size", "1920 x 1080", "640 x 480")) == "size 1920 x 1080 (is 640 x 480)"
    assert str(Refused("focus", "10", "")) == "focus 10 (has none)"
    assert discovery.Places().dev == Path("/dev")
