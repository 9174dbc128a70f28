# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeArgument=false, reportUnknownParameterType=false, reportGeneralTypeIssues=false
# pyright: reportIndexIssue=false, reportAttributeAccessIssue=false
"""The ASN.1 of keys, certificates and signatures: the one module that touches asn1crypto, which has no types.

asn1crypto reads what cryptography's stricter parser refuses, and issuers of travel documents do write such things. Here
everything becomes a plain value at once. Elliptic curves often come with all their parameters written out: those are
compared with the known curves, and never used as they come.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from asn1crypto import algos, cms, core, keys, pem, x509

from devices.card.emrtd.curve import Curve, Point
from devices.card.emrtd.curves import CURVES
from devices.card.slot import CardDamaged

_SHORTEST_MODULUS, _LONGEST_MODULUS = 1024, 8192  # bits
_PLAIN_RSA = "rsassa_pkcs1v15"


class Unsupported(Exception):
    """An algorithm, curve or key size this terminal does not know: nothing is said about the signature."""


@dataclass(frozen=True, slots=True)
class RsaKey:
    modulus: int
    exponent: int


@dataclass(frozen=True, slots=True)
class EcKey:
    curve: Curve
    point: Point


PublicKey = RsaKey | EcKey


@dataclass(frozen=True, slots=True)
class Algorithm:
    """How something is signed. ``kind``: ``ecdsa``, ``rsassa_pkcs1v15`` or ``rsassa_pss``; ``hash`` and, for PSS, the
    hash of its mask by their names in hashlib."""

    kind: str
    hash: str
    mask: str = ""
    salt: int = 0


@dataclass(frozen=True, slots=True)
class Certificate:
    """What of an X.509 certificate is needed here. Names are their DER."""

    subject: bytes
    issuer: bytes
    serial: int
    key_id: bytes | None
    issuer_key_id: bytes | None
    valid_from: date
    valid_to: date
    key: PublicKey
    signed: bytes
    algorithm: Algorithm
    signature: bytes


@dataclass(frozen=True, slots=True)
class Signed:
    """A CMS SignedData with one signature (RFC 5652 clause 5). ``attributes`` are the bytes that are signed, ``digest``
    and ``attribute_type`` what they say of the content; ``signer_id`` is a key identifier, or issuer and serial."""

    content_type: str
    content: bytes
    certificates: tuple[bytes, ...]
    signer_id: bytes | tuple[bytes, int]
    hash: str
    attribute_type: str
    digest: bytes
    attributes: bytes
    algorithm: Algorithm
    signature: bytes


class _GroupHash(core.Sequence):
    _fields = [("number", core.Integer), ("hash", core.OctetString)]  # noqa: RUF012 - asn1crypto's way


class _GroupHashes(core.SequenceOf):
    _child_spec = _GroupHash


class _SecurityObject(core.Sequence):
    """LDSSecurityObject, ICAO 9303-10 clause 4.6.2.2."""

    _fields = [  # noqa: RUF012
        ("version", core.Integer),
        ("algorithm", algos.DigestAlgorithm),
        ("hashes", _GroupHashes),
        ("lds_version", core.Any, {"optional": True}),
    ]


class _Certificates(core.SetOf):
    _child_spec = x509.Certificate


class _MasterList(core.Sequence):
    """CscaMasterList, ICAO 9303-12 clause 8.1."""

    _fields = [("version", core.Integer), ("certificates", _Certificates)]  # noqa: RUF012


@contextmanager
def _reading(what: str) -> Generator[None]:
    """Whatever asn1crypto says about broken ASN.1 becomes :class:`~devices.card.slot.CardDamaged`; it parses when a
    value is asked for, and then raises any of these."""
    try:
        yield
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        raise CardDamaged(f"{what}: {type(error).__name__}") from None


def read_public_key(der: bytes) -> PublicKey:
    """A SubjectPublicKeyInfo. Raises :class:`Unsupported`, and ``CardDamaged``, too for a point off its curve."""
    with _reading("public key"):
        return _key(keys.PublicKeyInfo.load(der, strict=True))


def read_certificate(der: bytes) -> Certificate:
    """An X.509 certificate. Raises :class:`Unsupported` and ``CardDamaged``."""
    with _reading("certificate"):
        found = x509.Certificate.load(der, strict=True)
        return Certificate(
            subject=found.subject.dump(),
            issuer=found.issuer.dump(),
            serial=found.serial_number,
            key_id=found.key_identifier,
            issuer_key_id=found.authority_key_identifier,
            valid_from=found.not_valid_before.date(),
            valid_to=found.not_valid_after.date(),
            key=_key(found.public_key),
            signed=found["tbs_certificate"].dump(),
            algorithm=_algorithm(found["signature_algorithm"], ""),
            signature=bytes(found["signature_value"].native),
        )


def read_signed(der: bytes) -> Signed:
    """A signature with its content. Raises :class:`Unsupported` and ``CardDamaged``."""
    with _reading("CMS"):
        outer = cms.ContentInfo.load(der, strict=True)
        if outer["content_type"].native != "signed_data":
            raise CardDamaged("not signed")
        signed = outer["content"]
        (info,) = signed["signer_infos"]
        attributes = {item["type"].native: item["values"] for item in info["signed_attrs"]}
        (digest,), (attribute_type,) = attributes["message_digest"], attributes["content_type"]
        sid, hashed = info["sid"], info["digest_algorithm"]["algorithm"].native
        return Signed(
            content_type=signed["encap_content_info"]["content_type"].dotted,
            content=bytes(signed["encap_content_info"]["content"]),
            certificates=tuple(
                choice.chosen.dump() for choice in signed["certificates"] if choice.name == "certificate"
            ),
            signer_id=(
                bytes(sid.native)
                if sid.name == "subject_key_identifier"
                else (sid.chosen["issuer"].dump(), sid.chosen["serial_number"].native)
            ),
            hash=hashed,
            attribute_type=attribute_type.dotted,
            digest=bytes(digest.native),
            # RFC 5652 clause 5.4: signed under the tag of a SET, not the implicit one they are sent with.
            attributes=b"\x31" + info["signed_attrs"].dump()[1:],
            algorithm=_algorithm(info["signature_algorithm"], hashed),
            signature=bytes(info["signature"].native),
        )


def read_group_hashes(der: bytes) -> tuple[str, Mapping[int, bytes]]:
    """Of an LDS security object: the name of the hash, and the hash of each data group. Raises ``CardDamaged``."""
    with _reading("security object"):
        found = _SecurityObject.load(der, strict=True)
        pairs = [(entry["number"].native, bytes(entry["hash"].native)) for entry in found["hashes"]]
        if len(dict(pairs)) != len(pairs) or not all(1 <= group <= 16 for group, _ in pairs):
            raise CardDamaged("no list of data groups")
        return found["algorithm"]["algorithm"].native, dict(pairs)


def certificates_in(raw: bytes, *, is_master_list: bool) -> tuple[bytes, ...]:
    """The certificates (DER) in a file: one as DER, several as PEM, or an ICAO master list. Raises ``CardDamaged``."""
    with _reading("file"):
        if is_master_list:
            signed = cms.ContentInfo.load(raw)["content"]
            listed = _MasterList.load(bytes(signed["encap_content_info"]["content"]))["certificates"]
            return tuple(certificate.dump() for certificate in listed)
        if pem.detect(raw):
            parts: Any = pem.unarmor(raw, multiple=True)
            return tuple(der for kind, _, der in parts if kind == "CERTIFICATE")
        return (x509.Certificate.load(raw, strict=True).dump(),)


def _key(info: keys.PublicKeyInfo) -> PublicKey:
    if info.algorithm in ("rsa", "rsassa_pss"):
        parsed = info["public_key"].parsed
        modulus, exponent = parsed["modulus"].native, parsed["public_exponent"].native
        # Long exponents cost time and nobody has them; an even modulus is none.
        if not (_SHORTEST_MODULUS <= modulus.bit_length() <= _LONGEST_MODULUS and modulus & exponent & 1):
            raise Unsupported("RSA key")
        if not 3 <= exponent < 2**32:
            raise Unsupported("RSA key")
        return RsaKey(modulus, exponent)
    if info.algorithm != "ec":
        raise Unsupported("kind of key")
    curve = _curve(info["algorithm"]["parameters"])
    point: Any = info["public_key"].native
    return EcKey(curve, curve.decode(bytes(point)))


def _curve(parameters: Any) -> Curve:
    chosen = parameters.chosen
    if parameters.name == "named":
        found = [curve for curve in CURVES.values() if curve.oid == chosen.dotted]
    elif parameters.name == "specified":
        p, n = chosen["field_id"]["parameters"].native, chosen["order"].native
        a, b = (int.from_bytes(bytes(chosen["curve"][name].native), "big") for name in ("a", "b"))
        base = bytes(chosen["base"].native)
        found = [
            curve
            for curve in CURVES.values()
            if (curve.p, curve.a, curve.b, curve.n) == (p, a, b, n) and _is_generator(curve, base)
        ]
    else:
        found = []
    if not found:
        raise Unsupported("curve")
    return found[0]


def _is_generator(curve: Curve, base: bytes) -> bool:
    whole = curve.encode(curve.generator)
    return base in (whole, bytes((2 | curve.y & 1,)) + whole[1 : 1 + curve.size])


def _algorithm(found: algos.SignedDigestAlgorithm, content_hash: str) -> Algorithm:
    """``content_hash`` is CMS's own field for the hash, for signatures whose algorithm names none."""
    try:
        kind = found.signature_algo
    except ValueError:
        raise Unsupported("signature algorithm") from None
    if kind == "rsassa_pss":
        parameters = found["parameters"]
        mask = parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native
        return Algorithm(kind, found.hash_algo, mask, parameters["salt_length"].native)
    if found["algorithm"].native == _PLAIN_RSA:
        return Algorithm(kind, content_hash)
    if kind not in ("ecdsa", _PLAIN_RSA):
        raise Unsupported("signature algorithm")
    return Algorithm(kind, found.hash_algo)
