"""The camera's desk: a code is told once, and a bug ends neither the thread nor leaves the camera on."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest

from devices.camera.api import CameraState, Frame, Live, Lost, Picture, Scan
from devices.camera.reading.api import Kind
from devices.card.api import MrzKey
from kiosk.journey import desk as desk_module
from kiosk.journey.desk import CameraDesk
from kiosk.journey.effects import Purpose
from kiosk.journey.events import CameraChanged, CodeSeen, DocumentJudged, Event, KeySeen, PageJudged, PageShot
from kiosk.journey.states import Sight
from tests.support.reader import ScriptedReader, seen
from tests.support.written import document_page, under_camera

BLACK: Picture = np.zeros((480, 640, 3), np.uint8)


class HandCamera:
    """A camera whose frames the test hands in."""

    def __init__(self) -> None:
        self.turns: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.show: Callable[[Frame], None] = lambda _: None

    def start(self, on_state: Callable[[CameraState], None], on_frame: Callable[[Frame], None]) -> None:
        self.show = on_frame
        on_state(Live(640, 480))
        self.turns.put("on")

    def stop(self) -> None:
        self.turns.put("off")


class Bench:
    def __init__(self) -> None:
        self.camera = HandCamera()
        self.posted: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.reader = ScriptedReader()
        self.desk = CameraDesk(camera=self.camera, reader=self.reader, post=self.posted.put, on_live=lambda _: None)

    def told(self) -> Event:
        return self.posted.get(timeout=10)

    def turned(self) -> str:
        return self.camera.turns.get(timeout=10)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    try:
        yield bench
    finally:
        bench.desk.close()


def test_a_code_is_new_once_and_again_after_it_was_away() -> None:
    lying = desk_module._Lying()  # pyright: ignore[reportPrivateUsage]
    assert lying.new({"a"}, 10.0) == ["a"]
    assert [lying.new({"a"}, 10.0 + step / 10) for step in range(1, 30)] == [[]] * 29
    assert lying.new(set(), 13.5) == []
    assert lying.new({"a", "b"}, 13.8) == ["b"]
    assert lying.new({"a"}, 14.9) == ["a"]


def test_what_lies_there_is_posted_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    code = cv2.QRCodeEncoder.create().encode("hello")
    picture: Picture = cv2.cvtColor(
        cv2.copyMakeBorder(
            cv2.resize(code, None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST), 40, 40, 40, 40,
            cv2.BORDER_CONSTANT, value=(255,),
        ),
        cv2.COLOR_GRAY2BGR,
    ).astype(np.uint8)  # fmt: skip
    judged: queue.SimpleQueue[None] = queue.SimpleQueue()
    plain = desk_module.CodeWatch.see

    def see(self: desk_module.CodeWatch, picture: Picture) -> object:
        judged.put(None)
        return plain(self, picture)

    monkeypatch.setattr(desk_module.CodeWatch, "see", see)
    bench.desk.start(1, Purpose.CODE, 210)
    assert bench.turned() == "on"
    assert bench.told() == CameraChanged(Live(640, 480))
    for number in range(1, 6):
        bench.camera.show(Frame(picture, number, number / 10))
        judged.get(timeout=10)
    bench.desk.stop()
    assert bench.turned() == "off"
    assert bench.told() == CodeSeen(1, "hello")
    assert bench.posted.empty()


def test_codes_are_looked_for_with_the_second_camera_and_papers_with_the_first() -> None:
    papers, codes = HandCamera(), HandCamera()
    posted: queue.SimpleQueue[Event] = queue.SimpleQueue()
    desk = CameraDesk(camera=papers, codes=codes, reader=ScriptedReader(), post=posted.put, on_live=lambda _: None)
    try:
        for session, (purpose, wanted) in enumerate(((Purpose.CODE, codes), (Purpose.PAPER, papers)), start=1):
            desk.start(session, purpose, 210)
            assert wanted.turns.get(timeout=10) == "on"
            desk.stop()
            assert wanted.turns.get(timeout=10) == "off"
        desk.start(3, Purpose.CODE, 210)
        assert codes.turns.get(timeout=10) == "on"
        desk.start(4, Purpose.PAPER, 210)  # from one to the other without a stop between
        assert codes.turns.get(timeout=10) == "off"
        assert papers.turns.get(timeout=10) == "on"
    finally:
        desk.close()
    assert papers.turns.get(timeout=10) == "off"
    assert papers.turns.empty()
    assert codes.turns.empty()


ZONE = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")
PASSPORT = under_camera(document_page(ZONE))


def test_a_document_is_read_twice_before_it_is_told(bench: Bench) -> None:
    bench.reader.answers += [seen(Kind.MRZ, *ZONE)] * 2
    bench.desk.start(1, Purpose.DOCUMENT, 210)
    assert bench.turned() == "on"
    assert bench.told() == CameraChanged(Live(640, 480))
    bench.camera.show(Frame(PASSPORT, 1, 0.1))
    assert bench.told() == DocumentJudged(1, Sight.SEEN)
    bench.camera.show(Frame(PASSPORT, 2, 0.2))
    assert bench.told() == KeySeen(1, MrzKey("L898902C3", "740812", "120415"))
    bench.desk.stop()
    assert bench.turned() == "off"
    assert bench.reader.stops == 0


def test_what_is_read_after_the_resident_left_is_told_to_nobody_and_kept_by_nobody(bench: Bench) -> None:
    bench.reader.answers += [seen(Kind.MRZ, *ZONE)] * 2
    bench.reader.held.clear()
    bench.desk.start(1, Purpose.DOCUMENT, 210)
    assert bench.turned() == "on"
    assert bench.told() == CameraChanged(Live(640, 480))
    bench.camera.show(Frame(PASSPORT, 1, 0.1))
    bench.reader.begun.get(timeout=10)
    bench.desk.stop()
    bench.reader.held.set()
    assert bench.turned() == "off"
    assert bench.reader.stops == 1
    assert bench.posted.empty()


def test_a_bug_switches_the_camera_off_is_told_and_the_desk_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(desk_module, "_RETRY_S", 0.01)

    def broken(*_: object, **__: object) -> None:
        raise ValueError("王秀英")

    with monkeypatch.context() as failing, caplog.at_level(logging.ERROR):
        failing.setattr(desk_module.PaperWatch, "see", broken)
        bench.desk.start(1, Purpose.PAPER, 210)
        assert bench.turned() == "on"
        assert bench.told() == CameraChanged(Live(640, 480))
        bench.camera.show(Frame(BLACK, 1, 0.0))
        assert bench.turned() == "off"
        assert bench.told() == CameraChanged(Lost())
    assert "ValueError" in caplog.text
    assert "王秀英" not in caplog.text
    assert bench.turned() == "on"
    assert bench.told() == CameraChanged(Live(640, 480))
    bench.camera.show(Frame(BLACK, 2, 1.0))
    assert isinstance(bench.told(), PageJudged)


def test_a_shot_that_nobody_waits_for_any_more_is_dropped(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def left_meanwhile(_: Picture) -> Scan:
        bench.desk.stop()
        return Scan(jpeg=b"late", width=1, height=1)

    monkeypatch.setattr(desk_module, "_scan", left_meanwhile)
    bench.desk.start(1, Purpose.PAPER, 210)
    assert bench.turned() == "on"
    bench.desk.shoot()
    bench.camera.show(Frame(BLACK, 1, 0.0))
    assert bench.turned() == "off"
    told: list[Event] = []
    while not bench.posted.empty():
        told.append(bench.posted.get())
    assert PageShot(1, None) in told
    assert not [event for event in told if isinstance(event, PageShot) and event.scan is not None]
