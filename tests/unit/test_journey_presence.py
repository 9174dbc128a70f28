"""Whether the resident is still there, and still the same: silence, the voice that breaks it, another's card."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devices.card.api import NoCard
from devices.speech.api import SpeechTrouble
from kiosk.domain.spoken import Line
from kiosk.journey.effects import (
    Hush,
    StopCamera,
    Warn,
    Wipe,
)
from kiosk.journey.events import (
    AnotherMatter,
    Back,
    CardChanged,
    CloseOverlay,
    CodeSeen,
    Event,
    FindMine,
    Finish,
    LookedUp,
    Next,
    PickLanguage,
    SetCare,
    Signed,
    SpeakerChanged,
    SwitchToOtherCard,
    Touched,
)
from kiosk.journey.states import (
    IdleWarning,
    OtherCard,
    Welcome,
    WhoFor,
)
from tests.support.journeys import LI, WANG, Walk


def test_a_code_left_under_the_camera_is_no_sign_of_life() -> None:
    walk = Walk().do(FindMine(by_slip=True), CodeSeen(1, "hello"), LookedUp(1, (), "code-foreign"))
    for _ in range(300):
        walk.wait(1).do(CodeSeen(1, "hello"))
    assert isinstance(walk.screen, Welcome)
    assert walk.effects[-2:] == [StopCamera(), Wipe(1)]


def test_somebody_elses_card_in_the_middle_asks_first() -> None:
    walk = Walk().to_questions().do(CardChanged(LI))
    assert isinstance(walk.terminal.overlay, OtherCard)
    walk.do(CloseOverlay())
    assert walk.session.applicant is not None
    assert walk.session.applicant.name == "王秀英"
    walk.do(CardChanged(NoCard()), CardChanged(replace(WANG, insertion=5)))
    assert walk.terminal.overlay is None  # her own card again
    walk.do(CardChanged(replace(LI, insertion=6)), SwitchToOtherCard())
    assert Wipe(1) in walk.effects
    assert isinstance(walk.screen, WhoFor)
    assert (walk.session.number, walk.session.applicant, dict(walk.session.answers)) == (2, None, {})


@pytest.mark.parametrize("late", [Next(), Back(), Signed(b"png"), AnotherMatter()])
def test_a_touch_from_before_the_question_does_not_go_through_it(late: Event) -> None:
    walk = Walk().to_review().do(Next(), CardChanged(LI))
    assert isinstance(walk.terminal.overlay, OtherCard)
    before = walk.terminal
    walk.do(late)
    assert walk.terminal == before


def test_a_second_person_at_thank_you_begins_anew() -> None:
    walk = Walk().to_slip().do(Finish(), CardChanged(LI))
    assert isinstance(walk.screen, WhoFor)
    assert Wipe(1) in walk.effects


def test_silence_warns_then_wipes() -> None:
    walk = Walk().do(SetCare(True), PickLanguage("en")).to_papers().wait(134)
    assert walk.terminal.overlay is None
    walk.wait(2)
    assert isinstance(walk.terminal.overlay, IdleWarning)
    walk.do(CloseOverlay()).wait(60)
    assert walk.terminal.overlay is None
    walk.wait(80).wait(44)
    assert isinstance(walk.terminal.overlay, IdleWarning)
    walk.wait(2)
    assert isinstance(walk.screen, Welcome)
    assert walk.effects[-2:] == [StopCamera(), Wipe(1)]
    assert (walk.terminal.language, walk.terminal.care) == ("zh", False)


def _voice(walk: Walk) -> list[Warn | Hush | Wipe]:
    return [effect for effect in walk.effects if isinstance(effect, Warn | Hush | Wipe)]


def test_silence_is_broken_by_a_voice_that_care_mode_slows_and_a_touch_hushes() -> None:
    walk = Walk().to_questions().wait(91)
    warning = Warn(Line.IDLE_WARNING, "zh", slow=False)
    assert _voice(walk) == [warning]
    walk.wait(1).do(Touched())
    assert _voice(walk) == [warning, Hush()]
    walk.do(CloseOverlay())
    assert _voice(walk) == [warning, Hush(), Hush()]
    walk.do(PickLanguage("en"), SetCare(True)).wait(140).wait(46)
    assert _voice(walk)[3:] == [Warn(Line.IDLE_WARNING, "en", slow=True), Hush(), Wipe(1)]


def test_another_card_takes_the_word_from_the_warning() -> None:
    walk = Walk().to_questions().wait(91).do(CardChanged(LI))
    assert isinstance(walk.terminal.overlay, OtherCard)
    assert _voice(walk) == [Warn(Line.IDLE_WARNING, "zh", slow=False), Hush()]


def test_a_speaker_that_comes_or_goes_changes_nothing_and_is_no_sign_of_life() -> None:
    walk = Walk().to_questions()
    before = walk.terminal
    walk.do(SpeakerChanged(SpeechTrouble.NO_AUDIO), SpeakerChanged(None))
    assert walk.terminal == before
    walk.wait(91).do(SpeakerChanged(SpeechTrouble.ENGINE_LOST))
    assert isinstance(walk.terminal.overlay, IdleWarning)


def test_touching_anything_breaks_the_silence() -> None:
    walk = Walk().to_questions().wait(60).do(Touched()).wait(60)
    assert walk.terminal.overlay is None


def test_language_left_at_the_welcome_screen_falls_back() -> None:
    walk = Walk().do(PickLanguage("en"), SetCare(True)).wait(134)
    assert walk.terminal.language == "en"
    walk.wait(2)
    assert (walk.terminal.language, walk.terminal.care) == ("zh", False)
