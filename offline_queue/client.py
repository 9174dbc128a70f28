"""What a terminal asks of the district platform, over :mod:`offline_queue.transport`.

Requests are signed (`signing`), and shown a certificate of our own when there is one; after a refusal (401, 403)
connections are made anew, which reads renewed certificates from the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from offline_queue.retry import Answer, Outcome, platform_time
from offline_queue.signing import RequestSigner
from offline_queue.transport import DEADLINE_SECONDS, Certificates, Transport, checked_url
from offline_queue.wire import PLAIN_TYPE, WAITING_HEADER, content_digest

_TUS = {"Tus-Resumable": "1.0.0"}


class PlatformClient:
    """Requests to one platform. Every method answers within the deadline (seconds) and never raises for the network.

    `url` is the platform's root, https, or http to loopback; anything else raises ValueError. Without `signer` nothing
    is signed. `waiting` counts the forms that are yet to be sent, and the platform is told with each.
    """

    def __init__(
        self,
        url: str,
        *,
        signer: RequestSigner | None = None,
        certificates: Certificates | None = None,
        deadline: float = DEADLINE_SECONDS,
        waiting: Callable[[], int] | None = None,
    ) -> None:
        self._url = checked_url(url)
        self._waiting = waiting
        self._signer = signer
        self._transport = Transport(certificates=certificates, deadline=deadline)

    def close(self) -> None:
        self._transport.close()

    @property
    def clock_offset(self) -> float:
        """Seconds that the platform's clock is ahead of this machine's; 0 while it has not complained."""
        return 0.0 if self._signer is None else self._signer.offset

    def put_form(self, uid: str, body: bytes, media_type: str) -> Outcome:
        return self._request(
            "PUT",
            f"/v1/submissions/{uid}",
            body,
            {
                "Content-Type": media_type,
                "Idempotency-Key": f'"{uid}"',
                "Content-Digest": content_digest(body),
                **self._told(),
            },
        )

    def put_forms(self, batch: bytes) -> Outcome:
        """`batch` is a `wire.Batch` as JSON."""
        return self._request(
            "POST",
            "/v1/submissions",
            batch,
            {"Content-Type": PLAIN_TYPE, "Content-Digest": content_digest(batch), **self._told()},
        )

    def attachment_offset(self, name: str) -> Outcome:
        return self._request("HEAD", f"/v1/attachments/{name}", None, _TUS)

    def send_chunk(self, name: str, offset: int, chunk: bytes) -> Outcome:
        return self._request(
            "PATCH",
            f"/v1/attachments/{name}",
            chunk,
            {
                **_TUS,
                "Content-Type": "application/offset+octet-stream",
                "Content-Digest": content_digest(chunk),
                "Upload-Offset": str(offset),
            },
        )

    def progress(self, uid: str) -> Outcome:
        return self._request("GET", f"/v1/submissions/{uid}", None, {})

    def put_rating(self, uid: str, body: bytes) -> Outcome:
        return self._request(
            "PUT",
            f"/v1/submissions/{uid}/rating",
            body,
            {"Content-Type": "application/json", "Content-Digest": content_digest(body)},
        )

    def report(self, kind: str, body: bytes) -> Outcome:
        return self._request(
            "PUT",
            f"/v1/telemetry/{kind}",
            body,
            {"Content-Type": "application/json", "Content-Digest": content_digest(body)},
        )

    def renew_certificate(self, code: str, request: bytes) -> Outcome:
        """`request` is PKCS #10 in PEM; a certificate comes back, PEM, too."""
        return self._request(
            "POST",
            f"/v1/terminals/{code}/certificate",
            request,
            {"Content-Type": "application/pkcs10", "Content-Digest": content_digest(request)},
        )

    def reconnect(self) -> None:
        """Close what is open, so that the next request reads the certificate anew."""
        self._transport.close()

    def retire(self, code: str) -> Outcome:
        """Ask the platform to revoke the key that signs this."""
        return self._request("DELETE", f"/v1/terminals/{code}", None, {})

    def _told(self) -> dict[str, str]:
        return {} if self._waiting is None else {WAITING_HEADER: str(self._waiting())}

    def _request(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Outcome:
        outcome = self._attempt(method, path, body, headers)
        signer = self._signer
        if signer is not None and (theirs := platform_time(outcome, now=signer.now())) is not None:
            signer.set_offset(theirs)
            outcome = self._attempt(method, path, body, headers)
        if isinstance(outcome, Answer) and outcome.status in (401, 403):
            self._transport.close()
        return outcome

    def _attempt(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Outcome:
        sign = None if self._signer is None else self._signer.fields
        return self._transport.request(method, self._url + path, body, headers, sign)
