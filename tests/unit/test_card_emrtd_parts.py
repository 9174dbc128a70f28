"""The parts of travel document reading, one by one, on input that no good document has."""

from __future__ import annotations

import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from devices.card.emrtd import ber
from devices.card.emrtd.apdu import Command
from devices.card.emrtd.ciphers import AesSuite, pad, unpad
from devices.card.emrtd.lds import Details, groups_in_com, read_dg1, read_dg11
from devices.card.emrtd.lengths import SHORT, longest_answer
from devices.card.emrtd.messaging import SecureTalk
from devices.card.emrtd.photo import read_photo
from devices.card.emrtd.security_infos import number, security_infos
from devices.card.sim_emrtd import DEMO_HOLDERS
from devices.card.sim_emrtd_crypto import Session, seal_answer
from devices.card.sim_emrtd_files import data_groups, tlv
from devices.card.slot import CardDamaged, Channel

PASSPORT = DEMO_HOLDERS["passport"]


# --- data objects


@given(st.integers(1, 0xFE).filter(lambda tag: tag & 0x1F != 0x1F), st.binary(max_size=70_000))
def test_an_object_comes_back_as_it_was(tag: int, value: bytes) -> None:
    raw = ber.tlv(tag, value)
    assert raw == tlv(tag, value)  # written twice, read once
    assert ber.only(raw, tag) == value
    assert ber.by_tag(raw + b"\x7f\x61\x00") == {tag: value, 0x7F61: b""}


@pytest.mark.parametrize("raw", ["1f", "1f81828301", "05", "0580", "0584ffffffff", "058201", "050201", "0500" * 1025])
def test_what_is_no_object_is_damage(raw: str) -> None:
    with pytest.raises(CardDamaged):
        ber.parse(bytes.fromhex(raw))


def test_objects_that_should_be_one_or_different() -> None:
    for raw in (b"", b"\x05\x00\x05\x00", b"\x06\x00"):
        with pytest.raises(CardDamaged):
            ber.only(raw, 0x05)
    with pytest.raises(CardDamaged, match="twice"):
        ber.by_tag(b"\x05\x00\x05\x00")
    with pytest.raises(CardDamaged):
        number(ber.Tlv(0x04, b"\x01", b""))
    with pytest.raises(CardDamaged):
        security_infos(bytes.fromhex("31023000"))


# --- files


def test_details_in_every_coding() -> None:
    def dg11(**said: bytes) -> Details:
        tags = {"full": 0x5F0E, "own": 0x5F10, "born": 0x5F2B, "place": 0x5F11, "home": 0x5F42}
        return read_dg11(tlv(0x6B, b"".join(tlv(tags[name], value) for name, value in said.items())))

    assert dg11() == Details()
    assert dg11(full=b"SMITH<<JOHN  PAUL").full_name == "SMITH JOHN PAUL"
    assert dg11(full="王<<秀英".encode()).full_name == "王秀英"
    assert dg11(home=b"123 MAPLE RD<ANYTOWN<MN", place=b"ANYTOWN<MN").address == "123 MAPLE RD, ANYTOWN, MN"
    assert dg11(place=b"ANYTOWN<MN").birth_place == "ANYTOWN, MN"
    assert dg11(born=b"19710407").birth_date == dg11(born=bytes.fromhex("19710407")).birth_date == date(1971, 4, 7)
    assert [dg11(born=born).birth_date for born in (b"19710000", b"1971", b"1971040\xb2")] == [None] * 3
    for bad in (b"\xff\xfe", b"A\x00B", b"x" * 401):
        with pytest.raises(CardDamaged):
            dg11(full=bad)


def test_a_zone_that_is_none_is_damage() -> None:
    for raw in (b"", tlv(0x61, b""), tlv(0x61, tlv(0x5F1F, b"P<")), tlv(0x61, tlv(0x5F1F, b"\xc4" * 88))):
        with pytest.raises(CardDamaged):
            read_dg1(raw)
    assert groups_in_com(tlv(0x60, tlv(0x5C, b"\x61\x75\x99"))) == {1, 2}


def test_photos_in_both_codings_come_out_whole() -> None:
    drawn = Image.new("RGB", (60, 80), (200, 180, 160))
    for form in ("JPEG", "JPEG2000"):
        content = io.BytesIO()
        drawn.save(content, form)
        found = read_photo(data_groups(PASSPORT, picture=content.getvalue())[2])
        assert found == content.getvalue()
        assert Image.open(io.BytesIO(found)).size == (60, 80)


def test_a_photo_that_is_none_is_damage() -> None:
    good = data_groups(PASSPORT, picture=b"\xff\xd8\xff\xe0" + bytes(40))[2]
    assert read_photo(good)
    for changed in (
        good.replace(b"FAC\x00", b"IRI\x00"),
        good.replace(b"\xff\xd8\xff", b"\x00\x00\x00"),
        good.replace(b"\x7f\x60", b"\x7f\x62"),
        tlv(0x75, tlv(0x7F61, tlv(0x02, b"\x01") + tlv(0x7F60, tlv(0x5F2E, b"FAC\x00010\x00")))),
        tlv(0x75, tlv(0x7F61, tlv(0x7F60, tlv(0x5F2F, b"")))),
    ):
        with pytest.raises(CardDamaged):
            read_photo(changed)


@pytest.mark.parametrize(
    ("content", "longest"),
    [
        ("", SHORT),
        ("43", SHORT),
        ("430180", SHORT),
        ("7F660802020800 02020800", 0x7FE),
        ("7F660802020800 0202FFFF", 4096),
        ("7F6608020200FF 02020800", SHORT),
        ("7F6604 02020800", SHORT),
        ("7F6606 0202080002010A", SHORT),
    ],
)
def test_long_answers_only_where_the_chip_says_so(content: str, longest: int) -> None:
    assert longest_answer(bytes.fromhex(content.replace(" ", ""))) == longest


# --- secure messaging


class Answers:
    """A chip whose protected answers are written down."""

    atr = b""

    def __init__(self, *answers: bytes) -> None:
        self._left = list(answers)

    def exchange(self, command: bytes) -> bytes:
        return self._left.pop(0)

    def close(self) -> None: ...


ENCRYPTION, AUTHENTICATION = bytes(range(16)), bytes(range(16, 32))


def talk(*answers: bytes) -> SecureTalk:
    return SecureTalk(
        channel=Channel(link=Answers(*answers), give_up=lambda: False),
        suite=AesSuite(16),
        encryption=ENCRYPTION,
        authentication=AUTHENTICATION,
        counter=0,
        longest=SHORT,
    )


def sealed(body: bytes, status: str = "9000", *, after: int = 1) -> bytes:
    return seal_answer(Session(True, ENCRYPTION, AUTHENTICATION, after), body, bytes.fromhex(status))


READ = Command(0xB0, 0, le=4)


def test_protected_answers_are_opened_in_their_order() -> None:
    conversation = talk(sealed(b"abcd"), sealed(b"", "6282", after=3), sealed(b"x" * 200, after=5))
    assert conversation.send(READ) == (b"abcd", 0x9000)
    assert conversation.send(READ) == (b"", 0x6282)
    assert conversation.send(READ) == (b"x" * 200, 0x9000)


def test_an_answer_of_another_turn_is_refused() -> None:
    with pytest.raises(CardDamaged, match="code"):
        talk(sealed(b"abcd", after=3)).send(READ)


def test_a_refusal_without_protection_is_only_ever_bad() -> None:
    assert talk(b"\x69\x82").send(READ) == (b"", 0x6982)
    with pytest.raises(CardDamaged):
        talk(b"\x90\x00").send(READ)


@pytest.mark.parametrize("where", ["status", "order", "missing", "more", "short-code", "indicator", "blocks"])
def test_answers_that_are_put_together_otherwise_are_refused(where: str) -> None:
    good = sealed(b"abcd")
    hidden, status, code = (item.raw for item in ber.parse(good[:-2]))
    changed = {
        "status": good[:-2] + b"\x62\x82",
        "order": status + hidden + code + b"\x90\x00",
        "missing": hidden + status + b"\x90\x00",
        "more": hidden + hidden + status + code + b"\x90\x00",
        "short-code": hidden + status + tlv(0x8E, b"1234") + b"\x90\x00",
        "indicator": _coded(tlv(0x87, b"\x02" + bytes(16)) + status),
        "blocks": _coded(tlv(0x87, b"\x01" + bytes(15)) + status),
    }[where]
    with pytest.raises(CardDamaged):
        talk(changed).send(READ)


def _coded(objects: bytes) -> bytes:
    code = AesSuite(16).mac(AUTHENTICATION)((2).to_bytes(16, "big") + pad(objects, 16))
    return objects + tlv(0x8E, code) + b"\x90\x00"


def test_object_85_has_no_indicator() -> None:
    suite = AesSuite(16)
    counter = (2).to_bytes(16, "big")
    hidden = suite.encrypt(ENCRYPTION, suite.initial_values(ENCRYPTION)(counter), pad(b"abcd", 16))
    assert talk(_coded(tlv(0x85, hidden) + tlv(0x99, b"\x90\x00"))).send(READ) == (b"abcd", 0x9000)


def test_padding_that_is_none_is_damage() -> None:
    assert unpad(pad(b"abc", 8)) == b"abc"
    for bad in (b"", bytes(8), b"\x80\x01"):
        with pytest.raises(CardDamaged):
            unpad(bad)


@pytest.mark.parametrize(
    ("command", "raw"),
    [
        (Command(0xB0, 0x0004, le=256), "00b0000400"),
        (Command(0xA4, 0x020C, b"\x01\x1e"), "00a4020c02011e"),
        (Command(0xA4, 0x020C, b"\x01\x1e", le=5), "00a4020c02011e05"),
        (Command(0xB0, 0x0000, le=65536), "00b00000000000"),
        (Command(0xB0, 0x0000, le=1024), "00b00000000400"),
        (Command(0x88, 0x0000, b"\x01" * 8, le=65536), "0088000000000801010101010101010000"),
    ],
)
def test_commands_in_short_and_extended_lengths(command: Command, raw: str) -> None:
    assert command.encode().hex() == raw
