"""What a code is, told by its text: ours by kind, everybody else's unknown, and no text brings it down."""

from __future__ import annotations

import urllib.request
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kiosk.journey.scanned import (
    EnrolmentCode,
    MatterCode,
    NewerCode,
    NoticeCode,
    ScannedCode,
    SlipCode,
    UnknownCode,
    classify,
    text_of,
)
from offline_queue.numbers import SlipCodeTrouble, make_number, make_slip_text, parse_slip_text

TOKEN = "AbCdEfGhIjKlMnOpQrStUv"
SLIP = make_slip_text(
    district="district.example",
    number=make_number(terminal="TY03", day="261123", counter=47),
    token=bytes(range(16)),
    key=Ed25519PrivateKey.from_private_bytes(bytes(32)),
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (SLIP, SlipCode(SLIP)),
        ("https://district.example/m#v1.pension-enrolment", MatterCode("district.example", "pension-enrolment")),
        ("https://d.cn:8443/n#v1.pension.261123", NoticeCode("d.cn:8443", "pension", date(2026, 11, 23))),
        (f"https://district.example/e#v1.{TOKEN}", EnrolmentCode("district.example", TOKEN)),
    ],
)
def test_what_is_ours_is_told_by_kind_and_written_back(text: str, code: ScannedCode) -> None:
    assert classify(text) == code
    assert not isinstance(code, NewerCode | UnknownCode)
    assert text_of(code) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "hello", "6901234567892", "https://example.com/win", "https://district.example/s", "weixin://wxpay/bizpayurl",
        "http://district.example/s#v1.x",  # not https
        "HTTPS://district.example/m#v1.pension", "https://District.example/m#v1.pension",
        "https://user@district.example/m#v1.pension", "https://district.example/m?x#v1.pension",
        "https://district.example/x#v1.pension", "https://district.example/m#v1.",
        "https://district.example/m#v1.Pension", "https://district.example/m#v1.养老",
        "https://district.example/n#v1.pension", "https://district.example/n#v1.pension.261332",
        "https://district.example/n#v1.pension.２６１１２３", f"https://district.example/e#v1.{TOKEN[:21]}",
        f"https://-/e#v1.{TOKEN}", f" https://district.example/e#v1.{TOKEN}", f"https://district.example/e#v1.{TOKEN}\n",
        "https://district.example/m#v1." + "a" * 2000, "https://" + "a" * 200 + "/m#v1.pension",
    ],
)  # fmt: skip
def test_everything_else_is_unknown(text: str) -> None:
    assert classify(text) == UnknownCode()


@pytest.mark.parametrize("kind", "smne")
def test_a_newer_code_of_ours_is_told_apart(kind: str) -> None:
    assert classify(f"https://district.example/{kind}#v2.anything") == NewerCode()
    assert classify(f"https://district.example/{kind}#v1000.anything") == UnknownCode()


def test_a_slip_that_is_damaged_is_still_looked_at_as_one() -> None:
    """What is wrong with it, the check of its signature says better than "somebody else's"."""
    damaged = SLIP.replace("TY03", "TY04")
    assert classify(damaged) == SlipCode(damaged)
    assert parse_slip_text(damaged, {}) is SlipCodeTrouble.WRONG_NUMBER


def test_a_malformed_code_cannot_be_printed() -> None:
    for code in (MatterCode("district.example", "No Such"), EnrolmentCode("district.example", "short")):
        with pytest.raises(ValueError, match="not a"):
            text_of(code)


def test_an_enrolment_keeps_its_secret() -> None:
    assert TOKEN not in repr(classify(f"https://district.example/e#v1.{TOKEN}"))


_near = st.from_regex(r"https?://[a-z0-9.:@/-]{0,30}/[a-z]?#v[0-9]{0,4}\.[A-Za-z0-9._-]{0,120}\n?", fullmatch=True)


@given(st.one_of(st.text(max_size=600), _near))
def test_any_text_has_an_answer_and_ours_are_written_back(text: str) -> None:
    code = classify(text)
    if not isinstance(code, NewerCode | UnknownCode):
        assert text_of(code) == text


@given(st.one_of(st.text(max_size=400), _near))
def test_nothing_is_opened(text: str) -> None:
    def opened(*_: object, **__: object) -> None:
        raise AssertionError("an address was opened")

    with pytest.MonkeyPatch.context() as watched:
        watched.setattr("socket.socket.connect", opened)
        watched.setattr("socket.getaddrinfo", opened)
        watched.setattr(urllib.request, "urlopen", opened)
        classify(text)
