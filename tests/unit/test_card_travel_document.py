"""The travel document profile on virtual documents: every lock, every judgement, every fault."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from PIL import Image

from devices.card.api import Assurance, CanKey, CardTrouble, MrzKey
from devices.card.mrz import find_mrz
from devices.card.profile import FIELDS
from devices.card.sim_emrtd import (
    DEMO_HOLDERS,
    ChipFaults,
    EmrtdChip,
    Issue,
    Lock,
    demo_document,
    demo_documents,
    demo_state,
    issue,
    trust_demo_state,
)
from devices.card.sim_emrtd_files import found_state
from devices.card.slot import CardError, Channel
from tests.support.emrtd import TODAY, ChipLink, failed, key_of, read, read_well

PASSPORT = DEMO_HOLDERS["passport"]
KEY = key_of(PASSPORT)


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trust_demo_state(tmp_path_factory.mktemp("csca"))


def passport(how: Issue) -> EmrtdChip:
    return issue(PASSPORT, demo_state(), how)


BAC = Lock(curve=None)


@pytest.mark.parametrize("key", list(DEMO_HOLDERS))
def test_a_document_opens_with_what_is_printed_on_it(key: str, trust: Path) -> None:
    holder = DEMO_HOLDERS[key]
    mrz = find_mrz(holder.mrz_lines)
    assert mrz is not None
    found = read(demo_document(key), mrz.key, trust=trust)
    if key == "expired-passport":
        assert found is CardTrouble.EXPIRED
        return
    assert not isinstance(found, CardTrouble)
    assert found.assurance is Assurance.CHIP_AUTHENTICATED
    assert failed(found) == []
    assert found.fields["document_number"] == holder.number


def test_a_passport_gives_every_value(trust: Path) -> None:
    found = read_well(demo_document("passport"), KEY, trust=trust)
    assert found.fields == {
        "name": "王秀英",
        "english_name": "WANG XIUYING",
        "id_number": "999999196803120029",
        "sex": "female",
        "birth_date": "1968-03-12",
        "expires": "2036-06-02",
        "nationality": "CHN",
        "issuing_state": "CHN",
        "document_number": "E99900017",
        "birth_place": "桃源",
    }
    assert found.photo is not None
    assert Image.open(io.BytesIO(found.photo)).size == (240, 320)
    assert {check.name for check in found.checks} == {
        "security-object-signature",
        "com-matches-security-object",
        "dg1-hash",
        "dg2-hash",
        "dg11-hash",
        "dg14-hash",
        "card-access-authentic",
        "chip-authentication",
        "issuer-known",
        "issuer-in-validity",
        "passive-authentication",
        "mrz-check-digits",
        "id-number-checksum",
    }


def test_only_what_is_asked_for_is_read_and_given(trust: Path) -> None:
    link = ChipLink(demo_document("passport"))
    found = read_well(link, KEY, trust=trust, fields=frozenset(("english_name", "document_number")))
    assert found.fields == {"english_name": "WANG XIUYING", "document_number": "E99900017"}
    assert found.photo is None
    assert len(link.asked) < 35  # neither DG2 nor DG11


@pytest.mark.parametrize("suite", [1, 2, 3, 4])
@pytest.mark.parametrize("key", [KEY, CanKey("314159")])
def test_pace_in_every_suite_with_zone_and_number(suite: int, key: MrzKey | CanKey, trust: Path) -> None:
    chip = issue(replace(PASSPORT, can="314159"), demo_state(), Issue(lock=Lock(suite=suite), chip_key=None))
    found = read_well(chip, key, trust=trust)
    assert found.assurance is Assurance.SIGNED


@pytest.mark.parametrize("curve", range(8, 19))
def test_pace_on_every_curve(curve: int, trust: Path) -> None:
    how = Issue(lock=Lock(suite=2, curve=curve), chip_key=None)
    fields = frozenset(("english_name",))
    assert read_well(passport(how), KEY, trust=trust, fields=fields).fields == {"english_name": "WANG XIUYING"}


@pytest.mark.parametrize("how", [Issue(lock=BAC, chip_key=(1, 13)), Issue(lock=BAC, chip_key=None, active="rsa")])
def test_bac_with_old_chip_keys(how: Issue, trust: Path) -> None:
    assert read_well(passport(how), KEY, trust=trust).assurance is Assurance.CHIP_AUTHENTICATED


@pytest.mark.parametrize("lock", [BAC, Lock()])
@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize("size", [40_000, 70_000])
def test_files_beyond_what_an_offset_reaches(lock: Lock, extended: bool, size: int, trust: Path) -> None:
    found = read_well(passport(Issue(lock=lock, picture_bytes=size, extended=extended)), KEY, trust=trust)
    assert found.photo is not None
    assert len(found.photo) == size
    assert Image.open(io.BytesIO(found.photo)).size == (240, 320)


def test_a_photo_without_measure_is_damage(trust: Path) -> None:
    chip = passport(Issue(picture_bytes=140_000, extended=True))
    assert read(chip, KEY, trust=trust) is CardTrouble.UNREADABLE


def test_extended_lengths_take_far_fewer_commands(trust: Path) -> None:
    counts: list[int] = []
    for extended in (False, True):
        link = ChipLink(passport(Issue(picture_bytes=15_000, extended=extended, chip_key=None)))
        read_well(link, KEY, trust=trust)
        counts.append(len(link.asked))
        assert max(len(command) for command in link.asked) < 261
    assert counts[1] < counts[0] / 2


@pytest.mark.parametrize("lock", [BAC, Lock()])
def test_without_a_key_it_asks_for_one_at_once(lock: Lock, trust: Path) -> None:
    link = ChipLink(passport(Issue(lock=lock)))
    assert read(link, None, trust=trust) is CardTrouble.NEEDS_KEY
    assert len(link.asked) <= 4


@pytest.mark.parametrize("lock", [BAC, Lock()])
@pytest.mark.parametrize("key", [replace(KEY, birth_date="680313"), CanKey("000000")])
def test_a_wrong_key_is_told_and_the_right_one_works_after_it(lock: Lock, key: MrzKey | CanKey, trust: Path) -> None:
    chip = passport(Issue(lock=lock, faults=ChipFaults(slow_s=0.01)))
    for _ in range(3):
        assert read(chip, key, trust=trust) is CardTrouble.WRONG_KEY
    assert read_well(chip, KEY, trust=trust).fields["name"] == "王秀英"


def test_a_chip_with_pace_is_never_asked_for_bac(trust: Path) -> None:
    link = ChipLink(passport(Issue()))
    assert read(link, replace(KEY, document_number="X"), trust=trust) is CardTrouble.WRONG_KEY
    assert {command[1] for command in link.asked} <= {0xA4, 0xB0, 0x22, 0x86}  # no GET CHALLENGE, no EXTERNAL AUTH


def test_a_chip_that_hid_its_pace_is_found_out(trust: Path) -> None:
    """Someone between chip and reader keeps EF.CardAccess back: BAC opens the chip, but signed DG14 says PACE."""

    class Hiding(EmrtdChip):
        def respond(self, command: bytes) -> bytes | None:
            return b"\x6a\x82" if command[1:4] == b"\xa4\x02\x0c" and command[0] == 0 else super().respond(command)

    with_pace = passport(Issue())
    hiding = Hiding(replace(with_pace.written, lock=BAC))
    found = read_well(hiding, KEY, trust=trust)
    assert failed(found) == ["card-access-authentic"]


@pytest.mark.parametrize("group", [1, 2, 11, 14, 15])
def test_an_altered_file_ends_the_read(group: int, trust: Path) -> None:
    chip = passport(Issue(altered=frozenset((group,)), chip_key=None, active="ec"))
    assert read(chip, KEY, trust=trust) is CardTrouble.ALTERED


def test_an_altered_security_object_ends_the_read(trust: Path) -> None:
    written = passport(Issue()).written
    for at in (60, 300, len(written.files[0x011D]) - 5):
        changed = bytearray(written.files[0x011D])
        changed[at] ^= 1
        chip = EmrtdChip(replace(written, files={**written.files, 0x011D: bytes(changed)}))
        assert read(chip, KEY, trust=trust) in (CardTrouble.ALTERED, CardTrouble.UNREADABLE)


def test_a_file_that_nobody_signed_is_noticed(trust: Path) -> None:
    found = read_well(passport(Issue(unlisted=frozenset((11,)))), KEY, trust=trust)
    assert failed(found) == ["com-matches-security-object"]
    assert "id_number" not in found.fields  # DG11 is not read


@pytest.mark.parametrize("folder", ["none", "empty", "other"])
def test_an_unknown_issuer_is_no_signature(folder: str, tmp_path: Path) -> None:
    if folder == "other":
        (tmp_path / "other.cer").write_bytes(found_state(name="Elsewhere").root_der)
    found = read_well(demo_document("passport"), KEY, trust=None if folder == "none" else tmp_path)
    assert found.assurance is Assurance.UNSIGNED
    assert failed(found) == ["issuer-known", "passive-authentication"]


def test_a_foreign_issuer_with_the_same_name_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "namesake.cer").write_bytes(found_state().root_der)
    assert failed(read_well(demo_document("passport"), KEY, trust=tmp_path)) == [
        "issuer-known",
        "passive-authentication",
    ]


def test_an_issuer_out_of_date_is_no_signature(tmp_path: Path) -> None:
    old = found_state(name="Old", valid=(date(2010, 1, 1), date(2020, 1, 1)))
    (tmp_path / "old.cer").write_bytes(old.root_der)
    found = read_well(issue(PASSPORT, old), KEY, trust=tmp_path)
    assert found.assurance is Assurance.UNSIGNED
    assert failed(found) == ["issuer-in-validity", "passive-authentication"]


@pytest.mark.parametrize("pss", [False, True])
def test_rsa_issuers(pss: bool, tmp_path: Path) -> None:
    state = found_state(key="rsa", pss=pss)
    (tmp_path / "rsa.cer").write_bytes(state.root_der)
    assert read_well(issue(PASSPORT, state, Issue(chip_key=None)), KEY, trust=tmp_path).assurance is Assurance.SIGNED


CLONES = (
    Issue(chip_key=(4, 13)),
    Issue(chip_key=(1, 12)),
    Issue(chip_key=None, active="ec"),
    Issue(chip_key=None, active="rsa"),
    Issue(chip_key=None, active="rsa", extended=True),
)


@pytest.mark.parametrize("how", CLONES)
def test_a_copied_chip_is_found_out(how: Issue, trust: Path) -> None:
    assert read_well(passport(how), KEY, trust=trust).assurance is Assurance.CHIP_AUTHENTICATED
    assert read(passport(replace(how, faults=ChipFaults(clone=True))), KEY, trust=trust) is CardTrouble.ALTERED


def test_a_chip_without_keys_of_its_own_is_signed(trust: Path) -> None:
    found = read_well(passport(Issue(chip_key=None)), KEY, trust=trust)
    assert found.assurance is Assurance.SIGNED
    assert failed(found) == []


@pytest.mark.parametrize("lock", [BAC, Lock()])
def test_a_chip_pulled_at_any_moment_gives_nothing(lock: Lock, trust: Path) -> None:
    for commands in range(0, 40, 3):
        chip = passport(Issue(lock=lock, chip_key=None, faults=ChipFaults(pulled_after=commands)))
        assert read(chip, KEY, trust=trust) is CardTrouble.PULLED
        assert read_well(chip, KEY, trust=trust).assurance is Assurance.SIGNED


@pytest.mark.parametrize("lock", [BAC, Lock()])
def test_a_changed_answer_at_any_moment_is_never_believed(lock: Lock, trust: Path) -> None:
    for answers in range(2, 40, 2):
        chip = passport(Issue(lock=lock, chip_key=None, faults=ChipFaults(garbles_after=answers)))
        assert read(chip, KEY, trust=trust) in (
            CardTrouble.UNREADABLE,
            CardTrouble.WRONG_KEY,
            CardTrouble.UNKNOWN,
        ), answers


class Foreign:
    """A card that is no travel document, answering every command with one status."""

    def __init__(self, status: str) -> None:
        self._status = bytes.fromhex(status)

    def answer_to_reset(self) -> bytes:
        return b"\x3b\x00"

    def power(self, on: bool) -> None: ...

    def respond(self, command: bytes) -> bytes | None:
        return self._status


@pytest.mark.parametrize("status", ["6a82", "6d00", "6e00", "6982", "6985", "6283"])
def test_another_card_is_not_ours(status: str) -> None:
    assert read(Foreign(status), KEY) is CardTrouble.UNKNOWN


def test_a_lock_of_another_kind_is_unknown(trust: Path) -> None:
    info = bytes.fromhex("30120 60A04007F000702020404 04020102 02010D".replace(" ", ""))  # integrated mapping
    written = replace(passport(Issue()).written, card_access=bytes((0x31, len(info))) + info)
    link = ChipLink(EmrtdChip(written))
    assert read(link, KEY, trust=trust) is CardTrouble.UNKNOWN
    assert {command[1] for command in link.asked} == {0xA4, 0xB0}


def test_a_broken_offer_is_damage_and_no_reason_for_bac(trust: Path) -> None:
    written = replace(passport(Issue()).written, card_access=b"\x31\x82\x00")
    assert read(EmrtdChip(written), KEY, trust=trust) is CardTrouble.UNREADABLE


def test_several_curves_are_named_to_the_chip(trust: Path) -> None:
    more = bytes.fromhex("3012060A04007F0007020204020402010202010C")  # the same suite on secp256r1
    link = ChipLink(passport(Issue(more_infos=(more,))))
    assert read_well(link, KEY, trust=trust).assurance is Assurance.CHIP_AUTHENTICATED
    templates = [command for command in link.asked if command[:4] == bytes.fromhex("0022c1a4")]
    assert templates[0].endswith(bytes.fromhex("84010d"))


def test_demo_documents_are_what_the_control_panel_says(trust: Path) -> None:
    documents = demo_documents()
    assert read(documents["altered-passport"], KEY, trust=trust) is CardTrouble.ALTERED
    assert read_well(documents["foreign-issuer"], KEY, trust=trust).assurance is Assurance.UNSIGNED


def test_missing_files_are_damage(trust: Path) -> None:
    written = passport(Issue()).written
    for file in (0x011D, 0x0101, 0x0102, 0x010B, 0x010E):
        files = {number: raw for number, raw in written.files.items() if number != file}
        assert read(EmrtdChip(replace(written, files=files)), KEY, trust=trust) is CardTrouble.UNREADABLE
    without_com = {number: raw for number, raw in written.files.items() if number != 0x011E}
    assert failed(read_well(EmrtdChip(replace(written, files=without_com)), KEY, trust=trust)) == []


def test_no_answers_can_make_it_crash() -> None:
    """Damage is an error of the card layer, whatever the chip says and whenever."""
    answers: Sequence[bytes] = [
        b"\x90\x00",
        b"\x61\x10",
        b"\x6c\x05",
        b"\x7c\x00\x90\x00",
        b"\x31\x00\x90\x00",
        b"\x00" * 258,
    ]
    for first in answers:
        for second in answers:
            turn = iter([first, second] * 40)

            class Odd(Foreign):
                def respond(self, command: bytes, turn: object = turn) -> bytes | None:
                    return next(turn)  # type: ignore[call-overload]

            found = read(Odd("9000"), KEY, fields=FIELDS, today=TODAY)
            assert isinstance(found, CardTrouble)


def test_the_link_to_a_card_may_break_at_any_command() -> None:
    link = ChipLink(Foreign("9000"))
    channel = Channel(link=link, give_up=lambda: True)
    with pytest.raises(CardError):
        channel.transmit(b"\0\0\0\0")
