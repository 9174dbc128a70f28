"""What a profile is: the one file that knows how one kind of card says what is on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from devices.card.api import Assurance, CardTrouble, Check, DocumentKey
from devices.card.slot import Channel, SamLink

#: Every name that may be asked for; meanings in :class:`devices.card.api.CardRead`.
FIELDS = frozenset(
    (
        *("name", "id_number", "sex", "birth_date", "expires", "ethnic_group", "card_number", "issuer"),
        *(
            "english_name",
            "address",
            "nationality",
            "issuing_state",
            "document_number",
            "issued",
            "birth_place",
            "photo",
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a read is asked for. ``fields`` are names of :data:`FIELDS`; ``today`` decides what has expired; ``key``
    opens a travel document; ``trust`` is a folder of CSCA certificates (``None``: no issuer is known)."""

    fields: frozenset[str]
    today: date
    key: DocumentKey | None = None
    trust: Path | None = None


@dataclass(frozen=True, slots=True)
class ProfileRead:
    """What a profile found: only fields that were asked for, and every check it could make."""

    assurance: Assurance
    fields: Mapping[str, str]
    checks: tuple[Check, ...]
    photo: bytes | None = None


class Profile(Protocol):
    """One kind of card."""

    @property
    def name(self) -> str:
        """Stable name, e.g. ``social-security-card``."""
        ...

    def read(self, card: Channel | SamLink, wish: Wish) -> ProfileRead | CardTrouble:
        """Read the card: through commands, or through a reader whose security module did so.

        ``CardTrouble.UNKNOWN`` means "not my kind of card", and the next profile is tried; so it is after
        ``PROTECTED``, said of a card that does not let itself be asked. Other trouble is final.
        Errors of :mod:`devices.card.slot` pass through."""
        ...
