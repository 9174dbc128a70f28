"""Sealing to the district: opened by an independent HPKE and by hand, refused when anything was changed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from io import BytesIO

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhpke import AEADId, CipherSuite, KDFId, KEMId, KEMKey

from offline_queue import stream
from offline_queue.numbers import key_id
from offline_queue.sealed import NoKey, NotIntact, Opened, PublicKey, Recipients, Sealing, open_submission
from offline_queue.stream import Cipher, Sm4Gcm
from offline_queue.wire import (
    CHUNK_BYTES,
    Attachment,
    Envelope,
    SealedAttachment,
    SealedSubmission,
    Suite,
    canonical_bytes,
    sha256_hex,
)

UID = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
OTHER = "7f9619ff-8b86-4d01-b42d-00cf4fc964ff"
PAPER = "8f9619ff-8b86-4d01-b42d-00cf4fc964ff"
DISTRICT, ESCROW = (X25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))
PICTURE = bytes(range(251)) * 9000


def _id(key: X25519PrivateKey) -> str:
    return key_id(key.public_key().public_bytes_raw())


KEYS = {_id(DISTRICT): DISTRICT, _id(ESCROW): ESCROW}


@dataclass(frozen=True, slots=True)
class Made:
    envelope: Envelope
    body: bytes
    paper: bytes

    @property
    def sealed(self) -> SealedSubmission:
        return SealedSubmission.model_validate_json(self.body)


def made(suite: Suite = Suite.AES256_GCM, *, uid: str = UID) -> Made:
    recipients = Recipients(
        suite=suite,
        keys=tuple(PublicKey(id=name, raw=key.public_key().public_bytes_raw()) for name, key in KEYS.items()),
    )
    sealing = Sealing(recipients, uid=uid)
    paper = sealing.paper(PAPER, PICTURE)
    envelope = Envelope(
        uid=uid,
        kiosk="TY03",
        provisional_number="TY03-261123-0001-E",
        token="A" * 22,
        matter="pension-enrolment",
        created="2026-11-23T09:00:00+08:00",
        test=False,
        form={"name": "王秀英"},
        attachments=(
            Attachment(
                id=PAPER,
                material="household-register",
                media_type="image/jpeg",
                bytes=len(PICTURE),
                sha256=sha256_hex(PICTURE),
            ),
        ),
    )
    declared = SealedAttachment(id=PAPER, bytes=len(paper), sha256=sha256_hex(paper))
    return Made(envelope, canonical_bytes(sealing.submission(envelope, [declared])), paper)


def whole_paper(opened: Opened, sealed: bytes) -> bytes | None:
    parts = [
        opened.paper_chunk(PAPER, BytesIO(sealed), index) for index in range(max(1, stream.chunk_count(len(sealed))))
    ]
    return b"".join(part for part in parts if part is not None) if None not in parts else None


# --- an independent reader: HPKE by pyhpke, the rest by hand from docs/integrators.md ---------------------------------


def hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    """RFC 5869 with SHA-256, one block."""
    return hmac.digest(hmac.digest(salt, key, "sha256"), info + b"\x01", "sha256")


def by_hand(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    assert sealed[:4] == b"TKS1"
    aead, chunks = AESGCM(hkdf(key, sealed[4:36], b"township-kiosk object")), sealed[36:]
    size = 1024 * 1024 + 16
    count = -(-len(chunks) // size)
    return b"".join(
        aead.decrypt(index.to_bytes(11, "big") + bytes([index == count - 1]), chunks[index * size :][:size], bound)
        for index in range(count)
    )


def test_an_independent_reader_opens_form_and_papers() -> None:
    """The wire's JSON as anybody gets it, without our models."""
    submission = made()
    wire = json.loads(submission.body)
    suite = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.AES256_GCM)
    for recipient, private in zip(wire["recipients"], KEYS.values(), strict=True):
        info = f"township-kiosk sealed v1\n{wire['suite']}\n{wire['uid']}\n{wire['kiosk']}\n{recipient['key_id']}"
        context = suite.create_recipient_context(
            base64.b64decode(recipient["enc"]), KEMKey.from_pyca_cryptography_key(private), info=info.encode()
        )
        content_key = context.open(base64.b64decode(recipient["wrapped"]))
        rest = {name: value for name, value in wire.items() if name != "sealed"}
        bound = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        inside = json.loads(by_hand(content_key, base64.b64decode(wire["sealed"]), bound))
        assert inside["form"] == {"name": "王秀英"}
        paper = by_hand(content_key, submission.paper, f"{UID}/paper/{PAPER}".encode())
        assert hashlib.sha256(paper).hexdigest() == inside["attachments"][0]["sha256"]


def test_we_open_what_an_independent_sender_seals() -> None:
    submission = made()
    wire = json.loads(submission.body)
    suite = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.AES256_GCM)
    content_key, salt = b"k" * 32, b"s" * 32
    info = f"township-kiosk sealed v1\n{wire['suite']}\n{UID}\nTY03\n{_id(DISTRICT)}"
    enc, context = suite.create_sender_context(
        KEMKey.from_pyca_cryptography_key(DISTRICT.public_key()), info=info.encode()
    )
    wire["recipients"] = [
        {
            "key_id": _id(DISTRICT),
            "enc": base64.b64encode(enc).decode(),
            "wrapped": base64.b64encode(context.seal(content_key)).decode(),
        }
    ]
    del wire["sealed"]
    bound = json.dumps(wire, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    form = AESGCM(hkdf(content_key, salt, b"township-kiosk object")).encrypt(
        bytes(11) + b"\x01", canonical_bytes(submission.envelope), bound
    )
    wire["sealed"] = base64.b64encode(b"TKS1" + salt + form).decode()
    opened = open_submission(SealedSubmission.model_validate(wire), KEYS)
    assert isinstance(opened, Opened)
    assert opened.envelope == submission.envelope


def test_the_peer_opens_rfc_9180_s_own_example() -> None:
    """Appendix A.1.1 (base mode, X25519, HKDF-SHA256; its AES is the 128-bit one), so that the peer is worth asking."""
    suite = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.AES128_GCM)
    private = X25519PrivateKey.from_private_bytes(
        bytes.fromhex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8")
    )
    context = suite.create_recipient_context(
        bytes.fromhex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"),
        KEMKey.from_pyca_cryptography_key(private),
        info=b"Ode on a Grecian Urn",
    )
    sealed = bytes.fromhex("f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a")
    assert context.open(sealed, aad=b"Count-0") == b"Beauty is truth, truth beauty"


def test_sm4_gcm_is_rfc_8998_s() -> None:
    """Appendix A.1."""
    aead = Sm4Gcm(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    nonce, bound = bytes.fromhex("00001234567800000000ABCD"), bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    plain = b"".join(bytes([byte]) * 8 for byte in (0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0xEE, 0xAA))
    sealed = bytes.fromhex(
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
        "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
        "83DE3541E4C2B58177E065A9BF7B62EC"
    )
    assert aead.encrypt(nonce, plain, bound) == sealed
    assert aead.decrypt(nonce, sealed, bound) == plain
    for wrong in (sealed[:-1], sealed[:15], b""):
        with pytest.raises(InvalidTag):
            aead.decrypt(nonce, wrong, bound)


# --- our own reader, and who would fool it ----------------------------------------------------------------------------


@pytest.mark.parametrize("suite", list(Suite))
@pytest.mark.parametrize("holder", list(KEYS))
def test_either_recipient_opens_it_alone(suite: Suite, holder: str) -> None:
    submission = made(suite)
    opened = open_submission(submission.sealed, {holder: KEYS[holder]})
    assert isinstance(opened, Opened)
    assert opened.envelope == submission.envelope
    assert whole_paper(opened, submission.paper) == PICTURE
    assert submission.paper[:4] == {Suite.AES256_GCM: b"TKS1", Suite.SM4_GCM: b"TKS2"}[suite]
    assert "王秀英".encode() not in submission.body
    assert "k_" not in repr(opened)


def test_nobody_else_opens_it() -> None:
    stranger = X25519PrivateKey.from_private_bytes(b"3" * 32)
    assert open_submission(made().sealed, {_id(stranger): stranger}) == NoKey(wanted=tuple(KEYS))
    # Under a name that is not its own, a wrong key doesn't open either.
    assert open_submission(made().sealed, {_id(DISTRICT): stranger}) == NotIntact()


@pytest.mark.parametrize(
    "changed",
    [
        {"uid": OTHER},
        {"kiosk": "TY04"},
        {"provisional_number": "TY03-261123-0002-C"},
        {"created": "2026-11-24T09:00:00+08:00"},
        {"test": True},
        {"suite": Suite.SM4_GCM},
        {"attachments": ()},
        {"sealed": ""},
        {"sealed": "AAA"},
        {"sealed": base64.b64encode(bytes(80)).decode()},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_is_clear_cannot_be_changed(changed: dict[str, object]) -> None:
    assert open_submission(made().sealed.model_copy(update=changed), KEYS) == NotIntact()


def test_the_second_recipient_cannot_be_dropped_or_exchanged() -> None:
    sealed, other = made().sealed, made(uid=OTHER).sealed
    for recipients in (sealed.recipients[:1], sealed.recipients[::-1], (sealed.recipients[0], other.recipients[1])):
        assert open_submission(sealed.model_copy(update={"recipients": recipients}), KEYS) == NotIntact()


def test_a_content_key_of_another_submission_does_not_serve() -> None:
    sealed, other = made().sealed, made(uid=OTHER).sealed
    mixed = sealed.model_copy(update={"sealed": other.sealed})
    assert open_submission(mixed, KEYS) == NotIntact()
    mixed = sealed.model_copy(update={"sealed": other.sealed, "recipients": other.recipients})
    assert open_submission(mixed, KEYS) == NotIntact()


def test_a_sealer_that_says_inside_other_than_outside_is_found_out() -> None:
    key = PublicKey(id=_id(DISTRICT), raw=DISTRICT.public_key().public_bytes_raw())
    sealing = Sealing(Recipients(suite=Suite.AES256_GCM, keys=(key,)), uid=UID)
    assert open_submission(sealing.submission(made().envelope, []), KEYS) == NotIntact()


def test_papers_cannot_be_cut_swapped_or_taken_from_elsewhere() -> None:
    submission, other = made(), made()
    opened = open_submission(submission.sealed, KEYS)
    assert isinstance(opened, Opened)
    paper, chunk = submission.paper, CHUNK_BYTES + 16
    head, first, second, third = paper[:36], paper[36 : 36 + chunk], paper[36 + chunk : 36 + 2 * chunk], paper[-99:]
    assert whole_paper(opened, paper[: 36 + 2 * chunk]) is None
    assert whole_paper(opened, head + second + first + paper[36 + 2 * chunk :]) is None
    assert whole_paper(opened, head + second + third) is None
    assert whole_paper(opened, paper + b"x") is None
    assert whole_paper(opened, b"TKS2" + paper[4:]) is None
    assert whole_paper(opened, other.paper) is None
    assert opened.paper_chunk(OTHER, BytesIO(paper), 0) is None
    assert whole_paper(opened, paper) == PICTURE


@settings(max_examples=150)
@given(st.binary(max_size=200), st.sampled_from([b"", b"TKS1", b"TKS2"]), st.integers(min_value=-1, max_value=3))
def test_any_bytes_open_to_nothing(content: bytes, magic: bytes, index: int) -> None:
    assert stream.unseal(b"k" * 32, magic + content, bound=b"a") is None
    assert stream.unseal_chunk(b"k" * 32, BytesIO(magic + content), bound=b"a", index=index) is None


@settings(max_examples=80)
@given(
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=48, max_size=48),
    st.text(alphabet="ABCxyz019+/=", max_size=120),
)
def test_any_recipient_and_any_text_open_to_nothing(enc: bytes, wrapped: bytes, text: str) -> None:
    wire = json.loads(SUBMISSION.body)
    wire["recipients"][0] |= {"enc": base64.b64encode(enc).decode(), "wrapped": base64.b64encode(wrapped).decode()}
    assert open_submission(SealedSubmission.model_validate(wire), {_id(DISTRICT): DISTRICT}) == NotIntact()
    sealed = SUBMISSION.sealed.model_copy(update={"sealed": text})
    assert open_submission(sealed, KEYS) == NotIntact()


@settings(max_examples=100)
@given(st.data())
def test_a_flipped_bit_opens_to_nothing(data: st.DataObject) -> None:
    content = base64.b64decode(SUBMISSION.sealed.sealed)
    at = data.draw(st.integers(0, len(content) * 8 - 1))
    flipped = bytearray(content)
    flipped[at // 8] ^= 1 << at % 8
    text = base64.b64encode(flipped).decode()
    assert open_submission(SUBMISSION.sealed.model_copy(update={"sealed": text}), KEYS) == NotIntact()


@pytest.mark.parametrize("cipher", list(Cipher))
@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1])
def test_either_cipher_opens_what_it_sealed(cipher: Cipher, size: int) -> None:
    sealed = stream.seal(b"k" * 32, bytes(size), bound=b"a", cipher=cipher)
    assert stream.unseal(b"k" * 32, sealed, bound=b"a") == bytes(size)
    assert stream.unseal(b"k" * 32, sealed, bound=b"b") is None
    assert stream.unseal(b"l" * 32, sealed, bound=b"a") is None


SUBMISSION = made()
