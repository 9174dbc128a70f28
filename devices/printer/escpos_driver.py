"""python-escpos's transports, each with its traps closed: the only module that imports escpos.

What python-escpos 3.1 would do by itself, and why it is not left to it:

* importing it leaves a folder in the temporary directory and a handler on the root logger;
* ``Network`` waits 60 s, knows no IPv6 and leaks its socket when nobody answers;
* ``Usb`` waits for ever (``timeout=0``), guesses the end points, and takes a half-written packet for a written one;
* ``Serial`` has no time-out for writing, waits for 16 bytes where one is the answer, and hangs in ``close()`` when the
  printer holds the line;
* ``File`` empties the file each time it is opened and blocks on a stuck ``/dev/usb/lp0``;
* reading ``.device`` after ``close()`` opens it again; ``paper_status()`` calls an empty answer "adequate".

So the library finds, opens and names the device; each byte goes out and comes in here under a deadline of ours.
"""

# pyright: reportPrivateUsage=false
# (python-escpos 3.1 calls its plain byte transport _raw and _read and offers no public way to it)

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import tempfile
import termios
import time
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from typing import IO, Any, Protocol, cast

import serial
import usb.core

from devices.printer.api import Cut, Drawn, Printer, Setup, StatusKind
from devices.printer.cups import CupsPrinter
from devices.printer.job import SlipPrinter
from devices.printer.talk import Deadlines, Link, LinkLost
from devices.printer.uri import (
    CupsAddress,
    FileAddress,
    Flow,
    SerialAddress,
    TcpAddress,
    UsbAddress,
    read_address,
)


def _import_without_traces() -> tuple[Any, Any]:
    handlers, folder = list(logging.root.handlers), tempfile.tempdir
    with tempfile.TemporaryDirectory() as scratch:
        tempfile.tempdir = scratch
        try:
            from escpos import capabilities
            from escpos import printer as library
        finally:
            tempfile.tempdir = folder
            logging.root.handlers[:] = handlers
    return library, capabilities


_library, _capabilities = _import_without_traces()


class _Transport(Protocol):
    """What we use of an ``escpos.printer`` class; the library carries no complete types."""

    device: Any
    timeout: float

    def open(self) -> None: ...
    def close(self) -> None: ...
    def _raw(self, msg: bytes) -> None: ...
    def _read(self) -> bytes: ...


def open_printer(uri: str, setup: Setup | None = None, deadlines: Deadlines | None = None) -> Printer:
    """The printer at *uri* (see :func:`devices.printer.uri.read_address`).

    Nothing is connected yet: a terminal starts with its printer switched off. Raises :class:`ValueError`, with a
    sentence for the technician, for an address or a set-up that can never work.
    """
    address = read_address(uri)
    setup = setup or Setup()
    deadlines = deadlines or Deadlines()
    if setup.profile:
        _check_profile(setup)
    if isinstance(address, CupsAddress):
        return CupsPrinter(address=address, setup=setup, deadlines=deadlines)
    if isinstance(address, FileAddress):
        setup = replace(setup, status=StatusKind.NONE)  # a file never answers
    opener = partial(_open_link, address, deadlines.connect)
    shared = isinstance(address, TcpAddress)
    return SlipPrinter(open_link=opener, setup=setup, deadlines=deadlines, shared=shared)


def _check_profile(setup: Setup) -> None:
    """Hold *setup* against what python-escpos's list of models says of the printer."""
    profiles: dict[str, dict[str, Any]] = _capabilities.CAPABILITIES["profiles"]
    name = setup.profile
    if name not in profiles:
        near = ", ".join(get_close_matches(name, profiles, 3, 0.4)) or "see python-escpos's list of profiles"
        raise ValueError(f"no printer profile is called {name!r}; perhaps: {near}")
    width = profiles[name]["media"]["width"]["pixels"]
    if isinstance(width, int) and width < setup.width:
        raise ValueError(f"a {name} prints {width} dots across, not {setup.width}")
    features: dict[str, bool] = profiles[name]["features"]
    if setup.cut is Cut.FULL and not features["paperFullCut"]:
        raise ValueError(f"a {name} cannot cut all through: set cut to partial or none")
    if setup.cut is Cut.PARTIAL and not features["paperPartCut"]:
        raise ValueError(f"a {name} cannot leave a bridge when it cuts: set cut to full or none")
    if setup.qr is Drawn.NATIVE and not features["qrCode"]:
        raise ValueError(f"a {name} draws no QR codes: set qr to picture")
    if not features["bitImageRaster"]:
        raise ValueError(f"a {name} cannot print pictures (GS v 0)")


def _open_link(address: TcpAddress | SerialAddress | UsbAddress | FileAddress, within_s: float) -> Link:
    try:
        match address:
            case TcpAddress():
                return _TcpLink(address, within_s)
            case SerialAddress():
                return _SerialLink(address)
            case UsbAddress():
                return _UsbLink(address)
            case FileAddress():
                return _FileLink(address)
    except (
        OSError,
        ValueError,
        _library_error(),
    ) as error:  # ValueError: pyusb without libusb, pyserial with an odd speed
        raise LinkLost(str(error)) from error


def _library_error() -> type[Exception]:
    from escpos.exceptions import Error

    return Error


class _TcpLink:
    def __init__(self, address: TcpAddress, within_s: float) -> None:
        self._socket = socket.create_connection((address.host, address.port), timeout=within_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport = cast(_Transport, _library.Network(address.host, address.port, timeout=within_s))
        self._transport.device = self._socket

    def send(self, data: bytes, within_s: float) -> None:
        self._socket.settimeout(within_s)
        try:
            self._transport._raw(data)
        except OSError as error:
            raise LinkLost(str(error)) from error

    def receive(self, within_s: float) -> bytes:
        self._socket.settimeout(within_s)
        try:
            heard = self._transport._read()
        except (TimeoutError, BlockingIOError):
            return b""
        except OSError as error:
            raise LinkLost(str(error)) from error
        if not heard:
            raise LinkLost("the printer closed the connection")
        return heard

    def drain(self, within_s: float) -> None:
        """The kernel goes on sending after a proper close, so there is nothing to wait for."""

    def close(self) -> None:
        self._transport.close()


# SerialException and SerialTimeoutException are OSErrors; what termios says of an adapter that was pulled is not.
_SERIAL_ERRORS = (OSError, termios.error)


class _SerialLink:
    def __init__(self, address: SerialAddress) -> None:
        transport = cast(_Transport, _library.Serial(address.path, baudrate=address.baud, timeout=1, dsrdtr=False))
        transport.open()
        self._transport = transport
        self._port = cast(serial.Serial, transport.device)
        self._port.rtscts = address.flow is Flow.RTSCTS
        self._port.xonxoff = address.flow is Flow.XONXOFF
        self._port.reset_input_buffer()

    def send(self, data: bytes, within_s: float) -> None:
        try:
            self._port.write_timeout = within_s
            self._transport._raw(data)
        except _SERIAL_ERRORS as error:
            raise LinkLost(str(error)) from error

    def receive(self, within_s: float) -> bytes:
        try:
            self._port.timeout = within_s
            first = self._port.read(1)
            return first + self._port.read(self._port.in_waiting) if first else b""
        except _SERIAL_ERRORS as error:
            raise LinkLost(str(error)) from error

    def drain(self, within_s: float) -> None:
        deadline = time.monotonic() + within_s
        try:
            while self._port.out_waiting:
                if time.monotonic() > deadline:
                    raise LinkLost("the serial line is held")
                time.sleep(0.02)  # termios offers no drain with a deadline
        except _SERIAL_ERRORS as error:
            raise LinkLost(str(error)) from error

    def close(self) -> None:
        # The library's own close waits for a printer that holds the line, and fails when the adapter is gone.
        self._transport.device = False
        with contextlib.suppress(*_SERIAL_ERRORS):
            if self._port.out_waiting:
                self._port.reset_output_buffer()
        with contextlib.suppress(*_SERIAL_ERRORS):
            self._port.close()


class _UsbLink:
    """Not verified on hardware: see QUALITY.toml."""

    def __init__(self, address: UsbAddress) -> None:
        self._transport = cast(_Transport, _library.Usb(address.vendor, address.product, timeout=1000))
        self._transport.open()
        self._device = self._transport.device
        end_points = [
            int(point.bEndpointAddress)
            for interface in self._device.get_active_configuration()
            for point in interface
            if point.bmAttributes & 0x03 == 0x02  # bulk: USB 2.0, table 9-13
        ]
        out = [point for point in end_points if not point & 0x80]
        into = [point for point in end_points if point & 0x80]
        if not out or not into:
            raise OSError("the USB device has no pair of bulk end points: it is no printer that answers")
        self._out, self._in = out[0], into[0]

    def send(self, data: bytes, within_s: float) -> None:
        try:
            written = self._device.write(self._out, data, _milliseconds(within_s))
        except OSError as error:  # usb.core.USBError is an OSError
            raise LinkLost(str(error)) from error
        if written != len(data):
            raise LinkLost(f"the printer took {written} of {len(data)} bytes")

    def receive(self, within_s: float) -> bytes:
        deadline = time.monotonic() + within_s
        try:
            while True:  # printers send empty packets while they have nothing to say
                left = deadline - time.monotonic()
                if heard := bytes(self._device.read(self._in, 64, _milliseconds(left))):
                    return heard
                if left <= 0:
                    return b""
        except usb.core.USBTimeoutError:
            return b""
        except OSError as error:
            raise LinkLost(str(error)) from error

    def drain(self, within_s: float) -> None:
        """A bulk write that came back is in the printer."""

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._transport.close()
        self._transport.device = False  # else the library tries again when its object is collected


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))  # 0 would mean "for ever"


class _FileLink:
    """A line printer's device file, or a plain file that every slip is added to."""

    def __init__(self, address: FileAddress) -> None:
        # Not blocking: opening a pipe without a reader fails at once, and a stuck printer is met by select, not by a
        # hang.
        number = os.open(address.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
        self._file: IO[bytes] = os.fdopen(number, "wb")
        self._transport = cast(_Transport, _library.File(address.path))
        self._transport.device = self._file

    def send(self, data: bytes, within_s: float) -> None:
        deadline = time.monotonic() + within_s
        try:
            try:
                self._transport._raw(data)
                return
            except BlockingIOError:
                self._push(deadline)
        except OSError as error:
            raise LinkLost(str(error)) from error

    def _push(self, deadline: float) -> None:
        while (left := deadline - time.monotonic()) > 0:
            select.select([], [self._file], [], left)
            with contextlib.suppress(BlockingIOError):
                self._file.flush()
                return
        raise LinkLost("the printer took no more bytes")

    def receive(self, within_s: float) -> bytes:  # noqa: ARG002 (Link's signature)
        raise LinkLost("a file never answers")

    def drain(self, within_s: float) -> None:  # noqa: ARG002 (Link's signature)
        with contextlib.suppress(OSError):  # a device file has nothing to synchronise
            os.fsync(self._file.fileno())

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._transport.close()
        # After a close that could not flush, the library's object would try again when it is collected.
        self._transport.device = False
