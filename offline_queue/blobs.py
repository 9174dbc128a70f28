"""Sealed papers as files, and the ballast that lets the queue drain when the disk is full.

A name is durable only after write to a temporary file, fsync, rename and fsync of the directory: nothing less survived
the simulated power cuts. On a full disk even deletions fail; giving up the ballast (1 MiB) lets them go on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

BALLAST_BYTES = 1024 * 1024
PART = ".part"
"""Ends the name of a file that was not yet whole."""
_ROOM_FOR_BALLAST = 8 * BALLAST_BYTES


class Blobs:
    """The folder `blobs/` of a data folder; one sealed file per attachment, named by its id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "blobs"
        self._ballast = folder / "ballast"
        self._folder.mkdir(mode=0o700, exist_ok=True)

    def path(self, name: str) -> Path:
        return self._folder / name

    def write(self, name: str, sealed: bytes) -> None:
        """Write one file durably but for its name; `settle` makes the names durable. Raises OSError."""
        draft = self._folder / f"{name}{PART}"
        write_durably(draft, sealed)
        os.replace(draft, self.path(name))

    def settle(self) -> None:
        """Make new and removed names durable."""
        sync_folder(self._folder)

    def remove(self, names: Iterable[str]) -> None:
        """Best effort: what stays is collected when a sender next starts."""
        for name in names:
            with suppress(OSError):
                os.unlink(self.path(name))

    def names(self) -> frozenset[str]:
        return frozenset(entry.name for entry in self._folder.iterdir())

    def keep_ballast(self) -> bool:
        """Lay the ballast while there is room, give it up when there is not; whether the disk is full.

        Random bytes, since a file system may store zeros as nothing.
        """
        full = self.give_up_ballast()
        if not full and not self._ballast.exists() and free_bytes(self._folder) > _ROOM_FOR_BALLAST:
            write_durably(self._ballast, os.urandom(BALLAST_BYTES))
        return full

    def give_up_ballast(self) -> bool:
        """On a full disk; whether it is one."""
        full = free_bytes(self._folder) < BALLAST_BYTES // 2
        if full:
            self._ballast.unlink(missing_ok=True)
        return full


def write_durably(path: Path, content: bytes) -> None:
    """Write and fsync a 0600 file. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a 0600 file that has its name only when all of it is on the disk; `sync_folder` makes the name durable.
    Raises OSError, and whatever the pieces raise: then what had the name before has it still."""
    draft = path.with_name(f"{path.name}{PART}")
    try:
        with private_file(draft) as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def private_folder(folder: Path) -> None:
    """Make a folder for its owner alone, and so those above it that are missing: `Path.mkdir` would let everybody into
    them. Raises OSError."""
    if not folder.is_dir():
        private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def private_file(path: Path) -> BinaryIO:
    """A new file for its owner alone, or an emptied one, to be written. Raises OSError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def sync_folder(folder: Path) -> None:
    """fsync a directory, which makes the names in it durable. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_path(folder: Path) -> None:
    """Make the folder's own name durable, and those it lies in: the first start may have made them all. What is not
    ours to open was there before us. Raises OSError."""
    inside = folder.resolve()
    while not os.path.ismount(inside):
        inside = inside.parent
        with suppress(PermissionError):
            sync_folder(inside)


def free_bytes(folder: Path) -> int:
    """Bytes an ordinary user may still write on the file system of `folder`."""
    facts = os.statvfs(folder)
    return facts.f_bavail * facts.f_frsize
