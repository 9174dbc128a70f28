"""What opens a travel document, out of the live picture: two readings must agree before it is believed.

First the strip of its machine readable zone, which costs milliseconds to find and a third of a second to read. Where
there is none (a card lying with its printed side up), the whole side is read now and then for a card access number.
"""

from __future__ import annotations

from devices.camera.api import Corners, Finding, Picture
from devices.camera.page import find_page
from devices.camera.reading.api import Kind, Read, Reader, ReadingTrouble
from devices.camera.reading.zone import find_zone
from devices.camera.scan import straighten
from devices.card.api import DocumentKey
from devices.card.mrz import can_from, find_mrz
from kiosk.journey.states import Sight

_CARD_SHORT_SIDE = 54.0
"""Millimetres (ISO/IEC 7810, ID-1): a whole side is read for a card access number only."""
_BEFORE_SIDE = 12
"""Pictures without a zone before the whole side is read; each such reading takes a second or two."""
_UNCLEAR = 3
"""Readings of a zone that gave nothing, one after the other, before the resident is asked to lay it better."""
_UNFIT = frozenset({Finding.BLURRED, Finding.COVERED, Finding.CUT_OFF, Finding.TOO_DARK, Finding.NO_PAPER})


class KeyWatch:
    """Looks at one live picture after the other, on one thread; ``reader`` is asked while it waits."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._once: DocumentKey | None = None
        self._failed = 0
        self._without = 0
        self.sight = Sight.NOTHING
        self.corners: Corners | None = None

    def see(self, picture: Picture) -> DocumentKey | None:
        """The key that is certain by this picture; ``sight`` and ``corners`` tell what is seen meanwhile."""
        zone = find_zone(picture)
        if zone is not None:
            self.corners = zone.corners
            if self.sight is Sight.NOTHING:
                self.sight = Sight.SEEN
            key = _key(self._reader.zone(zone.lines))
            if key is not None:
                self._without = 0
                return self._agreed(key)
            self._agreed(None)
            self._without += _BEFORE_SIDE // _UNCLEAR  # perhaps it is none, but print that looks like it
        self._without += 1
        return self._side(picture) if self._without >= _BEFORE_SIDE else None

    def _side(self, picture: Picture) -> DocumentKey | None:
        """Read the whole side that lies there for its access number."""
        self._without = 0
        page = find_page(picture, fast=True, short_side_mm=_CARD_SHORT_SIDE)
        if page.corners is None or _UNFIT.intersection(page.findings):
            self.sight, self._once, self.corners = Sight.NOTHING, None, None
            return None
        self.corners = page.corners
        key = _key(self._reader.page(straighten(picture, page.corners).jpeg, frozenset({Kind.CAN})))
        if key is None:
            return None
        self._without = _BEFORE_SIDE  # the second reading comes at once
        return self._agreed(key)

    def _agreed(self, key: DocumentKey | ReadingTrouble | None) -> DocumentKey | None:
        match key:
            case ReadingTrouble.STOPPED:
                return None
            case ReadingTrouble.FAILED:
                self.sight = Sight.BROKEN
                return None
            case None | ReadingTrouble.SLOW:
                self._failed += 1
                if self._failed >= _UNCLEAR:
                    self.sight = Sight.UNCLEAR
                return None
            case _:
                self._failed, self.sight = 0, Sight.SEEN
                certain = key == self._once
                self._once = key
                return key if certain else None


def _key(read: Read) -> DocumentKey | ReadingTrouble | None:
    if isinstance(read, ReadingTrouble):
        return read
    mrz = find_mrz([each.text for each in read if each.kind is Kind.MRZ])
    if mrz is not None:
        return mrz.key
    cans = [each.text for each in read if each.kind is Kind.CAN]
    return can_from(cans[0]) if len(cans) == 1 else None
