"""The queue under power cuts: one recorded day of a terminal, and what must hold of every way its disk may look after.

The invariants are those of the design: what was acknowledged survives; DONE means that the platform has every byte; no
row and no paper goes before that; a number is never given twice; what was withdrawn stays withdrawn. The mutants are
queues with one promise broken; a harness that does not catch them proves nothing. Sealed to a district, everything that
leaves must open there, too.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Literal, cast, get_args
from unittest.mock import Mock, patch

from district.importing import write_receipts
from district.keys import signing_key
from offline_queue import blobs, database, offering, outbox, sealing
from offline_queue import store as store_module
from offline_queue.blobs import Blobs
from offline_queue.carrying import AppliedReceipt, Carried
from offline_queue.database import Database, Transaction
from offline_queue.intake import Intake
from offline_queue.model import Paper, Stored
from offline_queue.retry import Answer, Outcome
from offline_queue.sealed import Opened, open_submission
from offline_queue.store import KEEP_DAYS, Store
from offline_queue.sync import sync_once
from offline_queue.wire import Receipt, SealedSubmission, State
from offline_queue.withdrawing import Withdrawal
from offline_queue.work import FormsWork, FormWork
from tests.support.disk_record import Disk, Recorder, Said, lay_out
from tests.support.model_platform import ModelPlatform
from tests.support.queue_rig import ID_NUMBER, TurnedClock, stored
from tests.support.sealed_rig import KeyedDistrict, open_either

Mutant = Literal[
    "none",
    "normal",
    "ack-before-commit",
    "papers-not-synced",
    "names-not-synced",
    "folders-not-synced",
    "offered-too-late",
]
MUTANTS: tuple[Mutant, ...] = get_args(Mutant)
_ENDED = (State.DONE, State.CANCELLED)
_SURVIVES = (0.0, 0.5, 0.9, 1.0)
_DRAINED_EVERY = 40


@dataclass(frozen=True, slots=True)
class Day:
    """A recorded day: what was done to the disk, and what was said meanwhile. ``within``: where the queue lies below
    the folder that was recorded."""

    recorder: Recorder
    within: str
    numbers: dict[str, str]
    district: KeyedDistrict | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """``images`` were laid out and opened; ``broken`` counts the promises that were not kept, by name."""

    images: int
    broken: Counter[str]


class _Witness(ModelPlatform):
    """Says when it has a form, and when every byte of a submission."""

    def __init__(self, said: Callable[[str, str], None], mood: Callable[[], str]) -> None:
        super().__init__(mood)
        self._said = said
        self._there: set[str] = set()
        self._complete: set[str] = set()

    def _meet(self, act: Callable[[], Answer]) -> Outcome:
        def acted() -> Answer:
            answer = act()
            for uid in self.bodies.keys() - self._there:
                self._there.add(uid)
                self._said("there", uid)
            for uid in self.bodies.keys() - self._complete:
                if not self._missing(uid):
                    self._complete.add(uid)
                    self._said("complete", uid)
            return answer

        return super()._meet(acted)


def record(
    folder: Path, *, steps: int, seed: int, mutant: Mutant = "none", sealed: bool = False, fresh: bool = False
) -> Day:
    """A day of ``steps`` deeds, each drawn by chance: hand in, sync, rate, withdraw, release, restart, carry a stick,
    mend, forget. ``sealed``: to a district, whose keys are made beside ``folder``. ``fresh``: the terminal's first day,
    which begins with an empty folder."""
    chance, clock = Random(seed), TurnedClock()
    within = "data/queue" if fresh else ""
    place, stick = folder / within, folder.with_name("stick")
    stick.mkdir(exist_ok=True)
    folder.mkdir(exist_ok=True)
    district = KeyedDistrict.new(folder.with_name("district")) if sealed else None
    if district is not None:
        district.install(place)
    if not fresh:
        open_either(place, district, clock).close()
    recorder = Recorder(folder)
    moods: list[str] = []
    platform = _Witness(recorder.said, lambda: moods.pop() if moods else "ok")
    numbers: dict[str, str] = {}
    with recorder.recording(blobs, database, sealing), _broken(mutant, recorder, numbers):
        store = open_either(place, district, clock)
        for _ in range(steps):
            moods[:] = chance.choices(["ok", "ok", "ok", "unheard", "unanswered", "refused", "forgot"], k=3)
            match chance.randrange(20):
                case 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8:
                    _hand_in(store, chance, recorder, numbers, told=mutant != "ack-before-commit")
                case 9 | 10 | 11 | 12:
                    sync_once(store, platform, hurry=True)
                    clock.forward(1000)
                case 13 | 14:
                    _by_people(store, chance, recorder)
                case 15:
                    store.repair()
                case 16 if district is not None:
                    _carry(store, stick, district, recorder)
                case 17 if store.list():
                    clock.forward((KEEP_DAYS + 1) * 86_400)
                    _hand_in(store, chance, recorder, numbers, told=mutant != "ack-before-commit")
                    for item in store.list():
                        if item.state in _ENDED:
                            recorder.said("may-be-forgotten", item.uid)
                    store.tidy()
                case _:
                    store.close()
                    store = open_either(place, district, clock)
        store.close()
    return Day(recorder, within, numbers, district)


def _carry(store: Store, stick: Path, district: KeyedDistrict, recorder: Recorder) -> None:
    """Onto a stick, to the district, and its receipts back."""
    carried = {one.uid for one in store.carrier.export(stick) if one.result in (Carried.WRITTEN, Carried.THERE)}
    receipts: list[Receipt] = []
    for item in store.list():
        if item.uid in carried:
            recorder.said("there", item.uid)
            recorder.said("complete", item.uid)
            receipts.append(Receipt(uid=item.uid, sha256=item.sha256, state=State.DONE, case_number="1"))
    if receipts:
        write_receipts(stick, receipts, signing_key(district.folder))
    assert all(isinstance(one, AppliedReceipt) for one in store.carrier.apply(stick))


def _hand_in(store: Store, chance: Random, recorder: Recorder, numbers: dict[str, str], *, told: bool) -> None:
    papers = [
        Paper(material="m", media_type="image/png", content=chance.randbytes(chance.choice((0, 40, 5_000))))
        for _ in range(chance.choice((0, 0, 1, 2)))
    ]
    answer = stored(
        store.put(matter="m", form={"n": len(numbers)}, attachments=papers, id_number=ID_NUMBER, slip_data=b"s")
    )
    if told:
        numbers[answer.uid] = answer.provisional_number
        recorder.said("stored", answer.uid)


def _by_people(store: Store, chance: Random, recorder: Recorder) -> None:
    items = store.list()
    if not items:
        return
    item = chance.choice(items)
    if (item.state is State.HELD or item.rating_held) and chance.random() < 0.7:
        store.retry(item.uid)
    elif store.rate(item.uid, 4):
        recorder.said("rated", item.uid)
    elif store.cancel(item.uid, reason="r", by="a", confirmed_by="b") is Withdrawal.WITHDRAWN:
        recorder.said("cancelled", item.uid)


@contextmanager
def _broken(mutant: Mutant, recorder: Recorder, numbers: dict[str, str]) -> Generator[None]:
    """The queue with one promise broken."""
    with ExitStack() as stack:
        if mutant == "normal":
            write = Database.write

            def not_durable(database: Database, *, durable: bool = True) -> AbstractContextManager[Transaction]:
                return write(database, durable=False)

            stack.enter_context(patch.object(Database, "write", not_durable))
        elif mutant == "papers-not-synced":
            written = blobs.write_durably

            def not_synced(path: Path, content: bytes) -> None:
                with patch.object(Recorder, "synced", Mock()):
                    written(path, content)

            stack.enter_context(patch.object(blobs, "write_durably", not_synced))
        elif mutant == "folders-not-synced":
            stack.enter_context(patch.object(store_module, "sync_path", Mock()))
        elif mutant == "offered-too-late":
            stack.enter_context(patch.object(outbox, "offer", _offer_anyhow))
        elif mutant == "names-not-synced":
            stack.enter_context(patch.object(Blobs, "settle", Mock()))
        elif mutant == "ack-before-commit":
            insert = cast("Any", Intake)._insert

            def early(intake: Intake, connection: Any, envelope: Any, *args: Any, **kwargs: Any) -> None:
                insert(intake, connection, envelope, *args, **kwargs)
                numbers[envelope.uid] = envelope.provisional_number
                recorder.said("stored", envelope.uid)

            stack.enter_context(patch.object(Intake, "_insert", early))
        yield


def _offer_anyhow(connection: Transaction, work: FormWork | FormsWork, *, durable: bool) -> None:
    offering.offer(connection, work, durable=True)


def judge(day: Day, folder: Path, *, seed: int, most: int | None = None) -> Verdict:
    """Cut the power after every deed, in several ways, and see what is left. ``most`` images at the most."""
    chance = Random(seed)
    disk, broken, images = Disk(day.recorder.before), Counter[str](), 0
    said: dict[str, set[str]] = {}
    every = 1 if most is None else max(1, len(day.recorder.deeds) * len(_SURVIVES) // most)
    place = Path(tempfile.mkdtemp(prefix="power-cut-", dir=_memory()))
    try:
        for moment, deed in enumerate(day.recorder.deeds):
            disk.play(deed)
            if isinstance(deed, Said):
                said.setdefault(deed.word, set()).add(deed.uid)
            for way, survives in enumerate(_SURVIVES):
                if (moment * len(_SURVIVES) + way) % every:
                    continue
                target = place / "image"
                lay_out(disk.after_power_cut(chance, survives), folder, target)
                images += 1
                broken.update(_promises(target / day.within, said, day, drain=images % _DRAINED_EVERY == 0))
                shutil.rmtree(target)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return Verdict(images, broken)


def _memory() -> Path | None:
    shared = Path("/dev/shm")  # an image every few milliseconds is nothing for a disk
    return shared if shared.is_dir() else None


def _promises(folder: Path, said: dict[str, set[str]], day: Day, *, drain: bool) -> Iterator[str]:
    clock, numbers = TurnedClock(), day.numbers
    clock.boot = "after the cut"
    try:
        store = open_either(folder, day.district, clock)
    except Exception as failure:  # noqa: BLE001 - whatever it is, the terminal does not start
        yield f"opens ({type(failure).__name__})"
        return
    try:
        items = {item.uid: item for item in store.list()}
        for uid in said.get("stored", ()):
            if uid not in items:
                if uid not in said.get("may-be-forgotten", ()):
                    yield "stored is kept"
            elif items[uid].provisional_number != numbers[uid]:
                yield "a number stays"
        for uid in said.get("cancelled", ()):
            if uid in items and items[uid].state is not State.CANCELLED:
                yield "withdrawn stays withdrawn"
        for uid in said.get("rated", ()):
            if uid in items and items[uid].rating is None:
                yield "a rating is kept"
        for uid, item in items.items():
            if item.state is State.DONE and uid not in said.get("complete", ()):
                yield "done means the platform has it"
        for finding in store.verify():
            # What a put left that never answered, and what a delivery had not yet removed: a start does.
            if finding.code not in ("paper-unknown", "paper-left"):
                yield f"intact ({finding.code})"
        for uid in said.get("there", ()):
            if store.cancel(uid, reason="r", by="a", confirmed_by="b") is Withdrawal.WITHDRAWN:
                yield "what left is not withdrawn"
        if drain:
            yield from _drained(store, clock, {numbers[uid] for uid in said.get("stored", ())}, day.district)
    finally:
        store.close()


def _drained(store: Store, clock: TurnedClock, numbers: set[str], district: KeyedDistrict | None) -> Iterator[str]:
    """What is left can be sent, opens where it arrives, and the next number is a new one."""
    known = {item.provisional_number for item in store.list()}
    answer = store.put(matter="m", form={})
    if not isinstance(answer, Stored) or answer.provisional_number in known | numbers:
        yield "a number is given once"
    for _ in range(4):
        clock.forward(100_000)
        platform = ModelPlatform(lambda: "ok")
        sync_once(store, platform, hurry=True)
        if district is not None:
            arrived = map(SealedSubmission.model_validate_json, platform.bodies.values())
            if not all(isinstance(open_submission(one, district.private()), Opened) for one in arrived):
                yield "what arrives can be opened"
    if any(item.state not in (State.DONE, State.HELD, State.CANCELLED) for item in store.list()):
        yield "everything leaves in the end"
