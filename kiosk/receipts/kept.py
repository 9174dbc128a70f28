"""What the queue keeps (sealed, for a day) so that a slip can be printed, and printed again, word for word."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PIL import Image
from pydantic import BaseModel, ConfigDict

from kiosk.receipts.picture import draw
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


def draw_test(*, width: int, font_folder: Path, created: datetime) -> Image.Image:
    """A slip that shows whether Chinese, rare characters, the QR code and the knife work; marked as a test."""
    slip = Slip(
        language="zh",
        hall="打印测试",
        title="汉字、二维码、切纸：㛃䶮𬭚〇",
        provisional_number="TY00-000000-0000-0",
        qr_text="https://district.invalid/s#test",
        applicant="王*英",
        proxy=None,
        created=created,
        materials=(),
        stored_offline=True,
        case_number=None,
        test=True,
        reprint=False,
        terminal="TY00",
        help_line="",
    )
    return draw(slip, width=width, font_folder=font_folder)
