"""This machine becomes a terminal of the district: one code, and afterwards it has certificate and keys.

Everything that comes back is looked at before anything is written, and written in an order in which every stop can be
mended by doing it again: the own keys first, which are the same at every try, so that the platform gives the same
answer again; then the district's keys; the certificate last. A machine that has the certificate has everything.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from kiosk.config import Config, data_folder

if TYPE_CHECKING:
    from offline_queue.certificate import OwnCertificate
    from offline_queue.enrolment import Enrolled
    from offline_queue.keyring import DistrictKeys
    from offline_queue.retry import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """`hall` as the district calls it, `ends` of the certificate, `bundle` the version of the district's keys, if it
    gave any."""

    terminal: str
    hall: str
    ends: datetime
    bundle: int | None


@dataclass(frozen=True, slots=True)
class NotDone:
    """`code` of the trouble; nothing was changed but that this machine has made its own keys."""

    code: str


def code_in(text: str) -> str | None:
    """The code that was typed, or scanned from the invitation's picture; ``None`` for what is none."""
    from kiosk.journey.scanned import EnrolmentCode, classify
    from offline_queue.enrolment import read_code

    scanned = classify(text.strip())
    return read_code(scanned.token if isinstance(scanned, EnrolmentCode) else text)


def enrol(
    config: Config, own: OwnCertificate, *, url: str, code: str, bundle_key: str, now: datetime
) -> Done | NotDone:
    """Ask the platform at ``url`` with a code of :func:`code_in`. Raises ``CertificateTrouble`` for a key file that is
    none, ``OSError``, and ``ValueError`` for what is no address."""
    from offline_queue.bundle import public_raw
    from offline_queue.enrolment import MAX_ENROLLED_BYTES, enrolment, terminal_of
    from offline_queue.keyring import DistrictKeys
    from offline_queue.sealing import terminal_key
    from offline_queue.transport import Certificates, Transport, checked_url
    from offline_queue.wire import PLAIN_TYPE, content_digest

    terminal = config.hall.terminal
    if terminal_of(code) != terminal:
        return NotDone("enrolment-other-terminal")
    address = checked_url(url)
    queue = data_folder(config) / "queue"
    body = enrolment(code, terminal_key(queue), own.first_request(terminal))
    transport = Transport(certificates=Certificates(ca=config.platform.ca), largest=MAX_ENROLLED_BYTES)
    headers = {"Content-Type": PLAIN_TYPE, "Content-Digest": content_digest(body)}
    try:
        answer = _read(transport.request("POST", f"{address}/v1/enrolments", body, headers))
    finally:
        transport.close()
    if isinstance(answer, NotDone):
        return answer
    if answer.bundle is not None and not bundle_key:
        return NotDone("enrolment-bundle-key")
    keys = DistrictKeys(queue, signer=public_raw(bundle_key)) if bundle_key else None
    return _take(answer, own, keys, terminal=terminal, now=now)


def _read(outcome: Outcome) -> Enrolled | NotDone:
    from offline_queue.enrolment import read_enrolled
    from offline_queue.retry import Answer

    if not isinstance(outcome, Answer) or (outcome.status >= 500 and outcome.status != 501):
        return NotDone("enrolment-unreachable")
    match outcome.status:
        case 201:
            return read_enrolled(outcome.body) or NotDone("enrolment-answer")
        case 404 if _says(outcome.body, "enrolment"):
            return NotDone("enrolment-refused")
        case 422 if _says(outcome.body, "request"):
            return NotDone("enrolment-keys")
        case 429:
            return NotDone("enrolment-slow")
        case _:
            return NotDone("enrolment-not-offered")


def _says(body: bytes, word: str) -> bool:
    from offline_queue.wire import PROBLEM, read_problem

    return read_problem(body).type == PROBLEM + word


def _take(
    answer: Enrolled, own: OwnCertificate, keys: DistrictKeys | None, *, terminal: str, now: datetime
) -> Done | NotDone:
    from offline_queue.bundle import BundleTrouble, read_bundle
    from offline_queue.certificate import CertificateTrouble

    bundle = None
    content = b""
    if answer.bundle is not None and keys is not None:
        content = json.dumps(answer.bundle).encode()
        bundle = read_bundle(content, keys.signer)
    if answer.terminal != terminal or isinstance(bundle, BundleTrouble):
        return NotDone("enrolment-answer")
    try:
        own.draft_first(answer.certificate.encode(), code=terminal, now=now)
        if keys is not None and bundle is not None:
            installed = keys.install(content, now=now)
            if isinstance(installed, BundleTrouble) and installed is not BundleTrouble.OLDER:
                return NotDone("enrolment-answer")
    except CertificateTrouble:
        return NotDone("enrolment-answer")
    own.take_first()
    return Done(
        terminal=terminal,
        hall=answer.hall.name,
        ends=own.expires(),
        bundle=None if bundle is None else bundle.version,
    )
