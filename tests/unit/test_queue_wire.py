"""Literal bytes of the wire: both ends share wire.py, so a mistake in it would pass on both."""

from __future__ import annotations

from offline_queue.wire import Attachment, Envelope, canonical_bytes, content_digest, sha256_hex

FROZEN = (
    '{"attachments":[{"bytes":3,"id":"6f9619ff-8b86-4d01-b42d-00cf4fc96400","material":"signature",'
    '"media_type":"image/png","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}],'
    '"created":"2026-11-23T09:00:00+08:00","form":{"a":[1,null,true],"name":"王秀英"},"kiosk":"TY03",'
    '"matter":"pension-enrolment","provisional_number":"TY03-261123-0047-K","test":false,'
    '"token":"AAAAAAAAAAAAAAAAAAAAAA","uid":"6f9619ff-8b86-4d01-b42d-00cf4fc964ff"}'
).encode()


def test_the_digest_of_nothing_is_the_standards() -> None:
    assert content_digest(b"") == "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"


def test_an_envelope_freezes_to_these_bytes() -> None:
    envelope = Envelope(
        uid="6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
        kiosk="TY03",
        provisional_number="TY03-261123-0047-K",
        token="A" * 22,
        matter="pension-enrolment",
        created="2026-11-23T09:00:00+08:00",
        test=False,
        form={"name": "王秀英", "a": [1, None, True]},
        attachments=(
            Attachment(
                id="6f9619ff-8b86-4d01-b42d-00cf4fc96400",
                material="signature",
                media_type="image/png",
                bytes=3,
                sha256="a" * 64,
            ),
        ),
    )
    assert canonical_bytes(envelope) == FROZEN
    assert sha256_hex(FROZEN) == "f8f25369cccad157bf466b9c4ef0f8f9704fff8dab85d2c634e3c8738979230d"
    assert Envelope.model_validate_json(FROZEN) == envelope


def test_a_supplement_says_what_it_answers_and_no_other_submission_says_anything() -> None:
    envelope = Envelope.model_validate_json(FROZEN)
    asked = "7f9619ff-8b86-4d01-b42d-00cf4fc964ff"
    answering = envelope.model_copy(update={"supplement_of": asked})
    assert b"supplement_of" not in canonical_bytes(envelope)
    assert f'"supplement_of":"{asked}"'.encode() in canonical_bytes(answering)
    assert Envelope.model_validate_json(canonical_bytes(answering)) == answering
