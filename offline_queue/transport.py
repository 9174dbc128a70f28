"""The one place that speaks HTTP, for the terminal to its platform and for the platform to whom it hands cases on;
`requests` is imported nowhere else.

`requests` as it comes re-sends on its own, follows 307 with the body, obeys proxies and CA bundles of the environment,
and its time-out starts anew with every byte and every address of a host. Here: no retries, no redirects, no
environment, a bounded answer, and one deadline for the whole request, kept by the socket itself, which waits no longer
than what is left. Only looking up the host's name is outside it. Plain HTTP is spoken to loopback only.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLSocket
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry
from urllib3.util.ssl_ import create_urllib3_context

from offline_queue.retry import Answer, Failure, FailureKind, Outcome

MAX_ANSWER_BYTES = 256 * 1024
DEADLINE_SECONDS = 30.0

Sign = Callable[[str, str, Mapping[str, str]], Mapping[str, str]]
"""Method, address and fields of a request as they are sent; the fields that sign it."""


class _Clock(threading.local):
    """When this thread's request is over, on the monotonic clock."""

    until = 0.0

    def left(self) -> float:
        """Seconds that are left. Raises TimeoutError when none are."""
        left = self.until - monotonic()
        if left <= 0:
            raise TimeoutError("the request took too long")
        return left

    @property
    def over(self) -> bool:
        return monotonic() >= self.until


_clock = _Clock()


class _Socket(socket.socket):
    """Every wait is at most as long as what is left of the request: the time-out of a socket begins anew with each."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(_clock.left())
        return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(_clock.left())
        return super().send(*args, **kwargs)

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self.settimeout(_clock.left())
        super().sendall(*args, **kwargs)


class _TlsSocket(_Socket, SSLSocket):
    def do_handshake(self, block: bool = False) -> None:
        self.settimeout(_clock.left())
        super().do_handshake(block)


def _connected(host: str, port: int, options: Iterable[tuple[Any, ...]]) -> _Socket:
    """To the first of the host's addresses that answers. Each may take its share of what is left, so that a silent one
    doesn't keep the next from being tried."""
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    refused = OSError("no address")
    for index, (family, kind, protocol, _name, address) in enumerate(addresses):
        line = _Socket(family, kind, protocol)
        try:
            for option in options:
                line.setsockopt(*option)
            line.settimeout(_clock.left() / (len(addresses) - index))
            line.connect(address)
        except OSError as failure:
            line.close()
            refused = failure
        except BaseException:
            line.close()
            raise
        else:
            return line
    raise refused


class _TimedHTTP(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self._dns_host.strip("[]"), self.port or 80, self.socket_options or ())


class _TimedHTTPS(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self._dns_host.strip("[]"), self.port or 443, self.socket_options or ())

    def connect(self) -> None:
        # Anew for each connection: what urllib3 adds to it are the certificates as they are now.
        self.ssl_context = create_urllib3_context()
        self.ssl_context.sslsocket_class = _TlsSocket
        super().connect()


class _TimedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _TimedHTTP  # pyright: ignore[reportAssignmentType] - urllib3 names the default, not its base


class _TimedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _TimedHTTPS  # pyright: ignore[reportAssignmentType] - as above


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        pools = {"http": _TimedHTTPPool, "https": _TimedHTTPSPool}
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
        _clock.until = monotonic() + self._deadline
        try:
            return self._exchange(method, url, body, headers, sign)
        except requests.exceptions.SSLError:
            return Failure(kind=FailureKind.DEADLINE if _clock.over else FailureKind.TLS)
        except requests.exceptions.ConnectionError:
            return Failure(kind=FailureKind.DEADLINE if _clock.over else FailureKind.UNREACHABLE)
        except (requests.exceptions.RequestException, HTTPError, OSError, ValueError):
            return Failure(kind=FailureKind.DEADLINE if _clock.over else FailureKind.BROKEN)

    def _exchange(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], sign: Sign | None
    ) -> Outcome:
        with self._session.request(
            method,
            url,
            data=body,
            headers=dict(headers),
            auth=None if sign is None else _signing(sign),
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
