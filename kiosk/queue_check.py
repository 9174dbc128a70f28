"""What the doctor says of the queue: whether anything is held for people, or waits for too long."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from kiosk.checks import Check, ill, well
from kiosk.config import Config, data_folder
from kiosk.domain.trouble import explain

NAME = "queue"
LONGEST_WAIT_HOURS = 24
"""A night without a network, or one in which papers may not go out, is none of the doctor's business."""


def queue(config: Config, *, now: datetime) -> Check:
    """Held submissions, and those that have waited for a day though there is a platform, are a failure."""
    import apsw

    from offline_queue.database import DamagedQueue, NewerQueue

    path = data_folder(config) / "queue" / "queue.db"
    if not path.is_file():
        return well(NAME, "还没有人办过。Nothing was handed in yet.")
    try:
        stuck, oldest = _counted(path, now)
    except NewerQueue as failure:
        return ill(
            NAME,
            f"队列是较新的软件写的（版本 {failure.version}）。Newer software wrote it (version {failure.version}).",
            "安装那个较新的软件。Install that software again.",
        )
    except DamagedQueue:
        words = explain("queue-damaged")
        return ill(NAME, f"{words.message.zh} {words.message.en}", f"{words.remedy.zh} {words.remedy.en}")
    except (OSError, apsw.Error) as failure:
        return ill(
            NAME,
            f"队列打不开（{failure}）。The queue cannot be read ({failure}).",
            "不要删文件，运行 kiosk queue verify。Delete nothing, and run kiosk queue verify.",
        )
    hours = None if oldest is None else oldest // 3600
    said = [f"{stuck} 件要处理。{stuck} held for staff." if stuck else "没有要处理的。Nothing is held."]
    if hours is not None:
        said.append(f"最早的一件等了 {hours} 小时。The oldest that waits has done so for {hours} hours.")
    late = bool(config.platform.url) and hours is not None and hours >= LONGEST_WAIT_HOURS
    if stuck or late:
        return ill(
            NAME, " ".join(said), "看 kiosk queue list：有原因和办法。See kiosk queue list: why, and what to do."
        )
    return well(NAME, " ".join(said))


def _counted(path: Path, now: datetime) -> tuple[int, int | None]:
    """How many are held, and for how many seconds the oldest that waits has. Of the file alone: opening the queue as
    the terminal does could make keys, or move them."""
    from offline_queue.database import Database
    from offline_queue.views import held, oldest_seconds

    database = Database(path)
    try:
        with database.read() as connection:
            return held(connection), oldest_seconds(connection, now=now.timestamp())
    finally:
        database.close()
