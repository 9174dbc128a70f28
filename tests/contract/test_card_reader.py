"""What every card reader promises, on the in-process simulator and on a real pcscd with a virtual reader."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from devices.card.api import Assurance, CardFailed, CardRead, CardTrouble, Check, NoCard, NoReader, NoService, Reading
from tests.support.card_rig import InProcessRig, PcscdRig, Rig, expect, wait_for
from tests.support.pcscd import PcscdNamespace, missing


@pytest.fixture(scope="module")
def hall() -> Iterator[PcscdNamespace]:
    if reason := missing():
        pytest.skip(reason)
    with PcscdNamespace() as hall:
        yield hall


@pytest.fixture(params=["in-process", pytest.param("pcscd", marks=pytest.mark.pcscd)])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    rig = InProcessRig() if request.param == "in-process" else PcscdRig(request.getfixturevalue("hall"))
    try:
        yield rig
    finally:
        rig.close()


def _read(rig: Rig, key: str, insertion: int) -> CardRead:
    rig.insert(key)
    assert expect(rig, Reading).insertion == insertion
    return expect(rig, CardRead)


def test_a_card_is_read_with_every_value(rig: Rig) -> None:
    rig.start()
    expect(rig, NoCard)
    assert _read(rig, "wang", 1) == CardRead(
        insertion=1,
        profile="social-security-card",
        assurance=Assurance.UNSIGNED,
        fields={
            "name": "王秀英",
            "id_number": "999999196803120029",
            "sex": "female",
            "birth_date": "1968-03-12",
            "expires": "2039-06-02",
            "ethnic_group": "01",
            "card_number": "A10000011",
            "issuer": "999999000000000000000001",
        },
        checks=(
            Check("id-number-checksum", True),
            Check("sex-matches-id-number", True),
            Check("birth-date-matches-id-number", True),
        ),
    )
    rig.remove()
    expect(rig, NoCard)


def test_each_insertion_is_read_anew(rig: Rig) -> None:
    rig.start()
    expect(rig, NoCard)
    assert _read(rig, "li", 1).fields["name"] == "李建国"
    rig.remove()
    expect(rig, NoCard)
    long_name = _read(rig, "abdu", 2)
    assert (long_name.insertion, long_name.fields["name"]) == (2, "阿卜杜热合曼·买买提吐尔逊江·艾力")
    assert long_name.fields["ethnic_group"] == "05"


@pytest.mark.parametrize(
    ("key", "trouble"),
    [
        ("expired", CardTrouble.EXPIRED),
        ("unreadable", CardTrouble.UNREADABLE),
        ("wang:protected", CardTrouble.PROTECTED),
        ("wang:foreign", CardTrouble.UNKNOWN),
    ],
)
def test_a_card_without_a_read_names_its_trouble(rig: Rig, key: str, trouble: CardTrouble) -> None:
    rig.start()
    expect(rig, NoCard)
    rig.insert(key)
    expect(rig, Reading)
    assert expect(rig, CardFailed) == CardFailed(1, trouble)
    rig.remove()
    expect(rig, NoCard)
    assert _read(rig, "wang", 2).insertion == 2


def test_a_worn_card_is_tried_again_before_anybody_is_told(rig: Rig) -> None:
    rig.start()
    expect(rig, NoCard)
    rig.insert("wang:worn")
    # A link that broke makes it an insertion of its own; a torn answer over a good link does not.
    read = wait_for(rig, CardRead, passing=(Reading,))
    assert read.fields["name"] == "王秀英"
    assert all(check.passed for check in read.checks)


@pytest.mark.parametrize("commands", [0, 1, 2, 9, 20])
def test_a_card_pulled_in_the_middle_gives_nothing_of_it(rig: Rig, commands: int) -> None:
    rig.start()
    expect(rig, NoCard)
    rig.insert(f"wang:pulled_after={commands}")
    expect(rig, Reading)
    assert expect(rig, CardFailed) == CardFailed(1, CardTrouble.PULLED)
    expect(rig, NoCard)
    assert _read(rig, "li", 2).fields["name"] == "李建国"


def test_a_swapped_card_is_another_insertion(rig: Rig) -> None:
    rig.start()
    expect(rig, NoCard)
    assert _read(rig, "wang", 1).fields["name"] == "王秀英"
    rig.remove()
    rig.insert("li")
    wait_for(rig, Reading, passing=(NoCard,))
    assert expect(rig, CardRead).fields["name"] == "李建国"


def test_a_held_card_is_named_and_read_once_let_go(rig: Rig) -> None:
    rig.insert("wang")
    rig.hold(True)
    rig.start()
    expect(rig, Reading)
    assert expect(rig, CardFailed) == CardFailed(1, CardTrouble.BUSY)
    rig.hold(False)
    expect(rig, Reading)
    read = expect(rig, CardRead)
    assert (read.insertion, read.fields["name"]) == (2, "王秀英")


def test_the_reader_outlives_its_service(rig: Rig) -> None:
    rig.start()
    expect(rig, NoCard)
    assert _read(rig, "wang", 1).fields["name"] == "王秀英"
    rig.serve(False)
    expect(rig, NoService)
    rig.serve(True)
    # The card still lies there; it is found again, as a new insertion.
    again = wait_for(rig, CardRead, passing=(NoService, NoReader, NoCard, Reading, CardFailed))
    assert again.fields["name"] == "王秀英"
    assert again.insertion > 1
