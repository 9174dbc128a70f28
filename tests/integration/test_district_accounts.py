"""PostgreSQL with two accounts, as docs/district.md has them: one owns the tables, the other serves."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from district.cli import main
from district.database import open_engine
from district.viewings import Viewings, What
from tests.support.check_rig import DISTRICT, serving
from tests.support.district_page import lines
from tests.support.postgres import Postgres, programs, running
from tests.support.staff_site import PASSWORD, Visitor
from tests.support.upload_rig import Sender

OWN = "lantern orchard sixty-one"


@dataclass(frozen=True, slots=True)
class Accounts:
    """A server with the page's two accounts, and its database without a table."""

    server: Postgres

    def url(self, account: str, name: str = "district") -> str:
        return f"postgresql://{account}@/{name}?host={self.server.folder}"

    @property
    def owner(self) -> str:
        return self.url("district_owner")

    @property
    def serving(self) -> str:
        return self.url("district")

    def sh(self, script: str, **told: str) -> None:
        where = programs()
        assert where is not None
        administrator = {"PGHOST": str(self.server.folder), "PGUSER": self.server.user}
        district = f'district() {{ "{sys.executable}" {DISTRICT[1]} "{DISTRICT[2]}" "$@"; }}\n'
        environment = {**os.environ, **administrator, "PATH": f"{where}:{os.environ['PATH']}", **told}
        subprocess.run(["sh", "-c", district + script], check=True, timeout=60, env=environment)

    def bring_tables(self) -> None:
        self.sh(lines("tables.sh"), OWNER=self.owner)


@pytest.fixture(scope="module")
def accounts() -> Iterator[Accounts]:
    if programs() is None:
        pytest.skip("Debian's package postgresql is not installed")
    with running() as server:
        made = Accounts(server)
        made.sh(lines("accounts.sh"))
        yield made


@pytest.fixture(scope="module")
def ready(accounts: Accounts) -> Accounts:
    accounts.bring_tables()
    return accounts


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the one platform of all tests has them."""
    return tmp_path_factory.mktemp("papers")


def district(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_who_may_not_make_tables_says_who_may(accounts: Accounts, tmp_path: Path) -> None:
    """Before the owner has made them, and while they are another version's."""
    papers = ("--objects", tmp_path / "papers")
    for words in (("serve", "--port", "0", *papers), ("halls", "add", "ty", "桃源镇")):
        refused = district(*words, "--database", accounts.serving)
        assert refused.exit_code == 1
        assert refused.output.startswith("Error: the database can't be opened: permission denied")
        assert "Let the account that owns the tables run district migrate" in refused.output
    accounts.bring_tables()
    with psycopg.connect(accounts.owner, autocommit=True) as owner:
        (head,) = owner.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)
        owner.execute("UPDATE alembic_version SET version_num = '0010'")
        refused = district("serve", "--port", "0", *papers, "--database", accounts.serving)
        owner.execute("UPDATE alembic_version SET version_num = %s", [head])
    assert refused.exit_code == 1
    assert "district migrate with this version" in refused.output


def test_the_serving_account_does_what_a_platform_does(ready: Accounts, tmp_path: Path, papers: Path) -> None:
    word = tmp_path / "word"
    word.write_text(PASSWORD)
    word.chmod(0o600)
    for words in (
        ("halls", "add", "ty", "桃源镇"),
        ("staff", "add", "li.na", "--role", "clerk", "--password-file", word),
        ("terminals", "invite", "TY03", "--hall", "ty", "--url", "http://127.0.0.1:8080"),
        ("retention", "--days", "365"),
        ("tidy",),
    ):
        done = district(*words, "--database", ready.serving)
        assert done.exit_code == 0, done.output
    objects = ("--objects", str(papers), "--erase-after", "365")
    sender = Sender(b"\xff\xd8\xff picture")
    (paper,) = sender.papers
    with serving(tmp_path, ready.serving, *objects) as url:
        assert sender.form(url).status_code == 201
        assert sender.chunk(url, paper, 0).status_code == 204
        assert sender.state(url)[0] == "done"
        with closing(Visitor(url)) as clerk:
            assert clerk.sign_in("li.na").url.endswith("/account")
            chosen = {"password": PASSWORD, "new": OWN, "again": OWN}
            assert clerk.post("/account/password", chosen).url.endswith("/cases")
            assert clerk.get(f"/cases/{sender.uid}").status_code == 200
            assert clerk.post(f"/cases/{sender.uid}/stage", {"from": "complete", "to": "accepted"}).status_code == 200
    exported = district("export", "--since", "0", "--database", ready.serving, "--objects", papers)
    assert "accepted" in exported.stdout


def changes_nothing(url: str) -> None:
    engine = open_engine(url)
    Viewings(engine).note("li.na", What.CASE)
    engine.dispose()
    with psycopg.connect(url, autocommit=True) as serving:
        for words in (
            b"CREATE TABLE mine (a int)",
            b"CREATE TEMPORARY TABLE mine (a int)",
            b"ALTER TABLE submission ADD COLUMN mine int",
            b"ALTER TABLE viewing DISABLE TRIGGER ALL",
            b"DROP TABLE nonce",
            b"CREATE INDEX ON viewing (at)",
            b"TRUNCATE viewing",
            b"UPDATE viewing SET staff = 'another'",
            b"DELETE FROM viewing",
            b"UPDATE alembic_version SET version_num = ''",
            b"SET ROLE district_owner",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                serving.execute(words)
        assert serving.execute("SELECT staff FROM viewing ORDER BY seq DESC LIMIT 1").fetchone() == ("li.na",)


def test_the_serving_account_changes_no_table_and_no_line_of_the_record(ready: Accounts) -> None:
    changes_nothing(ready.serving)


def test_old_lines_of_the_record_are_forgotten_by_the_owner_only(ready: Accounts, papers: Path) -> None:
    engine = open_engine(ready.serving)
    long_ago = datetime.now(tz=UTC) - timedelta(days=3 * 366 + 1)
    Viewings(engine, clock=lambda: long_ago).note("zhang.wei", What.CASE)
    Viewings(engine).note("wang.fang", What.CASE)

    def names() -> set[str]:
        return {line.staff for line in Viewings(engine).page()[0]}

    retention = [*DISTRICT, "retention", "--days", "365", "--objects", str(papers), "--database"]
    left = subprocess.run([*retention, ready.serving], check=True, timeout=60, capture_output=True, text=True)
    assert "are for the tables' owner to forget" in left.stderr
    assert names() >= {"zhang.wei", "wang.fang"}
    done = subprocess.run([*retention, ready.owner], check=True, timeout=60, capture_output=True, text=True)
    assert done.stderr == "0 cases erased\n"
    assert "zhang.wei" not in names()
    assert "wang.fang" in names()
    engine.dispose()


def test_rights_come_back_with_a_backup(ready: Accounts, tmp_path: Path, papers: Path) -> None:
    ready.sh(lines("backup.sh for PostgreSQL", {"/backup": str(tmp_path)}).partition("rclone")[0], DATABASE=ready.owner)
    ready.sh('psql --quiet postgres --command "ALTER DATABASE district RENAME TO lost"')
    ready.sh(lines("restore.sh for PostgreSQL", {"/backup": str(tmp_path)}), DATABASE=ready.owner)
    ready.bring_tables()
    recovered = district("recover", "--database", ready.owner, "--objects", papers)
    assert recovered.output.startswith("10000 numbers of cases"), recovered.output
    changes_nothing(ready.serving)


def test_one_account_for_all_restores_what_it_backed_up(accounts: Accounts, tmp_path: Path) -> None:
    url, papers = accounts.url("alone", "alone"), tmp_path / "papers"
    alone = {
        "/backup": str(tmp_path),
        "--owner district_owner": "--owner alone",
        "template0 district": "template0 alone",
    }
    accounts.sh("createuser alone\n" + lines("accounts.sh", alone).splitlines()[-1])
    assert district("halls", "add", "ty", "桃源镇", "--database", url).exit_code == 0
    accounts.sh(lines("backup.sh for PostgreSQL", alone).partition("rclone")[0], DATABASE=url)
    accounts.sh('psql --quiet postgres --command "ALTER DATABASE alone RENAME TO lost_alone"')
    accounts.sh(lines("restore.sh for PostgreSQL", alone), DATABASE=url)
    assert district("recover", "--database", url, "--objects", papers).exit_code == 0
    assert district("halls", "list", "--database", url).output == "ty\t桃源镇\n"
