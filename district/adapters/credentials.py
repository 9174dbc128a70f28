"""Who we are to a receiver: secrets from files and the environment, and certificates. Nothing here is ever shown."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from district.adapters.file import AdapterFile, AdapterTrouble, Secret, Tls
from district.secret_files import LONGEST_SECRET, SecretTrouble, read_secret
from offline_queue.transport import Certificates

_SHORTEST_SECRET = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """An app key and its secret; never shown."""

    app_key: str
    secret: bytes

    def __repr__(self) -> str:
        return "Credentials()"


def credentials_of(file: AdapterFile, folder: Path) -> Credentials:
    """`folder` is where the adapter file lies. Raises AdapterTrouble."""
    secret = shared_secret(file.signing.secret, folder, "signing.secret")
    try:
        app_key = _read(file.signing.app_key, folder, "signing.app_key").decode("ascii")
    except UnicodeDecodeError:
        raise AdapterTrouble("signing.app_key: not ASCII") from None
    if not app_key.isprintable():
        raise AdapterTrouble("signing.app_key: more than one line")
    return Credentials(app_key=app_key, secret=secret)


def shared_secret(told: Secret, folder: Path, place: str) -> bytes:
    """A secret that both sides sign with; `place` says in an AdapterTrouble whose it is."""
    secret = _read(told, folder, place)
    if len(secret) < _SHORTEST_SECRET:
        raise AdapterTrouble(f"{place}: shorter than {_SHORTEST_SECRET} bytes, which can be guessed")
    return secret


def _read(told: Secret, folder: Path, place: str) -> bytes:
    """The bytes, without the line feed that editors put at the end."""
    if told.env is not None:
        content = os.environb.get(told.env.encode(), b"")
        where = f"the environment has no {told.env}"
    else:
        path = folder / str(told.file)
        where = f"{path} is empty"
        try:
            content = read_secret(path)
        except SecretTrouble as trouble:
            raise AdapterTrouble(f"{place}: {trouble}") from trouble
        except OSError as trouble:
            raise AdapterTrouble(f"{place}: {path} can't be read: {trouble.strerror}") from trouble
    content = content.rstrip(b"\r\n")
    if not content:
        raise AdapterTrouble(f"{place}: {where}")
    if len(content) > LONGEST_SECRET:
        raise AdapterTrouble(f"{place}: longer than {LONGEST_SECRET} bytes")
    return content


def certificates_of(file: AdapterFile, folder: Path) -> Certificates:
    """Raises AdapterTrouble where one is not there."""
    ca, certificate, key = (
        None if name is None else folder / name for name in (file.tls.ca, file.tls.certificate, file.tls.key)
    )
    if file.tls != Tls() and file.url.startswith("http:"):
        raise AdapterTrouble("tls: the address is plain http, where no certificate is shown or asked for")
    for path in (ca, certificate, key):
        if path is not None and not path.is_file():
            raise AdapterTrouble(f"tls: there is no {path}")
    return Certificates(ca=ca, own=None if certificate is None or key is None else (certificate, key))
