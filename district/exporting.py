"""What happened to cases as lines of JSON, for a batch job that asks for what came since the last line it has.

A line is complete, and so are the papers it names, before the next one begins: a job that was killed goes on after its
last whole line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from district.delivery import Erased, Sealed, delivery_of
from district.outbox import Outbox
from district.receiving import Delivery, Event
from district.store import DistrictStore
from offline_queue.blobs import private_file, private_folder, sync_folder


def exported_since(store: DistrictStore, seq: int, *, papers: Path | None = None) -> Iterator[str]:
    """One line an event after `seq`, oldest first. With `papers`, the papers of a complete case, or of what was handed
    in later, are written there first, each under its id."""
    outbox, at = Outbox(store.engine), seq
    while events := list(outbox.since(at)):
        for told in events:
            at = told.seq
            match delivery_of(store, told):
                case Sealed(delivery=delivery) | Erased(delivery=delivery):
                    pass
                case delivery:
                    if papers is not None and told.event in (Event.COMPLETE, Event.SUPPLEMENT_ANSWERED):
                        _write(delivery, papers)
            yield json.dumps(delivery.document(), ensure_ascii=False, separators=(",", ":"))


def _write(delivery: Delivery, folder: Path) -> None:
    private_folder(folder)
    for one in delivery.papers:
        # Under its name only when it is whole.
        beside = folder / f".{one.id}"
        with private_file(beside) as file:
            file.write(delivery.content(one.id))
            file.flush()
            os.fsync(file.fileno())
        beside.rename(folder / one.id)
    sync_folder(folder)
