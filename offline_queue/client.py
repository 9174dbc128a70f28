"""The one place that speaks HTTP to the district platform; `requests` is imported nowhere else in the queue.

`requests` as it comes re-sends on its own, follows 307 with the body, obeys proxies and CA bundles of the environment,
and its time-out starts anew with every byte. Here: no retries, no redirects, no environment, a bounded answer, and one
deadline for the whole request, kept by shutting the socket down. Only looking up the host's name is outside it.
Plain HTTP is spoken to loopback only. Requests are signed (`signing`), and shown a certificate of our own when there is
one; after a refusal (401, 403) connections are made anew, which reads renewed certificates from the disk.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry

from offline_queue.retry import Answer, Failure, FailureKind, Outcome, platform_time
from offline_queue.signing import RequestSigner
from offline_queue.wire import PLAIN_TYPE, content_digest

MAX_ANSWER_BYTES = 256 * 1024
DEADLINE_SECONDS = 30.0
_TUS = {"Tus-Resumable": "1.0.0"}


class _Watch:
    """The connection that is in use now, so that the deadline can cut it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: HTTPConnection | None = None
        self.cut = False

    def uses(self, connection: HTTPConnection) -> None:
        with self._lock:
            self._connection = connection
            if self.cut:
                _shut(connection)

    def expire(self) -> None:
        with self._lock:
            self.cut = True
            if self._connection is not None:
                _shut(self._connection)


def _shut(connection: HTTPConnection) -> None:
    sock = connection.sock
    if sock is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


_current = threading.local()


class _WatchedHTTP(HTTPConnection):
    def connect(self) -> None:
        # Before, so that a slow handshake can be cut; after, in case the deadline passed before there was a socket.
        _current.watch.uses(self)
        super().connect()
        _current.watch.uses(self)

    def putrequest(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:
            _current.watch.uses(self)
        super().putrequest(*args, **kwargs)


class _WatchedHTTPS(HTTPSConnection):
    def connect(self) -> None:
        # Before, so that a slow handshake can be cut; after, in case the deadline passed before there was a socket.
        _current.watch.uses(self)
        super().connect()
        _current.watch.uses(self)

    def putrequest(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:
            _current.watch.uses(self)
        super().putrequest(*args, **kwargs)


class _WatchedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _WatchedHTTP  # pyright: ignore[reportAssignmentType] - urllib3 names the default, not its base


class _WatchedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedHTTPS  # pyright: ignore[reportAssignmentType] - as above


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        pools = {"http": _WatchedHTTPPool, "https": _WatchedHTTPSPool}
        self.poolmanager.pool_classes_by_scheme = pools  # pyright: ignore[reportAttributeAccessIssue] - not in the stubs


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """PEM files for TLS: `ca` replaces the built-in authorities, `own` is the terminal's certificate and its key."""

    ca: Path | None = None
    own: tuple[Path, Path] | None = None


class PlatformClient:
    """Requests to one platform. Every method answers within the deadline (seconds) and never raises for the network.

    `url` is the platform's root, https, or http to loopback; anything else raises ValueError. Without `signer` nothing
    is signed.
    """

    def __init__(
        self,
        url: str,
        *,
        signer: RequestSigner | None = None,
        certificates: Certificates | None = None,
        deadline: float = DEADLINE_SECONDS,
    ) -> None:
        certificates = certificates or Certificates()
        self._url = _checked(url)
        self._signer = signer
        self._deadline = deadline
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = True if certificates.ca is None else str(certificates.ca)
        if certificates.own is not None:
            self._session.cert = (str(certificates.own[0]), str(certificates.own[1]))
        self._session.headers.update({"User-Agent": "township-kiosk", "Accept-Encoding": "identity"})
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Adapter(max_retries=Retry(0, redirect=0, read=False)))

    def close(self) -> None:
        self._session.close()

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
            },
        )

    def put_forms(self, batch: bytes) -> Outcome:
        """`batch` is a `wire.Batch` as JSON."""
        return self._request(
            "POST", "/v1/submissions", batch, {"Content-Type": PLAIN_TYPE, "Content-Digest": content_digest(batch)}
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
        self._session.close()

    def retire(self, code: str) -> Outcome:
        """Ask the platform to revoke the key that signs this."""
        return self._request("DELETE", f"/v1/terminals/{code}", None, {})

    def _request(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Outcome:
        outcome = self._attempt(method, path, body, headers)
        signer = self._signer
        if signer is not None and (theirs := platform_time(outcome, now=signer.now())) is not None:
            signer.set_offset(theirs)
            outcome = self._attempt(method, path, body, headers)
        if isinstance(outcome, Answer) and outcome.status in (401, 403):
            self._session.close()
        return outcome

    def _attempt(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Outcome:
        watch = _Watch()
        _current.watch = watch
        alarm = threading.Timer(self._deadline, watch.expire)
        alarm.daemon = True
        alarm.start()
        try:
            return self._exchange(method, path, body, headers)
        except requests.exceptions.SSLError:
            return Failure(kind=FailureKind.DEADLINE if watch.cut else FailureKind.TLS)
        except (requests.exceptions.ConnectTimeout, requests.exceptions.ReadTimeout):
            return Failure(kind=FailureKind.DEADLINE)
        except requests.exceptions.ConnectionError:
            return Failure(kind=FailureKind.DEADLINE if watch.cut else FailureKind.UNREACHABLE)
        except (requests.exceptions.RequestException, HTTPError, OSError, ValueError):
            return Failure(kind=FailureKind.DEADLINE if watch.cut else FailureKind.BROKEN)
        finally:
            alarm.cancel()

    def _exchange(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Outcome:
        with self._session.request(
            method,
            self._url + path,
            data=body,
            headers=dict(headers),
            auth=self._sign,
            timeout=self._deadline,
            allow_redirects=False,
            stream=True,
        ) as response:
            content = bytearray()
            for part in response.iter_content(16 * 1024):
                content += part
                if len(content) > MAX_ANSWER_BYTES:
                    return Failure(kind=FailureKind.TOO_LARGE)
            return Answer(
                status=response.status_code,
                body=bytes(content),
                retry_after=response.headers.get("Retry-After"),
                upload_offset=_number(response.headers.get("Upload-Offset")),
                upload_length=_number(response.headers.get("Upload-Length")),
                date=response.headers.get("Date"),
            )

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign what is really sent: called when the request is complete."""
        if self._signer is not None:
            headers = {name: str(value) for name, value in request.headers.items()}
            request.headers.update(self._signer.fields(str(request.method), str(request.url), headers))
        return request


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 12 else None


def _checked(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname
    if host is None or parts.scheme not in ("http", "https") or parts.query or parts.fragment or parts.username:
        raise ValueError(f"not the address of a platform: {url!r}")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError(f"plain http is spoken to this machine only, use https: {url!r}")
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
