"""The check characters of numbers that stand on papers, and the confusions that may be mended when they then hold.

A misread number is worse than none, so a character is only exchanged for its double (O for 0, l for 1) when the whole
number passes its check afterwards.
"""

from __future__ import annotations

import re
from datetime import date

_DOUBLES = str.maketrans({"O": "0", "o": "0", "D": "0", "Q": "0", "l": "1", "I": "1", "|": "1", "i": "1", "Z": "2",
                          "z": "2", "S": "5", "s": "5", "B": "8", "G": "6"})  # fmt: skip
_CHECK = "10X98765432"


def is_id_number(text: str) -> bool:
    """Whether ``text`` is a citizen identification number (GB 11643-1999): 17 digits with a possible birth date, and
    the check character of ISO 7064 MOD 11-2."""
    if re.fullmatch(r"[1-9][0-9]{16}[0-9X]", text, re.ASCII) is None:
        return False
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(text[:17]))
    return born.year >= 1880 and _CHECK[total % 11] == text[17]


def is_bank_card(text: str) -> bool:
    """Whether ``text`` may be a bank card's number (ISO/IEC 7812-1): 13 to 19 digits, the last a Luhn check digit, the
    first one of those that banks have (3 to 6; UnionPay 62, and 9 for China's older domestic cards)."""
    if re.fullmatch(r"[34569][0-9]{12,18}", text, re.ASCII) is None or len(set(text)) < 4:
        return False
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(text)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def mended(text: str, *, last_may_be_x: bool) -> str:
    """``text`` with each letter exchanged for the digit it may be mistaken for; the last may be an X."""
    if last_may_be_x and text[-1:] in "xX×":
        return text[:-1].translate(_DOUBLES) + "X"
    return text.translate(_DOUBLES)
