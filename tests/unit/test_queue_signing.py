"""Signatures against RFC 9421's own example, and against a verifier that nobody here wrote."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from http_message_signatures.algorithms import ED25519  # pyright: ignore[reportPrivateImportUsage] - its public name
from http_message_signatures.exceptions import InvalidSignature
from http_message_signatures.resolvers import MappingKeyResolver
from http_message_signatures.signatures import HTTPMessageVerifier

from offline_queue.numbers import key_id
from offline_queue.signing import RequestSigner, signature_base, signature_parameters

# RFC 9421 appendix B.1.4 (key), B.2 (request) and B.2.6 (signature).
RFC_KEY = b"""-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----
"""
RFC_COMPONENTS = [
    ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
    ("@method", "POST"),
    ("@path", "/foo"),
    ("@authority", "example.com"),
    ("content-type", "application/json"),
    ("content-length", "18"),
]
RFC_BASE = b"""\
"date": Tue, 20 Apr 2021 02:07:55 GMT
"@method": POST
"@path": /foo
"@authority": example.com
"content-type": application/json
"content-length": 18
"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473\
;keyid="test-key-ed25519\""""
RFC_SIGNATURE = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="


def test_the_example_of_rfc_9421_b_2_6_byte_for_byte() -> None:
    parameters = signature_parameters(
        [name for name, _ in RFC_COMPONENTS], created=1618884473, keyid="test-key-ed25519"
    )
    base = signature_base(RFC_COMPONENTS, parameters)
    assert base == RFC_BASE
    key = load_pem_private_key(RFC_KEY, None)
    assert isinstance(key, Ed25519PrivateKey)
    assert base64.b64encode(key.sign(base)).decode() == RFC_SIGNATURE


@dataclass(frozen=True)
class Message:
    method: str = "PUT"
    url: str = "https://district.example/v1/submissions/6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
    headers: dict[str, str] = field(
        default_factory=lambda: {"Idempotency-Key": '"6f96"', "Content-Digest": "sha-256=:AAAA:", "Accept": "*/*"}
    )


KEY = Ed25519PrivateKey.generate()
KEY_ID = key_id(KEY.public_key().public_bytes_raw())


def signed(message: Message, signer: RequestSigner) -> Message:
    fields = signer.fields(message.method, message.url, message.headers)
    return replace(message, headers={**message.headers, **fields})


def verified(message: Message) -> Any:
    keys = MappingKeyResolver(public_keys={KEY_ID: KEY.public_key()}, private_keys={})
    verifier = HTTPMessageVerifier(signature_algorithm=ED25519, key_resolver=keys)
    return verifier.verify(message)[0]  # pyright: ignore[reportUnknownMemberType] - its message is untyped


def test_another_implementation_verifies_ours() -> None:
    result = verified(signed(Message(), RequestSigner(KEY)))
    assert list(result.covered_components)[:-1] == [
        '"@method"',
        '"@target-uri"',
        '"idempotency-key"',
        '"content-digest"',
    ]
    assert result.parameters["keyid"] == KEY_ID


def test_a_request_without_body_covers_method_and_address() -> None:
    result = verified(signed(Message(method="GET", headers={}), RequestSigner(KEY)))
    assert list(result.covered_components)[:-1] == ['"@method"', '"@target-uri"']


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "PATCH"},
        {"url": "https://district.example/v1/submissions/other"},
        {"url": "https://other.example/v1/submissions/6f9619ff-8b86-4d01-b42d-00cf4fc964ff"},
    ],
)
def test_what_is_signed_cannot_be_changed(changed: dict[str, str]) -> None:
    message = replace(signed(Message(), RequestSigner(KEY)), **changed)
    with pytest.raises(InvalidSignature):
        verified(message)


@pytest.mark.parametrize("name", ["Idempotency-Key", "Content-Digest", "Signature-Input"])
def test_signed_fields_cannot_be_changed(name: str) -> None:
    message = signed(Message(), RequestSigner(KEY))
    other = {"Signature-Input": signed(Message(), RequestSigner(KEY)).headers["Signature-Input"]}.get(name, '"6f97"')
    with pytest.raises(InvalidSignature):
        verified(replace(message, headers={**message.headers, name: other}))


def test_each_attempt_has_its_own_nonce() -> None:
    signer = RequestSigner(KEY)
    assert len({verified(signed(Message(), signer)).nonce for _ in range(20)}) == 20


def test_the_platforms_time_is_kept() -> None:
    signer = RequestSigner(KEY, wall=lambda: 1000.0)
    signer.set_offset(5000.0)
    assert (signer.offset, signer.now()) == (4000.0, 5000.0)
    assert ";created=5000;" in signer.fields("GET", "https://district.example/", {})["Signature-Input"]
