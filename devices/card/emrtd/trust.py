"""The states' roots that a terminal trusts: a folder of CSCA certificates, filled by a technician.

Files: certificates (DER or PEM: ``.cer .crt .der .pem``) and ICAO master lists (``.ml``), whose own signature whoever
put them there has checked. A file that is none of these is passed over, with a word in the log: one bad download
must not stop the hall.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto
from pathlib import Path

from devices.card.emrtd.asn1 import Certificate, Unsupported, certificates_in, read_certificate
from devices.card.emrtd.errors import Altered
from devices.card.emrtd.signatures import is_signed
from devices.card.slot import CardDamaged

_CERTIFICATES = (".cer", ".crt", ".der", ".pem")
_MASTER_LIST = ".ml"
_MOST_FILES, _LARGEST_FILE = 4000, 8 * 1024 * 1024

_log = logging.getLogger(__name__)


class Issuer(Enum):
    """What the folder says about a document signer."""

    KNOWN = auto()
    UNKNOWN = auto()
    OUT_OF_DATE = auto()  # known, but signer or root is outside its period of validity


def judge_signer(signer: Certificate, folder: Path | None, today: date) -> Issuer:
    """Whether a root of ``folder`` signed this certificate. Raises :class:`Altered` when the certificate names a root's
    key that did not sign it."""
    for root in _roots_for(signer, folder) if folder is not None else ():
        by_key = signer.issuer_key_id is not None and signer.issuer_key_id == root.key_id
        if not by_key and signer.issuer != root.subject:
            continue
        try:
            signed = is_signed(root.key, signer.algorithm, signer.signature, signer.signed)
        except Unsupported:
            continue
        if signed:
            in_time = all(one.valid_from <= today <= one.valid_to for one in (signer, root))
            return Issuer.KNOWN if in_time else Issuer.OUT_OF_DATE
        if by_key:
            raise Altered("the document signer's certificate is forged")
    return Issuer.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a folder of roots holds: how many certificates are in their time, out of it, and of no use here (another
    kind of key, damaged); and the names of files that should hold some and do not."""

    valid: int
    ended: int
    unusable: int
    strange: tuple[str, ...]


def survey(folder: Path, today: date) -> Survey:
    """For whoever looks after the folder. Raises ``OSError`` when it cannot be read."""
    valid = ended = unusable = 0
    strange: list[str] = []
    for file in _files(folder):
        try:
            found = _certificates_in(file)
        except (OSError, CardDamaged):
            strange.append(file.name)
            continue
        for der in found:
            try:
                root = read_certificate(der)
            except (CardDamaged, Unsupported):
                unusable += 1
                continue
            in_time = root.valid_from <= today <= root.valid_to
            valid, ended = valid + in_time, ended + (not in_time)
    return Survey(valid=valid, ended=ended, unusable=unusable, strange=tuple(strange))


def _roots_for(signer: Certificate, folder: Path) -> Iterator[Certificate]:
    """Roots that may have signed it. As a folder may hold a thousand, only those are parsed in whose bytes the issuer's
    name or key identifier stands somewhere."""
    for der in _certificates(folder):
        if signer.issuer in der or (signer.issuer_key_id and signer.issuer_key_id in der):
            try:
                yield read_certificate(der)
            except (CardDamaged, Unsupported):
                _log.warning("a CSCA certificate cannot be used")


def _certificates(folder: Path) -> Iterator[bytes]:
    try:
        files = _files(folder)
    except OSError:
        _log.warning("the folder of CSCA certificates cannot be read")
        return
    for file in files:
        try:
            yield from _certificates_in(file)
        except (OSError, CardDamaged):
            _log.warning("no CSCA certificate: %s", file.name)


def _files(folder: Path) -> list[Path]:
    there = sorted(folder.iterdir())[:_MOST_FILES]
    return [file for file in there if file.suffix.lower() in (*_CERTIFICATES, _MASTER_LIST)]


def _certificates_in(file: Path) -> tuple[bytes, ...]:
    if file.stat().st_size > _LARGEST_FILE:
        raise CardDamaged("too large")
    return certificates_in(file.read_bytes(), is_master_list=file.suffix.lower() == _MASTER_LIST)
