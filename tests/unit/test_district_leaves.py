"""Pictures in PDFs that say something else of themselves than they are."""

from __future__ import annotations

import io
import zlib
from types import SimpleNamespace
from typing import Any

import pikepdf
import pytest
from PIL import Image

from district.web.leaves import count, leaf


def of_one_picture(raw: bytes, **told: Any) -> bytes:
    """A PDF of one page with this picture: ten by ten, grey, as its Flate data, unless told otherwise."""
    usual = {"Width": 10, "Height": 10, "BitsPerComponent": 8, "ColorSpace": pikepdf.Name.DeviceGray}
    kept = io.BytesIO()
    with pikepdf.new() as pdf:
        picture = pikepdf.Stream(pdf, b"", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, **{**usual, **told})
        way = told.get("Filter", pikepdf.Name.FlateDecode)
        picture.write(raw, filter=way, decode_parms=told.get("DecodeParms"))
        page = pdf.add_blank_page(page_size=(100, 100))
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(P=picture))
        pdf.save(kept, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return kept.getvalue()


GREY = bytes(range(100))
FLATE = pikepdf.Name.FlateDecode
ROWS = b"".join(b"\x00" + GREY[at : at + 10] for at in range(0, 100, 10))
DEVICE_N = pikepdf.Array(
    [pikepdf.Name.DeviceN, pikepdf.Array([pikepdf.Name.Gold]), pikepdf.Name.DeviceGray, pikepdf.Dictionary()]
)


@pytest.mark.parametrize(
    ("raw", "parms"),
    [(GREY, None), (ROWS, pikepdf.Dictionary(Predictor=15, Columns=10))],
    ids=["plain", "with predictors"],
)
def test_a_packed_picture_is_drawn(raw: bytes, parms: Any) -> None:
    content = of_one_picture(zlib.compress(raw), DecodeParms=parms)
    assert count(content) == 1
    shown = leaf(content, 1)
    assert shown is not None
    assert Image.open(io.BytesIO(shown.content)).tobytes() == GREY


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (zlib.compress(GREY)[:-20], {}),
        (zlib.compress(GREY[:-1]), {}),
        (b"no Flate data", {}),
        (zlib.compress(GREY), {"Width": -10}),
        (zlib.compress(GREY), {"Width": -10, "Height": -10}),
        (zlib.compress(GREY), {"Width": 2**40}),
        (zlib.compress(GREY), {"Width": pikepdf.Name.Wide}),
        (zlib.compress(GREY), {"BitsPerComponent": 16}),
        (zlib.compress(GREY), {"ColorSpace": DEVICE_N}),
        (zlib.compress(GREY), {"ColorSpace": pikepdf.Name.DeviceN}),
        (zlib.compress(zlib.compress(GREY)), {"Filter": pikepdf.Array([FLATE, FLATE])}),
        (zlib.compress(GREY), {"SMask": pikepdf.Dictionary()}),
        (zlib.compress(ROWS), {"DecodeParms": pikepdf.Dictionary(Predictor=15, Columns=2**30)}),
        (zlib.compress(GREY), {"DecodeParms": pikepdf.Dictionary(Predictor=2, Columns=10)}),
        (b"", {"Filter": pikepdf.Name.CCITTFaxDecode, "BitsPerComponent": 1}),
        (b"no JPEG", {"Filter": pikepdf.Name.DCTDecode}),
    ],
)
def test_an_odd_picture_is_no_leaf(raw: bytes, told: dict[str, Any]) -> None:
    content = of_one_picture(raw, **told)
    assert leaf(content, 1) is None
    assert count(content) in (0, 1)


def test_a_bomb_is_unpacked_no_further_than_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = of_one_picture(zlib.compress(bytes(20_000_000), 9))
    unpacked: list[int] = []

    class Counted:
        def __init__(self) -> None:
            self._real = zlib.decompressobj()

        def decompress(self, data: bytes, most: int) -> bytes:
            got = self._real.decompress(data, most)
            unpacked.append(len(got))
            return got

    def drawn(*_: Any, **__: Any) -> Image.Image:
        raise AssertionError("a bomb went on to be drawn")

    monkeypatch.setattr("district.web.leaves.zlib", SimpleNamespace(decompressobj=Counted, error=zlib.error))
    monkeypatch.setattr(pikepdf.PdfImage, "as_pil_image", drawn)
    assert (count(bomb), unpacked) == (1, [])
    assert (leaf(bomb, 1), unpacked) == (None, [101])


def lzw(begin: bytes, runs: int) -> bytes:
    """`begin`, and then so often seven million zeros, in codes for runs that grow by one (ISO 32000-1, 7.4.4)."""
    bits = f"{256:09b}"
    for first in (begin, *[b""] * (runs - 1)):
        codes = (*first, 0, *range(258 + len(first), 4094), 256)
        bits += "".join(f"{code:0{min(12, (258 + at).bit_length())}b}" for at, code in enumerate(codes))
    bits += f"{257:09b}"
    return int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")


def of_packed_objects(packed: bytes, way: bytes, table: bytes = b"/XRef") -> bytes:
    """A PDF whose catalogue is in an object stream."""
    head = b"<</Type/ObjStm/N 1/First 4/Filter/%s/Length %d>>stream\n" % (way, len(packed))
    content, places = b"%PDF-1.5\n", [b"\x02" + (3).to_bytes(4, "big")]
    for number, what in ((2, b"<</Type/Pages/Kids[]/Count 0>>"), (3, head + packed + b"\nendstream")):
        places.append(b"\x01" + len(content).to_bytes(4, "big"))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, what)
    rows = b"\0\0\0\0\0" + b"".join(places)
    told = b"<</Type%s/Size 4/W[1 4 0]/Root 1 0 R/Length %d>>" % (table, len(rows))
    return content + b"4 0 obj\n%sstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF" % (told, rows, len(content))


CATALOGUE = b"1 0 <</Type/Catalog/Pages 2 0 R>>"


@pytest.mark.parametrize(
    "bomb",
    [
        of_packed_objects(lzw(CATALOGUE, 12), b"LZWDecode"),
        of_packed_objects(lzw(CATALOGUE, 1), b"LZWDecode", b"/#58Re#66"),
        of_packed_objects(zlib.compress(CATALOGUE + bytes(1_000_000)), b"FlateDecode"),
    ],
    ids=["LZW", "escaped", "Flate"],
)
def test_packed_objects_are_not_unpacked(bomb: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opened, each would be: the first 80 MB out of 60 kB."""
    with pikepdf.open(io.BytesIO(bomb)) as pdf:
        assert pdf.Root.Type == pikepdf.Name.Catalog

    def opened(*_: Any) -> pikepdf.Pdf:
        raise AssertionError("it was opened")

    monkeypatch.setattr(pikepdf, "open", opened)
    assert (count(bomb), leaf(bomb, 1)) == (0, None)
