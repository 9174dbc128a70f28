# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""What is written on a virtual travel document, and who signed it: an invented state's root and document signer.

Builds the files of ICAO 9303-10 from an invented person; shares nothing with the reading side but the libraries.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from asn1crypto import cms, core, x509
from cryptography import x509 as certificates
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from PIL import Image, ImageDraw

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_WEIGHTS = (7, 3, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whom a document is for, and what is printed on it. ``layout``: ``TD3``, ``TD1`` or ``permit``."""

    layout: str
    document_type: str
    number: str
    surname: str
    given_names: str
    chinese_name: str = ""
    female: bool
    birth: date
    expires: date
    state: str = "CHN"
    id_number: str = ""
    birth_place: str = ""
    address: str = ""
    can: str = ""

    @property
    def mrz_lines(self) -> tuple[str, ...]:
        """The printed machine readable zone."""
        number, birth, expires = (
            _checked(self.number.ljust(9, "<")),
            _checked(_six(self.birth)),
            _checked(_six(self.expires)),
        )
        sex = "F" if self.female else "M"
        names = f"{self.surname}<<{self.given_names}".replace(" ", "<")
        kind, state = self.document_type.ljust(2, "<"), self.state.ljust(3, "<")
        match self.layout:
            case "TD3":
                optional = _checked("<" * 14)
                composite = _digit(number + birth + expires + optional)
                return (
                    f"{kind}{state}{names}".ljust(44, "<")[:44],
                    f"{number}{state}{birth}{sex}{expires}{optional}{composite}",
                )
            case "TD1":
                upper = f"{kind}{state}{number}".ljust(30, "<")
                composite = _digit(upper[5:] + birth + expires + "<" * 11)
                return upper, f"{birth}{sex}{expires}{state}".ljust(29, "<") + composite, names.ljust(30, "<")[:30]
            case _:
                return (f"{kind}{number}<{expires}<{birth}<{_digit(number + expires + birth)}",)

    @property
    def zone(self) -> str:
        """What DG1 says: the printed lines; a permit's chip goes on with names and sex."""
        printed = "".join(self.mrz_lines)
        if self.layout != "permit":
            return printed
        coded = "".join("ABCDEFGHIJKLMNOP"[int(digit, 16)] for digit in self.chinese_name.encode("gbk").hex())
        names = f"{self.surname}<<{self.given_names}".replace(" ", "<")
        rest = coded[:12].ljust(12, "<") + names.ljust(18, "<")[:18] + ("F" if self.female else "M")
        return printed + rest.ljust(60, "<")

    @property
    def mrz_information(self) -> bytes:
        """What the chip's keys are derived from."""
        parts = (self.number.ljust(9, "<"), _six(self.birth), _six(self.expires))
        return "".join(map(_checked, parts)).encode("ascii")


@dataclass(frozen=True, slots=True)
class State:
    """An invented issuer: its root (CSCA), and a document signer below it."""

    root: certificates.Certificate
    signer: certificates.Certificate
    signer_key: PrivateKey
    pss: bool = field(default=False)

    @property
    def root_der(self) -> bytes:
        """The root, as a terminal's folder of CSCA certificates holds it."""
        return self.root.public_bytes(serialization.Encoding.DER)


def found_state(
    *,
    name: str = "Utopia",
    country: str = "UT",
    key: str = "ec",
    pss: bool = False,
    valid: tuple[date, date] = (date(2016, 1, 1), date(2046, 1, 1)),
) -> State:
    """A new state. ``key`` is ``ec`` (brainpoolP256r1) or ``rsa``."""
    root_key, signer_key = _private_key(key), _private_key(key)
    root = _certificate(f"CSCA {name}", f"CSCA {name}", country, root_key, root_key, is_root=True, valid=valid)
    signer = _certificate(f"DS {name}", f"CSCA {name}", country, signer_key, root_key, is_root=False, valid=valid)
    return State(root, signer, signer_key, pss)


def _private_key(kind: str) -> PrivateKey:
    return ec.generate_private_key(ec.BrainpoolP256R1()) if kind == "ec" else rsa.generate_private_key(65537, 2048)


def _certificate(
    subject: str,
    issuer: str,
    country: str,
    key: PrivateKey,
    by: PrivateKey,
    *,
    is_root: bool,
    valid: tuple[date, date],
) -> certificates.Certificate:
    def name(common: str) -> certificates.Name:
        return certificates.Name(
            [
                certificates.NameAttribute(NameOID.COUNTRY_NAME, country),
                certificates.NameAttribute(NameOID.COMMON_NAME, common),
            ]
        )

    begin, end = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in valid)
    return (
        certificates.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(certificates.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end + timedelta(hours=12))
        .add_extension(certificates.BasicConstraints(ca=is_root, path_length=0 if is_root else None), critical=True)
        .add_extension(certificates.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(certificates.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
        .sign(by, hashes.SHA256())
    )


def photo(size: int) -> bytes:
    """A drawn face as JPEG, filled up to ``size`` bytes with comments (ITU-T T.81 B.2.4.5)."""
    canvas = Image.new("RGB", (240, 320), (226, 232, 238))
    pen = ImageDraw.Draw(canvas)
    pen.ellipse((70, 60, 170, 190), fill=(236, 200, 170))
    pen.ellipse((30, 210, 210, 420), fill=(70, 90, 130))
    pen.pieslice((66, 46, 174, 160), 180, 360, fill=(60, 50, 45))
    pen.ellipse((96, 118, 106, 128), fill=(40, 40, 40))
    pen.ellipse((134, 118, 144, 128), fill=(40, 40, 40))
    pen.arc((100, 140, 140, 168), 20, 160, fill=(150, 60, 60), width=3)
    drawn = io.BytesIO()
    canvas.save(drawn, "JPEG", quality=80)
    plain = drawn.getvalue()
    filling = b""
    while (missing := size - len(plain) - len(filling)) > 4:
        length = min(missing - 2, 60000)
        filling += b"\xff\xfe" + length.to_bytes(2, "big") + bytes(length - 2)
    return plain[:2] + filling + plain[2:]


def data_groups(holder: Holder, *, picture: bytes) -> dict[int, bytes]:
    """DG1, DG2 and, where there is something to say, DG11."""
    groups = {1: tlv(0x61, tlv(0x5F1F, holder.zone.encode("ascii"))), 2: _dg2(picture)}
    details = {
        0x5F0E: holder.chinese_name,
        0x5F10: holder.id_number,
        0x5F2B: holder.birth.strftime("%Y%m%d") if holder.id_number else "",
        0x5F11: holder.birth_place,
        0x5F42: holder.address,
    }
    said = {tag: text for tag, text in details.items() if text}
    if said:
        tags = b"".join(tag.to_bytes(2, "big") for tag in said)
        objects = b"".join(tlv(tag, text.encode("utf-8")) for tag, text in said.items())
        groups[11] = tlv(0x6B, tlv(0x5C, tags) + objects)
    return groups


def _dg2(picture: bytes) -> bytes:
    """ISO/IEC 19794-5:2005: record header, facial information with one feature point, image information, picture."""
    face_length = 20 + 8 + 12 + len(picture)
    record = b"FAC\x00010\x00" + (14 + face_length).to_bytes(4, "big") + b"\x00\x01"
    face = face_length.to_bytes(4, "big") + b"\x00\x01" + bytes(14)
    point = bytes((1, 0x31, 0, 100, 0, 120, 0, 0))
    image = bytes((1, 0)) + (240).to_bytes(2, "big") + (320).to_bytes(2, "big") + bytes(6)
    header = tlv(0xA1, tlv(0x80, b"\x01\x01") + tlv(0x81, b"\x02") + tlv(0x87, b"\x01\x01") + tlv(0x88, b"\x00\x08"))
    block = tlv(0x5F2E, record + face + point + image + picture)
    return tlv(0x75, tlv(0x7F61, tlv(0x02, b"\x01") + tlv(0x7F60, header + block)))


def com(groups: Mapping[int, bytes]) -> bytes:
    """EF.COM: LDS 1.7, Unicode 4.0.0, the tags of the data groups."""
    tags = bytes(groups[number][0] for number in sorted(groups))
    return tlv(0x60, tlv(0x5F01, b"0107") + tlv(0x5F36, b"040000") + tlv(0x5C, tags))


class _GroupHash(core.Sequence):
    _fields = [("number", core.Integer), ("hash", core.OctetString)]  # noqa: RUF012 - asn1crypto's way


class _GroupHashes(core.SequenceOf):
    _child_spec = _GroupHash


class _SecurityObject(core.Sequence):
    _fields = [("version", core.Integer), ("algorithm", cms.DigestAlgorithm), ("hashes", _GroupHashes)]  # noqa: RUF012


def sod(groups: Mapping[int, bytes], state: State) -> bytes:
    """EF.SOD: the hashes of the groups, signed by the state's document signer."""
    listed = [{"number": number, "hash": hashlib.sha256(raw).digest()} for number, raw in sorted(groups.items())]
    content = _SecurityObject({"version": 0, "algorithm": {"algorithm": "sha256"}, "hashes": listed}).dump()
    signer = x509.Certificate.load(state.signer.public_bytes(serialization.Encoding.DER))
    attributes = cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": [cms.ContentType("2.23.136.1.1.1")]}),
            cms.CMSAttribute(
                {"type": "message_digest", "values": [core.OctetString(hashlib.sha256(content).digest())]}
            ),
        ]
    )
    algorithm, signature = _sign(state, attributes.dump())
    signed = {
        "version": "v3",
        "digest_algorithms": [{"algorithm": "sha256"}],
        "encap_content_info": {
            "content_type": "2.23.136.1.1.1",
            "content": core.ParsableOctetString(content),
        },
        "certificates": [cms.CertificateChoices("certificate", signer)],
        "signer_infos": [
            {
                "version": "v1",
                "sid": cms.SignerIdentifier(
                    "issuer_and_serial_number", {"issuer": signer.issuer, "serial_number": signer.serial_number}
                ),
                "digest_algorithm": {"algorithm": "sha256"},
                "signed_attrs": attributes,
                "signature_algorithm": algorithm,
                "signature": signature,
            }
        ],
    }
    outer = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(cast("Any", signed))})
    return tlv(0x77, cast("bytes", outer.dump()))


def _sign(state: State, data: bytes) -> tuple[dict[str, Any], bytes]:
    key = state.signer_key
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {"algorithm": "sha256_ecdsa"}, key.sign(data, ec.ECDSA(hashes.SHA256()))
    if not state.pss:
        return {"algorithm": "sha256_rsa"}, key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    parameters = {
        "hash_algorithm": {"algorithm": "sha256"},
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha256"}},
        "salt_length": 32,
    }
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    return {"algorithm": "rsassa_pss", "parameters": parameters}, key.sign(data, scheme, hashes.SHA256())


def tlv(tag: int, value: bytes) -> bytes:
    """One BER-TLV object."""
    name = f"{tag:02X}"
    length = len(value)
    if length < 128:
        size = bytes((length,))
    elif length < 256:
        size = bytes((0x81, length))
    elif length < 65536:
        size = b"\x82" + length.to_bytes(2, "big")
    else:
        size = b"\x83" + length.to_bytes(3, "big")
    return bytes.fromhex(name) + size + value


def _six(day: date) -> str:
    return day.strftime("%y%m%d")


def _checked(text: str) -> str:
    return text + _digit(text)


def _digit(text: str) -> str:
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return str(sum(max(letters.find(letter), 0) * _WEIGHTS[at % 3] for at, letter in enumerate(text)) % 10)
