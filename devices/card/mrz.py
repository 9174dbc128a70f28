"""From the lines a camera read to a machine readable zone, or to nothing: never to a guess.

Text recognition drops fillers, reads « for <, and mixes up O and 0, I and 1, B and 8 … A place that can only be a digit
or only a letter is mended by that alone. Where both may stand (numbers), a mend counts only when every check digit is
then right, it is the smallest mend that does so, and no other of that size does. G and 6 weigh the same in a check
digit (16 and 6, modulo 10), so between those two the camera is believed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import combinations, groupby

from devices.card.api import CanKey
from devices.card.mrz_zone import Mrz, MrzError, MrzKind, parse_mrz

__all__ = ["Mrz", "MrzError", "MrzKind", "can_from", "find_mrz", "parse_mrz"]

_AS_DIGIT = str.maketrans("OQDILZSGB", "000112568")
_AS_LETTER = str.maketrans("012568", "OIZSGB")
_EITHER = {**dict(zip("OQDIZSB", "0001258", strict=True)), **dict(zip("01258", "OIZSB", strict=True))}
_FILLERS = str.maketrans(dict.fromkeys("‹〈≤⟨([{", "<") | dict.fromkeys("«《≪", "<<"))
_JUNK = re.compile(r"[^A-Z0-9<]")
_MOST_MENDS = 2
_MOST_TOO_MANY, _MOST_MISSING = 8, 32  # fillers
_MOST_LINES, _LONGEST_LINE = 64, 200

# What may stand at each place: n digit or filler, a letter or filler, x either; literally anything else.
_TD3 = ("aa" + "aaa" + "a" * 39, "x" * 9 + "n" + "aaa" + "nnnnnnn" + "a" + "nnnnnnn" + "x" * 14 + "nn")
_TD1 = ("aa" + "aaa" + "x" * 25, "nnnnnnn" + "a" + "nnnnnnn" + "aaa" + "x" * 11 + "n", "a" * 30)
_PERMIT = ("aa" + "x" * 9 + "n" + "a" + "nnnnnnn" + "a" + "nnnnnnn" + "a" + "n",)
# With the letters a zone of each may begin with: 9303-4 clause 4.2.2.1, 9303-5 clause 4.2.2.1.
_LAYOUTS = (("P", _TD3), ("ACI1", _TD1), ("C", _PERMIT))


def find_mrz(lines: Sequence[str]) -> Mrz | None:
    """The one zone in what the camera read, top to bottom; other text may stand around it, a printed line may come in
    two pieces or several in one. ``None`` without one, when a check digit is wrong, and when two readings are possible.
    """
    pieces = [piece for line in lines[:_MOST_LINES] if (piece := _clean(line[:_LONGEST_LINE]))]
    for first_letters, layout in _LAYOUTS:
        windows = (window for window in _windows(pieces, layout) if window[1][0] in first_letters)
        for _, alike in groupby(sorted(windows), key=lambda window: window[0]):
            found = {mrz for _, text in alike if (mrz := _mend(text, "".join(layout)))}
            if found:
                return found.pop() if len(found) == 1 else None
    return None


def can_from(text: str) -> CanKey | None:
    """The card access number in typed or recognised text: the only group of exactly six digits in it."""
    plain = unicodedata.normalize("NFKC", text[:_LONGEST_LINE])
    together = re.sub(r"(?<=[0-9])[ \t-](?=[0-9])", "", plain)
    groups = re.findall(r"(?<![0-9A-Za-z])[0-9]{6}(?![0-9A-Za-z])", together)
    return CanKey(groups[0]) if len(groups) == 1 and groups[0].isascii() else None


def _clean(line: str) -> str:
    plain = unicodedata.normalize("NFKC", line.translate(_FILLERS)).upper()
    return _JUNK.sub("", plain.translate(_FILLERS))


def _windows(pieces: Sequence[str], layout: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Every run of neighbouring pieces that may be this layout, its rows at their full length, and how much had to be
    put right for that."""
    whole = sum(map(len, layout))
    for start, piece in enumerate(pieces):
        if len(piece) == whole:
            yield 0, piece
        yield from _rows(pieces, start, layout)


def _rows(pieces: Sequence[str], start: int, layout: Sequence[str]) -> Iterator[tuple[int, str]]:
    if not layout:
        yield 0, ""
        return
    for count in (1, 2):
        if start + count > len(pieces):
            return
        read = "".join(pieces[start : start + count])
        row = _fit(read, layout[0])
        if row is not None:
            for effort, rest in _rows(pieces, start + count, layout[1:]):
                yield effort + count - 1 + abs(len(layout[0]) - len(read)), row + rest


def _fit(row: str, layout: str) -> str | None:
    """The row at its length. Fillers alone are miscounted: those at its end, or before a last check digit the longest
    run of them."""
    missing = len(layout) - len(row)
    if missing == 0:
        return row
    if not -_MOST_TOO_MANY <= missing <= _MOST_MISSING:
        return None
    if layout[-1] != "n":
        body = row.rstrip("<")
        return body.ljust(len(layout), "<") if len(body) <= len(layout) else None
    run = max(re.finditer("<+", row), key=lambda found: len(found.group()), default=None)
    if run is None or len(run.group()) + missing < 1:
        return None
    return row[: run.start()] + "<" * (len(run.group()) + missing) + row[run.end() :]


def _mend(text: str, layout: str) -> Mrz | None:
    typed = "".join(
        letter.translate(_AS_DIGIT) if kind == "n" else letter.translate(_AS_LETTER) if kind == "a" else letter
        for letter, kind in zip(text, layout, strict=True)
    )
    doubtful = [place for place, kind in enumerate(layout) if kind == "x" and typed[place] in _EITHER]
    for mends in range(min(_MOST_MENDS, len(doubtful)) + 1):
        sound = {
            mrz
            for places in combinations(doubtful, mends)
            if (mrz := _sound(_swapped(typed, places), layout)) is not None
        }
        if sound:
            return sound.pop() if len(sound) == 1 else None
    return None


def _swapped(text: str, places: tuple[int, ...]) -> str:
    letters = list(text)
    for place in places:
        letters[place] = _EITHER[letters[place]]
    return "".join(letters)


def _sound(text: str, layout: str) -> Mrz | None:
    if any(kind == "n" and "A" <= letter <= "Z" for letter, kind in zip(text, layout, strict=True)):
        return None
    try:
        mrz = parse_mrz(text)
    except MrzError:
        return None
    return mrz if mrz.sound else None
