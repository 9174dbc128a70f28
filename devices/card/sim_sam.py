"""A simulated reader with a security module, byte for byte: what a wire brings it, and what it sends back.

Its frames are written down as makers published them, and its check byte is computed here: nothing of the driver is
used. People on the ready-made cards do not exist: area code 999999 is assigned to no place, UTO to no state; the
foreigner's 18-digit number is the specimen of the 2023 announcement.
"""

from __future__ import annotations

import contextlib
import os
import select
import tempfile
import threading
import tty
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

_SAM_ID = bytes.fromhex("AAAAAA9669000312FFEE")
_FIND = bytes.fromhex("AAAAAA96690003200122")
_SELECT = bytes.fromhex("AAAAAA96690003200221")
_READ = bytes.fromhex("AAAAAA96690003300132")
_READ_ADDRESS = bytes.fromhex("AAAAAA96690003300330")
_COMMANDS = (_SAM_ID, _FIND, _SELECT, _READ, _READ_ADDRESS)
_COMMAND_LENGTH = 10

_FOUND = bytes.fromhex("AAAAAA9669000800009F0000000097")
_SELECTED = bytes.fromhex("AAAAAA9669000C00009000000000000000009C")
_PREAMBLE = bytes.fromhex("AAAAAA9669")
# 05.01-20140101-0000000001-0123456789, little-endian in the frame
_NUMBER = bytes.fromhex("AAAAAA96690014000090 05000100 45503301 01000000 15CD5B07")

NO_CARD, SELECT_FAILED, READ_FAILED, NO_SUCH_ITEM = 0x80, 0x81, 0x41, 0x91
_SLOW_PIECE, _SLOW_S = 16, 0.001


@dataclass(slots=True)
class SamFaults:
    """What is wrong with the reader or its line, changed at any time. Counts are used up, one an answer."""

    silent: int = 0
    bent: int = 0  # a wrong check byte
    torn: int = 0  # half a frame
    noise: bytes = b""  # before every answer
    refuses: int = 0  # SW3 of every answer: 60, 66
    misheard: int = 0  # SW3 10: the command came damaged
    slow: bool = False


@dataclass(slots=True)
class SamCard:
    """A card: what the module reads from it, and the SW3 of each of the next reads that fail; after one the card has to
    be found anew, or, when ``stuck``, lifted first. ``wrong`` is a card of another kind (SW3 40); ``pulled_on_read``
    leaves the reader in the middle of that answer."""

    text: bytes
    photo: bytes = b"WLf" + bytes(range(256)) * 4
    fails: list[int] = field(default_factory=list[int])
    stuck: bool = False
    wrong: bool = False
    pulled_on_read: bool = False
    state: str = "new"  # new, found, selected, lost

    def __post_init__(self) -> None:
        self.photo = self.photo[:1024].ljust(1024, b"\x00")


class SimulatedSam:
    """The reader. ``hear`` belongs to the line's thread, everything else to any."""

    def __init__(self) -> None:
        self.faults = SamFaults()
        self.heard: list[bytes] = []
        self._lock = threading.Lock()
        self._card: SamCard | None = None
        self._pending = b""

    def lay(self, card: SamCard) -> None:
        """Lay a card on the reader, in place of the one there."""
        with self._lock:
            card.state = "new"
            self._card = card

    def lift(self) -> None:
        """Take the card away, if there is one."""
        with self._lock:
            self._card = None

    def hear(self, data: bytes) -> bytes:
        """What it sends after these bytes came in; whatever is no command is passed over."""
        with self._lock:
            self._pending = (self._pending + data)[-1024:]
            sent = b""
            while found := min(
                ((at, command) for command in _COMMANDS if (at := self._pending.find(command)) >= 0), default=None
            ):
                at, command = found
                self._pending = self._pending[at + _COMMAND_LENGTH :]
                self.heard.append(command[7:9])
                sent += self._with_faults(command)
            return sent

    def _with_faults(self, command: bytes) -> bytes:
        faults = self.faults
        if faults.refuses:
            return _word(faults.refuses)
        if faults.misheard:
            faults.misheard -= 1
            return _word(0x10)
        answer = self._answer(command)
        if faults.silent:
            faults.silent -= 1
            return b""
        if faults.bent:
            faults.bent -= 1
            answer = answer[:-1] + bytes((answer[-1] ^ 0x55,))
        if faults.torn:
            faults.torn -= 1
            answer = answer[: len(answer) // 2]
        return faults.noise + answer

    def _answer(self, command: bytes) -> bytes:
        card = self._card
        if command == _SAM_ID:
            return _checked(_NUMBER)
        if command == _FIND:
            if card is None or card.state != "new":
                return _word(NO_CARD)
            card.state = "found"
            return _FOUND
        if command == _SELECT:
            if card is not None and card.wrong:
                return _word(0x40)
            if card is None or card.state != "found":
                return _word(SELECT_FAILED)
            card.state = "selected"
            return _SELECTED
        if card is None or card.state != "selected":
            return _word(READ_FAILED)
        if command == _READ_ADDRESS:
            return _word(NO_SUCH_ITEM)
        return self._read(card)

    def _read(self, card: SamCard) -> bytes:
        if card.fails:
            card.state = "lost" if card.stuck else "new"
            return _word(card.fails.pop(0))
        body = _two(len(card.text)) + _two(len(card.photo)) + card.text + card.photo
        answer = _checked(_PREAMBLE + _two(len(body) + 4) + bytes.fromhex("000090") + body)
        if card.pulled_on_read:
            self._card = None
            return answer[: len(answer) // 3]
        return answer


def _word(module: int) -> bytes:
    """An answer without data: 0004 0000 SW3 and their XOR."""
    return bytes.fromhex("AAAAAA966900040000") + bytes((module, 0x04 ^ module))


def _two(number: int) -> bytes:
    return number.to_bytes(2, "big")


def _checked(frame: bytes) -> bytes:
    check = 0
    for byte in frame[5:]:
        check ^= byte
    return frame + bytes((check,))


class SamOnTerminal:
    """The reader at the far end of a pseudo-terminal, under a path that stays the same when it is plugged in again."""

    def __init__(self, sam: SimulatedSam) -> None:
        self._sam = sam
        self._folder = tempfile.TemporaryDirectory(prefix="kiosk-sam-")
        self.path = Path(self._folder.name) / "ttySAM"
        self._thread: threading.Thread | None = None
        self._stop = -1

    def __enter__(self) -> SamOnTerminal:
        self.plug()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def plug(self) -> None:
        """Plug the reader in."""
        if self._thread is not None:
            return
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        self.path.symlink_to(os.ttyname(theirs))
        stopped, self._stop = os.pipe()
        self._thread = threading.Thread(target=self._serve, args=(ours, theirs, stopped), name="sam-line", daemon=True)
        self._thread.start()

    def pull(self) -> None:
        """Pull the reader's cable: the port goes away under whoever has it open."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self.path.unlink()
            os.close(self._stop)
            thread.join()

    def close(self) -> None:
        """Unplug, and leave nothing behind."""
        self.pull()
        self._folder.cleanup()

    def _serve(self, ours: int, theirs: int, stopped: int) -> None:
        pause = threading.Event()
        try:
            while stopped not in (ready := select.select([ours, stopped], [], [])[0]):
                if ours in ready:
                    answer = self._sam.hear(os.read(ours, 4096))
                    piece = _SLOW_PIECE if self._sam.faults.slow else max(1, len(answer))
                    for at in range(0, len(answer), piece):
                        os.write(ours, answer[at : at + piece])
                        if self._sam.faults.slow:
                            pause.wait(_SLOW_S)
        finally:
            for number in (ours, theirs, stopped):
                with contextlib.suppress(OSError):
                    os.close(number)


def resident_text(
    *, name: str, sex: str, ethnic_group: str, birth: str, address: str, number: str, issuer: str, issued: str, to: str
) -> bytes:
    """Text block of a resident identity card."""
    common = {0: name, 30: sex, 32: ethnic_group, 36: birth, 52: address, 122: number, 158: issuer}
    return _text(common | {188: issued, 204: to})


def permit_text(
    *, name: str, sex: str, birth: str, address: str, number: str, issuer: str, issued: str, to: str, document: str
) -> bytes:
    """Text block of a residence permit for residents of Hong Kong, Macao and Taiwan (``J``), issued once."""
    common = {0: name, 30: sex, 36: birth, 52: address, 122: number, 158: issuer}
    return _text(common | {188: issued, 204: to, 220: document, 238: "01", 248: "J"})


def foreigner_text_2017(
    *, english_name: str, sex: str, number: str, nationality: str, name: str, issued: str, to: str, birth: str
) -> bytes:
    """Text block of a foreign permanent resident's card of 2017 (``I``)."""
    person = {0: english_name, 120: sex, 122: number, 152: nationality, 158: name}
    return _text(person | {188: issued, 204: to, 220: birth, 236: "01", 240: "1500", 248: "I"})


def foreigner_text_2023(
    *, name: str, sex: str, birth: str, english_name: str, number: str, issued: str, to: str, nationality: str
) -> bytes:
    """Text block of a foreign permanent resident's card of 2023 (``Y``)."""
    person = {0: name, 30: sex, 32: "01", 36: birth, 52: english_name[:35], 122: number}
    return _text(person | {188: issued, 204: to, 220: english_name[35:46], 242: nationality, 248: "Y", 250: "001"})


def _text(parts: Mapping[int, str]) -> bytes:
    """256 bytes of UTF-16LE with *parts* at their offsets, filled up with spaces."""
    block = bytearray(" ".encode("utf-16-le") * 128)
    for at, text in parts.items():
        written = text.encode("utf-16-le")
        block[at : at + len(written)] = written
    return bytes(block)


#: Ready-made cards: a resident, one whose card never expires, a permit of each other kind, and one that has expired.
DEMO_TEXTS: Mapping[str, bytes] = {
    "sun": resident_text(
        name="孙玉兰", sex="2", ethnic_group="01", birth="19500412", address="某省某县某镇幸福村12号",
        number="999999195004120028", issuer="某县公安局", issued="20150601", to="长期",
    ),
    "zhou": resident_text(
        name="周海波", sex="1", ethnic_group="11", birth="19881130", address="某省某市某区和平路7号3单元501室",
        number="999999198811300037", issuer="某市公安局某区分局", issued="20200310", to="20400310",
    ),
    "permit": permit_text(
        name="何嘉欣", sex="2", birth="19920708", address="某省某市某区海滨路18号", number="99999919920708028X",
        issuer="某市公安局", issued="20231016", to="20281016", document="H00000000",
    ),
    "foreigner": foreigner_text_2023(
        name="安娜", sex="2", birth="19810803", english_name="MUSTERMANN, ANNA MARIA",
        number="911124198108030024", issued="20240115", to="20340114", nationality="UTO",
    ),
    "foreigner-2017": foreigner_text_2017(
        english_name="ERIKSSON, PER OLOF", sex="1", number="UTO999985010101", nationality="UTO", name="",
        issued="20190301", to="20290228", birth="19850101",
    ),
    "lapsed": resident_text(
        name="吴桂花", sex="2", ethnic_group="01", birth="19560817", address="某省某县某镇新街3号",
        number="999999195608170026", issuer="某县公安局", issued="20050901", to="20250901",
    ),
}  # fmt: skip


def demo_sam_cards() -> dict[str, SamCard]:
    """Fresh cards with the texts of :data:`DEMO_TEXTS`."""
    return {key: SamCard(text=text) for key, text in DEMO_TEXTS.items()}


class SamChip:
    """A security module that its reader hands out over PC/SC, as a card that always lies there: it takes frames as data
    of one pseudo command, class FF, and gives answers in pieces (61xx). Nobody published how real readers do this."""

    def __init__(self, sam: SimulatedSam, *, header: bytes = bytes.fromhex("FF000000")) -> None:
        self._sam = sam
        self._header = header
        self._left = b""

    def answer_to_reset(self) -> bytes:
        """The ATR: T=0, historical bytes "SAM"."""
        return bytes.fromhex("3B63000053414D")

    def power(self, on: bool) -> None:
        """Power up (or reset), or power down; the module behind it stays as it is."""
        del on
        self._left = b""

    def respond(self, command: bytes) -> bytes:
        """The response to one command APDU."""
        if command[:4] == self._header:
            self._left = self._sam.hear(command[5 : 5 + command[4]])
            return self._more(b"")
        if command[:4] == bytes.fromhex("00C00000") and len(command) == 5 and self._left:
            length = command[4] or 256
            piece, self._left = self._left[:length], self._left[length:]
            return self._more(piece)
        return b"\x6d\x00"

    def _more(self, piece: bytes) -> bytes:
        return piece + (bytes((0x61, min(len(self._left), 255))) if self._left else b"\x90\x00")
