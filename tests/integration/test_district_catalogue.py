"""A district's catalogue: signed on one machine, published on another, fetched and read as untrusted on a terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from district.catalogue import Catalogues, NotPublished
from district.cli import main
from district.database import open_engine
from district.embedded import EmbeddedDistrict
from district.tables import CATALOGUES
from district.times import version_of
from kiosk.catalogue.loader import parse
from offline_queue.bundle import public_raw
from offline_queue.catalogue import MAX_PACKAGE_BYTES, Catalogue, MatterFile, read_catalogue, sign_catalogue
from offline_queue.numbers import base64url

SHIPPED = Path(__file__).parents[2] / "kiosk" / "catalogue" / "data"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIGNER = KEY.public_key().public_bytes_raw()


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def package(version: int = 1, text: str = "id: x") -> bytes:
    files = (MatterFile(name="x.yaml", text=text),)
    return sign_catalogue(Catalogue(version=version, created=datetime.now(tz=UTC), files=files), KEY)


def test_what_is_shipped_is_signed_published_fetched_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signer = run("keys", "new", tmp_path / "keys").stderr.partition('bundle_key = "')[2].partition('"')[0]
    out, database = tmp_path / "catalogue.json", f"sqlite:///{tmp_path / 'd' / 'district.db'}"
    signed = run("catalogue", "sign", SHIPPED, "--out", out, "--keys", tmp_path / "keys")
    assert (signed.exit_code, "2 matters" in signed.output) == (0, True)
    open_engine(database).dispose()
    for _ in range(2):
        done = run("catalogue", "publish", out, "--signer", signer, "--database", database)
        assert done.exit_code == 0, done.output
    with EmbeddedDistrict(tmp_path / "d") as district:
        url = f"{district.url}/v1/catalogue"
        first = requests.get(url, timeout=10)
        assert (first.status_code, first.content) == (200, out.read_bytes())
        etag = first.headers["ETag"]
        for known, status in ((etag, 304), (f'"x", W/{etag}', 304), ("*", 304), ('"x"', 200)):
            again = requests.get(url, headers={"If-None-Match": known}, timeout=10)
            assert (again.status_code, again.headers["ETag"]) == (status, etag)
            assert bool(again.content) is (status == 200)
        monkeypatch.setattr(Catalogues, "package", None)
        assert requests.get(url, headers={"If-None-Match": etag}, timeout=10).status_code == 304, "nor is it loaded"
    read = read_catalogue(first.content, public_raw(signer))
    assert read is not None
    assert {parse(one.text, one.name).id for one in read.files} == {"pension-enrolment", "pension-payout-account"}


def test_nothing_is_published_that_terminals_would_not_take(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'district.db'}")
    catalogues = Catalogues(engine)
    assert catalogues.newest() is None
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    for bad, signer in ((b"{}", SIGNER), (package(), other), (package() + b" " * MAX_PACKAGE_BYTES, SIGNER)):
        with pytest.raises(NotPublished, match="signed with this key"):
            catalogues.publish(bad, signer)
    newest = package(9)
    assert catalogues.publish(newest, SIGNER) == 9
    for late in (package(8), package(9, "id: y")):
        with pytest.raises(NotPublished, match="version 9 is published"):
            catalogues.publish(late, SIGNER)
    published = catalogues.newest()
    assert published is not None
    assert catalogues.package(published.version) == newest
    catalogues.publish(package(10), SIGNER)
    now = catalogues.newest()
    assert now is not None
    assert (now.version, now.etag != published.etag) == (10, True)
    engine.dispose()


def test_a_clock_that_ran_ahead_blocks_no_later_catalogue(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'district.db'}")
    catalogues = Catalogues(engine)
    ahead, soon = (version_of(datetime.now(tz=UTC) + timedelta(days=1, minutes=by)) for by in (2, -2))
    with pytest.raises(NotPublished, match=f"version {ahead} is of a clock that runs ahead"):
        catalogues.publish(package(ahead), SIGNER)
    assert catalogues.publish(package(soon), SIGNER) == soon
    with pytest.raises(NotPublished, match=f"version {soon} is .* again, with .* sign --version {soon + 1} if"):
        catalogues.publish(package(soon, "id: y"), SIGNER)
    with engine.begin() as connection:
        connection.execute(CATALOGUES.update().values(version=2**52))
    assert catalogues.publish(package(2**52 + 1), SIGNER) == 2**52 + 1
    engine.dispose()


def test_a_version_can_be_given_and_no_matter_is_published_that_no_terminal_could_read(tmp_path: Path) -> None:
    signer = run("keys", "new", tmp_path / "keys").stderr.partition('bundle_key = "')[2].partition('"')[0]
    out, database = tmp_path / "catalogue.json", f"sqlite:///{tmp_path / 'district.db'}"
    open_engine(database).dispose()
    words = ("--out", out, "--keys", tmp_path / "keys")
    assert run("catalogue", "sign", SHIPPED, *words, "--version", "7").output == "version 7, 2 matters\n"
    published = ("catalogue", "publish", out, "--database", database, "--signer")
    assert run(*published, signer).output == "version 7\n"
    out.write_bytes(package(8, "id: ["))
    refused = run(*published, base64url(SIGNER))
    assert (refused.exit_code, "x.yaml: not YAML" in refused.output) == (1, True)


def test_no_matter_is_signed_that_no_terminal_could_read(tmp_path: Path) -> None:
    folder, keys = tmp_path / "matters", tmp_path / "keys"
    folder.mkdir()
    run("keys", "new", keys)

    def sign() -> Result:
        return run("catalogue", "sign", folder, "--out", tmp_path / "out.json", "--keys", keys)

    assert "has to hold 1 to 500 matters, each as NAME.yaml; it holds 0" in sign().output
    (folder / "Not A Name.yaml").write_bytes((SHIPPED / "pension-enrolment.yaml").read_bytes())
    assert "Not A Name.yaml: the name of a matter's file is of a-z, 0-9" in sign().output
    (folder / "Not A Name.yaml").unlink()
    (folder / "a.yaml").write_text("id: a\nid: a\n", "utf-8")
    assert "a.yaml: not YAML" in sign().output
    (folder / "a.yaml").write_bytes(b"\xff")
    assert "a.yaml is not UTF-8" in sign().output
    assert not (tmp_path / "out.json").exists()
    assert run("catalogue", "sign", folder, "--out", tmp_path / "out.json").exit_code == 2
    assert run("catalogue", "publish", folder / "a.yaml", "--signer", "x").exit_code == 2


def test_a_catalogue_has_files_of_different_and_harmless_names() -> None:
    twice = json.loads(package())
    assert set(twice) == {"content", "signature"}
    for names in (("x.yaml", "x.yaml"), ("../x.yaml",), ("x",), ("/x.yaml",), ()):
        with pytest.raises(ValueError, match="validation error"):
            Catalogue.model_validate(
                {"version": 1, "created": datetime.now(tz=UTC), "files": [{"name": one, "text": ""} for one in names]}
            )
