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
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kiosk.config import Config, ConfigError, OneCamera, PrinterTable, SpeechTable, data_folder
from kiosk.domain.trouble import explain

if TYPE_CHECKING:
    from devices.camera.api import Camera
    from devices.printer.api import Printer
    from devices.speech.api import Speaker

Result = Literal["pass", "fail", "skip"]
PlatformWord = Literal["answers", "silent", "refuses", "clock"]
"""``refuses``: this terminal's signature; ``clock``: it answers, but by its clock this one is wrong."""
LEAST_FREE = 512 * 1024 * 1024
"""Bytes that must be free on the data folder's disk."""
CAMERA_S = 10.0
"""Seconds to wait for the camera's next word."""
SPEECH_S = 10.0
"""Seconds to wait for the voice's first word on itself."""
SWAPS = Path("/proc/swaps")


@dataclass(frozen=True, slots=True)
class Check:
    """How one check ended; ``remedy`` is empty when nothing is to be done."""

    name: str
    result: Result
    detail: str
    remedy: str = ""

    def row(self) -> dict[str, str]:
        return {"check": self.name, "result": self.result, "detail": self.detail, "remedy": self.remedy}


def _pass(name: str, detail: str) -> Check:
    return Check(name, "pass", detail)


def _fail(name: str, detail: str, remedy: str) -> Check:
    return Check(name, "fail", detail, remedy)


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
        "swap": lambda _: _swap(),
        "cards": _cards,
        "camera": lambda given: _camera(given.camera, site),
        "printer": lambda given: _printer(given, site),
        "speech": lambda given: _speech(given.speech, site),
        "platform": lambda given: _platform(given, site),
        "travel-roots": _travel_roots,
        "certificate": _certificate,
        "clock": lambda given: _clock(given, site),
    }
    if config is not None and (codes := config.camera.codes) is not None:
        of_terminal["code-camera"] = lambda _: replace(_camera(codes, site, "camera.codes"), name="code-camera")
    if config is not None and (readers := _identity_readers(config)):
        of_terminal["identity-cards"] = lambda _: _identity_cards(readers)
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
        return _fail(name, detail, "run script/bootstrap, or reinstall the terminal's software")


# --- the software -------------------------------------------------------------------------------------------------


def _sqlite() -> Check:
    import apsw

    found = apsw.sqlite_lib_version()
    if tuple(int(part) for part in found.split(".")) < (3, 51, 3):
        return _fail("sqlite", found, "needs 3.51.3 or newer (a bug loses data before): reinstall apsw")
    return _pass("sqlite", found)


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
        return _fail(
            "opencv", f"installed side by side: {', '.join(kinds)}", "remove the virtual environment, bootstrap"
        )
    return _pass("opencv", f"{kinds[0]} {importlib.metadata.version(kinds[0])}" if kinds else "bundled")


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _codes() -> Check:
    from devices.camera import zbar

    if not zbar.available():
        return _fail("codes", "the second engine (zbar) is missing", "apt-get install libzbar0")
    return _pass("codes", "zxing-cpp and zbar")


def _catalogue() -> Check:
    from kiosk.catalogue.loader import load

    return _pass("catalogue", ", ".join(matter.id for matter in load()))


def _fonts(folder: Path) -> Check:
    missing = [weight for weight in ("Regular", "Bold") if not (folder / f"NotoSansCJKsc-{weight}.otf").is_file()]
    if missing:
        return _fail("fonts", f"missing: {', '.join(missing)}", "reinstall the terminal's software")
    return _pass("fonts", "Noto Sans CJK SC")


def _screen(missing: list[str]) -> Check:
    if missing:
        return _fail("screen", f"missing: {', '.join(missing)}", "reinstall the terminal's software")
    return _pass("screen", "Qt, its screens and its keyboard")


# --- this terminal ------------------------------------------------------------------------------------------------


def _data(config: Config) -> Check:
    folder = data_folder(config)
    remedy = f"mkdir -p {folder} && chmod 700 {folder}, owned by the terminal's user"
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return _fail("data", f"{folder} cannot be written", remedy)
    if folder.stat().st_mode & 0o077:
        return _fail("data", f"{folder} is open to other users", remedy)
    return _pass("data", str(folder))


def _space(config: Config) -> Check:
    folder = data_folder(config)
    if not folder.is_dir():
        return Check("space", "skip", "there is no data folder yet", f"mkdir -p {folder}")
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE:
        return _fail("space", f"{free // 2**20} MiB free", "make room on the data folder's disk")
    return _pass("space", f"{free // 2**20} MiB free")


def _secrets(config: Config) -> Check:
    """Where this machine's own key lies, and whether it can be had."""
    from kiosk.queue_keys import used_local_key
    from offline_queue.keystore import KeyStoreKind, KeyStoreTrouble

    folder = data_folder(config) / "queue"
    keys = sorted(path for path in folder.glob("*.key")) if folder.is_dir() else []
    for path in keys:
        if path.stat().st_mode & 0o077:
            return _fail("secrets", f"{path.name} is open to other users", f"chmod 600 {path}")
    try:
        used = used_local_key(config)
    except KeyStoreTrouble as failure:
        return _fail("secrets", str(failure), "docs/queue.md, The machine's own key")
    match used and used.kind:
        case KeyStoreKind.TPM:
            return _pass("secrets", "sealing key in the TPM: it opens on this machine only")
        case KeyStoreKind.CREDENTIAL:
            return _pass("secrets", "sealing key in a systemd credential, which systemd decrypts for us")
        case _:
            what = "all that is queued" if not config.platform.bundle_key else "what staff may see of what is queued"
            said = f"sealing key in a 0600 file, the last resort: whoever takes the disk can open {what}"
            return _pass("secrets", f"{said}; better: queue.key_store")


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
        return _fail(name, "no bundle that the district signed is installed: nothing can be taken in", newer)
    now = SystemClock().wall()
    if bundle.not_after < now:
        return _fail(name, f"version {bundle.version} should have been replaced by {bundle.not_after:%Y-%m-%d}", newer)
    used = {one.id for one in bundle.recipients(now).keys}
    if any(one.id in used and not one.not_before <= now <= one.not_after for one in bundle.keys):
        return _fail(name, f"version {bundle.version} has no key of today", f"check the date; {newer}")
    return _pass(name, f"version {bundle.version}, {bundle.suite.value}, to replace by {bundle.not_after:%Y-%m-%d}")


def _swap() -> Check:
    lines = SWAPS.read_text("ascii").splitlines()[1:]
    plain = [line.split()[0] for line in lines if not line.startswith(("/dev/zram", "/dev/dm-", "/dev/mapper"))]
    if plain:
        return _fail(
            "swap", f"unencrypted: {', '.join(plain)}", "swapoff, or encrypt it: memory holds what residents enter"
        )
    return _pass("swap", "none unencrypted")


def _cards(config: Config) -> Check:
    from devices.card.addresses import pcsc_names
    from devices.card.pcsc import list_readers, pick_readers

    names = pcsc_names(config.card.readers)
    if names is None:
        return _pass("cards", f"no PC/SC reader; configured: {', '.join(config.card.readers)}")
    readers = list_readers()
    if readers is None:
        return _fail("cards", "the smart card service does not answer", "systemctl enable --now pcscd.socket")
    virtual = [name for name in readers if "virtual" in name.lower()]
    if virtual:
        return _fail("cards", f"a virtual reader: {virtual[0]}", "apt-get purge vsmartcard-vpcd; it has no place here")
    missing = [name for name in names if not pick_readers((name,), readers)]
    if missing or not readers:
        return _fail(
            "cards",
            f"missing: {', '.join(missing) or 'a reader'}; found: {', '.join(readers) or 'none'}",
            "plug the reader in, or mend card.readers",
        )
    return _pass("cards", ", ".join(pick_readers(names, readers)))


def _identity_readers(config: Config) -> tuple[str, ...]:
    from devices.card.addresses import sam_addresses

    return sam_addresses(config.card.readers)


def _identity_cards(readers: tuple[str, ...]) -> Check:
    from devices.card.sam.uri import ask_number
    from devices.card.slot import SlotLost

    found: list[str] = []
    for address in readers:
        try:
            found.append(f"{address}: security module {ask_number(address) or 'without a number'}")
        except SlotLost as loss:
            remedy = "end the terminal first, which has the reader for itself; else plug it in, or mend card.readers"
            return _fail("identity-cards", f"{address}: {loss}", remedy)
    return _pass("identity-cards", "; ".join(found))


def _camera(chosen: OneCamera, site: Site, table: str = "camera") -> Check:
    import queue

    from devices.camera.api import CameraState, CameraTrouble, Frame, Live, Lost

    seen: queue.SimpleQueue[CameraState] = queue.SimpleQueue()
    camera = site.open_camera(chosen)

    def ignore(_: Frame) -> None:
        return

    camera.start(seen.put, ignore)
    try:
        while True:
            match seen.get(timeout=CAMERA_S):
                case Live(width, height, refused) if refused:
                    said = f"{width} × {height}, but it refused {', '.join(map(str, refused))}"
                    return _fail("camera", said, f"kiosk camera list shows what it offers: mend [{table}]")
                case Live(width, height):
                    return _pass("camera", f"{width} × {height}")
                case Lost(CameraTrouble.LOST):
                    break
                case Lost(trouble):
                    words = explain(trouble.value)
                    return _fail("camera", f"{chosen.source}: {words.message.en}", words.remedy.en)
                case _:
                    continue
    except queue.Empty:
        pass
    finally:
        camera.stop()
    return _fail("camera", f"no picture from {chosen.source}", f"plug the camera in, or mend {table}.source")


def _printer(config: Config, site: Site) -> Check:
    try:
        printer = site.open_printer(config.printer)
    except ConfigError as failure:
        return _fail("printer", str(failure), "mend printer.uri")
    try:
        status = printer.status()
    finally:
        printer.close()
    if status.trouble is not None:
        words = explain(status.trouble.value)
        return _fail("printer", words.message.en, words.remedy.en)
    if status.paper_low:
        words = explain("printer-paper-low")
        return Check("printer", "pass", words.message.en, words.remedy.en)
    return _pass("printer", "ready" if status.certain else "reachable; this connection cannot say more")


def _speech(chosen: SpeechTable, site: Site) -> Check:
    import queue

    from devices.speech.api import Off, Ready, Silent, SpeechNews
    from kiosk.domain.trouble import explain

    try:
        speaker = site.open_speaker(chosen)
        lacks = site.speech_lacks(chosen)
    except ConfigError as failure:
        return _fail("speech", str(failure), "mend the configuration")
    news: queue.SimpleQueue[SpeechNews] = queue.SimpleQueue()
    speaker.start(news.put)
    try:
        status = news.get(timeout=SPEECH_S)
    except queue.Empty:
        status = None
    finally:
        speaker.stop()
    match status:
        case Off():
            return Check("speech", "skip", "none configured: the warning is only shown", "set speech.engine")
        case Silent(trouble):
            words = explain(trouble.value)
            return _fail("speech", words.message.en, f'{words.remedy.en} Without a voice: speech.engine = "none"')
        case Ready(outlet) if not lacks:
            return _pass("speech", f"{chosen.engine}, to the {outlet.value}; listen: kiosk speech say 您好")
        case Ready():
            return _fail("speech", f"missing: {', '.join(lacks)}", "kiosk speech list; mend speech.voices or the clips")
        case _:
            return _fail("speech", "it does not answer", "restart the speech program")


def _travel_roots(config: Config) -> Check:
    from kiosk.timely import roots
    from offline_queue.model import SystemClock

    return roots(config, today=SystemClock().wall().date())


def _certificate(config: Config) -> Check:
    from kiosk.timely import certificate
    from offline_queue.model import SystemClock

    return certificate(config, now=SystemClock().wall())


def _clock(config: Config, site: Site) -> Check:
    from kiosk.timely import clock
    from offline_queue.model import SystemClock

    offset = site.platform_offset(config) if config.platform.url else None
    return clock(config, offset, now=SystemClock().wall())


def _platform(config: Config, site: Site) -> Check:
    if not config.platform.url:
        return Check("platform", "skip", "none configured: everything stays in the queue", "set platform.url")
    url = config.platform.url
    match site.platform_word(config):
        case "answers":
            return _pass("platform", url)
        case "silent":
            return _fail("platform", f"{url} does not answer", "check the network and platform.url")
        case "refuses":
            remedy = "give the district what kiosk slip key shows, so that it registers this terminal"
            return _fail("platform", f"{url} does not know this terminal", remedy)
        case "clock":
            return _fail("platform", f"{url} has another time", "set this machine's clock (timedatectl)")
