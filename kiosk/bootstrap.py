"""The composition root: the one place that picks drivers and wires everything.

Driver modules are imported inside functions: ``kiosk queue`` must not load OpenCV or Qt, and the bundler finds what
is written as an import.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

from kiosk import __version__
from kiosk.audit.log import AuditLog
from kiosk.catalogue.model import ChoiceQuestion, Option
from kiosk.config import Config, ConfigError, PlatformTable, data_folder
from kiosk.domain.trouble import explain
from kiosk.opening import china_time, open_camera, open_code_camera, open_reader, open_slip_printer
from kiosk.process import READING, Alone, child_command
from kiosk.queue_keys import district_keys, local_sealer
from kiosk.speaking import no_speaker, open_speaker

if TYPE_CHECKING:
    from devices.camera.api import Camera
    from devices.card.api import CardReader
    from devices.printer.api import Printer
    from devices.speech.api import Speaker
    from kiosk.journey.clerk import QueueClerk
    from kiosk.journey.desk import CameraDesk
    from kiosk.journey.runner import Runner
    from kiosk.journey.states import Hall
    from offline_queue.client import PlatformClient
    from offline_queue.line import Line
    from offline_queue.salvage import Salvaged
    from offline_queue.sender import SyncThread
    from offline_queue.signing import RequestSigner
    from offline_queue.store import Store
    from offline_queue.sync import Changed
    from offline_queue.terminals import KnownTerminal

_log = logging.getLogger(__name__)

FONTS = Path(__file__).resolve().parent.parent / "ui" / "fonts"
DECOMMISSIONED = "decommissioned"
"""A file in the data folder from before its wipe on: a terminal that finds it does not start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The hardware of one terminal, or what stands in for it. ``camera`` looks at papers, and at codes unless there is
    a second one, ``codes``, for them."""

    reader: CardReader
    camera: Camera
    printer: Printer
    codes: Camera | None = None
    speaker: Speaker = field(default_factory=no_speaker)


def real_parts(config: Config) -> Parts:
    """The devices that the configuration names."""
    return Parts(
        reader=open_reader(config),
        camera=open_camera(config.camera),
        codes=open_code_camera(config.camera),
        printer=open_slip_printer(config.printer),
        speaker=open_speaker(config.speech),
    )


def paper_count(config: Config) -> Path:
    """Where the printer's count of paper is kept."""
    return data_folder(config) / "printer.json"


def hall_of(config: Config, *, test: bool = False) -> Hall:
    """What does not change while the terminal runs. Raises ``CatalogueError`` for a broken catalogue."""
    from kiosk.catalogue.loader import load
    from kiosk.journey.states import Hall, Patience

    return Hall(
        name=config.hall.name,
        help_line=config.hall.help_line,
        terminal=config.hall.terminal,
        matters=load(),
        villages=tuple(Option(value=village.code, label=village.name) for village in config.hall.villages),
        patience=Patience(**config.patience.model_dump()),
        test=test,
        staff=bool(config.staff.code),
    )


class QueueFileDamaged(ConfigError):
    """The queue's file can't be opened as it is; :func:`rebuild_queue` makes a new one of what can be read."""


def rebuild_queue(config: Config) -> Salvaged:
    """Raises ``InUse``, ``Illegible`` (:mod:`offline_queue.salvage`), ``OSError``."""
    from offline_queue.model import SystemClock
    from offline_queue.salvage import salvage

    return salvage(data_folder(config) / "queue", SystemClock())


def open_queue(config: Config) -> Store:
    """The queue in the data folder. Raises :class:`ConfigError` when the folder cannot be used."""
    import apsw

    from offline_queue.database import DamagedQueue, NewerQueue
    from offline_queue.store import Store

    platform = config.platform
    host = platform.slip_host or urlsplit(platform.url).hostname or "district.invalid"
    folder = data_folder(config)
    try:
        return Store.open(
            folder / "queue",
            terminal=config.hall.terminal,
            district=host,
            sealer=local_sealer(config),
            district_keys=district_keys(config),
            keep_days=config.queue.keep_days,
        )
    except NewerQueue as failure:
        raise ConfigError(
            f"{folder} 里的队列是较新的软件写的（版本 {failure.version}），这个软件没有动它。请安装那个较新的软件。\n"
            f"The queue in {folder} was written by newer software (version {failure.version}) and is left as it is. "
            "Install that software again."
        ) from failure
    except DamagedQueue as failure:
        words = explain("queue-damaged")
        raise QueueFileDamaged(
            f"{folder}: {words.message.zh} {words.remedy.zh}\n{words.message.en} {words.remedy.en}"
        ) from failure
    except ValueError as failure:
        raise ConfigError(f"platform.slip_host: {failure}") from failure
    except (OSError, apsw.Error) as failure:
        raise ConfigError(
            f'The data folder {folder} cannot be used: {failure}. Set KIOSK_DATA_DIR or mend "data".'
        ) from failure


def known_terminals(config: Config) -> tuple[KnownTerminal, ...]:
    """The district's terminals whose slips can be checked here. Raises :class:`ConfigError` for a list that cannot be
    read."""
    from offline_queue.terminals import read_terminals

    keys = district_keys(config)
    bundle = None if keys is None else keys.bundle()
    told = () if bundle is None else bundle.known_terminals()
    path = config.platform.slip_keys
    if path is None:
        return told
    try:
        return (*told, *read_terminals(path))
    except (OSError, ValueError) as failure:
        raise ConfigError(f"platform.slip_keys: {failure}") from failure


def open_platform(
    platform: PlatformTable,
    signer: RequestSigner | None,
    *,
    deadline: float = 30.0,
    waiting: Callable[[], int] | None = None,
) -> PlatformClient:
    """The district platform; each request takes ``deadline`` seconds at most. ``waiting`` as in ``PlatformClient``.
    Raises :class:`ValueError` for what is no address."""
    from offline_queue.client import PlatformClient
    from offline_queue.transport import Certificates

    own = (platform.client_cert, platform.client_key) if platform.client_cert and platform.client_key else None
    certificates = Certificates(ca=platform.ca, own=own)
    return PlatformClient(platform.url, signer=signer, certificates=certificates, deadline=deadline, waiting=waiting)


def line_of(platform: PlatformTable) -> Line:
    """What papers may take of the hall's line."""
    from offline_queue.line import Hours, Line

    return Line(
        rate=platform.upload_kbps * 125 if platform.upload_kbps else None,
        hours=Hours.parse(platform.upload_hours) if platform.upload_hours else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """A running terminal without its screen. ``close`` ends every thread, in the order that loses nothing."""

    runner: Runner
    desk: CameraDesk
    clerk: QueueClerk
    queue: Store
    sync: SyncThread | None
    close: Callable[[], None]


def open_core(config: Config, parts: Parts, *, test: bool = False) -> Core:
    """Open queue and devices, and start every thread but the screen's. Raises :class:`ConfigError` for what is missing
    in the configuration, ``AlreadyRunning`` when another terminal uses the data folder."""
    folder = data_folder(config)
    if (folder / DECOMMISSIONED).exists():
        raise ConfigError(f"This terminal was taken out of service. To begin anew, remove {folder}.")
    try:
        alone = Alone(folder)
    except OSError as failure:
        raise ConfigError(
            f'The data folder {folder} cannot be used: {failure}. Set KIOSK_DATA_DIR or mend "data".'
        ) from failure
    with ExitStack() as opened:  # closes in the opposite order, one failure not keeping the others from being closed
        opened.callback(alone.release)
        return _started(config, parts, opened, test=test)


def open_audit(config: Config) -> AuditLog:
    """The log in the data folder. Raises :class:`ConfigError` when it cannot be written."""
    folder = data_folder(config) / "log"
    try:
        return AuditLog(folder=folder, clock=china_time)
    except OSError as failure:
        raise ConfigError(f"The log in {folder} cannot be written: {failure}. Mend the folder's rights.") from failure


def _started(config: Config, parts: Parts, opened: ExitStack, *, test: bool) -> Core:
    from devices.camera.reading.process import ReadingProcess
    from devices.printer.counter import PaperCounter
    from devices.printer.worker import PrinterThread
    from devices.speech.api import Voice
    from kiosk.journey.aloud import Aloud
    from kiosk.journey.clerk import QueueClerk
    from kiosk.journey.desk import CameraDesk
    from kiosk.journey.events import CardChanged, Event, PrinterSeen, SyncChanged
    from kiosk.journey.reading import PageReading
    from kiosk.journey.runner import Runner
    from kiosk.journey.staff_desk import StaffDesk
    from kiosk.journey.states import Delivery, Terminal
    from kiosk.sending import open_sync

    hall = hall_of(config, test=test)
    if not hall.villages and any(question.options == "villages" for question in _choices(hall)):
        raise ConfigError("hall.villages is empty, and residents are asked for theirs: list them in the configuration")
    audit = open_audit(config)
    opened.callback(audit.close)
    keys = district_keys(config)
    if keys is not None and keys.bundle() is None:
        raise ConfigError("platform.bundle_key is set, but no bundle is installed: kiosk queue keys install FILE")
    store = open_queue(config)
    opened.callback(store.close)
    audit.note("started", version=__version__, terminal=config.hall.terminal)
    opened.callback(audit.note, "stopped")

    def post(event: Event) -> None:
        runner.post(event)

    def changed(change: Changed) -> None:
        post(SyncChanged(change.uid, Delivery(change.state.value), change.case_number))

    sync = open_sync(config, store, on_change=changed) if config.platform.url else None
    printer = PrinterThread(
        parts.printer,
        on_status=lambda status: post(PrinterSeen(status)),
        counter=PaperCounter(paper_count(config), clock=china_time),
    )
    clerk = QueueClerk(
        hall=hall,
        queue_=store,
        printer=printer,
        terminals=known_terminals(config),
        fonts=FONTS,
        clock=china_time,
        new_uid=uuid4,
        post=post,
        stored=sync.wake if sync else store.empty_log,
    )
    staff = StaffDesk(
        queue_=store,
        matters=hall.matters,
        code=config.staff.code,
        post=post,
        released=sync.wake if sync else _nothing,
    )
    opened.callback(staff.close)
    reader = ReadingProcess(child_command(READING))
    reading = PageReading(reader=reader, post=post)
    desk = CameraDesk(
        camera=parts.camera, codes=parts.codes, reader=reader, post=post, on_live=lambda live: runner.on_live(live)
    )
    opened.callback(desk.close)
    opened.callback(reading.close)  # before the desk: it may be waiting for the same process
    voice = Voice(rate=config.speech.rate, volume=config.speech.volume)
    aloud = Aloud(speaker=parts.speaker, voice=voice, post=post)
    now = monotonic()
    start = Terminal(now=now, today=china_time().date(), touched=now)
    runner = Runner(
        hall=hall,
        start=start,
        desk=desk,
        reading=reading,
        try_key=parts.reader.try_key,
        clerk=clerk,
        staff=staff,
        voice=aloud,
        audit=audit,
    )
    opened.callback(aloud.close)
    aloud.start()
    if sync:
        sync.start()
        opened.callback(lambda: _told_if_late(sync.stop(), "the sync"))
    printer.start()
    opened.callback(lambda: _told_if_late(printer.stop(), "the printer"))
    clerk.start()
    opened.callback(clerk.stop)
    staff.start()
    parts.reader.start(lambda state: post(CardChanged(state)))
    opened.callback(parts.reader.stop)
    return Core(runner=runner, desk=desk, clerk=clerk, queue=store, sync=sync, close=opened.pop_all().close)


def _told_if_late(ended: bool, who: str) -> None:
    if not ended:
        _log.error("%s did not end in time", who)


def _choices(hall: Hall) -> Iterator[ChoiceQuestion]:
    for matter in hall.matters:
        yield from (question for question in matter.questions if isinstance(question, ChoiceQuestion))


def _nothing() -> None:
    return


def run(config: Config) -> int:
    """The terminal on its own hardware, until its window is closed. Raises :class:`ConfigError`."""
    core = open_core(config, real_parts(config))
    try:
        return show(config, core)
    finally:
        core.close()


def show(config: Config, core: Core) -> int:
    """The screen over a running core, until its window is closed or the service manager asks for the end (SIGTERM)."""
    from ui.app import TerminalApp

    app = TerminalApp(
        runner=core.runner, fullscreen=config.screen.fullscreen, theme=config.screen.theme, size=None, clock=china_time
    )

    # Python runs the handler between two bytecodes: the bridge's timer sees to it that there are some.
    def leave(_signal: int, _frame: object) -> None:
        app.window.close()

    before = signal.signal(signal.SIGTERM, leave)
    try:
        return app.exec()
    finally:
        signal.signal(signal.SIGTERM, before)
