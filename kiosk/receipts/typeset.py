"""Lines of Chinese and English that fit the paper.

Chinese breaks anywhere except before closing and after opening punctuation (GB/T 15834-2011, 5.1: marks
that may not begin or end a line); English breaks at spaces; a word longer than a line breaks where it must.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

_MAY_NOT_BEGIN = "，。、；：？！）》」』”’】〉…—·,.;:?!)]}%"
_MAY_NOT_END = "（《「『“‘【〈([{"
# Number-like words stay together: a case number broken in two is read wrongly over the telephone.
_PIECE = re.compile(r"[A-Za-z0-9À-ÿ'’/@#&+*_.:-]+|\s+|.", re.DOTALL)


def wrap(text: str, *, width: float, measure: Callable[[str], float]) -> list[str]:
    """*text* as lines of at most *width*, as *measure* measures them; at least one line, without spaces at the ends."""
    lines: list[str] = []
    line = ""
    for piece in _unbreakable(text):
        if measure((line + piece).rstrip()) <= width:
            line += piece
            continue
        if line.strip():
            lines.append(line.strip())
        line = piece.lstrip()
        while measure(line.rstrip()) > width and len(line) > 1:
            fitting = max(1, next((n for n in range(len(line), 0, -1) if measure(line[:n]) <= width), 1))
            lines.append(line[:fitting])
            line = line[fitting:]
    return [*lines, line.strip()] if line.strip() or not lines else lines


def balance(text: str, *, width: float, measure: Callable[[str], float]) -> list[str]:
    """As :func:`wrap`, in as many lines, but for headings: broken where a comma stands if that fits, else into lines of
    about the same length, so that no word is left alone."""
    measure = functools.cache(measure)  # the same pieces are measured for every width; forgotten with this call
    lines = wrap(text, width=width, measure=measure)
    if len(lines) == 2:
        for mark in re.finditer("[，；。：]", text):
            halves = [text[: mark.end()].strip(), text[mark.end() :].strip()]
            if all(half and measure(half) <= width for half in halves):
                return halves
    for narrower in range(int(width) - 8, int(width) // 3, -8):
        tried = wrap(text, width=narrower, measure=measure)
        if len(tried) > len(lines) or any(measure(line) > narrower for line in tried):
            break
        lines = tried
    return lines


def _unbreakable(text: str) -> list[str]:
    pieces: list[str] = []
    for piece in _PIECE.findall(text):
        together = pieces and (piece[0] in _MAY_NOT_BEGIN or pieces[-1][-1] in _MAY_NOT_END)
        if together and not piece.isspace():
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces
