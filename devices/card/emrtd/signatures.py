"""Checking signatures, and the hashes that go with them, by cryptography."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from devices.card.emrtd.asn1 import Algorithm, EcKey, PublicKey, RsaKey, Unsupported

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - what older documents are signed with  # nosec B303
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


def hash_named(name: str) -> hashes.HashAlgorithm:
    """A hash by its name in hashlib. Raises :class:`Unsupported`."""
    found = _HASHES.get(name)
    if found is None:
        raise Unsupported("hash")
    return found


def digest(name: str, data: bytes) -> bytes:
    """The hash of ``data``. Raises :class:`Unsupported`."""
    running = hashes.Hash(hash_named(name))
    running.update(data)
    return running.finalize()


def is_signed(key: PublicKey, algorithm: Algorithm, signature: bytes, data: bytes) -> bool:
    """Whether ``signature`` over ``data`` is by this key. Raises :class:`Unsupported`."""
    hashed = hash_named(algorithm.hash)
    try:
        match key:
            case EcKey(curve=curve, point=point) if algorithm.kind == "ecdsa" and curve.openssl is not None:
                public = ec.EllipticCurvePublicNumbers(*point, curve.openssl).public_key()
                public.verify(signature, data, ec.ECDSA(hashed))
            case RsaKey(modulus=modulus, exponent=exponent) if algorithm.kind != "ecdsa":
                scheme = (
                    padding.PSS(padding.MGF1(hash_named(algorithm.mask)), algorithm.salt)
                    if algorithm.kind == "rsassa_pss"
                    else padding.PKCS1v15()
                )
                rsa.RSAPublicNumbers(exponent, modulus).public_key().verify(signature, data, scheme, hashed)
            case _:
                raise Unsupported("key and algorithm")
    except InvalidSignature:
        return False
    except (UnsupportedAlgorithm, ValueError):
        raise Unsupported("key") from None
    return True
