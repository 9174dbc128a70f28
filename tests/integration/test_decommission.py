"""A terminal goes out of service: with its queue settled, or not at all; what it leaves is signed, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from district.embedded import EmbeddedDistrict
from district.importing import Imported, import_folder, write_receipts
from district.keys import signing_key
from district.store import DistrictStore
from district.terminals import Terminals
from kiosk.bootstrap import DECOMMISSIONED, Parts, open_core, open_queue
from kiosk.cli import main
from kiosk.config import Config, ConfigError, load
from offline_queue import leaving
from offline_queue.client import PlatformClient
from offline_queue.leaving import Record, read_record
from offline_queue.model import Paper
from offline_queue.store import Store
from offline_queue.sync import sync_once
from offline_queue.wire import State
from tests.support.queue_rig import NAME, stored
from tests.support.sealed_rig import KeyedDistrict

TWO = ["--give-up", "the hall is closed", "--by", "Li", "--confirmed-by", "Wang"]


class Leaver:
    """A terminal with a district, of which it may know the address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.settings = folder / "kiosk.toml"
        self.keys = KeyedDistrict.new(folder / "keys")
        self.record = folder / "record.json"
        self.stick = folder / "stick"
        self.stick.mkdir()
        self.configure("")
        (self.data / "queue").mkdir(parents=True)
        self.keys.install(self.data / "queue")
        with self.queue() as queue:
            self.public = queue.public_key

    @contextmanager
    def district(self) -> Generator[str]:
        """The address of a platform that knows this terminal."""
        folder = self.folder / "district"
        with EmbeddedDistrict(folder, keys=self.keys.folder) as district:
            received = DistrictStore(f"sqlite:///{folder / 'district.db'}", folder / "papers", self.keys.private())
            Terminals(received.engine).add("TY03", self.public[1])
            received.close()
            yield district.url

    def configure(self, url: str, more: str = "") -> None:
        from offline_queue.bundle import public_text

        self.settings.write_text(
            f'data = "{self.data}"\n[hall]\nterminal = "TY03"\n'
            f'[platform]\nurl = "{url}"\nbundle_key = "{public_text(self.keys.signer)}"\n{more}\n',
            "utf-8",
        )

    @property
    def config(self) -> Config:
        return load(self.settings)

    def queue(self) -> _Opened:
        return _Opened(open_queue(self.config))

    def put(self) -> str:
        with self.queue() as queue:
            return stored(queue.put(matter="pension-enrolment", form={"name": NAME})).uid

    def leave(self, *more: str) -> Result:
        words = ["decommission", "--record", str(self.record), "--config", str(self.settings), "--json", *more]
        return CliRunner().invoke(main, words)

    def import_stick(self) -> None:
        """At the district: take in the one submission on the stick, and write its receipt onto it."""
        folder = self.folder / "district"
        received = DistrictStore(f"sqlite:///{folder / 'district.db'}", folder / "papers", self.keys.private())
        terminals = Terminals(received.engine)
        terminals.add("TY03", self.public[1])
        (taken,) = import_folder(self.stick, received, terminals)
        assert isinstance(taken, Imported)
        write_receipts(self.stick, [taken.receipt], signing_key(self.keys.folder))
        received.close()

    def kept(self) -> Record:
        record = read_record(self.record.read_bytes(), self.public[1])
        assert record is not None
        return record

    def assert_wiped(self) -> None:
        left = {str(path.relative_to(self.data)) for path in self.data.rglob("*")}
        assert left == {DECOMMISSIONED, "terminal.lock"}
        with pytest.raises(ConfigError, match="out of service"):
            open_core(self.config, cast("Parts", None))


class _Opened:
    def __init__(self, store: Store) -> None:
        self._store = store

    def __enter__(self) -> Store:
        return self._store

    def __exit__(self, *_: object) -> None:
        self._store.close()


@pytest.fixture(autouse=True)
def no_override(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KIOSK_DATA_DIR", raising=False)


@pytest.fixture
def leaver(tmp_path: Path) -> Leaver:
    return Leaver(tmp_path)


def test_it_refuses_while_something_is_unsettled_and_wipes_nothing(leaver: Leaver) -> None:
    uid = leaver.put()
    refused = leaver.leave()
    assert refused.exit_code == 1
    rows = [json.loads(line) for line in refused.stdout.splitlines()]
    assert (rows[0]["uid"], rows[1]["trouble"]) == (uid, "not-settled")
    assert not leaver.record.exists()
    with leaver.queue() as queue:
        assert queue.verify() == ()
        assert [item.uid for item in queue.list()] == [uid]


@pytest.mark.parametrize("words", [TWO[:2], TWO[:4], [*TWO[:5], " li "], ["--give-up", " ", *TWO[2:]]])
def test_giving_up_takes_two_people_and_a_reason(words: list[str], leaver: Leaver) -> None:
    leaver.put()
    assert leaver.leave(*words).exit_code == 2
    assert not leaver.record.exists()


def test_two_people_can_give_it_up_and_the_record_says_so(leaver: Leaver) -> None:
    uid = leaver.put()
    done = leaver.leave(*TWO)
    assert done.exit_code == 0, done.output
    record = leaver.kept()
    assert [(one.uid, one.state, one.exported) for one in record.left] == [(uid, State.READY, False)]
    assert record.confirmed is not None
    assert (record.confirmed.by, record.confirmed.confirmed_by) == ("Li", "Wang")
    assert (record.terminal, record.key_id, record.revoked) == ("TY03", leaver.public[0], "unreached")
    assert NAME not in leaver.record.read_text("utf-8")
    leaver.assert_wiped()


def test_what_can_be_sent_is_sent_and_the_key_is_revoked(leaver: Leaver) -> None:
    uid = leaver.put()
    folder = leaver.folder / "district"
    with EmbeddedDistrict(folder, keys=leaver.keys.folder) as district:
        received = DistrictStore(f"sqlite:///{folder / 'district.db'}", folder / "papers", leaver.keys.private())
        terminals = Terminals(received.engine)
        terminals.add("TY03", leaver.public[1])
        leaver.configure(district.url)
        done = leaver.leave()
        assert done.exit_code == 0, done.output
        assert [row.outside.uid for row in received.submissions()] == [uid]
        known = terminals.find(leaver.public[0])
        assert known is not None
        assert known.revoked_at is not None
        received.close()
    assert (leaver.kept().revoked, leaver.kept().delivered, leaver.kept().left) == ("revoked", 1, ())
    leaver.assert_wiped()


@pytest.mark.parametrize("line", ["upload_kbps = 800", 'upload_hours = "03:00-03:01"'])
def test_a_thin_line_keeps_nothing_back_when_there_is_no_later(leaver: Leaver, line: str) -> None:
    with leaver.queue() as queue:
        paper = Paper(material="m", media_type="image/png", content=b"1" * 3_000_000)
        stored(queue.put(matter="pension-enrolment", form={}, attachments=[paper]))
    with leaver.district() as url:
        leaver.configure(url, line)
        done = leaver.leave()
    assert done.exit_code == 0, done.output
    assert (leaver.kept().delivered, leaver.kept().left) == (1, ())


def test_a_rating_is_sent_or_stands_in_the_record(leaver: Leaver) -> None:
    with leaver.district() as url:
        leaver.configure(url)
        with leaver.queue() as queue:
            uid = stored(queue.put(matter="pension-enrolment", form={})).uid
            client = PlatformClient(url, signer=queue.signer())
            assert sync_once(queue, client).delivered == 1
            client.close()
            queue.rate(uid, 4)
        leaver.configure("")
        refused = leaver.leave()
        assert refused.exit_code == 1
        row = json.loads(refused.stdout.splitlines()[0])
        assert (row["uid"], row["state"], row["rating"]) == (uid, "done", 4)
        leaver.configure(url)
        done = leaver.leave()
        assert done.exit_code == 0, done.output
        folder = leaver.folder / "district"
        received = DistrictStore(f"sqlite:///{folder / 'district.db'}", folder / "papers", leaver.keys.private())
        assert [row.rating for row in received.submissions()] == [4]
        received.close()
    assert leaver.kept().left == ()


def test_a_rating_that_is_given_up_stands_in_the_record(leaver: Leaver) -> None:
    uid = leaver.put()
    with leaver.queue() as queue:
        queue.rate(uid, 2)
    assert leaver.leave(*TWO).exit_code == 0
    assert [(one.uid, one.rating) for one in leaver.kept().left] == [(uid, 2)]


def test_what_renewals_left_beside_the_certificate_is_wiped(leaver: Leaver) -> None:
    places = leaver.folder / "client.crt", leaver.folder / "client.key"
    names = {f"{path.name}{ending}" for path in places for ending in ("", ".new", ".old")}
    for name in names:
        (leaver.folder / name).write_bytes(b"secret")
    (leaver.folder / "client.key.txt").write_bytes(b"somebody's note")
    leaver.configure("", f'client_cert = "{places[0]}"\nclient_key = "{places[1]}"')
    done = leaver.leave(*TWO)
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in leaver.folder.glob("client.*")) == ["client.key.txt"]


def test_the_machine_that_takes_its_place_goes_on(leaver: Leaver) -> None:
    folder = leaver.folder / "district"
    with EmbeddedDistrict(folder, keys=leaver.keys.folder) as district:
        received = DistrictStore(f"sqlite:///{folder / 'district.db'}", folder / "papers", leaver.keys.private())
        terminals = Terminals(received.engine)
        old = terminals.add("TY03", leaver.public[1])
        successor = terminals.add("TY03", Ed25519PrivateKey.generate().public_key().public_bytes_raw())
        leaver.configure(district.url)
        assert leaver.leave().exit_code == 0
        assert terminals.find(old.key_id) != old
        assert terminals.find(successor.key_id) == successor
        received.close()


def test_a_stick_on_its_way_settles_nothing_and_its_receipts_do(leaver: Leaver) -> None:
    uid = leaver.put()
    refused = leaver.leave("--to", str(leaver.stick))
    assert refused.exit_code == 1
    rows = [json.loads(line) for line in refused.stdout.splitlines()]
    assert ((rows[0]["uid"], rows[0]["exported"]), rows[-1]["trouble"]) == ((uid, True), "not-settled")
    with leaver.queue() as queue:
        assert [item.uid for item in queue.list()] == [uid]
    leaver.import_stick()
    receipts = ["queue", "receipts", str(leaver.stick), "--config", str(leaver.settings), "--json"]
    assert CliRunner().invoke(main, receipts).exit_code == 0
    done = leaver.leave()
    assert done.exit_code == 0, done.output
    assert (leaver.kept().delivered, leaver.kept().left) == (1, ())
    leaver.assert_wiped()


def test_given_up_with_a_stick_on_its_way_the_key_counts_until_it_was_imported(leaver: Leaver) -> None:
    leaver.put()
    done = leaver.leave("--to", str(leaver.stick), *TWO)
    assert done.exit_code == 0, done.output
    record = leaver.kept()
    assert ([one.exported for one in record.left], record.revoked) == ([True], "later")
    leaver.assert_wiped()
    leaver.import_stick()


def test_a_stick_that_fails_wipes_nothing(leaver: Leaver) -> None:
    leaver.put()
    failed = leaver.leave("--to", str(leaver.folder / "nowhere"))
    assert failed.exit_code == 1
    assert json.loads(failed.stdout)["trouble"] == "stick-gone"
    with leaver.queue() as queue:
        assert len(queue.list()) == 1


def test_an_interrupted_wipe_goes_on_and_keys_went_first(leaver: Leaver, monkeypatch: pytest.MonkeyPatch) -> None:
    leaver.put()
    overwrite, gone = leaving.overwrite, list[str]()

    def failing(path: Path) -> None:
        if len(gone) == 2:
            raise OSError("the disk failed")
        gone.append(path.name)
        overwrite(path)

    monkeypatch.setattr(leaving, "overwrite", failing)
    assert leaver.leave(*TWO).exit_code == 1
    assert set(gone) == {"local.key", "terminal.key"}
    record = leaver.record.read_bytes()
    monkeypatch.setattr(leaving, "overwrite", overwrite)
    assert leaver.leave().exit_code == 0
    assert leaver.record.read_bytes() == record
    leaver.assert_wiped()


def test_the_record_never_lies_where_it_would_be_wiped_nor_over_another(leaver: Leaver) -> None:
    leaver.record.write_text("an older one", "utf-8")
    assert leaver.leave().exit_code == 1
    assert leaver.record.read_text("utf-8") == "an older one"
    leaver.record = leaver.data / "record.json"
    assert leaver.leave().exit_code == 1
    with leaver.queue() as queue:
        assert queue.public_key == leaver.public


def test_it_waits_for_nobody_who_is_sending(leaver: Leaver) -> None:
    with leaver.queue() as queue:
        assert queue.outbox.take_turn(service=True)
        refused = leaver.leave(*TWO)
    assert refused.exit_code == 1
    assert "kiosk sync" in refused.output
    assert not leaver.record.exists()


def test_files_are_overwritten_and_links_are_not_followed(tmp_path: Path) -> None:
    folder, outside = tmp_path / "folder", tmp_path / "outside"
    folder.mkdir()
    outside.write_bytes(b"somebody else's")
    secret = folder / "terminal.key"
    secret.write_bytes(b"secret" * 1000)
    held = secret.open("rb")  # the bytes as they lie on the disk after the name is gone
    (folder / "link").symlink_to(outside)
    assert leaving.wipe(folder) == 2
    assert b"secret" not in held.read()
    held.close()
    assert outside.read_bytes() == b"somebody else's"
    assert not folder.exists()


def test_another_terminals_signature_is_no_record_of_this_one(leaver: Leaver) -> None:
    leaver.leave()
    assert read_record(leaver.record.read_bytes(), leaver.keys.signer) is None
    content = bytearray(leaver.record.read_bytes())
    content[30] ^= 1
    assert read_record(bytes(content), leaver.public[1]) is None
