"""A case to hand on, made up, with papers."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping
from dataclasses import replace

from pydantic import JsonValue

from district.receiving import CasePaper, Delivery

UID = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
KEY = "0c1f4cde-6a4b-5f0e-9d55-0d6c8d1f0a11"
PAPERS = {
    "7f9619ff-8b86-4d01-b42d-00cf4fc964f1": ("household-register", "image/jpeg", b"\xff\xd8 the register"),
    "7f9619ff-8b86-4d01-b42d-00cf4fc964f2": ("id-card-front", "application/pdf", b"%PDF the card"),
}
FORM: dict[str, JsonValue] = {
    "matter": "pension-enrolment",
    "on_behalf": True,
    "signed_at": "2026-11-23T09:02:11+08:00",
    "applicant": {
        "name": "王秀英",
        "id_number": "33072619500101123X",
        "sex": "female",
        "birth_date": "1950-01-01",
        "assurance": "chip",
    },
    "proxy": {"name": "王建国", "id_number": "330726197503031234", "sex": "male", "birth_date": "1975-03-03"},
    "answers": {"phone": "13800001234", "village": "前宅村", "contribution_level": 500, "consents": ["a", "b"]},
}


def case(**changes: JsonValue) -> dict[str, JsonValue]:
    return {
        "uid": UID,
        "case_number": "2026-000123",
        "provisional_number": "TY03-261123-0001-E",
        "kiosk": "TY03",
        "hall": "H01",
        "matter": "pension-enrolment",
        "created": "2026-11-23T09:02:15+08:00",
        "received_at": "2026-11-23T01:02:20+00:00",
        "complete_at": "2026-11-23T01:02:31+00:00",
        "stage": "complete",
        "rating": None,
        "their_number": None,
        "event": {"key": KEY, "code": "complete", "at": "2026-11-23T01:02:31+00:00"},
        "form": FORM,
        "steps": [{"at": "2026-11-23T01:02:20+00:00", "code": "received"}],
        "supplements": [],
        **changes,
    }


def delivery(
    event: str = "complete", *, papers: int = 2, key: str = KEY, of: Mapping[str, JsonValue] | None = None
) -> Delivery:
    told = tuple(
        CasePaper(
            id=name,
            material=material,
            media_type=media_type,
            bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        for name, (material, media_type, content) in list(PAPERS.items())[:papers]
    )
    return Delivery(key=key, event=event, case=of or case(), papers=told, content=lambda name: PAPERS[name][2])


def without_content(of: Delivery) -> Delivery:
    """The same case, whose papers can't be had."""

    def content(name: str) -> bytes:
        raise ValueError(name)

    return replace(of, content=content)


def openssl_mac(algorithm: str, secret: str, text: bytes) -> str:
    """HMAC by OpenSSL's program, in hex: nothing of ours had a hand in it. `algorithm` is `sm3` or `sha256`."""
    words = ["openssl", "dgst", f"-{algorithm}", "-mac", "HMAC", "-macopt", f"key:{secret}", "-r"]
    return subprocess.run(words, input=text, capture_output=True, check=True).stdout.split()[0].decode()


def openssl_digest(algorithm: str, content: bytes) -> str:
    words = ["openssl", "dgst", f"-{algorithm}", "-r"]
    return subprocess.run(words, input=content, capture_output=True, check=True).stdout.split()[0].decode()
