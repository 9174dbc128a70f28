"""The terminal of the hall next door: its key is on the district's list, so its slips are known to be genuine here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from offline_queue.numbers import make_number, make_slip_text
from offline_queue.terminals import KnownTerminal

_CODE = "TY05"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """``keys`` is the district's list of terminals; ``slip`` the text on a slip from next door, ``forged`` one that
    somebody signed in its name."""

    keys: Path
    slip: str
    forged: str


def neighbour(folder: Path) -> Neighbour:
    """A new one; its list is kept in ``folder``."""
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    number = make_number(terminal=_CODE, day="261121", counter=12)
    slip, forged = (
        make_slip_text(district="district.example", number=number, token=bytes(16), key=signer)
        for signer in (key, other)
    )
    # The forger knows which key the slip must name, and cannot sign with it.
    forged = slip.rpartition(".")[0] + "." + forged.rpartition(".")[2]
    line = KnownTerminal(code=_CODE, public_key=key.public_key().public_bytes_raw(), hall="清溪镇便民服务大厅").line()
    folder.mkdir(parents=True, exist_ok=True)
    keys = folder / "slip-keys"
    keys.write_text(line + "\n", "utf-8")
    return Neighbour(keys=keys, slip=slip, forged=forged)
