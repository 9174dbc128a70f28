"""The parts of travel document reading, one by one, on input that no good document has."""

from __future__ import annotations

import hashlib
import io
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms, core
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from devices.card.api import Assurance, CardTrouble
from devices.card.emrtd import ber
from devices.card.emrtd.active import is_active
from devices.card.emrtd.apdu import Command
from devices.card.emrtd.asn1 import Certificate, RsaKey, Unsupported, certificates_in, read_certificate, read_public_key
from devices.card.emrtd.ciphers import AesSuite, pad, unpad
from devices.card.emrtd.errors import Altered
from devices.card.emrtd.lds import Details, groups_in_com, read_dg1, read_dg11
from devices.card.emrtd.lengths import SHORT, longest_answer
from devices.card.emrtd.messaging import SecureTalk
from devices.card.emrtd.photo import read_photo
from devices.card.emrtd.security_infos import number, security_infos
from devices.card.emrtd.security_object import read_security_object
from devices.card.emrtd.signatures import hash_named, is_signed
from devices.card.emrtd.trust import Issuer, judge_signer
from devices.card.sim_emrtd import DEMO_HOLDERS, EmrtdChip, Issue, demo_state, issue
from devices.card.sim_emrtd_crypto import Session, seal_answer
from devices.card.sim_emrtd_files import data_groups, found_state, tlv
from devices.card.slot import CardDamaged, Channel
from tests.support.emrtd import TODAY, failed, key_of, read, read_well

PASSPORT = DEMO_HOLDERS["passport"]
KEY = key_of(PASSPORT)


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


# --- keys and signatures


def _info(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_keys_of_other_kinds_are_not_known() -> None:
    for other in (
        ed25519.Ed25519PrivateKey.generate().public_key(),
        ec.generate_private_key(ec.SECP256K1()).public_key(),
    ):
        with pytest.raises(Unsupported):
            read_public_key(_info(other))
    with pytest.raises(CardDamaged):
        read_public_key(b"\x30\x03\x02\x01\x01")
    with pytest.raises(Unsupported):
        hash_named("md5")


def test_a_key_off_its_curve_is_damage() -> None:
    raw = bytearray(_info(ec.generate_private_key(ec.SECP256R1()).public_key()))
    raw[-1] ^= 1
    with pytest.raises(CardDamaged):
        read_public_key(bytes(raw))


def test_a_signature_by_another_kind_of_key_says_nothing() -> None:
    signer = read_certificate(demo_state().root_der)
    with pytest.raises(Unsupported):
        is_signed(RsaKey(2**1024 + 1, 3), signer.algorithm, b"", b"")


class Signing:
    """A talk whose chip gives one signature."""

    def __init__(self, signature: bytes) -> None:
        self.longest = SHORT
        self._signature = signature

    def send(self, command: Command) -> tuple[bytes, int]:
        assert (command.ins, len(command.data)) == (0x88, 8)
        return (self._signature, 0x9000) if self._signature else (b"", 0x6985)


@pytest.mark.parametrize(
    ("name", "trailer"),
    [("sha1", "bc"), ("sha256", "34cc"), ("sha384", "36cc"), ("sha512", "35cc"), ("sha224", "38cc")],
)
def test_rsa_signatures_with_message_recovery(name: str, trailer: str) -> None:
    """ISO/IEC 9796-2 scheme 1, put together here from its description; both square roots' worth of signature."""
    key = rsa.generate_private_key(65537, 1024)
    numbers = key.private_numbers()
    n = numbers.public_numbers.n
    challenge = b"\x01" * 8
    end = bytes.fromhex(trailer)
    message = b"m" * (128 - 1 - hashlib.new(name).digest_size - len(end))
    whole = b"\x6a" + message + hashlib.new(name, message + challenge).digest() + end
    signature = pow(int.from_bytes(whole, "big"), numbers.d, n)

    def judged(value: int, size: int = 128, said: bytes = challenge) -> bool:
        chip = Signing(value.to_bytes(size, "big"))
        return is_active(chip, _info(key.public_key()), (), random=lambda _: said)  # type: ignore[arg-type]

    assert judged(signature)
    assert judged(n - signature)
    assert not judged(signature, said=b"\x02" * 8)
    assert not judged(signature ^ 1)
    assert not judged(0)
    assert not judged(signature, size=129)


def test_a_chip_that_signs_nothing_is_not_active() -> None:
    for key in (
        rsa.generate_private_key(65537, 1024).public_key(),
        ec.generate_private_key(ec.SECP256R1()).public_key(),
    ):
        infos = security_infos(tlv(0x31, _active_info("04007F00070101040103")))
        assert not is_active(Signing(b""), _info(key), infos)  # type: ignore[arg-type]


def _active_info(algorithm: str) -> bytes:
    return tlv(0x30, tlv(0x06, bytes.fromhex("678108010105")) + b"\x02\x01\x01" + tlv(0x06, bytes.fromhex(algorithm)))


@pytest.mark.parametrize("infos", [b"\x31\x00", tlv(0x31, _active_info("04007F00070101040109"))])
def test_ecdsa_needs_a_hash_by_name(infos: bytes) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(Unsupported):
        is_active(Signing(b"x" * 64), _info(key), security_infos(infos))  # type: ignore[arg-type]


def test_a_signature_of_an_unknown_kind_is_no_signature(tmp_path: Path) -> None:
    """The document is readable; nothing about its origin is said."""
    (tmp_path / "root.cer").write_bytes(demo_state().root_der)
    written = issue(PASSPORT, demo_state(), Issue(chip_key=None)).written
    unknown = written.files[0x011D].replace(
        bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06082a8648ce3d04030f")
    )
    found = read_well(EmrtdChip(replace(written, files={**written.files, 0x011D: unknown})), KEY, trust=tmp_path)
    assert found.assurance is Assurance.UNSIGNED
    assert failed(found) == ["security-object-signature", "issuer-known", "passive-authentication"]


# --- the folder of roots


def _signer() -> Certificate:
    chip = issue(PASSPORT, demo_state(), Issue(chip_key=None))
    return read_security_object(chip.written.files[0x011D]).signer


def _master_list(roots: Sequence[bytes]) -> bytes:
    """CscaMasterList, ICAO 9303-12 clause 8.1, in a CMS whose signature is not looked at."""
    listed = tlv(0x30, b"\x02\x01\x00" + tlv(0x31, b"".join(roots)))
    signed = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": {"content_type": "2.23.136.1.1.2", "content": core.ParsableOctetString(listed)},
            "signer_infos": [],
        }
    )
    outer: Any = cms.ContentInfo({"content_type": "signed_data", "content": signed})
    return outer.dump()


def _pem(der: bytes) -> bytes:
    command = ["openssl", "x509", "-inform", "DER"]
    return subprocess.run(command, input=der, capture_output=True, check=True, timeout=20).stdout


@pytest.mark.parametrize("form", ["der", "pem", "several-pem", "master-list"])
def test_roots_in_every_form_are_found(form: str, tmp_path: Path) -> None:
    own, other = demo_state().root_der, found_state(name="Elsewhere").root_der
    file, content = {
        "der": ("root.CRT", own),
        "pem": ("root.pem", _pem(own)),
        "several-pem": ("roots.pem", _pem(other) + _pem(own)),
        "master-list": ("list.ml", _master_list([own, other])),
    }[form]
    (tmp_path / file).write_bytes(content)
    found = read_well(issue(PASSPORT, demo_state(), Issue(chip_key=None)), KEY, trust=tmp_path)
    assert (found.assurance, failed(found)) == (Assurance.SIGNED, [])


def test_files_that_are_no_roots_are_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a-broken.cer").write_bytes(b"<html>not found</html>")
    (tmp_path / "b-broken.ml").write_bytes(b"no list")
    (tmp_path / "c-note.txt").write_text("not looked at")
    (tmp_path / "d-folder.cer").mkdir()
    (tmp_path / "e-large.cer").write_bytes(bytes(9 * 1024 * 1024))
    (tmp_path / "f-root.cer").write_bytes(demo_state().root_der)
    found = read_well(issue(PASSPORT, demo_state(), Issue(chip_key=None)), KEY, trust=tmp_path)
    assert found.assurance is Assurance.SIGNED
    said = [record.getMessage() for record in caplog.records]
    names = ("a-broken.cer", "b-broken.ml", "d-folder.cer", "e-large.cer")
    assert said == [f"no CSCA certificate: {name}" for name in names]


def test_a_folder_that_is_not_there_knows_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    signer = _signer()
    assert judge_signer(signer, tmp_path / "nowhere", TODAY) is Issuer.UNKNOWN
    assert [record.getMessage() for record in caplog.records] == ["the folder of CSCA certificates cannot be read"]


def test_a_forged_signer_that_names_a_known_key_is_found_out(tmp_path: Path) -> None:
    (tmp_path / "root.cer").write_bytes(demo_state().root_der)
    signer = _signer()
    assert judge_signer(signer, tmp_path, TODAY) is Issuer.KNOWN
    with pytest.raises(Altered):
        judge_signer(replace(signer, signed=signer.signed + b"\x00"), tmp_path, TODAY)
    unnamed = replace(signer, signed=signer.signed + b"\x00", issuer_key_id=None)
    assert judge_signer(unnamed, tmp_path, TODAY) is Issuer.UNKNOWN


def test_certificates_that_are_none_are_damage() -> None:
    for raw, is_list in ((b"", False), (b"\x30\x00", True), (b"-----BEGIN X-----\n", False)):
        with pytest.raises(CardDamaged):
            certificates_in(raw, is_master_list=is_list)


def test_a_document_without_com_or_with_a_broken_one(tmp_path: Path) -> None:
    written = issue(PASSPORT, demo_state(), Issue(chip_key=None)).written
    broken = EmrtdChip(replace(written, files={**written.files, 0x011E: b"\x61\x04\x5c\x02\x61\x75"}))
    assert read(broken, KEY, trust=tmp_path) is CardTrouble.UNREADABLE
