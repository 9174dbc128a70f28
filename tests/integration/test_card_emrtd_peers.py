"""Travel documents against peers that nobody here wrote: OpenPACE as the chip, OpenSSL over the security object."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from devices.card.api import Assurance, CanKey, CardTrouble
from devices.card.emrtd import ber
from devices.card.sim_emrtd import DEMO_HOLDERS, EmrtdChip, Holder, Issue, Lock, demo_state, issue, trust_demo_state
from devices.card.sim_emrtd_files import State, found_state
from tests.support.eac_chip import EacChip, missing
from tests.support.emrtd import ChipLink, failed, key_of, read, read_well

CARD = DEMO_HOLDERS["foreign-card"]
PASSPORT = replace(DEMO_HOLDERS["passport"], can="141421")

eac = pytest.mark.skipif(missing() is not None, reason=str(missing()))


def eac_chip(holder: Holder, how: Issue) -> EacChip:
    """The same document in OpenPACE's chip."""
    written = issue(holder, demo_state(), replace(how, chip_key=None)).written
    assert written.card_access is not None
    return EacChip(
        files=written.files,
        card_access=written.card_access,
        zone=holder.zone,
        can=holder.can,
        mrz_information=holder.mrz_information,
        extended=how.extended,
    )


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trust_demo_state(tmp_path_factory.mktemp("csca"))


@eac
@pytest.mark.parametrize("curve", range(8, 19))
@pytest.mark.parametrize("suite", [2, 3, 4])
def test_openpace_opens_in_every_suite_and_curve(suite: int, curve: int, trust: Path) -> None:
    chip = eac_chip(CARD, Issue(lock=Lock(suite=suite, curve=curve), picture_bytes=800))
    found = read_well(chip, CanKey(CARD.can), trust=trust, fields=frozenset(("document_number",)))
    assert (found.assurance, found.fields) == (Assurance.SIGNED, {"document_number": "U0000042X"})


@eac
def test_openpace_takes_the_zone_as_password(trust: Path) -> None:
    assert (
        read_well(eac_chip(CARD, Issue()), key_of(CARD), trust=trust).fields["english_name"] == "ERIKSDOTTER ANNA MARIA"
    )
    assert read_well(eac_chip(PASSPORT, Issue()), key_of(PASSPORT), trust=trust).fields["name"] == "王秀英"


@eac
def test_openpace_refuses_what_is_wrong(trust: Path) -> None:
    for holder in (CARD, PASSPORT):
        chip = eac_chip(holder, Issue())
        for key in (CanKey("000000"), replace(key_of(holder), birth_date="700101")):
            assert read(chip, key, trust=trust) is CardTrouble.WRONG_KEY
        assert read_well(chip, CanKey(holder.can), trust=trust).assurance is Assurance.SIGNED


@eac
@pytest.mark.parametrize("extended", [False, True])
def test_openpace_carries_a_long_photo(extended: bool, trust: Path) -> None:
    chip = eac_chip(PASSPORT, Issue(picture_bytes=40_000, extended=extended))
    found = read_well(chip, key_of(PASSPORT), trust=trust)
    assert found.photo is not None
    assert len(found.photo) == 40_000


@eac
def test_openpace_notices_a_changed_command() -> None:
    chip = eac_chip(PASSPORT, Issue())

    class Meddling(ChipLink):
        def exchange(self, command: bytes) -> bytes:
            protected = command[0] == 0x0C and len(self.asked) > 12
            return super().exchange(command[:-3] + bytes((command[-3] ^ 1,)) + command[-2:] if protected else command)

    assert read(Meddling(chip), key_of(PASSPORT)) is CardTrouble.UNREADABLE


def _verified(written: EmrtdChip, state: State, folder: Path) -> subprocess.CompletedProcess[bytes]:
    sod, root = folder / "sod.der", folder / "trusted.pem"
    sod.write_bytes(ber.only(written.written.files[0x011D], 0x77))
    root.write_bytes(_pem(state.root_der))
    command = ["openssl", "cms", "-verify", "-inform", "DER", "-in", str(sod), "-CAfile", str(root), "-purpose", "any"]
    return subprocess.run([*command, "-out", str(folder / "content")], capture_output=True, check=False, timeout=20)


def _pem(der: bytes) -> bytes:
    return subprocess.run(
        ["openssl", "x509", "-inform", "DER"], input=der, capture_output=True, check=True, timeout=20
    ).stdout


@pytest.mark.parametrize(("key", "pss"), [("ec", False), ("rsa", False), ("rsa", True)])
def test_openssl_judges_a_security_object_as_we_do(key: str, pss: bool, tmp_path: Path) -> None:
    state, other = found_state(key=key, pss=pss), found_state(key=key, pss=pss)
    chip = issue(PASSPORT, state, Issue(chip_key=None))
    assert _verified(chip, state, tmp_path).returncode == 0
    trust = tmp_path / "trust"
    trust.mkdir()
    (trust / "root.cer").write_bytes(state.root_der)
    assert read_well(chip, key_of(PASSPORT), trust=trust).assurance is Assurance.SIGNED

    assert _verified(chip, other, tmp_path).returncode != 0
    (trust / "root.cer").write_bytes(other.root_der)
    assert failed(read_well(chip, key_of(PASSPORT), trust=trust)) == ["issuer-known", "passive-authentication"]

    raw = bytearray(chip.written.files[0x011D])
    raw[-10] ^= 1  # in the signature
    changed = EmrtdChip(replace(chip.written, files={**chip.written.files, 0x011D: bytes(raw)}))
    assert _verified(changed, state, tmp_path).returncode != 0
    assert read(changed, key_of(PASSPORT), trust=trust) is CardTrouble.ALTERED


@pytest.fixture
def openssl(tmp_path: Path) -> Callable[..., None]:
    def run(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=tmp_path, capture_output=True, check=True, timeout=30)

    return run


@pytest.mark.parametrize("curve", ["prime256v1", "brainpoolP384r1", "secp521r1"])
def test_a_security_object_by_openssl_with_curves_written_out(
    curve: str, openssl: Callable[..., None], tmp_path: Path
) -> None:
    """Issuers write out all parameters of their curves (9303-12 clause 4.4), which cryptography alone does not read."""
    explicit = ("-pkeyopt", f"ec_paramgen_curve:{curve}", "-pkeyopt", "ec_param_enc:explicit")
    for name in ("root", "ds"):
        openssl("genpkey", "-algorithm", "EC", *explicit, "-out", f"{name}.key")
    openssl("req", "-x509", "-new", "-key", "root.key", "-subj", "/C=UT/CN=CSCA", "-days", "9000", "-out", "root.pem")
    openssl("req", "-new", "-key", "ds.key", "-subj", "/C=UT/CN=DS", "-out", "ds.csr")
    issued = ("-CA", "root.pem", "-CAkey", "root.key", "-set_serial", "7", "-days", "9000", "-out", "ds.pem")
    openssl("x509", "-req", "-in", "ds.csr", *issued)
    plain = issue(PASSPORT, demo_state(), Issue(chip_key=None))
    assert _verified(plain, demo_state(), tmp_path).returncode == 0  # leaves the content to sign
    sign = ("cms", "-sign", "-binary", "-nodetach", "-econtent_type", "2.23.136.1.1.1", "-md", "sha384", "-nosmimecap")
    openssl(*sign, "-in", "content", "-signer", "ds.pem", "-inkey", "ds.key", "-outform", "DER", "-out", "signed.der")
    sod = ber.tlv(0x77, (tmp_path / "signed.der").read_bytes())
    chip = EmrtdChip(replace(plain.written, files={**plain.written.files, 0x011D: sod}))
    trust = tmp_path / "trust"
    trust.mkdir()
    (trust / "root.pem").write_bytes((tmp_path / "root.pem").read_bytes())
    found = read_well(chip, key_of(PASSPORT), trust=trust, today=date.today())  # noqa: DTZ011 - OpenSSL's own today
    assert (found.assurance, failed(found)) == (Assurance.SIGNED, [])
