"""EF.SOD: the issuer's signature over the hashes of all data groups (ICAO 9303-10 clause 4.6.2, 9303-11 clause 5.1).

The signature is by a document signer, whose certificate comes along and is signed in turn by the state's root (CSCA).
The roots are what the terminal has to have beforehand: :mod:`devices.card.emrtd.trust`.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from devices.card.emrtd import ber
from devices.card.emrtd.asn1 import Certificate, Signed, read_certificate, read_group_hashes, read_signed
from devices.card.emrtd.errors import Altered
from devices.card.emrtd.signatures import digest, is_signed
from devices.card.slot import CardDamaged

_LDS_SECURITY_OBJECT = "2.23.136.1.1.1"
_MOST_CERTIFICATES = 8


@dataclass(frozen=True, slots=True)
class SecurityObject:
    """What the issuer signed: the hash of each data group, and by which document signer."""

    hash: str
    hashes: Mapping[int, bytes]
    signer: Certificate

    def covers(self, group: int, raw: bytes) -> bool:
        """Whether ``raw`` is the data group that was signed. Raises ``Unsupported`` for an unknown hash."""
        signed = self.hashes.get(group)
        return signed is not None and hmac.compare_digest(signed, digest(self.hash, raw))


def read_security_object(raw: bytes) -> SecurityObject:
    """The security object, its signature checked. Raises :class:`Altered` when that is wrong, ``CardDamaged`` for what
    cannot be read, :class:`~devices.card.emrtd.asn1.Unsupported` for algorithms that are not known."""
    signed = read_signed(ber.only(raw, 0x77))
    if signed.content_type != _LDS_SECURITY_OBJECT or signed.attribute_type != _LDS_SECURITY_OBJECT:
        raise CardDamaged("no security object")
    signer = _signer(signed)
    if not hmac.compare_digest(signed.digest, digest(signed.hash, signed.content)):
        raise Altered("the security object is not the one signed")
    if not is_signed(signer.key, signed.algorithm, signed.signature, signed.attributes):
        raise Altered("wrong signature")
    name, hashes = read_group_hashes(signed.content)
    return SecurityObject(name, hashes, signer)


def _signer(signed: Signed) -> Certificate:
    """The certificate that the signature names; since LDS 1.7 it has to come along (9303-10 clause 4.6.2.1)."""
    for der in signed.certificates[:_MOST_CERTIFICATES]:
        certificate = read_certificate(der)
        if signed.signer_id in (certificate.key_id, (certificate.issuer, certificate.serial)):
            return certificate
    raise CardDamaged("the document signer's certificate is not there")
