"""The staff desk over a real queue: what it tells of held submissions, and what releasing one does."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from kiosk.catalogue.loader import load
from kiosk.cli import main
from kiosk.config import Config
from kiosk.config import load as load_config
from kiosk.domain.staff_code import hash_staff_code, opens
from kiosk.journey import staff_desk
from kiosk.journey.events import Event, HeldSeen, QueueTold, StaffChecked
from kiosk.journey.staff_desk import StaffDesk
from kiosk.journey.staffed import QueueSeen
from offline_queue.sealing import LocalKeySealer
from offline_queue.store import Store
from offline_queue.sync import sync_once
from offline_queue.wire import State
from tests.support.model_platform import ModelPlatform
from tests.support.queue_rig import open_store, stored

CODE = "204060"


class Desk:
    def __init__(self, store: Store) -> None:
        self.said: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.woken: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self.staff = StaffDesk(
            queue_=store,
            matters=load(),
            code=hash_staff_code(CODE),
            post=self.said.put,
            released=lambda: self.woken.put(True),
        )

    def told(self) -> QueueSeen:
        while isinstance(said := self.said.get(timeout=20), HeldSeen):
            pass
        assert isinstance(said, QueueTold)
        return said.seen


def put(store: Store) -> str:
    answer = store.put(matter="pension-enrolment", form={"name": "王秀英"}, masked_name="王*英")
    return stored(answer).uid


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[Store]:
    """A queue whose local key lies in a key store, not beside it."""
    opened = Store.open(
        tmp_path / "queue", terminal="TY03", district="district.example", sealer=LocalKeySealer(bytes(32))
    )
    yield opened
    opened.close()


def test_held_submissions_are_told_with_reason_and_released(keyed: Store) -> None:
    held = put(keyed)
    sync_once(keyed, ModelPlatform(lambda: "refused"))
    waiting = put(keyed)
    sync_once(keyed, ModelPlatform(lambda: "busy"))
    desk = Desk(keyed)
    desk.staff.look()
    seen = desk.told()
    assert (seen.waiting, seen.more) == (1, 0)
    (moving,) = seen.moving
    assert (moving.sent, moving.reason) == (0, "http-503")
    assert moving.size > 0
    (item,) = seen.held
    assert (item.uid, item.reason, item.name) == (held, "http-422", "王*英")
    assert item.matter is not None
    desk.staff.release(held)
    after = desk.told()
    assert (after.waiting, after.held) == (2, ())
    assert desk.woken.get(timeout=20)
    kept = keyed.show(held)
    assert kept is not None
    assert kept.state is State.READY
    assert keyed.show(waiting) is not None
    desk.staff.close()


def test_without_a_key_store_matter_and_name_are_not_told(tmp_path: Path) -> None:
    store = open_store(tmp_path / "queue")
    put(store)
    sync_once(store, ModelPlatform(lambda: "refused"))
    desk = Desk(store)
    desk.staff.look()
    (item,) = desk.told().held
    assert (item.matter, item.name) == (None, None)
    assert item.number.startswith("TY03-")
    desk.staff.close()
    store.close()


def test_the_mark_follows_what_is_held_whoever_holds_and_releases_it(
    keyed: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staff_desk, "LOOK_S", 0.02)
    desk = Desk(keyed)
    desk.staff.start()
    assert desk.said.get(timeout=20) == HeldSeen(0)
    uid = put(keyed)
    sync_once(keyed, ModelPlatform(lambda: "refused"))
    assert desk.said.get(timeout=20) == HeldSeen(1)
    assert keyed.retry(uid)  # as `kiosk queue retry` does
    assert desk.said.get(timeout=20) == HeldSeen(0)
    desk.staff.close()
    assert desk.said.empty()


def test_codes_are_checked_and_trouble_ends_nothing(keyed: Store) -> None:
    desk = Desk(keyed)
    for code, right in (("111112", False), (CODE, True)):
        desk.staff.check(code)
        assert desk.said.get(timeout=20) == StaffChecked(right)
    keyed.close()
    desk.staff.look()  # fails, and is logged by its kind only
    desk.staff.check(CODE)
    assert desk.said.get(timeout=20) == StaffChecked(True)
    desk.staff.close()


def test_the_command_prints_a_line_that_the_configuration_takes(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["staff", "code"], input=f"{CODE}\n{CODE}\n")
    assert done.exit_code == 0, done.output
    assert CODE not in done.stdout
    settings = tmp_path / "kiosk.toml"
    settings.write_text(done.stdout, "utf-8")
    assert opens(CODE, load_config(settings).staff.code)
    assert Config().staff.code == ""
    assert CliRunner().invoke(main, ["staff", "code"], input="1234\n1234\n").exit_code == 2
