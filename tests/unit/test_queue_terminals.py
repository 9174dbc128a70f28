"""Slips of the district's terminals, checked by their keys alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as some

from offline_queue.numbers import SlipCodeTrouble, make_number, make_slip_text
from offline_queue.terminals import GenuineSlip, KnownTerminal, check_slip, read_terminal, read_terminals

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


def known(key: Ed25519PrivateKey, code: str = "TY05", hall: str = "清溪镇便民服务大厅") -> KnownTerminal:
    return KnownTerminal(code=code, public_key=key.public_key().public_bytes_raw(), hall=hall)


def slip(key: Ed25519PrivateKey = KEY, terminal: str = "TY05", day: str = "261121") -> str:
    number = make_number(terminal=terminal, day=day, counter=12)
    return make_slip_text(district="district.example", number=number, token=bytes(16), key=key)


def test_genuine_slip_tells_where_and_when_it_was_made() -> None:
    assert check_slip(slip(), [known(OTHER, "TY01"), known(KEY)]) == GenuineSlip(
        number=make_number(terminal="TY05", day="261121", counter=12),
        terminal="TY05",
        hall="清溪镇便民服务大厅",
        district="district.example",
        day=date(2026, 11, 21),
    )


def test_key_of_a_terminal_that_changed_its_code() -> None:
    lines = [known(KEY, "TY05"), known(KEY, "TY06", "新大厅")]
    renamed = check_slip(slip(terminal="TY06"), lines)
    assert isinstance(renamed, GenuineSlip)
    assert renamed.hall == "新大厅"
    assert isinstance(check_slip(slip(terminal="TY99"), [known(KEY, "")]), GenuineSlip)


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        (slip(terminal="TY06"), SlipCodeTrouble.FORGED),  # signed by TY05 in another terminal's name
        (slip()[:-1] + ("A" if slip()[-1] != "A" else "Q"), SlipCodeTrouble.FORGED),
        (slip().replace("district.example", "elsewhere.example"), SlipCodeTrouble.FORGED),
        (slip(OTHER), SlipCodeTrouble.UNKNOWN_TERMINAL),
        (slip(day="261341"), SlipCodeTrouble.WRONG_NUMBER),
        (slip().replace("#v1", "#v2"), SlipCodeTrouble.OTHER_VERSION),
        ("https://example.com/win", SlipCodeTrouble.NOT_A_SLIP),
        ("", SlipCodeTrouble.NOT_A_SLIP),
    ],
)
def test_everything_else_is_told_apart(text: str, trouble: SlipCodeTrouble) -> None:
    found = check_slip(text, [known(KEY)])
    assert found is trouble or (trouble is SlipCodeTrouble.FORGED and found is SlipCodeTrouble.NOT_A_SLIP)
    assert not isinstance(found, GenuineSlip)


def test_lines_are_read_from_a_file_and_from_a_folder(tmp_path: Path) -> None:
    one, two = known(KEY), known(OTHER, "TY06", "")
    (tmp_path / "a").write_text(f"# the north\n\n{one.line()}\n", "utf-8")
    (tmp_path / "b").write_text(two.line() + "\n", "utf-8")
    (tmp_path / ".swp").write_text("rubbish", "utf-8")
    assert read_terminals(tmp_path / "a") == (one,)
    assert read_terminals(tmp_path) == (one, two)
    assert read_terminal(two.line().split()[1] + "=") == known(OTHER, "", "")


@pytest.mark.parametrize(
    "line", ["TY05", "TY05 short hall", "ty05 " + known(KEY).line().split()[1], "TY05 " + "é" * 43]
)
def test_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "keys").write_text(f"\n{line}\n", "utf-8")
    with pytest.raises(ValueError, match=r"keys:2: a line is: terminal code, public key"):
        read_terminals(tmp_path / "keys")


def test_list_without_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes(b"#" * (1024 * 1024 + 1))
    with pytest.raises(ValueError, match="larger than any list"):
        read_terminals(tmp_path / "keys")


@given(some.text(max_size=400))
def test_no_text_is_genuine_by_chance(text: str) -> None:
    assert isinstance(check_slip(text, [known(KEY)]), SlipCodeTrouble)


@given(some.integers(0, len(slip()) - 1), some.characters())
def test_one_changed_character_is_never_genuine(at: int, character: str) -> None:
    text = slip()
    if text[at] != character:
        assert isinstance(check_slip(text[:at] + character + text[at + 1 :], [known(KEY)]), SlipCodeTrouble)
