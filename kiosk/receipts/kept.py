"""What the queue keeps (sealed, for a day) so that a slip can be printed, and printed again, word for word."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from kiosk.receipts.slip import Language, Slip


class KeptSlip(BaseModel):
    """The part of a slip that is known at hand-in; numbers and state are added when it is printed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    language: Language
    hall: str
    title: str
    applicant: str
    proxy: str | None
    created: datetime
    materials: tuple[str, ...]
    test: bool
    terminal: str
    help_line: str

    def to_bytes(self) -> bytes:
        return self.model_dump_json().encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> KeptSlip:
        """Raises :class:`ValueError` for anything :meth:`to_bytes` did not write."""
        return cls.model_validate_json(data)

    def slip(
        self, *, provisional_number: str, qr_text: str, case_number: str | None, stored_offline: bool, reprint: bool
    ) -> Slip:
        """The whole slip."""
        return Slip(
            language=self.language,
            hall=self.hall,
            title=self.title,
            provisional_number=provisional_number,
            qr_text=qr_text,
            applicant=self.applicant,
            proxy=self.proxy,
            created=self.created,
            materials=self.materials,
            stored_offline=stored_offline,
            case_number=case_number,
            test=self.test,
            reprint=reprint,
            terminal=self.terminal,
            help_line=self.help_line,
        )
