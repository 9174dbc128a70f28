"""Test forms and papers, and their digests, computed here and not by the code under test."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from offline_queue.numbers import make_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """`content` is what is uploaded; `sha256` is lower-case hex."""

    id: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A frozen submission of a terminal."""

    uid: str
    body: bytes
    papers: tuple[Paper, ...] = ()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


def digest_of(content: bytes) -> str:
    """The Content-Digest of RFC 9530."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def new_uid() -> str:
    return str(uuid.uuid4())


def paper(size: int = 48) -> Paper:
    return Paper(id=new_uid(), content=os.urandom(size))


def envelope(code: str, uid: str, papers: Sequence[Paper] = (), **members: Any) -> dict[str, Any]:
    """A form of the terminal `code` as JSON knows it; `members` replace its own."""
    return {
        "uid": uid,
        "kiosk": code,
        "provisional_number": make_number(
            terminal=code, day=f"{datetime.now(tz=UTC):%y%m%d}", counter=secrets.randbelow(9000) + 1
        ),
        "token": secrets.token_urlsafe(16),
        "matter": "conformance-check",
        "created": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "test": True,
        "form": {"name": "测试件", "remark": "district check"},
        "attachments": [
            {
                "id": one.id,
                "material": "check",
                "media_type": "application/octet-stream",
                "bytes": len(one.content),
                "sha256": one.sha256,
            }
            for one in papers
        ],
        **members,
    }


def written(content: Any) -> bytes:
    """As a terminal freezes it."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def form(code: str, papers: Sequence[Paper] = (), *, uid: str | None = None, **members: Any) -> Form:
    name = uid or new_uid()
    return Form(uid=name, body=written(envelope(code, name, papers, **members)), papers=tuple(papers))
