"""A platform as `district serve` runs it, with the terminals that the conformance kit plays registered."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from district.catalogue import Catalogues
from district.check.line import Line, Root
from district.check.terminals import Terminal, make_key
from district.check.visit import Others, Visit
from district.enrolment import Enrolments
from district.halls import Halls
from district.store import DistrictStore
from district.terminals import Terminals
from offline_queue.catalogue import Catalogue, MatterFile, sign_catalogue

DISTRICT = [sys.executable, "-c", "from district.cli import main; main()"]


@dataclass(frozen=True, slots=True)
class Cast:
    """The terminals of the kit, and their keys' files."""

    folder: Path
    own: Terminal
    other: Terminal
    retiring: Terminal

    @staticmethod
    def new(folder: Path) -> Cast:
        folder.mkdir(parents=True, exist_ok=True)

        def one(code: str) -> Terminal:
            return Terminal.of(code, make_key(folder / f"{code}.pem"))

        return Cast(folder, one("CHECK0"), one("CHECK7"), one("CHECK8"))

    def enters(self, database: str) -> str:
        """Register all but the first terminal, publish a catalogue, and give the first one's code."""
        store = DistrictStore(database, self.folder / "papers")
        self.register_in(store)
        publish(store)
        code = self.code(store)
        store.close()
        return code

    def register_in(self, store: DistrictStore) -> None:
        """But for the first, which enrols by :meth:`code`."""
        for one in (self.other, self.retiring):
            Terminals(store.engine).add(one.code, one.key.public_key().public_bytes_raw())

    def code(self, store: DistrictStore) -> str:
        """A one-time code for the first terminal."""
        with suppress(ValueError):
            Halls(store.engine).add("H1", "桃源镇便民服务大厅")
        return Enrolments(store.engine).invite(self.own.code, "H1").code

    def options(self) -> list[str]:
        """Of `district check`."""
        own, other, retiring = (str(self.folder / f"{one.code}.pem") for one in (self.own, self.other, self.retiring))
        return ["--key", own, "--other", self.other.code, other, "--retiring", self.retiring.code, retiring]

    def visit(self, url: str, *, seconds: float = 10.0) -> Visit:
        root = Root.of(url)
        others = Others(other=self.other, retiring=self.retiring)
        return Visit(root, Line(root, seconds=seconds), self.own, others, pause=lambda _: None)


def publish(store: DistrictStore) -> None:
    key = Ed25519PrivateKey.generate()
    file = MatterFile(name="pension.yaml", text="id: pension\n")
    package = sign_catalogue(Catalogue(version=1, created=datetime.now(tz=UTC), files=(file,)), key)
    Catalogues(store.engine).publish(package, key.public_key().public_bytes_raw())


@contextmanager
def quick_folder() -> Generator[Path]:
    """Where files are synced at once, if this machine has memory for it: what is tried here is not the disk."""
    memory = Path("/dev/shm")
    room = memory.is_dir() and shutil.disk_usage(memory).free > 2**28
    with tempfile.TemporaryDirectory(prefix="kiosk-check-", dir=memory if room else None) as made:
        yield Path(made)


@contextmanager
def serving(folder: Path, database: str, *options: str, quiet: bool = True) -> Generator[str]:
    """The address of a `district serve` process. `quiet`: it must have nothing to say but where it listens."""
    command = [*DISTRICT, "serve", "--port", "0", "--database", database, *options]
    environment = {**os.environ, "KIOSK_DATA_DIR": str(folder)}
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert child.stderr is not None
        url = child.stderr.readline().strip()
        assert url.startswith("http"), url + child.stderr.read()
        yield url.rstrip("/")
    finally:
        child.terminate()
        _, said = child.communicate(timeout=20)
    # What follows the address are the other doors' addresses, if there are any.
    others = [line for line in said.splitlines() if not line.startswith("http")]
    assert not others or (not quiet and all("Invalid HTTP request" in line for line in others)), said
