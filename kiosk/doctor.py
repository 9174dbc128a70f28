"""Checks of a terminal that go on after a failure, each with a remedy.

Without a configuration only the software itself is looked at; devices, disk and platform are those the configuration
names.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kiosk import device_checks, timely
from kiosk.checks import Check, ill, well
from kiosk.config import Config, OneCamera, PrinterTable, SpeechTable, data_folder
from kiosk.queue_check import queue

if TYPE_CHECKING:
    from devices.camera.api import Camera
    from devices.printer.api import Printer
    from devices.speech.api import Speaker

PlatformWord = Literal["answers", "silent", "refuses", "clock"]
"""``refuses``: this terminal's signature; ``clock``: it answers, but by its clock this one is wrong."""
LEAST_FREE = 512 * 1024 * 1024
"""Bytes that must be free on the data folder's disk."""
SWAPS = Path("/proc/swaps")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """How the doctor reaches the parts of this terminal. ``screen_parts`` names what is missing of the screens,
    ``speech_lacks`` of voices and recordings; ``platform_word`` what the district platform says,
    ``platform_offset`` how many seconds its clock is ahead (``None``: no answer); ``open_printer``
    takes the printer's table of the configuration."""

    fonts: Path
    screen_parts: Callable[[], list[str]]
    open_camera: Callable[[OneCamera], Camera]
    open_printer: Callable[[PrinterTable], Printer]
    open_speaker: Callable[[SpeechTable], Speaker]
    speech_lacks: Callable[[SpeechTable], list[str]]
    platform_word: Callable[[Config], PlatformWord]
    platform_offset: Callable[[Config], float | None]


def examine(config: Config | None, site: Site) -> Iterator[Check]:
    """All checks, in order. A check that breaks is a failure of its own and the next one goes on."""
    software: dict[str, Callable[[], Check]] = {
        "sqlite": _sqlite,
        "opencv": _opencv,
        "codes": _codes,
        "catalogue": _catalogue,
        "fonts": lambda: _fonts(site.fonts),
        "screen": lambda: _screen(site.screen_parts()),
    }
    for name, check in software.items():
        yield _guarded(name, check)
    of_terminal: dict[str, Callable[[Config], Check]] = {
        "data": _data,
        "space": _space,
        "secrets": _secrets,
        "district-keys": _district_keys,
        "queue": lambda given: queue(given, now=_now()),
        "swap": lambda _: _swap(),
        "cards": device_checks.cards,
        "camera": lambda given: device_checks.camera(given.camera, site.open_camera),
        "printer": lambda given: device_checks.printer(given.printer, site.open_printer),
        "speech": lambda given: device_checks.speech(given.speech, site.open_speaker, site.speech_lacks),
        "platform": lambda given: _platform(given, site),
        "travel-roots": lambda given: timely.roots(given, today=_now().date()),
        "certificate": lambda given: timely.certificate(given, now=_now()),
        "clock": lambda given: timely.clock(given, _offset(given, site), now=_now()),
    }
    if config is not None and (codes := config.camera.codes) is not None:
        of_terminal["code-camera"] = lambda _: replace(
            device_checks.camera(codes, site.open_camera, "camera.codes"), name="code-camera"
        )
    if config is not None and (readers := device_checks.identity_readers(config)):
        of_terminal["identity-cards"] = lambda _: device_checks.identity_cards(readers)
    for name, look in of_terminal.items():
        if config is None:
            yield Check(name, "skip", "no configuration was given", "run kiosk doctor --config FILE")
        else:
            yield _guarded(name, partial(look, config))


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Exception as failure:  # noqa: BLE001 - the doctor goes on, whatever breaks
        detail = f"{type(failure).__name__}: {failure}"
        return ill(name, detail, "run script/bootstrap, or reinstall the terminal's software")


# --- the software -------------------------------------------------------------------------------------------------


def _sqlite() -> Check:
    import apsw

    found = apsw.sqlite_lib_version()
    if tuple(int(part) for part in found.split(".")) < (3, 51, 3):
        return ill("sqlite", found, "needs 3.51.3 or newer (a bug loses data before): reinstall apsw")
    return well("sqlite", found)


def _opencv() -> Check:
    import devices.camera.pictures  # noqa: F401  # pyright: ignore[reportUnusedImport] - it loads OpenCV

    kinds = [
        name
        for name in (
            "opencv-python",
            "opencv-python-headless",
            "opencv-contrib-python",
            "opencv-contrib-python-headless",
        )
        if _installed(name)
    ]
    if len(kinds) > 1:
        return ill("opencv", f"installed side by side: {', '.join(kinds)}", "remove the virtual environment, bootstrap")
    return well("opencv", f"{kinds[0]} {importlib.metadata.version(kinds[0])}" if kinds else "bundled")


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _codes() -> Check:
    from devices.camera import zbar

    if not zbar.available():
        return ill("codes", "the second engine (zbar) is missing", "apt-get install libzbar0")
    return well("codes", "zxing-cpp and zbar")


def _catalogue() -> Check:
    from kiosk.catalogue.loader import load

    return well("catalogue", ", ".join(matter.id for matter in load()))


def _fonts(folder: Path) -> Check:
    missing = [weight for weight in ("Regular", "Bold") if not (folder / f"NotoSansCJKsc-{weight}.otf").is_file()]
    if missing:
        return ill("fonts", f"missing: {', '.join(missing)}", "reinstall the terminal's software")
    return well("fonts", "Noto Sans CJK SC")


def _screen(missing: list[str]) -> Check:
    if missing:
        return ill("screen", f"missing: {', '.join(missing)}", "reinstall the terminal's software")
    return well("screen", "Qt, its screens and its keyboard")


# --- this terminal ------------------------------------------------------------------------------------------------


def _data(config: Config) -> Check:
    folder = data_folder(config)
    remedy = f"mkdir -p {folder} && chmod 700 {folder}, owned by the terminal's user"
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return ill("data", f"{folder} cannot be written", remedy)
    if folder.stat().st_mode & 0o077:
        return ill("data", f"{folder} is open to other users", remedy)
    return well("data", str(folder))


def _space(config: Config) -> Check:
    folder = data_folder(config)
    if not folder.is_dir():
        return Check("space", "skip", "there is no data folder yet", f"mkdir -p {folder}")
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE:
        return ill("space", f"{free // 2**20} MiB free", "make room on the data folder's disk")
    return well("space", f"{free // 2**20} MiB free")


def _secrets(config: Config) -> Check:
    """Where this machine's own key lies, and whether it can be had."""
    from kiosk.queue_keys import used_local_key
    from offline_queue.keystore import KeyStoreKind, KeyStoreTrouble

    folder = data_folder(config) / "queue"
    keys = sorted(path for path in folder.glob("*.key")) if folder.is_dir() else []
    for path in keys:
        if path.stat().st_mode & 0o077:
            return ill("secrets", f"{path.name} is open to other users", f"chmod 600 {path}")
    try:
        used = used_local_key(config)
    except KeyStoreTrouble as failure:
        return ill("secrets", str(failure), "docs/queue.md, The machine's own key")
    match used and used.kind:
        case KeyStoreKind.TPM:
            return well("secrets", "sealing key in the TPM: it opens on this machine only")
        case KeyStoreKind.CREDENTIAL:
            return well("secrets", "sealing key in a systemd credential, which systemd decrypts for us")
        case _:
            what = "all that is queued" if not config.platform.bundle_key else "what staff may see of what is queued"
            said = f"sealing key in a 0600 file, the last resort: whoever takes the disk can open {what}"
            return well("secrets", f"{said}; better: queue.key_store")


def _district_keys(config: Config) -> Check:
    """Whether what is handed in can be sealed to the district, with keys that are of this time."""
    from kiosk.queue_keys import district_keys
    from offline_queue.model import SystemClock

    name, newer = "district-keys", "ask the district for its newest bundle: kiosk queue keys install FILE"
    keys = district_keys(config)
    if keys is None:
        said = "none configured: whoever has this machine's key can open what is queued"
        return Check(name, "skip", said, "set platform.bundle_key (docs/queue.md)")
    bundle = keys.bundle()
    if bundle is None:
        return ill(name, "no bundle that the district signed is installed: nothing can be taken in", newer)
    now = SystemClock().wall()
    if bundle.not_after < now:
        return ill(name, f"version {bundle.version} should have been replaced by {bundle.not_after:%Y-%m-%d}", newer)
    used = {one.id for one in bundle.recipients(now).keys}
    if any(one.id in used and not one.not_before <= now <= one.not_after for one in bundle.keys):
        return ill(name, f"version {bundle.version} has no key of today", f"check the date; {newer}")
    return well(name, f"version {bundle.version}, {bundle.suite.value}, to replace by {bundle.not_after:%Y-%m-%d}")


def _swap() -> Check:
    lines = SWAPS.read_text("ascii").splitlines()[1:]
    plain = [line.split()[0] for line in lines if not line.startswith(("/dev/zram", "/dev/dm-", "/dev/mapper"))]
    if plain:
        return ill(
            "swap", f"unencrypted: {', '.join(plain)}", "swapoff, or encrypt it: memory holds what residents enter"
        )
    return well("swap", "none unencrypted")


def _now() -> datetime:
    from offline_queue.model import SystemClock

    return SystemClock().wall()


def _offset(config: Config, site: Site) -> float | None:
    return site.platform_offset(config) if config.platform.url else None


def _platform(config: Config, site: Site) -> Check:
    if not config.platform.url:
        return Check("platform", "skip", "none configured: everything stays in the queue", "set platform.url")
    url = config.platform.url
    match site.platform_word(config):
        case "answers":
            return well("platform", url)
        case "silent":
            return ill("platform", f"{url} does not answer", "check the network and platform.url")
        case "refuses":
            remedy = "give the district what kiosk slip key shows, so that it registers this terminal"
            return ill("platform", f"{url} does not know this terminal", remedy)
        case "clock":
            return ill("platform", f"{url} has another time", "set this machine's clock (timedatectl)")
