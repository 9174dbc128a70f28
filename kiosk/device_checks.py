"""The doctor's checks of card readers, cameras, printer and voice: each as the terminal itself would open it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kiosk.checks import Check, ill, well
from kiosk.config import Config, ConfigError, OneCamera, PrinterTable, SpeechTable
from kiosk.domain.trouble import explain

if TYPE_CHECKING:
    from devices.camera.api import Camera
    from devices.printer.api import Printer
    from devices.speech.api import Speaker

CAMERA_S = 10.0
"""Seconds to wait for the camera's next word."""
SPEECH_S = 10.0
"""Seconds to wait for the voice's first word on itself."""


def cards(config: Config) -> Check:
    """Whether the smart card service has the readers that are configured."""
    from devices.card.addresses import pcsc_names
    from devices.card.pcsc import list_readers, pick_readers

    names = pcsc_names(config.card.readers)
    if names is None:
        return well("cards", f"no PC/SC reader; configured: {', '.join(config.card.readers)}")
    readers = list_readers()
    if readers is None:
        return ill("cards", "the smart card service does not answer", "systemctl enable --now pcscd.socket")
    virtual = [name for name in readers if "virtual" in name.lower()]
    if virtual:
        return ill("cards", f"a virtual reader: {virtual[0]}", "apt-get purge vsmartcard-vpcd; it has no place here")
    missing = [name for name in names if not pick_readers((name,), readers)]
    if missing or not readers:
        return ill(
            "cards",
            f"missing: {', '.join(missing) or 'a reader'}; found: {', '.join(readers) or 'none'}",
            "plug the reader in, or mend card.readers",
        )
    return well("cards", ", ".join(pick_readers(names, readers)))


def identity_readers(config: Config) -> tuple[str, ...]:
    """The configured readers with a security module, which identity cards need."""
    from devices.card.addresses import sam_addresses

    return sam_addresses(config.card.readers)


def identity_cards(readers: tuple[str, ...]) -> Check:
    """Whether each answers with its security module."""
    from devices.card.sam.uri import ask_number
    from devices.card.slot import SlotLost

    found: list[str] = []
    for address in readers:
        try:
            found.append(f"{address}: security module {ask_number(address) or 'without a number'}")
        except SlotLost as loss:
            remedy = "end the terminal first, which has the reader for itself; else plug it in, or mend card.readers"
            return ill("identity-cards", f"{address}: {loss}", remedy)
    return well("identity-cards", "; ".join(found))


def camera(chosen: OneCamera, open_one: Callable[[OneCamera], Camera], table: str = "camera") -> Check:
    """Whether it shows pictures, as it was told to; ``table`` is its place in the configuration."""
    import queue

    from devices.camera.api import CameraState, CameraTrouble, Frame, Live, Lost

    seen: queue.SimpleQueue[CameraState] = queue.SimpleQueue()
    opened = open_one(chosen)

    def ignore(_: Frame) -> None:
        return

    opened.start(seen.put, ignore)
    try:
        while True:
            match seen.get(timeout=CAMERA_S):
                case Live(width, height, refused) if refused:
                    said = f"{width} × {height}, but it refused {', '.join(map(str, refused))}"
                    return ill("camera", said, f"kiosk camera list shows what it offers: mend [{table}]")
                case Live(width, height):
                    return well("camera", f"{width} × {height}")
                case Lost(CameraTrouble.LOST):
                    break
                case Lost(trouble):
                    words = explain(trouble.value)
                    return ill("camera", f"{chosen.source}: {words.message.en}", words.remedy.en)
                case _:
                    continue
    except queue.Empty:
        pass
    finally:
        opened.stop()
    return ill("camera", f"no picture from {chosen.source}", f"plug the camera in, or mend {table}.source")


def printer(table: PrinterTable, open_one: Callable[[PrinterTable], Printer]) -> Check:
    """Whether it can print now."""
    try:
        opened = open_one(table)
    except ConfigError as failure:
        return ill("printer", str(failure), "mend printer.uri")
    try:
        status = opened.status()
    finally:
        opened.close()
    if status.trouble is not None:
        words = explain(status.trouble.value)
        return ill("printer", words.message.en, words.remedy.en)
    if status.paper_low:
        words = explain("printer-paper-low")
        return Check("printer", "pass", words.message.en, words.remedy.en)
    return well("printer", "ready" if status.certain else "reachable; this connection cannot say more")


def speech(
    chosen: SpeechTable, open_one: Callable[[SpeechTable], Speaker], lacking: Callable[[SpeechTable], list[str]]
) -> Check:
    """Whether it speaks; ``lacking`` names voices and recordings that are missing."""
    import queue

    from devices.speech.api import Off, Ready, Silent, SpeechNews

    try:
        speaker = open_one(chosen)
        lacks = lacking(chosen)
    except ConfigError as failure:
        return ill("speech", str(failure), "mend the configuration")
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
            return ill("speech", words.message.en, f'{words.remedy.en} Without a voice: speech.engine = "none"')
        case Ready(outlet) if not lacks:
            return well("speech", f"{chosen.engine}, to the {outlet.value}; listen: kiosk speech say 您好")
        case Ready():
            return ill("speech", f"missing: {', '.join(lacks)}", "kiosk speech list; mend speech.voices or the clips")
        case _:
            return ill("speech", "it does not answer", "restart the speech program")
