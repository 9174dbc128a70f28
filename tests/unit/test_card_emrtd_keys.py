"""Whom a travel document is believed by: keys and signatures of every kind, and the folder of roots."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms, core
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from devices.card.api import Assurance, CardTrouble
from devices.card.emrtd.active import is_active
from devices.card.emrtd.apdu import Command
from devices.card.emrtd.asn1 import Certificate, RsaKey, Unsupported, certificates_in, read_certificate, read_public_key
from devices.card.emrtd.errors import Altered
from devices.card.emrtd.lengths import SHORT
from devices.card.emrtd.security_infos import security_infos
from devices.card.emrtd.security_object import read_security_object
from devices.card.emrtd.signatures import hash_named, is_signed
from devices.card.emrtd.trust import Issuer, judge_signer
from devices.card.sim_emrtd import DEMO_HOLDERS, EmrtdChip, Issue, demo_state, issue
from devices.card.sim_emrtd_files import found_state, tlv
from devices.card.slot import CardDamaged
from tests.support.emrtd import TODAY, failed, key_of, read, read_well

PASSPORT = DEMO_HOLDERS["passport"]
KEY = key_of(PASSPORT)


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


# --- the folder of roots ----------------------------------------------------------------------------------------------


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
