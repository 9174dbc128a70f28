"""The staff view's way to the queue, and its mark on the welcome screen. One thread for the work: a look at the queue
waits for the disk, and a code takes its time to check."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from kiosk.catalogue.model import Matter
from kiosk.domain.staff_code import opens
from kiosk.journey.events import Event, HeldSeen, QueueTold, StaffChecked
from kiosk.journey.staffed import HeldItem, MovingItem, QueueSeen
from offline_queue.store import Store as Queue

_log = logging.getLogger(__name__)
_MOST = 50
"""Held submissions that are shown; more want a technician."""
_MOVING = 5
"""Those on their way that are shown: enough to see whether anything moves."""
LOOK_S = 30.0
"""Whoever holds or releases one, be it another process: so long after it the mark knows."""


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
        self._held: int | None = None
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="staff-desk")
        self._closing = threading.Event()
        self._watch = threading.Thread(target=self._count_again, name="staff-mark", daemon=True)

    def start(self) -> None:
        """Begin to tell how many are held."""
        self._watch.start()

    def close(self) -> None:
        self._closing.set()
        if self._watch.is_alive():
            self._watch.join()
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

    def _count_again(self) -> None:
        self._ask(self._count)
        while not self._closing.wait(LOOK_S):
            self._ask(self._count)

    def _count(self) -> None:
        held, before = self._queue.held(), self._held
        if held != before:
            self._held = held
            self._post(HeldSeen(held))

    def _release(self, uid: str) -> None:
        self._queue.retry(uid)
        self._released()
        self._tell()

    def _tell(self) -> None:
        self._count()
        seen = self._queue.overview(most=_MOST, moving=_MOVING)
        self._post(
            QueueTold(
                QueueSeen(
                    waiting=seen.waiting,
                    moving=tuple(
                        MovingItem(
                            number=item.provisional_number,
                            created=datetime.fromisoformat(item.created),
                            sent=item.bytes_sent,
                            size=item.bytes_total,
                            reason=item.last_error,
                        )
                        for item in seen.moving
                    ),
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
