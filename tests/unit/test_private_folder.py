"""Folders and files of what is nobody else's: who may look into them."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from kiosk.process import Alone
from offline_queue.blobs import private_file, private_folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_made_is_for_its_owner_and_what_was_there_stays(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    there.chmod(0o755)
    folder = there / "data" / "queue"
    for _ in range(2):
        private_folder(folder)
    assert [mode(path) for path in (there, folder.parent, folder)] == [0o755, 0o700, 0o700]
    with private_file(folder / "paper") as file:
        file.write(b"x")
    assert mode(folder / "paper") == 0o600
    with pytest.raises(OSError, match="paper"):
        private_folder(folder / "paper" / "below")
    Alone(tmp_path / "other" / "data").release()
    assert mode(tmp_path / "other") == 0o700
