"""Where this machine's own key lies: in the TPM, in a systemd credential, or, as the last resort, in a file.

    tpm          `local.tpm` holds the key sealed under the machine's TPM: another machine can't open it
    credential   systemd hands it over as `kiosk.key` (32 bytes) in $CREDENTIALS_DIRECTORY, decrypted into memory only
    file         `local.key`, 0600, beside what it seals: whoever takes the disk has both

`key-store` in the same folder says which of them is in use, and the id of the key. From then on that is where the key
comes from: a TPM that appears or a credential that goes away must not turn a terminal to another key, with which
nothing that is queued could be opened. Another choice in the configuration moves the same key; a key that is not the
one that was used is refused.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from offline_queue.blobs import private_folder, sync_folder, write_durably
from offline_queue.sealing import LocalKeySealer, local_key_id, secret_file
from offline_queue.stream import Cipher

RECORD = "key-store"
TPM_DEVICE = "device:/dev/tpmrm0"
_CREDENTIAL = "kiosk.key"
_FILE = "local.key"
_SEALED = "local.tpm"
_KEY_BYTES = 32


class KeyStoreKind(StrEnum):
    TPM = "tpm"
    CREDENTIAL = "credential"
    FILE = "file"


Wanted = Literal["auto", "tpm", "credential", "file"]


class KeyStoreTrouble(Exception):
    """The key can't be had, or is not the one that sealed what is queued. The text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalKey:
    """This machine's key (32 bytes) and where it lies."""

    key: bytes
    kind: KeyStoreKind

    def sealer(self, cipher: Cipher = Cipher.AES256_GCM) -> LocalKeySealer:
        return LocalKeySealer(self.key, last_resort=self.kind is KeyStoreKind.FILE, cipher=cipher)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStores:
    """What this machine offers. `tcti` is how the TPM is reached; `credentials` the folder systemd made for us."""

    tcti: str = TPM_DEVICE
    credentials: Path | None = None

    @classmethod
    def of(cls, environment: Mapping[str, str], *, tcti: str = TPM_DEVICE) -> KeyStores:
        folder = environment.get("CREDENTIALS_DIRECTORY")
        return cls(tcti=tcti, credentials=Path(folder) if folder else None)


def used_key(folder: Path, stores: KeyStores) -> LocalKey | None:
    """The key that a queue's folder uses; None while it has none yet. Raises KeyStoreTrouble, OSError."""
    used = _record(folder)
    if used is None:
        return None
    kind, name = used
    key = _load(kind, folder, stores)
    if local_key_id(key) != name:
        raise KeyStoreTrouble(
            f"the {kind.value} holds another key than the one that sealed what is queued ({name}): bring that "
            f"one back, or move {folder} away"
        )
    return LocalKey(key=key, kind=kind)


def open_local_key(folder: Path, stores: KeyStores, wanted: Wanted = "auto") -> LocalKey:
    """The key of a queue's folder; made at the first use, moved when another store is wanted.

    `auto` stays with what is used, and at first takes a credential if there is one, else the TPM, else a file. Raises
    KeyStoreTrouble, OSError.
    """
    private_folder(folder)
    with _alone(folder):
        local = used_key(folder, stores)
        if local is None:
            kind = _first_choice(stores) if wanted == "auto" else KeyStoreKind(wanted)
            local = LocalKey(key=_make(kind, folder, stores), kind=kind)
        elif wanted not in ("auto", local.kind.value):
            local = _moved(local, KeyStoreKind(wanted), folder, stores)
        _keep_record(folder, local)
        return local


def _first_choice(stores: KeyStores) -> KeyStoreKind:
    if stores.credentials is not None and (stores.credentials / _CREDENTIAL).exists():
        return KeyStoreKind.CREDENTIAL
    return KeyStoreKind.TPM if _tpm_is_there(stores.tcti) else KeyStoreKind.FILE


def _tpm_is_there(tcti: str) -> bool:
    from offline_queue.keystore_tpm import available

    return available(tcti)


def _make(kind: KeyStoreKind, folder: Path, stores: KeyStores) -> bytes:
    match kind:
        case KeyStoreKind.CREDENTIAL:
            return _load(kind, folder, stores)
        case KeyStoreKind.TPM:
            key = os.urandom(_KEY_BYTES)
            _seal_in_tpm(key, folder, stores)
            return key
        case KeyStoreKind.FILE:
            return _read_file(folder)


def _load(kind: KeyStoreKind, folder: Path, stores: KeyStores) -> bytes:
    match kind:
        case KeyStoreKind.CREDENTIAL:
            return _read_credential(stores)
        case KeyStoreKind.TPM:
            from offline_queue.keystore_tpm import TpmTrouble, unseal

            try:
                return unseal((folder / _SEALED).read_bytes(), stores.tcti)
            except FileNotFoundError as trouble:
                raise KeyStoreTrouble(f"{folder / _SEALED} is missing: take it from a copy of the folder") from trouble
            except TpmTrouble as trouble:
                raise KeyStoreTrouble(str(trouble)) from trouble
        case KeyStoreKind.FILE:
            if not (folder / _FILE).exists():
                raise KeyStoreTrouble(f"{folder / _FILE} is missing: take it from a copy of the folder")
            return _read_file(folder)


def _moved(local: LocalKey, kind: KeyStoreKind, folder: Path, stores: KeyStores) -> LocalKey:
    """The same key in another store. The old place is emptied last, so that a power cut leaves one that is recorded."""
    match kind:
        case KeyStoreKind.TPM:
            _seal_in_tpm(local.key, folder, stores)
        case KeyStoreKind.FILE:
            write_durably(folder / _FILE, local.key)
        case KeyStoreKind.CREDENTIAL:
            if _read_credential(stores) != local.key:
                raise KeyStoreTrouble(
                    f"the credential {_CREDENTIAL} must hold the key that sealed what is queued: encrypt that of the "
                    f"{local.kind.value} (docs/queue.md)"
                )
    moved = LocalKey(key=local.key, kind=kind)
    _keep_record(folder, moved)
    for left, name in ((KeyStoreKind.FILE, _FILE), (KeyStoreKind.TPM, _SEALED)):
        if left is not kind:
            (folder / name).unlink(missing_ok=True)
    sync_folder(folder)
    return moved


def _seal_in_tpm(key: bytes, folder: Path, stores: KeyStores) -> None:
    from offline_queue.keystore_tpm import TpmTrouble, seal, unseal

    try:
        sealed = seal(key, stores.tcti)
        if unseal(sealed, stores.tcti) != key:
            raise KeyStoreTrouble("the TPM does not give back what it was given: use another key store")
    except TpmTrouble as trouble:
        raise KeyStoreTrouble(str(trouble)) from trouble
    write_durably(folder / _SEALED, sealed)
    sync_folder(folder)


def _read_credential(stores: KeyStores) -> bytes:
    if stores.credentials is None:
        raise KeyStoreTrouble(
            f"no systemd credential was handed over: LoadCredentialEncrypted={_CREDENTIAL} in the unit"
        )
    path = stores.credentials / _CREDENTIAL
    try:
        key = path.read_bytes()
    except OSError as trouble:
        raise KeyStoreTrouble(f"the credential {path} can't be read: {trouble.strerror}") from trouble
    if len(key) != _KEY_BYTES:
        raise KeyStoreTrouble(f"the credential {_CREDENTIAL} must hold {_KEY_BYTES} random bytes")
    return key


def _read_file(folder: Path) -> bytes:
    try:
        return secret_file(folder / _FILE)
    except ValueError as trouble:
        raise KeyStoreTrouble(str(trouble)) from trouble


def _record(folder: Path) -> tuple[KeyStoreKind, str] | None:
    path = folder / RECORD
    try:
        kind, name = path.read_text("ascii").split()
        return KeyStoreKind(kind), name
    except FileNotFoundError:
        # Before there was a choice the key lay in a file.
        return (KeyStoreKind.FILE, local_key_id(_read_file(folder))) if (folder / _FILE).exists() else None
    except ValueError as trouble:
        raise KeyStoreTrouble(f"{path} is damaged: it must say tpm, credential or file, and the key's id") from trouble


def _keep_record(folder: Path, local: LocalKey) -> None:
    content = f"{local.kind.value} {local_key_id(local.key)}\n".encode()
    path = folder / RECORD
    if path.exists() and path.read_bytes() == content:
        return
    draft = folder / f"{RECORD}.part"
    write_durably(draft, content)
    os.replace(draft, path)
    sync_folder(folder)


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """App and sync may start together, and must not make two keys."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
