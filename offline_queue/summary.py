"""The two small sealed things beside a body: what staff may see of an item, and what a lost slip needs.

Both are sealed to this machine's key, also where bodies are sealed to the district's. Where that key is a mere file,
matter and name are left out of the first: they are gone with the reprint data, after a day.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from offline_queue.model import Paper
from offline_queue.sealing import Sealer
from offline_queue.wire import sha256_hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What staff may see of a queued item beside its number, times and state (the applicant's name is masked), and the
    `content_sha256` of what was put. `finder` (in hexadecimal, empty without one, None in what an older program put) is
    what finds the item by card: here to prove the column of that name.

    The digest is sealed too: beside the file, a form as short as ours could be guessed from it.
    """

    matter: str
    name: str
    content: str
    finder: str | None

    def sealed(self, sealer: Sealer, uid: str) -> bytes:
        shown = ["", ""] if sealer.last_resort else [self.matter, " ".join(self.name.split())]
        lines = [self.content, *shown, self.finder or ""]
        return sealer.seal("\n".join(lines).encode(), context=f"{uid}/summary")

    @classmethod
    def opened(cls, sealer: Sealer, uid: str, content: bytes) -> Summary | None:
        plain = sealer.open(content, context=f"{uid}/summary")
        if plain is None:
            return None
        digest, matter, name, *more = [*plain.decode().split("\n"), *([""] if plain.count(b"\n") < 2 else [])]
        return cls(matter=matter, name=name, content=digest, finder=more[0] if more else None)


_written = json.JSONEncoder(sort_keys=True).encode


def content_sha256(*, matter: str, form: Mapping[str, JsonValue], papers: Sequence[Paper], test: bool) -> str:
    """Of everything put but `signed_at`, which the caller takes anew with every try of the same submission."""
    answers = {name: value for name, value in form.items() if name != "signed_at"}
    shown = [(paper.material, paper.media_type, sha256_hex(paper.content)) for paper in papers]
    return sha256_hex(_written([matter, test, answers, shown]).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class ReprintData:
    """The QR text of the slip, its matter, and the caller's own bytes."""

    slip_qr: str
    matter: str
    slip_data: bytes

    def sealed(self, sealer: Sealer, uid: str) -> bytes:
        head = f"{self.slip_qr} {self.matter}".encode()
        return sealer.seal(head + b"\n" + self.slip_data, context=f"{uid}/reprint")

    @classmethod
    def opened(cls, sealer: Sealer, uid: str, content: bytes | None) -> ReprintData | None:
        plain = None if content is None else sealer.open(content, context=f"{uid}/reprint")
        if plain is None:
            return None
        head, _, slip_data = plain.partition(b"\n")
        slip_qr, _, matter = head.decode().partition(" ")
        return cls(slip_qr=slip_qr, matter=matter, slip_data=slip_data)
