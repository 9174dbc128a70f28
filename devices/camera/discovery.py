"""Which cameras are there, and which of them a configured name means.

``/dev/video0`` is whoever came first after power-on. udev keeps two kinds of names that last: ``/dev/v4l/by-id/``
(maker, model and serial number: follows the camera into any socket) and ``/dev/v4l/by-path/`` (the socket, whatever is
plugged there). Cheap cameras of one model often share one serial number; then udev gives the by-id name to whichever
came last, so such a name is refused instead of guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from devices.camera import v4l2
from devices.camera.api import CameraTrouble
from devices.camera.v4l2 import Format

_BY_NAME = "name:"


@dataclass(frozen=True, slots=True)
class Places:
    """Where the system keeps what is read here."""

    dev: Path = Path("/dev")
    sys: Path = Path("/sys/class/video4linux")


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """One camera. ``node`` is its device file now; ``by_id`` and ``by_path`` are its lasting names (``by_id`` is left
    out where another camera has the same). ``formats`` is empty where the node may not be opened."""

    node: Path
    name: str
    by_id: Path | None
    by_path: Path | None
    formats: tuple[Format, ...]

    @property
    def source(self) -> str:
        """What to write into the configuration."""
        return str(self.by_id or self.by_path or self.node)


def names_device(source: str) -> bool:
    """Whether the text names a V4L2 device rather than a file or a stream."""
    return source.isdecimal() or source.startswith(("/dev/", _BY_NAME))


def list_cameras(places: Places = Places()) -> tuple[FoundCamera, ...]:
    """All cameras of this machine, in the order of their numbers. Nothing is started."""
    nodes = sorted(places.sys.glob("video*"), key=lambda path: (len(path.name), path.name))
    twins = _twins(places)
    found: list[FoundCamera] = []
    for entry in nodes:
        node = places.dev / entry.name
        try:
            asked = v4l2.ask(node)
        except FileNotFoundError:
            continue  # unplugged meanwhile
        except OSError:  # not ours to open; sysfs tells enough to name it
            asked = v4l2.Node("", ()) if _read(entry / "index") in ("", "0") else None
        if asked is None:
            continue
        found.append(
            FoundCamera(
                node=node,
                name=asked.name or _read(entry / "name"),
                by_id=None if node.name in twins else _link(places.dev / "v4l" / "by-id", node),
                by_path=_link(places.dev / "v4l" / "by-path", node),
                formats=asked.formats,
            )
        )
    return tuple(found)


def locate(source: str, places: Places = Places()) -> Path | CameraTrouble:
    """The device file that ``source`` means now: a number, a path (links are followed each time, so a camera that was
    plugged elsewhere is found again), or ``name:`` with a part of a camera's name or of its lasting names."""
    if source.startswith(_BY_NAME):
        part = source.removeprefix(_BY_NAME).strip().casefold()
        fitting = [camera for camera in list_cameras(places) if _fits(camera, part)] if part else []
        if len(fitting) > 1:
            return CameraTrouble.AMBIGUOUS
        return fitting[0].node if fitting else CameraTrouble.LOST
    path = places.dev / f"video{source}" if source.isdecimal() else Path(source)
    try:
        node = path.resolve(strict=True)
    except (OSError, RuntimeError):  # RuntimeError: links in a circle
        return CameraTrouble.LOST
    if path.parent == places.dev / "v4l" / "by-id" and node.name in _twins(places):
        return CameraTrouble.AMBIGUOUS
    return node


def _fits(camera: FoundCamera, part: str) -> bool:
    names = [camera.name, *(link.name for link in (camera.by_id, camera.by_path) if link is not None)]
    return any(part in name.casefold() for name in names)


def _link(folder: Path, node: Path) -> Path | None:
    try:
        links = sorted(link for link in folder.iterdir() if link.resolve() == node.resolve())
    except OSError:
        return None
    return links[0] if links else None


def _twins(places: Places) -> frozenset[str]:
    """Names of the nodes whose USB device says of itself the same as another one."""
    said: dict[tuple[str, str, str], dict[Path, list[str]]] = {}
    for entry in places.sys.glob("video*"):
        usb = (entry / "device").resolve().parent
        identity = (_read(usb / "idVendor"), _read(usb / "idProduct"), _read(usb / "serial"))
        if identity[0]:
            said.setdefault(identity, {}).setdefault(usb, []).append(entry.name)
    return frozenset(
        name for devices in said.values() if len(devices) > 1 for names in devices.values() for name in names
    )


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
