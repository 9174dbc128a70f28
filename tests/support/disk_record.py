"""What reached the disk and what only the cache: SQLite through a recording VFS, files through a recording ``os``.

A power cut keeps what was synced and any part of the rest. :class:`Recorder` notes every write, sync and change of a
name below one folder; :class:`Disk` plays a recording up to a moment and gives the folder as it may look after the cut:
un-synced sectors (512 bytes, whole or not at all) survive by chance, and names that were not synced survive in order up
to some point, as a journalling file system keeps them.
"""

from __future__ import annotations

import os
import types
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import apsw

SECTOR = 512


@dataclass(frozen=True, slots=True)
class Folder:
    path: str


@dataclass(frozen=True, slots=True)
class Write:
    path: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    path: str


@dataclass(frozen=True, slots=True)
class Rename:
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Link:
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Unlink:
    path: str


@dataclass(frozen=True, slots=True)
class SyncNames:
    folder: str


@dataclass(frozen=True, slots=True)
class Said:
    """Something the outside was told, and which therefore must hold from here on."""

    word: str
    uid: str


_DiskDeed = Folder | Write | Truncate | Sync | Rename | Link | Unlink | SyncNames
Deed = _DiskDeed | Said


class Recorder:
    """Notes what happens below ``folder`` while recording."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.deeds: list[Deed] = []
        self._open: dict[int, tuple[str, int]] = {}
        self.before = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def said(self, word: str, uid: str) -> None:
        self.deeds.append(Said(word, uid))

    def note(self, deed: _DiskDeed) -> None:
        """What happens elsewhere, on a stick say, is not of this disk."""
        path = (
            deed.folder if isinstance(deed, SyncNames) else deed.new if isinstance(deed, Link | Rename) else deed.path
        )
        if Path(path).is_relative_to(self.folder):
            self.deeds.append(deed)

    @contextmanager
    def recording(self, *modules: types.ModuleType) -> Generator[None]:
        """SQLite's files by a VFS of our own; those that ``modules`` write with their ``os``."""
        vfs = _Vfs(self)
        apsw.connection_hooks.append(alone)
        make = os.mkdir

        def made(path: str | Path, mode: int = 0o777) -> None:
            make(path, mode)
            self.note(Folder(str(path)))

        try:
            with ExitStack() as patches:
                for module in modules:
                    patches.enter_context(patch.object(module, "os", _Os(self)))
                patches.enter_context(patch.object(os, "mkdir", made))  # pathlib's, too
                yield
        finally:
            apsw.connection_hooks.remove(alone)
            vfs.unregister()

    # --- what the recording ``os`` does ---

    def opened(self, descriptor: int, path: str, flags: int) -> None:
        if flags & os.O_DIRECTORY:
            self._open[descriptor] = (path, -1)
            return
        if flags & (os.O_CREAT | os.O_TRUNC):
            self.note(Truncate(path, 0))
        self._open[descriptor] = (path, 0)

    def wrote(self, descriptor: int, data: bytes) -> None:
        path, offset = self._open[descriptor]
        self.note(Write(path, offset, data))
        self._open[descriptor] = (path, offset + len(data))

    def synced(self, descriptor: int) -> None:
        path, offset = self._open[descriptor]
        self.note(SyncNames(path) if offset < 0 else Sync(path))

    def closed(self, descriptor: int) -> None:
        self._open.pop(descriptor, None)


class _Os:
    """``os``, but everything that changes the disk is noted."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def open(self, path: str | Path, flags: int, mode: int = 0o777) -> int:
        descriptor = os.open(path, flags, mode)
        self._recorder.opened(descriptor, str(path), flags)
        return descriptor

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        count = os.write(descriptor, data)
        self._recorder.wrote(descriptor, bytes(data[:count]))
        return count

    def fsync(self, descriptor: int) -> None:
        os.fsync(descriptor)
        self._recorder.synced(descriptor)

    def close(self, descriptor: int) -> None:
        self._recorder.closed(descriptor)
        os.close(descriptor)

    def replace(self, old: str | Path, new: str | Path) -> None:
        os.replace(old, new)
        self._recorder.note(Rename(str(old), str(new)))

    def link(self, old: str | Path, new: str | Path) -> None:
        os.link(old, new)
        self._recorder.note(Link(str(old), str(new)))

    def unlink(self, path: str | Path) -> None:
        os.unlink(path)
        self._recorder.note(Unlink(str(path)))


class _Vfs(apsw.VFS):
    def __init__(self, recorder: Recorder) -> None:
        super().__init__("recording", "unix", makedefault=True)
        self._recorder = recorder

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        return _VfsFile(self._recorder, path or "", name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        self._recorder.note(Unlink(filename))
        if syncdir:
            self._recorder.note(SyncNames(os.path.dirname(filename)))


class _VfsFile(apsw.VFSFile):
    def __init__(self, recorder: Recorder, path: str, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        new = not os.path.exists(path)
        super().__init__("unix", name, flags)
        self._recorder = recorder
        self._path = path
        # SQLite's unix VFS syncs the folder with the first sync of a new journal or WAL (os_unix.c, UNIXFILE_DIRSYNC).
        self._sync_name = new
        if new:
            recorder.note(Truncate(path, 0))

    def xWrite(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)  # pyright: ignore[reportUnknownMemberType] - apsw's own stub
        self._recorder.note(Write(self._path, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:
        super().xTruncate(newsize)
        self._recorder.note(Truncate(self._path, newsize))

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        self._recorder.note(Sync(self._path))
        if self._sync_name:
            self._sync_name = False
            self._recorder.note(SyncNames(os.path.dirname(self._path)))


def alone(connection: apsw.Connection) -> None:
    """Our VFS has no shared memory; with one connection SQLite needs none."""
    connection.pragma("locking_mode", "EXCLUSIVE")  # pyright: ignore[reportUnknownMemberType] - as above


@dataclass(slots=True)
class _File:
    durable: bytearray
    pending: list[Write | Truncate] = field(default_factory=list[Write | Truncate])


class Disk:
    """The folder's files while a recording is played. A new folder's name must be synced like a file's."""

    def __init__(self, before: dict[str, bytes]) -> None:
        self._new_folders: set[str] = set()
        self._durable = {path: _File(bytearray(content)) for path, content in before.items()}
        self._names = dict(self._durable)
        self._pending_names: list[tuple[str, str, _File | None]] = []

    def play(self, deed: Deed) -> None:
        match deed:
            case Folder(path=path):
                self._new_folders.add(path)
                self._name(path, _File(bytearray()))
            case Write(path=path) | Truncate(path=path):
                if path not in self._names:
                    self._name(path, _File(bytearray()))
                self._names[path].pending.append(deed)
            case Sync(path=path):
                file = self._names[path]
                for change in file.pending:
                    _apply(file.durable, change)
                file.pending.clear()
            case Rename(old=old, new=new):
                file = self._names.pop(old)
                self._names[new] = file
                self._pending_names.append((old, new, file))
            case Link(old=old, new=new):
                self._name(new, self._names[old])
            case Unlink(path=path):
                if self._names.pop(path, None) is not None:
                    self._pending_names.append((path, "", None))
            case SyncNames(folder=folder):
                rest: list[tuple[str, str, _File | None]] = []
                for change in self._pending_names:
                    if os.path.dirname(change[0]) == folder:
                        _rename(self._durable, change)
                    else:
                        rest.append(change)
                self._pending_names = rest
            case Said():
                pass

    def _name(self, path: str, file: _File) -> None:
        self._names[path] = file
        self._pending_names.append((path, path, file))

    def after_power_cut(self, chance: Random, survives: float) -> dict[str, bytes]:
        """One way the folder may look: each un-synced sector survives with this chance."""
        names = dict(self._durable)
        kept = (
            len(self._pending_names)
            if survives == 1
            else 0
            if survives == 0
            else chance.randint(0, len(self._pending_names))
        )
        for change in self._pending_names[:kept]:
            _rename(names, change)
        lost = self._new_folders - names.keys()
        return {
            path: bytes(_cut(file, chance, survives))
            for path, file in names.items()
            if path not in self._new_folders and not any(str(above) in lost for above in Path(path).parents)
        }


def _rename(names: dict[str, _File], change: tuple[str, str, _File | None]) -> None:
    old, new, file = change
    names.pop(old, None)
    if file is not None:
        names[new] = file


def _apply(content: bytearray, change: Write | Truncate) -> None:
    match change:
        case Truncate(size=size):
            del content[size:]
            content.extend(b"\0" * (size - len(content)))
        case Write(offset=offset, data=data):
            if len(content) < offset:
                content.extend(b"\0" * (offset - len(content)))
            content[offset : offset + len(data)] = data


def _cut(file: _File, chance: Random, survives: float) -> bytearray:
    content = bytearray(file.durable)
    for change in file.pending:
        match change:
            case Truncate():
                if chance.random() < survives:
                    _apply(content, change)
            case Write(path=path, offset=offset, data=data):
                for start, piece in _sectors(offset, data):
                    if chance.random() < survives:
                        _apply(content, Write(path, start, piece))
    return content


def _sectors(offset: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        size = SECTOR - (offset + at) % SECTOR
        yield offset + at, data[at : at + size]
        at += size


def lay_out(image: dict[str, bytes], was: Path, now: Path) -> None:
    """Write an image of the folder ``was`` as the folder ``now``."""
    for path, content in image.items():
        target = now / Path(path).relative_to(was)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
