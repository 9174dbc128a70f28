"""The terminals whose slips can be checked without a network: a line each, as `kiosk slip key` prints it.

    TY05 mZ0kP…(43 characters) 清溪镇便民服务大厅 / Qingxi Township Service Hall

terminal code, raw Ed25519 public key in base64url without padding, the hall's name to the end of the line. A district
collects these lines in a file (or a folder of files) and gives it to every terminal; nothing in it is secret. Empty
lines and those that begin with `#` say nothing. The same key may stand under two codes, when a terminal's code was
changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from offline_queue.numbers import (
    SlipCode,
    SlipCodeTrouble,
    base64url,
    from_base64url,
    is_terminal_code,
    key_id,
    parse_slip_text,
)

MOST_BYTES = 1024 * 1024
"""Of one file: some ten thousand terminals."""
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTerminal:
    """A terminal that may have printed a slip. `public_key` is raw Ed25519 (32 bytes)."""

    code: str
    public_key: bytes
    hall: str

    def line(self) -> str:
        """As it stands in a file of terminals."""
        return f"{self.code} {base64url(self.public_key)} {self.hall}".rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class GenuineSlip:
    """A slip that the terminal it names has signed. `day` is the hall's date of handing in."""

    number: str
    terminal: str
    hall: str
    district: str
    day: date


def read_terminals(path: Path) -> tuple[KnownTerminal, ...]:
    """All terminals in the file, or in the files of the folder. Raises ValueError, naming file and line, for a line
    that cannot be one, and OSError for what cannot be read."""
    files = sorted(each for each in path.iterdir() if not each.name.startswith(".")) if path.is_dir() else [path]
    return tuple(terminal for file in files for terminal in _read_file(file))


def _read_file(path: Path) -> Iterable[KnownTerminal]:
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"{path} is larger than any list of terminals")
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            try:
                yield read_terminal(line)
            except ValueError as failure:
                raise ValueError(f"{path}:{number}: {failure}") from None


def read_terminal(line: str) -> KnownTerminal:
    """The terminal that a line names; a line of only a key is a terminal of any code. Raises ValueError."""
    code, _, rest = line.strip().partition(" ")
    written, _, hall = rest.strip().partition(" ")
    if not written:
        code, written = "", code
    raw = from_base64url(written.rstrip("="))
    if raw is None or len(raw) != _KEY_BYTES or (code and not is_terminal_code(code)):
        raise ValueError("a line is: terminal code, public key (43 characters of base64url), name of the hall")
    Ed25519PublicKey.from_public_bytes(raw)
    return KnownTerminal(code=code, public_key=raw, hall=hall.strip())


def check_slip(text: str, known: Iterable[KnownTerminal]) -> GenuineSlip | SlipCodeTrouble:
    """Whether one of the terminals signed the slip with this text. A terminal that signs in another one's name makes no
    genuine slip."""
    by_key: dict[str, list[KnownTerminal]] = {}
    for terminal in known:
        by_key.setdefault(key_id(terminal.public_key), []).append(terminal)
    code = parse_slip_text(text, {name: terminals[0].public_key for name, terminals in by_key.items()})
    if not isinstance(code, SlipCode):
        return code
    name, day = code.number.split("-")[:2]
    signer = next((each for each in by_key[code.key_id] if each.code in ("", name)), None)
    if signer is None:
        return SlipCodeTrouble.FORGED
    try:
        handed_in = datetime.strptime(day, "%y%m%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return SlipCodeTrouble.WRONG_NUMBER
    return GenuineSlip(number=code.number, terminal=name, hall=signer.hall, district=code.district, day=handed_in)
