"""Active authentication, ICAO 9303-11 clause 6.1: the chip signs a challenge with the key that DG15 shows.

RSA with message recovery (ISO/IEC 9796-2 digital signature scheme 1), or ECDSA in the plain format of TR-03111.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from devices.card.emrtd.apdu import Command
from devices.card.emrtd.asn1 import Algorithm, EcKey, RsaKey, Unsupported, read_public_key
from devices.card.emrtd.messaging import SecureTalk
from devices.card.emrtd.security_infos import ACTIVE_AUTHENTICATION, SecurityInfo
from devices.card.emrtd.signatures import digest, hash_named, is_signed

_OK = 0x9000
_CHALLENGE_BYTES = 8
# ISO/IEC 10118's hash identifiers in a trailer of two bytes; BC alone is SHA-1 (ISO/IEC 9796-2 clause 8.1.2).
_TRAILERS = {0x33: "sha1", 0x34: "sha256", 0x35: "sha512", 0x36: "sha384", 0x38: "sha224"}
# ecdsa-plain-signatures (TR-03111 clause 5.2.1.1): 0.4.0.127.0.7.1.1.4.1, then the hash.
_PLAIN_ECDSA = bytes.fromhex("04007F000701010401")
_ECDSA_HASHES = {1: "sha1", 2: "sha224", 3: "sha256", 4: "sha384", 5: "sha512"}


def is_active(
    talk: SecureTalk,
    key: bytes,
    infos: Sequence[SecurityInfo],
    *,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> bool:
    """Whether the chip holds the private key to ``key``, the SubjectPublicKeyInfo in DG15; ``infos`` are DG14's. Raises
    :class:`Unsupported`, and the errors of :mod:`devices.card.slot`."""
    challenge = random(_CHALLENGE_BYTES)
    public = read_public_key(key)
    match public:
        case EcKey():
            algorithm = Algorithm("ecdsa", _ecdsa_hash(infos))
            signature = _ask(talk, challenge)
            half = len(signature) // 2
            r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
            return is_signed(public, algorithm, encode_dss_signature(r, s), challenge)
        case RsaKey(modulus=modulus, exponent=exponent):
            return _is_rsa(modulus, exponent, _ask(talk, challenge), challenge)


def _ask(talk: SecureTalk, challenge: bytes) -> bytes:
    """INTERNAL AUTHENTICATE; empty when the chip refuses."""
    answer, status = talk.send(Command(0x88, 0x0000, challenge, le=65536 if talk.longest > 256 else 256))
    return answer if status == _OK else b""


def _is_rsa(modulus: int, exponent: int, signature: bytes, challenge: bytes) -> bool:
    """Scheme 1 with partial recovery: 6A || M1 || hash(M1 || challenge) || trailer, the whole modulus long."""
    size = (modulus.bit_length() + 7) // 8
    value = int.from_bytes(signature, "big")
    if len(signature) != size or not 0 < value < modulus:
        return False
    message = pow(value, exponent, modulus)
    if message & 0x0F != 0x0C:
        message = modulus - message  # the signer may have taken the smaller of the two roots (clause 8.2.4)
    shown = message.to_bytes(size, "big")
    if shown[-1] == 0xBC:
        name, end = "sha1", size - 1
    elif shown[-1] == 0xCC and shown[-2] in _TRAILERS:
        name, end = _TRAILERS[shown[-2]], size - 2
    else:
        return False
    start = end - hash_named(name).digest_size
    recovered, code = shown[1:start], shown[start:end]
    return shown[0] == 0x6A and hmac.compare_digest(code, digest(name, recovered + challenge))


def _ecdsa_hash(infos: Sequence[SecurityInfo]) -> str:
    """What DG14 says of it (clause 9.2.7); it has to, where the key is an elliptic curve's."""
    for info in infos:
        if info.oid == ACTIVE_AUTHENTICATION and info.optional is not None:
            named = info.optional.value
            if named[:-1] == _PLAIN_ECDSA and named[-1] in _ECDSA_HASHES:
                return _ECDSA_HASHES[named[-1]]
    raise Unsupported("no hash for ECDSA is named")
