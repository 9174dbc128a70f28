"""What a technician sees of reading: the same as a resident would be offered, for a picture in a file."""

from __future__ import annotations

from devices.camera.api import Corners, Picture
from devices.camera.page import find_page
from devices.camera.reading.api import Kind, Reader, ReadingTrouble
from devices.camera.reading.zone import find_zone
from devices.camera.scan import straighten
from devices.card.mrz import Mrz, find_mrz
from kiosk.domain.resident import mask_bank_card, mask_id_number, mask_name

_MASKS = {
    Kind.ID_NUMBER: mask_id_number,
    Kind.NAME: mask_name,
    Kind.BANK_CARD: mask_bank_card,
    Kind.CAN: mask_id_number,
}


def read_paper(picture: Picture, reader: Reader, *, show: bool) -> list[dict[str, object]] | ReadingTrouble:
    """Rows of what is on the paper in ``picture``: ``kind``, ``text``, ``confidence``; masked unless ``show``."""
    rows: list[dict[str, object]] = []
    zone = find_zone(picture)
    if zone is not None:
        lines = reader.zone(zone.lines)
        if isinstance(lines, ReadingTrouble):
            return lines
        mrz = find_mrz([each.text for each in lines])
        if mrz is not None:
            sure = min(each.confidence for each in lines)
            rows.append({"kind": "mrz", "text": _mrz(mrz, show=show), "confidence": round(sure, 3)})
    height, width = picture.shape[:2]
    whole: Corners = ((0.0, 0.0), (width - 1.0, 0.0), (width - 1.0, height - 1.0), (0.0, height - 1.0))
    page = straighten(picture, find_page(picture).corners or whole)
    found = reader.page(page.jpeg, frozenset(_MASKS))
    if isinstance(found, ReadingTrouble):
        return found
    for each in found:
        text = each.text if show else _MASKS[each.kind](each.text)
        rows.append({"kind": each.kind.value, "text": text, "confidence": round(each.confidence, 3)})
    return rows


def _mrz(mrz: Mrz, *, show: bool) -> str:
    number = mrz.document_number if show else mask_id_number(mrz.document_number)
    dates = f"{mrz.birth_date} {mrz.expires}" if show else "****** ******"
    return f"{mrz.kind.value} {mrz.document_type} {mrz.issuing_state} {number} {dates}"
