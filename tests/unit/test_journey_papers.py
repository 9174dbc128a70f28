"""Papers on the way: judged, shot, turned, taken anew and removed, one side or both."""

from __future__ import annotations

from dataclasses import replace

from devices.camera.api import Doubt, Finding, Live, Lost
from kiosk.journey.effects import (
    Purpose,
    Shoot,
    StartCamera,
    StopCamera,
)
from kiosk.journey.events import (
    AddPage,
    Back,
    CameraChanged,
    Edit,
    Next,
    PageJudged,
    PageShot,
    RemovePage,
    RetakePage,
    ShootNow,
    TurnPage,
)
from kiosk.journey.states import (
    Review,
    ScanPapers,
)
from tests.support.journeys import SCAN, Walk
from tests.support.stages import card_walk


def test_papers_are_judged_shot_added_and_removed() -> None:
    walk = Walk().to_papers()
    assert walk.effects[-1] == StartCamera(1, Purpose.PAPER, 105)
    walk.do(CameraChanged(Live(1280, 720)), PageJudged(1, (Finding.BLURRED,)))
    assert isinstance(walk.screen, ScanPapers)
    assert (walk.terminal.camera, walk.screen.findings) == (Live(1280, 720), (Finding.BLURRED,))
    walk.do(Next())
    assert isinstance(walk.screen, ScanPapers)  # a page is required
    walk.do(ShootNow(), ShootNow(), PageShot(1, None), PageShot(1, SCAN))
    assert sum(isinstance(effect, Shoot) for effect in walk.effects) == 1
    assert walk.effects[-1] == StopCamera()
    walk.do(AddPage(), PageShot(1, SCAN), AddPage(), Back())
    assert len(walk.session.scans["household-register"]) == 2
    assert walk.effects[-1] == StopCamera()
    walk.do(RemovePage(7), RemovePage(0), RemovePage(0))
    assert isinstance(walk.screen, ScanPapers)
    assert walk.screen.adding
    assert walk.effects[-1] == StartCamera(1, Purpose.PAPER, 105)


def test_no_more_pages_than_the_material_takes() -> None:
    walk = Walk().to_papers()
    for _ in range(6):
        walk.do(PageShot(1, SCAN), AddPage())
    assert len(walk.session.scans["household-register"]) == 4


def test_a_page_taken_anew_takes_the_place_of_the_old_one() -> None:
    first, second, better = (replace(SCAN, likeness=bytes([number])) for number in range(3))
    walk = Walk().to_papers().do(PageShot(1, first), AddPage(), PageShot(1, second))
    walk.do(RetakePage(9), RetakePage(0))
    assert isinstance(walk.screen, ScanPapers)
    assert walk.screen.replacing == 0
    assert walk.effects[-1] == StartCamera(1, Purpose.PAPER, 105, (second.likeness,))  # the old one may be like it
    walk.do(Back())
    assert walk.session.scans["household-register"] == (first, second)
    walk.do(RetakePage(0), PageShot(1, None), PageShot(1, better))
    assert walk.session.scans["household-register"] == (better, second)
    assert walk.screen == replace(walk.screen, adding=False, replacing=None)
    walk.do(AddPage())
    assert walk.effects[-1] == StartCamera(1, Purpose.PAPER, 105, (better.likeness, second.likeness))


def test_a_page_is_turned_by_quarters_and_its_doubt_is_gone() -> None:
    page = replace(SCAN, doubts=(Doubt.UPSIDE_DOWN, Doubt.SAME_PAGE))
    walk = Walk().to_papers().do(PageShot(1, page), TurnPage(1), TurnPage(0))
    (turned,) = walk.session.scans["household-register"]
    assert (turned.turns, turned.doubts) == (1, (Doubt.SAME_PAGE,))
    assert turned == page  # what was read on it still belongs to it
    walk.do(TurnPage(0), TurnPage(0), TurnPage(0))
    assert walk.session.scans["household-register"][0].turns == 0


def test_two_pages_alike_are_doubted_until_one_is_gone() -> None:
    walk = Walk().to_papers().do(PageShot(1, SCAN), AddPage(), PageShot(1, replace(SCAN, doubts=(Doubt.SAME_PAGE,))))
    assert isinstance(walk.do(Next()).screen, Review)  # asked about, never refused
    walk.do(Edit("household-register"), RemovePage(0))
    assert [page.doubts for page in walk.session.scans["household-register"]] == [()]


def test_a_card_is_taken_from_both_sides() -> None:
    front, back = (replace(SCAN, likeness=bytes([number])) for number in range(2))
    walk = card_walk().do(PageShot(1, front))
    assert isinstance(walk.screen, ScanPapers)
    assert walk.screen.adding
    assert walk.effects[-1] == StartCamera(1, Purpose.PAPER, 54, (front.likeness,))
    walk.do(Back(), Next())  # one side is not enough
    assert isinstance(walk.screen, ScanPapers)
    walk.do(AddPage(), PageShot(1, back))
    assert walk.session.scans["identity-card"] == (front, back)
    walk.do(AddPage())
    assert not walk.screen.adding  # one card is all that is asked for
    walk.do(RetakePage(1), PageShot(1, replace(back, turns=2)))
    assert isinstance(walk.screen, ScanPapers)
    assert not walk.screen.adding  # the other side stays
    assert isinstance(walk.do(Next()).screen, Review)
    walk.do(Edit("identity-card"), RemovePage(1))
    assert walk.session.scans["identity-card"] == ()
    assert walk.screen == replace(walk.screen, adding=True)


def test_the_review_is_not_reached_with_half_a_card() -> None:
    walk = card_walk().do(PageShot(1, SCAN), PageShot(1, SCAN), Next(), Edit("identity-card"))
    walk.do(RemovePage(0), PageShot(1, SCAN), Back(), Back())
    assert not isinstance(walk.screen, Review)


def test_a_camera_lost_during_the_shot_lets_one_shoot_again() -> None:
    walk = Walk().to_papers().do(ShootNow(), PageShot(1, None), CameraChanged(Lost()))
    assert isinstance(walk.screen, ScanPapers)
    assert not walk.screen.shooting
    walk.do(CameraChanged(Live(1920, 1080)), ShootNow(), PageShot(1, SCAN))
    assert walk.session.scans["household-register"] == (SCAN,)
