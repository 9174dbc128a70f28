"""Who asks: each request is signed with the terminal's own key (RFC 9421, Ed25519), anew for each attempt.

Signed are `@method`, `@target-uri`, and, where the request has them, `idempotency-key` and `content-digest`; parameters
are `created` (seconds), `nonce` and `keyid` (:func:`offline_queue.numbers.key_id`). Four fixed components need no
parser, so a terminal only writes signatures. The reference platform reads them with a library nobody here wrote.

A clock that is wrong does not silence a terminal: when the platform says so (401 of type `clock`, with its `Date`), the
signer goes on with the difference.
"""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable, Mapping, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from offline_queue.numbers import base64url, key_id

LABEL = "kiosk"
SIGNED_FIELDS = ("Idempotency-Key", "Content-Digest")
_NONCE_BYTES = 16


def signature_base(components: Sequence[tuple[str, str]], parameters: str) -> bytes:
    """RFC 9421 2.5: one line for each component (lower-case name, value), and the parameters as the last."""
    lines = [f'"{name}": {value}' for name, value in components]
    return "\n".join((*lines, f'"@signature-params": {parameters}')).encode("ascii")


def signature_parameters(names: Sequence[str], *, created: int, keyid: str, nonce: str | None = None) -> str:
    """RFC 9421 2.3: the covered names, and what is known of the signature."""
    covered = " ".join(f'"{name}"' for name in names)
    once = "" if nonce is None else f';nonce="{nonce}"'
    return f'({covered});created={created}{once};keyid="{keyid}"'


class RequestSigner:
    """Signs one terminal's requests. `wall` gives seconds since 1970; it may be wrong, see :meth:`set_offset`."""

    def __init__(self, key: Ed25519PrivateKey, *, wall: Callable[[], float] = time.time) -> None:
        self._key = key
        self._key_id = key_id(key.public_key().public_bytes_raw())
        self._wall = wall
        self._offset = 0.0

    @property
    def offset(self) -> float:
        """Seconds that the platform's clock is ahead of this machine's, as far as the platform complained."""
        return self._offset

    def now(self) -> float:
        """Seconds since 1970, as they stand in signatures."""
        return self._wall() + self._offset

    def set_offset(self, platform_time: float) -> None:
        """The platform's clock shows `platform_time` (seconds since 1970)."""
        self._offset = platform_time - self._wall()

    def fields(self, method: str, target_uri: str, headers: Mapping[str, str]) -> dict[str, str]:
        """The two fields that sign a request whose other fields are `headers`."""
        components = [("@method", method), ("@target-uri", target_uri)]
        components += [(name.lower(), headers[name]) for name in SIGNED_FIELDS if name in headers]
        parameters = signature_parameters(
            [name for name, _ in components],
            created=int(self.now()),
            nonce=base64url(os.urandom(_NONCE_BYTES)),
            keyid=self._key_id,
        )
        signature = self._key.sign(signature_base(components, parameters))
        return {
            "Signature-Input": f"{LABEL}={parameters}",
            "Signature": f"{LABEL}=:{base64.b64encode(signature).decode()}:",
        }
