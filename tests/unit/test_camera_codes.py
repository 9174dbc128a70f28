"""Codes read from pictures, above all Chinese ones, and what must not be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.camera import codes, zbar
from devices.camera.api import Code, Picture
from devices.camera.codes import LONGEST_TEXT, CodeWatch, acceptable, read_codes, read_file_codes, text_of
from devices.camera.pictures import PictureError, bounded, decode_picture, gray
from tests.support.papers import packed, qr_picture

CHINESE = "户口簿：张三丰，常住人口登记卡 K20261123"
DATA = Path(__file__).parents[3] / "shared" / "data" / "qr"


@pytest.mark.parametrize("text", [CHINESE, "暂存号 4711", "https://例子.中国/?户=1", "㛃䶮𬭚", "plain ASCII", "张\n三"])
def test_utf8_codes_are_read_as_they_were_written(text: str) -> None:
    assert read_codes(qr_picture(text, encoding="utf-8")) == (Code("qr-code", text, "zxing"),)


@pytest.mark.parametrize("text", [CHINESE, "姓名：王秀英", "㛃䶮"])
def test_gb18030_codes_are_read_as_they_were_written(text: str) -> None:
    assert [code.text for code in read_codes(qr_picture(text.encode("gb18030")))] == [text]


@pytest.mark.parametrize("options", [{"encoding": "utf-8", "eci": True}, {"encoding": "gb18030", "eci": True}])
def test_a_code_that_names_its_encoding_is_believed(options: dict[str, Any]) -> None:
    assert [code.text for code in read_codes(qr_picture(CHINESE, **options))] == [CHINESE]


def test_kanji_mode_is_not_taken_for_gb18030() -> None:
    assert [code.text for code in read_codes(qr_picture("中国", mode="kanji"))] == ["中国"]
    assert [code.text for code in read_codes(qr_picture("户口本", mode="hanzi"))] == ["户口本"]


def test_bytes_that_are_no_text_fall_back_to_the_engines_guess() -> None:
    assert text_of(b"\xff\xff", guess="?") == "?"


@pytest.mark.skipif(not zbar.available(), reason="libzbar is not installed")
def test_zbar_gives_the_payloads_own_bytes() -> None:
    for payload in (CHINESE.encode(), CHINESE.encode("gb18030")):
        assert zbar.read_bytes(gray(qr_picture(payload)), codes.QR) == (("qr-code", payload),)
    assert zbar.read_bytes(gray(qr_picture("x")), frozenset({"data-matrix"})) == ()


def test_zbar_reads_when_zxing_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    if not zbar.available():
        pytest.skip("libzbar is not installed")

    def blind(*_: object, **__: object) -> list[object]:
        return []

    monkeypatch.setattr(zxingcpp, "read_barcodes", blind)
    picture = qr_picture(CHINESE, encoding="utf-8")
    assert read_codes(picture) == ()
    assert read_codes(picture, thorough=True) == (Code("qr-code", CHINESE, "zbar"),)


def test_missing_zbar_leaves_zxing_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zbar, "_wrapper", None)
    assert not zbar.available()
    assert read_codes(np.full((200, 200, 3), 255, np.uint8), thorough=True) == ()
    assert read_codes(qr_picture("x1"), thorough=True) == (Code("qr-code", "x1", "zxing"),)


def test_the_ladder_reads_what_the_plain_picture_hides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zbar, "_wrapper", None)
    small = qr_picture("https://example.org/hall/0123456789", scale=1)
    shown = np.full((300, 300, 3), 128, np.uint8)
    shown[100 : 100 + small.shape[0], 100 : 100 + small.shape[1]] = 118 + small // 26
    shown = cv2.GaussianBlur(shown, (0, 0), 0.55).astype(np.uint8)
    assert read_codes(shown) == ()
    assert [code.text for code in read_codes(shown, thorough=True)] == ["https://example.org/hall/0123456789"]


def bars(text: str, degrees: float = 0) -> Picture:
    image = cast("Any", zxingcpp).create_barcode(text, zxingcpp.BarcodeFormat.Code128).to_image(scale=3)
    drawn = np.pad(np.array(image, np.uint8), 120, constant_values=255)
    height, width = drawn.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    side = int(np.hypot(height, width))
    turn[:, 2] += ((side - width) / 2, (side - height) / 2)
    turned = cv2.warpAffine(drawn, turn, (side, side), borderValue=(255,))
    return cv2.cvtColor(turned, cv2.COLOR_GRAY2BGR).astype(np.uint8)


def test_bars_are_read_only_when_asked_for_and_at_any_angle() -> None:
    assert read_codes(bars("TOWN-123"), thorough=True) == ()
    for degrees in (0, 35, 45, 90):
        found = read_codes(bars("TOWN-123", degrees), formats=codes.EVERYDAY, thorough=True)
        assert [(code.format, code.text) for code in found] == [("code-128", "TOWN-123")]


def test_the_live_watch_wants_two_frames_for_bars_and_one_for_qr() -> None:
    watch = CodeWatch(formats=codes.QR | {"code-128"})
    assert watch.see(qr_picture("now")) == (Code("qr-code", "now", "zxing"),)
    assert watch.see(bars("TOWN-123")) == ()
    assert watch.see(bars("TOWN-124")) == ()
    assert watch.see(bars("TOWN-124")) == (Code("code-128", "TOWN-124", "zxing"),)
    assert watch.see(np.zeros((90, 90, 3), np.uint8)) == ()


def test_an_unknown_format_is_a_bug() -> None:
    with pytest.raises(KeyError):
        read_codes(qr_picture("x"), formats=frozenset({"rune"}))


def test_long_payloads_and_control_characters_are_refused() -> None:
    assert read_codes(qr_picture("9" * (LONGEST_TEXT + 1))) == ()
    assert read_codes(qr_picture("7" * LONGEST_TEXT))[0].text == "7" * LONGEST_TEXT
    assert read_codes(qr_picture("a\x1b[31mb")) == ()
    assert not acceptable("")
    assert not acceptable("\x85")


@given(st.text(min_size=1, max_size=60).filter(acceptable))
@settings(max_examples=40)
def test_any_text_written_as_utf8_comes_back(text: str) -> None:
    assert [code.text for code in read_codes(qr_picture(text.encode("utf-8"), scale=4))] == [text]


@given(st.binary(max_size=200), st.text(max_size=20))
def test_any_payload_becomes_a_text(payload: bytes, guess: str) -> None:
    text = text_of(payload, guess=guess)
    assert text == guess or payload in (text.encode("utf-8"), text.encode("gb18030"))
    acceptable(text)


@given(st.binary(min_size=1, max_size=60))
@settings(max_examples=40)
def test_any_bytes_in_a_code_are_read_or_left_out_by_both_engines(payload: bytes) -> None:
    picture = qr_picture(payload, scale=4)
    for found in (read_codes(picture), codes._by_zbar(gray(picture), codes.QR, LONGEST_TEXT)):  # pyright: ignore[reportPrivateUsage]
        assert all(acceptable(code.text) for code in found)


@given(st.binary(max_size=300))
@settings(max_examples=120)
def test_random_bytes_are_no_picture(data: bytes) -> None:
    with pytest.raises(PictureError):
        decode_picture(data)


@given(st.integers(0, 400), st.binary(min_size=1, max_size=12), st.sampled_from([".png", ".jpg", ".webp", ".bmp"]))
@settings(max_examples=150)
def test_a_damaged_picture_is_read_or_refused(at: int, junk: bytes, kind: str) -> None:
    data = packed(qr_picture("damaged", scale=2), kind)
    damaged = data[:at] + junk + data[at + len(junk) :]
    try:
        picture = decode_picture(damaged)
    except PictureError:
        return
    assert picture.ndim == 3
    assert picture.dtype == np.uint8
    read_codes(picture)


def test_files_by_any_name(tmp_path: Path) -> None:
    for name in ("#570.png", "户口 本.png", "a%03d.png"):
        (tmp_path / name).write_bytes(packed(qr_picture(CHINESE, encoding="utf-8")))
        assert read_file_codes(tmp_path / name) == (Code("qr-code", CHINESE, "zxing"),)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [("gone.png", None, "missing"), ("text.png", b"hello", "not-a-picture"), ("empty.png", b"", "not-a-picture")],
)
def test_no_picture_is_said_with_its_reason(tmp_path: Path, name: str, data: bytes | None, reason: str) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(PictureError) as trouble:
        read_file_codes(tmp_path / name)
    assert trouble.value.reason == reason


def test_a_small_file_that_unpacks_to_gigabytes_is_refused() -> None:
    small = packed(np.zeros((4, 4, 3), np.uint8))
    for side in (10_000, 65_000):
        bomb = small[:16] + side.to_bytes(4, "big") + side.to_bytes(4, "big") + small[24:]
        with pytest.raises(PictureError) as trouble:
            decode_picture(bomb)
        assert trouble.value.reason in {"too-large", "not-a-picture"}
    with pytest.raises(PictureError, match="too-large"):
        decode_picture(bytes(64 * 1024 * 1024 + 1))


def test_transparency_is_paper_and_tiny_pictures_are_pictures() -> None:
    code = qr_picture("clear")
    alpha = np.dstack((np.zeros_like(code), 255 - code[:, :, :1]))
    assert [found.text for found in read_codes(decode_picture(cv2.imencode(".png", alpha)[1].tobytes()))] == ["clear"]
    for kind in (".webp", ".png"):
        assert decode_picture(packed(np.zeros((1, 1, 3), np.uint8), kind)).shape == (1, 1, 3)
    assert bounded(np.zeros((10, 400, 3), np.uint8), 100).shape == (2, 100, 3)


@pytest.mark.skipif(not DATA.exists(), reason="the photographs are not here")
def test_photographs() -> None:
    right = wrong = pictures = 0
    for expected in sorted(DATA.glob("qrcode-*/*.txt")):
        picture = next(path for path in expected.parent.glob(f"{expected.stem}.*") if path.suffix != ".txt")
        texts = [code.text for code in read_file_codes(picture)]
        pictures += 1
        right += texts == [expected.read_bytes().decode("utf-8")]
        wrong += bool(texts) and texts != [expected.read_bytes().decode("utf-8")]
    assert wrong == 0
    assert right >= 0.9 * pictures
    for picture in (DATA / "falsepositives-1").iterdir():
        assert read_file_codes(picture) == ()
