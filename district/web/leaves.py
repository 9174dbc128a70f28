"""Papers that terminals file as PDF, shown as the pictures that are in them.

A browser would have to run a PDF; a picture it only draws. Terminals put one picture on each page: a JPEG, which is
taken out as it is, or black and white in one bit (ITU-T T.6), which becomes a PNG. Nothing else of a PDF is looked at:
one that is anything else has no leaves, and is a file to save.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import cast

import pikepdf

MOST_BYTES = 32 * 1024 * 1024
MOST_LEAVES = 50
_MOST_PIXELS = 50_000_000
_DRAWN = ("/CCITTFaxDecode", "/FlateDecode")
_JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A page as a picture that browsers show."""

    media_type: str
    content: bytes


def leaves(content: bytes) -> tuple[Leaf, ...]:
    """The picture of each page; empty when any page is something else than one picture."""
    try:
        with pikepdf.open(BytesIO(content)) as pdf:
            if not 0 < len(pdf.pages) <= MOST_LEAVES:
                return ()
            found = tuple(_pictures(pdf))
            return found if len(found) == len(pdf.pages) else ()
    except (pikepdf.PdfError, AttributeError, KeyError, OSError, TypeError, ValueError, NotImplementedError):
        return ()


def _pictures(pdf: pikepdf.Pdf) -> Iterator[Leaf]:
    for page in pdf.pages:
        images = list(page.get_images().values())
        if len(images) != 1:
            return
        image = images[0]
        kind = image.get("/Filter")
        named = str(kind[0] if isinstance(kind, pikepdf.Array) else kind)
        if named == "/DCTDecode" and (raw := image.read_raw_bytes()).startswith(_JPEG):
            yield Leaf(media_type="image/jpeg", content=raw)
        elif named in _DRAWN and int(image["/Width"]) * int(image["/Height"]) <= _MOST_PIXELS:
            kept = BytesIO()
            pikepdf.PdfImage(cast("pikepdf.Stream", image)).as_pil_image().save(kept, "PNG")
            yield Leaf(media_type="image/png", content=kept.getvalue())
        else:
            return
