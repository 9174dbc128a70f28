"""The second code engine: zbar, through pyzbar's bindings, asked for raw bytes.

``pyzbar.decode`` gives text that zbar has guessed an encoding for (SJIS or Big5, wrong for 23-43 % of Chinese UTF-8
codes). zbar has ``ZBAR_CFG_BINARY`` since 0.23.91, which pyzbar neither names nor sets, so its bindings are used here.
"""

from __future__ import annotations

from ctypes import byref, c_char_p, c_uint, c_void_p, cast, string_at
from typing import Any

from devices.camera.pictures import Gray

try:
    import pyzbar.wrapper as _pyzbar
except ImportError:  # libzbar0 is a system package and may be missing; zxing then reads alone
    _pyzbar = None

_wrapper: Any = _pyzbar

_CFG_ENABLE = 0
_CFG_BINARY = 4  # zbar.h: enum zbar_config_e; before 0.23.91 the value meant "number of configs" and is refused
_FOURCC_Y800 = 0x30303859

# zbar.h: enum zbar_symbol_type_e
_SYMBOLS = {
    "qr-code": 64,
    "code-128": 128,
    "code-39": 39,
    "code-93": 93,
    "ean-13": 13,
    "ean-8": 8,
    "upc-a": 12,
    "upc-e": 9,
    "itf": 25,
    "codabar": 38,
}
_NAMES = {number: name for name, number in _SYMBOLS.items()}


def available() -> bool:
    """Whether libzbar could be loaded."""
    return _wrapper is not None


def _says_bytes() -> bool:
    major, minor, patch = c_uint(), c_uint(), c_uint()
    version: Any = _wrapper.load_libzbar().zbar_version
    version(byref(major), byref(minor), byref(patch))
    return (major.value, minor.value, patch.value) >= (0, 23, 91)


def read_bytes(picture: Gray, formats: frozenset[str]) -> tuple[tuple[str, bytes], ...]:
    """Format name and raw payload of every code found; nothing where libzbar is missing."""
    wanted = [_SYMBOLS[name] for name in sorted(formats) if name in _SYMBOLS]
    if not available() or not wanted:
        return ()
    scanner = _wrapper.zbar_image_scanner_create()
    image = _wrapper.zbar_image_create()
    try:
        _wrapper.zbar_image_scanner_set_config(scanner, 0, _CFG_ENABLE, 0)
        for symbol in wanted:
            _wrapper.zbar_image_scanner_set_config(scanner, symbol, _CFG_ENABLE, 1)
        if 64 in wanted and _says_bytes():
            _wrapper.zbar_image_scanner_set_config(scanner, 64, _CFG_BINARY, 1)
        pixels = picture.tobytes()  # must outlive the scan: zbar keeps only the address
        height, width = picture.shape
        _wrapper.zbar_image_set_format(image, _FOURCC_Y800)
        _wrapper.zbar_image_set_size(image, width, height)
        _wrapper.zbar_image_set_data(image, cast(c_char_p(pixels), c_void_p), len(pixels), None)
        if _wrapper.zbar_scan_image(scanner, image) <= 0:
            return ()
        found: list[tuple[str, bytes]] = []
        symbol = _wrapper.zbar_image_first_symbol(image)
        while symbol:
            payload = string_at(_wrapper.zbar_symbol_get_data(symbol), _wrapper.zbar_symbol_get_data_length(symbol))
            if symbol.contents.type in _NAMES:
                found.append((_NAMES[symbol.contents.type], payload))
            symbol = _wrapper.zbar_symbol_next(symbol)
        return tuple(found)
    finally:
        _wrapper.zbar_image_destroy(image)
        _wrapper.zbar_image_scanner_destroy(scanner)
