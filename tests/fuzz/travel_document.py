"""Fuzz targets of travel documents: what a chip, a signature on it or a camera says (see :mod:`tests.fuzz.card`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib import import_module

from tests.fuzz.target import Fuzzed, Target


def _quietly(module: str, name: str, **fixed: object) -> Callable[[], Fuzzed]:
    """A parser of ``devices.card``, its defined errors caught."""

    def load() -> Fuzzed:
        from devices.card.emrtd.asn1 import Unsupported
        from devices.card.mrz_zone import MrzError
        from devices.card.slot import CardError

        parse = getattr(import_module(f"devices.card.{module}"), name)

        def fuzz(raw: bytes) -> None:
            try:
                parse(raw, **fixed)
            except (CardError, Unsupported, MrzError):
                return

        return fuzz

    return load


def _infos() -> Fuzzed:
    from devices.card.emrtd.chip import chip_key
    from devices.card.emrtd.pace import choose
    from devices.card.emrtd.security_infos import security_infos
    from devices.card.slot import CardDamaged

    def fuzz(raw: bytes) -> None:
        try:
            infos = security_infos(raw)
            choose(infos)
            chip_key(infos)
        except CardDamaged:
            return

    return fuzz


def _points() -> Fuzzed:
    from devices.card.emrtd.curves import CURVES
    from devices.card.slot import CardDamaged

    def fuzz(raw: bytes) -> None:
        for curve in CURVES.values():
            try:
                x, y = curve.decode(raw)
            except CardDamaged:
                continue
            assert (y * y - x**3 - curve.a * x - curve.b) % curve.p == 0

    return fuzz


def _zone() -> Fuzzed:
    from devices.card.mrz import MrzError, parse_mrz

    def fuzz(raw: bytes) -> None:
        try:
            mrz = parse_mrz(raw.decode("latin-1"))
        except MrzError:
            return
        assert len(mrz.key.birth_date) == len(mrz.key.expires) == 6

    return fuzz


def _lines() -> Fuzzed:
    from devices.card.mrz import can_from, find_mrz

    def fuzz(raw: bytes) -> None:
        text = raw.decode("utf-8", "replace")
        mrz, can = find_mrz(text.split("\n")), can_from(text)
        assert mrz is None or mrz.sound
        assert can is None or len(can.digits) == 6

    return fuzz


def _dialogue() -> Fuzzed:
    """The whole profile with a chip that answers from the input: a length byte, and as many bytes."""
    from devices.card.api import MrzKey
    from devices.card.profile import FIELDS, Wish
    from devices.card.profiles.travel_document import TravelDocument
    from devices.card.slot import CardError, Channel

    wish = Wish(fields=FIELDS, today=date(2026, 11, 23), key=MrzKey("L898902C3", "740812", "320415"))

    class Chip:
        atr = b""

        def __init__(self, script: bytes) -> None:
            self._left = script

        def exchange(self, command: bytes) -> bytes:
            count = self._left[0] if self._left else 0
            answer, self._left = self._left[1 : 1 + count], self._left[1 + count :]
            return answer or b"\x6f\x00"

        def close(self) -> None: ...

    def fuzz(raw: bytes) -> None:
        try:
            TravelDocument().read(Channel(link=Chip(raw), give_up=lambda: False), wish)
        except CardError:
            return

    return fuzz


def _files(*numbers: int) -> Callable[[], Sequence[bytes]]:
    """Files of an invented passport."""

    def make() -> Sequence[bytes]:
        from devices.card.sim_emrtd import DEMO_HOLDERS, Issue, demo_state, issue

        written = issue(DEMO_HOLDERS["passport"], demo_state(), Issue(active="ec", picture_bytes=10)).written
        return [written.files[number][:1500] for number in numbers]

    return make


def _inside(number: int, tag: int) -> Callable[[], Sequence[bytes]]:
    def make() -> Sequence[bytes]:
        from devices.card.emrtd import ber

        return [ber.only(raw, tag) for raw in _files(number)()]

    return make


def _content() -> Sequence[bytes]:
    from devices.card.emrtd.asn1 import read_signed

    return [read_signed(raw).content for raw in _inside(0x011D, 0x77)()]


def _root() -> Sequence[bytes]:
    from devices.card.sim_emrtd import demo_state

    return [demo_state().root_der]


_PASSPORT = (
    b"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    b"L898902C36UTO7408122F1204159ZE184226B<<<<<10",
)
_CARD = (b"I<UTOD231458907<<<<<<<<<<<<<<<", b"7408122F1204159UTO<<<<<<<<<<<6", b"ERIKSSON<<ANNA<MARIA<<<<<<<<<<")
_PERMIT = (b"CSC000000048<3110142<6903125<2",)
_ZONES = (_PASSPORT, _CARD, _PERMIT)
_PACE_OFFER = bytes.fromhex("31143012060A04007F0007020204020202010202010D")
_EXTENDED = bytes.fromhex("4301807F66080202080002020800")
_START = (
    b"\x02\x90\x00\x02\x90\x00"
    + bytes((8,))
    + _PACE_OFFER[:6]
    + b"\x90\x00"
    + bytes((18,))
    + _PACE_OFFER[6:]
    + b"\x90\x00"
)

TARGETS: Mapping[str, Target] = {
    "ber-tlv": Target(_quietly("emrtd.ber", "by_tag"), (_PACE_OFFER, _EXTENDED)),
    "ef-com": Target(_quietly("emrtd.lds", "groups_in_com"), make_seeds=_files(0x011E)),
    "dg1": Target(_quietly("emrtd.lds", "read_dg1"), make_seeds=_files(0x0101)),
    "dg2": Target(_quietly("emrtd.photo", "read_photo"), make_seeds=_files(0x0102)),
    "dg11": Target(_quietly("emrtd.lds", "read_dg11"), make_seeds=_files(0x010B)),
    "security-infos": Target(_infos, (_PACE_OFFER,), _inside(0x010E, 0x6E)),
    "dg15": Target(_quietly("emrtd.asn1", "read_public_key"), make_seeds=_inside(0x010F, 0x6F)),
    "ef-sod": Target(_quietly("emrtd.security_object", "read_security_object"), make_seeds=_files(0x011D)),
    "cms": Target(_quietly("emrtd.asn1", "read_signed"), make_seeds=_inside(0x011D, 0x77)),
    "group-hashes": Target(_quietly("emrtd.asn1", "read_group_hashes"), make_seeds=_content),
    "certificate": Target(_quietly("emrtd.asn1", "read_certificate"), make_seeds=_root),
    "master-list": Target(
        _quietly("emrtd.asn1", "certificates_in", is_master_list=True), make_seeds=_inside(0x011D, 0x77)
    ),
    "points": Target(_points, (b"\x04" + bytes(64),)),
    "atr-info": Target(_quietly("emrtd.lengths", "longest_answer"), (_EXTENDED,)),
    "mrz": Target(_zone, tuple(b"".join(lines) for lines in _ZONES)),
    "mrz-lines": Target(_lines, tuple(b"\n".join(lines) for lines in _ZONES)),
    "travel-document": Target(_dialogue, (_START,)),
}
