"""Sends forms: one by itself, several in one request where the platform takes batches."""

from __future__ import annotations

from collections.abc import Sequence

from offline_queue.reasons import Reason
from offline_queue.retry import Accepted, Hold, SendSingly, TryAgain, decide_batch, decide_form
from offline_queue.round import Round
from offline_queue.wire import Batch, BatchItem, State, canonical_bytes, content_digest
from offline_queue.work import FormsWork, FormWork


def send_form(this: Round, work: FormWork) -> None:
    outcome = this.platform.put_form(work.uid, work.body, work.media_type)
    _settle(this, [work], [decide_form(outcome, this.attempt(work), uid=work.uid, sha256=work.sha256)])


def send_forms(this: Round, work: FormsWork) -> None:
    batch = canonical_bytes(
        Batch(
            submissions=tuple(
                BatchItem(
                    uid=one.uid,
                    media_type=one.media_type,
                    content_digest=content_digest(one.body),
                    body=one.body.decode(),
                )
                for one in work.forms
            )
        )
    )
    asked = [(one.uid, one.sha256, this.attempt(one)) for one in work.forms]
    match decide_batch(this.platform.put_forms(batch), asked):
        case SendSingly():
            this.line.takes_batches = False
            for one in work.forms:
                # All were claimed at once, and each may take as long as a request may.
                if this.stopped():
                    this.put_off(one, TryAgain(seconds=0.0, error=Reason.STOPPED, counted=False))
                elif this.outbox.renew(one):
                    send_form(this, one)
        case decisions:
            _settle(this, work.forms, decisions)


def _settle(this: Round, forms: Sequence[FormWork], decisions: Sequence[Accepted | TryAgain | Hold]) -> None:
    this.failed += sum(isinstance(one, TryAgain) for one in decisions)
    this.held += sum(isinstance(one, Hold) for one in decisions)
    states = this.outbox.settle(list(zip(forms, decisions, strict=True)))
    this.delivered += sum(state is State.DONE for state in states)
