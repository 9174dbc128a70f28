"""Commands on a full disk, and on a database that does not take what they bring: a sentence, and a way out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import make_url

from district.authority import AuthorityTrouble, read_authority
from district.cli import main
from district.keys import make_bundle, private_keys
from tests.support.failing_disk import small_disk
from tests.support.postgres import Postgres

PAGE = 4096
FULL = "Error: the disk: No space left on device. Make room, and do this again\n"


def district(*words: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(main, [str(word) for word in words])
    return done.exit_code, done.output


def fill(disk: Path, *, pages: int) -> Path:
    """With a file, but for so many pages."""
    ballast = disk / "ballast"
    facts = os.statvfs(disk)
    ballast.write_bytes(bytes(facts.f_bavail * facts.f_frsize - pages * PAGE))
    return ballast


def test_keys_and_authorities_are_made_whole_once_there_is_room(tmp_path: Path) -> None:
    for pages in range(6):
        with small_disk(tmp_path / f"disk-{pages}", 1) as disk:
            for words in (("keys", "new"), ("ca", "new")):
                ballast, folder = fill(disk, pages=pages), disk / words[0]
                refused = district(*words, folder)
                if pages < (5 if words[0] == "keys" else 2):
                    assert refused == (1, FULL), (words, pages)
                assert [
                    path for path in folder.glob("*") if path.name.endswith(".part") or not path.stat().st_size
                ] == []
                ballast.unlink()
                made = refused if refused[0] == 0 else district(*words, folder)
                assert made[0] == 0, made
            assert private_keys(disk / "keys")
            assert make_bundle(disk / "keys", now=datetime.now(tz=UTC))
            read_authority(disk / "ca")


def test_an_authority_that_is_half_there_is_said_and_never_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "ca"
    with pytest.raises(AuthorityTrouble, match="district ca new makes one"):
        read_authority(folder)
    assert district("ca", "new", folder)[0] == 0
    key = (folder / "ca-key.pem").read_bytes()
    certificate = (folder / "ca.pem").rename(tmp_path / "ca.pem")
    status, said = district("ca", "new", folder)
    assert (status, "without its ca.pem: take that from a copy" in said) == (1, True)
    assert (folder / "ca-key.pem").read_bytes() == key
    certificate.rename(folder / "ca.pem")
    (folder / "ca-key.pem").write_bytes(b"")
    with pytest.raises(AuthorityTrouble, match="take it from a copy"):
        read_authority(folder)
    (folder / "ca-key.pem").unlink()
    (folder / "ca-key.pem").mkdir()  # as one that this user may not read
    with pytest.raises(AuthorityTrouble, match=r"ca-key\.pem can't be read: Is a directory"):
        read_authority(folder)


def refused_by(words: Sequence[str], url: str, said: str) -> None:
    status, told = district(*words, "--database", url)
    assert (status, told.startswith("Error: the database is away, full, or not for this account: ")) == (1, True), told
    assert said in told


def test_a_database_on_a_full_disk_is_said(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2) as disk:
        url = f"sqlite:///{disk / 'district.db'}"
        add = ("halls", "add", "ty", "桃源镇")
        assert district("migrate", "--database", url)[0] == 0
        ballast = fill(disk, pages=0)
        refused_by(add, url, "database or disk is full")
        ballast.unlink()
        assert district(*add, "--database", url)[0] == 0


def test_a_database_that_may_only_be_read_or_not_even_that_is_said(postgres: str, postgres_server: Postgres) -> None:
    name = make_url(postgres).database
    reader = postgres.replace(f"//{postgres_server.user}@", "//reader@")
    with psycopg.connect(postgres, autocommit=True) as administrator:
        administrator.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
        refused_by(("halls", "add", "ty", "桃源镇"), postgres, "read-only transaction")
        administrator.execute(b"SET default_transaction_read_only = off; CREATE ROLE reader LOGIN")
        administrator.execute("GRANT SELECT ON alembic_version TO reader")
        refused_by(("halls", "list"), reader, "permission denied for table hall")
