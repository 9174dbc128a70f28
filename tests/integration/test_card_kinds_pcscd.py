"""Each kind of card that takes commands, and a security module that a reader hands out, through a real pcscd."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import pytest

from tests.support.pcscd import PcscdNamespace, missing

pytestmark = pytest.mark.pcscd

_READ_EACH = """
import json, sys
from datetime import date
from devices.card.api import CardRead
from devices.card.pcsc import PcscSlot
from devices.card.profile import FIELDS
from devices.card.reader import WatchedReader, read_once
from devices.card.sim import VpcdLink
from devices.card.sim_national import JPEG, belgian_card, mykad, thai_card

link = VpcdLink()
for card in (thai_card(), mykad(), belgian_card()):
    link.insert(card)
    slot = PcscSlot(names=(sys.argv[1],))
    read = read_once(WatchedReader(slot=slot, fields=FIELDS, today=lambda: date(2026, 11, 25)), 10)
    assert isinstance(read, CardRead), read
    assert read.photo == JPEG
    print(json.dumps([read.profile, dict(read.fields), [check.passed for check in read.checks]]))
    link.remove()
"""

_READ_MODULE = """
import sys
from devices.card.addresses import open_slots
from devices.card.sim import VpcdLink
from devices.card.sim_sam import SamChip, SimulatedSam, demo_sam_cards
from devices.card.slot import Presence, SlotView

sam, link = SimulatedSam(), VpcdLink()
(slot,) = open_slots([f"sdt-pcsc:{sys.argv[1]}"])
assert slot.look(None, 0) == SlotView(Presence.NO_READER)
link.insert(SamChip(sam))
assert slot.look(SlotView(Presence.NO_READER), 10) == SlotView(Presence.EMPTY)
laid = demo_sam_cards()["zhou"]
sam.lay(laid)
view = slot.look(SlotView(Presence.EMPTY), 10)
assert view.presence is Presence.CARD
record = slot.connect(view).read_card()
assert (record.text, record.photo) == (laid.text, laid.photo)
print(slot.sam_number())
sam.lift()
assert slot.look(view, 10) == SlotView(Presence.EMPTY)
link.remove()
assert slot.look(SlotView(Presence.EMPTY), 10) == SlotView(Presence.NO_READER)
slot.close()
(other,) = open_slots([f"sdt-pcsc:{sys.argv[1]}?header=FFC20001"])
link.insert(SamChip(sam))
assert other.look(None, 2) == SlotView(Presence.NO_READER)  # refuses a header it does not know
other.close()
link.remove()
"""


@pytest.fixture(scope="module")
def hall() -> Iterator[PcscdNamespace]:
    if reason := missing():
        pytest.skip(reason)
    with PcscdNamespace() as hall:
        yield hall


def test_thai_mykad_and_belgian_cards(hall: PcscdNamespace) -> None:
    done = hall.run([sys.executable, "-W", "error", "-c", _READ_EACH, hall.reader])
    assert done.returncode == 0, done.stderr
    thai, malay, belgian = (json.loads(line) for line in done.stdout.splitlines())
    assert thai[0] == "thai-identity-card"
    assert thai[1]["name"] == "สมมติ ตัวอย่าง"
    assert malay[0] == "mykad"
    assert malay[1]["address"].startswith("NO 9 JALAN CONTOH 9/9, ")
    assert belgian[0] == "belgian-identity-card"
    assert belgian[1]["birth_date"] == "1985-04-17"
    assert all(passed for card in (thai, malay, belgian) for passed in card[2])


def test_a_security_module_that_its_reader_hands_out(hall: PcscdNamespace) -> None:
    done = hall.run([sys.executable, "-W", "error", "-c", _READ_MODULE, hall.reader])
    assert done.returncode == 0, done.stderr
    assert done.stdout == "05.01-20140101-0000000001-0123456789\n"
