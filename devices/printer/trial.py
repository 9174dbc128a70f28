"""What every slip printer promises (:class:`devices.printer.api.Printer`), for simulators and hardware alike."""

from __future__ import annotations

from PIL import Image, ImageDraw

from devices.printer.api import Outcome, Printer, PrinterTrouble
from devices.trial import Act, Hands, NotTried, Trial, by_hand, promised

_HEIGHT = 240


def _slip(width: int) -> Image.Image:
    """A frame that touches both edges of the paper and a cross: what is cut off or doubled shows at a glance."""
    picture = Image.new("1", (width, _HEIGHT), 1)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, width - 1, _HEIGHT - 1), outline=0, width=4)
    pen.line((0, 0, width - 1, _HEIGHT - 1), fill=0, width=3)
    pen.line((0, _HEIGHT - 1, width - 1, 0), fill=0, width=3)
    return picture


def _answering(printer: Printer) -> None:
    """For promises that only a printer which answers can keep."""
    if not printer.status().certain:
        raise NotTried("this connection cannot say how the printer is")


def _prints(printer: Printer, hands: Hands) -> None:
    status = printer.status()
    promised(status.trouble is None, f"it is not ready: {status.trouble and status.trouble.value}")
    result = printer.print([_slip(printer.setup.width)])
    promised(result.outcome is Outcome.PRINTED, f"the slip ended {result.outcome.value}")
    promised(hands(Act.LOOK_AT_SLIP), "the slip does not look as it should: check the width that is configured")


def _names(printer: Printer, hands: Hands, trouble: PrinterTrouble, harm: Act, mend: Act) -> None:
    """The trouble is named, nothing is printed meanwhile, and all is well once it is mended."""
    _answering(printer)
    by_hand(hands, harm)
    try:
        status = printer.status()
        promised(status.trouble is trouble, f"it says {status.trouble and status.trouble.value}, not {trouble.value}")
        result = printer.print([_slip(printer.setup.width)])
        promised(result.outcome is Outcome.NOT_PRINTED, f"a slip ended {result.outcome.value} all the same")
    finally:
        by_hand(hands, mend)
    promised(printer.status().trouble is None, "it does not recover")


def _cover(printer: Printer, hands: Hands) -> None:
    _names(printer, hands, PrinterTrouble.COVER_OPEN, Act.OPEN_COVER, Act.CLOSE_COVER)


def _paper(printer: Printer, hands: Hands) -> None:
    _names(printer, hands, PrinterTrouble.PAPER_OUT, Act.TAKE_PAPER, Act.LOAD_PAPER)


def _cable(printer: Printer, hands: Hands) -> None:
    _names(printer, hands, PrinterTrouble.OFFLINE, Act.UNPLUG_PRINTER, Act.PLUG_PRINTER)


TRIALS: tuple[Trial[Printer], ...] = (
    Trial("printer-prints", _prints),
    Trial("printer-cover-open", _cover),
    Trial("printer-paper-out", _paper),
    Trial("printer-replugged", _cable),
)
