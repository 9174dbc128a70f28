"""The social security card's profile and the parsers under it, on scripted cards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.card.api import Assurance, CardTrouble, Check
from devices.card.id_number import birth_date_in, has_valid_checksum, sex_in
from devices.card.profile import FIELDS, ProfileRead, Wish
from devices.card.profiles.social_security import APPLICATION, SocialSecurityCard
from devices.card.readout import read_link
from devices.card.sim_card import DEMO_PEOPLE, VirtualCard, demo_cards
from devices.card.slot import CardDamaged, CardError, CardProtected, Channel
from devices.card.tlv import parse_simple_tlv

TODAY = date(2026, 11, 23)
CARD = {0x06: bytes.fromhex("20390602"), 0x07: b"A10000011", 0x04: bytes.fromhex("999999000000000000000001")}
PERSON = {
    0x08: b"999999196803120029",
    0x09: "王秀英".encode("gbk").ljust(30, b"\0"),
    0x0A: b"2",
    0x0B: b"\x01",
    0x0D: bytes.fromhex("19680312"),
}


class Scripted:
    """A link that answers by a function, and remembers what it was asked."""

    atr = b"\x3b\x00"

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self._answer = answer
        self.asked: list[bytes] = []

    def exchange(self, command: bytes) -> bytes:
        self.asked.append(command)
        return self._answer(command)

    def close(self) -> None:
        pass


def channel(answer: Callable[[bytes], bytes]) -> Channel:
    return Channel(link=Scripted(answer), give_up=lambda: False)


def records(card: Mapping[int, bytes], person: Mapping[int, bytes]) -> Callable[[bytes], bytes]:
    """A T=1 card with one tag a record."""
    files = {5: list(card.items()), 6: list(person.items())}

    def answer(command: bytes) -> bytes:
        if command[1] == 0xA4:
            return b"\x90\x00" if command[5:] == APPLICATION else b"\x6a\x82"
        assert command[1] == 0xB2
        file = files[command[3] >> 3]
        if command[2] > len(file):
            return b"\x6a\x83"
        tag, value = file[command[2] - 1]
        return bytes((tag, len(value))) + value + b"\x90\x00"

    return answer


def read(
    card: Mapping[int, bytes] = CARD, person: Mapping[int, bytes] = PERSON, *, fields: frozenset[str] = FIELDS
) -> ProfileRead | CardTrouble:
    return SocialSecurityCard().read(channel(records(card, person)), Wish(fields=fields, today=TODAY))


def read_well(card: Mapping[int, bytes] = CARD, person: Mapping[int, bytes] = PERSON) -> ProfileRead:
    found = read(card, person)
    assert isinstance(found, ProfileRead), found
    return found


def test_only_fields_that_were_asked_for_leave() -> None:
    found = read(fields=frozenset(("name", "issuer")))
    assert isinstance(found, ProfileRead)
    assert found.fields == {"name": "王秀英", "issuer": "999999000000000000000001"}


def test_records_are_found_by_tag_not_by_place() -> None:
    turned = dict(reversed(PERSON.items()))
    assert read_well(dict(reversed(CARD.items())), turned) == read_well()


@pytest.mark.parametrize(
    ("base", "extension", "name"),
    [
        ("王秀英".encode("gbk") + b" " * 24, b"", "王秀英"),
        ("王　英".encode("gbk") + b"\xff" * 24, b"\0" * 20, "王英"),
        (
            "阿卜杜热合曼·买买提吐尔逊江·".encode("gbk"),
            "艾力".encode("gbk").ljust(20),
            "阿卜杜热合曼·买买提吐尔逊江·艾力",
        ),
        # One single-byte letter puts a character astride the two tags.
        (("a" + "阿" * 15).encode("gbk")[:30], ("a" + "阿" * 15).encode("gbk")[30:], "a" + "阿" * 15),
        ("𬭎".encode("gb18030").ljust(30, b"\0"), b"", "𬭎"),
        (b"MARIA DOS SANTOS".ljust(30), b"", "MARIA DOS SANTOS"),
    ],
)
def test_names_of_every_length(base: bytes, extension: bytes, name: str) -> None:
    person = {**PERSON, 0x09: base, **({0x4E: extension} if extension else {})}
    assert read_well(person=person).fields["name"] == name


@pytest.mark.parametrize(
    ("raw", "expires"),
    [("20261123", "2026-11-23"), ("ffffffff", None), ("00000000", None)],
)
def test_the_last_valid_day_and_cards_without_one(raw: str, expires: str | None) -> None:
    assert read_well({**CARD, 0x06: bytes.fromhex(raw)}).fields.get("expires") == expires


def test_expired_since_yesterday() -> None:
    assert read({**CARD, 0x06: bytes.fromhex("20261122")}) is CardTrouble.EXPIRED


@pytest.mark.parametrize(
    ("tag", "value", "field", "expected"),
    [
        (0x0A, b"\x01", "sex", "male"),
        (0x0A, b"1", "sex", "male"),
        (0x0A, b"\x02", "sex", "female"),
        (0x0A, b"9", "sex", None),
        (0x0B, b"05", "ethnic_group", "05"),
        (0x0B, b"\x56", "ethnic_group", "56"),
        (0x08, b"99999919680312002x", "id_number", "99999919680312002X"),
    ],
)
def test_codes_in_both_codings(tag: int, value: bytes, field: str, expected: str | None) -> None:
    assert read_well(person={**PERSON, tag: value}).fields.get(field) == expected


@pytest.mark.parametrize(
    ("tag", "value", "failed"),
    [
        (0x08, b"999999196803120028", "id-number-checksum"),
        (0x0A, b"1", "sex-matches-id-number"),
        (0x0D, bytes.fromhex("19680313"), "birth-date-matches-id-number"),
    ],
)
def test_each_check_can_fail_alone(tag: int, value: bytes, failed: str) -> None:
    checks = read_well(person={**PERSON, tag: value}).checks
    assert len(checks) == 3
    assert [check for check in checks if not check.passed] == [Check(failed, False)]


def test_a_number_of_another_shape_fails_its_checks_but_is_read() -> None:
    found = read_well(person={**PERSON, 0x08: b"USA123456789"})
    assert found.fields["id_number"] == "USA123456789"
    assert not any(check.passed for check in found.checks)


@pytest.mark.parametrize(
    ("card", "person"),
    [
        ({**CARD, 0x06: bytes.fromhex("20391301")}, PERSON),
        ({**CARD, 0x06: bytes.fromhex("2039")}, PERSON),
        ({**CARD, 0x07: b"A-1"}, PERSON),
        ({**CARD, 0x04: b"\xab" * 12}, PERSON),
        (CARD, {**PERSON, 0x08: b""}),
        (CARD, {**PERSON, 0x08: b"9" * 19}),
        (CARD, {**PERSON, 0x09: b"\x81"}),
        (CARD, {**PERSON, 0x09: b" " * 30}),
        (CARD, {**PERSON, 0x09: b"a\nb"}),
        (CARD, {**PERSON, 0x09: b"a" * 31}),
        (CARD, {**PERSON, 0x4E: b"a" * 21}),
        (CARD, {**PERSON, 0x0A: b"12"}),
        (CARD, {**PERSON, 0x0A: b"A"}),
        (CARD, {**PERSON, 0x0B: b"\xfa"}),
        (CARD, {tag: value for tag, value in PERSON.items() if tag != 0x09}),
        (CARD, {tag: value for tag, value in PERSON.items() if tag != 0x08}),
    ],
)
def test_values_out_of_bounds_are_damage(card: Mapping[int, bytes], person: Mapping[int, bytes]) -> None:
    with pytest.raises(CardDamaged):
        read(card, person)


def test_missing_extras_leave_their_fields_out() -> None:
    found = read_well({0x03: b"2.00"}, {0x08: PERSON[0x08], 0x09: PERSON[0x09]})
    assert found.fields == {"name": "王秀英", "id_number": "999999196803120029"}
    assert found.checks == (Check("id-number-checksum", True),)


@pytest.mark.parametrize("status", ["6982", "6985"])
def test_a_protected_card_is_left_alone_without_any_pin(status: str) -> None:
    refusal = bytes.fromhex(status)
    assert (
        SocialSecurityCard().read(channel(lambda _: refusal), Wish(fields=FIELDS, today=TODAY)) is CardTrouble.PROTECTED
    )
    link = Scripted(lambda command: b"\x90\x00" if command[1] == 0xA4 else refusal)
    with pytest.raises(CardProtected):
        SocialSecurityCard().read(Channel(link=link, give_up=lambda: False), Wish(fields=FIELDS, today=TODAY))
    assert [command[1] for command in link.asked] == [0xA4, 0xB2]  # never VERIFY (20), never AUTHENTICATE (82, 88)


@pytest.mark.parametrize(("known", "found"), [(True, "other-card"), (False, CardTrouble.PROTECTED)])
def test_a_card_that_is_protected_where_it_is_asked_what_it_is_may_be_another(
    known: bool, found: str | CardTrouble
) -> None:
    read = ProfileRead(assurance=Assurance.UNSIGNED, fields={"name": "王秀英"}, checks=())

    class Other:
        name = "other-card"

        def read(self, card: object, wish: Wish) -> ProfileRead | CardTrouble:
            del card, wish
            return read if known else CardTrouble.UNKNOWN

    link = Scripted(lambda _: b"\x69\x82")
    finding = read_link(link, Wish(fields=FIELDS, today=TODAY), (SocialSecurityCard(), Other()), give_up=lambda: False)
    assert (finding[0] if isinstance(finding, tuple) else finding) == found


@pytest.mark.parametrize("status", ["6a82", "6d00", "6e00", "6283"])
def test_another_card_is_not_ours(status: str) -> None:
    assert (
        SocialSecurityCard().read(channel(lambda _: bytes.fromhex(status)), Wish(fields=FIELDS, today=TODAY))
        is CardTrouble.UNKNOWN
    )


def test_a_file_without_an_end_or_a_beginning_is_damage() -> None:
    def endless(command: bytes) -> bytes:
        return b"\x90\x00" if command[1] == 0xA4 else b"\x01\x01\x01\x90\x00"

    with pytest.raises(CardDamaged, match="no end"):
        SocialSecurityCard().read(channel(endless), Wish(fields=FIELDS, today=TODAY))
    with pytest.raises(CardDamaged, match="6A83"):
        read({}, PERSON)


def test_one_tag_with_two_values_is_damage() -> None:
    def two(command: bytes) -> bytes:
        return b"\x90\x00" if command[1] == 0xA4 else bytes((0x09, 1, command[2], 0x90, 0x00))

    with pytest.raises(CardDamaged, match="twice"):
        SocialSecurityCard().read(channel(two), Wish(fields=FIELDS, today=TODAY))


@given(st.binary(max_size=300))
def test_any_record_gives_tags_or_damage(record: bytes) -> None:
    try:
        found = parse_simple_tlv(record)
    except CardDamaged:
        return
    assert all(tag not in (0x00, 0xFF) and len(value) <= 255 for tag, value in found)
    assert sum(2 + len(value) for _, value in found) <= len(record)


@given(st.lists(st.tuples(st.integers(1, 254), st.binary(max_size=60)), max_size=4), st.integers(0, 5))
def test_what_was_written_is_read(values: list[tuple[int, bytes]], fill: int) -> None:
    record = b"".join(bytes((tag, len(value))) + value for tag, value in values)
    assert parse_simple_tlv(record + b"\xff" * fill) == tuple(values)


@given(st.lists(st.binary(max_size=300), max_size=40))
def test_no_card_can_make_the_profile_crash(answers: list[bytes]) -> None:
    left = iter(answers)
    talk = channel(lambda _: next(left, b"\x6a\x83"))
    try:
        found = SocialSecurityCard().read(talk, Wish(fields=FIELDS, today=TODAY))
    except CardError:
        return
    assert isinstance(found, ProfileRead | CardTrouble)


@given(
    st.dictionaries(st.integers(1, 0x50), st.binary(max_size=40)), st.dictionaries(st.integers(1, 0x50), st.binary())
)
def test_no_values_can_make_the_profile_crash(card: dict[int, bytes], person: dict[int, bytes]) -> None:
    try:
        found = read({**CARD, **card}, {**PERSON, **{tag: value[:255] for tag, value in person.items()}})
    except CardError:
        return
    assert isinstance(found, ProfileRead | CardTrouble)


@pytest.mark.parametrize("number", ["932682198501010017", "911124198108030024"])
def test_published_numbers_pass(number: str) -> None:
    assert has_valid_checksum(number)
    assert birth_date_in(number) == date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    for place in range(18):
        other = "0" if number[place] != "0" else "1"
        assert not has_valid_checksum(number[:place] + other + number[place + 1 :])


@pytest.mark.parametrize("number", ["", "93268219850101001", "93268219850101001x", "٩32682198501010017", "9" * 19])
def test_other_shapes_have_no_checksum_date_or_sex(number: str) -> None:
    assert (has_valid_checksum(number), birth_date_in(number), sex_in(number)) == (False, None, None)


def test_a_number_may_hold_no_date() -> None:
    assert birth_date_in("932682198513010017") is None
    assert (sex_in("932682198501010017"), sex_in("911124198108030024")) == ("male", "female")


def test_demo_people_are_synthetic_and_consistent() -> None:
    assert list(demo_cards()) == ["wang", "li", "abdu", "expired", "unreadable"]
    for person in DEMO_PEOPLE.values():
        assert has_valid_checksum(person.id_number)
        assert person.id_number.startswith("999999")  # assigned to no place
        assert birth_date_in(person.id_number) == person.birth
        assert sex_in(person.id_number) == ("female" if person.female else "male")
    assert len(DEMO_PEOPLE["abdu"].name.encode("gbk")) > 30
    ages = {key: (TODAY - DEMO_PEOPLE[key].birth).days // 365 for key in ("wang", "li", "abdu")}
    assert all(age >= 16 for age in ages.values())


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("00a404000100", "6a82"),
        ("00b2012c00", "6986"),
        ("80b2012c00", "6e00"),
        ("00200001083132333435363738", "6d00"),
        ("00c0000010", "6985"),
        ("00b2", "6700"),
        ("00b2012800", "6a86"),
    ],
)
def test_the_virtual_card_refuses_as_a_card_does(command: str, status: str) -> None:
    virtual = demo_cards()["wang"]
    assert virtual.respond(bytes.fromhex(command)) == b""  # no power, no answer
    virtual.power(True)
    assert virtual.respond(bytes.fromhex(command)) == bytes.fromhex(status)


def test_the_virtual_card_has_two_files_and_forgets_on_reset() -> None:
    virtual = VirtualCard(person=DEMO_PEOPLE["li"])
    virtual.power(True)
    select = bytes((0x00, 0xA4, 0x04, 0x00, len(APPLICATION))) + APPLICATION
    assert virtual.respond(select) == b"\x61\x13"
    assert virtual.respond(bytes.fromhex("00c0000013")) == b"\x6f\x11\x84\x0f" + APPLICATION + b"\x90\x00"
    assert virtual.respond(bytes.fromhex("00b2013c00")) == b"\x6a\x82"
    assert virtual.respond(bytes.fromhex("00b2013400")) == b"\x6c\x14"
    assert virtual.respond(bytes.fromhex("00b2013414")) == b"\x08\x12999999198509170032\x90\x00"
    virtual.power(True)
    assert virtual.respond(bytes.fromhex("00b2013414")) == b"\x69\x86"


def test_a_name_has_to_fit_on_the_card() -> None:
    person = DEMO_PEOPLE["li"]
    with pytest.raises(ValueError, match="50 bytes"):
        VirtualCard(person=type(person)("李" * 26, person.id_number, False, person.birth, person.expires))
