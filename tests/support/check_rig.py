"""A platform as `district serve` runs it, with the terminals that the conformance kit plays registered."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from district.check.line import Line, Root
from district.check.terminals import Terminal, make_key
from district.check.visit import Others, Visit
from district.store import DistrictStore
from district.terminals import Terminals

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

    def register(self, database: str) -> None:
        store = DistrictStore(database, self.folder / "papers")
        for one in (self.own, self.other, self.retiring):
            register(store, one.code, one.key)
        store.close()

    def options(self) -> list[str]:
        """Of `district check`."""
        own, other, retiring = (str(self.folder / f"{one.code}.pem") for one in (self.own, self.other, self.retiring))
        return ["--key", own, "--other", self.other.code, other, "--retiring", self.retiring.code, retiring]

    def visit(self, url: str, *, seconds: float = 10.0) -> Visit:
        root = Root.of(url)
        others = Others(other=self.other, retiring=self.retiring)
        return Visit(root, Line(root, seconds=seconds), self.own, others, pause=lambda _: None)


def register(store: DistrictStore, code: str, key: Ed25519PrivateKey) -> None:
    Terminals(store.engine).add(code, key.public_key().public_bytes_raw())


@contextmanager
def serving(folder: Path, database: str, *options: str) -> Generator[str]:
    """The address of a `district serve` process."""
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
    assert said == "", said
