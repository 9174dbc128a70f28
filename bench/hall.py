"""A whole hall: 5 terminals bring 200 submissions each over lines that are cut, to a platform that is killed.

The terminals' own queue, sealing to the district's keys, and sending thread; real HTTP; a `district serve` process on
an SQLite file, as a hall has it (`--postgresql`: two processes on one PostgreSQL). Each line is cut in the middle of
things a few times; half-way through, all lines are dead for a while, and the platform is killed (SIGKILL) and started
anew. Then everything is to be there once: each form, each paper to the byte, one case number each, and the staff page
shows them.

Most of a small run is waiting: after each cut a terminal leaves its line alone for 2 to 4 s, whatever it has to bring.
What was reached when is told on stderr.

    .venv/bin/python -m bench.hall [--terminals 5] [--submissions 200] [--postgresql] [--json]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random

from pydantic import JsonValue

from district.database import open_engine
from district.halls import Halls
from district.staff import Role, StaffRegister
from district.tables import TERMINALS
from district.terminals import Terminals
from offline_queue.client import PlatformClient
from offline_queue.model import CHINA, Paper, Stored
from offline_queue.sender import SyncThread
from offline_queue.store import Store
from offline_queue.sync import Changed
from offline_queue.wire import State
from tests.support.peers import CuttingLine
from tests.support.postgres import running
from tests.support.sealed_rig import KeyedDistrict
from tests.support.staff_site import PASSWORD, Visitor

CUTS = 6
DEAD_SECONDS = 6.0
SMALLEST, LARGEST = 20_000, 200_000
LONGEST_SECONDS = 900.0
_CASE = re.compile(r'href="/cases/([0-9a-f-]{36})"')
_PORT = re.compile(r"^http://127\.0\.0\.1:([0-9]+)/")
_OLDER = re.compile(r'href="(/cases\?[^"]*before=[^"]*)"')


@dataclass(frozen=True, slots=True)
class Handed:
    """What a resident handed in: the form, and each paper's digest by its material."""

    kiosk: str
    form: dict[str, JsonValue]
    papers: dict[str, str]


@dataclass(slots=True)
class Served:
    """`district serve` processes on one database, each on whatever port is free."""

    database: str
    folder: Path
    keys: Path
    count: int
    processes: list[subprocess.Popen[str]] = field(default_factory=list[subprocess.Popen[str]])

    def start(self) -> list[int]:
        """The ports they answer on."""
        words = [sys.executable, "-c", "from district.cli import main; main()", "serve", "--port", "0"]
        words += ["--database", self.database, "--keys", str(self.keys)]
        ports: list[int] = []
        for _ in range(self.count):
            process = subprocess.Popen(
                words,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, "KIOSK_DATA_DIR": str(self.folder)},
            )
            self.processes.append(process)
            assert process.stderr is not None
            said = process.stderr.readline()
            found = _PORT.search(said)
            assert found is not None, said + process.stderr.read()
            ports.append(int(found[1]))
        return ports

    def kill(self) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()
        self.processes.clear()


class Hall:
    """The terminals, each with its queue and its line."""

    def __init__(self, folder: Path, ports: Sequence[int], keys: KeyedDistrict, terminals: int, now: datetime) -> None:
        self.stores: list[Store] = []
        self.lines: list[CuttingLine] = []
        self.syncs: list[SyncThread] = []
        self.clients: list[PlatformClient] = []
        self.handed: dict[str, Handed] = {}
        self._done = 0
        self._changed = threading.Condition()
        for number in range(terminals):
            queue = folder / f"queue-{number}"
            queue.mkdir()
            installed = keys.install(queue, now=now)
            store = Store.open(queue, terminal=f"TY{number:02d}", district="district.example", district_keys=installed)
            line = CuttingLine(ports[number % len(ports)])
            client = PlatformClient(line.url, signer=store.signer(), waiting=store.forms_waiting)
            self.stores.append(store)
            self.lines.append(line)
            self.clients.append(client)
            self.syncs.append(SyncThread(store, client, on_change=self._note))

    def lead_to(self, ports: Sequence[int]) -> None:
        for number, line in enumerate(self.lines):
            line.port = ports[number % len(ports)]

    def hand_in(self, number: int, submissions: int) -> None:
        """Residents come to one terminal."""
        store, chance = self.stores[number], Random(number)
        for at in range(submissions):
            contents = {
                f"paper-{n}": b"\xff\xd8\xff" + chance.randbytes(chance.randrange(SMALLEST, LARGEST))
                for n in range(chance.randrange(1, 3))
            }
            form: dict[str, JsonValue] = {"applicant": {"name": f"居民{number}-{at}"}, "answer": "回答" * 20}
            papers = [Paper(material=name, media_type="image/jpeg", content=one) for name, one in contents.items()]
            answer = store.put(matter="pension-enrolment", form=form, attachments=papers)
            assert isinstance(answer, Stored), answer
            digests = {name: hashlib.sha256(one).hexdigest() for name, one in contents.items()}
            with self._changed:
                self.handed[answer.uid] = Handed(f"TY{number:02d}", form, digests)
            self.syncs[number].wake()

    def _note(self, changed: Changed) -> None:
        with self._changed:
            self._done += changed.state is State.DONE
            self._changed.notify_all()

    def wait_for(self, count: int, seconds: float) -> bool:
        """Whether so many were told to be done in that time. One may be told twice: this is for half-way only."""
        with self._changed:
            return self._changed.wait_for(lambda: self._done >= count, timeout=seconds)

    @property
    def waiting(self) -> int:
        return sum(store.waiting() for store in self.stores)

    def wait_for_all(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        with self._changed:
            while self.waiting and time.monotonic() < until:
                self._changed.wait(1.0)

    def close(self) -> None:
        for sync in self.syncs:
            sync.stop()
        for one in (*self.clients, *self.lines, *self.stores):
            one.close()


def differences(served: Served, handed: dict[str, Handed], out: Path) -> list[str]:
    """What is not there once and to the byte, by the platform's own export."""
    words = ["-c", "from district.cli import main; main()", "export", "--json", "--database", served.database]
    words += ["--keys", str(served.keys), "--papers", str(out)]
    environment = {**os.environ, "KIOSK_DATA_DIR": str(served.folder)}
    said = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True, env=environment)
    rows = [json.loads(line) for line in said.stdout.splitlines()]
    found: list[str] = []
    seen = [row["uid"] for row in rows]
    found += [f"{uid} is there {seen.count(uid)} times" for uid in handed if seen.count(uid) != 1]
    found += [f"{uid} was handed in by nobody" for uid in seen if uid not in handed]
    numbers = [row["case_number"] for row in rows]
    if None in numbers or len(set(numbers)) != len(numbers):
        found.append("case numbers are missing, or given twice")
    for row in rows:
        mine = handed.get(row["uid"])
        if mine is None:
            continue
        papers = {
            one["material"]: hashlib.sha256((out / one["id"]).read_bytes()).hexdigest()
            for one in row["attachments"]
            if one["complete"]
        }
        if (row["kiosk"], row["form"], papers, row["state"]) != (mine.kiosk, mine.form, mine.papers, "done"):
            found.append(f"{row['uid']} is not what was handed in")
    return found


def shown(url: str) -> set[str]:
    """The cases that a clerk sees, page by page; one is opened with its papers."""
    clerk = Visitor(url)
    page = clerk.sign_in("li")
    seen: set[str] = set()
    while True:
        found = _CASE.findall(page.text)
        assert found, page.text[:500]
        seen.update(found)
        older = _OLDER.search(page.text)
        if older is None:
            break
        page = clerk.get(older[1].replace("&amp;", "&"))
    case = clerk.get(f"/cases/{min(seen)}")
    for name in set(re.findall(rf'href="/cases/{min(seen)}/papers/([0-9a-f-]+)"', case.text)):
        picture = clerk.get(f"/cases/{min(seen)}/papers/{name}/content")
        assert picture.content.startswith(b"\xff\xd8\xff"), picture.status_code
    clerk.close()
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--terminals", type=int, default=5)
    parser.add_argument("--submissions", type=int, default=200)
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    terminals: int = asked.terminals
    total: int = terminals * asked.submissions
    now = datetime.now(tz=CHINA)
    with ExitStack() as ending:
        folder = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="hall-")))
        server = ending.enter_context(running(on_disk=True)) if asked.postgresql else None
        database = f"sqlite:///{folder / 'district.db'}" if server is None else server.empty()
        keys = KeyedDistrict.new(folder / "keys", now=now)
        served = Served(database, folder, keys.folder, count=1 if server is None else 2)
        ending.callback(served.kill)
        hall = Hall(folder, served.start(), keys, terminals, now)
        ending.callback(hall.close)
        engine = open_engine(database)
        Halls(engine).add("ty", "桃源镇便民服务中心")
        for number, store in enumerate(hall.stores):
            Terminals(engine).add(f"TY{number:02d}", store.public_key[1])
        with engine.begin() as connection:
            connection.execute(TERMINALS.update().values(hall="ty"))
        StaffRegister(engine).add("li", PASSWORD, Role.CLERK, hall="ty")
        engine.dispose()
        began = time.perf_counter()

        def tell(what: str) -> None:
            print(f"{time.perf_counter() - began:5.0f} s  {what}, {hall.waiting} waiting", file=sys.stderr, flush=True)

        for sync in hall.syncs:
            sync.start()
        residents = [
            threading.Thread(target=hall.hand_in, args=(number, asked.submissions)) for number in range(terminals)
        ]
        for one in residents:
            one.start()
        chance = Random(7)
        for cut in range(1, CUTS + 1):
            hall.wait_for(total // 2 * cut // CUTS, LONGEST_SECONDS)
            for line in hall.lines:
                line.cut_after(chance.randrange(1, LARGEST))
            tell(f"cut {cut} of {CUTS} follows")
        for line in hall.lines:
            line.is_dead = True
        served.kill()
        tell("everything dead")
        time.sleep(DEAD_SECONDS)
        ports = served.start()
        hall.lead_to(ports)
        tell("the platform is back")
        for line in hall.lines:
            line.is_dead = False
        for one in residents:
            one.join()
        hall.wait_for_all(LONGEST_SECONDS)
        took = time.perf_counter() - began
        left = hall.waiting
        cuts = sum(line.cuts for line in hall.lines)
        wrong = differences(served, hall.handed, folder / "out")
        seen = shown(f"http://127.0.0.1:{ports[0]}")
    print(
        f"{terminals} terminals x {asked.submissions} submissions, {cuts} cuts, {DEAD_SECONDS:.0f} s dead: {took:.0f} s"
    )
    print(
        f"handed in {total}, still waiting {left}, not once or not the same {len(wrong)}, on the staff page {len(seen)}"
    )
    for one in wrong[:20]:
        print(f"  {one}")
    if asked.json:
        numbers = {"handed_in": total, "waiting": left, "wrong": len(wrong), "shown": len(seen), "cuts": cuts}
        print(json.dumps({**numbers, "seconds": round(took, 1)}))
    if left or wrong or seen != set(hall.handed):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
