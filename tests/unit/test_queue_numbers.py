from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from offline_queue.numbers import (
    SlipCode,
    SlipCodeTrouble,
    check_character,
    is_number,
    key_id,
    make_number,
    make_slip_text,
    parse_slip_text,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RAW = KEY.public_key().public_bytes_raw()
KEYS = {key_id(RAW): RAW}
NUMBER = make_number(terminal="TY03", day="261123", counter=47)
TEXT = make_slip_text(district="district.example", number=NUMBER, token=bytes(16), key=KEY)


def test_check_character_agrees_with_a_published_grid_number() -> None:
    # The Global Release Identifier standard's own example, A1-2425G-ABC1234002-M, uses MOD 37,36.
    assert check_character("A12425GABC1234002") == "M"


@given(
    counter=st.integers(1, 9999), at=st.integers(0, 13), other=st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
)
def test_one_wrong_character_is_always_found(counter: int, at: int, other: str) -> None:
    plain = f"TY03261123{counter:04d}"
    wrong = plain[:at] + other + plain[at + 1 :]
    assert (check_character(wrong) == check_character(plain)) == (wrong == plain)


def test_number_has_its_parts() -> None:
    assert NUMBER.startswith("TY03-261123-0047-")
    assert is_number(NUMBER)
    assert not is_number(NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1"))
    assert not is_number(NUMBER.lower())


def test_slip_text_is_read_back() -> None:
    assert parse_slip_text(TEXT, KEYS) == SlipCode(
        district="district.example", number=NUMBER, token="A" * 22, key_id=key_id(RAW)
    )


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("https://example.com/", SlipCodeTrouble.NOT_A_SLIP),
        (TEXT + "x" * 400, SlipCodeTrouble.NOT_A_SLIP),
        (TEXT + "\n", SlipCodeTrouble.NOT_A_SLIP),
        (TEXT.replace("https", "http"), SlipCodeTrouble.NOT_A_SLIP),
        (TEXT.replace("#v1.", "#v2."), SlipCodeTrouble.OTHER_VERSION),
        (TEXT.replace("-0047-", "-0048-"), SlipCodeTrouble.WRONG_NUMBER),
        (TEXT.replace("district.example", "evil.example"), SlipCodeTrouble.FORGED),
        (TEXT.replace("A" * 22, "A" * 21 + "Q"), SlipCodeTrouble.FORGED),
        (TEXT.replace("A" * 22, "A" * 21 + "B"), SlipCodeTrouble.NOT_A_SLIP),
        ("", SlipCodeTrouble.NOT_A_SLIP),
    ],
)
def test_other_texts_are_named_troubles(text: str, trouble: SlipCodeTrouble) -> None:
    assert parse_slip_text(text, KEYS) is trouble


def test_an_unknown_terminal_is_named() -> None:
    assert parse_slip_text(TEXT, {}) is SlipCodeTrouble.UNKNOWN_TERMINAL


@given(st.text(max_size=400))
def test_any_text_is_survived(text: str) -> None:
    assert isinstance(parse_slip_text(text, KEYS), SlipCodeTrouble)


def test_a_malformed_slip_is_a_bug() -> None:
    with pytest.raises(ValueError, match="slip text"):
        make_slip_text(district="Bad Host", number=NUMBER, token=bytes(16), key=KEY)
