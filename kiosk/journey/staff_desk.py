"""The staff view's way to the queue. One thread: a look at the queue waits for the disk, and a code takes its time to
check."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from kiosk.catalogue.model import Matter
from kiosk.domain.staff_code import opens
from kiosk.journey.events import Event, QueueTold, StaffChecked
from kiosk.journey.staffed import HeldItem, QueueSeen
from offline_queue.store import Store as Queue

_log = logging.getLogger(__name__)
_MOST = 50
"""Held submissions that are shown; more want a technician."""


class StaffDesk:
    """Carries out what the staff view asks for; answers with events through ``post``. ``code`` is the hash in the
    configuration; ``released`` is called after something was sent again, to wake the sync."""

    def __init__(
        self,
        *,
        queue_: Queue,
        matters: tuple[Matter, ...],
        code: str,
        post: Callable[[Event], None],
        released: Callable[[], None],
    ) -> None:
        self._queue = queue_
        self._titles = {matter.id: matter.title for matter in matters}
        self._code = code
        self._post = post
        self._released = released
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="staff-desk")

    def close(self) -> None:
        self._worker.shutdown()

    def check(self, code: str) -> None:
        self._ask(lambda: self._post(StaffChecked(opens(code, self._code))))

    def look(self) -> None:
        self._ask(self._tell)

    def release(self, uid: str) -> None:
        self._ask(lambda: self._release(uid))

    def _ask(self, job: Callable[[], None]) -> None:
        def done() -> None:
            try:
                job()
            except Exception as failure:  # noqa: BLE001 - a view that stays as it is, and the next try
                _log.error("the staff desk failed: %s", type(failure).__name__)

        self._worker.submit(done)

    def _release(self, uid: str) -> None:
        self._queue.retry(uid)
        self._released()
        self._tell()

    def _tell(self) -> None:
        seen = self._queue.overview(most=_MOST)
        self._post(
            QueueTold(
                QueueSeen(
                    waiting=seen.waiting,
                    oldest=None if seen.oldest is None else datetime.fromisoformat(seen.oldest),
                    reason=seen.reason,
                    held=tuple(
                        HeldItem(
                            uid=item.uid,
                            number=item.provisional_number,
                            created=datetime.fromisoformat(item.created),
                            reason=item.why or "",
                            matter=self._titles.get(item.matter or ""),
                            name=item.name,
                        )
                        for item in seen.items
                    ),
                    more=seen.held - len(seen.items),
                )
            )
        )
