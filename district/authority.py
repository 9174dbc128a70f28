"""The authority that terminals' certificates come from: a folder with `ca.pem` and its key, `ca-key.pem` (0600).

A terminal's certificate has its code as common name and may be used by a client only. The first one is issued by hand;
later ones over the API, to whoever signs with the terminal's registered key.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from offline_queue.blobs import private_folder, sync_folder, write_whole
from offline_queue.numbers import is_terminal_code

CA_DAYS = 3650
DAYS = 365
_BACKDATED = timedelta(hours=1)
"""A terminal whose clock is a little slow can use it at once."""
_LEAST_RSA_BITS = 2048
_LEAST_CURVE_BITS = 256
RequestKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey


class AuthorityTrouble(Exception):
    """What was asked for can't be done; the text says why."""


class RequestTrouble(AuthorityTrouble):
    """The request can't be taken; the text says why to whoever asks."""


def new_authority(folder: Path, *, name: str, now: datetime, days: int = CA_DAYS) -> Path:
    """Make an authority; gives its certificate. Raises AuthorityTrouble where there is one."""
    certificate, key = folder / "ca.pem", folder / "ca-key.pem"
    if certificate.exists():
        raise AuthorityTrouble(f"{folder} holds an authority already")
    if key.exists():
        raise AuthorityTrouble(f"{key} is there without its ca.pem: take that from a copy, or another folder")
    private_folder(folder)
    private = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    made = (
        _dated(subject, subject, private.public_key(), now=now, end=now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .sign(private, SHA256())
    )
    write_whole(key, [private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())])
    try:
        write_whole(certificate, [made.public_bytes(Encoding.PEM)])
    except OSError:
        key.unlink()  # it is nobody's yet, and would be in the way of the next try
        raise
    sync_folder(folder)
    return certificate


def issue(folder: Path, request: bytes, *, code: str, now: datetime, days: int = DAYS) -> bytes:
    """A certificate (PEM) for the terminal `code`, of the key in a PKCS #10 request (PEM). It ends with the authority,
    if not before. Raises RequestTrouble, and AuthorityTrouble where the authority can't sign."""
    public = read_request(request, code)
    authority, private = read_authority(folder)
    end = authority.not_valid_after_utc
    if end <= now:
        raise AuthorityTrouble(f"{folder} is over since {end:%Y-%m-%d}: district ca new makes another, in a new folder")
    made = (
        _dated(authority.subject, _name(code), public, now=now, end=min(end, now + timedelta(days=days)))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(private, SHA256())
    )
    return made.public_bytes(Encoding.PEM)


def read_request(request: bytes, code: str) -> RequestKey:
    """The key in a PKCS #10 request (PEM) of the terminal `code`. Raises RequestTrouble."""
    try:
        asked = x509.load_pem_x509_csr(request)
        signed = asked.is_signature_valid
        named = [str(one.value) for one in asked.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        public = asked.public_key()
    except (ValueError, InvalidSignature, UnsupportedAlgorithm) as failure:
        raise RequestTrouble("not a certificate request in PEM, or its key is of a kind that is not taken") from failure
    if not signed:
        raise RequestTrouble("the request is not signed by its own key")
    if not is_terminal_code(code) or named != [code]:
        raise RequestTrouble(f"the request must name the terminal's code, {code}, and nothing else")
    match public:
        case ed25519.Ed25519PublicKey():
            return public
        case ec.EllipticCurvePublicKey() if public.key_size >= _LEAST_CURVE_BITS:
            return public
        case rsa.RSAPublicKey() if public.key_size >= _LEAST_RSA_BITS:
            return public
        case _:
            raise RequestTrouble("the request's key is of a kind that is not taken")


def is_certified(certificate: bytes, key: RequestKey) -> bool:
    """Whether a certificate that was issued here (PEM) is of that key."""
    return x509.load_pem_x509_certificate(certificate).public_key() == key


def certificate_sha256(certificate: bytes) -> str:
    """Hex, of the DER of a certificate in PEM."""
    return x509.load_pem_x509_certificate(certificate).fingerprint(SHA256()).hex()


def read_authority(folder: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """The authority's certificate and key. Raises AuthorityTrouble."""
    try:
        certificate = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
        private = load_pem_private_key((folder / "ca-key.pem").read_bytes(), None)
    except FileNotFoundError as failure:
        raise AuthorityTrouble(f"{folder} holds no authority: district ca new makes one") from failure
    except OSError as failure:
        raise AuthorityTrouble(f"{failure.filename} can't be read: {failure.strerror}") from failure
    except (ValueError, TypeError) as failure:
        raise AuthorityTrouble(f"{folder} is not what district ca new made: take it from a copy") from failure
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise AuthorityTrouble(f"{folder / 'ca-key.pem'} is not the key of an elliptic curve")
    return certificate, private


def _dated(
    issuer: x509.Name, subject: x509.Name, public: RequestKey, *, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(end)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
