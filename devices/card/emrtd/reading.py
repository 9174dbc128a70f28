"""One opened travel document, read in the order in which each step makes the next one trustworthy.

First what the issuer signed (EF.SOD), then whether this is the chip it was signed for, then the data, each file
compared with its signed hash at once. A difference ends the read: nothing of an altered document is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from devices.card.api import Assurance, Check
from devices.card.emrtd import files, lds
from devices.card.emrtd.active import is_active
from devices.card.emrtd.asn1 import Unsupported
from devices.card.emrtd.chip import chip_key, open_with_chip_key
from devices.card.emrtd.errors import Altered
from devices.card.emrtd.messaging import SecureTalk
from devices.card.emrtd.security_infos import PACE_ECDH_GM, SecurityInfo, security_infos
from devices.card.emrtd.security_object import SecurityObject, read_security_object
from devices.card.emrtd.trust import Issuer, judge_signer
from devices.card.slot import CardDamaged

# Largest files that are read. ICAO 9303-10 names no limit; its own sizing for a photo is 12 to 20 KB.
_MOST = {lds.DG1: 256, lds.DG2: 128 * 1024, lds.DG11: 4096, lds.DG14: 8192, lds.DG15: 4096}
_MOST_COM, _MOST_SECURITY_OBJECT = 256, 32 * 1024


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far what was read can be trusted, and by which checks."""

    assurance: Assurance
    checks: tuple[Check, ...]


class Document:
    """A document whose lock is open."""

    def __init__(
        self, talk: SecureTalk, *, offered: Sequence[SecurityInfo] | None, trust: Path | None, today: date
    ) -> None:
        """``offered`` is what EF.CardAccess said, ``None`` where the chip had no such file. ``trust`` is the folder of
        roots, ``today`` decides which are valid."""
        self._talk = talk
        self._offered = offered
        self._checks: list[Check] = []
        self._is_own_chip = False
        self._infos: tuple[SecurityInfo, ...] = ()
        self._listed = self._read_com()
        self._signed = self._read_security_object()
        # The issuer is judged while the chip sends its files: that takes a folder's reading and a signature.
        with_files = ThreadPoolExecutor(1, thread_name_prefix="issuer")
        self._issuer = with_files.submit(judge_signer, self._signed.signer, trust, today) if self._signed else None
        with_files.shutdown(wait=False)
        self._groups = frozenset(self._signed.hashes) if self._signed else self._listed
        if self._signed is not None:
            self._note("com-matches-security-object", self._listed <= self._groups)

    def group(self, number: int) -> bytes | None:
        """A data group's file, compared with its signed hash; ``None`` where the document has none. Raises
        :class:`Altered`, and the errors of :mod:`devices.card.slot`."""
        if number not in self._groups:
            return None
        raw = self._read(lds.file_of(number), most=_MOST[number])
        if raw is None:
            raise CardDamaged(f"DG{number} is not there")
        if self._signed is not None:
            try:
                if not self._signed.covers(number, raw):
                    raise Altered(f"DG{number}")
            except Unsupported:
                self._note(f"dg{number}-hash", False)
                self._signed = None
            else:
                self._note(f"dg{number}-hash", True)
        return raw

    def authenticate_chip(self) -> None:
        """Make sure that this is the chip the data were written to, where it has a key for that. Raises
        :class:`Altered` for one that has another."""
        raw = self.group(lds.DG14)
        if raw is not None:
            self._infos = security_infos(lds.content_of(lds.DG14, raw))
            self._compare_card_access()
            if self._agree_with_chip():
                return
        key = self.group(lds.DG15)
        if key is not None:
            try:
                active = is_active(self._talk, lds.content_of(lds.DG15, key), self._infos)
            except Unsupported:
                return
            if not active:
                raise Altered("active authentication")
            self._note("active-authentication", True)
            self._is_own_chip = True

    def verdict(self) -> Verdict:
        """What can be said now about all that was read. Raises :class:`Altered` for a forged signer."""
        issuer = Issuer.UNKNOWN if self._signed is None or self._issuer is None else self._issuer.result()
        self._note("issuer-known", issuer is not Issuer.UNKNOWN)
        if issuer is not Issuer.UNKNOWN:
            self._note("issuer-in-validity", issuer is Issuer.KNOWN)
        signed = issuer is Issuer.KNOWN
        self._note("passive-authentication", signed)
        assurance = Assurance.UNSIGNED
        if signed:
            assurance = Assurance.CHIP_AUTHENTICATED if self._is_own_chip else Assurance.SIGNED
        return Verdict(assurance, tuple(self._checks))

    def _note(self, name: str, passed: bool) -> None:
        self._checks.append(Check(name, passed))

    def _read(self, file: int, *, most: int) -> bytes | None:
        return files.read_selected(self._talk, most=most) if files.select(self._talk, file) else None

    def _read_com(self) -> frozenset[int]:
        raw = self._read(lds.COM, most=_MOST_COM)
        return frozenset() if raw is None else lds.groups_in_com(raw)

    def _read_security_object(self) -> SecurityObject | None:
        raw = self._read(lds.SECURITY_OBJECT, most=_MOST_SECURITY_OBJECT)
        if raw is None:
            raise CardDamaged("no EF.SOD")
        try:
            signed = read_security_object(raw)
        except Unsupported:
            self._note("security-object-signature", False)
            return None
        self._note("security-object-signature", True)
        return signed

    def _compare_card_access(self) -> None:
        """EF.CardAccess is not signed; DG14 repeats what PACE it offered (9303-11 clause 9.2.11). A chip that hid or
        weakened its PACE on the way is found out here."""
        repeated = {info.raw for info in self._infos if info.oid[:-1] == PACE_ECDH_GM}
        offered = {info.raw for info in self._offered or () if info.oid[:-1] == PACE_ECDH_GM}
        self._note("card-access-authentic", repeated == offered)

    def _agree_with_chip(self) -> bool:
        key = chip_key(self._infos)
        if key is None:
            return False
        talk = open_with_chip_key(self._talk, key)
        if talk is None:
            self._note("chip-authentication", False)
            return False
        try:
            files.select(talk, lds.file_of(lds.DG1))
        except CardDamaged:
            raise Altered("chip authentication") from None
        self._talk = talk
        self._note("chip-authentication", True)
        self._is_own_chip = True
        return True
