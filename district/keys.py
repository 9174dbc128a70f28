"""The district's keys: a folder of files that lies outside the database, since together they open everything.

    signing.pem                 signs bundles (Ed25519); terminals know its public half by their configuration
    district-<id>.pem, .json    a key that terminals seal to (X25519), and what a bundle says of it
    escrow-<id>.pem, .json      the second key they seal to: its .pem belongs in a safe, the .json stays
    bundle-version              the last bundle's number

Private keys are PKCS#8, 0600, under a passphrase if one is given. Old ones stay until nothing that was sealed to them
is on the way any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from pydantic import ValidationError

from district.times import version_of
from offline_queue.blobs import private_folder, sync_folder, write_whole
from offline_queue.bundle import BundleKey, KeyBundle, Use, public_text, sign_bundle
from offline_queue.numbers import key_id
from offline_queue.terminals import KnownTerminal
from offline_queue.wire import Suite, canonical_bytes

KEY_DAYS = 730
BUNDLE_DAYS = 180
_SIGNING = "signing.pem"
_VERSION = "bundle-version"


class KeysTrouble(Exception):
    """The folder can't be used as it is; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """New keys; `signing` is the public key for the terminals' configuration, `files` what was written."""

    signing: str
    files: tuple[Path, ...]


def new_keys(
    folder: Path, *, now: datetime, escrow: bool = False, days: int = KEY_DAYS, passphrase: bytes | None = None
) -> Made:
    """A new key of the district; the signing key and an escrow key, too, where there are none (or `escrow` asks)."""
    private_folder(folder)
    files: list[Path] = []
    if (folder / _SIGNING).exists():
        signing_key(folder, passphrase)  # a mistyped passphrase makes no key that nobody can open
    else:
        files.append(_keep_private(folder / _SIGNING, Ed25519PrivateKey.generate(), passphrase))
    uses = [Use.DISTRICT]
    if escrow or not any(one.use is Use.ESCROW for one in public_keys(folder)):
        uses.append(Use.ESCROW)
    for use in uses:
        private = X25519PrivateKey.generate()
        raw = private.public_key().public_bytes_raw()
        public = BundleKey(
            id=key_id(raw),
            use=use,
            public=public_text(raw),
            not_before=now,
            not_after=now + timedelta(days=days),
        )
        stem = f"{use.value}-{public.id}"
        files.append(_keep_private(folder / f"{stem}.pem", private, passphrase))
        write_whole(folder / f"{stem}.json", [canonical_bytes(public)])
        files.append(folder / f"{stem}.json")
    sync_folder(folder)
    signing = signing_key(folder, passphrase).public_key().public_bytes_raw()
    return Made(signing=public_text(signing), files=tuple(files))


def public_keys(folder: Path) -> tuple[BundleKey, ...]:
    """What bundles say of the folder's keys, oldest first. Raises KeysTrouble."""
    found: list[BundleKey] = []
    for path in sorted(folder.glob("*-*.json")):
        try:
            found.append(BundleKey.model_validate_json(path.read_bytes()))
        except (OSError, ValidationError) as trouble:
            raise KeysTrouble(f"{path} is not what district keys new wrote: take it from a copy") from trouble
    return tuple(sorted(found, key=lambda one: one.not_before))


def private_keys(folder: Path, passphrase: bytes | None = None) -> Mapping[str, X25519PrivateKey]:
    """The keys that open submissions, by id. Raises KeysTrouble, also for a folder without any."""
    keys: dict[str, X25519PrivateKey] = {}
    for path in sorted((*folder.glob("district-*.pem"), *folder.glob("escrow-*.pem"))):
        private = _private(path, passphrase)
        if not isinstance(private, X25519PrivateKey):
            raise KeysTrouble(f"{path} is not an X25519 key")
        keys[key_id(private.public_key().public_bytes_raw())] = private
    if not keys:
        raise KeysTrouble(
            f"no private key is in {folder}: take the keys from the safe, or use the escrow key. Only a district that "
            "had none before makes them: district keys new"
        )
    return keys


def make_bundle(
    folder: Path,
    *,
    now: datetime,
    suite: Suite = Suite.AES256_GCM,
    terminals: Sequence[KnownTerminal] = (),
    days: int = BUNDLE_DAYS,
    passphrase: bytes | None = None,
) -> bytes:
    """A signed bundle of every key that is not over, with a version that no earlier one has. Raises KeysTrouble."""
    keys = tuple(one for one in public_keys(folder) if one.not_after > now)
    if {one.use for one in keys} != set(Use):
        raise KeysTrouble("a bundle needs a district and an escrow key that are not over: district keys new --escrow")
    signing = signing_key(folder, passphrase)
    counter = folder / _VERSION
    # A folder that was restored from the safe holds an older number; terminals would refuse what follows it.
    version = max(_last_version(counter) + 1, version_of(now))
    try:
        bundle = KeyBundle(
            version=version,
            created=now,
            not_after=now + timedelta(days=days),
            suite=suite,
            keys=keys,
            terminals=tuple(one.line() for one in terminals),
        )
        content = sign_bundle(bundle, signing)
    except ValidationError as trouble:
        wrong = trouble.errors()[0]
        said = f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}"
        raise KeysTrouble(f"that is more than a bundle may hold: {said}") from trouble
    write_whole(counter, [str(version).encode()])
    sync_folder(folder)
    return content


def _last_version(counter: Path) -> int:
    try:
        content = counter.read_bytes().strip()
    except FileNotFoundError:
        return 0
    if not content.isdigit():
        raise KeysTrouble(
            f"{counter} holds no number: write the newest bundle's into it. At a terminal that has it, kiosk queue keys"
            " show tells it"
        )
    return int(content)


def signing_key(folder: Path, passphrase: bytes | None = None) -> Ed25519PrivateKey:
    """What signs bundles and receipts. Raises KeysTrouble."""
    private = _private(folder / _SIGNING, passphrase)
    if not isinstance(private, Ed25519PrivateKey):
        raise KeysTrouble(f"{folder / _SIGNING} is not an Ed25519 key")
    return private


def _private(path: Path, passphrase: bytes | None) -> object:
    try:
        content = path.read_bytes()
        locked = b"ENCRYPTED" in content
        if locked and passphrase is None:
            raise KeysTrouble(f"{path} needs its passphrase: give --passphrase-file")
        return load_pem_private_key(content, passphrase if locked else None)
    except OSError as trouble:
        raise KeysTrouble(f"{path} can't be read: {trouble.strerror}") from trouble
    except (ValueError, TypeError) as trouble:
        raise KeysTrouble(f"{path} doesn't open: a wrong passphrase, or a damaged file") from trouble


def _keep_private(path: Path, key: Ed25519PrivateKey | X25519PrivateKey, passphrase: bytes | None) -> Path:
    lock = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
    write_whole(path, [key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)])
    return path
