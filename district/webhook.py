"""Tells a district's own system by POST of JSON: the address is theirs, the words are ours (docs/adapters.md).

Each request is signed with a shared secret in the form of RFC 9421, as terminals sign theirs: over `@method`,
`@target-uri`, `idempotency-key` and `content-digest`, with `created`, `nonce` and `keyid`; HMAC-SHA256 or HMAC-SM3 in
place of Ed25519. With `papers`, each paper goes first, by PUT to `<address>/papers/<id>`, so that nothing is missing
when the case is told.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable, Mapping

from district.adapters.answers import parsed, text_at
from district.macs import Algorithm, authenticate
from district.receiving import Delivered, Delivery, Later, Refused, judge
from offline_queue.numbers import base64url
from offline_queue.retry import Answer
from offline_queue.signing import LABEL, SIGNED_FIELDS, signature_base, signature_parameters
from offline_queue.transport import DEADLINE_SECONDS, Certificates, Transport, checked_url
from offline_queue.wire import content_digest

WITH_PAPERS = ("complete", "supplement-answered")
_NONCE_BYTES = 16
_BEFORE_TEXT = b"\xef\xbb\xbf \t\r\n"


class Webhook:
    """`url` is https, or http to this machine (ValueError else). `wall` gives seconds since 1970."""

    def __init__(
        self,
        url: str,
        *,
        key_id: str,
        secret: bytes,
        algorithm: Algorithm = "hmac-sha256",
        papers: bool = False,
        certificates: Certificates | None = None,
        deadline: float = DEADLINE_SECONDS,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._url = checked_url(url)
        self._key_id = key_id
        self._secret = secret
        self._algorithm: Algorithm = algorithm
        self._papers = papers
        self._transport = Transport(certificates=certificates, deadline=deadline)
        self._wall = wall

    def close(self) -> None:
        self._transport.close()

    def deliver(self, delivery: Delivery, *, going_on: Callable[[], bool]) -> Delivered | Later | Refused:
        if self._papers and delivery.event in WITH_PAPERS:
            for one in delivery.papers:
                try:
                    content = delivery.content(one.id)
                except ValueError:
                    return Refused(error="paper-not-to-be-had")
                address, key = f"{self._url}/papers/{one.id}", f"{delivery.key}/{one.id}"
                answer = self._send("PUT", address, content, one.media_type, key, going_on)
                if not isinstance(answer, Answer):
                    return answer
        body = json.dumps(delivery.document(), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        answer = self._send("POST", self._url, body, "application/json", delivery.key, going_on)
        if not isinstance(answer, Answer):
            return answer
        return Delivered(number=text_at(parsed(answer.body), "number"))

    def _send(
        self, method: str, url: str, body: bytes, media_type: str, key: str, going_on: Callable[[], bool]
    ) -> Answer | Later | Refused:
        if not going_on():
            return Later(error="taken-over")
        headers = {
            "Content-Type": media_type,
            "Idempotency-Key": f'"{key}"',
            "Content-Digest": content_digest(body),
        }
        answer = judge(self._transport.request(method, url, body, headers, self._sign))
        if isinstance(answer, Answer) and answer.body.lstrip(_BEFORE_TEXT).startswith(b"<"):
            return Later(error="not-their-answer")  # a page: of a portal, a proxy, or for signing in
        return answer

    def _sign(self, method: str, url: str, headers: Mapping[str, str]) -> Mapping[str, str]:
        components = [("@method", method), ("@target-uri", url)]
        components += [(name.lower(), headers[name]) for name in SIGNED_FIELDS]
        parameters = signature_parameters(
            [name for name, _ in components],
            created=int(self._wall()),
            nonce=base64url(os.urandom(_NONCE_BYTES)),
            keyid=self._key_id,
        )
        mac = authenticate(self._algorithm, self._secret, signature_base(components, parameters))
        return {
            "Signature-Input": f"{LABEL}={parameters}",
            "Signature": f"{LABEL}=:{base64.b64encode(mac).decode()}:",
        }
