"""Other ways to the simulated identity card reader than a pseudo-terminal: what pyusb and hidapi would give for it."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace

import usb.core

from devices.card.sam.line import LineLost
from devices.card.sim_sam import SimulatedSam


class MemoryLine:
    """Bytes handed over in this process; ``lost`` is a pulled cable, ``late`` comes before the next answer. ``piece``
    cuts what is read."""

    def __init__(self, sam: SimulatedSam, *, piece: int = 4096) -> None:
        self._sam = sam
        self._coming = b""
        self._piece = piece
        self.opened = 0
        self.closed = 0
        self.lost = False
        self.late = b""

    def open(self) -> None:
        self._check()
        self.opened += 1

    def write(self, frame: bytes) -> None:
        self._check()
        self._coming += self.late + self._sam.hear(frame)
        self.late = b""

    def read(self, timeout: float) -> bytes:
        del timeout  # nothing more will come
        self._check()
        piece, self._coming = self._coming[: self._piece], self._coming[self._piece :]
        return piece

    def close(self) -> None:
        self.closed += 1

    def _check(self) -> None:
        if self.lost:
            raise LineLost("pulled")


class UsbSam:
    """What pyusb gives for a reader: one bulk end point each way, or two (``split``), with *sam* behind them."""

    def __init__(self, sam: SimulatedSam, *, split: bool) -> None:
        self._sam = sam
        self._split = split
        ways = (0x02, 0x06, 0x81, 0x85) if split else (0x02, 0x81)
        self._coming: dict[int, deque[bytes]] = {way: deque() for way in ways if way & 0x80}
        points = [SimpleNamespace(bEndpointAddress=0x83, bmAttributes=3)]  # interrupt: not for frames
        points += [SimpleNamespace(bEndpointAddress=way, bmAttributes=2) for way in ways]
        self.interface = _Interface(points)
        self.driver = True
        self.unplugged = False
        self.claimed: list[int] = []
        self.disposed = 0
        self.takes_only: int | None = None

    def claim(self, _device: UsbSam, number: int) -> None:
        """``usb.util.claim_interface``"""
        self.claimed.append(number)

    def dispose(self, _device: UsbSam) -> None:
        """``usb.util.dispose_resources``"""
        self.disposed += 1

    def get_active_configuration(self) -> list[list[SimpleNamespace]]:
        self._check()
        return [_Interface([]), self.interface]

    def is_kernel_driver_active(self, interface: int) -> bool:
        assert interface == 1
        return self.driver

    def detach_kernel_driver(self, interface: int) -> None:
        assert interface == 1
        self.driver = False

    def write(self, point: int, data: bytes, timeout: int) -> int:
        self._check()
        assert timeout > 0
        assert point == (0x06 if self._split and not data.startswith(b"\xaa\xaa\xaa") else 0x02)
        answer = self._sam.hear(data)
        if self._split and answer:
            assert len(answer) > 7
            self._coming[0x81].append(answer[:7])
            self._coming[0x85].extend(_packets(answer[7:]))
        elif answer:
            self._coming[0x81].extend(_packets(answer))
        return len(data) if self.takes_only is None else self.takes_only

    def read(self, point: int, size: int, timeout: int) -> list[int]:
        self._check()
        assert size >= 1024
        assert timeout > 0
        if not self._coming[point]:
            raise usb.core.USBTimeoutError("Operation timed out")
        return list(self._coming[point].popleft())

    def _check(self) -> None:
        if self.unplugged:
            raise usb.core.USBError("No such device", errno=19)


class _Interface(list[SimpleNamespace]):
    @property
    def bInterfaceNumber(self) -> int:
        return 1


def _packets(data: bytes) -> list[bytes]:
    return [data[at : at + 64] for at in range(0, len(data), 64)]


class HidSam:
    """What hidapi gives for a reader with reports of 64 bytes, ``counted`` or padded."""

    def __init__(self, sam: SimulatedSam, *, counted: bool) -> None:
        self._sam = sam
        self._counted = counted
        self._coming: deque[bytes] = deque()
        self.unplugged = False
        self.opened: list[object] = []

    def device(self) -> HidSam:
        """``hid.device()``"""
        return self

    def open(self, vendor: int, product: int) -> None:
        self._open((vendor, product))

    def open_path(self, path: bytes) -> None:
        self._open(path)

    def _open(self, what: object) -> None:
        if self.unplugged:
            raise OSError("open failed")
        self.opened.append(what)

    def write(self, report: bytes) -> int:
        if self.unplugged:
            return -1
        assert len(report) == 65
        assert report[0] == 0
        payload = report[2 : 2 + report[1]] if self._counted else report[1:]
        answer = self._sam.hear(payload)
        room = 63 if self._counted else 64
        for at in range(0, len(answer), room):
            piece = answer[at : at + room]
            self._coming.append(((bytes((len(piece),)) if self._counted else b"") + piece).ljust(64, b"\x00"))
        return len(report)

    def read(self, size: int, timeout: int) -> list[int]:
        if self.unplugged:
            raise OSError("read error")
        assert size == 64
        assert timeout > 0
        return list(self._coming.popleft()) if self._coming else []

    def close(self) -> None:
        self._coming.clear()
