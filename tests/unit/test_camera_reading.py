"""What counts as an ID number, a name, a bank card or a zone on recognised lines; no engine needed."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.camera.api import Corners
from devices.camera.pictures import PictureError
from devices.camera.reading import wire
from devices.camera.reading.api import Kind, Line, Suggestion
from devices.camera.reading.fields import find, zone, zone_line
from devices.camera.reading.numbers import is_bank_card, is_id_number
from devices.camera.reading.zone import find_zone
from tests.support.papers import packed, written_page
from tests.support.written import PEOPLE, bank_card, document_page, id_number, under_camera

NUMBER = PEOPLE[0].number
CARD = bank_card("621700123456789012")
ALL = frozenset(Kind)


def box(x: float, y: float, width: float = 100, height: float = 30) -> Corners:
    return ((x, y), (x + width, y), (x + width, y + height), (x, y + height))


def line(text: str, x: float = 0, y: float = 0, width: float = 100, *, confidence: float = 0.99) -> Line:
    return Line(text, box(x, y, width), confidence)


def texts(lines: list[Line], kind: Kind) -> list[str]:
    return [each.text for each in find(lines, frozenset({kind}))]


@pytest.mark.parametrize(
    "text",
    [
        NUMBER,
        f"公民身份号码{NUMBER}",
        f"身份证号：{NUMBER}",
        " ".join(NUMBER),
        f"{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}",
    ],
)
def test_an_id_number_is_found_however_it_is_written(text: str) -> None:
    assert texts([line(text)], Kind.ID_NUMBER) == [NUMBER]


def test_doubles_are_mended_only_when_the_number_then_holds() -> None:
    misread = NUMBER.replace("0", "O", 2).replace("1", "l", 1)
    assert texts([line(misread)], Kind.ID_NUMBER) == [NUMBER]
    wrong = NUMBER[:-1] + ("1" if NUMBER[-1] != "1" else "2")
    assert texts([line(wrong), line(wrong.replace("0", "O"))], Kind.ID_NUMBER) == []


def test_the_last_character_may_be_an_x() -> None:
    number = next(each for each in (id_number("932682", "19680315", f"{n:03d}") for n in range(99)) if each[-1] == "X")
    assert texts([line(number.lower())], Kind.ID_NUMBER) == [number]


@pytest.mark.parametrize("text", ["1" + NUMBER, NUMBER + "0", NUMBER[:-1], "9326821968131500" + "24", "样张"])
def test_what_only_resembles_an_id_number_is_none(text: str) -> None:
    assert texts([line(text)], Kind.ID_NUMBER) == []


def test_an_unclear_line_is_no_suggestion() -> None:
    assert texts([line(NUMBER, confidence=0.7)], Kind.ID_NUMBER) == []
    assert texts([line("姓名"), line("王秀英", 150, confidence=0.85)], Kind.NAME) == []


@given(st.integers(0, 17), st.sampled_from("0123456789"))
def test_one_wrong_digit_never_passes(place: int, digit: str) -> None:
    changed = NUMBER[:place] + digit + NUMBER[place + 1 :]
    assert is_id_number(changed) == (changed == NUMBER)


@given(st.integers(0, 18), st.sampled_from("0123456789"))
def test_one_wrong_digit_of_a_card_never_passes(place: int, digit: str) -> None:
    changed = CARD[:place] + digit + CARD[place + 1 :]
    assert is_bank_card(changed) == (changed == CARD)


@pytest.mark.parametrize("size", [13, 16, 19])
def test_bank_cards_of_every_length_in_groups(size: int) -> None:
    number = bank_card("6228480012345678901"[: size - 1])
    grouped = " ".join(number[start : start + 4] for start in range(0, size, 4))
    assert texts([line(grouped)], Kind.BANK_CARD) == [number]
    assert texts([line(grouped.replace(" ", "-"))], Kind.BANK_CARD) == [number]


def test_groups_that_were_seen_apart_are_put_together() -> None:
    groups = [CARD[:4], CARD[4:8], CARD[8:12], CARD[12:16], CARD[16:]]
    lines = [line(text, 120 * index, 3 * (index % 2), 90) for index, text in enumerate(groups)]
    assert texts([line("样张农商银行", 0, 200), *reversed(lines)], Kind.BANK_CARD) == [CARD]
    apart = [line(text, 120 * index, 80 * index, 90) for index, text in enumerate(groups)]
    assert texts(apart, Kind.BANK_CARD) == []


def test_a_card_of_a_chinese_bank_comes_first() -> None:
    other = bank_card("411111222233334")
    assert texts([line(other, confidence=1.0), line(CARD, 0, 90, confidence=0.9)], Kind.BANK_CARD) == [CARD, other]


@pytest.mark.parametrize(
    "text", [NUMBER, "13812345678", "0000000000000000", CARD[:-1] + "9", "1" + CARD[:15], CARD + "1"]
)
def test_other_numbers_are_no_bank_card(text: str) -> None:
    assert texts([line(text)], Kind.BANK_CARD) == []


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("王秀英", "王秀英"),
        ("欧 阳 建 国", "欧阳建国"),
        ("阿卜杜热合曼•买买提", "阿卜杜热合曼·买买提"),
        ("阿卜杜热合曼・买买提吐尔逊江", "阿卜杜热合曼·买买提吐尔逊江"),
        ("龚䶮", "龚䶮"),
    ],
)
def test_a_name_beside_or_below_its_label(written: str, name: str) -> None:
    assert texts([line("姓名", 0, 0), line(written, 180, 4)], Kind.NAME) == [name]
    assert texts([line(f"姓名：{written}")], Kind.NAME) == [name]
    assert texts([line("姓名", 0, 0), line("性别", 180, 0), line(written, 0, 50)], Kind.NAME) == [name]
    assert texts([line("姓", 0, 0, 30), line("名", 60, 0, 30), line(written, 180, 0)], Kind.NAME) == [name]


def test_a_name_ends_where_the_next_label_begins() -> None:
    assert texts([line("姓名：李建国性别：男")], Kind.NAME) == ["李建国"]


@pytest.mark.parametrize("beside", ["户主", "汉族", "12345", "王", "", "这是一段很长的说明文字而不是任何人的名字"])
def test_what_stands_there_instead_is_no_name(beside: str) -> None:
    assert texts([line("姓名", 0, 0), line(beside, 180, 0)], Kind.NAME) == []
    assert texts([line("王秀英", 0, 0), line("张三", 0, 90)], Kind.NAME) == []  # no label, no name


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_page_may_lie_any_way_round(quarters: int) -> None:
    def turned(each: Line) -> Line:
        points = list(each.box)
        for _ in range(quarters):
            points = [(1000 - y, x) for x, y in points]
        first, second, third, fourth = points
        return Line(each.text, (first, second, third, fourth), each.confidence)

    page = [line("姓名", 0, 0), line("王秀英", 180, 4), line("性别", 0, 60), line("公民身份号码" + NUMBER, 0, 120, 500)]
    assert [each.text for each in find(map(turned, page), ALL)] == [NUMBER, "王秀英"]


def test_only_what_was_asked_for_is_found() -> None:
    page = [line("姓名王秀英"), line(NUMBER, 0, 60), line(CARD, 0, 120)]
    assert [each.kind for each in find(page, frozenset({Kind.BANK_CARD}))] == [Kind.BANK_CARD]
    assert find(page, frozenset()) == ()


UPPER = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"
LOWER = "L898902C36UTO7408122F1204159ZE184226B<<<<<10"


def test_lines_of_a_zone_keep_their_order_and_length() -> None:
    assert [each.text for each in zone([line(UPPER), line(LOWER)])] == [UPPER, LOWER]
    assert [each.text for each in find([line(LOWER, 0, 60), line("签发机关", 0, -90), line(UPPER)], ALL)] == [
        UPPER,
        LOWER,
    ]
    assert zone_line("CSC123456789<3001011<6803155<5") == "CSC123456789<3001011<6803155<5"


def test_fillers_are_taken_however_they_are_read() -> None:
    for read in (UPPER.replace("<<", "《"), UPPER[:-1] + "く", UPPER.replace("<", "＜"), UPPER.lower()):
        assert zone_line(read) == UPPER


def test_a_card_access_number_stands_alone() -> None:
    lines = [line("CAN 123456"), line("654321", 0, 50), line("12345678", 0, 100), line("150368 M", 0, 150)]
    assert texts(lines, Kind.CAN) == ["123456", "654321"]


@pytest.mark.parametrize("text", ["", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCD", LOWER[:20], "姓名王秀英", "<" * 400, NUMBER])
def test_what_is_no_line_of_a_zone(text: str) -> None:
    assert zone_line(text) is None


@given(st.text(max_size=60))
def test_no_line_makes_the_finders_fail(text: str) -> None:
    for each in find([line(text), line("姓名"), line(text, 180)], ALL):
        assert 0 < len(each.text) <= 50


# --- the strip in the live picture ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lines",
    [
        (UPPER, LOWER),
        ("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"),
        ("CSC123456789<3001011<6803155<5",),
    ],
)
@pytest.mark.parametrize("degrees", [0, 5, -9, 90, 180, 276])
def test_the_strip_is_found_however_the_document_lies(lines: tuple[str, ...], degrees: float) -> None:
    seen = find_zone(under_camera(document_page(lines), degrees=degrees))
    assert seen is not None
    assert len(seen.lines) == len(lines)
    assert all(each.shape[0] == 48 and each.shape[1] > 12 * 48 for each in seen.lines)
    xs, ys = [x for x, _ in seen.corners], [y for _, y in seen.corners]
    assert 0 < min(xs) < max(xs) < 1920
    assert 0 < min(ys) < max(ys) < 1080


def test_an_empty_mat_and_a_page_of_print_have_no_zone() -> None:
    assert find_zone(np.full((1080, 1920, 3), 45, np.uint8)) is None
    assert find_zone(np.zeros((8, 8, 3), np.uint8)) is None


# --- the wire -------------------------------------------------------------------------------------------------------


def test_a_page_and_a_zone_go_over_the_wire() -> None:
    page = wire.read_request(io.BytesIO(wire.page_request(packed(written_page(200, 200), ".jpg"), ALL)))
    assert isinstance(page, wire.Page)
    assert (page.picture.shape, page.kinds) == ((200, 200, 3), ALL)
    strip = np.arange(48 * 600 * 3, dtype=np.uint32).astype(np.uint8).reshape(48, 600, 3)
    zone = wire.read_request(io.BytesIO(wire.zone_request([strip, strip[:, ::-1]])))
    assert isinstance(zone, wire.Zone)
    assert np.array_equal(zone.lines[1], strip[:, ::-1])
    assert wire.read_request(io.BytesIO()) is None


def test_an_answer_goes_over_the_wire() -> None:
    found = (Suggestion(Kind.NAME, "龚䶮", box(1, 2), 0.9), Suggestion(Kind.MRZ, UPPER, box(0, 0), 1.0))
    out = io.BytesIO()
    wire.write_answer(out, found)
    data = out.getvalue()
    assert wire.answer_length(data[:4]) == len(data) - 4
    assert wire.answer(data[4:]) == found


@pytest.mark.parametrize(
    "data",
    [b'{"a": 1}', b"[1]", b"nonsense", b"[[]]", b'[["name","x",[],1]]', b'[["shoe","x",[[0,0],[0,0],[0,0],[0,0]],1]]',
     b'[["name","",[[0,0],[0,0],[0,0],[0,0]],1]]', b'[["name","' + b"x" * 65 + b'",[[0,0],[0,0],[0,0],[0,0]],1]]'],
)  # fmt: skip
def test_an_answer_of_another_shape_is_refused(data: bytes) -> None:
    with pytest.raises(wire.BrokenWire):
        wire.answer(data)


@pytest.mark.parametrize("header", [b"", b"\0\0", b"\0\0\0\0", b"\x7f\xff\xff\xff"])
def test_a_length_out_of_bounds_is_refused(header: bytes) -> None:
    with pytest.raises(wire.BrokenWire):
        wire.answer_length(header)


def _packed(text: str) -> bytes:
    return len(text).to_bytes(4, "big") + text.encode()


@pytest.mark.parametrize(
    "data",
    [b"\0\0", _packed("{"), _packed("{}"), _packed('{"page":0,"kinds":[]}'), _packed('{"page":99999999,"kinds":[]}'),
     _packed('{"page":9,"kinds":[]}') + b"abc", _packed('{"zone":[[48,99999999]]}'), _packed('{"zone":[[48,600]]}')],
)  # fmt: skip
def test_a_request_of_another_shape_is_refused(data: bytes) -> None:
    with pytest.raises(wire.BrokenWire):
        wire.read_request(io.BytesIO(data))


def test_what_is_too_large_or_no_picture_is_not_sent_or_not_read() -> None:
    with pytest.raises(ValueError, match="larger"):
        wire.page_request(b"x" * (wire.LARGEST_PAGE + 1), ALL)
    with pytest.raises(ValueError, match="zone"):
        wire.zone_request([])
    with pytest.raises(PictureError):
        wire.read_request(io.BytesIO(wire.page_request(b"no picture", ALL)))
