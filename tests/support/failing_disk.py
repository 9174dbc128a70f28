"""Disks that fail: a small file system of its own, one that turns read-only, and SQLite files whose syncs fail."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from tests.support.disk_record import alone


@contextmanager
def small_disk(place: Path, mebibytes: int) -> Generator[Path]:
    """A tmpfs of this size. Skips the test where nothing may be mounted."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "small-disk", str(place)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk can't be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def remount(place: Path, *, writable: bool) -> None:
    subprocess.run(["mount", "-o", f"remount,{'rw' if writable else 'ro'}", str(place)], check=True)


class FailingFiles:
    """SQLite's files, of which ``failing`` ("sync", "write") fail as a dying disk's or a read-only one's do."""

    def __init__(self) -> None:
        self.failing: set[str] = set()

    @contextmanager
    def used(self) -> Generator[None]:
        """Every queue that is opened inside."""
        vfs = _Vfs(self)
        apsw.connection_hooks.append(alone)
        try:
            yield
        finally:
            apsw.connection_hooks.remove(alone)
            vfs.unregister()


class _Vfs(apsw.VFS):
    def __init__(self, files: FailingFiles) -> None:
        super().__init__("failing", "unix", makedefault=True)
        self._files = files

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return _VfsFile(self._files, name, flags)


class _VfsFile(apsw.VFSFile):
    def __init__(self, files: FailingFiles, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__("unix", name, flags)
        self._files = files

    def xWrite(self, data: bytes, offset: int) -> None:
        if "write" in self._files.failing:
            raise apsw.IOError("disk I/O error")
        super().xWrite(data, offset)  # pyright: ignore[reportUnknownMemberType] - apsw's own stub

    def xSync(self, flags: int) -> None:
        if "sync" in self._files.failing:
            raise apsw.IOError("disk I/O error")
        super().xSync(flags)
