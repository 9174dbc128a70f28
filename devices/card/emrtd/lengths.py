"""How long an answer may get: whether a chip takes extended lengths (ICAO 9303-10 clause 3.6.4).

Longer answers mean far fewer commands for a photo. A chip that does not say so in EF.ATR/INFO is asked in short ones.
"""

from __future__ import annotations

from devices.card.emrtd import ber
from devices.card.slot import CardDamaged

SHORT = 256
_EXTENDED_LENGTHS = 0x7F66
# What a reader's own buffers hold in most cases; more saves nothing noticeable.
_LONGEST = 4096


def longest_answer(atr_info: bytes) -> int:
    """The most bytes of data in one answer, by the content of EF.ATR/INFO; broken content says nothing."""
    try:
        sizes = ber.parse(ber.by_tag(atr_info)[_EXTENDED_LENGTHS])
    except (CardDamaged, KeyError):
        return SHORT
    if [item.tag for item in sizes] != [0x02, 0x02]:
        return SHORT
    # The largest command first, then the largest answer, both with their framing; two bytes of it are the status.
    command, answer = (int.from_bytes(item.value, "big") for item in sizes)
    return max(SHORT, min(answer - 2, _LONGEST)) if command > SHORT else SHORT
