"""What the doctor needs of this terminal: its devices as the terminal opens them, and the platform's word on it."""

from __future__ import annotations

from uuid import uuid4

from kiosk.bootstrap import FONTS, open_platform
from kiosk.config import Config, data_folder
from kiosk.doctor import PlatformWord, Site
from kiosk.opening import china_time, open_camera, open_slip_printer
from kiosk.speaking import open_speaker, speech_lacks


def site() -> Site:
    """What the doctor needs of this terminal's parts."""
    return Site(
        fonts=FONTS,
        screen_parts=_screen_parts,
        open_camera=open_camera,
        open_printer=open_slip_printer,
        open_speaker=open_speaker,
        speech_lacks=speech_lacks,
        platform_word=_platform_word,
        platform_offset=_platform_offset,
    )


def _screen_parts() -> list[str]:
    from ui.app import missing_parts

    return missing_parts()


def _platform_word(config: Config) -> PlatformWord:
    """What the platform says to a signed question for the progress of a submission that cannot exist: a problem
    document (RFC 9457). A captive portal has none."""
    from offline_queue.retry import Answer
    from offline_queue.sealing import terminal_key
    from offline_queue.signing import RequestSigner
    from offline_queue.wire import PROBLEM, read_problem

    folder = data_folder(config) / "queue"
    # Looking makes no key: the terminal's first start does.
    signer = RequestSigner(terminal_key(folder)) if (folder / "terminal.key").exists() else None
    client = open_platform(config.platform, signer, deadline=10.0)
    try:
        outcome = client.progress(str(uuid4()))
    finally:
        client.close()
    kind = read_problem(outcome.body).type if isinstance(outcome, Answer) else ""
    if not kind.startswith(PROBLEM):
        return "silent"
    if client.clock_offset:
        return "clock"
    return "refuses" if isinstance(outcome, Answer) and outcome.status in (401, 403) else "answers"


def _platform_offset(config: Config) -> float | None:
    """Seconds that the clock of whatever answers there is ahead of ours."""
    from email.utils import parsedate_to_datetime

    from offline_queue.retry import Answer

    client = open_platform(config.platform, None, deadline=10.0)
    try:
        outcome = client.progress(str(uuid4()))
    finally:
        client.close()
    if not isinstance(outcome, Answer) or outcome.date is None:
        return None
    try:
        return (parsedate_to_datetime(outcome.date) - china_time()).total_seconds()
    except (ValueError, TypeError):
        return None
