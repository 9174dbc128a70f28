"""The one place that speaks HTTP, for the terminal to its platform and for the platform to whom it hands cases on;
`requests` is imported nowhere else.

`requests` as it comes re-sends on its own, follows 307 with the body, obeys proxies and CA bundles of the environment,
and its time-out starts anew with every byte. Here: no retries, no redirects, no environment, a bounded answer, and one
deadline for the whole request, kept by shutting the socket down. Only looking up the host's name is outside it.
Plain HTTP is spoken to loopback only.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Mapping
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

from offline_queue.retry import Answer, Failure, FailureKind, Outcome

MAX_ANSWER_BYTES = 256 * 1024
DEADLINE_SECONDS = 30.0

Sign = Callable[[str, str, Mapping[str, str]], Mapping[str, str]]
"""Method, address and fields of a request as they are sent; the fields that sign it."""


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


class Transport:
    """Requests within one deadline (seconds) each, whose answers have `largest` bytes at most. Never raises for the
    network."""

    def __init__(
        self,
        *,
        certificates: Certificates | None = None,
        deadline: float = DEADLINE_SECONDS,
        largest: int = MAX_ANSWER_BYTES,
    ) -> None:
        certificates = certificates or Certificates()
        self._deadline = deadline
        self._largest = largest
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = True if certificates.ca is None else str(certificates.ca)
        if certificates.own is not None:
            self._session.cert = (str(certificates.own[0]), str(certificates.own[1]))
        self._session.headers.update({"User-Agent": "township-kiosk", "Accept-Encoding": "identity"})
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Adapter(max_retries=Retry(0, redirect=0, read=False)))

    def close(self) -> None:
        """Close what is open; the next request reads the certificates anew."""
        self._session.close()

    def request(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], sign: Sign | None = None
    ) -> Outcome:
        """One request and its answer. `url` is below one that :func:`checked_url` took."""
        watch = _Watch()
        _current.watch = watch
        alarm = threading.Timer(self._deadline, watch.expire)
        alarm.daemon = True
        alarm.start()
        try:
            outcome = self._exchange(method, url, body, headers, sign)
            # Cut within its header, an answer looks like a short one that is whole.
            return Failure(kind=FailureKind.DEADLINE) if watch.cut else outcome
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

    def _exchange(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], sign: Sign | None
    ) -> Outcome:
        with self._session.request(
            method,
            url,
            data=body,
            headers=dict(headers),
            auth=None if sign is None else _signing(sign),
            timeout=self._deadline,
            allow_redirects=False,
            stream=True,
        ) as response:
            content = bytearray()
            for part in response.iter_content(16 * 1024):
                content += part
                if len(content) > self._largest:
                    return Failure(kind=FailureKind.TOO_LARGE)
            return Answer(
                status=response.status_code,
                body=bytes(content),
                retry_after=response.headers.get("Retry-After"),
                upload_offset=_number(response.headers.get("Upload-Offset")),
                upload_length=_number(response.headers.get("Upload-Length")),
                date=response.headers.get("Date"),
            )


def _signing(sign: Sign) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    """Signs what is really sent: called when the request is complete."""

    def signed(request: requests.PreparedRequest) -> requests.PreparedRequest:
        headers = {name: str(value) for name, value in request.headers.items()}
        request.headers.update(sign(str(request.method), str(request.url), headers))
        return request

    return signed


def checked_url(url: str) -> str:
    """`url` without a slash at its end. Raises ValueError unless it is https, or http to this machine."""
    parts = urlsplit(url)
    host = parts.hostname
    if host is None or parts.scheme not in ("http", "https") or parts.query or parts.fragment or parts.username:
        raise ValueError(f"not the address of a platform: {url!r}")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError(f"plain http is spoken to this machine only, use https: {url!r}")
    return url.rstrip("/")


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 12 else None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
