"""Cases in a district's store, handed in as terminals do."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import count
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import Connection

from district.database import write
from district.outbox import Event, tell
from district.outcomes import Taken, Upload
from district.store import DistrictStore
from district.tables import SUBMISSIONS
from offline_queue.wire import Attachment, Envelope, canonical_bytes
from tests.support.deliveries import FORM

_numbers = count(1)


def hand_in(
    store: DistrictStore, *, papers: Sequence[tuple[str, str, bytes]] = (), test: bool = False, **form: JsonValue
) -> str:
    """A submission with its papers (material, media type, content), complete; its uid."""
    number = next(_numbers)
    uid = str(UUID(int=number))
    attachments = tuple(
        Attachment(
            id=str(UUID(int=number * 1_000_000 + at)),
            material=material,
            media_type=media_type,
            bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        for at, (material, media_type, content) in enumerate(papers, 1)
    )
    envelope = Envelope(
        uid=uid,
        kiosk="TY03",
        provisional_number=f"TY03-261123-{number:04d}-K",
        token="A" * 22,
        matter="pension-enrolment",
        created="2026-11-23T09:02:15+08:00",
        test=test,
        form={**FORM, **form},
        attachments=attachments,
    )
    taken = store.take(envelope, canonical_bytes(envelope))
    assert isinstance(taken, Taken), taken
    for one, (_, _, content) in zip(attachments, papers, strict=True):
        assert isinstance(store.papers.append(one.id, 0, content), Upload)
    return uid


def move(store: DistrictStore, uid: str, event: Event, *, at: str = "2026-11-24T01:00:00+00:00") -> None:
    """What staff do to a case, as far as the outbox has it."""

    stage = Event.SUPPLEMENT if event is Event.SUPPLEMENT_ANSWERED else event

    def moved(connection: Connection) -> None:
        connection.execute(SUBMISSIONS.update().where(SUBMISSIONS.c.uid == uid).values(stage=stage.value))
        tell(connection, event, [uid], now=at)

    write(store.engine, moved)
