"""A resident as known from a card, and how much of one may be shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Role(StrEnum):
    """Whose card is meant: the one whose matter it is, or the one who acts for them."""

    APPLICANT = "applicant"
    PROXY = "proxy"


class Sex(StrEnum):
    MALE = "male"
    FEMALE = "female"


@dataclass(frozen=True, slots=True)
class Resident:
    """One identified person. ``id_number`` is the citizen's, or the number of a travel document that carries none;
    ``assurance`` says how far the card's word can be trusted."""

    name: str
    id_number: str
    sex: Sex
    birth_date: date
    profile: str
    assurance: str

    def age_on(self, day: date) -> int:
        """Full years of age on ``day``."""
        before_birthday = (day.month, day.day) < (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - before_birthday


def mask_name(name: str) -> str:
    """A name as strangers may see it: first and last character stay (王*英, 李*), never more than two.

    >>> mask_name("王秀英")
    '王*英'
    """
    if len(name) <= 1:
        return "*"
    if len(name) == 2:
        return name[0] + "*"
    return name[0] + "*" + name[-1]


def mask_id_number(id_number: str) -> str:
    """An identity number as strangers may see it: the first three and the last two characters stay."""
    if len(id_number) < 8:
        return "*" * len(id_number)
    return id_number[:3] + "*" * (len(id_number) - 5) + id_number[-2:]


def mask_bank_card(number: str) -> str:
    """A bank card's number as strangers may see it: the first and the last four digits stay, in groups of four.

    >>> mask_bank_card("6217001234567890122")
    '6217 **** **** ***0 122'
    """
    if len(number) < 12:
        return "*" * len(number)
    shown = number[:4] + "*" * (len(number) - 8) + number[-4:]
    return " ".join(shown[start : start + 4] for start in range(0, len(shown), 4))


def mask_phone(phone: str) -> str:
    """A phone number as strangers may see it: the first three and the last four digits stay."""
    if len(phone) < 8:
        return "*" * len(phone)
    return phone[:3] + "*" * (len(phone) - 7) + phone[-4:]
