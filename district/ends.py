"""What is over one day: the platform's certificates, their authorities, and the bundle that terminals get.

The day after, terminals refuse the platform, or the platform them, and who could mend it is not told. So the log says
it while there is time: when the platform begins, and every day. It begins all the same: what terminals have to hand in
does not wait for a bundle that only enrolment needs.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from district.bundle_file import NoBundle, read_bundle_file

SOON = timedelta(days=30)
_DAY_SECONDS = 24 * 3600

_log = logging.getLogger(__name__)


def begin_saying_what_ends(certificates: Iterable[Path], bundle: Path | None) -> None:
    """At once, and then on a thread beside, for as long as the process lives. `certificates` are files in PEM."""
    files = sorted({path.resolve() for path in certificates})

    def say() -> None:
        for sentence in what_ends(files, bundle, now=datetime.now(tz=UTC)):
            _log.warning("%s", sentence)

    def work() -> None:
        while True:
            time.sleep(_DAY_SECONDS)
            say()

    say()
    threading.Thread(target=work, name="ends", daemon=True).start()


def what_ends(certificates: Iterable[Path], bundle: Path | None, *, now: datetime) -> list[str]:
    """A sentence for each that is over or will be within SOON, and for each file that can't be read any more."""
    said: list[str] = []
    for path in certificates:
        try:
            held = x509.load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError):
            said.append(f"{path} can't be read as certificates in PEM")
            continue
        for one in held:
            name = f"the certificate of {one.subject.rfc4514_string()} in {path}"
            said += _ending(name, one.not_valid_after_utc, now, "make another, and serve anew")
    if bundle is not None:
        try:
            end = read_bundle_file(bundle).not_after
            remedy = "district keys bundle makes a newer one, without which no terminal enrols"
            said += _ending(f"the bundle {bundle}", end, now, remedy)
        except NoBundle as trouble:
            said.append(str(trouble))
    return said


def _ending(name: str, end: datetime, now: datetime, remedy: str) -> list[str]:
    if end > now + SOON:
        return []
    return [f"{name} {'ends on' if end > now else 'is over since'} {end:%Y-%m-%d}: {remedy}"]
