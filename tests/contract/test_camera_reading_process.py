"""Reading in its own process: real pages by the real engine, and every way in which a process can let one down."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from devices.camera.reading.api import Kind, ReadingTrouble, Suggestion
from devices.camera.reading.process import PATIENCE, ReadingProcess
from devices.camera.reading.zone import find_zone
from kiosk.process import READING, child_command
from tests.support.papers import packed
from tests.support.written import (
    PEOPLE,
    bank_card,
    bank_card_front,
    document_page,
    identity_card,
    letter,
    under_camera,
)

ALL = frozenset(Kind)
PAGE = packed(letter("样张"), ".jpg")
TD3 = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")


@pytest.fixture(scope="module")
def reading() -> Iterator[ReadingProcess]:
    process = ReadingProcess(child_command(READING), patience=60)
    yield process
    process.stop()


def children(match: str = READING) -> set[int]:
    """Reading processes of this one."""
    found: set[int] = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                ours = f"PPid:\t{os.getpid()}\n" in (folder / "status").read_text()
                if ours and match in (folder / "cmdline").read_text():
                    found.add(int(folder.name))
            except OSError:
                continue
    return found


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    wake = threading.Event()
    while not holds():
        assert time.monotonic() < deadline
        wake.wait(0.02)


def found(read: object) -> list[tuple[Kind, str]]:
    assert isinstance(read, tuple), read
    return [(each.kind, each.text) for each in cast("tuple[Suggestion, ...]", read)]


def test_number_and_name_of_a_card_that_lies_on_its_head(reading: ReadingProcess) -> None:
    person = PEOPLE[2]
    page = under_camera(identity_card(person), degrees=182, size=(1200, 800))
    read = reading.page(packed(page, ".jpg"), frozenset({Kind.ID_NUMBER, Kind.NAME}))
    assert found(read) == [(Kind.ID_NUMBER, person.number), (Kind.NAME, person.name)]
    assert isinstance(read, tuple)
    (x, y), (to_x, _) = read[0].box[0], read[0].box[1]
    assert x > to_x  # read from right to left of the picture
    assert 0 < y < 400  # what is below on the card lies above in the picture


def test_the_number_of_a_bank_card(reading: ReadingProcess) -> None:
    number = bank_card("621700123456789012")
    page = np.ascontiguousarray(np.rot90(bank_card_front(number)))
    assert found(reading.page(packed(page, ".jpg"), frozenset({Kind.BANK_CARD}))) == [(Kind.BANK_CARD, number)]


def test_a_page_without_any_of_it_and_one_without_writing(reading: ReadingProcess) -> None:
    assert reading.page(packed(letter("今天天气很好", "电话 13812345678"), ".jpg"), ALL) == ()
    assert reading.page(packed(np.full((400, 300, 3), 255, np.uint8), ".jpg"), ALL) == ()


@pytest.mark.parametrize("degrees", [3, 180])
def test_the_zone_of_a_passport(reading: ReadingProcess, degrees: float) -> None:
    seen = find_zone(under_camera(document_page(TD3), degrees=degrees))
    assert seen is not None
    read = [text.replace("O", "0") for _, text in found(reading.zone(seen.lines))]  # the check digits tell which
    assert read == [text.replace("O", "0") for text in TD3]


def test_it_keeps_nothing_open_and_leaves_no_core(reading: ReadingProcess) -> None:
    reading.warm_up()
    (pid,) = children()
    assert reading.page(PAGE, ALL) == ()
    limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
    assert next(line.split()[4:6] for line in limits if line.startswith("Max core file size")) == ["0", "0"]
    until(lambda: os.readlink(f"/proc/{pid}/fd/2") == os.devnull)
    assert os.readlink(f"/proc/{pid}/fd/1") == os.devnull  # what a library prints goes nowhere


def test_no_picture_ends_the_process_and_the_next_page_is_read_by_another(reading: ReadingProcess) -> None:
    reading.warm_up()
    before = children()
    assert reading.page(b"no picture at all", ALL) is ReadingTrouble.FAILED
    assert not children() & before
    assert reading.page(PAGE, ALL) == ()
    assert len(children()) == 1


def test_stopping_ends_it_at_once_whatever_it_does() -> None:
    process = ReadingProcess(child("time.sleep(600)"), patience=600)
    answers: list[object] = []
    asking = threading.Thread(target=lambda: answers.append(process.page(PAGE, ALL)))
    asking.start()
    until(lambda: process.running)
    process.stop()
    asking.join(10)
    assert answers == [ReadingTrouble.STOPPED]
    assert not process.running
    process.stop()  # again does no harm


def child(code: str) -> list[str]:
    return [sys.executable, "-c", f"import sys,time\n{code}"]


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        ("sys.stdin.buffer.read(4); time.sleep(600)", ReadingTrouble.SLOW),
        ("sys.exit(3)", ReadingTrouble.FAILED),
        ("sys.stdin.buffer.read(4); import os; os.kill(os.getpid(), 11)", ReadingTrouble.FAILED),
        (
            "sys.stdout.buffer.write(b'\\x7f\\xff\\xff\\xff'); sys.stdout.flush(); time.sleep(600)",
            ReadingTrouble.FAILED,
        ),
        ("sys.stdout.buffer.write(b'\\0\\0\\0\\x03abc'); sys.stdout.flush(); time.sleep(600)", ReadingTrouble.FAILED),
        ("sys.stdout.buffer.write(b'\\0\\0\\0\\x09ab'); sys.stdout.flush()", ReadingTrouble.FAILED),
    ],
)
def test_a_process_that_lets_one_down_is_a_value_and_is_ended(code: str, trouble: ReadingTrouble) -> None:
    # Patience that has to run out is short; where the process fails by itself, its start may take what it takes.
    process = ReadingProcess(child(code), patience=0.6 if trouble is ReadingTrouble.SLOW else PATIENCE)
    assert process.page(PAGE[:500], ALL) is trouble
    assert not process.running


def test_a_process_that_does_not_listen_is_not_waited_for() -> None:
    process = ReadingProcess(child("time.sleep(600)"), patience=0.6)
    assert process.page(b"x" * 300_000, ALL) is ReadingTrouble.SLOW
    assert not process.running


def test_a_program_that_is_not_there() -> None:
    process = ReadingProcess(["/nonexistent/program"])
    process.warm_up()
    assert process.page(PAGE, ALL) is ReadingTrouble.FAILED
    assert process.zone((np.zeros((48, 600, 3), np.uint8),)) is ReadingTrouble.FAILED


def test_it_rests_when_nothing_was_asked_for_a_while() -> None:
    answer = (
        "sys.stdin.buffer.read(1); sys.stdout.buffer.write(b'\\0\\0\\0\\x02[]'); sys.stdout.flush(); time.sleep(600)"
    )
    process = ReadingProcess(child(answer), idle=0.1)
    assert process.page(PAGE, ALL) == ()
    until(lambda: not process.running)
    process.warm_up()
    until(lambda: not process.running)


def test_one_that_died_in_its_sleep_is_replaced() -> None:
    answer = "sys.stdin.buffer.read(1); sys.stdout.buffer.write(b'\\0\\0\\0\\x02[]'); sys.stdout.flush()"
    process = ReadingProcess(child(answer))
    assert process.page(PAGE, ALL) == ()
    until(lambda: not process.running)
    assert process.page(PAGE, ALL) == ()
    process.stop()


def test_what_is_too_large_is_not_even_tried() -> None:
    process = ReadingProcess(child("time.sleep(600)"))
    assert process.page(b"x" * (17 * 1024 * 1024), ALL) is ReadingTrouble.FAILED
    assert not process.running
