"""A queue that seals to the district: what stays on the terminal, and how keys are exchanged."""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from district.keys import new_keys, public_keys
from offline_queue.bundle import (
    Use,
)
from offline_queue.keyring import FILE, DistrictKeys
from offline_queue.model import NoKeys, Paper, TooLarge
from offline_queue.sealed import Opened, open_submission
from offline_queue.sealing import LocalKeySealer, is_local
from offline_queue.store import Store
from offline_queue.sync import sync_once
from offline_queue.wire import CHUNK_BYTES, SEALED_TYPE, SealedSubmission, State, Suite, sha256_hex
from offline_queue.work import FormWork
from tests.support.model_platform import ModelPlatform
from tests.support.queue_rig import ID_NUMBER, NAME, TurnedClock, stored
from tests.support.sealed_rig import NOW, KeyedDistrict, open_sealing_store

PICTURE = NAME.encode() * 200_000
PAPER = Paper(material="household-register", media_type="image/jpeg", content=PICTURE)


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def district(tmp_path: Path) -> KeyedDistrict:
    return KeyedDistrict.new(tmp_path / "keys")


def put(store: Store, *, papers: int = 1) -> str:
    return stored(
        store.put(
            matter="pension-enrolment",
            form={"name": NAME, "id_number": ID_NUMBER},
            attachments=[PAPER] * papers,
            id_number=ID_NUMBER,
            masked_name="王*英",
            slip_data=b"slip",
        )
    ).uid


def column(folder: Path, name: str) -> list[object]:
    connection = sqlite3.connect(folder / "queue.db")
    rows = [row[0] for row in connection.execute(f"SELECT {name} FROM submission ORDER BY seq")]
    connection.close()
    return rows


def opened(district: KeyedDistrict, body: bytes) -> Opened:
    keys = district.private()
    found = open_submission(SealedSubmission.model_validate_json(body), keys)
    assert isinstance(found, Opened), found
    return found


def whole(opened: Opened, name: str, path: Path) -> bytes:
    with path.open("rb") as file:
        chunks = [opened.paper_chunk(name, file, index) for index in range(-(-len(PICTURE) // CHUNK_BYTES))]
    return b"".join(chunk or b"" for chunk in chunks)


def test_the_wire_is_frozen_and_only_the_district_opens_it(
    tmp_path: Path, clock: TurnedClock, district: KeyedDistrict
) -> None:
    queue = tmp_path / "queue"
    store = open_sealing_store(queue, district.install(queue), clock)
    uid = put(store, papers=2)
    (body,), (key,) = column(queue, "body"), column(queue, "key_id")
    assert isinstance(body, bytes)
    assert isinstance(key, str)
    assert not is_local(key)
    assert LocalKeySealer.in_folder(queue).open(body, context=f"{uid}/body") is None
    platform = ModelPlatform(lambda: "ok")
    assert sync_once(store, platform).delivered == 1
    assert platform.bodies[uid] == body
    inside = opened(district, body)
    assert inside.envelope.form == {"name": NAME, "id_number": ID_NUMBER}
    for declared in inside.envelope.attachments:
        sent = tmp_path / "sent"
        sent.write_bytes(platform.papers[declared.id])
        assert sha256_hex(sent.read_bytes()) != declared.sha256
        assert whole(inside, declared.id, sent) == PICTURE
    item = store.show(uid)
    assert item is not None
    assert (item.state, item.sha256, item.bytes_sent) == (State.DONE, sha256_hex(body), item.bytes_total)
    store.close()


def test_nothing_readable_lies_on_the_disk(tmp_path: Path, clock: TurnedClock, district: KeyedDistrict) -> None:
    queue = tmp_path / "queue"
    store = open_sealing_store(queue, district.install(queue), clock)
    put(store)
    marks = (NAME.encode(), ID_NUMBER.encode(), json.dumps(NAME)[1:-1].encode())
    for path in queue.rglob("*"):
        assert path.is_dir() or not any(mark in path.read_bytes() for mark in marks), path
    store.close()


def test_a_resumed_upload_sends_the_sealed_file_s_own_bytes(
    tmp_path: Path, clock: TurnedClock, district: KeyedDistrict
) -> None:
    queue = tmp_path / "queue"
    store = open_sealing_store(queue, district.install(queue), clock)
    uid = put(store)
    (name,) = (path.name for path in (queue / "blobs").iterdir())
    file = (queue / "blobs" / name).read_bytes()
    exchanges = iter(["ok", "ok", "unheard"])  # the form, a piece, and one that is lost
    platform = ModelPlatform(lambda: next(exchanges, "ok"))
    assert sync_once(store, platform).waiting == 1
    assert 0 < len(platform.papers[name]) < len(file)
    store.outbox.hurry()
    assert sync_once(store, platform, hurry=True).delivered == 1
    assert platform.papers[name] == file
    assert store.verify() == ()
    assert uid in platform.bodies
    store.close()


@pytest.mark.parametrize("at", [40, -1])
def test_a_damaged_sealed_paper_is_held_before_its_last_byte_leaves(
    tmp_path: Path, clock: TurnedClock, district: KeyedDistrict, at: int
) -> None:
    queue = tmp_path / "queue"
    store = open_sealing_store(queue, district.install(queue), clock)
    uid = put(store)
    (path,) = (queue / "blobs").iterdir()
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    assert [(finding.uid, finding.code) for finding in store.verify()] == [(uid, "paper-damaged")]
    platform = ModelPlatform(lambda: "ok")
    assert sync_once(store, platform).held == 1
    assert len(platform.papers[path.name]) < len(content)
    path.write_bytes(content[:100])
    store.retry(uid)
    assert sync_once(store, platform).held == 1
    path.unlink()
    store.retry(uid)
    assert sync_once(store, platform).held == 1
    store.close()


def test_a_damaged_sealed_form_is_held(tmp_path: Path, clock: TurnedClock, district: KeyedDistrict) -> None:
    queue = tmp_path / "queue"
    store = open_sealing_store(queue, district.install(queue), clock)
    uid = put(store, papers=0)
    connection = sqlite3.connect(queue / "queue.db")
    connection.execute("UPDATE submission SET body = CAST(body || x'20' AS BLOB)")
    connection.commit()
    connection.close()
    assert [finding.code for finding in store.verify()] == ["body-damaged"]
    assert sync_once(store, ModelPlatform(lambda: "ok")).attempted == 0
    item = store.show(uid)
    assert item is not None
    assert (item.state, item.last_error) == (State.HELD, "body-damaged")
    store.close()


def test_keys_are_exchanged_while_items_of_both_wait(
    tmp_path: Path, clock: TurnedClock, district: KeyedDistrict
) -> None:
    queue = tmp_path / "queue"
    store = open_sealing_store(queue, district.install(queue), clock)
    before = put(store)
    # The running terminal takes the new bundle, which another process installed, at the next submission.
    later = NOW + timedelta(days=1)
    new_keys(district.folder, now=later)
    district.install(queue, now=later, suite=Suite.SM4_GCM)
    clock.forward(24 * 3600 + 1)
    after = put(store)
    old, new = (one.id for one in public_keys(district.folder) if one.use is Use.DISTRICT)
    assert column(queue, "key_id") == [f"district-{old}", f"district-{new}"]
    platform = ModelPlatform(lambda: "ok")
    assert sync_once(store, platform).delivered == 2
    suites = {uid: json.loads(platform.bodies[uid])["suite"] for uid in (before, after)}
    assert suites == {before: "hpke-x25519-aes256gcm", after: "hpke-x25519-sm4gcm-sm3"}
    for uid in (before, after):
        assert opened(district, platform.bodies[uid]).envelope.uid == uid
    store.close()


def test_a_lost_district_key_loses_nothing(tmp_path: Path, clock: TurnedClock, district: KeyedDistrict) -> None:
    queue = tmp_path / "queue"
    store = open_sealing_store(queue, district.install(queue), clock)
    put(store, papers=0)
    for path in district.folder.glob("district-*.pem"):
        path.unlink()
    (body,) = column(queue, "body")
    assert isinstance(body, bytes)
    assert opened(district, body).envelope.form["name"] == NAME
    store.close()


def test_without_keys_nothing_is_taken(tmp_path: Path, clock: TurnedClock, district: KeyedDistrict) -> None:
    queue = tmp_path / "queue"
    keys = DistrictKeys(queue, signer=district.signer)
    store = open_sealing_store(queue, keys, clock)
    assert store.put(matter="m", form={}) == NoKeys()
    assert store.list() == ()
    keys.install(district.bundle(), now=NOW)
    uid = put(store, papers=0)
    # What was stored is found again, whatever became of the keys.
    (queue / FILE).unlink()
    other = open_sealing_store(queue, DistrictKeys(queue, signer=district.signer), clock)
    same = other.put(
        matter="pension-enrolment", form={"name": NAME, "id_number": ID_NUMBER}, uid=uid, id_number=ID_NUMBER
    )
    assert stored(same).uid == uid
    assert other.put(matter="m", form={}) == NoKeys()
    # A terminal that runs keeps the keys it has read.
    assert put(store, papers=0)
    (queue / FILE).write_bytes(b"damaged")
    assert put(store, papers=0)
    store.close()
    other.close()


def test_a_sealed_form_that_would_not_fit_is_refused(
    tmp_path: Path, clock: TurnedClock, district: KeyedDistrict
) -> None:
    queue = tmp_path / "queue"
    store = open_sealing_store(queue, district.install(queue), clock)
    assert store.put(matter="m", form={"a": "x" * 762_000}, attachments=[PAPER]) == TooLarge(part="form")
    tiny = [Paper(material="m" * 128, media_type="image/jpeg", content=b"")] * 64
    assert stored(store.put(matter="m", form={"a": "x" * 700_000}, attachments=tiny)).uid
    work = store.outbox.next_work()
    assert isinstance(work, FormWork)
    assert (work.media_type, len(work.body) <= 1024 * 1024) == (SEALED_TYPE, True)
    store.close()


def test_the_staff_see_more_where_the_key_is_kept_better(
    tmp_path: Path, clock: TurnedClock, district: KeyedDistrict
) -> None:
    queue = tmp_path / "queue"
    keys = district.install(queue)
    store = Store.open(
        queue,
        terminal="TY03",
        district="district.example",
        sealer=LocalKeySealer(b"k" * 32),
        district_keys=keys,
        clock=clock,
    )
    uid = put(store, papers=0)
    item = store.show(uid)
    assert item is not None
    assert (item.matter, item.name) == ("pension-enrolment", "王*英")
    store.close()
    mere = Store.open(
        queue,
        terminal="TY03",
        district="district.example",
        sealer=LocalKeySealer(b"k" * 32, last_resort=True),
        clock=clock,
    )
    again = mere.show(uid)
    assert again is not None
    assert (again.matter, again.name, again.provisional_number) == (None, None, item.provisional_number)
    mere.close()


def test_a_lost_machine_key_keeps_nothing_from_the_district(
    tmp_path: Path, clock: TurnedClock, district: KeyedDistrict
) -> None:
    queue = tmp_path / "queue"

    def open_with(key: bytes, keys: DistrictKeys | None) -> Store:
        sealer = LocalKeySealer(key)
        return Store.open(
            queue, terminal="TY03", district="district.example", sealer=sealer, district_keys=keys, clock=clock
        )

    before = open_with(b"k" * 32, district.install(queue))
    sealed = put(before)
    before.close()
    plain = open_with(b"k" * 32, None)
    unsealed = put(plain, papers=0)
    plain.close()
    after = open_with(b"l" * 32, None)
    item = after.show(sealed)
    assert item is not None
    assert (item.matter, item.name, after.find(ID_NUMBER)) == (None, None, ())
    assert {finding.code for finding in after.verify()} == {
        "summary-unreadable",
        "reprint-unreadable",
        "body-damaged",
    }
    platform = ModelPlatform(lambda: "ok")
    assert sync_once(after, platform).delivered == 1
    assert [(one.uid, one.state) for one in after.list()] == [(sealed, State.DONE), (unsealed, State.HELD)]
    after.close()
