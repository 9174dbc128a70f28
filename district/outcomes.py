"""What the store answers. Expected trouble is a value here; the API puts each into words once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from district.opening import Body
from offline_queue.sealed import NoKey, NotIntact
from offline_queue.wire import Envelope, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The receipt's bytes; `new` when this request stored the submission."""

    receipt: bytes
    new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """The same uid, or an attachment's id, with other content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAsked:
    """A supplement that nobody asked this terminal for, or that was answered already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotJson:
    """A number in the form is NaN or infinite: nobody who is told of the case could read it."""


Take = Taken | Conflict | NoKey | NotIntact | NotAsked | NotJson


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An upload resource: `offset` of `length` bytes are durable."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongOffset:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLong:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongDigest:
    """The whole file is not what the envelope declared; it was emptied, to be sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOpening:
    """The file is what was declared, but not what was sealed; it was emptied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRow:
    """A paper as it was handed in; without the key as it came: its sealed bytes, of unknown material."""

    id: str
    material: str
    media_type: str
    bytes: int
    sha256: str
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A complete paper's plain bytes, in pieces. To read them raises PaperLost and ObjectsAway."""

    media_type: str
    bytes: int
    content: Iterator[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionRow:
    """A submission as staff and `district export` see it. Times are ISO 8601. `outside` is what came; `envelope` what
    was handed in, None when it is sealed to a key that is not here."""

    outside: Body
    envelope: Envelope | None
    sha256: str
    state: State
    case_number: str | None
    received_at: str
    rating: int | None
    papers: tuple[PaperRow, ...]
