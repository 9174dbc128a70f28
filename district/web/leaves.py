"""Papers that terminals file as PDF, shown as the pictures that are in them.

A browser would have to run a PDF; a picture it only draws. Terminals put one picture on each page: a JPEG, which is
taken out as it is, or black and white in one bit (ITU-T T.6), which becomes a PNG. Nothing else of a PDF is looked at:
one that is anything else has no leaves, and is a file to save.

A file says of itself how large its picture is, and may lie: a stream is unpacked only as far as the size that it tells,
and a picture that needs more unpacked beside it (a mask, a palette, a colour profile) is a file to save. So is a file
whose objects are packed: it would be unpacked to see what it is, by LZW beyond any bound.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import cast

import pikepdf

MOST_BYTES = 32 * 1024 * 1024
MOST_LEAVES = 50
_MOST_SAMPLES = 50_000_000
# Packed objects (ISO 32000-1, 7.5.7) are found by a table that is a stream of this type (7.5.8), perhaps with escapes
# in its name (7.3.5), and by nothing else. Terminals write the plain table of PDF 1.3.
_PACKED = re.compile(rb"/(X|#58)(R|#52)(e|#65)(f|#66)")
# For the whole process, where nothing else opens PDFs: above what the largest picture takes with its predictors.
pikepdf.settings.set_qpdf_limits(flate_max_memory=64 * 1024 * 1024, run_length_max_memory=64 * 1024 * 1024)

_BANDS = {"/DeviceGray": 1, "/DeviceRGB": 3}
_PNG_PREDICTORS = range(10, 16)  # ISO 32000-1, table 8
_USUAL = {"/Predictor": 1, "/Columns": 1, "/Colors": 1, "/BitsPerComponent": 8}
_JPEG = b"\xff\xd8\xff"
_ODD = (
    pikepdf.PikepdfError,
    AttributeError,
    KeyError,
    NotImplementedError,
    OSError,
    OverflowError,
    TypeError,
    ValueError,
    zlib.error,
)
"""What pikepdf, zlib and Pillow raise of a file that is not as it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A page as a picture that browsers show."""

    media_type: str
    content: bytes


def count(content: bytes) -> int:
    """How many leaves there are by what the pages say, no picture being unpacked; 0 when any page is something else."""
    try:
        with _opened(content) as pdf:
            return len(_pictures(pdf))
    except _ODD:
        return 0


def leaf(content: bytes, number: int) -> Leaf | None:
    """The picture of one page, the first being 1; None where there is none."""
    try:
        with _opened(content) as pdf:
            pictures = _pictures(pdf)
            return _drawn(pictures[number - 1]) if 0 < number <= len(pictures) else None
    except _ODD:
        return None


def _opened(content: bytes) -> pikepdf.Pdf:
    """Nothing is unpacked by this. Raises one of _ODD."""
    if _PACKED.search(content):
        raise ValueError("packed objects")
    return pikepdf.open(BytesIO(content))


def _pictures(pdf: pikepdf.Pdf) -> list[pikepdf.Object]:
    if len(pdf.pages) > MOST_LEAVES:
        return []
    found = [list(page.get_images().values()) for page in pdf.pages]
    alone = [images[0] for images in found if len(images) == 1 and _is_plain(images[0])]
    return alone if len(alone) == len(found) else []


def _is_plain(image: pikepdf.Object) -> bool:
    """Whether this is a JPEG, or samples of a known size with nothing else to unpack."""
    way = _only(image, "/Filter")
    if way == "/DCTDecode":
        return True
    width, height, bits = (int(image[name]) for name in ("/Width", "/Height", "/BitsPerComponent"))
    bands = _BANDS.get(str(image["/ColorSpace"]), 0) if isinstance(image["/ColorSpace"], pikepdf.Name) else 0
    return (
        width > 0
        and height > 0
        and 0 < width * height * bands <= _MOST_SAMPLES
        and not any(name in image for name in ("/SMask", "/Mask", "/ImageMask"))
        and ((way == "/CCITTFaxDecode" and bits == 1) or (way == "/FlateDecode" and bits in (1, 8)))
    )


def _drawn(image: pikepdf.Object) -> Leaf | None:
    raw = image.read_raw_bytes()
    way = _only(image, "/Filter")
    if way == "/DCTDecode":
        return Leaf(media_type="image/jpeg", content=raw) if raw.startswith(_JPEG) else None
    if way == "/FlateDecode" and not _is_as_large_as_told(image, raw):
        return None
    kept = BytesIO()
    drawn = pikepdf.PdfImage(cast("pikepdf.Stream", image)).as_pil_image(apply_mask=False)
    drawn.save(kept, "PNG", compress_type=zlib.Z_RLE)  # for writing as small as by a search for repetitions, and sooner
    return Leaf(media_type="image/png", content=kept.getvalue())


def _is_as_large_as_told(image: pikepdf.Object, raw: bytes) -> bool:
    """Unpacks one byte more than the samples are, at most; qpdf, which knows no such bound, then does so again."""
    width, bits, bands = int(image["/Width"]), int(image["/BitsPerComponent"]), _BANDS[str(image["/ColorSpace"])]
    row = (width * bits * bands + 7) // 8
    told = _only(image, "/DecodeParms")
    ways = {} if told is None else {name: int(told.get(name, usual)) for name, usual in _USUAL.items()}
    if ways.get("/Predictor", 1) in _PNG_PREDICTORS:
        if (ways["/Columns"], ways["/Colors"], ways["/BitsPerComponent"]) != (width, bands, bits):
            return False
        row += 1
    elif ways.get("/Predictor", 1) != 1:
        return False
    expected = row * int(image["/Height"])
    return len(zlib.decompressobj().decompress(raw, expected + 1)) == expected


def _only(image: pikepdf.Object, name: str) -> pikepdf.Object | None:
    """What stands under this name, alone or as the one thing of a list."""
    told = image.get(name)
    if not isinstance(told, pikepdf.Array):
        return told
    if len(told) != 1:
        raise ValueError(name)
    return told[0]
