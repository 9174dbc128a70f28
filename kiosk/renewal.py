"""The terminal's certificate is renewed in time, by itself: a month before it ends, from the thread that sends.

Asked for with the terminal's own signing key, so that nobody has to come. What comes back is tried before the old one
goes; whatever fails, the terminal is left with a pair that works.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING
from uuid import uuid4

from kiosk.bootstrap import open_platform
from kiosk.config import Config
from kiosk.opening import china_time
from kiosk.own_certificate import RENEW_DAYS, own_certificate

if TYPE_CHECKING:
    from offline_queue.certificate import OwnCertificate
    from offline_queue.client import PlatformClient
    from offline_queue.signing import RequestSigner

EVERY_S = 6 * 3600.0
_AFTER_TROUBLE_S = 3600.0

_log = logging.getLogger(__name__)


class Renewal(StrEnum):
    """What became of it."""

    NOT_DUE = "not-due"
    RENEWED = "renewed"
    UNDECIDED = "undecided"
    """The new pair is in place, the platform could not be asked; the old one lies beside it."""
    REFUSED = "refused"
    """The platform issued none, or could not be reached."""
    ROLLED_BACK = "rolled-back"
    """The platform does not answer to the new one, and does to the old one, which is back."""


def renew(
    config: Config, own: OwnCertificate, signer: RequestSigner | None, *, now: datetime, force: bool = False
) -> Renewal:
    """Renew when it is due. Raises ``CertificateTrouble``, ``OSError``."""
    from offline_queue.retry import Answer

    own.settle()
    if own.unproven:
        return _proven(config, own, signer)
    if not force and own.expires() - now > timedelta(days=RENEW_DAYS):
        return Renewal.NOT_DUE
    code = config.hall.terminal
    client = open_platform(config.platform, signer)
    try:
        outcome = client.renew_certificate(code, own.request(code))
    finally:
        client.close()
    if not isinstance(outcome, Answer) or outcome.status != 201:
        return Renewal.REFUSED
    own.take(outcome.body, now=now)
    return _proven(config, own, signer)


def _proven(config: Config, own: OwnCertificate, signer: RequestSigner | None) -> Renewal:
    if _answers(config, signer):
        own.proven()
        return Renewal.RENEWED
    if not _answers(config, signer, own.old_paths):
        return Renewal.UNDECIDED  # it answers to neither: that is no fault of the new one
    own.roll_back()
    return Renewal.ROLLED_BACK


def _answers(config: Config, signer: RequestSigner | None, pair: tuple[Path, Path] | None = None) -> bool:
    from offline_queue.retry import Answer

    table = config.platform
    if pair is not None:
        table = table.model_copy(update={"client_cert": pair[0], "client_key": pair[1]})
    client = open_platform(table, signer)
    try:
        outcome = client.progress(str(uuid4()))
    finally:
        client.close()
    return isinstance(outcome, Answer) and outcome.status not in (401, 403)


def upkeep(
    config: Config, client: PlatformClient, signer: RequestSigner | None, *, now: Callable[[], float] = monotonic
) -> Callable[[], None]:
    """What the sending thread calls in every round: looks every few hours whether the certificate is due."""
    own = own_certificate(config.platform)
    due = now()

    def look() -> None:
        nonlocal due
        if own is None or now() < due:
            return
        due = now() + _AFTER_TROUBLE_S
        came = _tried(config, own, client, signer)
        if came in (Renewal.NOT_DUE, Renewal.RENEWED):
            due = now() + EVERY_S
        if came in (Renewal.RENEWED, Renewal.UNDECIDED, Renewal.ROLLED_BACK):
            client.reconnect()

    return look


def _tried(config: Config, own: OwnCertificate, client: PlatformClient, signer: RequestSigner | None) -> Renewal | None:
    from offline_queue.certificate import CertificateTrouble

    # A wrong clock must neither renew for ever nor let it run out.
    there = china_time() + timedelta(seconds=client.clock_offset)
    try:
        return renew(config, own, signer, now=there)
    except (CertificateTrouble, OSError) as failure:
        _log.error("the certificate could not be renewed: %s", failure)
        return None
