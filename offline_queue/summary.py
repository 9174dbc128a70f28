"""The two small sealed things beside a body: what staff may see of an item, and what a lost slip needs.

Both are sealed to this machine's key even when bodies are one day sealed to the district's.
"""

from __future__ import annotations

from dataclasses import dataclass

from offline_queue.sealing import Sealer


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What staff may see of a queued item beside its number, times and state."""

    matter: str

    def sealed(self, sealer: Sealer, uid: str) -> bytes:
        return sealer.seal(self.matter.encode(), context=f"{uid}/summary")

    @classmethod
    def opened(cls, sealer: Sealer, uid: str, content: bytes) -> Summary | None:
        plain = sealer.open(content, context=f"{uid}/summary")
        return None if plain is None else cls(matter=plain.decode())


@dataclass(frozen=True, slots=True, kw_only=True)
class ReprintData:
    """The QR text of the slip and the caller's own bytes, kept for 24 hours."""

    slip_qr: str
    slip_data: bytes

    def sealed(self, sealer: Sealer, uid: str) -> bytes:
        return sealer.seal(self.slip_qr.encode("ascii") + b"\n" + self.slip_data, context=f"{uid}/reprint")

    @classmethod
    def opened(cls, sealer: Sealer, uid: str, content: bytes | None) -> ReprintData | None:
        plain = None if content is None else sealer.open(content, context=f"{uid}/reprint")
        if plain is None:
            return None
        slip_qr, _, slip_data = plain.partition(b"\n")
        return cls(slip_qr=slip_qr.decode("ascii"), slip_data=slip_data)
