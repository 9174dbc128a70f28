"""The machine's TPM 2.0 as a place for 32 bytes; tpm2-pytss (the extra `tpm`) is imported nowhere else.

The key is a sealed data object under the storage primary of the owner's hierarchy (ECC P-256, the template of
tpm2-tools), which the TPM makes anew from its seed each time: nothing is stored in it, and only this TPM loads the
object. Both ways the key passes the bus encrypted, in a salted session. No PCR is bound: a firmware update must not
lock a hall's queue, and whoever has the whole machine has what its software may open.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

_DEVICE = "device:"
_MOST_BYTES = 4096


class TpmTrouble(Exception):
    """The TPM can't be used; the text says what to do."""


def available(tcti: str) -> bool:
    """Whether there is a TPM that we may use, by the look of it."""
    if find_spec("tpm2_pytss") is None:
        return False
    return not tcti.startswith(_DEVICE) or os.access(Path(tcti.removeprefix(_DEVICE)), os.R_OK | os.W_OK)


def seal(key: bytes, tcti: str) -> bytes:
    """What to keep of a key sealed in the TPM: the object's two parts, each with its length. Raises TpmTrouble."""
    tss = _library()
    rights = tss.TPMA_OBJECT
    kind = tss.TPM2B_PUBLIC.parse(
        "keyedhash", objectAttributes=rights.FIXEDTPM | rights.FIXEDPARENT | rights.USERWITHAUTH | rights.NODA
    )
    secret = tss.TPM2B_SENSITIVE_CREATE(tss.TPMS_SENSITIVE_CREATE(data=tss.TPM2B_SENSITIVE_DATA(key)))
    with _primary(tss, tcti) as (tpm, primary, session):
        private, public, *_ = tpm.create(primary, secret, kind, session1=session)
        parts = (bytes(private.marshal()), bytes(public.marshal()))
    return b"".join(struct.pack(">H", len(part)) + part for part in parts)


def unseal(sealed: bytes, tcti: str) -> bytes:
    """The key of :func:`seal`. Raises TpmTrouble, also when another TPM sealed it."""
    tss = _library()
    with _primary(tss, tcti) as (tpm, primary, session):
        private, public = _parts(sealed)
        loaded = tpm.load(
            primary, tss.TPM2B_PRIVATE.unmarshal(private)[0], tss.TPM2B_PUBLIC.unmarshal(public)[0], session1=session
        )
        try:
            return bytes(tpm.unseal(loaded, session1=session))
        finally:
            tpm.flush_context(loaded)


def _parts(sealed: bytes) -> tuple[bytes, bytes]:
    parts: list[bytes] = []
    rest = sealed[:_MOST_BYTES]
    while len(rest) >= 2:
        (length,) = struct.unpack(">H", rest[:2])
        parts.append(rest[2 : 2 + length])
        rest = rest[2 + length :]
    if len(parts) != 2:
        raise TpmTrouble("the key's file for the TPM is damaged: take it from a copy of the folder")
    return parts[0], parts[1]


def _library() -> Any:
    """tpm2-pytss, whose types are known at run time only."""
    os.environ.setdefault("TSS2_LOG", "all+NONE")  # its C library would write to standard error
    try:
        import tpm2_pytss

        return cast("Any", tpm2_pytss)
    except ImportError as trouble:
        raise TpmTrouble("tpm2-pytss is not installed: install the extra tpm and libtss2") from trouble


@contextmanager
def _primary(tss: Any, tcti: str) -> Generator[tuple[Any, Any, Any]]:
    """The TPM, its storage primary, and a session whose parameters are encrypted."""
    rights, session_rights = tss.TPMA_OBJECT, tss.TPMA_SESSION
    template = tss.TPM2B_PUBLIC.parse("ecc:aes128cfb", objectAttributes=rights.DEFAULT_TPM2_TOOLS_CREATEPRIMARY_ATTRS)
    cipher = tss.TPMT_SYM_DEF(
        algorithm=tss.TPM2_ALG.AES,
        keyBits=tss.TPMU_SYM_KEY_BITS(aes=128),
        mode=tss.TPMU_SYM_MODE(aes=tss.TPM2_ALG.CFB),
    )
    try:
        with tss.ESAPI(tcti) as tpm:
            primary, *_ = tpm.create_primary(tss.TPM2B_SENSITIVE_CREATE(), template, tss.ESYS_TR.OWNER)
            session = tpm.start_auth_session(
                tpm_key=primary,
                bind=tss.ESYS_TR.NONE,
                session_type=tss.TPM2_SE.HMAC,
                symmetric=cipher,
                auth_hash=tss.TPM2_ALG.SHA256,
            )
            tpm.trsess_set_attributes(
                session, session_rights.DECRYPT | session_rights.ENCRYPT | session_rights.CONTINUESESSION
            )
            try:
                yield tpm, primary, session
            finally:
                tpm.flush_context(session)
                tpm.flush_context(primary)
    except tss.TSS2_Exception as trouble:
        raise TpmTrouble(
            f"the TPM refuses ({trouble}): check that {tcti.removeprefix(_DEVICE)} may be used by the terminal's user "
            "(group tss), that its owner password is empty, and that this is the machine that sealed the key"
        ) from trouble
