"""Nothing is cut, too small, crowded or out of its place: every screen, every language, care mode, every size."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest

from kiosk.domain.words import LANGUAGES
from kiosk.journey.states import Hall, Overlay, Screen
from tests.support.extremes import LONG_HALL, extremes
from tests.support.journeys import HALL
from tests.support.layout import Ruler, area, faults
from tests.support.screens import LANDSCAPE, PORTRAIT, SMALL
from tests.support.stages import Stage, stages
from tests.support.stand import Stand, Variant, stand
from ui import touch

VARIANTS = [
    Variant(size=size, language=language, care=care)
    for size, language, care in itertools.product((PORTRAIT, LANDSCAPE, SMALL), LANGUAGES, (False, True))
]
ALWAYS = ("call-staff", "care", "contrast", "language", "finish")


def walk(hall: Hall, shown: list[Stage], variant: Variant) -> list[str]:
    """The faults of all pages of all stages."""
    found: list[str] = []
    with stand(hall, shown[0]) as place:
        for stage in shown:
            place.show(stage, variant)
            found += [f"{stage.name}: {fault}" for fault in _all_pages(place, variant)]
    return found


def _all_pages(place: Stand, variant: Variant) -> list[str]:
    """Faults of what is shown, and of what "more" brings."""
    ruler = Ruler(unit=variant.unit, care=variant.care)
    found = faults(place.window, ruler)
    pages = 1
    while touch.visible(place.window, "more") and not touch.visible(place.window, "dialog"):
        place.rest()
        touch.tap(place.window, "more")
        place.settle()
        pages += 1
        found += [f"page {pages}: {fault}" for fault in faults(place.window, ruler)]
        assert pages <= 20, "more never ends"
    return found


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_every_screen_is_laid_out_well(variant: Variant) -> None:
    wrong = walk(HALL, stages(), variant)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_long_names_many_pages_and_every_trouble_are_laid_out_well(variant: Variant) -> None:
    wrong = walk(LONG_HALL, extremes(), variant)
    assert not wrong, "\n".join(wrong)


def test_every_screen_and_overlay_is_among_the_stages() -> None:
    shown = {type(stage.terminal.screen) for stage in stages()}
    laid_over = {type(stage.terminal.overlay) for stage in stages() if stage.terminal.overlay is not None}
    assert shown == set(get_args(Screen))
    assert laid_over == set(get_args(Overlay))


@pytest.mark.parametrize("size", [PORTRAIT, LANDSCAPE, SMALL])
def test_what_is_always_there_is_always_in_the_same_place(size: tuple[int, int]) -> None:
    places: dict[str, set[tuple[float, float, float, float]]] = {name: set() for name in ALWAYS}
    with stand(HALL, stages()[0]) as place:
        for stage in stages():
            place.show(stage, Variant(size=size))
            for name in ALWAYS:
                box = area(touch.find(place.window, name))
                places[name].add((box.x(), box.y(), box.width(), box.height()))
    assert {name: len(seen) for name, seen in places.items()} == dict.fromkeys(ALWAYS, 1)


def test_the_walk_sees_what_is_wrong() -> None:
    stage = next(stage for stage in stages() if stage.name == "question-hukou")
    ruler = Ruler(unit=1.0, care=False)
    with stand(HALL, stage) as place:
        place.show(stage, Variant())
        assert faults(place.window, ruler) == []
        touch.find(place.window, "next").setHeight(60)
        touch.find(place.window, "back").setX(900)
        touch.find(place.window, "title").setWidth(120)
        touch.find(place.window, "choice-rural").setX(400)
        wrong = "\n".join(faults(place.window, ruler))
    assert "small: next" in wrong
    assert "crowded: back and next" in wrong or "crowded: next and back" in wrong
    assert "choice-rural" in wrong
