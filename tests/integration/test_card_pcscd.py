"""The card driver on a real pcscd: what only the real service can do to it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.card.api import CardFailed, CardRead, CardTrouble, NoCard, NoReader, NoService, Reading
from devices.card.sim_card import DEMO_PEOPLE
from tests.support.card_rig import PcscdRig, expect, wait_for
from tests.support.pcscd import PORT, PcscdNamespace, can_connect, missing

pytestmark = pytest.mark.pcscd

# What `kiosk card read` does, without the command line.
_READ_ONCE = """
import json, sys
from dataclasses import asdict
from datetime import date
from devices.card.pcsc import PcscSlot, list_readers
from devices.card.reader import WatchedReader, read_once
slot = PcscSlot(names=tuple(filter(None, sys.argv[1:2])))
reader = WatchedReader(slot=slot, fields=frozenset(sys.argv[3].split()), today=lambda: date(2026, 11, 23))
state = read_once(reader, float(sys.argv[2]))
print(json.dumps({"kind": type(state).__name__, "readers": list_readers(), **asdict(state)}))
"""


@pytest.fixture
def hall() -> Iterator[PcscdNamespace]:
    if reason := missing():
        pytest.skip(reason)
    with PcscdNamespace() as hall:
        yield hall


@pytest.fixture
def rig(hall: PcscdNamespace) -> Iterator[PcscdRig]:
    rig = PcscdRig(hall)
    yield rig
    rig.close()


def _read_once(hall: PcscdNamespace, reader: str, wait: float, fields: str = "name") -> dict[str, object]:
    done = hall.run([sys.executable, "-W", "error", "-c", _READ_ONCE, reader, str(wait), fields])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_killed_pcscd_is_survived_three_times(rig: PcscdRig) -> None:
    rig.start()
    expect(rig, NoCard)
    rig.insert("abdu")
    expect(rig, Reading)
    first = expect(rig, CardRead)
    for _ in range(3):
        rig.serve(False)
        expect(rig, NoService)
        rig.serve(True)
        again = wait_for(rig, CardRead, passing=(NoReader, NoCard, Reading))
        assert again.fields == first.fields
        assert again.insertion == first.insertion + 1
        first = again


def test_a_service_that_starts_late_is_found(rig: PcscdRig) -> None:
    rig.serve(False)
    rig.start()
    expect(rig, NoService)
    rig.serve(True)
    wait_for(rig, NoCard, passing=(NoReader,))
    rig.insert("li")
    expect(rig, Reading)
    assert expect(rig, CardRead).fields["name"] == "李建国"


def test_a_reader_that_was_away_is_taken_up_again(hall: PcscdNamespace, rig: PcscdRig) -> None:
    hall.restart_pcscd(readers=False)
    rig.start()
    expect(rig, NoReader)
    hall.restart_pcscd()
    wait_for(rig, NoCard, passing=(NoService, NoReader))
    rig.insert("wang")
    expect(rig, Reading)
    assert expect(rig, CardRead).fields["name"] == "王秀英"


def test_a_card_swapped_between_two_polls_is_the_new_one_only(rig: PcscdRig) -> None:
    rig.start()
    expect(rig, NoCard)
    rig.insert("wang:pulled_after=12")
    expect(rig, Reading)
    rig.wait_pulled()
    rig.insert("li")  # well within pcscd's 0.4 s
    read = wait_for(rig, CardRead, passing=(Reading, CardFailed, NoCard))
    assert read.insertion > 1
    assert (read.fields["name"], read.fields["id_number"]) == ("李建国", "999999198509170032")
    assert all(check.passed for check in read.checks)


def test_a_card_that_breaks_off_and_comes_back_at_once_is_read(rig: PcscdRig) -> None:
    rig.start()
    expect(rig, NoCard)
    for insertion in (1, 2, 3):
        rig.insert("wang:pulled_after=3")
        reading = wait_for(rig, Reading, passing=(NoCard,))
        assert expect(rig, CardFailed) == CardFailed(reading.insertion, CardTrouble.PULLED)
        assert reading.insertion == insertion
    rig.insert("wang")
    read = wait_for(rig, CardRead, passing=(NoCard, Reading))
    assert read.fields["name"] == "王秀英"


@pytest.fixture
def pair(hall: PcscdNamespace) -> Iterator[PcscdRig]:
    """Whichever readers there are: vpcd's two."""
    rig = PcscdRig(hall, "pcsc:")
    yield rig
    rig.close()


def test_of_two_cards_none_is_told_and_the_one_left_is_read_anew(pair: PcscdRig) -> None:
    pair.start()
    expect(pair, NoCard)
    pair.insert("wang", 0)
    expect(pair, Reading)
    assert expect(pair, CardRead).fields["name"] == "王秀英"
    pair.insert("li", 1)
    two = expect(pair, CardFailed)
    assert two.trouble is CardTrouble.TWO_CARDS
    pair.remove(0)
    reading = expect(pair, Reading)
    read = expect(pair, CardRead)
    assert (read.insertion, read.fields["name"]) == (reading.insertion, "李建国")
    assert reading.insertion > two.insertion
    pair.remove(1)
    expect(pair, NoCard)


def test_a_renamed_reader_is_found_by_what_its_names_share(hall: PcscdNamespace) -> None:
    rig = PcscdRig(hall, "pcsc:PCD", "pcsc:No Such Reader")
    try:
        rig.start()
        expect(rig, NoCard)
        hall.restart_pcscd(name="Renamed PCD")
        rig.insert("wang")
        read = wait_for(rig, CardRead, passing=(NoService, NoReader, NoCard, Reading))
        assert read.fields["name"] == "王秀英"
    finally:
        rig.close()


_READ_AND_WAIT = """
import sys
from datetime import date
from devices.card.opening import open_readers
from devices.card.reader import read_once
command = (sys.executable, "-m", "devices.card.child")
readers = open_readers(["pcsc:"], fields=frozenset(("name",)), today=lambda: date(2026, 11, 23), command=command)
state = read_once(readers, 10)
print(type(state).__name__, flush=True)
sys.stdin.read()
"""


def test_what_was_not_asked_for_never_is_in_the_terminals_memory(hall: PcscdNamespace) -> None:
    laid = hall.lay_card("wang")
    terminal = hall.popen([sys.executable, "-c", _READ_AND_WAIT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert terminal.stdout is not None
    assert terminal.stdout.readline() == "CardRead\n"
    wang = DEMO_PEOPLE["wang"]
    held = _writable_memory(terminal.pid)
    assert held.count(wang.name.encode("utf-16-le")) > 0  # as CPython keeps it: the search itself works
    for secret in (wang.id_number, wang.card_number):
        assert secret.encode() not in held
        assert secret.encode("utf-16-le") not in held
    laid.remove()


def _writable_memory(pid: int) -> bytes:
    held: list[bytes] = []
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in maps:
            area, rights = line.split()[:2]
            if rights.startswith("rw"):
                first, last = (int(end, 16) for end in area.split("-"))
                memory.seek(first)
                held.append(memory.read(last - first))
    return b"".join(held)


def test_one_read_gives_only_what_was_asked_for(hall: PcscdNamespace) -> None:
    laid = hall.lay_card("wang")
    read = _read_once(hall, hall.reader, 10, "name birth_date")
    laid.remove()
    assert read["kind"] == "CardRead"
    assert read["fields"] == {"name": "王秀英", "birth_date": "1968-03-12"}
    assert read["readers"] == ["Virtual PCD 00 00", "Virtual PCD 00 01"]
    assert hall.log == ""


def test_any_reader_will_do_when_none_is_named(hall: PcscdNamespace) -> None:
    hall.lay_card("li", reader=1)
    assert _read_once(hall, "", 10)["fields"] == {"name": "李建国"}
    # Renamed after replugging: another reader number, the same slot.
    assert _read_once(hall, "Virtual PCD 07 01", 10)["fields"] == {"name": "李建国"}
    assert _read_once(hall, hall.reader, 0.2)["kind"] == "NoCard"


def test_one_read_names_what_is_missing(hall: PcscdNamespace) -> None:
    assert _read_once(hall, "No Such Reader", 0)["kind"] == "NoReader"
    assert _read_once(hall, hall.reader, 0)["kind"] == "NoCard"
    hall.kill_pcscd()
    gone = _read_once(hall, hall.reader, 0)
    assert (gone["kind"], gone["readers"]) == ("NoService", None)


def test_namespaces_stand_side_by_side_and_closed(hall: PcscdNamespace) -> None:
    with PcscdNamespace() as other:
        hall.lay_card("wang")
        other.lay_card("li")
        assert _read_once(hall, hall.reader, 10)["fields"] == {"name": "王秀英"}
        assert _read_once(other, other.reader, 10)["fields"] == {"name": "李建国"}
        assert not can_connect(PORT)
