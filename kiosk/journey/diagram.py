"""Draws the journey from the machine itself: ``python -m kiosk.journey.diagram`` writes ``docs/journey.md`` anew.

Every kind of state that :func:`kiosk.journey.machine.advance` can be brought to is visited once, and every event tried
there; what comes of it is the picture. A test holds the file to the code.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

from devices.camera.api import Finding, Lost, Scan
from devices.camera.reading.api import Kind, Suggestion
from devices.card.api import Assurance, CanKey, CardFailed, CardRead, CardTrouble, NoCard
from devices.printer.api import Outcome
from devices.speech.api import SpeechTrouble
from kiosk.catalogue.loader import load
from kiosk.catalogue.model import DigitsQuestion, Option
from kiosk.domain.words import Text
from kiosk.journey import events as e
from kiosk.journey import way
from kiosk.journey.effects import Wipe
from kiosk.journey.machine import advance
from kiosk.journey.staffed import HeldItem, QueueSeen, StaffCode, StaffView
from kiosk.journey.states import (
    Ask,
    Delivery,
    FindByCard,
    Found,
    Hall,
    KeyPart,
    Overlay,
    Screen,
    Sight,
    Stored,
    Terminal,
    TypeDocument,
    Welcome,
)

FILE = Path(__file__).resolve().parents[2] / "docs" / "journey.md"

_DAY = date(2026, 11, 23)
_NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
_STORED = Stored(uid="u", provisional_number="n", slip_text="s", created=_NOON)
_FOUND = Found(
    uid="u",
    provisional_number="n",
    matter=None,
    created=_NOON,
    delivery=Delivery.READY,
    case_number=None,
    slip_text="s",
)
_SCAN = Scan(b"", 1, 1)
_READ = (Suggestion(Kind.BANK_CARD, "6217000000000000", ((0, 0), (1, 0), (1, 1), (0, 1)), 1.0),)
_TROUBLES = (CardTrouble.MUTE, CardTrouble.NEEDS_KEY, CardTrouble.WRONG_KEY, CardTrouble.PULLED, CardTrouble.EXPIRED)
_TYPED = {KeyPart.NUMBER: "E12345678", KeyPart.BIRTH: "19680315", KeyPart.EXPIRES: "20300101", KeyPart.CAN: "123456"}
_PEOPLE = {"grown-up": "1968-03-15", "another": "1985-01-01", "old": "1950-01-01", "child": "2015-01-01"}
_QUEUE = QueueSeen(waiting=0, held=(HeldItem(uid="u", number="n", created=_NOON, reason="http-422"),))
_LONG = 10_000.0
"""Seconds; longer than anybody's patience."""


def _hall() -> Hall:
    name = Text(zh="大厅", en="Hall")
    villages = (Option(value="001", label=name),)
    return Hall(name=name, help_line=name, terminal="TY01", matters=load(), villages=villages, staff=True)


def _card(person: str, insertion: int) -> CardRead:
    fields = {"name": person, "id_number": person, "sex": "female", "birth_date": _PEOPLE[person]}
    return CardRead(insertion=insertion, profile="", assurance=Assurance.UNSIGNED, fields=fields, checks=())


def _tried(terminal: Terminal, hall: Hall, depth: int) -> Iterator[e.Event]:
    """Every kind of event, with values that mean something at ``terminal``."""
    number = terminal.sessions
    chosen = terminal.session.matter if terminal.session is not None else None
    matter = chosen or hall.matters[0]
    insertion = terminal.screen.insertion if isinstance(terminal.screen, FindByCard) else 0
    yield from (
        e.Touched(), e.Begin(), e.FindMine(by_slip=False), e.FindMine(by_slip=True), e.PickLanguage("en"),
        e.SetCare(True), e.CallStaff(), e.CloseOverlay(), e.Finish(), e.FinishForSure(), e.SwitchToOtherCard(),
        e.Back(), e.PickWho(False), e.PickWho(True), *(e.PickMatter(each.id) for each in hall.matters),
        e.Next(), e.Agree(_NOON),
        e.ThatIsRight(), e.AnotherCard(), e.WriteOwn(True), e.ShootNow(), e.AddPage(), e.RemovePage(0),
        e.Edit(matter.questions[0].id), e.Edit(matter.materials[0].id), e.Signed(None), e.Signed(b"png"), e.TryAgain(),
        e.Rate(5), e.AnotherMatter(), e.PrintAgain("u"), e.Tick(terminal.now + _LONG, _DAY),
        *(e.CardChanged(_card(person, depth)) for person in _PEOPLE),
        *(e.CardChanged(CardFailed(depth, trouble)) for trouble in _TROUBLES), e.CardChanged(NoCard()),
        e.CameraChanged(Lost()), e.UseCamera(), e.TypeInstead(), e.TypeCan(True), e.TypeCan(False),
        e.PageRead(number, _SCAN, _READ), e.PageRead(number, _SCAN, ()), e.TakeOffer(_READ[0].text),
        e.RefuseOffer(_READ[0].text), e.DocumentJudged(number, Sight.UNCLEAR), e.KeySeen(number, CanKey("123456")),
        e.PageJudged(number, (Finding.BLURRED,)), e.PageShot(number, None), e.PageShot(number, _SCAN),
        e.CodeSeen(number, "https://d/s#v1.s"), e.StoreDone(number, _STORED), e.StoreFailed(number, "storage-full"),
        e.SlipEnded(number, "u", Outcome.PRINTED), e.SyncChanged("u", Delivery.DONE, "c"),
        e.SpeakerChanged(SpeechTrouble.NO_AUDIO),
        e.LookedUp(number, (_FOUND,), insertion=insertion),
        e.LookedUp(number, (), "nothing-found", insertion),
        e.OpenStaff(), e.StaffChecked(True), e.StaffChecked(False), e.QueueTold(_QUEUE), e.SendAgain("u"),
    )  # fmt: skip
    if isinstance(terminal.screen, Ask):
        question = terminal.screen.question
        if isinstance(question, DigitsQuestion):
            yield e.Draft(question.example)
        else:
            yield e.Draft(way.options(question, hall)[0].value)
    if isinstance(terminal.screen, StaffCode):
        yield e.Draft("204060")
    if isinstance(terminal.screen, TypeDocument):
        yield e.Draft(_TYPED[terminal.screen.part])


def _shape(terminal: Terminal) -> object:
    """What tells one kind of state from another; times, numbers and contents do not."""
    screen, session = terminal.screen, terminal.session
    marks = (
        "role",
        "trouble",
        "adding",
        "editing",
        "writing",
        "wrong",
        "shooting",
        "empty",
        "printing",
        "rating",
        "part",
        "trying",
        "sight",
        "checking",
    )
    return (
        type(screen),
        *(getattr(screen, mark, None) for mark in marks),
        getattr(getattr(screen, "question", None), "id", None),
        bool(getattr(screen, "draft", None)),
        isinstance(getattr(screen, "asked_by", None), FindByCard),
        getattr(screen, "found", None) is None,
        getattr(getattr(screen, "found", None), "name", None),
        type(terminal.overlay),
        session is not None
        and (
            session.matter and session.matter.id,
            session.on_behalf,
            session.proxy is None,
            session.applicant is None,
            bool(session.scans),
        ),
    )


_Steps = list[tuple[Terminal, str, Terminal, bool]]


def _explored(hall: Hall) -> _Steps:
    """Every step from every kind of state: before, the event's name, after, and whether it wiped."""
    start = Terminal(now=0.0, today=_DAY)
    seen, waiting = {_shape(start)}, deque([(start, 1)])
    steps: _Steps = []
    while waiting:
        before, depth = waiting.popleft()
        for event in _tried(before, hall, depth):
            after, effects = advance(before, event, hall)
            out = any(isinstance(effect, Wipe) for effect in effects) or _left_by_staff(before, after)
            steps.append((before, _name(event), after, out))
            shape = _shape(after)
            if shape not in seen:
                seen.add(shape)
                waiting.append((after, depth + 1))
    return steps


def _left_by_staff(before: Terminal, after: Terminal) -> bool:
    """Where nobody is served there is nothing to wipe."""
    return isinstance(before.screen, StaffCode | StaffView) and isinstance(after.screen, Welcome)


def _name(event: e.Event) -> str:
    match event:
        case e.CardChanged(state):
            return type(state).__name__
        case e.Tick():
            return "silence"
        case _:
            return type(event).__name__


def _joined(names: set[str]) -> str:
    return ", ".join(sorted(names))


def _arrows(steps: _Steps) -> Iterator[str]:
    """The way through; ways out to the welcome screen are told in the table."""
    labels: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for before, event, after, wiped in steps:
        one, other = type(before.screen).__name__, type(after.screen).__name__
        if before.overlay is None and one != other and not wiped:
            labels[one, other].add(event)
    order = [screen.__name__ for screen in get_args(Screen)]
    for (one, other), events in sorted(labels.items(), key=lambda item: [order.index(name) for name in item[0]]):
        yield f"    {one} --> {other}: {_joined(events)}"


def _ways_out(steps: _Steps) -> Iterator[str]:
    for screen in get_args(Screen):
        if screen is Welcome:
            continue
        here = [step for step in steps if isinstance(step[0].screen, screen) and step[3]]
        at_once = {event for before, event, _, _ in here if before.overlay is None}
        asked = {
            f"{event} at {type(before.overlay).__name__}"
            for before, event, _, _ in here
            if before.overlay is not None and event not in at_once
        }
        yield f"| {screen.__name__} | {_joined(at_once) or '–'} | {_joined(asked) or '–'} |"


def _overlays(steps: _Steps) -> Iterator[str]:
    for overlay in get_args(Overlay):
        opened = {
            event for before, event, after, _ in steps if isinstance(after.overlay, overlay) and before.overlay is None
        }
        closed = {
            event for before, event, after, _ in steps if isinstance(before.overlay, overlay) and after.overlay is None
        }
        yield f"| {overlay.__name__} | {_joined(opened)} | {_joined(closed)} |"


def drawn() -> str:
    """The whole page."""
    steps = _explored(_hall())
    return "\n".join(
        [
            "# The journey",
            "",
            "Generated by `python -m kiosk.journey.diagram` from `kiosk/journey/machine.py`: do not edit. Every kind",
            "of state was visited and every event tried in each.",
            "",
            "Arrows carry the event that takes them (see `kiosk/journey/events.py`). Ways out, which wipe everything",
            "that belonged to the resident, are in the first table.",
            "",
            "```mermaid",
            "stateDiagram-v2",
            "    [*] --> Welcome",
            *_arrows(steps),
            "```",
            "",
            "## Ways out",
            "",
            "| screen | wipes at once | wipes when an overlay asked first |",
            "|---|---|---|",
            *_ways_out(steps),
            "",
            "## What may lie over a screen",
            "",
            "| overlay | opened by | closed by |",
            "|---|---|---|",
            *_overlays(steps),
            "",
        ]
    )


if __name__ == "__main__":
    FILE.write_text(drawn(), "utf-8")
