"""What identity cards and their readers may send: frames of a security module, its text blocks, three kinds of card."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.fuzz.target import Fuzzed, Target


class Filled:
    """A card that accepts being selected and then answers from a script: length (one byte) and answer; a length of FF
    means as many bytes as were asked for, with status 9000; at its end, nothing but 9000."""

    atr = b"\x3b\x00"

    def __init__(self, script: bytes) -> None:
        self._left = script
        self._selected = False

    def exchange(self, command: bytes) -> bytes:
        """See :class:`devices.card.slot.Link`."""
        if not self._selected:
            self._selected = True
            return b"\x90\x00"
        length = self._left[0] if self._left else 0
        asked = (command[6] if command[0] == 0x80 and len(command) == 7 else command[-1]) or 256
        taken = asked if length == 0xFF else length
        answer, self._left = self._left[1 : 1 + taken], self._left[1 + taken :]
        return answer.ljust(asked) + b"\x90\x00" if length == 0xFF else answer or b"\x90\x00"

    def close(self) -> None: ...


def _sdt() -> Fuzzed:
    from devices.card.sam.sdt import LONGEST, AnswerParser

    def fuzz(raw: bytes) -> None:
        piece = raw[0] + 1 if raw else 1
        parser = AnswerParser()
        for at in range(1, len(raw), piece):
            answer = parser.feed(raw[at : at + piece])
            assert answer is None or len(answer.data) <= LONGEST - 4

    return fuzz


def _text_block() -> Fuzzed:
    from datetime import date

    from devices.card.profile import FIELDS, ProfileRead, Wish
    from devices.card.profiles.resident_identity import ResidentIdentityCard
    from devices.card.slot import CardError, SamLink, SamRecord

    wish = Wish(fields=FIELDS - {"photo"}, today=date(2026, 11, 25))  # looking for a decoder takes longer than all else

    class Record(SamLink):
        def __init__(self, text: bytes) -> None:
            self._text = text

        def read_card(self) -> SamRecord:
            return SamRecord(text=self._text, photo=bytes(1024))

        def close(self) -> None: ...

    def fuzz(raw: bytes) -> None:
        text = raw[1:] if raw[:1] == b"\xff" else raw[1:257].ljust(256, b"\x00")
        try:
            found = ResidentIdentityCard().read(Record(text), wish)
        except CardError:
            return
        if isinstance(found, ProfileRead):
            assert all(len(value) <= 128 for value in found.fields.values())

    return fuzz


def _national(name: str) -> Callable[[], Fuzzed]:
    def load() -> Fuzzed:
        from datetime import date

        from devices.card.profile import FIELDS, ProfileRead, Wish
        from devices.card.profiles import PROFILES
        from devices.card.slot import CardError, Channel

        (profile,) = (profile for profile in PROFILES if profile.name == name)
        wish = Wish(fields=FIELDS, today=date(2026, 11, 25))

        def fuzz(raw: bytes) -> None:
            try:
                found = profile.read(Channel(link=Filled(raw), give_up=lambda: False), wish)
            except CardError:
                return
            if isinstance(found, ProfileRead):
                assert all(len(value) <= 1024 for value in found.fields.values())

        return fuzz

    return load


_FRAMES = bytes.fromhex("AAAAAA9669 0008 00009F 00000000 97 FFAAAA AAAAAA9669 000400008084 AAAAAA96690508000090")
_RESIDENT = (
    "孙玉兰".ljust(15) + "201" + "19500412" + "某省某县".ljust(35) + "999999195004120028" + "某县公安局".ljust(15)
)
_FOREIGNER = "A B".ljust(60) + "1UTO999985010101UTO" + " " * 15 + "201903012029022819850101" + "011500I   "
_THAI = (b"0000000000019", "นาย#ก##ข".encode("tis-620"), b"Mr.#A##B", b"25280417", b"1", b"A", b"25650407", b"25740416")
_THAI_SIZES = (13, 100, 100, 8, 1, 100, 8, 8)
_MYKAD = (b"CONTOH".ljust(0x96) + b" " * 0x78 + b"850417990008 P        \x19\x85\x04\x17").ljust(0x157)
_IDENTITY = {3: b"16.04.2021", 4: b"16.04.2031", 6: b"85041700240", 7: b"V", 8: b"J", 12: b"17 AVR 1985", 13: b"F"}
_BELGIAN = b"".join(bytes((tag, len(value))) + value for tag, value in _IDENTITY.items()) + b"\x90\x00"

TARGETS: Mapping[str, Target] = {
    "sdt": Target(_sdt, (b"\x00" + _FRAMES, b"\x3f" + _FRAMES)),
    "text-block": Target(
        _text_block,
        tuple(b"\x00" + text.encode("utf-16-le") for text in (_RESIDENT + "20150601长期".ljust(34), _FOREIGNER)),
    ),
    "thai": Target(
        _national("thai-identity-card"),
        (b"".join(b"\xff" + part.ljust(size) for part, size in zip(_THAI, _THAI_SIZES, strict=True)),),
    ),
    "mykad": Target(_national("mykad"), (b"\x00\x00\xff" + _MYKAD[:0xF0] + b"\x00\x00\xff" + _MYKAD[0xF0:],)),
    "belgian": Target(_national("belgian-identity-card"), (bytes((len(_BELGIAN),)) + _BELGIAN,)),
}
"""Run by :mod:`tests.fuzz.card`."""
