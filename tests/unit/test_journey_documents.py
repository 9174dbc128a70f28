"""A travel document that opens only to what is printed on it: shown to the camera or typed, then laid on the reader."""

from __future__ import annotations

from dataclasses import replace

import pytest

from devices.camera.api import Live
from devices.card.api import CanKey, CardFailed, CardState, CardTrouble, MrzKey, NoCard, NoReader, Reading
from kiosk.domain.resident import Role
from kiosk.journey.effects import LookUpCard, Purpose, StartCamera, StopCamera, TryKey, Wipe
from kiosk.journey.events import (
    Back,
    CameraChanged,
    CardChanged,
    DocumentJudged,
    Draft,
    Event,
    FindMine,
    Finish,
    FinishForSure,
    KeySeen,
    Next,
    ThatIsRight,
    TypeCan,
    TypeInstead,
    UseCamera,
)
from kiosk.journey.states import (
    Ask,
    ConfirmFinish,
    FindByCard,
    Identify,
    KeyPart,
    LayDocument,
    ShowDocument,
    Sight,
    TypeDocument,
    Welcome,
)
from tests.support.journeys import LI, WANG, Walk

KEY = MrzKey(document_number="E12345678", birth_date="680315", expires="300101")


def failed(insertion: int, trouble: CardTrouble = CardTrouble.NEEDS_KEY) -> CardChanged:
    return CardChanged(CardFailed(insertion, trouble))


def shown() -> Walk:
    return Walk().to_card().do(failed(1))


def typed() -> Walk:
    walk = shown().do(TypeInstead())
    for part in ("e 123-45678", "19680315", "20300101"):
        walk.do(Draft(part), Next())
    return walk


def keys(walk: Walk) -> list[TryKey]:
    return [effect for effect in walk.effects if isinstance(effect, TryKey)]


def test_a_document_left_on_the_reader_opens_as_soon_as_it_was_read() -> None:
    walk = shown()
    assert walk.screen == ShowDocument(Identify(role=Role.APPLICANT, insertion=1))
    assert walk.effects[-1] == StartCamera(1, Purpose.DOCUMENT)
    walk.do(KeySeen(1, KEY))
    assert walk.effects[-2:] == [StopCamera(), TryKey(KEY)]
    assert isinstance(walk.screen, LayDocument)
    assert walk.screen.trying
    walk.do(CardChanged(Reading(2)), CardChanged(replace(WANG, insertion=2)))
    assert isinstance(walk.screen, Identify)
    assert walk.screen.found is not None
    assert isinstance(walk.do(ThatIsRight()).screen, Ask)


def test_a_document_lifted_to_the_camera_opens_when_it_is_back() -> None:
    walk = shown().do(CardChanged(NoCard()), CameraChanged(Live(1280, 720)), DocumentJudged(1, Sight.SEEN))
    assert isinstance(walk.screen, ShowDocument)
    assert (walk.terminal.camera, walk.screen.sight) == (Live(1280, 720), Sight.SEEN)
    walk.do(KeySeen(1, KEY))
    assert keys(walk) == []
    assert isinstance(walk.screen, LayDocument)
    assert not walk.screen.trying
    walk.do(CardChanged(Reading(2)), failed(2))
    assert keys(walk) == [TryKey(KEY)]
    walk.do(CardChanged(Reading(3)), CardChanged(replace(WANG, insertion=3)))
    assert isinstance(walk.screen, Identify)
    assert walk.screen.found is not None


@pytest.mark.parametrize("trouble", [CardTrouble.PULLED, CardTrouble.MUTE, CardTrouble.NEEDS_KEY])
def test_what_the_reader_says_while_the_document_is_lifted_means_nothing(trouble: CardTrouble) -> None:
    walk = shown().do(CardChanged(NoCard()), CardChanged(Reading(2)), failed(2, trouble), CardChanged(NoCard()))
    assert isinstance(walk.screen, ShowDocument)
    assert walk.screen.trouble is None


def test_the_zone_of_another_document_is_refused_by_the_chip_and_said() -> None:
    walk = shown().do(KeySeen(1, KEY), CardChanged(Reading(2)), failed(2, CardTrouble.WRONG_KEY))
    assert isinstance(walk.screen, ShowDocument)
    assert walk.screen.trouble == "card-wrong-key"
    assert walk.effects[-1] == StartCamera(1, Purpose.DOCUMENT)
    walk.do(KeySeen(1, KEY))  # it lies there still
    assert keys(walk) == [TryKey(KEY), TryKey(KEY)]


def test_a_chip_that_asks_again_for_what_it_was_given_is_not_asked_for_ever() -> None:
    walk = shown().do(KeySeen(1, KEY), failed(2))
    assert isinstance(walk.screen, ShowDocument)
    assert keys(walk) == [TryKey(KEY)]


def test_lifted_too_early_the_key_is_kept_for_the_next_laying() -> None:
    walk = shown().do(KeySeen(1, KEY), CardChanged(Reading(2)), failed(2, CardTrouble.PULLED), CardChanged(NoCard()))
    assert isinstance(walk.screen, LayDocument)
    assert (walk.screen.trouble, walk.screen.trying) == ("card-pulled", False)
    walk.do(CardChanged(Reading(3)), failed(3))
    assert keys(walk) == [TryKey(KEY), TryKey(KEY)]
    assert isinstance(walk.screen, LayDocument)
    assert walk.screen.trouble is None


@pytest.mark.parametrize("trouble", [CardTrouble.EXPIRED, CardTrouble.ALTERED, CardTrouble.UNKNOWN])
@pytest.mark.parametrize("before", [[], [KeySeen(1, KEY)], [TypeInstead()]])
def test_what_no_key_mends_is_said_where_the_card_was_wanted(trouble: CardTrouble, before: list[Event]) -> None:
    walk = shown().do(*before).do(failed(2, trouble))
    assert isinstance(walk.screen, Identify)
    assert walk.screen.trouble == trouble.value


def test_another_card_instead_is_taken() -> None:
    walk = shown().do(CardChanged(NoCard()), CardChanged(replace(LI, insertion=2)))
    assert isinstance(walk.screen, Identify)
    assert walk.screen.found is not None
    assert walk.effects[-1] == StopCamera()


@pytest.mark.parametrize("state", [NoReader()])
def test_a_reader_that_is_gone_is_said(state: CardState) -> None:
    walk = shown().do(CardChanged(state))
    assert isinstance(walk.screen, Identify)
    assert walk.screen.trouble == "no-reader"


def test_back_tells_what_is_the_matter_and_the_camera_can_be_asked_again() -> None:
    walk = shown().do(Back())
    assert isinstance(walk.screen, Identify)
    assert walk.screen.trouble == "card-needs-key"
    assert walk.effects[-1] == StopCamera()
    walk.do(CardChanged(NoCard()))
    assert isinstance(walk.screen, Identify)
    assert walk.screen.trouble == "card-needs-key"  # long enough to be read
    assert isinstance(walk.do(UseCamera()).screen, ShowDocument)
    assert isinstance(walk.do(Back(), failed(2)).screen, ShowDocument)  # a new insertion is a new chance


def test_the_camera_is_not_used_where_nothing_is_closed() -> None:
    assert isinstance(Walk().to_card().do(UseCamera()).screen, Identify)


def test_number_and_dates_are_typed_one_after_the_other() -> None:
    walk = typed()
    assert keys(walk) == [TryKey(KEY)]
    walk.do(CardChanged(Reading(2)), CardChanged(replace(WANG, insertion=2)))
    assert isinstance(walk.screen, Identify)


def test_what_was_typed_is_still_there_when_the_chip_refused_it() -> None:
    walk = typed().do(CardChanged(Reading(2)), failed(2, CardTrouble.WRONG_KEY))
    assert isinstance(walk.screen, TypeDocument)
    assert (walk.screen.part, walk.screen.draft, walk.screen.trouble) == (KeyPart.NUMBER, "E12345678", "card-wrong-key")
    walk.do(Draft("E12345679"), Next(), Next(), Next())
    assert keys(walk)[-1] == TryKey(replace(KEY, document_number="E12345679"))


@pytest.mark.parametrize(
    ("parts", "wrong"),
    [
        (["1234"], "12"),
        (["E12345678"], "19681315"),
        (["E12345678"], "1968031"),
        (["E12345678"], "20990101"),
        (["E12345678"], "18680101"),
        (["E12345678", "19680315"], "20300231"),
        (["E12345678", "19680315"], "19500101"),
    ],
)
def test_what_cannot_be_is_refused_at_once(parts: list[str], wrong: str) -> None:
    walk = shown().do(TypeInstead())
    for part in parts[:-1] if parts == ["1234"] else parts:
        walk.do(Draft(part), Next())
    walk.do(Draft(wrong), Next())
    assert isinstance(walk.screen, TypeDocument)
    assert (walk.screen.wrong, walk.screen.draft) == (True, wrong)
    walk.do(Draft(wrong[:-1]))
    assert isinstance(walk.screen, TypeDocument)
    assert not walk.screen.wrong


def test_backwards_through_what_was_typed_to_the_camera() -> None:
    walk = shown().do(TypeInstead(), Draft("E12345678"), Next(), Draft("19680315"), Next(), Back())
    assert isinstance(walk.screen, TypeDocument)
    assert (walk.screen.part, walk.screen.draft) == (KeyPart.BIRTH, "19680315")
    walk.do(Back())
    assert isinstance(walk.screen, TypeDocument)
    assert walk.screen.draft == "E12345678"
    assert isinstance(walk.do(Back()).screen, ShowDocument)
    assert walk.effects[-1] == StartCamera(1, Purpose.DOCUMENT)


def test_six_digits_are_enough_where_the_document_has_them() -> None:
    walk = shown().do(TypeInstead(), TypeCan(True), Draft("12 34x5"), Next())
    assert isinstance(walk.screen, TypeDocument)
    assert (walk.screen.wrong, walk.screen.draft) == (True, "12345")
    walk.do(Draft("1234567"), Next())
    assert keys(walk) == [TryKey(CanKey("123456"))]
    walk.do(failed(2, CardTrouble.WRONG_KEY))
    assert isinstance(walk.screen, TypeDocument)
    assert walk.screen.part is KeyPart.CAN
    walk.do(TypeCan(False), UseCamera())
    assert isinstance(walk.screen, ShowDocument)


def test_back_from_the_reader_to_where_the_key_came_from() -> None:
    assert isinstance(shown().do(CardChanged(NoCard()), KeySeen(1, KEY), Back()).screen, ShowDocument)
    walk = typed().do(Back())
    assert isinstance(walk.screen, TypeDocument)
    assert walk.screen.part is KeyPart.EXPIRES


def test_progress_by_a_travel_document() -> None:
    walk = Walk().do(FindMine(by_slip=False), failed(1), KeySeen(1, KEY), CardChanged(replace(WANG, insertion=2)))
    assert isinstance(walk.screen, FindByCard)
    assert walk.effects[-1] == LookUpCard(1, 2, WANG.fields["id_number"])
    walk.do(Finish(), FindMine(by_slip=False))
    walk.do(failed(3), Back())
    assert isinstance(walk.screen, FindByCard)
    assert walk.screen.trouble == "card-needs-key"
    walk.do(failed(4), Finish())
    assert isinstance(walk.screen, Welcome)


@pytest.mark.parametrize("at", [[], [TypeInstead(), Draft("E12345678")], [CardChanged(NoCard()), KeySeen(1, KEY)]])
def test_leaving_asks_first_and_forgets_the_key(at: list[Event]) -> None:
    walk = shown().do(*at, Finish())
    assert isinstance(walk.terminal.overlay, ConfirmFinish)
    walk.do(FinishForSure())
    assert walk.effects[-1] == Wipe(1)
    assert "E12345678" not in repr(walk.terminal)
    walk.do(failed(9))  # the document that still lies there begins anew
    assert "E12345678" not in repr(walk.terminal)
    assert keys(walk) == []


def test_silence_wipes_and_what_is_read_late_is_nobodys() -> None:
    walk = shown().wait(100).wait(40)
    assert isinstance(walk.screen, Welcome)
    assert walk.effects[-2:] == [StopCamera(), Wipe(1)]
    walk.do(failed(2)).to_card().do(failed(3), KeySeen(1, KEY))
    assert keys(walk) == []
