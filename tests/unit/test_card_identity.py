"""The resident identity card's profile: four layouts, what is checked, what is refused."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date
from importlib.metadata import EntryPoint

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.card import wlt
from devices.card.api import Assurance, CardTrouble, Check
from devices.card.id_number import has_valid_checksum
from devices.card.profile import FIELDS, ProfileRead, Wish
from devices.card.profiles import PROFILES
from devices.card.profiles.resident_identity import LAYOUTS, ResidentIdentityCard
from devices.card.sim_sam import DEMO_TEXTS, foreigner_text_2017, foreigner_text_2023, permit_text, resident_text
from devices.card.slot import CardDamaged, CardError, Channel, SamLink, SamRecord

TODAY = date(2026, 11, 25)
PHOTO = b"WLf" + bytes(1021)


class Laid(SamLink):
    """A card whose text and photo are given."""

    def __init__(self, text: bytes, photo: bytes = PHOTO) -> None:
        self._record = SamRecord(text=text, photo=photo)

    def read_card(self) -> SamRecord:
        return self._record

    def close(self) -> None:
        pass


def read(text: bytes, *, fields: frozenset[str] = FIELDS - {"photo"}) -> ProfileRead | CardTrouble:
    return ResidentIdentityCard().read(Laid(text), Wish(fields=fields, today=TODAY))


def read_well(text: bytes) -> ProfileRead:
    found = read(text)
    assert isinstance(found, ProfileRead), found
    return found


def resident(
    *,
    name: str = "孙玉兰",
    sex: str = "2",
    ethnic_group: str = "01",
    birth: str = "19500412",
    address: str = "某省某县",
    number: str = "999999195004120028",
    issuer: str = "某县公安局",
    issued: str = "20150601",
    to: str = "长期",
) -> bytes:
    return resident_text(
        name=name, sex=sex, ethnic_group=ethnic_group, birth=birth, address=address, number=number, issuer=issuer,
        issued=issued, to=to,
    )  # fmt: skip


def put(text: bytes, at: int, raw: bytes) -> bytes:
    return text[:at] + raw + text[at + len(raw) :]


@pytest.mark.parametrize("letter", ["", "J", "I", "Y"])
def test_each_layout_ends_where_the_type_letter_stands(letter: str) -> None:
    assert sum(size for _, size in LAYOUTS[letter]) == 248


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        (
            "sun",
            {
                "name": "孙玉兰",
                "sex": "female",
                "ethnic_group": "01",
                "birth_date": "1950-04-12",
                "address": "某省某县某镇幸福村12号",
                "id_number": "999999195004120028",
                "issuer": "某县公安局",
                "issued": "2015-06-01",
            },
        ),
        (
            "permit",
            {
                "name": "何嘉欣",
                "sex": "female",
                "birth_date": "1992-07-08",
                "address": "某省某市某区海滨路18号",
                "id_number": "99999919920708028X",
                "issuer": "某市公安局",
                "issued": "2023-10-16",
                "expires": "2028-10-16",
                "document_number": "H00000000",
            },
        ),
        (
            "foreigner",
            {
                "name": "安娜",
                "english_name": "MUSTERMANN, ANNA MARIA",
                "sex": "female",
                "birth_date": "1981-08-03",
                "id_number": "911124198108030024",
                "nationality": "UTO",
                "issued": "2024-01-15",
                "expires": "2034-01-14",
            },
        ),
        (
            "foreigner-2017",
            {
                "name": "ERIKSSON, PER OLOF",
                "english_name": "ERIKSSON, PER OLOF",
                "sex": "male",
                "birth_date": "1985-01-01",
                "id_number": "UTO999985010101",
                "nationality": "UTO",
                "issuer": "1500",
                "issued": "2019-03-01",
                "expires": "2029-02-28",
            },
        ),
    ],
)
def test_every_value_of_every_layout(key: str, fields: Mapping[str, str]) -> None:
    found = read_well(DEMO_TEXTS[key])
    assert found.fields == fields
    assert found.assurance is Assurance.SAM_VERIFIED
    assert all(check.passed for check in found.checks)


def test_only_fields_that_were_asked_for_leave() -> None:
    found = read(DEMO_TEXTS["zhou"], fields=frozenset(("name", "expires")))
    assert isinstance(found, ProfileRead)
    assert found.fields == {"name": "周海波", "expires": "2040-03-10"}
    assert found.photo is None


@pytest.mark.parametrize("letter", ["A", "Z", "j", "港"])
def test_a_layout_that_nobody_published_is_unknown(letter: str) -> None:
    assert read(put(resident(), 248, letter.encode("utf-16-le"))) is CardTrouble.UNKNOWN


def test_a_type_field_of_zeros_is_a_residents() -> None:
    assert read_well(put(resident(), 248, b"\0\0")).fields["name"] == "孙玉兰"


def test_a_card_that_takes_commands_is_another_profiles() -> None:
    class Untouched:
        atr = b""

        def exchange(self, command: bytes) -> bytes:
            raise AssertionError(command)

        def close(self) -> None:
            pass

    channel = Channel(link=Untouched(), give_up=lambda: False)
    assert ResidentIdentityCard().read(channel, Wish(fields=FIELDS, today=TODAY)) is CardTrouble.UNKNOWN


def test_no_other_profile_takes_a_card_that_the_module_read() -> None:
    wish = Wish(fields=FIELDS - {"photo"}, today=TODAY)
    taken = [profile.name for profile in PROFILES if profile.read(Laid(resident()), wish) is not CardTrouble.UNKNOWN]
    assert taken == ["resident-identity-card"]


@pytest.mark.parametrize(
    ("to", "expected"),
    [("20261125", "2026-11-25"), ("20261124", CardTrouble.EXPIRED), ("长期", None), ("长期　", None), ("", None)],
)
def test_the_last_valid_day_and_cards_that_never_expire(to: str, expected: str | CardTrouble | None) -> None:
    found = read(resident(to=to))
    if isinstance(expected, CardTrouble):
        assert found is expected
    else:
        assert isinstance(found, ProfileRead)
        assert found.fields.get("expires") == expected


@pytest.mark.parametrize(
    ("text", "failed"),
    [
        (resident(number="999999195004120020"), "id-number-checksum"),
        (resident(sex="1"), "sex-matches-id-number"),
        (resident(birth="19500413"), "birth-date-matches-id-number"),
        (
            foreigner_text_2017(
                english_name="A B", sex="1", number="UTO999985010101", nationality="XXA", name="", issued="20190301",
                to="20290228", birth="19850101",
            ),
            "nationality-matches-id-number",
        ),
    ],
)  # fmt: skip
def test_each_check_can_fail_alone(text: bytes, failed: str) -> None:
    assert [check for check in read_well(text).checks if not check.passed] == [Check(failed, False)]


@pytest.mark.parametrize("number", ["932682198501010017", "911124198108030024"])
def test_the_published_foreign_numbers_pass(number: str) -> None:
    text = foreigner_text_2023(
        name="", sex="1", birth=number[6:14], english_name="A B", number=number, issued="20240115", to="20340114",
        nationality="UTO",
    )  # fmt: skip
    found = read_well(text)
    assert found.checks == (Check("id-number-checksum", True), Check("birth-date-matches-id-number", True))
    assert found.fields["name"] == "A B"


def test_a_long_english_name_goes_on_in_its_second_part() -> None:
    name = "WOLFESCHLEGELSTEINHAUSENBERGERDORFF, ADOLPHE B"
    text = foreigner_text_2023(
        name="", sex="1", birth="19850101", english_name=name, number="932682198501010017", issued="20240115",
        to="20340114", nationality="UTO",
    )  # fmt: skip
    assert len(name) == 46
    assert read_well(text).fields["english_name"] == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("王　英", "王英"),
        ("㛃䶮𬭚〇", "㛃䶮𬭚〇"),
        ("\ue123某", "\ue123某"),
        ("买买提江·阿不都拉", "买买提江·阿不都拉"),
        ("一" * 15, "一" * 15),
    ],
)
def test_names_of_every_kind(name: str, shown: str) -> None:
    assert read_well(resident(name=name)).fields["name"] == shown


def test_missing_extras_leave_their_fields_out() -> None:
    found = read_well(resident(sex="9", ethnic_group="", birth="", address="", issuer="", issued=""))
    assert found.fields == {"name": "孙玉兰", "id_number": "999999195004120028"}
    assert found.checks == (Check("id-number-checksum", True),)


@pytest.mark.parametrize(
    "text",
    [
        resident(name=""),
        resident(number=""),
        resident(number="99999919500412002A"),
        resident(number="９99999195004120028"),
        resident(ethnic_group="汉"),
        resident(birth="19501301"),
        resident(birth="1950041"),
        resident(birth="１９５０0412"),
        resident(to="永久"),
        resident(name="a\nb"),
        put(resident(), 0, b"\x00\xd8"),  # half a surrogate pair
        put(resident(), 54, b"\x00\x00"),  # zeros inside
        resident()[:-2],
        permit_text(
            name="何", sex="2", birth="19920708", address="", number="99999919920708028X", issuer="", issued="20231016",
            to="20281016", document="h-1",
        ),
    ],
)  # fmt: skip
def test_values_out_of_bounds_are_damage(text: bytes) -> None:
    with pytest.raises(CardDamaged):
        read(text)


@pytest.mark.parametrize(
    ("plugs", "photo", "logged"),
    [
        ([], None, 0),
        (["decode"], b"\xff\xd8\xff" + PHOTO, 0),
        (["fail"], None, 1),
        (["babble"], None, 1),
        (["flood"], None, 1),
        (["fail", "babble", "decode"], b"\xff\xd8\xff" + PHOTO, 2),
        (["missing"], None, 1),
    ],
)
def test_a_licensed_decoder_is_found_at_run_time(
    plugs: list[str],
    photo: bytes | None,
    logged: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def installed(*, group: str) -> list[EntryPoint]:
        return [EntryPoint(name, f"tests.support.wlt_plug:{name}", group) for name in plugs]

    monkeypatch.setattr(wlt, "entry_points", installed)
    with caplog.at_level(logging.WARNING):
        found = read(resident(), fields=frozenset(("name", "photo")))
    assert isinstance(found, ProfileRead)
    assert (found.photo, len(caplog.records)) == (photo, logged)
    assert PHOTO.hex() not in caplog.text


@given(st.binary(min_size=256, max_size=256))
def test_no_text_can_make_the_profile_crash(text: bytes) -> None:
    try:
        found = read(text)
    except CardError:
        return
    assert isinstance(found, ProfileRead | CardTrouble)


@given(
    st.sampled_from(sorted(DEMO_TEXTS)),
    st.lists(st.tuples(st.integers(0, 127), st.characters(codec="utf-16-le")), max_size=12),
)
def test_no_change_of_a_card_can_make_the_profile_crash(key: str, changes: list[tuple[int, str]]) -> None:
    text = DEMO_TEXTS[key]
    for at, letter in changes:
        text = put(text, 2 * at, letter.encode("utf-16-le")[:2])
    try:
        found = read(text)
    except CardError:
        return
    if isinstance(found, ProfileRead):
        assert found.fields["name"]
        assert all(len(value) <= 128 for value in found.fields.values())


def test_demo_people_are_synthetic() -> None:
    for key, text in DEMO_TEXTS.items():
        if key == "lapsed":
            assert read(text) is CardTrouble.EXPIRED
            continue
        found = read_well(text)
        number = found.fields["id_number"]
        assert number.startswith("999999") or found.fields["nationality"] == "UTO"
        assert has_valid_checksum(number) or number.startswith("UTO")
