"""The photo on a resident identity card, which only licensed libraries can decode: the one seam for such a library.

The chip holds 1,024 bytes of "WLT". Whoever has a licence installs a small package beside the terminal whose entry
point, in the group :data:`GROUP`, names a function ``decode(wlt: bytes) -> bytes`` that gives a JPEG, PNG or BMP; docs/
devices-card.md shows one. Without it no photo is shown.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import cast

GROUP = "township_kiosk.wlt"

_MOST = 262144  # 102 × 126 pixels are 38 KB even as a BMP
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM")

_log = logging.getLogger(__name__)


def decode_wlt(wlt: bytes) -> bytes | None:
    """The photo as a JPEG, PNG or BMP of at most 256 KiB; ``None`` without a decoder, or when it fails."""
    for plug in entry_points(group=GROUP):
        try:
            picture = cast("Callable[[bytes], bytes]", plug.load())(wlt)
        except Exception as failure:  # noqa: BLE001 - a foreign library must not cost the resident the read
            # Its text may carry what the card said, so only its type is logged.
            _log.warning("the photo decoder %s failed: %s", plug.name, type(failure).__name__)
            continue
        if len(picture) <= _MOST and picture.startswith(_PICTURES):
            return picture
        _log.warning("the photo decoder %s gave no picture", plug.name)
    return None
