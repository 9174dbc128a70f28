"""Catalogues as a district publishes them: all its matters in one signed file, which terminals fetch.

A signed file as on sticks (:func:`offline_queue.parcel.sign`), over `township-kiosk catalogue v1\n` and JSON: `version`
counts up, so that no old catalogue can be put in a newer one's place; `files` are matters in YAML. What the matters say
is not looked at here: for a terminal they stay untrusted text, signed or not (`kiosk.catalogue.loader`).
"""

from __future__ import annotations

from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import AwareDatetime, Field, StringConstraints, ValidationError, model_validator

from offline_queue.parcel import SignedPart, open_signed, sign
from offline_queue.wire import canonical_bytes

MAX_PACKAGE_BYTES = 8 * 1024 * 1024
MAX_FILES = 500
_MAX_FILE = 256 * 1024
_CATALOGUE = b"township-kiosk catalogue v1\n"


class MatterFile(SignedPart):
    """One matter. `name` becomes a file's name on the terminal, and can be nothing else."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,63}\.yaml$")]
    text: Annotated[str, StringConstraints(max_length=_MAX_FILE)]


class Catalogue(SignedPart):
    """Every matter of a district."""

    version: Annotated[int, Field(ge=1, le=2**53)]
    created: AwareDatetime
    files: Annotated[tuple[MatterFile, ...], Field(min_length=1, max_length=MAX_FILES)]

    @model_validator(mode="after")
    def _names_are_unique(self) -> Catalogue:
        if len({one.name for one in self.files}) != len(self.files):
            raise ValueError("two files of one name")
        return self


def sign_catalogue(catalogue: Catalogue, key: Ed25519PrivateKey) -> bytes:
    """The package's bytes."""
    return sign(_CATALOGUE, canonical_bytes(catalogue), key)


def read_catalogue(content: bytes, signer: bytes) -> Catalogue | None:
    """The catalogue in a package, if the holder of `signer` (raw Ed25519) signed it; None for anything else."""
    if len(content) > MAX_PACKAGE_BYTES:
        return None
    inside = open_signed(_CATALOGUE, content, signer)
    try:
        return None if inside is None else Catalogue.model_validate_json(inside)
    except ValidationError:
        return None
