"""The terminal's certificate for mutual TLS: when it ends, and how a new one takes its place.

Two files, `certificate` and `key` (PEM). A renewal makes a new key beside them (`.new`, 0600), has it certified, keeps
the old pair (`.old`) and puts the new one in its place by two renames. Between those, and after a power cut there, the
two don't fit: `settle` finds what does. The old pair goes once the platform has answered to the new one; if it refuses
the new one, the old one comes back.
"""

from __future__ import annotations

import os
import ssl
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from offline_queue.blobs import private_folder, sync_folder, write_durably

MAX_CHAIN_BYTES = 64 * 1024


class CertificateTrouble(Exception):
    """The pair can't be used; the text says what is wrong."""


class OwnCertificate:
    """One terminal's pair of files."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate = certificate
        self._key = key

    @property
    def paths(self) -> tuple[Path, Path]:
        return self._certificate, self._key

    @property
    def old_paths(self) -> tuple[Path, Path]:
        """The pair before this one, while `unproven`."""
        return _beside(self._certificate, "old"), _beside(self._key, "old")

    @property
    def unproven(self) -> bool:
        """Whether a new pair is in place to which the platform has not answered yet."""
        return _beside(self._certificate, "old").exists()

    def expires(self) -> datetime:
        """Raises CertificateTrouble."""
        return _read_certificate(self._certificate).not_valid_after_utc

    def settle(self) -> None:
        """After a stop of any kind: make the two files fit again. Raises CertificateTrouble when nothing does."""
        wanted = _public(_read_certificate(self._certificate).public_key())
        for key in (self._key, _beside(self._key, "new"), _beside(self._key, "old")):
            if _key_of(key) == wanted:
                self._move(key, self._key)
                return
        old = _beside(self._certificate, "old")
        if old.exists() and _public(_read_certificate(old).public_key()) == _key_of(self._key):
            self._move(old, self._certificate)
            return
        raise CertificateTrouble(f"{self._key} is not the key of {self._certificate}")

    def request(self, code: str) -> bytes:
        """A request (PKCS #10, PEM) for a certificate of a new key, which is on the disk before. Raises OSError."""
        return self._requested(code, _beside(self._key, "new"))

    def first_request(self, code: str) -> bytes:
        """The same for a terminal that has none: of the key itself, which is made at the first call."""
        return self._requested(code, self._key)

    def _requested(self, code: str, draft: Path) -> bytes:
        if not draft.exists():
            private_folder(draft.parent)
            private = ec.generate_private_key(ec.SECP256R1())
            part = _beside(draft, "part")
            write_durably(part, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            self._move(part, draft)
        builder = x509.CertificateSigningRequestBuilder().subject_name(_subject(code))
        asked = builder.sign(_read_key(draft), SHA256())
        return asked.public_bytes(Encoding.PEM)

    def take(self, chain: bytes, *, now: datetime) -> None:
        """Put a new certificate (PEM, its own first) and its key in place; the old pair stays beside them.

        Raises CertificateTrouble for a chain that is not of the new key, or ends before the one in use; OSError.
        """
        draft, key = _beside(self._certificate, "new"), _beside(self._key, "new")
        ends = self._drafted(chain, draft, key, now)
        if ends < self.expires():
            raise CertificateTrouble("the certificate that came ends before the one in use")
        for path in self.paths:
            write_durably(_beside(path, "old"), path.read_bytes())
        sync_folder(self._certificate.parent)
        sync_folder(self._key.parent)
        self._move(draft, self._certificate)
        self._move(key, self._key)

    def draft_first(self, chain: bytes, *, code: str, now: datetime) -> None:
        """Look at the certificate that came for `first_request`, and keep it beside its place. Raises
        CertificateTrouble, OSError."""
        draft = self._first
        try:
            self._drafted(chain, draft, self._key, now)
            if _read_certificate(draft).subject != _subject(code):
                raise CertificateTrouble("the certificate that came is another terminal's")
        except CertificateTrouble:
            draft.unlink(missing_ok=True)
            raise

    def take_first(self) -> None:
        """Put what `draft_first` kept in its place. Raises OSError."""
        self._move(self._first, self._certificate)

    @property
    def _first(self) -> Path:
        return _beside(self._certificate, "first")

    def _drafted(self, chain: bytes, draft: Path, key: Path, now: datetime) -> datetime:
        """Write a certificate that came beside the one in use, if it can be used with `key`; gives when it ends."""
        if len(chain) > MAX_CHAIN_BYTES:
            raise CertificateTrouble("the certificate that came is too large")
        private_folder(draft.parent)
        write_durably(draft, chain)
        new = _read_certificate(draft)
        if _public(new.public_key()) != _key_of(key):
            raise CertificateTrouble("the certificate that came is of another key")
        if not new.not_valid_before_utc <= now <= new.not_valid_after_utc:
            raise CertificateTrouble("the certificate that came is over, or begins later")
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(draft, key)
        except (ssl.SSLError, OSError) as failure:
            raise CertificateTrouble(f"the certificate that came cannot be used: {failure}") from failure
        return new.not_valid_after_utc

    def proven(self) -> None:
        """The platform has answered to the new pair: the old one goes."""
        for path in self.paths:
            _beside(path, "old").unlink(missing_ok=True)

    def roll_back(self) -> None:
        """The platform refuses the new pair: the old one comes back. Raises OSError."""
        for path in self.paths:
            old = _beside(path, "old")
            if old.exists():
                self._move(old, path)

    def _move(self, source: Path, target: Path) -> None:
        if source != target:
            os.replace(source, target)
            sync_folder(target.parent)


def _subject(code: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, code)])


def with_drafts(path: Path) -> tuple[Path, ...]:
    """The certificate's or the key's file, and what renewals may have left beside it, as far as it is there."""
    new = _beside(path, "new")
    places = path, new, _beside(path, "old"), _beside(path, "first"), _beside(path, "part"), _beside(new, "part")
    return tuple(place for place in places if place.is_file())


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f"{path.name}.{ending}")


def _read_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())[0]
    except (OSError, ValueError) as failure:
        raise CertificateTrouble(f"{path} holds no certificate: {failure}") from failure


def _read_key(path: Path) -> CertificateIssuerPrivateKeyTypes:
    private = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise CertificateTrouble(f"{path} is not the key of an elliptic curve")
    return private


def _key_of(path: Path) -> bytes | None:
    """The public half of the private key in a file; None where there is none that can be read."""
    try:
        return _public(load_pem_private_key(path.read_bytes(), None).public_key())
    except (OSError, ValueError, TypeError):
        return None


def _public(key: object) -> bytes:
    """A public key of any kind, in one spelling."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
