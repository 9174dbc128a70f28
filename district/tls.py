"""The files that doors with TLS are opened by, and which of them can't be used."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509


class TlsTrouble(Exception):
    """The text says which file can't be used, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """PEM files: the platform's certificate and key, and the authorities that terminals' certificates come from."""

    certificate: Path
    key: Path
    client_ca: Path

    def context(self, *, clients: bool = True) -> ssl.SSLContext:
        """For those who have a certificate, or (not `clients`) for everybody. Raises TlsTrouble, and OSError with the
        name of a file that this user may not read."""
        for path in (self.certificate, self.key, self.client_ca):
            path.open("rb").close()
        try:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.client_ca)
        except ssl.SSLError as trouble:
            raise TlsTrouble(f"{self.client_ca} holds no certificates in PEM: {trouble.reason}") from trouble
        context.verify_mode = ssl.CERT_REQUIRED if clients else ssl.CERT_NONE
        try:
            context.load_cert_chain(self.certificate, self.key, password=self._asked)
        except ssl.SSLError as trouble:
            raise TlsTrouble(f"{self._what_is_wrong(trouble)}: {trouble.reason}") from trouble
        return context

    def _asked(self) -> str:
        """OpenSSL would ask on the terminal, and a platform begins where nobody types."""
        raise TlsTrouble(
            f"{self.key} is under a passphrase: openssl pkey -in {self.key} -out FILE takes it off. "
            "Let nobody but the platform's user read FILE"
        )

    def _what_is_wrong(self, trouble: ssl.SSLError) -> str:
        if trouble.reason == "KEY_VALUES_MISMATCH":
            return f"{self.key} is not the key of {self.certificate}"
        try:
            x509.load_pem_x509_certificates(self.certificate.read_bytes())
        except ValueError:
            return f"{self.certificate} holds no certificate in PEM"
        return f"{self.key} holds no private key in PEM, or one that can't be used"
