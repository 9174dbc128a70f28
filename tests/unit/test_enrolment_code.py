"""One-time codes as people copy them, and what a terminal signs to become one of a district's."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kiosk.journey.scanned import EnrolmentCode, classify, text_of
from offline_queue.enrolment import Enrolment, enrolment, new_code, read_code, read_enrolled, terminal_of

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def test_a_code_is_read_as_it_may_be_typed() -> None:
    code = new_code("TY03")
    assert read_code(code) == code
    assert read_code(code.lower()) == code
    assert read_code(f"  {code.replace('-', ' ')}\n") == code
    assert read_code(code.replace("-", "")) == code
    assert terminal_of(code) == "TY03"
    head, rest = code[:5], code[5:]
    assert read_code(head + rest.replace("0", "O").replace("1", "l")) == code
    assert {len(new_code(one)) for one in ("TY", "TY030303")} == {22, 28}
    assert len({new_code("TY03") for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "text", ["", "TY03", "TY03-7K3M-9QXA-2C5D", "T-7K3M-9QXA-2C5D-HJ4F", "-" * 200, "TY03-UUUU" * 3]
)
def test_what_is_no_code_is_none(text: str) -> None:
    assert read_code(text) is None


@given(st.integers(0, 23), st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
def test_a_single_wrong_character_is_always_noticed(at: int, wrong: str) -> None:
    code = _CODES
    if code[at] in ("-", wrong):
        return
    assert read_code(code[:at] + wrong + code[at + 1 :]) is None


_CODES = new_code("TY03")


def test_neighbours_in_the_wrong_order_are_noticed() -> None:
    plain = _CODES.replace("-", "")
    for at in range(len(plain) - 1):
        swapped = plain[:at] + plain[at + 1] + plain[at] + plain[at + 2 :]
        assert read_code(swapped) in ((None,) if plain[at] != plain[at + 1] else (_CODES,))


def test_a_code_fits_into_the_picture_that_terminals_know() -> None:
    for terminal in ("TY", "TY03", "TY030303"):
        code = new_code(terminal)
        text = f"https://district.example:8444/e#v1.{code}"
        assert classify(text) == EnrolmentCode("district.example:8444", code)
        assert text_of(EnrolmentCode("district.example:8444", code)) == text


def test_no_code_is_made_for_what_is_no_terminal() -> None:
    with pytest.raises(ValueError, match="2 to 8"):
        new_code("terminal")


def test_what_is_signed_is_this() -> None:
    """Literal, since both ends share the module."""
    code = new_code("TY03")
    body = json.loads(enrolment(code, KEY, b"-----BEGIN CERTIFICATE REQUEST-----\n"))
    signed = f"township-kiosk enrolment v1\n{code}\n-----BEGIN CERTIFICATE REQUEST-----\n".encode()
    KEY.public_key().verify(base64.b64decode(body["signature"]), signed)
    raw = KEY.public_key().public_bytes_raw()
    assert body["public_key"] == base64.urlsafe_b64encode(raw).decode().rstrip("=")
    asked = Enrolment.model_validate(body)
    assert asked.proven() == raw
    assert asked.model_copy(update={"request": "another"}).proven() is None
    assert asked.model_copy(update={"code": new_code("TY03")}).proven() is None
    assert asked.model_copy(update={"code": code.lower()}).proven() is None
    assert asked.model_copy(update={"public_key": "A" * 42 + "B"}).proven() is None


def test_an_answer_that_is_none_is_none() -> None:
    assert read_enrolled(b"<html>") is None
    assert read_enrolled(b'{"terminal":"TY03"}') is None
