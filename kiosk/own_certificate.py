"""The terminal's certificate for mutual TLS, as the configuration names it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kiosk.config import PlatformTable

if TYPE_CHECKING:
    from offline_queue.certificate import OwnCertificate

RENEW_DAYS = 30
"""Before its end; the doctor, too, says something from then on."""


def own_certificate(platform: PlatformTable) -> OwnCertificate | None:
    """The pair that the configuration names; ``None`` where there is none."""
    from offline_queue.certificate import OwnCertificate

    if platform.client_cert is None or platform.client_key is None:
        return None
    return OwnCertificate(platform.client_cert, platform.client_key)


def days_left(platform: PlatformTable) -> int | None:
    """Whole days until the certificate ends; ``None`` where there is none that can be read."""
    from offline_queue.certificate import CertificateTrouble

    own = own_certificate(platform)
    try:
        return None if own is None else (own.expires() - datetime.now(tz=UTC)).days
    except CertificateTrouble:
        return None
