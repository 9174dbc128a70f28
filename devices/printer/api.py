"""What the rest of the terminal may know of a slip printer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from PIL import Image


class PrinterTrouble(StrEnum):
    """Why a printer cannot print now."""

    OFFLINE = "printer-offline"  # no connection, or switched off, or silent
    PAPER_OUT = "printer-paper-out"
    COVER_OPEN = "printer-cover-open"
    FAULT = "printer-fault"  # cutter, head temperature or another error the printer names


@dataclass(frozen=True, slots=True)
class PrinterStatus:
    """What the printer says of itself. ``trouble`` is ``None`` when it can print; ``certain`` is false on connections
    that cannot answer (a file), when another program answers for it (CUPS), or when it ignored the question."""

    trouble: PrinterTrouble | None
    paper_low: bool
    certain: bool


class Outcome(StrEnum):
    """How a job ended. ``unknown`` is never printed again by itself: a member of staff looks at the paper."""

    PRINTED = "printed"
    NOT_PRINTED = "not-printed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class JobResult:
    """``status`` as seen after the job (or before it, when nothing was sent); ``sent`` counts bytes that left, ``rows``
    the rows of paper (dots) that they ask for."""

    outcome: Outcome
    status: PrinterStatus
    sent: int
    rows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line in the printer's own characters, which must be in its code page (:func:`devices.printer.text.lacking`).
    ``size`` 2 is twice as high and wide."""

    text: str
    size: int = 1
    bold: bool = False
    centred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A QR code that the printer draws itself, centred: ``text`` in ASCII, ``dots`` a module (1 to 16), ``across``
    modules without the quiet zone."""

    text: str
    dots: int
    across: int


Part = Image.Image | Line | Code
"""What a slip is made of, from top to bottom. Pictures are mode ``1``, as wide as the paper, black on white."""


class Cut(StrEnum):
    """What the knife does after a slip: ``partial`` leaves a bridge that a hand tears; ``none`` is for printers without
    a knife, which feed to the tear bar."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"


class CodePage(StrEnum):
    """Which of China's character sets the printer's own font holds, each a part of the next."""

    GB2312 = "gb2312"
    GBK = "gbk"
    GB18030 = "gb18030"


class StatusKind(StrEnum):
    """What the printer can be asked: nothing (a one-way line), its state in real time (``DLE EOT``), or also to say
    when it is done (``GS r``)."""

    NONE = "none"
    DLE_EOT = "dle-eot"
    GS_R = "gs-r"


class Drawn(StrEnum):
    """Who draws a slip's text, or its QR code: the terminal (``picture``), or the printer (``native``), in its own
    characters, which is for slow serial lines."""

    PICTURE = "picture"
    NATIVE = "native"


WIDTHS = (384, 576, 640)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What differs from printer to printer. ``width``: dots across the paper. ``band_rows``: rows in one picture
    command, small enough for printers that store a whole command before they print it. ``skip_blank``: send no white
    rows (the paper is fed) and no white at the right of a band. ``profile``: a name of python-escpos's list of models,
    to be checked against; empty for none. ``text`` and ``qr`` tell whoever lays out a slip of which parts it is to be
    made. Raises :class:`ValueError`, with a sentence, for what no printer can do."""

    width: int = 576
    text: Drawn = Drawn.PICTURE
    qr: Drawn = Drawn.PICTURE
    band_rows: int = 128
    skip_blank: bool = True
    cut: Cut = Cut.PARTIAL
    code_page: CodePage = CodePage.GB18030
    status: StatusKind = StatusKind.GS_R
    profile: str = ""

    def __post_init__(self) -> None:
        if self.width not in WIDTHS:
            raise ValueError(f"a slip printer is {', '.join(map(str, WIDTHS))} dots wide, not {self.width}")
        if not 8 <= self.band_rows <= 2048:
            raise ValueError(f"a picture command holds 8 to 2048 rows, not {self.band_rows}")


class Printer(Protocol):
    """One printer. Calls block (seconds): whoever owns it calls from one thread of its own."""

    @property
    def setup(self) -> Setup:
        """How this printer is set up."""
        ...

    def status(self) -> PrinterStatus:
        """Ask the printer now; no answer within the deadline is ``OFFLINE``, never an exception."""
        ...

    def print(self, slip: Sequence[Part]) -> JobResult:
        """Print one slip, feed and cut it. Status is asked before and after. Raises :class:`ValueError` for a part
        that this printer cannot print: that is a bug of the caller."""
        ...

    def close(self) -> None:
        """Let go of the connection. Idempotent."""
        ...
