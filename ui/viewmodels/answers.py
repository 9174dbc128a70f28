"""Questions, review and signature."""

from __future__ import annotations

import base64
import binascii

from PySide6.QtCore import Property, Signal, Slot
from PySide6.QtQml import QmlElement

from kiosk.catalogue.model import ChoiceQuestion, DigitsQuestion, Question
from kiosk.domain.resident import mask_bank_card, mask_name, mask_phone
from kiosk.journey import way
from kiosk.journey.events import (
    Back,
    Draft,
    Edit,
    Next,
    RefuseOffer,
    Signed,
    TakeOffer,
    TryAgain,
    UseCamera,
    WriteOwn,
)
from kiosk.journey.offers import offered, readable, shows_another
from kiosk.journey.states import Ask, HandingIn, Sign
from ui.viewmodels.base import ScreenModel, person, trouble

QML_IMPORT_NAME = "Kiosk.Models"
QML_IMPORT_MAJOR_VERSION = 1

LARGEST_SIGNATURE = 2 * 1024 * 1024


@QmlElement
class AskModel(ScreenModel):
    """``kind`` is ``choice``, ``digits`` or ``writing``."""

    changed = Signal()

    @property
    def _ask(self) -> Ask | None:
        screen = self.terminal.screen
        return screen if isinstance(screen, Ask) else None

    @Property(str, notify=changed)
    def kind(self) -> str:
        ask = self._ask
        if ask is None:
            return ""
        return "digits" if isinstance(ask.question, DigitsQuestion) else "writing" if ask.writing else "choice"

    @Property(str, notify=changed)
    def questionId(self) -> str:
        return self._ask.question.id if self._ask else ""

    @Property(str, notify=changed)
    def title(self) -> str:
        return self._ask.question.ask(self.terminal.language) if self._ask else ""

    @Property(str, notify=changed)
    def hint(self) -> str:
        ask = self._ask
        return ask.question.hint(self.terminal.language) if ask and ask.question.hint else ""

    @Property(list, notify=changed)
    def options(self) -> list[dict[str, str]]:
        ask = self._ask
        if ask is None or not isinstance(ask.question, ChoiceQuestion):
            return []
        language = self.terminal.language
        rows = [
            {
                "value": option.value,
                "label": option.label(language),
                "note": option.note(language) if option.note else "",
            }
            for option in way.options(ask.question, self.links.hall)
        ]
        if ask.question.other is not None:
            rows.append({"value": "", "label": ask.question.other(language), "note": ""})
        return rows

    @Property(str, notify=changed)
    def draft(self) -> str:
        return self._ask.draft if self._ask else ""

    @Property(int, notify=changed)
    def longest(self) -> int:
        question = self._ask.question if self._ask else None
        return question.longest if isinstance(question, DigitsQuestion) else way.LONGEST_WRITTEN

    @Property(str, notify=changed)
    def wrong(self) -> str:
        ask = self._ask
        if ask is None or not ask.wrong:
            return ""
        if isinstance(ask.question, DigitsQuestion):
            return ask.question.wrong(self.terminal.language)
        return self.tr("请先写好，再点下一步") if ask.writing else self.tr("请先选一个，再点下一步")

    def _offered(self) -> str:
        ask, session = self._ask, self.terminal.session
        texts = offered(session, ask) if ask is not None and session is not None else ()
        return texts[0] if texts else ""

    @Property(str, notify=changed)
    def offer(self) -> str:
        """What the camera read and may be meant, as strangers may see it; empty without."""
        text = self._offered()
        by_number = self._ask is not None and self._ask.question.suggest == "bank-card"
        return "" if not text else mask_bank_card(text) if by_number else mask_name(text)

    @Property(bool, notify=changed)
    def readable(self) -> bool:
        """Whether the camera may read the answer off something."""
        return self._ask is not None and readable(self._ask)

    @Property(bool, notify=changed)
    def unread(self) -> bool:
        return self._ask is not None and self._ask.unread

    @Property(list, notify=changed)
    def groups(self) -> list[int]:
        """How what is typed is parted on the screen."""
        ask = self._ask
        return [4, 4, 4, 4, 3] if ask is not None and ask.question.suggest == "bank-card" else []

    @Slot()
    def takeOffer(self) -> None:
        self.links.post(TakeOffer(self._offered()))

    @Slot()
    def refuseOffer(self) -> None:
        self.links.post(RefuseOffer(self._offered()))

    @Slot()
    def useCamera(self) -> None:
        self.links.post(UseCamera())

    @Property(bool, notify=changed)
    def wideLetters(self) -> bool:
        """Whether the answers are in characters as wide as high."""
        return self.terminal.language == "zh"

    @Property(bool, notify=changed)
    def editing(self) -> bool:
        return self._ask is not None and self._ask.editing

    @Slot(str)
    def choose(self, value: str) -> None:
        self.links.post(Draft(value) if value else WriteOwn(True))

    @Slot(str)
    def edit(self, value: str) -> None:
        self.links.post(Draft(value))

    @Slot()
    def next(self) -> None:
        self.links.post(Next())

    @Slot()
    def back(self) -> None:
        self.links.post(Back())


@QmlElement
class ReviewModel(ScreenModel):
    changed = Signal()

    @Property(list, notify=changed)
    def rows(self) -> list[dict[str, object]]:
        """Everything once more: ``id`` is empty for what came from the card and cannot be changed here."""
        session, language = self.terminal.session, self.terminal.language
        if session is None or session.matter is None or session.applicant is None:
            return []
        applicant = person(session.applicant)
        rows: list[dict[str, object]] = [
            {"id": "", "label": self.tr("参保人"), "value": f"{applicant['name']}  {applicant['number']}"}
        ]
        if session.proxy is not None:
            proxy = person(session.proxy)
            rows.append({"id": "", "label": self.tr("代办人"), "value": f"{proxy['name']}  {proxy['number']}"})
        for question in way.questions(session, self.terminal.today):
            value = self._answer(question, session.answers.get(question.id, ""))
            rows.append({"id": question.id, "label": question.ask(language), "value": value})
        for material in way.materials(session, self.terminal.today):
            count = len(session.scans.get(material.id, ()))
            value = self.tr("{count} 页").format(count=count)
            if shows_another(session, material):
                value = self.tr("{pages}，号码和卡上的不一样").format(pages=value)
            rows.append({"id": material.id, "label": material.name(language), "value": value})
        return rows

    def _answer(self, question: Question, value: str) -> str:
        if isinstance(question, DigitsQuestion):
            if question.suggest == "bank-card":
                return mask_bank_card(value)
            return mask_phone(value) if question.masked_as_phone else value
        options = way.options(question, self.links.hall)
        return next((option.label(self.terminal.language) for option in options if option.value == value), value)

    @Slot(str)
    def edit(self, part: str) -> None:
        self.links.post(Edit(part))

    @Slot()
    def next(self) -> None:
        self.links.post(Next())

    @Slot()
    def back(self) -> None:
        self.links.post(Back())


@QmlElement
class SignModel(ScreenModel):
    changed = Signal()

    @Property(bool, notify=changed)
    def empty(self) -> bool:
        """Whether an untouched pad was handed over."""
        screen = self.terminal.screen
        return isinstance(screen, Sign) and screen.empty

    @Slot(str)
    def sign(self, png: str) -> None:
        """``png`` is the pad's picture in base64, empty for an untouched pad."""
        try:
            picture = base64.b64decode(png, validate=True)[:LARGEST_SIGNATURE]
        except binascii.Error:
            picture = b""
        self.links.post(Signed(picture or None))

    @Slot()
    def back(self) -> None:
        self.links.post(Back())


@QmlElement
class HandingInModel(ScreenModel):
    changed = Signal()

    @Property(dict, notify=changed)
    def trouble(self) -> dict[str, str]:
        screen = self.terminal.screen
        return trouble(screen.trouble if isinstance(screen, HandingIn) else None, self.terminal)

    @Property(bool, notify=changed)
    def canGoBack(self) -> bool:
        screen = self.terminal.screen
        return isinstance(screen, HandingIn) and screen.can_go_back

    @Slot()
    def again(self) -> None:
        self.links.post(TryAgain())

    @Slot()
    def back(self) -> None:
        self.links.post(Back())
