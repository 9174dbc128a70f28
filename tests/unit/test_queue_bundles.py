"""Bundles of the district's keys: which a terminal takes, which key of them counts today, and whom they name."""

from __future__ import annotations

import base64
import json
import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from district.keys import make_bundle
from district.times import version_of
from offline_queue.bundle import (
    BundleKey,
    BundleTrouble,
    Installed,
    KeyBundle,
    Use,
    public_raw,
    public_text,
    read_bundle,
    sign_bundle,
)
from offline_queue.keyring import FILE, DistrictKeys
from offline_queue.numbers import key_id
from offline_queue.wire import Suite
from tests.support.sealed_rig import NOW, KeyedDistrict


@pytest.fixture
def district(tmp_path: Path) -> KeyedDistrict:
    return KeyedDistrict.new(tmp_path / "keys")


def test_bundles_that_are_not_to_be_taken_are_named(tmp_path: Path, district: KeyedDistrict) -> None:
    keys = DistrictKeys(tmp_path / "queue", signer=district.signer)
    one = version_of(NOW)
    first, second, third = (district.bundle() for _ in range(3))
    assert keys.install(second, now=NOW) == Installed(version=one + 1, replaced=None)
    assert keys.install(second, now=NOW) == Installed(version=one + 1, replaced=one + 1)
    assert keys.install(first, now=NOW) is BundleTrouble.OLDER
    assert keys.install(third, now=NOW + timedelta(days=181)) is BundleTrouble.EXPIRED
    stranger = KeyedDistrict.new(tmp_path / "stranger")
    assert keys.install(stranger.bundle(), now=NOW) is BundleTrouble.UNSIGNED
    file = json.loads(third)
    file["bundle"] = json.loads(stranger.bundle())["bundle"]
    assert keys.install(json.dumps(file).encode(), now=NOW) is BundleTrouble.UNSIGNED
    for rubbish in (b"", b"{}", b'{"bundle": "?", "signature": ""}', b"x" * (4 * 1024 * 1024 + 1)):
        assert keys.install(rubbish, now=NOW) is BundleTrouble.UNREADABLE
    assert keys.install(third, now=NOW) == Installed(version=one + 2, replaced=one + 1)
    assert os.stat(tmp_path / "queue" / FILE).st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "queue").iterdir()] == [FILE]


def test_a_folder_that_was_restored_makes_no_older_bundle(tmp_path: Path, district: KeyedDistrict) -> None:
    keys = DistrictKeys(tmp_path / "queue", signer=district.signer)
    keys.install(district.bundle(), now=NOW)
    (district.folder / "bundle-version").unlink()  # the safe had it from before the first bundle
    later = make_bundle(district.folder, now=NOW + timedelta(minutes=1))
    assert isinstance(keys.install(later, now=NOW), Installed)


def bundle_of(*keys: BundleKey, signer: Ed25519PrivateKey, version: int = 1) -> bytes:
    return sign_bundle(
        KeyBundle(version=version, created=NOW, not_after=NOW + timedelta(days=9), suite=Suite.AES256_GCM, keys=keys),
        signer,
    )


def bundle_key(use: Use, fill: int, start: datetime = NOW, days: int = 10) -> BundleKey:
    raw = bytes([fill]) * 32
    return BundleKey(
        id=key_id(raw), use=use, public=public_text(raw), not_before=start, not_after=start + timedelta(days=days)
    )


def test_a_bundle_without_two_recipients_is_none(tmp_path: Path) -> None:
    signer = Ed25519PrivateKey.generate()
    raw = signer.public_key().public_bytes_raw()
    district, escrow = bundle_key(Use.DISTRICT, 1), bundle_key(Use.ESCROW, 2)
    assert isinstance(read_bundle(bundle_of(district, escrow, signer=signer), raw), KeyBundle)
    assert read_bundle(bundle_of(district, district, signer=signer), raw) is BundleTrouble.INCOMPLETE
    renamed = escrow.model_copy(update={"id": district.id})
    assert read_bundle(bundle_of(district, renamed, signer=signer), raw) is BundleTrouble.INCOMPLETE
    content = base64.b64encode(b"{}").decode()
    signature = base64.b64encode(signer.sign(b"township-kiosk key bundle v1\n{}")).decode()
    file = json.dumps({"bundle": content, "signature": signature}).encode()
    assert read_bundle(file, raw) is BundleTrouble.UNREADABLE
    # As old as the installed one, and another.
    keys = DistrictKeys(tmp_path, signer=raw)
    assert keys.install(bundle_of(district, escrow, signer=signer), now=NOW) == Installed(version=1, replaced=None)
    other = bundle_of(bundle_key(Use.DISTRICT, 3), escrow, signer=signer)
    assert keys.install(other, now=NOW) is BundleTrouble.OLDER


def test_the_key_of_the_day_is_taken_and_a_wrong_clock_keeps_nobody_out() -> None:
    signer = Ed25519PrivateKey.generate()
    old, new = bundle_key(Use.DISTRICT, 1), bundle_key(Use.DISTRICT, 2, NOW + timedelta(days=5))
    escrow = bundle_key(Use.ESCROW, 3)
    read = read_bundle(bundle_of(new, old, escrow, signer=signer), signer.public_key().public_bytes_raw())
    assert isinstance(read, KeyBundle)

    def chosen(days: float) -> list[str]:
        return [one.id for one in read.recipients(NOW + timedelta(days=days)).keys]

    assert chosen(1) == [old.id, escrow.id]
    assert chosen(6) == [new.id, escrow.id]
    assert chosen(3650) == [new.id, escrow.id]
    assert chosen(-3650) == [new.id, escrow.id]


def signing_key() -> bytes:
    return Ed25519PrivateKey.generate().public_key().public_bytes_raw()


def test_terminals_are_known_by_the_bundle() -> None:
    raw = signing_key()
    bundle = KeyBundle(
        version=1,
        created=NOW,
        not_after=NOW,
        suite=Suite.AES256_GCM,
        keys=(bundle_key(Use.DISTRICT, 1), bundle_key(Use.ESCROW, 2)),
        terminals=(f"TY04 {public_text(raw)} 清溪镇",),
    )
    (known,) = bundle.known_terminals()
    assert (known.code, known.public_key, known.hall) == ("TY04", raw, "清溪镇")
    signer = Ed25519PrivateKey.generate()
    wrong_line = bundle.model_copy(update={"terminals": ("nonsense",)})
    read = read_bundle(sign_bundle(wrong_line, signer), signer.public_key().public_bytes_raw())
    assert read is BundleTrouble.UNREADABLE
    for wrong in ("", "AAAA", "?" * 43):
        with pytest.raises(ValueError, match="32 bytes"):
            public_raw(wrong)


@settings(max_examples=100)
@given(st.binary(max_size=300))
def test_any_bytes_are_no_bundle(content: bytes) -> None:
    assert isinstance(read_bundle(content, bytes(32)), BundleTrouble)
