"""Who may ask: requests are signed by a terminal that is registered here (RFC 9421, Ed25519).

The signature covers `@method` and `@target-uri`, and `idempotency-key` and `content-digest` where the request has them;
whoever takes a body compares it with that digest. A signature counts for five minutes around this machine's time and
once, whichever process it comes to (:mod:`district.nonces`). Nobody learns anything about the clock or a nonce before
the signature itself has held. Where a client certificate was issued to the terminal here, and TLS ends in this process,
it must be that one: neither a stolen key opens the gate by itself, nor a stolen certificate.

While no terminal is registered, and signatures are not asked for, everybody on this machine may ask.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures.algorithms import ED25519  # pyright: ignore[reportPrivateImportUsage] - its public name
from http_message_signatures.exceptions import HTTPMessageSignaturesException, InvalidSignature
from http_message_signatures.resolvers import HTTPSignatureKeyResolver
from http_message_signatures.signatures import HTTPMessageVerifier

from district.admission import Later
from district.nonces import Nonces
from district.terminals import Signer, Terminals

WINDOW_SECONDS = 300
_LONGEST_NONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a signature may cover. `url` is the address as the terminal wrote it; `certificate` the hex SHA-256 of the
    client certificate (DER) that opened the line, where that is known."""

    method: str
    url: str
    headers: Mapping[str, str]
    certificate: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """`code` of the terminal that asks, and `key_id` of which of its keys; None where no signature is asked for."""

    code: str | None
    key_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """`kind` ends the problem's type; `retry_after` is in seconds."""

    status: int
    kind: str
    detail: str
    retry_after: int | None = None


class Gate:
    """Checks signatures. `wall` gives seconds since 1970."""

    def __init__(
        self,
        terminals: Terminals,
        nonces: Nonces,
        *,
        required: bool = False,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._terminals = terminals
        self._nonces = nonces
        self._required = required
        self._wall = wall

    def admit(
        self, request: Request, *, ask: Callable[[str], Later | None] = lambda _terminal: None
    ) -> Admitted | Refused:
        """`ask` says whether this terminal is to come later. It is asked only for who has a key of it, and before
        anything is written for its sake; also where that key turns out to be revoked."""
        keys = _Keys(self._terminals)
        verifier = _Verifier(signature_algorithm=ED25519, key_resolver=keys)
        try:
            (result,) = verifier.verify(request, max_age=None)  # pyright: ignore[reportUnknownMemberType] - its message is untyped
            if not _needed(request) <= result.covered_components.keys():
                raise InvalidSignature("it covers too little")
        except HTTPMessageSignaturesException:
            if not self._required and not self._terminals.any():
                return Admitted(code=None, key_id=None)
            return Refused(status=401, kind="signature", detail="a registered terminal's signature is needed")
        key, created, nonce = (result.parameters.get(name) for name in ("keyid", "created", "nonce"))
        signer = keys.found
        if signer is None or key != signer.key_id or not isinstance(created, int) or not isinstance(nonce, str):
            return Refused(status=401, kind="signature", detail="keyid, created and nonce are needed")
        if abs(created - self._wall()) > WINDOW_SECONDS:
            return Refused(status=401, kind="clock", detail="sign again with the time of Date")
        if not 0 < len(nonce) <= _LONGEST_NONCE:
            return Refused(status=401, kind="signature", detail=f"a nonce has 1 to {_LONGEST_NONCE} characters")
        later = ask(signer.code)
        if later is not None:
            return Refused(status=503, kind="later", detail="many came at once", retry_after=later.seconds)
        terminal, is_first = self._nonces.use(signer.key_id, nonce, until=created + WINDOW_SECONDS)
        if terminal is None or terminal.revoked_at is not None:
            return Refused(status=403, kind="terminal", detail="this terminal's key is revoked")
        belong = (terminal.certificate_sha256, terminal.former_certificate_sha256)
        if request.certificate is not None and any(belong) and request.certificate not in belong:
            return Refused(status=403, kind="certificate", detail="the line was opened with another's certificate")
        if not is_first:
            return Refused(status=401, kind="nonce", detail="this nonce was used")
        return Admitted(code=terminal.code, key_id=terminal.key_id)


def _needed(request: Request) -> set[str]:
    """Components that a signature has to cover, as they are written in it."""
    there = {f'"{name}"' for name in ("idempotency-key", "content-digest") if name in request.headers}
    return {'"@method"', '"@target-uri"'} | there


class _Verifier(HTTPMessageVerifier):
    def validate_created_and_expires(self, sig_input: object, max_age: timedelta | None = None) -> None:
        """The clock is looked at once the signature has held, and is a trouble of its own."""


class _Keys(HTTPSignatureKeyResolver):
    """Looks a key up, and remembers whose it is."""

    def __init__(self, terminals: Terminals) -> None:
        self._terminals = terminals
        self.found: Signer | None = None

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey | None:
        self.found = self._terminals.signer(key_id)
        return None if self.found is None else self.found.public_key
