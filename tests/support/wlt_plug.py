"""Photo decoders as an installation might bring them (``devices/card/wlt.py``); none of them decodes anything."""

from __future__ import annotations


def decode(wlt: bytes) -> bytes:
    """A picture's beginning, with what came in behind it."""
    return b"\xff\xd8\xff" + wlt


def fail(wlt: bytes) -> bytes:
    """A library without its licence file."""
    raise RuntimeError(wlt.hex())


def babble(wlt: bytes) -> bytes:
    """No picture."""
    return wlt


def flood(wlt: bytes) -> bytes:
    """More than any photo."""
    return b"BM" + wlt * 512
