"""Lines to PostgreSQL and to the object store leave this machine encrypted and to a known server, or not at all."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, make_url

from district import outward
from district.cli import main
from district.database import DatabaseTrouble, open_engine
from district.outward import is_plain_http, plain_host
from tests.support.object_store import take_credentials

HOST = "db.invalid"
SERVICES = f"""\
[far]
host={HOST}
sslmode=require

[near]
host=127.0.0.1

[sure]
host={HOST}
sslmode=verify-full
"""


@pytest.fixture(autouse=True)
def of_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of this machine's own counts."""
    for name in ("PGHOST", "PGHOSTADDR", "PGSSLMODE", "PGSSLROOTCERT", "PGSERVICE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "services").write_text(SERVICES)
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    monkeypatch.setenv("PGSYSCONFDIR", str(tmp_path))
    take_credentials(monkeypatch)


def asked(address: str) -> str | None:
    engine = create_engine(make_url(address).set(drivername="postgresql+psycopg"))
    _, told = engine.dialect.create_connect_args(engine.url)
    return plain_host(psycopg, told)


SURE = "sslmode=verify-full"
OUT: list[tuple[str, dict[str, str]]] = [
    (f"postgresql://u@{HOST}/d", {}),
    (f"postgresql://u@{HOST}/d?sslmode=require", {}),
    (f"postgresql://u@{HOST}/d?sslmode=verify-ca&sslrootcert=ca.pem", {}),
    (f"postgresql://u@{HOST}/d?sslmode=disable", {"PGSSLMODE": "verify-full"}),
    (f"postgresql://u@/d?host={HOST}", {}),
    (f"postgresql://u@/d?host=127.0.0.1:5432&host={HOST}:5432", {}),
    (f"postgresql://u@/d?host=/run/postgresql&host={HOST}", {}),
    (f"postgresql://u@/d?host=127.0.0.1,{HOST}", {}),
    ("postgresql://u@localhost/d?hostaddr=192.0.2.1", {}),
    ("postgresql://u@/d?host=localhost,localhost&hostaddr=127.0.0.1,192.0.2.1", {}),
    (f"postgresql://u@/d?host=localhost,{HOST}&hostaddr=127.0.0.1,", {}),
    ("postgresql://u@[2001:db8::1]/d", {}),
    ("postgresql://u@/d", {"PGHOST": HOST}),
    ("postgresql://u@/d", {"PGHOSTADDR": "192.0.2.1"}),
    ("postgresql://u@/d?service=far", {}),
    ("postgresql://u@/d", {"PGSERVICE": "far"}),
    (f"postgresql://u@{HOST}/d?service=near", {}),
]
HERE: list[tuple[str, dict[str, str]]] = [
    (f"postgresql://u@{HOST}/d?{SURE}&sslrootcert=ca.pem", {}),
    (f"postgresql://u@{HOST}/d?sslrootcert=system", {}),  # which is verify-full, or refused by libpq
    (f"postgresql://u@{HOST}/d", {"PGSSLMODE": "verify-full"}),
    (f"postgresql://u@/d?host=127.0.0.1&host={HOST}&{SURE}", {}),
    ("postgresql://u@/d", {}),
    ("postgresql://u@/d?host=/run/postgresql", {}),
    ("postgresql://u@/d?host=@abstract", {}),
    ("postgresql://u@localhost/d", {}),
    ("postgresql://u@127.0.0.7:5433/d", {}),
    ("postgresql://u@[::1]/d", {}),
    (f"postgresql://u@{HOST}/d?hostaddr=127.0.0.1", {}),
    ("postgresql://u@/d?service=near", {}),
    ("postgresql://u@/d?service=sure", {}),
    ("postgresql://u@/d", {"PGSERVICE": "sure"}),
]


@pytest.mark.parametrize(("address", "environment"), OUT)
def test_no_line_to_postgresql_leaves_this_machine_unless_it_is_sure(
    address: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert asked(address) in (HOST, "192.0.2.1", "2001:db8::1")
    with pytest.raises(DatabaseTrouble, match=r"leaves this machine.*add \?sslmode=verify-full&sslrootcert="):
        open_engine(address)


@pytest.mark.parametrize(("address", "environment"), HERE)
def test_a_line_that_is_sure_or_stays_here_is_not_refused(
    address: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert asked(address) is None


@pytest.mark.parametrize(
    "words",
    [
        *("serve --port 0", "migrate", "export", "telemetry", "retention --days 1", "recover", "tidy", "outbox list"),
        *("staff list", "halls list", "halls add ty 桃源镇", "terminals list"),
    ],
)
def test_every_command_refuses_a_line_that_is_not_sure(words: str, tmp_path: Path) -> None:
    place = ["--objects", str(tmp_path)] if words.split()[0] in ("serve", "export", "retention", "tidy") else []
    said = CliRunner().invoke(main, [*words.split(), "--database", f"postgresql://u:secret@{HOST}/d", *place])
    assert said.exit_code == 1
    assert f"the line to PostgreSQL on {HOST} leaves this machine" in said.output
    assert "secret" not in said.output


def test_there_is_no_other_way_to_a_database_or_a_bucket() -> None:
    folder = Path(outward.__file__).parent
    for word, modules in (
        ("create_engine(", ["database.py"]),
        ("psycopg.connect", []),
        ("open_engine(", ["database.py", "settings.py", "store.py"]),
        (".client(", ["objects_s3.py"]),
    ):
        found = [path.name for path in sorted(folder.rglob("*.py")) if word in path.read_text("utf-8")]
        assert found == modules, word


@pytest.mark.parametrize(
    ("address", "environment"),
    [
        ("s3://papers?endpoint=http://s3.invalid", {}),
        ("s3://papers", {"AWS_ENDPOINT_URL": "http://s3.invalid"}),
        ("s3://papers", {"AWS_ENDPOINT_URL_S3": "http://s3.invalid"}),
        ("s3://papers", {"AWS_CONFIG_FILE": "config"}),
    ],
)
def test_no_paper_leaves_this_machine_by_plain_http(
    address: str, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config").write_text("[default]\nendpoint_url = http://s3.invalid\n")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    database = ("--database", f"sqlite:///{tmp_path / 'district.db'}")
    CliRunner().invoke(main, ["migrate", *database])
    for words in (["serve", "--port", "0"], ["export"], ["retention", "--days", "1"], ["tidy"], ["recover"]):
        said = CliRunner().invoke(main, [*words, *database, "--objects", address])
        assert said.exit_code == 1, said.output
        assert "for http://s3.invalid: use an https:// endpoint" in said.output


def test_amazons_own_and_this_machines_are_no_plain_http() -> None:
    assert not any(map(is_plain_http, ("https://s3.amazonaws.com", "http://127.0.0.1:9000", "http://[::1]:9000")))
    assert all(map(is_plain_http, ("http://s3.invalid", "http://192.0.2.1:9000", "s3.invalid:9000")))
