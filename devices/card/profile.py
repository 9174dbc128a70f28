"""What a profile is: the one file that knows how one kind of card says what is on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from devices.card.api import Assurance, CardTrouble, Check
from devices.card.slot import Channel

#: Every name that may be asked for; meanings in :class:`devices.card.api.CardRead`.
FIELDS = frozenset(
    ("name", "id_number", "sex", "birth_date", "expires", "ethnic_group", "card_number", "issuer"),
)


@dataclass(frozen=True, slots=True)
class ProfileRead:
    """What a profile found: only fields that were asked for, and every check it could make."""

    assurance: Assurance
    fields: Mapping[str, str]
    checks: tuple[Check, ...]


class Profile(Protocol):
    """One kind of card."""

    @property
    def name(self) -> str:
        """Stable name, e.g. ``social-security-card``."""
        ...

    def read(self, channel: Channel, fields: frozenset[str], today: date) -> ProfileRead | CardTrouble:
        """Read the card. ``CardTrouble.UNKNOWN`` means "not my kind of card", and the next profile is tried; other
        trouble is final. Errors of :mod:`devices.card.slot` pass through."""
        ...
