"""What the terminal and its reading process tell each other: nothing that was not asked for gets through."""

from __future__ import annotations

import base64
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.card.api import Assurance, CanKey, CardTrouble, Check, MrzKey
from devices.card.child import Desk, serve
from devices.card.message import (
    LONGEST,
    BadMessage,
    ReaderBug,
    Request,
    frame,
    length_in,
    pack_failure,
    pack_finding,
    pack_request,
    unpack_answer,
    unpack_request,
)
from devices.card.profile import ProfileRead, Wish
from devices.card.readout import Finding
from devices.card.sim import InProcessLink, InProcessSlot
from devices.card.slot import CardDamaged, CardError, CardGone, CardHeld, Place, Slot, SlotLost, SlotView
from tests.support.card_rig import TODAY, card

WISH = Wish(fields=frozenset(("name", "photo")), today=TODAY)
READ = ProfileRead(
    assurance=Assurance.SIGNED, fields={"name": "王秀英"}, checks=(Check("a-check", False),), photo=b"\xff\xd8"
)


@pytest.mark.parametrize(
    "wish",
    [
        WISH,
        Wish(fields=frozenset(), today=date(2030, 1, 2), key=CanKey("123456"), trust=Path("/etc/csca")),
        Wish(fields=frozenset(("name",)), today=TODAY, key=MrzKey("E12345678", "680312", "390602")),
    ],
)
def test_a_request_arrives_as_it_was_sent(wish: Wish) -> None:
    request = Request(place=Place("pcsc:ACS ACR39U 00 00", 7), wish=wish, reset=True)
    assert unpack_request(pack_request(request)) == request


@pytest.mark.parametrize("finding", [CardTrouble.EXPIRED, ("travel-document", READ)])
def test_a_finding_arrives_as_it_was_sent(finding: Finding) -> None:
    assert unpack_answer(pack_finding(finding), WISH) == finding


@pytest.mark.parametrize("kind", [CardGone, CardHeld, SlotLost])
def test_what_became_of_the_link_is_raised_again(kind: type[Exception]) -> None:
    with pytest.raises(kind):
        unpack_answer(pack_failure(kind("王秀英")), WISH)


def test_other_errors_are_troubles_and_bugs_only_types() -> None:
    assert unpack_answer(pack_failure(CardDamaged("王秀英")), WISH) is CardTrouble.UNREADABLE
    raw = pack_failure(ValueError("王秀英"))
    assert "王" not in raw.decode()
    with pytest.raises(ReaderBug, match=r"^ValueError$"):
        unpack_answer(raw, WISH)


def _read(**changed: Any) -> dict[str, Any]:
    good = json.loads(pack_finding(("travel-document", READ)))
    return {**good, **changed}


@pytest.mark.parametrize(
    "said",
    [
        _read(fields={"id_number": "999999196803120029"}),
        _read(fields={"photo": "x"}),
        _read(fields={"name": 7}),
        _read(fields={"name": ""}),
        _read(fields={"name": "x" * 513}),
        _read(fields={"name": "王\n英"}),
        _read(fields=[]),
        _read(checks=[["a-check"]]),
        _read(checks=[["A check!", True]]),
        _read(checks=[["a-check", 1]]),
        _read(checks=[["a-check", True]] * 65),
        _read(profile="../../x"),
        _read(assurance="certain"),
        _read(photo="\u00ff"),
        _read(photo="abc"),
        _read(photo=7),
        _read(more="x"),
        {"trouble": "no-such"},
        {"trouble": "card-mute", "more": 1},
        {"link": "torn"},
        {"bug": "a b"},
        {},
        [],
        None,
    ],
)
def test_anything_else_is_no_answer(said: object) -> None:
    with pytest.raises(BadMessage):
        unpack_answer(json.dumps(said).encode(), WISH)


def test_a_photo_comes_only_when_it_was_asked_for() -> None:
    with pytest.raises(BadMessage, match="nobody asked"):
        unpack_answer(pack_finding(("x", READ)), Wish(fields=frozenset(("name",)), today=TODAY))


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[" * 100_000, b'"\\ud800"', b"1e999", b"NaN"])
def test_what_is_no_message_is_none(raw: bytes) -> None:
    with pytest.raises(BadMessage):
        unpack_answer(raw, WISH)


text = st.text("ab-王\n\ud800", max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)
likely = st.fixed_dictionaries(
    {},
    optional={
        "profile": st.just("x") | json_values,
        "assurance": st.sampled_from(["signed", "unsigned", "x"]),
        "fields": st.dictionaries(st.sampled_from(["name", "photo", "id_number"]), json_values, max_size=3),
        "checks": st.lists(st.lists(json_values, max_size=3), max_size=3) | json_values,
        "photo": st.none()
        | st.text(max_size=8)
        | st.binary(max_size=8).map(lambda raw: base64.b64encode(raw).decode()),
        "trouble": st.sampled_from(["card-mute", "x"]),
        "link": st.sampled_from(["gone", "x"]),
    },
)


@given(st.binary(max_size=200) | likely.map(lambda said: json.dumps(said).encode()))
def test_no_answer_breaks_the_terminal(raw: bytes) -> None:
    try:
        finding = unpack_answer(raw, WISH)
    except (BadMessage, ReaderBug, CardGone, CardHeld, SlotLost):
        return
    if not isinstance(finding, CardTrouble):
        assert set(finding[1].fields) <= {"name"}


def test_lengths_are_bounded() -> None:
    assert length_in(frame(b"x")[:4]) == 1
    for head in (b"", b"\0\0\0\0", (LONGEST + 1).to_bytes(4, "big"), b"\xff\xff\xff\xff"):
        with pytest.raises(BadMessage):
            length_in(head)
    with pytest.raises(BadMessage):
        frame(bytes(LONGEST + 1))


# --- the reading process's own loop, over slots of this process -----------------------------------------------------


class Kept(InProcessSlot):
    """Notes whether it was let go of."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = False

    def close(self) -> None:
        self.closed = True


def _asked(slot: Slot, *requests: Request) -> list[bytes]:
    answers = io.BytesIO()
    asked = io.BytesIO(b"".join(frame(pack_request(request)) for request in requests))
    serve(asked, answers, Desk(lambda _: slot))
    raw, found = answers.getvalue(), list[bytes]()
    while raw:
        end = 4 + length_in(raw[:4])
        found.append(raw[4:end])
        raw = raw[end:]
    return found


def _request(card_number: int, *, fields: frozenset[str] = frozenset(("name",))) -> Request:
    return Request(place=Place("sim:nowhere", card_number), wish=Wish(fields=fields, today=TODAY), reset=False)


def test_one_read_is_answered_and_no_second_one() -> None:
    slot = Kept()
    slot.insert(card("wang"))
    (answer,) = _asked(slot, _request(1), _request(1))
    assert b"999999" not in answer  # what was not asked for does not leave the process
    finding = unpack_answer(answer, _request(1).wish)
    assert not isinstance(finding, CardTrouble)
    assert finding[1].fields == {"name": "王秀英"}
    assert slot.closed


def test_a_held_card_is_asked_for_again_by_the_same_process() -> None:
    slot = Kept()
    slot.insert(card("wang"))
    slot.hold(True)
    answers = _asked(slot, _request(1), _request(1))
    assert answers == [b'{"link":"held"}'] * 2
    assert slot.closed


def test_another_card_than_the_one_meant_is_not_read() -> None:
    slot = Kept()
    slot.insert(card("wang"))
    slot.insert(card("li"))
    assert _asked(slot, _request(1), _request(2)) == [b'{"link":"gone"}']


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (CardDamaged("王"), b'{"trouble":"card-unreadable"}'),
        (SlotLost("王"), b'{"link":"lost"}'),
        (RuntimeError("王"), b'{"bug":"RuntimeError"}'),
    ],
)
def test_whatever_goes_wrong_is_told_without_its_content(error: Exception, told: bytes) -> None:
    class Bad(Kept):
        def connect(self, view: SlotView, *, reset: bool = False) -> InProcessLink:
            raise error

    slot = Bad()
    slot.insert(card("wang"))
    assert _asked(slot, _request(1)) == [told]
    assert isinstance(error, CardError | SlotLost | RuntimeError)


def test_a_process_nobody_asks_just_ends() -> None:
    assert _asked(Kept()) == []
