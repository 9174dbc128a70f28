"""SSIP without its socket: whatever comes is a value or a defined error, and no text breaks out of its message."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, takewhile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devices.speech.dispatcher import ssip_rate
from devices.speech.ssip import (
    LONGEST_LINE,
    MOST_LINES,
    Happened,
    Notice,
    Parser,
    Reply,
    SsipError,
    command,
    message,
)

# What speech-dispatcher 0.11.4 said on the wire.
_SPOKEN = (
    b"208 OK CLIENT NAME SET\r\n250-espeak-ng\r\n250 OK MODULE LIST SENT\r\n225-1\r\n225 OK MESSAGE QUEUED\r\n"
    b"701-1\r\n701-1\r\n701 BEGIN\r\n703-1\r\n703-1\r\n703 CANCELED\r\n500 ERR INVALID COMMAND\r\n"
)
_MEANT = [
    Reply(208, (), "OK CLIENT NAME SET"),
    Reply(250, ("espeak-ng",), "OK MODULE LIST SENT"),
    Reply(225, ("1",), "OK MESSAGE QUEUED"),
    Notice(Happened.BEGIN, 1),
    Notice(Happened.CANCELED, 1),
    Reply(500, (), "ERR INVALID COMMAND"),
]


@given(st.lists(st.integers(0, len(_SPOKEN)), max_size=6))
def test_a_conversation_is_understood_however_it_is_cut(cuts: list[int]) -> None:
    parser = Parser()
    edges = [0, *sorted(cuts), len(_SPOKEN)]
    pieces = [_SPOKEN[start:end] for start, end in pairwise(edges)]
    assert [each for piece in pieces for each in parser.feed(piece)] == _MEANT
    assert [each.well for each in _MEANT if isinstance(each, Reply)] == [True, True, True, False]


_LINES = st.one_of(
    st.binary(max_size=40),
    st.from_regex(rb"[0-9]{3}[ -][ -~]{0,10}\r?\n", fullmatch=True),
    st.sampled_from([b"701-7\r\n", b"701 BEGIN\r\n", b"705-9\n", b"700-1\r\n700-2\r\n700-mark\r\n700 INDEX MARK\r\n"]),
)


@given(st.lists(_LINES, max_size=12))
@example([b"701-" + b"9" * 60 + b"\r\n", b"701 BEGIN\r\n"])
@example([b"799-1\r\n799 X\r\n"])
@example(["701-٣\r\n701 BEGIN\r\n".encode()])
def test_any_bytes_are_values_or_a_defined_error(pieces: list[bytes]) -> None:
    parser = Parser()
    try:
        said = [each for piece in pieces for each in parser.feed(piece)]
    except SsipError:
        return
    for each in said:
        assert isinstance(each, Reply | Notice)
        if isinstance(each, Notice):
            assert 0 <= each.message < 10**9
        else:
            assert 100 <= each.code < 700


@pytest.mark.parametrize(
    "flood", [b"2" * (LONGEST_LINE + 1), b"200 " + b"x" * LONGEST_LINE + b"\n", b"249-a\n" * (MOST_LINES + 1)]
)
def test_there_is_an_end_to_everything(flood: bytes) -> None:
    with pytest.raises(SsipError):
        Parser().feed(flood)


def test_a_mark_and_a_mixed_up_reply() -> None:
    assert Parser().feed(b"700-4\r\n700-1\r\n700-here\r\n700 INDEX MARK\r\n") == [Notice(Happened.INDEX_MARK, 4)]
    with pytest.raises(SsipError):
        Parser().feed(b"250-a\r\n251 b\r\n")


def _received(data: bytes) -> Iterator[str]:
    """The lines of a message as ssip.info has the server read them (section "SPEAK")."""
    for line in takewhile(lambda line: line != b".", data.split(b"\r\n")):
        yield (line[1:] if line.startswith(b"..") else line).decode()


@given(st.text(st.characters(codec="utf-8"), max_size=60) | st.from_regex(r"[.\r\na]{0,12}", fullmatch=True))
@example(".")
@example("a\r\n.\r\nSTOP ALL\r\n")
def test_a_text_cannot_end_its_message(text: str) -> None:
    data = message(text)
    assert data.endswith(b"\r\n.\r\n")
    assert list(_received(data)) == text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert data[:-5].split(b"\r\n").count(b".") == 0


@given(st.lists(st.text(max_size=8), min_size=1, max_size=3))
def test_a_command_is_one_line(words: list[str]) -> None:
    try:
        sent = command(*words)
    except (ValueError, UnicodeEncodeError):
        return
    assert sent.count(b"\r") == sent.count(b"\n") == 1
    assert sent.endswith(b"\r\n")


@given(st.floats(0.5, 2.0))
def test_the_pace_stays_within_what_ssip_allows(rate: float) -> None:
    assert -100 <= ssip_rate(rate) <= 100
    assert (ssip_rate(rate) < 0) == (rate < 0.995) or abs(rate - 1) < 0.02


def test_the_pace_is_that_of_espeaks_module() -> None:
    assert [ssip_rate(rate) for rate in (0.5, 80 / 170, 1.0, 2.0, 449 / 170)] == [-94, -100, 0, 61, 100]
