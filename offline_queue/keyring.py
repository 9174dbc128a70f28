"""The district's keys as they are installed on a terminal: the file `district-keys.json` of the queue's folder.

A running terminal notices a newly installed bundle at the next submission. A file that was damaged meanwhile leaves it
the keys it had; without any, nothing is taken in: what must be sealed to the district is never kept otherwise.
"""

from __future__ import annotations

import os
import threading
from datetime import datetime
from pathlib import Path

from offline_queue.blobs import private_folder, sync_folder, write_durably
from offline_queue.bundle import BundleTrouble, Installed, KeyBundle, read_bundle
from offline_queue.sealed import Recipients

FILE = "district-keys.json"
_Seen = tuple[int, int, int]


class DistrictKeys:
    """The installed bundle. `signer` is the raw Ed25519 key whose bundles are taken."""

    def __init__(self, folder: Path, *, signer: bytes) -> None:
        self._path = folder / FILE
        self._signer = signer
        self._lock = threading.Lock()
        self._seen: _Seen | None = None
        self._bundle: KeyBundle | None = None

    @property
    def signer(self) -> bytes:
        """Raw Ed25519 key: whose bundles, and whose receipts, count here."""
        return self._signer

    def bundle(self) -> KeyBundle | None:
        """The installed bundle; None when none was ever read."""
        with self._lock:
            try:
                facts = self._path.stat()
                seen = facts.st_ino, facts.st_mtime_ns, facts.st_size
                if seen != self._seen:
                    read = read_bundle(self._path.read_bytes(), self._signer)
                    self._bundle = read if isinstance(read, KeyBundle) else self._bundle
                    self._seen = seen
            except OSError:
                pass
            return self._bundle

    def recipients(self, at: datetime) -> Recipients | None:
        """To whom to seal at that time; None without a bundle. A bundle that should have been replaced by then still
        serves: the district holds its private keys, and a wrong clock must keep nobody from handing in."""
        bundle = self.bundle()
        return None if bundle is None else bundle.recipients(at)

    def install(self, content: bytes, *, now: datetime) -> Installed | BundleTrouble:
        """Take a bundle file's bytes durably. Raises OSError.

        Refused: what the district did not sign, what is older than the installed one (or as old, and another), and
        what should have been replaced before `now`.
        """
        read = read_bundle(content, self._signer)
        if isinstance(read, BundleTrouble):
            return read
        if read.not_after < now:
            return BundleTrouble.EXPIRED
        before = self.bundle()
        if before is not None and (
            read.version < before.version or (read.version == before.version and read != before)
        ):
            return BundleTrouble.OLDER
        private_folder(self._path.parent)
        draft = self._path.with_name(f"{FILE}.{os.getpid()}.part")
        write_durably(draft, content)
        os.replace(draft, self._path)
        sync_folder(self._path.parent)
        return Installed(version=read.version, replaced=None if before is None else before.version)
