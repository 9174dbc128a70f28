"""Lines out of this machine, to PostgreSQL and to the object store: encrypted, and to whom they are meant for, or none.

libpq and boto3 take the way there from an address, and what it leaves open from the environment and from files of their
own (PGHOST, PGSSLMODE, pg_service.conf; AWS_ENDPOINT_URL, ~/.aws/config). So they are asked where they would go.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from itertools import zip_longest
from typing import Any
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_plain_http(url: str) -> bool:
    """Whether what is sent to this address leaves the machine as it is."""
    parts = urlsplit(url)
    return parts.scheme != "https" and not is_loopback(parts.hostname or "")


def plain_host(driver: Any, told: Mapping[str, Any]) -> str | None:
    """The first host beyond this machine that libpq would speak to without TLS, or without looking whose certificate it
    shows; None where there is none. `told` is what psycopg (`driver`) gets. Nothing is said to anybody. Raises what
    psycopg does for words that are no options of a connection."""
    words: str = driver.conninfo.make_conninfo(**{name: told[name] for name in told if name != "context"})
    begun = driver.pq.PGconn.connect_start(words.encode())  # which settles the options; PQconnectPoll would speak
    options = {one.keyword: (one.val or b"").decode() for one in begun.info}
    begun.finish()
    if options[b"sslmode"] == "verify-full":
        return None
    pairs = zip_longest(*(options[name].split(",") for name in (b"hostaddr", b"host")), fillvalue="")
    ways = (address or host for address, host in pairs)  # none: a socket in libpq's own folder
    return next((one for one in ways if one and one[0] not in "/@" and not is_loopback(one)), None)
