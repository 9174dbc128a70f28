"""What happened to cases as lines of JSON, for a batch job that asks for what came since the last line it has.

A line is complete, and so are the papers it names, before the next one begins: a job that was killed goes on after its
last whole line. A paper that was lost holds up no other: it is named, and is not beside its line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from district.delivery import Erased, Sealed, delivery_of
from district.opening import PaperLost
from district.outbox import Outbox
from district.receiving import Event
from district.store import DistrictStore
from offline_queue.blobs import private_folder, sync_folder, write_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """An event as a line of JSON, and the ids of its papers that can't be had."""

    seq: int
    line: str
    lost: tuple[str, ...]


def exported_since(store: DistrictStore, seq: int, *, papers: Path | None = None) -> Iterator[Exported]:
    """The events after `seq`, oldest first. With `papers`, the papers of a complete case, or of what was handed in
    later, are written there first, each under its id."""
    outbox, at = Outbox(store.engine), seq
    while events := list(outbox.since(at)):
        for told in events:
            at, lost = told.seq, ()
            match delivery_of(store, told):
                case Sealed(delivery=delivery) | Erased(delivery=delivery):
                    pass
                case delivery:
                    if papers is not None and told.event in (Event.COMPLETE, Event.SUPPLEMENT_ANSWERED):
                        lost = write_papers(store, (one.id for one in delivery.papers), papers)
            line = json.dumps(delivery.document(), ensure_ascii=False, separators=(",", ":"))
            yield Exported(seq=at, line=line, lost=lost)


def write_papers(store: DistrictStore, names: Iterable[str], folder: Path) -> tuple[str, ...]:
    """Write what is complete of these papers, each under its id when it is whole; gives those that can't be had."""
    lost: list[str] = []
    private_folder(folder)
    for name in names:
        paper = store.papers.paper(name)
        try:
            if paper is not None:
                write_whole(folder / name, paper.content)
        except PaperLost:
            lost.append(name)
    sync_folder(folder)
    return tuple(lost)
