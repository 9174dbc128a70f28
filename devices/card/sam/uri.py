"""Addresses of readers with a security module, as people write them in the configuration; read once and strictly."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from devices.card.addresses import BadAddress
from devices.card.sam.line import Line
from devices.card.sam.slot import SamSlot

_USUAL_BAUD = 115200
_BAUDS = (115200, 57600, 38400, 19200, 9600)  # what the module can be set to
_USUAL_HEADER = "FF000000"
_IDS = re.compile(r"([0-9a-fA-F]{4}):([0-9a-fA-F]{4})")
_HEADER = re.compile(r"FF[0-9a-fA-F]{6}")


def open_sam_slot(uri: str) -> SamSlot:
    """The slot of the reader at *uri*; nothing is opened before the first look.

    ``sdt-serial:PATH[?baud=N]`` (115200), ``sdt-usb:VVVV:PPPP``, ``sdt-hid:VVVV:PPPP`` or ``sdt-hid:/dev/hidrawN``,
    both with ``?reports=padded|counted`` (padded), ``sdt-pcsc:READER[?header=FF000000]``. Raises :class:`BadAddress`
    with one sentence that says what is wrong and what would be right.
    """
    return SamSlot(line=_line(uri), address=uri)


def ask_number(uri: str) -> str | None:
    """The number of the security module in the reader at *uri*, as printed on it; ``None`` when it gives none. The
    reader is let go again. Raises :class:`BadAddress`, and ``SlotLost`` with a text for the technician."""
    slot = open_sam_slot(uri)
    try:
        return slot.sam_number()
    finally:
        slot.close()


def _line(uri: str) -> Line:
    scheme, _, rest = uri.partition(":")
    where, _, query = rest.partition("?")
    match scheme:
        case "sdt-serial":
            from devices.card.sam.serial_line import SerialLine

            options = _options(uri, query, "baud")
            baud = options.get("baud", str(_USUAL_BAUD))
            if not where.startswith("/") and not where.upper().startswith("COM"):
                raise BadAddress(f"{uri}: name the port, as in sdt-serial:/dev/ttyS1")
            if baud not in map(str, _BAUDS):
                raise BadAddress(f"{uri}: baud is one of {', '.join(map(str, _BAUDS))}")
            return SerialLine(path=where, baud=int(baud))
        case "sdt-usb":
            from devices.card.sam.usb_line import UsbLine

            _options(uri, query)
            vendor, product = _ids(uri, where)
            return UsbLine(vendor=vendor, product=product)
        case "sdt-hid":
            from devices.card.sam.hid_line import HidLine, Reports

            reports = _options(uri, query, "reports").get("reports", Reports.PADDED)
            if reports not in tuple(Reports):
                raise BadAddress(f"{uri}: reports is padded or counted")
            return HidLine(device=where if where.startswith("/") else _ids(uri, where), reports=Reports(reports))
        case "sdt-pcsc":
            from devices.card.sam.pcsc_line import PcscLine

            header = _options(uri, query, "header").get("header", _USUAL_HEADER)
            if not where or not _HEADER.fullmatch(header):
                raise BadAddress(f"{uri}: write sdt-pcsc:READER?header=FF000000, four bytes that begin with FF")
            return PcscLine(reader_name=where, header=bytes.fromhex(header))
        case _:
            raise BadAddress(f"{uri}: begin with sdt-serial:, sdt-usb:, sdt-hid: or sdt-pcsc:")


def _ids(uri: str, text: str) -> tuple[int, int]:
    found = _IDS.fullmatch(text)
    if not found:
        raise BadAddress(f"{uri}: name vendor and product in hexadecimal, as in 0400:c35a")
    return int(found[1], 16), int(found[2], 16)


def _options(uri: str, query: str, *known: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    if unknown := sorted(options.keys() - set(known)):
        raise BadAddress(f"{uri}: {unknown[0]} is not an option here")
    return options
