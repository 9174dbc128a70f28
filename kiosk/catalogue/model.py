"""What a matter is made of. Matters are data: adding one needs no line of Python or QML.

The models mirror ``data/*.yaml``; unknown keys are refused. Conditions are CEL expressions (see ``conditions.py``).
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from kiosk.domain.words import Text

Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,63}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Option(_Part):
    """One choice. ``note`` stands beside it in smaller type."""

    value: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    label: Text
    note: Text | None = None


Suggest = Literal["name", "bank-card"]
"""What of a paper under the camera may answer a question, as a suggestion that the resident confirms."""


class ChoiceQuestion(_Part):
    """Pick one. ``options`` is a list, or the name of a list the hall's configuration fills (``villages``);
    ``other`` is the label of a last choice that lets the resident write the answer, which ``suggest`` may spare."""

    kind: Literal["choice"] = "choice"
    id: Id
    ask: Text
    hint: Text | None = None
    options: tuple[Option, ...] | Literal["villages"]
    other: Text | None = None
    suggest: Suggest | None = None
    when: str | None = None


class DigitsQuestion(_Part):
    """Digits only, checked by ``pattern`` (a full match); ``wrong`` says what is the matter and how to mend it;
    ``example`` is an acceptable answer that is nobody's."""

    kind: Literal["digits"] = "digits"
    id: Id
    ask: Text
    hint: Text | None = None
    pattern: str
    longest: Annotated[int, Field(ge=1, le=32)]
    example: str
    wrong: Text
    masked_as_phone: bool = False
    suggest: Suggest | None = None
    when: str | None = None

    def accepts(self, value: str) -> bool:
        """Whether ``value`` may be handed in."""
        return len(value) <= self.longest and re.fullmatch(self.pattern, value, re.ASCII) is not None


Question = Annotated[ChoiceQuestion | DigitsQuestion, Field(discriminator="kind")]


class Material(_Part):
    """A paper to be scanned: ``pages`` at least, ``most`` at most. ``short_side_mm`` is its shorter side, by which the
    camera knows whether it lies close enough, and by which it is filed at its true size. With ``sides`` 2 it is a card:
    ``pages`` and ``most`` count cards, and front and back go on one A4 sheet. ``largest_kb`` is how large its PDF may
    be (1 KB = 1024 bytes). ``shows_applicant``: the applicant's identity number stands on it, so a resident who lays
    down somebody else's is asked whether that is meant."""

    id: Id
    name: Text
    ask: Text
    hint: Text
    pages: Annotated[int, Field(ge=1, le=12)] = 1
    most: Annotated[int, Field(ge=1, le=12)] = 4
    short_side_mm: Annotated[float, Field(ge=20, le=420)] = 210
    sides: Literal[1, 2] = 1
    largest_kb: Annotated[int, Field(ge=100, le=65536)] = 4096
    shows_applicant: bool = False
    when: str | None = None

    @property
    def fewest_shots(self) -> int:
        return self.pages * self.sides

    @property
    def most_shots(self) -> int:
        return self.most * self.sides

    @model_validator(mode="after")
    def _counts_agree(self) -> Material:
        if self.pages > self.most:
            raise ValueError(f"{self.id}: more pages are asked for than may be taken")
        if self.most_shots > 12:
            raise ValueError(f"{self.id}: at most 12 pictures")
        if self.sides == 2 and self.short_side_mm > 135:
            raise ValueError(f"{self.id}: two sides of that size do not fit on an A4 sheet")
        return self


class Refusal(_Part):
    """A condition under which the matter cannot be done here, and what the resident is told instead."""

    id: Id
    when: str
    title: Text
    body: Text


class Consent(_Part):
    """What the resident agrees to. ``version`` and the time of agreeing go with the submission."""

    version: str
    points: tuple[Text, ...]


class Guide(_Part):
    """What a matter needs, for whom, how long, what it costs."""

    who: Text
    needs: tuple[Text, ...]
    minutes: int
    days: Text
    cost: Text


class Matter(_Part):
    """One thing a resident can get done."""

    id: Id
    title: Text
    summary: Text
    theme: Text
    icon: Id
    guide: Guide
    consent: Consent
    refusals: tuple[Refusal, ...] = ()
    questions: tuple[Question, ...]
    materials: tuple[Material, ...]

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Matter:
        ids = [part.id for part in (*self.questions, *self.materials, *self.refusals)]
        if len(ids) != len(set(ids)):
            raise ValueError(f"{self.id}: two parts share an id")
        return self
