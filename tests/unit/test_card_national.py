"""Thai, MyKad and Belgian cards: each profile on its virtual card, on what it must refuse, and on anything at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.card.api import Assurance, CardTrouble, Check
from devices.card.profile import FIELDS, Profile, ProfileRead, Wish
from devices.card.profiles import PROFILES
from devices.card.profiles.belgian_identity import BelgianIdentityCard
from devices.card.profiles.mykad import MyKad
from devices.card.profiles.thai_identity import ThaiIdentityCard, has_valid_check_digit
from devices.card.sim import Chip
from devices.card.sim_national import (
    JPEG,
    BelgianTalk,
    MyKadTalk,
    NationalCard,
    ThaiTalk,
    belgian_card,
    mykad,
    thai_card,
)
from devices.card.slot import CardDamaged, CardError, CardProtected, Channel
from devices.card.text import day, jpeg_in, printable

TODAY = date(2026, 11, 25)
CARDS: Mapping[str, tuple[Profile, Callable[..., NationalCard]]] = {
    "thai": (ThaiIdentityCard(), thai_card),
    "mykad": (MyKad(), mykad),
    "belgian": (BelgianIdentityCard(), belgian_card),
}


class Wire:
    """A link to a virtual card that is powered, noting what it was asked."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self.asked: list[bytes] = []
        chip.power(True)

    @property
    def atr(self) -> bytes:
        return self._chip.answer_to_reset()

    def exchange(self, command: bytes) -> bytes:
        self.asked.append(command)
        return self._chip.respond(command) or b""

    def close(self) -> None:
        self._chip.power(False)


class Scripted:
    """A link that answers by a function."""

    atr = b"\x3b\x00"

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self._answer = answer

    def exchange(self, command: bytes) -> bytes:
        return self._answer(command)

    def close(self) -> None:
        pass


def read(
    profile: Profile, link: Wire | Scripted, *, fields: frozenset[str] = FIELDS, today: date = TODAY
) -> ProfileRead | CardTrouble:
    return profile.read(Channel(link=link, give_up=lambda: False), Wish(fields=fields, today=today))


def read_well(profile: Profile, chip: Chip) -> ProfileRead:
    found = read(profile, Wire(chip))
    assert isinstance(found, ProfileRead), found
    return found


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        (
            "thai",
            {
                "name": "สมมติ ตัวอย่าง",
                "english_name": "Sommot Tuayang",
                "id_number": "0000000000019",
                "birth_date": "1985-04-17",
                "sex": "male",
                "issuer": "ท้องถิ่นเขตสมมติ",
                "issued": "2022-04-07",
                "expires": "2031-04-16",
                "address": "99/9 หมู่ที่ 9 ตำบลสมมติ อำเภอสมมติ จังหวัดสมมติ",
                "issuing_state": "THA",
            },
        ),
        (
            "mykad",
            {
                "name": "CONTOH BINTI MISALAN",
                "id_number": "850417990008",
                "birth_date": "1985-04-17",
                "sex": "female",
                "birth_place": "NEGERI CONTOH",
                "nationality": "MYS",
                "address": "NO 9 JALAN CONTOH 9/9, TAMAN MISALAN, 99999 BANDAR CONTOH, NEGERI CONTOH",
                "issuing_state": "MYS",
            },
        ),
        (
            "belgian",
            {
                "name": "Jeanne Marie Voorbeeld",
                "id_number": "85041700240",
                "card_number": "999000000123",
                "birth_date": "1985-04-17",
                "birth_place": "Liège",
                "sex": "female",
                "nationality": "BEL",
                "issuer": "Exempleville",
                "issued": "2021-04-16",
                "expires": "2031-04-16",
                "address": "Rue de l'Exemple 99, 9999 Exempleville",
                "issuing_state": "BEL",
            },
        ),
    ],
)
def test_a_card_is_read_with_every_value(key: str, fields: Mapping[str, str]) -> None:
    profile, card = CARDS[key]
    found = read_well(profile, card())
    assert found.fields == fields
    assert found.photo == JPEG
    assert found.assurance is Assurance.UNSIGNED
    assert found.checks
    assert all(check.passed for check in found.checks)


@pytest.mark.parametrize("key", CARDS)
def test_only_what_was_asked_for_is_read_and_leaves(key: str) -> None:
    profile, card = CARDS[key]
    wire, whole = Wire(card()), Wire(card())
    found = read(profile, wire, fields=frozenset(("name",)))
    read(profile, whole)
    assert isinstance(found, ProfileRead)
    assert (list(found.fields), found.photo) == (["name"], None)
    assert len(wire.asked) < len(whole.asked) / 2


def test_race_and_religion_are_never_read() -> None:
    wire = Wire(mykad())
    read(MyKad(), wire)
    reads = [command for command in wire.asked if command[:5] == bytes.fromhex("CC00000008") and command[5] == 1]
    ends = [int.from_bytes(command[9:11], "little") + int.from_bytes(command[11:13], "little") for command in reads]
    assert max(ends) == 0x15A


@pytest.mark.parametrize("key", CARDS)
def test_commands_are_the_published_ones(key: str) -> None:
    profile, card = CARDS[key]
    wire = Wire(card())
    read(profile, wire, fields=frozenset(("id_number",)))
    published = {
        "thai": ["00A4040008A000000054480001", "00C000000C", "80B0000402000D", "00C000000D", "80B0016F020008"],
        "mykad": ["00A404000AA0000000744A504E0010", "00C0000005", "C832000005080000F000", "CC0000000801000100"
                  "0300F000", "CC060000F0"],
        "belgian": ["00A4080C063F00DF014031", "00B0000000"],
    }  # fmt: skip
    assert [command.hex().upper() for command in wire.asked][: len(published[key])] == published[key]


@pytest.mark.parametrize("key", CARDS)
def test_every_card_is_known_by_its_own_profile_alone(key: str) -> None:
    _, card = CARDS[key]
    knows = [profile.name for profile in PROFILES if read(profile, Wire(card())) is not CardTrouble.UNKNOWN]
    assert knows == [CARDS[key][0].name]


@pytest.mark.parametrize("key", CARDS)
@pytest.mark.parametrize("status", ["6A82", "6A86", "6D00", "6E00", "6982", "6985", "6999", "6283", "9404"])
def test_any_refusal_of_the_one_question_is_another_kind_of_card(key: str, status: str) -> None:
    asked: list[bytes] = []

    def refuse(command: bytes) -> bytes:
        asked.append(command)
        return bytes.fromhex(status)

    assert read(CARDS[key][0], Scripted(refuse)) is CardTrouble.UNKNOWN
    assert len(asked) == 1


@pytest.mark.parametrize("key", CARDS)
@pytest.mark.parametrize(("status", "error"), [("6982", CardProtected), ("6985", CardProtected), ("6F00", CardDamaged)])
def test_a_card_that_refuses_later_is_protected_or_damaged(key: str, status: str, error: type[CardError]) -> None:
    profile, card = CARDS[key]
    with pytest.raises(error):
        read(profile, Wire(card(refuses=bytes.fromhex(status))))


@pytest.mark.parametrize("key", ["thai", "belgian"])
def test_the_last_valid_day(key: str) -> None:
    profile, card = CARDS[key]
    assert isinstance(read(profile, Wire(card()), today=date(2031, 4, 16)), ProfileRead)
    assert read(profile, Wire(card()), today=date(2031, 4, 17)) is CardTrouble.EXPIRED


def thai(parts: Mapping[int, bytes]) -> NationalCard:
    usual = {0x0004: b"0000000000019", 0x0011: b"#A##B", 0x0075: b"#A##B", 0x00D9: b"25280417", 0x00E1: b"2"}
    return NationalCard(atr=b"\x3b\x00", talk=ThaiTalk({**usual, 0x0167: b" " * 8, 0x016F: b"99999999", **parts}))


@pytest.mark.parametrize(
    ("at", "raw", "field", "expected"),
    [
        (0x016F, b"99999999", "expires", None),  # for life
        (0x00D9, b"25000000", "birth_date", None),  # only the year is known
        (0x00D9, b"25280229", "birth_date", CardDamaged),
        (0x00D9, b"2528A417", "birth_date", CardDamaged),
        (0x00E1, b"9", "sex", None),
        (0x0011, "นาง#ก#ข#ค".encode("tis-620"), "name", "ก ข ค"),
        (0x0011, b"\xdb\xdc", "name", CardDamaged),
        (0x0075, b"Mr.#A\x07#B", "english_name", CardDamaged),
        (0x0004, b"000000000001A", "id_number", CardDamaged),
    ],
)
def test_thai_values(at: int, raw: bytes, field: str, expected: str | type[CardError] | None) -> None:
    if isinstance(expected, type):
        with pytest.raises(expected):
            read(ThaiIdentityCard(), Wire(thai({at: raw})))
    else:
        assert read_well(ThaiIdentityCard(), thai({at: raw})).fields.get(field) == expected


def test_a_wrong_thai_number_fails_its_check_but_is_read() -> None:
    found = read_well(ThaiIdentityCard(), thai({0x0004: b"0000000000010"}))
    assert found.checks == (Check("id-number-checksum", False),)
    assert found.photo is None
    assert not has_valid_check_digit("12345678901a3")


def malay(parts: Mapping[int, bytes], *, cut: int = 459) -> NationalCard:
    person = bytearray(b" " * 459)
    usual = {0x03: b"A", 0x111: b"850417990008", 0x11E: b"P", 0x127: bytes.fromhex("19850417")}
    for at, part in {**usual, **parts}.items():
        person[at : at + len(part)] = part
    address = bytearray(b" " * 171)
    address[0x5D:0x60] = bytes(3)
    return NationalCard(atr=b"\x3b\x00", talk=MyKadTalk({1: bytes(person[:cut]), 2: bytes(4011), 4: bytes(address)}))


@pytest.mark.parametrize(
    ("parts", "failed"),
    [({0x127: bytes.fromhex("19850418")}, "birth-date-matches-id-number"), ({0x11E: b"L"}, "sex-matches-id-number")],
)
def test_mykad_checks_can_fail_alone(parts: Mapping[int, bytes], failed: str) -> None:
    checks = read_well(MyKad(), malay(parts)).checks
    assert [check for check in checks if not check.passed] == [Check(failed, False)]


@pytest.mark.parametrize(
    "card",
    [
        malay({0x03: b" "}),
        malay({0x03: b"\xff"}),
        malay({0x111: b"8504179900"}),
        malay({0x127: bytes.fromhex("19851341")}),
        malay({0x127: b"\xaa" * 4}),
        malay({}, cut=300),
    ],
)
def test_mykad_values_out_of_bounds_are_damage(card: NationalCard) -> None:
    with pytest.raises(CardDamaged):
        read(MyKad(), Wire(card))


def test_a_foreigners_mykad_has_no_nationality_and_any_sex() -> None:
    found = read_well(MyKad(), malay({0x148: b"BUKAN", 0x11E: b"R"}))
    assert (found.fields.get("nationality"), found.fields.get("sex"), found.photo) == (None, None, None)
    assert [check.name for check in found.checks] == ["birth-date-matches-id-number"]


def belgian(parts: Mapping[int, bytes], *, behind: bytes = b"") -> NationalCard:
    usual = {1: b"999000000123", 3: b"16.04.2021", 4: b"16.04.2031", 6: b"85041700240", 7: b"V", 8: b"J"}
    tags = {**usual, 12: b"17 APR 1985", 13: b"V", **parts}
    file = b"".join(bytes((tag, len(value))) + value for tag, value in tags.items()) + behind
    files = {
        bytes.fromhex(f"3F00DF01{name}"): data for name, data in (("4031", file), ("4033", b"\1\0"), ("4035", b"x"))
    }
    return NationalCard(atr=b"\x3b\x00", talk=BelgianTalk(files))


@pytest.mark.parametrize(
    ("text", "month"),
    [
        *(
            ("JAN", 1),
            ("JANV", 1),
            ("FEB", 2),
            ("FEVR", 2),
            ("FÉV", 2),
            ("MAAR", 3),
            ("MARS", 3),
            ("MÄR", 3),
            ("APR", 4),
        ),
        *(
            ("AVR", 4),
            ("MEI", 5),
            ("MAI", 5),
            ("JUN", 6),
            ("JUIN", 6),
            ("JUL", 7),
            ("JUIL", 7),
            ("AUG", 8),
            ("AOUT", 8),
        ),
        *(("SEP", 9), ("SEPT", 9), ("OKT", 10), ("OCT", 10), ("NOV", 11), ("DEC", 12), ("DEZ", 12)),
    ],
)
def test_belgian_months_in_three_languages(text: str, month: int) -> None:
    found = read_well(BelgianIdentityCard(), belgian({12: f"17 {text}  1985".encode()}))
    assert found.fields["birth_date"] == f"1985-{month:02d}-17"


@pytest.mark.parametrize(
    ("parts", "failed"),
    [
        ({6: b"85041700241"}, "id-number-checksum"),
        ({12: b"18.APR.1985"}, "birth-date-matches-id-number"),
        ({13: b"M"}, "sex-matches-id-number"),
    ],
)
def test_belgian_checks_can_fail_alone(parts: Mapping[int, bytes], failed: str) -> None:
    checks = read_well(BelgianIdentityCard(), belgian(parts)).checks
    assert [check for check in checks if not check.passed] == [Check(failed, False)]


def test_belgian_numbers_since_2000_and_a_birth_of_which_only_the_year_is_known() -> None:
    number = f"050417001{97 - 2050417001 % 97:02d}".encode()
    found = read_well(BelgianIdentityCard(), belgian({6: number, 12: b"2005", 13: b"", 10: b"Polonais"}))
    assert found.checks == (Check("id-number-checksum", True),)
    assert found.fields.keys() & {"birth_date", "sex", "nationality", "address"} == set()


@pytest.mark.parametrize(
    "card",
    [
        belgian({6: b"8504170024"}),
        belgian({7: b""}),
        belgian({7: b"\xff"}),
        belgian({4: b"16-04-2031"}),
        belgian({12: b"17 XXX 1985"}),
        belgian({12: b"around 1985"}),
        belgian({}, behind=b"\x07"),
        belgian({}, behind=b"\x07\xff"),
        belgian({}, behind=b"\x07\x05ab"),
        belgian({}, behind=b"\x20\xff\xff\xff" + bytes(1100)),
    ],
)
def test_belgian_values_out_of_bounds_are_damage(card: NationalCard) -> None:
    with pytest.raises(CardDamaged):
        read(BelgianIdentityCard(), Wire(card))


def test_a_belgian_value_longer_than_a_byte_can_say() -> None:
    behind = b"\x0b\xff\x0a" + b"L" * 265
    assert read_well(BelgianIdentityCard(), belgian({}, behind=behind)).fields["birth_place"] == "L" * 265


@given(st.sampled_from(sorted(CARDS)), st.lists(st.binary(max_size=258), max_size=30))
def test_no_card_can_make_a_profile_crash(key: str, answers: list[bytes]) -> None:
    left = iter([b"\x90\x00", *answers])
    try:
        found = read(CARDS[key][0], Scripted(lambda _: next(left, b"\x6f\x00")))
    except CardError:
        return
    assert isinstance(found, ProfileRead | CardTrouble)


@given(st.sampled_from(sorted(CARDS)), st.data())
def test_no_data_of_the_right_length_can_make_a_profile_crash(key: str, data: st.DataObject) -> None:
    def answer(command: bytes) -> bytes:
        if command[1] == 0xA4 or command[:2] in (b"\xc8\x32", b"\xcc\x00"):
            return b"\x90\x00"
        length = command[6] if command[0] == 0x80 else command[4] or data.draw(st.integers(0, 200))
        seed = data.draw(st.binary(min_size=1, max_size=12))
        return (seed * (length // len(seed) + 1))[:length] + b"\x90\x00"

    try:
        found = read(CARDS[key][0], Scripted(answer))
    except CardError:
        return
    assert isinstance(found, ProfileRead | CardTrouble)


def test_what_all_cards_write() -> None:
    assert printable("阿·A 1") == "阿·A 1"
    for text in ("a\nb", "a\u2028b", "\x00"):
        with pytest.raises(CardDamaged):
            printable(text)
    assert day("2024", "02", "29") == date(2024, 2, 29)
    for digits in (("2023", "02", "29"), ("２０２４", "01", "01"), ("", "01", "01"), ("2024", "-1", "01")):
        with pytest.raises(CardDamaged):
            day(*digits)
    assert jpeg_in(JPEG + bytes(9)) == JPEG
    assert (jpeg_in(b"\xff\xd8\xff"), jpeg_in(b"BM" + JPEG), jpeg_in(b"")) == (None, None, None)
