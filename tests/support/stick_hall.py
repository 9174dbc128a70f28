"""A terminal that seals to its district, the district, and the stick that goes between them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from district.importing import Imported, NotImported, import_folder, write_receipts
from district.keys import signing_key
from district.store import DistrictStore
from district.terminals import Terminals
from offline_queue.carrying import Applied, AppliedReceipt, Carried
from offline_queue.model import Item, Paper
from offline_queue.parcel import FOLDER
from offline_queue.wire import State
from tests.support.queue_rig import NAME, stored
from tests.support.sealed_rig import KeyedDistrict, open_sealing_store

PAPERS = (
    Paper(material="household-register", media_type="image/png", content=os.urandom(1_400_000)),
    Paper(material="signature", media_type="image/png", content=b"strokes"),
)


class Hall:
    """A terminal that seals to its district, the district's own data, and a stick."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.district = KeyedDistrict.new(folder / "keys")
        self.queue = open_sealing_store(folder / "queue", self.district.install(folder / "queue"))
        self.database = f"sqlite:///{folder / 'district' / 'district.db'}"
        self.store = self.opened()
        self.terminals = Terminals(self.store.engine)
        self.terminals.add("TY03", self.queue.public_key[1])
        self.stick = folder / "stick"
        self.stick.mkdir()

    def opened(self) -> DistrictStore:
        return DistrictStore(self.database, self.folder / "district" / "papers", self.district.private())

    def put(self, papers: tuple[Paper, ...] = PAPERS) -> str:
        return stored(self.queue.put(matter="pension-enrolment", form={"name": NAME}, attachments=papers)).uid

    def export(self) -> list[Carried]:
        return [item.result for item in self.queue.carrier.export(self.stick)]

    def take(self) -> list[Imported | NotImported]:
        taken = list(import_folder(self.stick, self.store, self.terminals))
        receipts = [one.receipt for one in taken if isinstance(one, Imported)]
        write_receipts(self.stick, receipts, signing_key(self.district.folder))
        return taken

    def apply(self) -> list[Applied]:
        return [one.result for one in self.queue.carrier.apply(self.stick) if isinstance(one, AppliedReceipt)]

    def item(self, uid: str) -> Item:
        item = self.queue.show(uid)
        assert item is not None
        return item

    def parcel(self, uid: str) -> Path:
        return self.stick / FOLDER / uid

    def assert_there_once(self, *uids: str) -> None:
        """The district has each of them once, complete, and with its own number; papers are as they were handed in."""
        rows = list(self.store.submissions())
        assert [row.outside.uid for row in rows] == list(uids)
        assert len({row.case_number for row in rows}) == len(rows)
        for row in rows:
            assert row.state is State.DONE
            assert row.envelope is not None
            assert row.envelope.form == {"name": NAME}
            for one, paper in zip(row.envelope.attachments, PAPERS, strict=True):
                kept = self.store.papers.paper(one.id)
                assert kept is not None
                assert b"".join(kept.content) == paper.content

    def close(self) -> None:
        self.queue.close()
        self.store.close()


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    opened = Hall(tmp_path)
    yield opened
    opened.close()
