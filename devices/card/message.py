"""What the terminal and the process that reads one card for it tell each other.

One request down, one answer up, each as JSON behind its length (4 bytes, big-endian). The answer comes from a process
that spoke with an untrusted card: it is bounded, taken apart strictly, and holds only what was asked for. No pickle:
unpacking one would run what that process likes.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

from devices.card.api import Assurance, CanKey, CardTrouble, Check, DocumentKey, MrzKey
from devices.card.profile import ProfileRead, Wish
from devices.card.readout import Finding
from devices.card.slot import CardError, CardGone, CardHeld, Place, SlotLost

HEAD = 4  # bytes of the length
LONGEST = 2 * 1024 * 1024  # bytes of a message; a photo is most of it
_LONGEST_FIELD = 512  # letters; an address has 70 at most
_MOST_CHECKS = 64
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")

_TROUBLES = frozenset(trouble.value for trouble in CardTrouble)
_ASSURANCES = frozenset(assurance.value for assurance in Assurance)
_LINK_ERRORS: Mapping[str, type[CardGone | CardHeld | SlotLost]] = {
    "gone": CardGone,
    "held": CardHeld,
    "lost": SlotLost,
}


class BadMessage(Exception):
    """Not what these two say to each other. The text never quotes it."""


class ReaderBug(Exception):
    """The reading process met a bug of ours; the text is the exception's type."""


@dataclass(frozen=True, slots=True)
class Request:
    """Read the card at ``place``, once."""

    place: Place
    wish: Wish
    reset: bool


def frame(message: bytes) -> bytes:
    """A message behind its length. Raises :class:`BadMessage` for one that is too long."""
    if len(message) > LONGEST:
        raise BadMessage(f"{len(message)} bytes")
    return len(message).to_bytes(HEAD, "big") + message


def length_in(head: bytes) -> int:
    """The length that ``head`` (4 bytes) announces. Raises :class:`BadMessage` for one out of bounds."""
    length = int.from_bytes(head, "big")
    if len(head) != HEAD or not 0 < length <= LONGEST:
        raise BadMessage(f"a message of {length} bytes")
    return length


def pack_request(request: Request) -> bytes:
    """For :func:`unpack_request`."""
    place, wish = request.place, request.wish
    return _pack(
        {
            "address": place.address,
            "card": place.card,
            "shared": place.shared,
            "fields": sorted(wish.fields),
            "today": wish.today.isoformat(),
            "key": _pack_key(wish.key),
            "trust": None if wish.trust is None else str(wish.trust),
            "reset": request.reset,
        }
    )


def unpack_request(raw: bytes) -> Request:
    """The terminal's own words, so anything unexpected in them is a bug and raises."""
    said = json.loads(raw)
    return Request(
        place=Place(said["address"], said["card"], said["shared"]),
        wish=Wish(
            fields=frozenset(said["fields"]),
            today=date.fromisoformat(said["today"]),
            key=_unpack_key(said["key"]),
            trust=None if said["trust"] is None else Path(said["trust"]),
        ),
        reset=said["reset"],
    )


def pack_finding(finding: Finding) -> bytes:
    """For :func:`unpack_answer`."""
    if isinstance(finding, CardTrouble):
        return _pack({"trouble": finding.value})
    profile, read = finding
    photo = None if read.photo is None else base64.b64encode(read.photo).decode("ascii")
    return _pack(
        {
            "profile": profile,
            "assurance": read.assurance.value,
            "fields": dict(read.fields),
            "checks": [[check.name, check.passed] for check in read.checks],
            "photo": photo,
        }
    )


def pack_failure(failure: Exception) -> bytes:
    """For :func:`unpack_answer`: an error of :mod:`devices.card.slot`, or a bug, of which only the type is told."""
    for word, kind in _LINK_ERRORS.items():
        if isinstance(failure, kind):
            return _pack({"link": word})
    if isinstance(failure, CardError):
        return _pack({"trouble": failure.trouble.value})
    return _pack({"bug": type(failure).__name__})


def unpack_answer(raw: bytes, wish: Wish) -> Finding:
    """What was found. Raises ``CardGone``, ``CardHeld`` or ``SlotLost`` as told, :class:`ReaderBug`, and
    :class:`BadMessage` for anything that does not answer ``wish``."""
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadMessage("no JSON") from None
    match said:
        case {"link": str(word), **rest} if word in _LINK_ERRORS and not rest:
            raise _LINK_ERRORS[word]("as the reading process says")
        case {"trouble": str(code), **rest} if code in _TROUBLES and not rest:
            return CardTrouble(code)
        case {"bug": str(name), **rest} if name.isidentifier() and len(name) <= _LONGEST_FIELD and not rest:
            raise ReaderBug(name)
        case {"profile": str(profile), "assurance": str(level), "fields": dict(), "checks": list(), "photo": _, **rest}:
            if rest or not _NAME.fullmatch(profile) or level not in _ASSURANCES:
                raise BadMessage("no read")
            found = cast("dict[str, Any]", said)
            return profile, ProfileRead(
                assurance=Assurance(level),
                fields=_fields(found["fields"], wish),
                checks=_checks(found["checks"]),
                photo=_photo(found["photo"], wish),
            )
        case _:
            raise BadMessage("no answer")


def _fields(said: dict[str, Any], wish: Wish) -> Mapping[str, str]:
    if not said.keys() <= wish.fields - {"photo"}:
        raise BadMessage("a field nobody asked for")
    for value in said.values():
        if not isinstance(value, str) or not 1 <= len(value) <= _LONGEST_FIELD:
            raise BadMessage("a field out of bounds")
        if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in value):
            raise BadMessage("control characters")
    return said


def _checks(said: list[Any]) -> tuple[Check, ...]:
    if len(said) > _MOST_CHECKS:
        raise BadMessage("checks without end")
    checks: list[Check] = []
    for each in said:
        match each:
            case [str(name), bool(passed)] if _NAME.fullmatch(name):
                checks.append(Check(name, passed))
            case _:
                raise BadMessage("no check")
    return tuple(checks)


def _photo(said: object, wish: Wish) -> bytes | None:
    if said is None:
        return None
    if not isinstance(said, str) or "photo" not in wish.fields:
        raise BadMessage("a photo nobody asked for")
    try:
        return base64.b64decode(said, validate=True)
    except (binascii.Error, ValueError):
        raise BadMessage("no photo") from None


def _pack(message: Mapping[str, object]) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _pack_key(key: DocumentKey | None) -> list[str] | None:
    match key:
        case MrzKey():
            return [key.document_number, key.birth_date, key.expires]
        case CanKey():
            return [key.digits]
        case None:
            return None


def _unpack_key(said: list[str] | None) -> DocumentKey | None:
    match said:
        case None:
            return None
        case [digits]:
            return CanKey(digits)
        case _:
            return MrzKey(*said)
