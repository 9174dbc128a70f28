"""The doctor's checks of what time alone brings to an end: certificates (ours, the states'), and trust in a clock that
is wrong."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from kiosk.checks import Check
from kiosk.config import Config, data_folder
from kiosk.own_certificate import RENEW_DAYS, own_certificate

FAIL_DAYS = 7
TOLERATED_S = 120.0
"""A terminal that is off by more may have its signatures refused (five minutes, RFC 9421 `created`)."""
_SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
_SET = "set this machine's clock (timedatectl), and have it kept: timedatectl set-ntp true"


def certificate(config: Config, *, now: datetime) -> Check:
    """How long the terminal's certificate for mutual TLS still lasts."""
    from offline_queue.certificate import CertificateTrouble

    name, remedy = "certificate", "kiosk platform renew; at the district: district serve --issue"
    own = own_certificate(config.platform)
    if own is None:
        return Check(name, "skip", "none configured: the platform does not see who calls", "platform.client_cert")
    try:
        own.settle()
        ends = own.expires()
    except (CertificateTrouble, OSError) as failure:
        return Check(name, "fail", str(failure), "kiosk enrol; docs/technicians.md, The certificate")
    days = (ends - now).days
    said = f"ends {ends:%Y-%m-%d}, in {days} days" if days >= 0 else f"ended {ends:%Y-%m-%d}"
    if days < 0:  # it can't renew itself any more
        return Check(name, "fail", said, "kiosk enrol, with a new code of the district")
    if days < FAIL_DAYS:
        return Check(name, "fail", said, remedy)
    if days < RENEW_DAYS:
        return Check(name, "pass", f"{said}; it should have been renewed by itself", remedy)
    return Check(name, "pass", said)


def roots(config: Config, *, today: date) -> Check:
    """Whether the folder of CSCA certificates can vouch for a travel document."""
    from devices.card.emrtd.trust import survey

    name, page = "travel-roots", "docs/devices-card.md, The folder of roots"
    folder = config.card.csca
    if folder is None:
        return Check(name, "skip", "none configured: travel documents read as unsigned", f"set card.csca ({page})")
    try:
        found = survey(folder, today)
    except OSError as failure:
        return Check(name, "fail", f"{folder} cannot be read ({type(failure).__name__})", f"mend card.csca ({page})")
    said = f"{found.valid} certificates in their time, {found.ended} out of it"
    if found.unusable:
        said += f", {found.unusable} of no use here"
    if found.strange:
        shown = ", ".join(found.strange[:3])
        return Check(
            name, "fail", f"{said}; none in: {shown}", f"take these out of {folder}, or get them anew ({page})"
        )
    if not found.valid:
        return Check(name, "fail", said, f"put the states' newest certificates there ({page})")
    return Check(name, "pass", said)


def clock(config: Config, offset: float | None, *, now: datetime) -> Check:
    """Whether this machine's clock can be right: by the platform's (``offset`` seconds ahead of ours; ``None``: it does
    not answer), and by what the terminal itself wrote."""
    name = "clock"
    if offset is not None and abs(offset) > TOLERATED_S:
        return Check(name, "fail", f"the platform's clock is {offset:+.0f} s from this one", _SET)
    written = _last_written(data_folder(config))
    if written is not None and written > now.timestamp() + TOLERATED_S:
        last = datetime.fromtimestamp(written, tz=now.tzinfo)
        return Check(name, "fail", f"it stands before {last:%Y-%m-%d %H:%M}, when the queue was written last", _SET)
    kept = "kept by timesyncd" if _SYNCHRONISED.exists() else "nobody that is known here keeps it"
    if offset is None:
        return Check(name, "pass", f"{now:%Y-%m-%d %H:%M}, {kept}; the platform was not there to compare")
    return Check(name, "pass", f"{offset:+.0f} s by the platform's; {kept}")


def _last_written(folder: Path) -> float | None:
    """Seconds since 1970 of the newest of the files that the terminal writes."""
    files = [folder / "queue" / name for name in ("queue.db", "queue.db-wal")] + [folder / "log" / "audit.jsonl"]
    times = [path.stat().st_mtime for path in files if path.exists()]
    return max(times, default=None)
