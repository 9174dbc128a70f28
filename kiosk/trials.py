"""Every device on trial: what it promises (``devices/*/trial.py``), tried with real hands or simulated ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

from devices.trial import Act, Hands, Tried, try_all
from kiosk.domain.words import Text

if TYPE_CHECKING:
    from devices.camera.api import Camera
    from devices.card.api import CardReader
    from devices.printer.api import Printer
    from devices.speech.api import Speaker

Kind = Literal["card", "camera", "printer", "speech"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """The devices to be tried, opened anew for every trial, and the hands at them. ``open_code_camera`` where a second
    camera reads the codes."""

    open_reader: Callable[[], CardReader]
    open_camera: Callable[[], Camera]
    open_printer: Callable[[], Printer]
    open_speaker: Callable[[], Speaker]
    hands: Hands
    open_code_camera: Callable[[], Camera] | None = None


def try_devices(stand: Stand, kinds: Collection[Kind]) -> Iterator[Tried]:
    """All trials of these kinds of device, in the order of :data:`KINDS`."""
    if "card" in kinds:
        from devices.card.trial import TRIALS as CARD

        yield from try_all(CARD, stand.open_reader, lambda reader: reader.stop(), stand.hands)
    if "camera" in kinds:
        from devices.camera.trial import TRIALS as CAMERA

        yield from try_all(CAMERA, stand.open_camera, lambda camera: camera.stop(), stand.hands)
        if stand.open_code_camera is not None:
            second = try_all(CAMERA, stand.open_code_camera, lambda camera: camera.stop(), _at_codes(stand.hands))
            yield from (replace(tried, name=f"code-{tried.name}") for tried in second)
    if "printer" in kinds:
        from devices.printer.trial import TRIALS as PRINTER

        yield from try_all(PRINTER, stand.open_printer, lambda printer: printer.close(), stand.hands)
    if "speech" in kinds:
        from devices.speech.trial import TRIALS as SPEECH

        yield from try_all(SPEECH, stand.open_speaker, lambda speaker: speaker.stop(), stand.hands)


def _at_codes(hands: Hands) -> Hands:
    """The same hands, at the camera for codes."""
    there = {Act.UNPLUG_CAMERA: Act.UNPLUG_CODE_CAMERA, Act.PLUG_CAMERA: Act.PLUG_CODE_CAMERA}
    return lambda act: hands(there.get(act, act))


ASKED: dict[Act, Text] = {
    Act.LAY_CARD: Text(zh="请放一张能读的卡，不要拿走", en="Put a readable card on the reader and leave it there"),
    Act.LIFT_CARD: Text(zh="请把卡拿走", en="Take the card away"),
    Act.PULL_CARD_EARLY: Text(zh="请放上卡，马上拿走", en="Put a card on the reader and take it away at once"),
    Act.UNPLUG_READER: Text(zh="请拔掉读卡器的线", en="Unplug the card reader"),
    Act.PLUG_READER: Text(zh="请插上读卡器", en="Plug the card reader in"),
    Act.UNPLUG_CAMERA: Text(zh="请拔掉摄像头的线", en="Unplug the camera"),
    Act.PLUG_CAMERA: Text(zh="请插上摄像头", en="Plug the camera in"),
    Act.UNPLUG_CODE_CAMERA: Text(zh="请拔掉扫码摄像头的线", en="Unplug the camera for codes"),
    Act.PLUG_CODE_CAMERA: Text(zh="请插上扫码摄像头", en="Plug the camera for codes in"),
    Act.OPEN_COVER: Text(zh="请打开打印机的盖子", en="Open the printer's cover"),
    Act.CLOSE_COVER: Text(zh="请合上打印机的盖子", en="Close the printer's cover"),
    Act.TAKE_PAPER: Text(zh="请拿出纸卷，合上盖子", en="Take the paper roll out and close the cover"),
    Act.LOAD_PAPER: Text(zh="请装上纸卷，合上盖子", en="Put the paper roll in and close the cover"),
    Act.UNPLUG_PRINTER: Text(zh="请拔掉打印机的数据线", en="Unplug the printer's data cable"),
    Act.PLUG_PRINTER: Text(zh="请插上打印机的数据线", en="Plug the printer's data cable in"),
    Act.LOOK_AT_SLIP: Text(
        zh="请看打出来的纸：只有一张，有完整的框和叉，左右都没有缺",
        en="Look at the paper: one piece, with a whole frame and cross, nothing cut off left or right",
    ),
    Act.LISTEN: Text(
        zh="刚才应该听到：“请把卡放好。”和“Please wait.”。听清楚了吗？",
        en='You should have heard "请把卡放好。" and "Please wait.": were both clear?',
    ),
    Act.PLUG_HEADPHONES: Text(zh="请插上耳机", en="Plug the headphones in"),
    Act.PULL_HEADPHONES: Text(zh="请趁还在说话，拔掉耳机", en="Pull the headphones out while it is speaking"),
}
"""What a technician is asked to do, or to see."""
