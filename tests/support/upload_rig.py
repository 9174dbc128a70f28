"""What tests of the platform's uploads share: a terminal that sends chunk by chunk, and a platform of any settings."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import requests

from district.app import Settings
from district.embedded import EmbeddedDistrict
from district.objects import Place
from district.store import DistrictStore
from offline_queue.wire import Attachment, Envelope, canonical_bytes, content_digest, sha256_hex

TUS = {"Content-Type": "application/offset+octet-stream", "Tus-Resumable": "1.0.0"}


def place(text: str) -> Path | Place:
    return Place.read(text) if text.startswith("s3:") else Path(text)


@contextmanager
def serving(settings: Settings) -> Generator[str]:
    with EmbeddedDistrict.of(settings) as running:
        yield running.url


class Sender:
    """A terminal that hands in one form with papers."""

    def __init__(self, *papers: bytes) -> None:
        self.uid = str(uuid4())
        self.papers = {str(uuid4()): content for content in papers}

    def body(self) -> bytes:
        return canonical_bytes(
            Envelope(
                uid=self.uid,
                kiosk="TY03",
                provisional_number="TY03-261123-0001-E",
                token="A" * 22,
                matter="pension-enrolment",
                created="2026-11-23T09:00:00+08:00",
                test=False,
                form={},
                attachments=tuple(
                    Attachment(id=name, material="m", media_type="image/jpeg", bytes=len(one), sha256=sha256_hex(one))
                    for name, one in self.papers.items()
                ),
            )
        )

    def form(self, url: str, body: bytes | None = None) -> requests.Response:
        body = body or self.body()
        headers = {"Idempotency-Key": f'"{self.uid}"', "Content-Digest": content_digest(body)}
        return requests.put(f"{url}/v1/submissions/{self.uid}", body, headers=headers, timeout=20)

    def chunk(self, url: str, name: str, start: int, end: int | None = None) -> requests.Response:
        headers = {**TUS, "Upload-Offset": str(start)}
        chunk = self.papers[name][start:end]
        return requests.patch(f"{url}/v1/attachments/{name}", chunk, headers=headers, timeout=20)

    def offset(self, url: str, name: str) -> int:
        tus = {"Tus-Resumable": "1.0.0"}
        return int(requests.head(f"{url}/v1/attachments/{name}", headers=tus, timeout=20).headers["Upload-Offset"])

    def state(self, url: str) -> tuple[str, str | None]:
        told = requests.get(f"{url}/v1/submissions/{self.uid}", timeout=20).json()
        return told["state"], told["case_number"]

    def is_kept(self, store: DistrictStore) -> bool:
        found = {name: store.papers.paper(name) for name in self.papers}
        return {name: b"".join(one.content) for name, one in found.items() if one is not None} == self.papers


def refusal(answer: requests.Response) -> tuple[int, str]:
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    return answer.status_code, answer.json()["type"].rpartition(":")[2]
