"""Taking a terminal out of service: nothing handed in is wiped unless the district has it, or two people answer for it.

In order: send what can be sent; write the rest onto a stick, if one is given; have the key revoked; keep the signed
record outside the data folder; wipe. A stick on its way settles nothing, since sticks get lost: the district's receipts
do. A key is not revoked while a stick that it signed is on its way: the district would refuse it.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kiosk.bootstrap import DECOMMISSIONED, open_platform, open_queue
from kiosk.config import Config, ConfigError, data_folder
from kiosk.opening import china_time
from kiosk.process import Alone, AlreadyRunning

if TYPE_CHECKING:
    from offline_queue.leaving import Confirmed, Left, Record
    from offline_queue.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The district has not confirmed these, and nobody answers for them. Nothing was wiped."""

    left: tuple[Left, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decommissioned:
    """`wiped` files; no `record` where an earlier run had kept it and was interrupted."""

    record: Record | None
    wiped: int


def decommission(
    config: Config, *, record_file: Path, stick: Path | None, confirmed: Confirmed | None
) -> Decommissioned | Refused:
    """Raises :class:`ConfigError`, ``AlreadyRunning`` while the terminal runs, ``StickFailed``, ``OSError``."""
    from offline_queue.leaving import Record, keep_record
    from offline_queue.numbers import key_id

    folder = data_folder(config)
    where = record_file.resolve()
    if where.is_relative_to(folder.resolve()):
        raise ConfigError(f"{record_file} lies in the data folder, which is wiped: keep the record elsewhere")
    with ExitStack() as opened:
        alone = Alone(folder)
        opened.callback(alone.release)
        if not (folder / DECOMMISSIONED).exists():
            if record_file.exists():
                raise ConfigError(f"{record_file} is there already: name another file")
            store = open_queue(config)
            opened.callback(store.close)
            if not store.outbox.take_turn(service=True):
                raise AlreadyRunning("kiosk sync is sending from this queue: end it first")
            left = _left(config, store, stick)
            if left and confirmed is None:
                return Refused(left=left)
            record = Record(
                terminal=config.hall.terminal,
                key_id=key_id(store.public_key[1]),
                at=china_time(),
                delivered=store.delivered(),
                left=left,
                confirmed=confirmed,
                revoked=_revoke(config, store, left),
            )
            keep_record(record_file, store.sign_record(record))
            (folder / DECOMMISSIONED).touch(mode=0o600)
            store.close()
        else:
            record = None  # the wipe before this one was interrupted; its record was kept
        return Decommissioned(record=record, wiped=_wiped(config, folder))


def _left(config: Config, store: Store, stick: Path | None) -> tuple[Left, ...]:
    """What has not arrived, after what could be sent was sent, and the rest was written onto the stick."""
    from offline_queue.sync import sync_once

    if config.platform.url and store.unsettled():
        client = open_platform(config.platform, store.signer())
        try:
            sync_once(store, client, hurry=True)  # over the whole line, at any hour: there is no later
        finally:
            client.close()
    if stick is not None and store.unsettled():
        for _ in store.carrier.export(stick):
            pass
    return store.unsettled()


def _revoke(config: Config, store: Store, left: tuple[Left, ...]) -> Literal["revoked", "later", "unreached"]:
    from offline_queue.retry import Answer

    if any(one.exported for one in left):
        return "later"
    if not config.platform.url:
        return "unreached"
    client = open_platform(config.platform, store.signer())
    try:
        outcome = client.retire(config.hall.terminal)
    finally:
        client.close()
    return "revoked" if isinstance(outcome, Answer) and outcome.status == 204 else "unreached"


def _wiped(config: Config, folder: Path) -> int:
    """Keys first, then what they sealed, then the logs. The mark stays."""
    from offline_queue.certificate import with_drafts
    from offline_queue.leaving import overwrite, wipe

    count = 0
    for path in (config.platform.client_key, config.platform.client_cert):
        for one in () if path is None else with_drafts(path):
            overwrite(one)
            one.unlink()
            count += 1
    for part in ("queue", "log"):
        if (folder / part).is_dir():
            count += wipe(folder / part)
    return count
