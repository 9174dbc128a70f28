"""What a process wrote, synced and renamed, as strace saw it: recordings of queues whose code is not ours.

The kernel's own view needs nothing of the recorded library. Mapped pages are not seen; SQLite maps only the index of
its log, which a power cut takes anyway.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.support.disk_record import Deed, Rename, Said, Sync, SyncNames, Truncate, Unlink, Write

_CALLS = "openat,write,pwrite64,fsync,fdatasync,ftruncate,rename,renameat,renameat2,link,linkat,unlink,unlinkat"
_FD = re.compile(r"^(\w+)\((?:AT_FDCWD|\d+)<((?:\\x[0-9a-f]{2})*)>(.*)$")
_HEX = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_NUMBER = re.compile(r", (\d+)")


def record_process(argv: Sequence[str], folder: Path, said: Path, *, log: Path) -> list[Deed]:
    """Run a program to its end; what it did below ``folder``. Each line it writes to ``said`` becomes a Said."""
    trace = ["strace", "-f", "-y", "-xx", "-s", "10000000", "-o", str(log), "-e", f"trace={_CALLS}"]
    subprocess.run([*trace, *argv], check=True)
    deeds = list(_deeds(log.read_text("ascii"), str(folder), str(said)))
    log.unlink()
    return deeds


def _deeds(trace: str, folder: str, said: str) -> Iterator[Deed]:
    ends: dict[str, int] = {}
    for line in _whole(trace):
        call, _, answer = line.rpartition(" = ")
        if answer.startswith("-"):
            continue
        names = [_text(one) for one in _HEX.findall(call)]
        matched = _FD.match(call)
        path = _text(matched[2]) if matched else ""
        match call.partition("(")[0]:
            case "openat":
                path = _text(answer.partition("<")[2].rstrip(">"))
                # The folder is empty at first, so that a file's first opening makes it.
                if path.startswith(folder) and ("O_TRUNC" in call or ("O_CREAT" in call and path not in ends)):
                    yield Truncate(path, 0)
                    ends[path] = 0
            case "write" if path == said:
                yield Said(bytes.fromhex(_packed(call)).decode().strip(), "")
            case "write" if path.startswith(folder):
                data = bytes.fromhex(_packed(call))
                yield Write(path, ends.setdefault(path, 0), data)
                ends[path] += len(data)
            case "pwrite64" if path.startswith(folder):
                numbers = _NUMBER.findall(call.rpartition('"')[2])
                yield Write(path, int(numbers[-1]), bytes.fromhex(_packed(call)))
            case "ftruncate" if path.startswith(folder):
                yield Truncate(path, int(_NUMBER.findall(call)[-1]))
            case "fsync" | "fdatasync" if path == folder or Path(path).is_dir():
                if path.startswith(folder):
                    yield SyncNames(path)
            case "fsync" | "fdatasync" if path.startswith(folder):
                yield Sync(path)
            # A name is linked into place and its draft unlinked: for the disk a renaming, too.
            case "rename" | "renameat" | "renameat2" | "link" | "linkat" if names[-1].startswith(folder):
                yield Rename(names[0], names[-1])
            case "unlink" | "unlinkat" if names[-1].startswith(folder):
                yield Unlink(names[-1])
            case _:
                pass


def _whole(trace: str) -> Iterator[str]:
    """Calls, each in one line: strace splits those during which another thread called."""
    begun: dict[str, str] = {}
    for line in trace.splitlines():
        process, _, call = line.partition(" ")
        call = call.strip()
        if call.endswith("<unfinished ...>"):
            begun[process] = call.removesuffix("<unfinished ...>").rstrip()
        elif call.startswith("<... "):
            yield begun.pop(process, "") + call.partition(" resumed>")[2]
        elif not call.startswith(("+++", "---")):
            yield call


def _packed(call: str) -> str:
    found = _HEX.search(call)
    return "" if found is None else found[1].replace("\\x", "")


def _text(packed: str) -> str:
    return os.fsdecode(bytes.fromhex(packed.replace("\\x", "")))
