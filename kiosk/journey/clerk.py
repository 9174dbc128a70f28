"""The clerk behind the screen: files submissions, finds them again and has their slips printed.

One thread owns everything that may wait for the disk; the printer has its own. A slip is drawn from what the store
keeps sealed, so that the first slip and a reprint come from the same bytes, and only after the store said "durable".
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from devices.camera.filing import PdfTooLarge, to_pdf
from devices.printer.api import JobResult, Outcome
from devices.printer.worker import PrinterThread
from kiosk.domain.resident import mask_name
from kiosk.domain.words import Language
from kiosk.journey.events import Event, LookedUp, SlipEnded, StoreDone, StoreFailed
from kiosk.journey.states import Delivery, Elsewhere, Found, Hall, Session, Stored
from kiosk.journey.submission import form_of
from kiosk.receipts.compose import compose
from kiosk.receipts.kept import KeptSlip
from kiosk.receipts.slip import Slip
from offline_queue.model import Found as QueueFound
from offline_queue.model import NoKeys, NoSpace, OtherContent, Paper, StorageTrouble, TooLarge
from offline_queue.numbers import SlipCode, SlipCodeTrouble, parse_slip_text
from offline_queue.store import Store as Queue
from offline_queue.terminals import GenuineSlip, KnownTerminal, check_slip
from offline_queue.wire import State

Job = tuple[Callable[[], None], Event | None]
"""What to do, and what to say when it cannot be done."""

_log = logging.getLogger(__name__)

_QUIET_S = 3600.0


class QueueClerk:
    """Carries out the journey's store, lookup, slip and rating effects; answers with events through ``post``.

    ``terminals`` are others of the district whose slips are known to be genuine. ``new_uid`` gives a fresh uid; it is
    asked once per session, so that trying again after a failed put can never hand in the same papers twice. ``stored``
    is called after a durable put, to wake the sync.
    """

    def __init__(
        self,
        *,
        hall: Hall,
        queue_: Queue,
        printer: PrinterThread,
        terminals: Sequence[KnownTerminal],
        fonts: Path,
        clock: Callable[[], datetime],
        new_uid: Callable[[], UUID],
        post: Callable[[Event], None],
        stored: Callable[[], None],
    ) -> None:
        self._hall = hall
        self._queue = queue_
        self._printer = printer
        self._terminals = terminals
        self._fonts = fonts
        self._clock = clock
        self._new_uid = new_uid
        self._post = post
        self._stored = stored
        self._uids: dict[int, str] = {}
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="clerk", daemon=True)

    def start(self) -> None:
        self._ask(self._queue.tidy, None)  # a terminal that is switched off at night may never see an hour of quiet
        self._thread.start()

    def stop(self) -> None:
        """Finish what was asked for, then end; returns when ended."""
        self._jobs.put(None)
        self._thread.join()

    # --- effects (any thread, never waits) ---

    def store(self, session: Session, language: Language) -> None:
        self._ask(lambda: self._file(session, language), StoreFailed(session.number, "storage-failed"))

    def print_slip(self, session: int, uid: str, *, reprint: bool) -> None:
        self._ask(lambda: self._print(session, uid, reprint=reprint), SlipEnded(session, uid, Outcome.NOT_PRINTED))

    def look_up_card(self, session: int, insertion: int, id_number: str) -> None:
        self._ask(
            lambda: self._tell(session, self._queue.find(id_number), "nothing-found", insertion),
            LookedUp(session, (), "lookup-failed", insertion),
        )

    def look_up_code(self, session: int, text: str) -> None:
        self._ask(lambda: self._find_code(session, text), LookedUp(session, (), "lookup-failed"))

    def rate(self, uid: str, level: int) -> None:
        self._ask(lambda: self._rate(uid, level), None)

    def wipe(self, session: int) -> None:
        self._ask(lambda: self._forget(session), None)

    def _ask(self, job: Callable[[], None], failed: Event | None) -> None:
        self._jobs.put((job, failed))

    # --- the clerk's thread ---

    def _work(self) -> None:
        while (asked := self._next()) is not None:
            job, failed = asked
            try:
                job()
            except Exception as failure:  # noqa: BLE001 - a resident waits for a word, and the next one for the clerk
                # Its text may carry what the resident wrote, so only its type is logged.
                _log.error("the clerk failed: %s", type(failure).__name__)
                if failed is not None:
                    self._post(failed)
            del asked, job, failed  # a waiting clerk holds nothing of the last resident

    def _next(self) -> Job | None:
        """What was asked for next; after an hour of quiet, to tidy the queue: without a platform nobody else does."""
        try:
            return self._jobs.get(timeout=_QUIET_S)
        except queue.Empty:
            return self._queue.tidy, None

    def _forget(self, session: int) -> None:
        self._uids.pop(session, None)

    def _rate(self, uid: str, level: int) -> None:
        self._queue.rate(uid, level)
        self._stored()

    def _file(self, session: Session, language: Language) -> None:
        if session.matter is None or session.applicant is None or session.signature is None:
            raise ValueError("only a finished session can be filed")
        uid = self._uids.setdefault(session.number, str(self._new_uid()))
        now = self._clock()
        papers: list[Paper] = []
        wanted = {material.id: material for material in session.matter.materials}
        for material, scans in session.scans.items():
            document = to_pdf(scans, largest=wanted[material].largest_kb * 1024, sides=wanted[material].sides)
            if isinstance(document, PdfTooLarge):
                self._post(StoreFailed(session.number, "paper-too-large"))
                return
            papers.append(Paper(material=material, media_type="application/pdf", content=document))
        papers.append(Paper(material="signature", media_type="image/png", content=session.signature))
        slip = KeptSlip(
            language=language,
            hall=self._hall.name(language),
            title=session.matter.title(language),
            applicant=mask_name(session.applicant.name),
            proxy=mask_name(session.proxy.name) if session.proxy else None,
            created=now,
            materials=tuple(
                material.name(language) for material in session.matter.materials if session.scans.get(material.id)
            ),
            terminal=self._hall.terminal,
            test=self._hall.test,
            help_line=self._hall.help_line(language),
        )
        answer = self._queue.put(
            matter=session.matter.id,
            form=form_of(session, language, now),
            attachments=papers,
            test=self._hall.test,
            uid=uid,
            id_number=session.applicant.id_number,
            masked_name=mask_name(session.applicant.name),
            slip_data=slip.to_bytes(),
        )
        match answer:
            case NoSpace():
                self._post(StoreFailed(session.number, "storage-full"))
            case TooLarge():
                self._post(StoreFailed(session.number, "too-large"))
            case NoKeys():
                self._post(StoreFailed(session.number, "keys-missing"))
            case StorageTrouble() | OtherContent():
                self._post(StoreFailed(session.number, "storage-failed"))
            case _:
                stored = Stored(
                    uid=answer.uid,
                    provisional_number=answer.provisional_number,
                    slip_text=answer.slip_qr,
                    created=datetime.fromisoformat(answer.created),
                )
                self._post(StoreDone(session.number, stored))
                self._stored()

    def _print(self, session: int, uid: str, *, reprint: bool) -> None:
        def ended(result: JobResult) -> None:
            self._post(SlipEnded(session, uid, result.outcome, result.status.trouble))

        slip = self._slip(uid, reprint=reprint)
        if slip is None:
            self._post(SlipEnded(session, uid, Outcome.NOT_PRINTED))
            return
        self._printer.submit(compose(slip, self._printer.setup, font_folder=self._fonts), ended)

    def _slip(self, uid: str, *, reprint: bool) -> Slip | None:
        """The slip of a stored submission, or ``None`` once its reprint data has expired."""
        kept = self._queue.reprint(uid)
        item = self._queue.show(uid)
        if kept is None or item is None:
            return None
        return KeptSlip.from_bytes(kept.slip_data).slip(
            provisional_number=item.provisional_number,
            qr_text=kept.slip_qr,
            case_number=item.case_number,
            stored_offline=item.state not in (State.DONE, State.RECEIVED),
            reprint=reprint,
        )

    def _find_code(self, session: int, text: str) -> None:
        key_id, public_key = self._queue.public_key
        code = parse_slip_text(text, {key_id: public_key})
        if not isinstance(code, SlipCode):
            self._post(self._not_from_here(session, text))
            return
        item = next((item for item in self._queue.list() if item.provisional_number == code.number), None)
        if item is None:
            self._tell(session, (), "nothing-found")
            return
        found = QueueFound(
            uid=item.uid,
            provisional_number=item.provisional_number,
            matter=item.matter,
            state=item.state,
            created=item.created,
            case_number=item.case_number,
            slip_qr=text if self._queue.reprint(item.uid) else None,
        )
        self._tell(session, (found,), "nothing-found")

    def _not_from_here(self, session: int, text: str) -> LookedUp:
        """A slip that this terminal did not sign: another one's that is known, or none."""
        match check_slip(text, self._terminals):
            case GenuineSlip() as slip:
                elsewhere = Elsewhere(number=slip.number, terminal=slip.terminal, hall=slip.hall, day=slip.day)
                return LookedUp(session, (), elsewhere=elsewhere)
            case SlipCodeTrouble.NOT_A_SLIP:
                return LookedUp(session, (), "code-foreign")
            case trouble:
                return LookedUp(session, (), trouble.value)

    def _tell(self, session: int, found: tuple[QueueFound, ...], nothing: str, insertion: int = 0) -> None:
        titles = {matter.id: matter.title for matter in self._hall.matters}
        told = tuple(
            Found(
                uid=each.uid,
                provisional_number=each.provisional_number,
                matter=titles.get(each.matter or ""),
                created=datetime.fromisoformat(each.created),
                delivery=Delivery(each.state.value),
                case_number=each.case_number,
                slip_text=each.slip_qr,
            )
            for each in found
        )
        self._post(LookedUp(session, told, None if told else nothing, insertion))
