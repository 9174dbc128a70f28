"""What every card reader promises (:class:`devices.card.api.CardReader`), for simulators and hardware alike."""

from __future__ import annotations

import time

from devices.card.api import (
    CardFailed,
    CardRead,
    CardReader,
    CardState,
    CardTrouble,
    NoCard,
    NoReader,
    NoService,
    Reading,
)
from devices.trial import Act, Broken, Hands, Heard, Trial, by_hand, promised

_STOP_S = 3.0


def _started(reader: CardReader) -> Heard[CardState]:
    heard: Heard[CardState] = Heard()
    reader.start(heard.put)
    return heard


def _empty(heard: Heard[CardState]) -> None:
    heard.next("an empty reader", NoCard)


def _read(heard: Heard[CardState]) -> CardRead:
    end = heard.next("the end of a read", CardRead, CardFailed)
    if isinstance(end, CardFailed):
        raise Broken(f"the card gave no read: {end.trouble.value}")
    return end


def _reads_a_card(reader: CardReader, hands: Hands) -> None:
    heard = _started(reader)
    _empty(heard)
    by_hand(hands, Act.LAY_CARD)
    reading = heard.next("that a card is being read", Reading)
    read = _read(heard)
    promised(read.insertion >= reading.insertion, "the read belongs to an earlier insertion")
    promised(bool(read.fields), "the read has no field")
    by_hand(hands, Act.LIFT_CARD)
    _empty(heard)


def _counts_insertions(reader: CardReader, hands: Hands) -> None:
    heard = _started(reader)
    seen: list[int] = []
    for _ in range(2):
        _empty(heard)
        by_hand(hands, Act.LAY_CARD)
        seen.append(_read(heard).insertion)
        by_hand(hands, Act.LIFT_CARD)
    promised(seen[1] > seen[0], "a card laid on again was not counted anew")


def _drops_a_card_pulled_early(reader: CardReader, hands: Hands) -> None:
    heard = _started(reader)
    _empty(heard)
    by_hand(hands, Act.PULL_CARD_EARLY)
    # How far the read got is the hand's luck; that it ends, and that nothing stays, is not.
    end = heard.next("the end of a read", CardRead, CardFailed, NoCard)
    if isinstance(end, CardFailed):
        promised(
            end.trouble in (CardTrouble.PULLED, CardTrouble.MUTE, CardTrouble.UNREADABLE),
            f"a card pulled early was called {end.trouble.value}",
        )
    if not isinstance(end, NoCard):
        _empty(heard)
    by_hand(hands, Act.LAY_CARD)
    _read(heard)
    by_hand(hands, Act.LIFT_CARD)


def _outlives_its_cable(reader: CardReader, hands: Hands) -> None:
    heard = _started(reader)
    _empty(heard)
    by_hand(hands, Act.UNPLUG_READER)
    heard.next("an unplugged reader", NoReader, NoService)
    by_hand(hands, Act.PLUG_READER)
    _empty(heard)
    by_hand(hands, Act.LAY_CARD)
    _read(heard)
    by_hand(hands, Act.LIFT_CARD)


def _stops_and_starts(reader: CardReader, _: Hands) -> None:
    heard = _started(reader)
    heard.next("the first state", object)
    began = time.monotonic()
    reader.stop()
    reader.stop()
    promised(time.monotonic() - began < _STOP_S, f"stopping took longer than {_STOP_S:g} s")
    again = _started(reader)
    again.next("the first state after a restart", object)


TRIALS: tuple[Trial[CardReader], ...] = (
    Trial("card-stops-and-starts", _stops_and_starts),
    Trial("card-is-read", _reads_a_card),
    Trial("card-insertions-count", _counts_insertions),
    Trial("card-pulled-early-leaves-nothing", _drops_a_card_pulled_early),
    Trial("card-reader-replugged", _outlives_its_cable),
)
