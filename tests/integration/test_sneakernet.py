"""By stick instead of by network: exported, imported and receipted once, whatever happens to the stick in between."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from itertools import chain, repeat
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from district.cli import main as district_main
from district.embedded import EmbeddedDistrict
from district.importing import Imported, NotImported, write_receipts
from district.keys import signing_key
from offline_queue import carrying
from offline_queue.carrying import Applied, AppliedReceipt, Carried, Forged
from offline_queue.client import PlatformClient
from offline_queue.parcel import (
    BODY,
    FOLDER,
    MANIFEST,
    Receipts,
    read_parcel,
    read_receipts,
    sign_parcel,
    sign_receipts,
)
from offline_queue.retry import Answer, Failure, FailureKind
from offline_queue.sync import sync_once
from offline_queue.wire import Receipt, State
from offline_queue.withdrawing import Withdrawal
from tests.support.model_platform import ModelPlatform
from tests.support.queue_rig import NAME, open_store, stored
from tests.support.sealed_rig import open_sealing_store
from tests.support.stick_hall import PAPERS, Hall, hall

__all__ = ["hall"]


def test_there_and_back(hall: Hall) -> None:
    uids = [hall.put(), hall.put()]
    before = {uid: hall.item(uid).sha256 for uid in uids}
    assert hall.export() == [Carried.WRITTEN, Carried.WRITTEN]
    assert {hall.item(uid).state for uid in uids} == {State.READY}
    assert [type(one) for one in hall.take()] == [Imported, Imported]
    assert hall.apply() == [Applied.DONE, Applied.DONE]
    hall.assert_there_once(*sorted(uids))
    for uid in uids:
        item = hall.item(uid)
        assert (item.state, item.sha256, item.bytes_sent) == (State.DONE, before[uid], item.bytes_total)
        assert item.case_number is not None
    assert not list((hall.folder / "queue" / "blobs").iterdir())
    assert hall.queue.verify() == ()
    assert sync_once(hall.queue, ModelPlatform(lambda: "refused")).attempted == 0


def test_a_stick_tells_its_finder_nothing(hall: Hall) -> None:
    hall.put()
    hall.export()
    for path in (hall.stick / FOLDER).rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert NAME.encode() not in content
            assert b"pension-enrolment" not in content
            assert PAPERS[0].content[:64] not in content


def test_what_is_sealed_to_this_machine_only_does_not_leave(tmp_path: Path) -> None:
    with_local = open_store(tmp_path / "queue")
    stored(with_local.put(matter="pension-enrolment", form={"name": NAME}))
    (tmp_path / "stick").mkdir()
    assert [one.result for one in with_local.carrier.export(tmp_path / "stick")] == [Carried.NOT_SEALED]
    assert list((tmp_path / "stick" / FOLDER).iterdir()) == []
    with_local.close()


def test_once_is_once_when_the_form_came_by_network_and_half_a_paper_too(tmp_path: Path) -> None:
    hall = Hall(tmp_path)
    uid = hall.put()

    class CutAfterOneChunk(PlatformClient):
        def send_chunk(self, name: str, offset: int, chunk: bytes) -> Answer | Failure:
            sent.append(offset)
            return super().send_chunk(name, offset, chunk) if len(sent) == 1 else Failure(kind=FailureKind.UNREACHABLE)

    sent: list[int] = []
    with EmbeddedDistrict(tmp_path / "district", keys=hall.district.folder) as network:
        client = CutAfterOneChunk(network.url, signer=hall.queue.signer())
        assert hall.export() == [Carried.WRITTEN]
        sync_once(hall.queue, client)
        client.close()
    assert hall.item(uid).state is State.RECEIVED
    assert len(sent) == 2
    (taken,) = hall.take()
    assert isinstance(taken, Imported)
    assert hall.apply() == [Applied.DONE]
    hall.assert_there_once(uid)
    hall.close()


def test_once_is_once_when_all_of_it_came_by_network_after_the_export(tmp_path: Path) -> None:
    hall = Hall(tmp_path)
    uid = hall.put()
    hall.export()
    with EmbeddedDistrict(tmp_path / "district", keys=hall.district.folder) as network:
        client = PlatformClient(network.url, signer=hall.queue.signer())
        assert sync_once(hall.queue, client).delivered == 1
        client.close()
    case = hall.item(uid).case_number
    (taken,) = hall.take()
    assert isinstance(taken, Imported)
    assert (taken.new, taken.receipt.case_number) == (False, case)
    assert hall.apply() == [Applied.KNOWN]
    hall.assert_there_once(uid)
    hall.close()


def test_sent_by_network_after_the_import_it_is_still_one(tmp_path: Path) -> None:
    hall = Hall(tmp_path)
    uid = hall.put()
    hall.export()
    hall.take()
    shutil.rmtree(hall.stick)
    with EmbeddedDistrict(tmp_path / "district", keys=hall.district.folder) as network:
        client = PlatformClient(network.url, signer=hall.queue.signer())
        sync_once(hall.queue, client)
        client.close()
    assert hall.item(uid).state is State.DONE
    hall.assert_there_once(uid)
    hall.close()


def test_exporting_importing_and_receipting_twice_changes_nothing(hall: Hall) -> None:
    uid = hall.put()
    assert (hall.export(), hall.export()) == ([Carried.WRITTEN], [Carried.THERE])
    first, second = hall.take(), hall.take()
    assert isinstance(first[0], Imported)
    assert isinstance(second[0], Imported)
    assert (first[0].new, second[0].new) == (True, False)
    assert first[0].receipt == second[0].receipt
    assert hall.apply() == [Applied.DONE, Applied.KNOWN]
    assert hall.export() == []
    hall.assert_there_once(uid)


def test_a_copied_parcel_is_the_same_submission(hall: Hall) -> None:
    uid = hall.put()
    hall.export()
    shutil.copytree(hall.parcel(uid), hall.parcel(uid).with_name("copy of it"))
    assert [type(one) for one in hall.take()] == [Imported, Imported]
    hall.assert_there_once(uid)


def _paper(parcel: Path) -> Path:
    """The file of the largest paper."""
    return max(parcel.iterdir(), key=lambda path: path.stat().st_size)


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _cut(path: Path) -> None:
    os.truncate(path, 10)


def _link(path: Path) -> None:
    aside = path.with_name(path.name + ".aside")
    path.rename(aside)
    path.symlink_to(aside)


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _endless(path: Path) -> None:
    path.write_bytes(b"{" * 3_000_000)


@pytest.mark.parametrize("part", ["paper", BODY, MANIFEST])
@pytest.mark.parametrize("spoil", [_flip, _cut, Path.unlink, _link, _pipe, _endless])
def test_what_was_spoilt_is_refused_whole_and_mended_by_another_export(
    spoil: Callable[[Path], None], part: str, hall: Hall
) -> None:
    uid = hall.put()
    hall.export()
    parcel = hall.parcel(uid)
    spoil(_paper(parcel) if part == "paper" else parcel / part)
    (taken,) = hall.take()
    assert isinstance(taken, NotImported)
    assert taken.reason in ("damaged", "unreadable", "forged")
    assert list(hall.store.submissions()) == []
    assert hall.apply() == []
    assert hall.item(uid).state is State.READY
    assert hall.export() == [Carried.WRITTEN]
    assert isinstance(hall.take()[0], Imported)
    hall.assert_there_once(uid)


def test_swapped_papers_and_bodies_are_refused(hall: Hall) -> None:
    one, other = hall.put(), hall.put()
    hall.export()
    aside = hall.folder / "aside"
    (hall.parcel(one) / BODY).rename(aside)
    (hall.parcel(other) / BODY).rename(hall.parcel(one) / BODY)
    aside.rename(hall.parcel(other) / BODY)
    assert [one.reason for one in hall.take() if isinstance(one, NotImported)] == ["damaged", "damaged"]


def test_what_json_has_no_number_for_is_no_submission(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as careless:
        canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        careless.setattr("offline_queue.wire._canonical", canonical.encode)
        uid = stored(hall.queue.put(matter="pension-enrolment", form={"n": float("inf")})).uid
    hall.export()
    assert hall.take() == [NotImported(name=uid, reason="not-a-submission")]
    assert list(hall.store.submissions()) == []


def test_whose_key_signed_decides(hall: Hall) -> None:
    uid = hall.put()
    hall.export()
    manifest = hall.parcel(uid) / MANIFEST
    ours = manifest.read_bytes()
    signed = read_parcel(ours)
    assert signed is not None
    parcel = signed.verified(hall.queue.public_key[1])
    assert parcel is not None
    stranger = Ed25519PrivateKey.generate()
    manifest.write_bytes(sign_parcel(parcel, stranger))
    assert hall.take() == [NotImported(name=uid, reason="forged")]
    neighbour = open_sealing_store(hall.folder / "other", hall.district.install(hall.folder / "other"))
    hall.terminals.add("TY04", neighbour.public_key[1])
    manifest.write_bytes(
        sign_parcel(parcel.model_copy(update={"key_id": neighbour.public_key[0]}), _key(hall.folder / "other"))
    )
    assert hall.take() == [NotImported(name=uid, reason="forged")]  # another terminal's code
    manifest.write_bytes(sign_parcel(parcel.model_copy(update={"key_id": "AAAAAAAA"}), stranger))
    assert hall.take() == [NotImported(name=uid, reason="unknown-terminal")]
    manifest.write_bytes(ours)
    hall.terminals.revoke(hall.queue.public_key[0])
    assert hall.take() == [NotImported(name=uid, reason="revoked-terminal")]
    assert list(hall.store.submissions()) == []
    neighbour.close()


def _key(folder: Path) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes((folder / "terminal.key").read_bytes())


def _lay(hall: Hall, receipt: Receipt, key: Ed25519PrivateKey | None = None) -> None:
    write_receipts(hall.stick, [receipt], key or signing_key(hall.district.folder))


def test_receipts_of_strangers_of_other_bytes_and_of_half_a_submission_end_nothing(hall: Hall) -> None:
    uid = hall.put()
    hall.export()
    good = Receipt(uid=uid, sha256=hall.item(uid).sha256, state=State.DONE, case_number="2026-000001")
    _lay(hall, good, Ed25519PrivateKey.generate())
    assert [type(one) for one in hall.queue.carrier.apply(hall.stick)] == [Forged]
    _lay(hall, good.model_copy(update={"sha256": "0" * 64}))
    _lay(hall, good.model_copy(update={"state": State.RECEIVED}))
    _lay(hall, good.model_copy(update={"uid": "0190f3a0-0000-4000-8000-000000000001"}))
    assert hall.apply() == [Applied.OTHER_BYTES, Applied.INCOMPLETE, Applied.FOREIGN]
    assert hall.item(uid).state is State.READY
    _lay(hall, good)
    assert hall.apply()[-1] is Applied.DONE


def test_a_damaged_receipts_file_does_not_keep_the_good_one_from_counting(hall: Hall) -> None:
    uid = hall.put()
    hall.export()
    hall.take()
    (path,) = (hall.stick / FOLDER).glob("receipts-*.json")
    shutil.copy(path, path.with_name("receipts-0.json"))
    _flip(path.with_name("receipts-0.json"))
    assert [type(one) for one in hall.queue.carrier.apply(hall.stick)] == [Forged, AppliedReceipt]
    assert hall.item(uid).state is State.DONE


def test_held_and_received_items_are_ended_too_and_one_being_sent_is_left_alone(hall: Hall) -> None:
    held = hall.put(())
    sync_once(hall.queue, ModelPlatform(lambda: "refused"))
    received = hall.put()
    moods = chain(["ok"], repeat("unheard"))
    sync_once(hall.queue, ModelPlatform(lambda: next(moods)))
    assert hall.item(held).state is State.HELD
    assert hall.item(received).state is State.RECEIVED
    sending = hall.put(())
    hall.queue.outbox.hurry()
    assert hall.queue.outbox.next_work() is not None
    assert hall.item(sending).state is State.SENDING
    hall.export()
    hall.take()
    results = {one.uid: one.result for one in hall.queue.carrier.apply(hall.stick) if isinstance(one, AppliedReceipt)}
    assert results == {held: Applied.DONE, received: Applied.DONE, sending: Applied.SENDING}
    assert hall.item(sending).state is State.SENDING


def test_what_left_on_a_stick_cannot_be_withdrawn_here(hall: Hall) -> None:
    uid = hall.put()
    hall.export()
    assert hall.queue.cancel(uid, reason="a mistake", by="A", confirmed_by="B") is Withdrawal.LEFT


def test_what_is_withdrawn_while_it_is_written_does_not_leave(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    uid = hall.put()
    durably = carrying.write_durably

    def slow(path: Path, content: bytes) -> None:
        durably(path, content)
        if path.name == MANIFEST:
            became = hall.queue.cancel(uid, reason="a mistake", by="A", confirmed_by="B")
            assert became is Withdrawal.WITHDRAWN

    monkeypatch.setattr(carrying, "write_durably", slow)
    assert hall.export() == [Carried.WITHDRAWN]
    assert list((hall.stick / FOLDER).iterdir()) == []
    assert hall.item(uid).state is State.CANCELLED


def test_what_this_disk_damaged_is_named_and_the_rest_is_written(hall: Hall) -> None:
    bad, good = hall.put(), hall.put()
    _flip(
        max(
            (hall.folder / "queue" / "blobs" / one.id for one in hall.item(bad).attachments),
            key=lambda p: p.stat().st_size,
        )
    )
    assert hall.export() == [Carried.DAMAGED, Carried.WRITTEN]
    assert not hall.parcel(bad).exists()
    assert hall.parcel(good).exists()


def test_by_the_commands(hall: Hall) -> None:
    uid = hall.put()
    hall.export()
    common = ["--database", hall.database, "--json"]
    refused = CliRunner().invoke(district_main, ["import", str(hall.stick), *common])
    assert refused.exit_code == 2
    keys = ["--keys", str(hall.district.folder)]
    done = CliRunner().invoke(district_main, ["import", str(hall.stick), *common, *keys])
    assert done.exit_code == 0, done.output
    row = json.loads(done.stdout.splitlines()[0])
    assert (row["uid"], row["new"]) == (uid, True)
    (hall.parcel(uid) / MANIFEST).unlink()
    again = CliRunner().invoke(district_main, ["import", str(hall.stick), *common, *keys])
    assert again.exit_code == 1
    assert hall.apply() == [Applied.DONE]


def test_signed_files_are_told_apart(hall: Hall) -> None:
    """A parcel's signature never counts as one of receipts, and nothing else is read as either."""
    key = Ed25519PrivateKey.generate()
    raw = key.public_key().public_bytes_raw()
    uid = hall.put()
    hall.export()
    parcel = (hall.parcel(uid) / MANIFEST).read_bytes()
    assert read_receipts(parcel, hall.queue.public_key[1]) is None
    receipts = sign_receipts(Receipts.model_validate({"created": "2026-11-23T09:00:00Z", "receipts": []}), key)
    assert read_receipts(receipts, raw) is not None
    assert read_receipts(receipts, hall.queue.public_key[1]) is None
    assert read_parcel(receipts) is None
    for junk in (b"", b"[]", b'{"content":"%","signature":""}', b"\xff" * 100):
        assert read_parcel(junk) is None
        assert read_receipts(junk, raw) is None
