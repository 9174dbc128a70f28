"""The sender's side of the queue: what is due, who sends it, and what came of it.

A claim is committed before any byte is sent. It is a lease: another process leaves the item alone until the holder
reports, dies or its time is over. Every report checks the lease again, so that a sender that was overtaken (its machine
slept, say) changes nothing. DONE and the end of the body are one commit, and only then are the papers' files removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from offline_queue.blobs import Blobs
from offline_queue.claims import Claims
from offline_queue.database import Database, Transaction
from offline_queue.despite import as_far_as_legible, claim_despite_damage, despite_damage
from offline_queue.due import form_is_due, hurry, seconds_to_next
from offline_queue.freezing import SentPaper
from offline_queue.lanes import LesserLanes
from offline_queue.lease import LEASE_SECONDS, end_turn, forget_holder, keep_turn, new_holder, rescue, take_turn
from offline_queue.offering import offer
from offline_queue.pause import pause, paused_until
from offline_queue.queue_time import QueueClock
from offline_queue.reasons import LastError, Reason
from offline_queue.retry import Accepted, Hold, TryAgain
from offline_queue.sealing import Sealer
from offline_queue.starting import take_up, unknown_papers
from offline_queue.wire import Progress, Receipt, State, canonical_bytes
from offline_queue.withdrawing import Ask, Cancelling, Withdrawal, Withdrawing
from offline_queue.work import (
    FormWork,
    NumberWork,
    PapersWork,
    PaperToSend,
    SubmissionWork,
    Work,
)

_LOG_AT_REST = 32 * 1024
"""Bytes. A hand-in is more (nine pages); whose turn it is, written in every round, is one page."""


_TO_DAMAGED_SECONDS = 30.0
"""What was passed over looks due for ever."""


class Outbox:
    """Hands out due work, one piece at a time, and keeps what became of it."""

    def __init__(self, *, database: Database, blobs: Blobs, sealer: Sealer, clock: QueueClock) -> None:
        self._database = database
        self._blobs = blobs
        self._sealer = sealer
        self._clock = clock
        self._holder = new_holder()
        self._started = False
        self._emptied = True
        self._service: bool | None = None
        self._claims = Claims(sealer=sealer, holder=self._holder)
        self._lesser = LesserLanes(database=database, clock=clock)
        self._withdrawing = Withdrawing(database=database, sealer=sealer, clock=clock, holder=self._holder)

    @property
    def lesser(self) -> LesserLanes:
        """Ratings and telemetry."""
        return self._lesser

    def withdraw(self, asked: Cancelling, ask: Ask | None) -> Withdrawal:
        """Of the sender's side, since only it knows what may have left (:mod:`offline_queue.withdrawing`)."""
        self.start()
        return self._withdrawing.withdraw(asked, ask)

    def start(self) -> None:
        """Take up after a stop of any kind (:mod:`offline_queue.starting`). Done once, by whatever first wants to send:
        who only looks changes nothing. On a full disk there is room after it."""
        if self._blobs.keep_ballast():
            self._database.empty_log()
        if not self._started:
            despite_damage(self._database, lambda: take_up(self._database, self._blobs, self._sealer, self._clock))
            self._started = True

    def unknown_papers(self) -> tuple[str, ...]:
        """Names of files no row knows; a put under way is waited for."""
        with self._database.write() as connection:
            return tuple(sorted(unknown_papers(connection, self._blobs)))

    def take_turn(self, *, service: bool) -> bool:
        """Be the process that sends from now on; False while another is. A service goes before an app.

        Each claim asks again, so that a round ends where a service takes over.
        """
        self.start()
        self._service = service
        with self._database.write(durable=False) as connection:
            return take_turn(connection, self._clock, self._holder, service=service)

    def end_turn(self) -> None:
        self._service = None
        with self._database.write(durable=False) as connection:
            end_turn(connection, self._holder)

    def close(self) -> None:
        forget_holder(self._holder)

    def next_work(self, *, forms: int = 1, papers: bool = True) -> Work | None:
        """The next due piece, claimed; None when nothing is due, or the platform is left alone for now.

        Forms go before papers, papers before ratings, ratings before telemetry. Up to `forms` forms are one piece, and
        one commit. Without `papers` they wait.
        """
        self.start()
        work = claim_despite_damage(
            self._database, self._claims, lambda durable: self._claim(forms, papers, durable=durable)
        )
        if work is None and (not self._emptied or self._database.log_bytes() > _LOG_AT_REST):
            # What is done leaves no bytes in the log, and what waits does not lie there alone, where one flipped bit
            # takes all behind it; once a round, as it costs as much as several commits.
            self._database.empty_log()
            self._emptied = True
        return work

    def _claim(self, forms: int, papers: bool, *, durable: bool) -> Work | None:
        with self._database.write(durable=durable) as connection:
            mono, serves = self._clock.monotonic(), self._service
            rescue(connection, mono)
            if serves is not None and not take_turn(connection, self._clock, self._holder, service=serves):
                return None
            if paused_until(connection, self._clock) > mono:
                return None
            first = self._claims.forms(connection, mono, most=forms)
            if first is not None:
                offer(connection, first, durable=durable)
            return (
                first
                or (self._claims.papers(connection, mono) if papers else None)
                or self._lesser.claim_rating(connection, mono)
                or self._claims.number(connection, mono)
                or self._lesser.claim_telemetry(connection, mono)
            )

    def form_waits(self) -> bool:
        """Whether a form is due, which goes before the rest of a paper."""
        with self._database.read() as connection:
            return form_is_due(connection, self._clock)

    def seconds_to_next(self, *, papers_in: float = 0.0) -> float | None:
        """Seconds until something is due (0 when it is already); None when nothing waits.

        What another sender holds is due when its lease is over; papers not before `papers_in` seconds are over.
        """
        with self._database.read() as connection:
            self._clock.follow(connection)
            due = seconds_to_next(connection, self._clock, papers_in=papers_in)
        return max(due, _TO_DAMAGED_SECONDS) if due is not None and self._claims.passed_over else due

    def hurry(self) -> None:
        """Somebody wants everything tried now. What the platform itself told to wait keeps waiting."""
        self.start()
        as_far_as_legible(self._database, self._hurry)  # the rest hinders nothing that is due

    def _hurry(self) -> None:
        with self._database.write() as connection:
            hurry(connection, self._clock)

    def chunk(self, work: PapersWork, paper: PaperToSend, offset: int) -> bytes | None:
        """What to send of a paper from `offset` to the end of its 1 MiB chunk; None when the file is damaged."""
        sent = SentPaper(
            uid=work.uid,
            key_id=work.key_id,
            id=paper.id,
            bytes=paper.bytes,
            sha256=paper.sha256,
            path=self._blobs.path(paper.id),
        )
        return sent.chunk(offset, self._sealer)

    def received(self, work: FormWork, receipt: Receipt) -> State | None:
        """The platform has the form: RECEIVED while papers are missing, else DONE. None when the lease was lost."""
        return self.settle([(work, Accepted(receipt=receipt))])[0]

    def settle(self, results: Sequence[tuple[FormWork, Accepted | TryAgain | Hold]]) -> tuple[State | None, ...]:
        """What became of each form, in one commit. None for what is not ours any more."""
        for work, result in results:
            if isinstance(result, Accepted):
                self._check(work, result.receipt.uid, result.receipt.sha256)
        with self._database.write() as connection:
            states = [self._settle(connection, work, result) for work, result in results]
        self._after([work for (work, _), state in zip(results, states, strict=True) if state is State.DONE])
        return tuple(states)

    def _settle(self, connection: Transaction, work: FormWork, result: Accepted | TryAgain | Hold) -> State | None:
        if isinstance(result, TryAgain) and result.platform_wide:
            pause(connection, self._clock, seconds=result.seconds, reason=result.error)
        if not self._mine(connection, work):
            return None
        match result:
            case Accepted(receipt=receipt):
                return self._receive(connection, work, receipt)
            case TryAgain():
                self._delay(connection, work, result)
                return State.READY
            case Hold(error=error):
                self._hold(connection, work, error)
                return State.HELD

    def _receive(self, connection: Transaction, work: FormWork, receipt: Receipt) -> State:
        connection.run(
            "UPDATE submission SET receipt = ?, case_number = ? WHERE seq = ?",
            (canonical_bytes(receipt), receipt.case_number, work.seq),
        )
        connection.run(
            f"UPDATE attachment SET state = 'done', offset = bytes WHERE submission = ? AND id NOT IN ({_marks(receipt.missing)})",  # noqa: S608, E501 - question marks only  # nosec B608
            (work.seq, *receipt.missing),
        )
        state = State.DONE if receipt.state is State.DONE and not receipt.missing else State.RECEIVED
        self._move(connection, work, state)
        return state

    def progressed(self, work: PapersWork | NumberWork, progress: Progress, *, ask_again: float) -> State | None:
        """What the platform says of a received or done submission; papers it misses after all are sent once more."""
        self._check(work, progress.uid, progress.sha256)
        with self._database.write() as connection:
            if not self._mine(connection, work):
                return None
            connection.run(
                "UPDATE submission SET case_number = coalesce(?, case_number) WHERE seq = ?",
                (progress.case_number, work.seq),
            )
            finished = isinstance(work, NumberWork) or (progress.state is State.DONE and not progress.missing)
            state = State.DONE if finished else State.RECEIVED
            if finished and isinstance(work, PapersWork):
                # The receipt from before the papers went up says that they are missing.
                connection.run("UPDATE submission SET receipt = ? WHERE seq = ?", (_receipt(progress), work.seq))
            if isinstance(work, PapersWork) and not finished:
                connection.run(
                    "UPDATE submission SET attempts = attempts + ? WHERE seq = ?",
                    (int(bool(progress.missing)), work.seq),
                )
                known = connection.run(
                    f"UPDATE attachment SET state = 'ready', offset = 0 WHERE submission = ? AND id IN ({_marks(progress.missing)})",  # noqa: S608, E501 - question marks only  # nosec B608
                    (work.seq, *progress.missing),
                )
                if known < len(progress.missing):  # the disk lost a row: asking again would bring no paper
                    self._hold(connection, work, Reason.PAPER_MISSING)
                    return State.HELD
            self._move(connection, work, state)
            if not finished or progress.case_number is None:
                self._postpone(connection, work, ask_again)
        if state is State.DONE and isinstance(work, PapersWork):
            self._after([work])
        return state

    def sent(self, work: PapersWork, paper: PaperToSend, offset: int) -> bool:
        """The platform has `offset` bytes of a paper. False when the lease was lost: stop sending.

        Nothing waits for the disk here: after a power cut the platform says itself how far a paper has come.
        """
        with self._database.write(durable=False) as connection:
            if not self._renew(connection, work):
                return False
            connection.run(
                "UPDATE attachment SET offset = ?, state = iif(bytes = ?, 'done', 'ready') WHERE id = ?",
                (offset, offset, paper.id),
            )
        return True

    def renew(self, work: FormWork) -> bool:
        """Before it is sent some time after its claim. False when the lease was lost: don't send it."""
        with self._database.write(durable=False) as connection:
            return self._renew(connection, work)

    def _renew(self, connection: Transaction, work: SubmissionWork) -> bool:
        renewed = connection.run(
            "UPDATE submission SET lease_mono = ? WHERE seq = ? AND lease = ?",
            (self._clock.monotonic() + LEASE_SECONDS, work.seq, self._holder),
        )
        if renewed == 1:
            keep_turn(connection, self._clock, self._holder)
        return renewed == 1

    def form_lost(self, work: PapersWork, later: TryAgain) -> None:
        """The platform doesn't know an attachment: the form goes out once more and declares it again."""
        with self._database.write() as connection:
            if self._mine(connection, work):
                connection.run(
                    "UPDATE attachment SET state = 'ready', offset = 0, attempts = attempts + 1 WHERE submission = ?",
                    (work.seq,),
                )
                self._delay(connection, work, later, state=State.READY)
                connection.run("UPDATE submission SET receipt = NULL WHERE seq = ?", (work.seq,))

    def put_off(self, work: SubmissionWork, later: TryAgain) -> None:
        """An attempt failed; the next one is due as decided. When the platform as a whole failed, so is all else."""
        with self._database.write() as connection:
            if later.platform_wide:
                pause(connection, self._clock, seconds=later.seconds, reason=later.error)
            if self._mine(connection, work):
                self._delay(connection, work, later)

    def put_back(self, work: PapersWork) -> None:
        """The line is for others now: the work is due as it was, and nothing is said against it."""
        with self._database.write() as connection:
            if self._mine(connection, work):
                connection.run("UPDATE submission SET lease = NULL, lease_mono = NULL WHERE seq = ?", (work.seq,))

    def put_off_paper(self, work: PapersWork, paper: PaperToSend, *, seconds: float, error: LastError) -> bool:
        """One paper did not get through; the others of its submission may. False when the lease was lost."""
        with self._database.write() as connection:
            if not self._mine(connection, work):
                return False
            connection.run(
                "UPDATE attachment SET attempts = attempts + 1, next_mono = ? WHERE id = ?",
                (self._clock.monotonic() + seconds, paper.id),
            )
            connection.run("UPDATE submission SET last_error = ? WHERE seq = ?", (error, work.seq))
        return True

    def papers_later(self, work: PapersWork) -> None:
        """What was due of the papers is dealt with, and some are put off: the submission is due with the first."""
        with self._database.write() as connection:
            if self._mine(connection, work):
                (error,) = connection.one("SELECT last_error FROM submission WHERE seq = ?", (work.seq,)) or (None,)
                due = connection.value(
                    "SELECT min(next_mono) FROM attachment WHERE submission = ? AND state = 'ready'", (work.seq,)
                )
                self._move(connection, work, State.RECEIVED)
                self._postpone(connection, work, max(0.0, (due or 0.0) - self._clock.monotonic()))
                connection.run(
                    "UPDATE submission SET attempts = attempts + 1, last_error = ? WHERE seq = ?", (error, work.seq)
                )

    def hold(self, work: FormWork | PapersWork, *, error: LastError) -> None:
        """The platform refuses: staff must look. Nothing is dropped."""
        with self._database.write() as connection:
            if self._mine(connection, work):
                self._hold(connection, work, error)

    def _delay(
        self, connection: Transaction, work: SubmissionWork, later: TryAgain, *, state: State | None = None
    ) -> None:
        self._move(connection, work, state or _state_of(work))
        self._postpone(connection, work, later.seconds)
        connection.run(
            "UPDATE submission SET attempts = attempts + ?, last_error = ? WHERE seq = ?",
            (int(later.counted), later.error, work.seq),
        )

    def _hold(self, connection: Transaction, work: FormWork | PapersWork, error: LastError) -> None:
        self._move(connection, work, State.HELD)
        connection.run("UPDATE submission SET attempts = attempts + 1, last_error = ? WHERE seq = ?", (error, work.seq))

    def _mine(self, connection: Transaction, work: SubmissionWork) -> bool:
        row = connection.one("SELECT lease FROM submission WHERE seq = ?", (work.seq,))
        return row is not None and row[0] == self._holder

    def _move(self, connection: Transaction, work: SubmissionWork, state: State) -> None:
        """End the lease; DONE ends the body in the same statement. Where a form is to be sent again, its last request
        may be on its way as long as the lease would have been."""
        connection.run(
            """
            UPDATE submission SET state = ?1, lease = NULL, last_error = NULL, next_wall = NULL,
                body = CASE WHEN ?1 = 'done' THEN NULL ELSE body END, next_mono = ?2,
                lease_mono = CASE WHEN ?1 = 'ready' THEN lease_mono END,
                ended_epoch = CASE WHEN ?1 = 'done' THEN coalesce(ended_epoch, ?4) END
            WHERE seq = ?3
            """,
            (state.value, self._clock.monotonic(), work.seq, self._clock.wall().timestamp()),
        )

    def _postpone(self, connection: Transaction, work: SubmissionWork, seconds: float) -> None:
        connection.run(
            "UPDATE submission SET next_mono = ?, next_wall = ? WHERE seq = ?",
            (
                self._clock.monotonic() + seconds,
                (self._clock.wall() + timedelta(seconds=seconds)).isoformat(timespec="seconds"),
                work.seq,
            ),
        )

    def _after(self, done: Sequence[FormWork | PapersWork]) -> None:
        """What is durably done needs its papers no more."""
        if done:
            with self._database.read() as connection:
                asked = "SELECT id FROM attachment WHERE submission = ?"
                names = [name for work in done for (name,) in connection.all(asked, (work.seq,))]
            self._blobs.remove(names)
            self._emptied = False

    def _check(self, work: SubmissionWork, uid: str, sha256: str) -> None:
        if (work.uid, work.sha256) != (uid, sha256):
            raise ValueError("an answer about other bytes must never reach the queue")


def _state_of(work: SubmissionWork) -> State:
    """The state that work of this kind is taken from, and goes back to."""
    match work:
        case FormWork():
            return State.READY
        case PapersWork():
            return State.RECEIVED
        case NumberWork():
            return State.DONE


def _receipt(progress: Progress) -> bytes:
    """The platform's word that ended it, in the form in which receipts are kept."""
    return canonical_bytes(Receipt.model_validate(progress, from_attributes=True))


def _marks(values: tuple[str, ...]) -> str:
    return ", ".join("?" * len(values))
