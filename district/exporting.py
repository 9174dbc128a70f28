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
from offline_queue.blobs import sync_folder


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
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for one in delivery.papers:
        # Under its name only when it is whole.
        beside = folder / f".{one.id}"
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(delivery.content(one.id))
            file.flush()
            os.fsync(file.fileno())
        beside.rename(folder / one.id)
    sync_folder(folder)
