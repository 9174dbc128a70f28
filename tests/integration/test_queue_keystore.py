"""Where this machine's key lies: a TPM 2.0 (swtpm), a credential, a file; and nothing that changes it unnoticed."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import pytest

from offline_queue.keystore import RECORD, KeyStoreKind, KeyStores, KeyStoreTrouble, open_local_key, used_key
from offline_queue.sealing import LocalKeySealer
from offline_queue.stream import Cipher
from tests.support.swtpm import SoftTpm

NOWHERE = KeyStores(tcti="device:/nowhere/tpmrm0")


@pytest.fixture
def tpm(tmp_path: Path) -> Iterator[SoftTpm]:
    with SoftTpm(tmp_path / "tpm") as running:
        yield running


@pytest.fixture
def queue(tmp_path: Path) -> Path:
    return tmp_path / "queue"


def names(queue: Path) -> set[str]:
    return {path.name for path in queue.iterdir()}


def test_the_tpm_gives_the_key_back_on_this_machine_only(tmp_path: Path, queue: Path) -> None:
    machine = SoftTpm(tmp_path / "tpm")
    with machine:
        first = open_local_key(queue, KeyStores(tcti=machine.tcti))
        assert first.kind is KeyStoreKind.TPM
        assert names(queue) == {"local.tpm", RECORD}
        assert (queue / "local.tpm").stat().st_mode & 0o777 == 0o600
        assert first.key not in (queue / "local.tpm").read_bytes()
    with machine:  # after a restart
        assert open_local_key(queue, KeyStores(tcti=machine.tcti)) == first
    with SoftTpm(tmp_path / "stranger") as stranger, pytest.raises(KeyStoreTrouble, match="machine that sealed"):
        open_local_key(queue, KeyStores(tcti=stranger.tcti))
    with pytest.raises(KeyStoreTrouble, match="group tss"):
        open_local_key(queue, KeyStores(tcti="swtpm:path=/nowhere"))
    for content in (b"", b"\x00\x02ab", (queue / "local.tpm").read_bytes()[:-1]):
        (queue / "local.tpm").write_bytes(content)
        with machine, pytest.raises(KeyStoreTrouble):
            open_local_key(queue, KeyStores(tcti=machine.tcti))
    (queue / "local.tpm").unlink()
    with pytest.raises(KeyStoreTrouble, match=r"local\.tpm is missing"):
        open_local_key(queue, KeyStores(tcti=machine.tcti))
    assert sorted(names(queue)) == [RECORD]


def test_a_key_moves_and_stays_the_same(tpm: SoftTpm, queue: Path, tmp_path: Path) -> None:
    sealed = LocalKeySealer.in_folder(queue).seal(b"x", context="a")  # as before there was a choice
    credentials = tmp_path / "credentials"
    stores = KeyStores(tcti=tpm.tcti, credentials=credentials)
    assert open_local_key(queue, stores).kind is KeyStoreKind.FILE  # a TPM that appears changes nothing
    moved = open_local_key(queue, stores, "tpm")
    assert (moved.kind, names(queue)) == (KeyStoreKind.TPM, {"local.tpm", RECORD})
    assert moved.sealer().open(sealed, context="a") == b"x"
    with pytest.raises(KeyStoreTrouble, match="can't be read"):
        open_local_key(queue, stores, "credential")
    credentials.mkdir()
    (credentials / "kiosk.key").write_bytes(os.urandom(32))
    with pytest.raises(KeyStoreTrouble, match="must hold the key that sealed"):
        open_local_key(queue, stores, "credential")
    assert open_local_key(queue, stores).kind is KeyStoreKind.TPM  # nothing was lost by trying
    (credentials / "kiosk.key").write_bytes(moved.key)
    assert open_local_key(queue, stores, "credential").kind is KeyStoreKind.CREDENTIAL
    assert names(queue) == {RECORD}
    back = open_local_key(queue, stores, "file")
    assert (back.key, back.kind, names(queue)) == (moved.key, KeyStoreKind.FILE, {"local.key", RECORD})
    assert not moved.sealer().last_resort
    assert back.sealer().last_resort


def test_a_credential_is_taken_first_and_never_exchanged(queue: Path, tmp_path: Path) -> None:
    stores = KeyStores.of({"CREDENTIALS_DIRECTORY": str(tmp_path)}, tcti="device:/nowhere")
    (tmp_path / "kiosk.key").write_bytes(b"k" * 31)
    with pytest.raises(KeyStoreTrouble, match="32 random bytes"):
        open_local_key(queue, stores)
    (tmp_path / "kiosk.key").write_bytes(b"k" * 32)
    assert open_local_key(queue, stores).kind is KeyStoreKind.CREDENTIAL
    (tmp_path / "kiosk.key").write_bytes(b"l" * 32)
    with pytest.raises(KeyStoreTrouble, match="another key than the one that sealed"):
        open_local_key(queue, stores)
    with pytest.raises(KeyStoreTrouble, match="no systemd credential"):
        open_local_key(queue, NOWHERE)
    assert KeyStores.of({}).credentials is None


def test_the_file_is_the_last_resort(queue: Path) -> None:
    assert used_key(queue, NOWHERE) is None
    made = open_local_key(queue, NOWHERE)
    assert made.kind is KeyStoreKind.FILE
    assert used_key(queue, NOWHERE) == made
    assert made.sealer(Cipher.SM4_GCM).seal(b"x", context="a")[:4] == b"TKS2"
    (queue / "local.key").unlink()
    with pytest.raises(KeyStoreTrouble, match=r"local\.key is missing"):
        open_local_key(queue, NOWHERE)
    assert names(queue) == {RECORD}  # no new key was made in its place
    (queue / "local.key").write_bytes(b"short")
    with pytest.raises(KeyStoreTrouble, match="damaged"):
        open_local_key(queue, NOWHERE)
    (queue / RECORD).write_text("nonsense")
    with pytest.raises(KeyStoreTrouble, match="is damaged"):
        open_local_key(queue, NOWHERE)


def test_without_the_library_there_is_no_tpm(queue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tpm2_pytss", None)
    with pytest.raises(KeyStoreTrouble, match="extra tpm"):
        open_local_key(queue, KeyStores(tcti="swtpm:path=/nowhere"), "tpm")
    shutil.rmtree(queue)
    assert open_local_key(queue, NOWHERE).kind is KeyStoreKind.FILE


def _key(queue: Path, tcti: str) -> bytes:
    return open_local_key(queue, KeyStores(tcti=tcti)).key


def test_two_processes_that_start_together_have_one_key(queue: Path, tpm: SoftTpm) -> None:
    with get_context("spawn").Pool(2) as pool:
        keys = pool.starmap(_key, [(queue, tpm.tcti)] * 4)
    assert len(set(keys)) == 1
