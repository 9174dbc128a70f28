from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from offline_queue.sealing import LocalKeySealer, terminal_key
from offline_queue.wire import CHUNK_BYTES

SEALER = LocalKeySealer(bytes(32))


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES])
def test_sealed_bytes_open_to_the_same_bytes(size: int) -> None:
    plain = bytes(index % 251 for index in range(size))
    sealed = SEALER.seal(plain, context="a")
    assert SEALER.open(sealed, context="a") == plain
    assert SEALER.open(sealed, context="b") is None
    assert LocalKeySealer(b"\1" * 32).open(sealed, context="a") is None


def test_chunks_cannot_be_cut_off_swapped_or_changed() -> None:
    plain = b"1" * CHUNK_BYTES + b"2" * CHUNK_BYTES + b"3"
    sealed = SEALER.seal(plain, context="a")
    chunk = CHUNK_BYTES + 16
    assert SEALER.open(sealed[: 36 + 2 * chunk], context="a") is None
    assert SEALER.open(sealed[:36] + sealed[36 + chunk : 36 + 2 * chunk] + sealed[36 : 36 + chunk], context="a") is None
    for at in (0, 5, 40, len(sealed) - 1):
        broken = bytearray(sealed)
        broken[at] ^= 1
        assert SEALER.open(bytes(broken), context="a") is None
    for short in (b"", sealed[:35], sealed[:36], sealed[:51]):
        assert SEALER.open(short, context="a") is None


def test_one_chunk_opens_by_itself() -> None:
    file = BytesIO(SEALER.seal(b"1" * CHUNK_BYTES + b"2", context="a"))
    assert SEALER.open_chunk(file, context="a", index=1) == b"2"
    assert SEALER.open_chunk(file, context="a", index=2) is None


def test_keys_are_made_once_and_private(tmp_path: Path) -> None:
    first, again = LocalKeySealer.in_folder(tmp_path), LocalKeySealer.in_folder(tmp_path)
    assert again.open(first.seal(b"x", context="c"), context="c") == b"x"
    assert terminal_key(tmp_path).private_bytes_raw() == terminal_key(tmp_path).private_bytes_raw()
    assert [(p.name, p.stat().st_mode & 0o777) for p in sorted(tmp_path.iterdir())] == [
        ("local.key", 0o600),
        ("terminal.key", 0o600),
    ]


def test_a_damaged_key_file_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "local.key").write_bytes(b"short")
    with pytest.raises(ValueError, match="damaged"):
        LocalKeySealer.in_folder(tmp_path)
    with pytest.raises(ValueError, match="32 bytes"):
        LocalKeySealer(b"short")


def test_the_finder_knows_one_spelling() -> None:
    assert SEALER.finder("33072619500101123x") == SEALER.finder(" ３3072619500101123X")
    assert SEALER.finder("330726195001011231") != SEALER.finder("33072619500101123X")
