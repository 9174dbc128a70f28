"""A queue with a long backlog, and a process that opens it and works through some of it, for bench/queue.py.

FOLDER     opens the queue, says {"open_ms", "start_ms", "resident_kib"}; then for each line N on standard input
           claims and ends N submissions and says {"seconds", "resident_kib"}
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import apsw

from offline_queue.model import Stored
from offline_queue.retry import Accepted
from offline_queue.store import Store
from offline_queue.wire import Receipt, State
from offline_queue.work import FormsWork, FormWork

FINISHED = 100_000
_COLUMNS = """body, reprint, test, body_sha256, body_bytes, key_id, summary, finder, created_wall, created_epoch,
              boot_id, next_mono"""


def lay_backlog(folder: Path, *, waiting: int, real: int, form_bytes: int, finished: int = FINISHED) -> None:
    """``waiting`` submissions behind ``finished`` ended ones. The first ``real`` are put as ever; the others are copies
    of a row under other uids, laid by SQL: they wait, and nothing opens them."""
    store = Store.open(folder, terminal="TY03", district="district.example")
    for _ in range(real):
        assert isinstance(store.put(matter="bench", form={"text": "x" * form_bytes}), Stored)
    store.close()
    connection: Any = apsw.Connection(str(folder / "queue.db"))
    connection.execute("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000")
    counting = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
    with connection:
        ended = _COLUMNS.replace("body, reprint,", "NULL, NULL,")
        connection.execute(
            f"""{counting} INSERT INTO submission (uid, number, state, receipt, case_number, ended_epoch, {_COLUMNS})
            SELECT 'done-' || i, 'D' || i, 'done', CAST('-' AS BLOB), i, created_epoch, {ended}
            FROM n, (SELECT * FROM submission WHERE seq = 1)""",
            (finished,),
        )
        if waiting > real:
            later = _COLUMNS.replace("next_mono", "next_mono + i * 1e-3")
            connection.execute(
                f"""{counting} INSERT INTO submission (uid, number, state, {_COLUMNS})
                SELECT lower(hex(randomblob(16))), 'W' || i, 'ready', {later}
                FROM n, (SELECT * FROM submission WHERE seq = {real})""",
                (waiting - real,),
            )
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _resident_kib() -> int:
    (line,) = (line for line in Path("/proc/self/status").read_text("ascii").splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1])


def _say(figures: dict[str, float]) -> None:
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()


def main() -> None:
    folder = Path(sys.argv[1])
    began = time.perf_counter()
    store = Store.open(folder, terminal="TY03", district="district.example")
    opened = time.perf_counter()
    store.outbox.start()
    started = time.perf_counter()
    said = {"open_ms": (opened - began) * 1e3, "start_ms": (started - opened) * 1e3, "resident_kib": _resident_kib()}
    _say(said)
    for line in sys.stdin:
        count, at_once = (int(part) for part in line.split())
        began = time.perf_counter()
        ended = 0
        while ended < count:
            work = store.outbox.next_work(forms=min(at_once, count - ended))
            assert isinstance(work, FormWork | FormsWork)
            forms = work.forms if isinstance(work, FormsWork) else (work,)
            store.outbox.settle([(one, Accepted(receipt=_receipt(one))) for one in forms])
            ended += len(forms)
        _say({"seconds": time.perf_counter() - began, "resident_kib": _resident_kib()})


def _receipt(work: FormWork) -> Receipt:
    return Receipt(uid=work.uid, sha256=work.sha256, state=State.DONE, case_number=work.uid)


if __name__ == "__main__":
    main()
