"""SDT frames against the bytes that makers published, and the parser against whatever a line can bring."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.card.sam.module import sam_number
from devices.card.sam.sdt import LONGEST, Answer, AnswerParser, Command, command_frame

FOUND = bytes.fromhex("AAAAAA9669 0008 00009F 00000000 97")
NO_CARD = bytes.fromhex("AAAAAA9669 0004 000080 84")
SELECTED = bytes.fromhex("AAAAAA9669 000C 000090 0000000000000000 9C")


@pytest.mark.parametrize(
    ("command", "published"),
    [
        (Command.SAM_ID, "AAAAAA9669000312FFEE"),
        (Command.FIND, "AAAAAA96690003200122"),
        (Command.SELECT, "AAAAAA96690003200221"),
        (Command.READ, "AAAAAA96690003300132"),
        (Command.READ_ADDRESS, "AAAAAA96690003300330"),
    ],
)
def test_commands_are_the_published_bytes(command: Command, published: str) -> None:
    assert command_frame(command) == bytes.fromhex(published)


def test_every_command_is_compared_and_none_reads_fingerprints() -> None:
    assert {command.value.hex() for command in Command} == {"12ff", "2001", "2002", "3001", "3003"}


@pytest.mark.parametrize(
    ("frame", "answer"),
    [
        (FOUND, Answer(0, 0x9F, bytes(4))),
        (NO_CARD, Answer(0, 0x80, b"")),
        (SELECTED, Answer(0, 0x90, bytes(8))),
        (bytes.fromhex("AAAAAA96690004000041 45"), Answer(0, 0x41, b"")),
        (bytes.fromhex("AAAAAA96690004000032 36"), Answer(0, 0x32, b"")),
        (bytes.fromhex("AAAAAA9669000469822FC0"), Answer(0x6982, 0x2F, b"")),
    ],
)
def test_answers_are_read_from_the_published_bytes(frame: bytes, answer: Answer) -> None:
    assert AnswerParser().feed(frame) == answer


def test_a_whole_card_is_the_longest_answer() -> None:
    body = bytes.fromhex("0508 000090 0100 0400") + bytes(range(256)) + bytes(1024)
    check = 0
    for byte in body:
        check ^= byte
    frame = bytes.fromhex("AAAAAA9669") + body + bytes((check,))
    assert len(frame) == 1295
    answer = AnswerParser().feed(frame)
    assert answer is not None
    assert (answer.module, len(answer.data)) == (0x90, 1284)


@pytest.mark.parametrize(
    "noise",
    [
        "",
        "00",
        "AA",
        "AAAAAA",
        "AAAAAA96",
        "AAAAAAAAAAAA",
        "AAAAAA9669",
        "AAAAAA96690000",  # shorter than any
        "AAAAAA96690509",  # longer than any
        "AAAAAA9669FFFF",
        "AAAAAA96690008",  # a beginning that swallows what follows
        "AAAAAA96690508000090",  # one that would wait for 1,288 bytes
        "AAAAAA966900040000419A",  # a wrong check byte
    ],
)
@pytest.mark.parametrize("piece", [1, 3, 64])
def test_noise_before_a_frame_is_passed_over(noise: str, piece: int) -> None:
    parser = AnswerParser()
    line = bytes.fromhex(noise) + FOUND
    answers = [parser.feed(line[at : at + piece]) for at in range(0, len(line), piece)]
    assert [answer for answer in answers if answer] == [Answer(0, 0x9F, bytes(4))]


def test_a_wrong_check_byte_is_noticed_at_once() -> None:
    parser = AnswerParser()
    assert parser.feed(NO_CARD[:-1]) is None
    assert not parser.damaged
    assert parser.feed(b"\x00") is None
    assert parser.damaged
    half = AnswerParser()
    half.feed(NO_CARD[:-1] + b"\x00" + FOUND[:9])
    assert not half.damaged  # what began after it may still become an answer


@given(st.lists(st.binary(max_size=80), max_size=60))
def test_no_line_can_make_the_parser_crash_or_keep_more_than_a_frame(pieces: list[bytes]) -> None:
    parser = AnswerParser()
    for piece in pieces:
        answer = parser.feed(piece)
        assert answer is None or len(answer.data) <= LONGEST - 4
        assert len(parser._pending) <= 7 + LONGEST  # pyright: ignore[reportPrivateUsage]


FRAME_LIKE = st.one_of(
    st.binary(max_size=12),
    st.just(bytes.fromhex("AAAAAA9669")),
    st.just(bytes.fromhex("AAAAAA96690508")),
    st.integers(0, 0xFFFF).map(lambda length: bytes.fromhex("AAAAAA9669") + length.to_bytes(2, "big")),
    st.just(NO_CARD[:-1]),
)


@given(st.lists(FRAME_LIKE, max_size=300), st.integers(1, 97))
def test_what_looks_like_frames_neither_fools_nor_fills_the_parser(parts: list[bytes], piece: int) -> None:
    parser, line = AnswerParser(), b"".join(parts)
    for at in range(0, len(line), piece):
        parser.feed(line[at : at + piece])
        assert len(parser._pending) <= 7 + LONGEST + piece  # pyright: ignore[reportPrivateUsage]


@given(st.binary(max_size=60).filter(lambda noise: b"\xaa\xaa\xaa\x96\x69" not in noise + FOUND[:4]))
def test_any_noise_without_a_preamble_loses_no_answer(noise: bytes) -> None:
    assert AnswerParser().feed(noise + FOUND) == Answer(0, 0x9F, bytes(4))


def test_the_number_printed_on_the_reader() -> None:
    answer = Answer(0, 0x90, bytes.fromhex("05000100 45503301 01000000 15CD5B07"))
    assert sam_number(answer) == "05.01-20140101-0000000001-0123456789"
    assert sam_number(Answer(0, 0x90, b"")) is None
    assert sam_number(Answer(0, 0x66, bytes(16))) is None
