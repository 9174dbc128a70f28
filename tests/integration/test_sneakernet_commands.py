"""By stick with the commands of both sides, as technicians type them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from district.cli import main as district_main
from kiosk.bootstrap import open_queue
from kiosk.cli import main
from kiosk.cli.stick import NOT_TAKEN
from kiosk.config import load
from offline_queue.bundle import public_text
from offline_queue.carrying import Applied
from offline_queue.numbers import base64url
from tests.support.damage import damage
from tests.support.queue_rig import NAME, stored
from tests.support.sealed_rig import KeyedDistrict


class Sides:
    def __init__(self, folder: Path, *, sealed: bool) -> None:
        self.stick = folder / "stick"
        self.stick.mkdir()
        self.district = KeyedDistrict.new(folder / "keys")
        self.settings = folder / "kiosk.toml"
        key = f'[platform]\nbundle_key = "{public_text(self.district.signer)}"\n' if sealed else ""
        self.settings.write_text(f'data = "{folder / "data"}"\n[hall]\nterminal = "TY03"\n{key}', "utf-8")
        (folder / "data" / "queue").mkdir(parents=True)
        if sealed:
            self.district.install(folder / "data" / "queue")
        self.database = f"sqlite:///{folder / 'district' / 'district.db'}"

    def put(self) -> str:
        store = open_queue(load(self.settings))
        uid = stored(store.put(matter="pension-enrolment", form={"name": NAME})).uid
        words = ["terminals", "add", "TY03", base64url(store.public_key[1]), "--database", self.database]
        assert CliRunner().invoke(district_main, words).exit_code == 0
        store.close()
        return uid

    def kiosk(self, *words: str) -> tuple[int, list[dict[str, str]]]:
        done = CliRunner().invoke(main, [*words, "--config", str(self.settings), "--json"])
        return done.exit_code, [json.loads(line) for line in done.stdout.splitlines()]

    def take(self) -> int:
        keys = str(self.district.folder)
        words = ["import", str(self.stick), "--database", self.database, "--keys", keys]
        return CliRunner().invoke(district_main, words).exit_code


@pytest.fixture(autouse=True)
def no_override(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KIOSK_DATA_DIR", raising=False)


def test_there_and_back(tmp_path: Path) -> None:
    sides = Sides(tmp_path, sealed=True)
    uid = sides.put()
    status, rows = sides.kiosk("queue", "export", "--to", str(sides.stick))
    assert (status, rows[0]["uid"], rows[0]["result"]) == (0, uid, "written")
    status, rows = sides.kiosk("queue", "receipts", str(sides.stick))
    assert (status, rows[0]["trouble"]) == (1, "no-receipts")
    assert sides.take() == 0
    status, rows = sides.kiosk("queue", "receipts", str(sides.stick))
    assert (status, rows[0]["uid"], rows[0]["result"]) == (0, uid, "done")
    assert rows[0]["case_number"]
    (receipts,) = (sides.stick / "township-kiosk").glob("receipts-*.json")
    receipts.write_bytes(receipts.read_bytes().replace(b"A", b"B"))
    status, rows = sides.kiosk("queue", "receipts", str(sides.stick))
    assert (status, rows[0]["trouble"]) == (1, "receipts-forged")


def test_a_receipt_that_is_not_taken_says_why(tmp_path: Path) -> None:
    assert set(NOT_TAKEN) == set(Applied) - {Applied.DONE, Applied.KNOWN, Applied.FOREIGN}
    sides = Sides(tmp_path, sealed=True)
    uid = sides.put()
    sides.kiosk("queue", "export", "--to", str(sides.stick))
    assert sides.take() == 0
    (folder,) = tmp_path.glob("**/queue.db")
    damage(folder.parent, f"UPDATE submission SET body_sha256 = '{'0' * 64}'")
    status, rows = sides.kiosk("queue", "receipts", str(sides.stick))
    assert (status, rows[0]["uid"], rows[0]["result"]) == (1, uid, "other-bytes")
    assert rows[0]["trouble"] == "receipt-other-bytes"
    assert "区里" in rows[0]["remedy"]


def test_what_is_not_sealed_to_a_district_stays_with_a_remedy(tmp_path: Path) -> None:
    sides = Sides(tmp_path, sealed=False)
    uid = sides.put()
    status, rows = sides.kiosk("queue", "export", "--to", str(sides.stick))
    assert (status, rows[0]["uid"], rows[0]["trouble"]) == (1, uid, "not-sealed")
    assert rows[0]["remedy"]
    assert list((sides.stick / "township-kiosk").iterdir()) == []


def test_a_stick_on_which_nothing_is(tmp_path: Path) -> None:
    sides = Sides(tmp_path, sealed=True)
    sides.put()
    sides.stick.mkdir(exist_ok=True)
    words = ["import", str(sides.stick), "--database", sides.database, "--keys", str(sides.district.folder)]
    none = CliRunner().invoke(district_main, words)
    assert (none.exit_code, f"no terminal wrote to {sides.stick}" in none.output) == (1, True)
    (sides.stick / "township-kiosk").mkdir()
    empty = CliRunner().invoke(district_main, words)
    assert (empty.exit_code, "nothing to take in is in" in empty.output) == (0, True)


def test_a_stick_that_is_not_there(tmp_path: Path) -> None:
    sides = Sides(tmp_path, sealed=True)
    sides.put()
    status, rows = sides.kiosk("queue", "export", "--to", str(tmp_path / "nowhere"))
    assert (status, rows[0]["trouble"]) == (1, "stick-gone")
    status, rows = sides.kiosk("queue", "receipts", str(tmp_path / "nowhere"))
    assert (status, rows[0]["trouble"]) == (1, "stick-gone")
