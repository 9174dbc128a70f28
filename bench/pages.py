"""Every page of the staff site at a million cases on PostgreSQL, beside an empty page, in one run.

The empty page is the one that slips point to: the same server, template engine and headers, without a database.
The cases are spread as a district's would be: forty halls and sixty matters of very different size, nearly all closed,
some open ones old; the largest hall has accepted everything that came. Beside them lie as many steps, papers, events
and lines of the record, fifty thousand supplements, and ten thousand terminals. All pages take turns, each request for
another case, hall or place in the list; first one person asks, then four at a time. Where a form leads on to a page,
both are one figure.

It fails where a page's p95 is over the limit, for one person or for four, and where the site has a page that was not
opened. Three forms are left out: they compare a password, which is made to take 64 MiB and a core for a while (argon2),
two at a time, and look at no case.

    .venv/bin/python -m bench.pages [--cases 1000000] [--rounds 40] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import cv2
import requests
from sqlalchemy import Engine, select
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Match, Route

from devices.camera.api import Scan
from devices.camera.filing import to_pdf
from district.cases import WAITING, Stage
from district.database import open_engine
from district.sessions import Sessions
from district.staff import Role, Staff, StaffRegister
from district.store import DistrictStore
from district.tables import IS_CASE, SUBMISSIONS
from district.web import add_staff_pages
from tests.support.papers import packed, written_page
from tests.support.postgres import running
from tests.support.staff_site import PASSWORD, Piece, Visitor, hand_in, paper_of

LIMIT_MS = 200.0
FEW = 80
"""Cases that come through the store, with papers that can be opened; the rest is filled in by the database."""
PEOPLE = 4
EMPTY = "empty page"
LEFT_OUT = {("POST", path) for path in ("/sign-in", "/account/password", "/account/others")}

Ask = Callable[[], requests.Response]


def fill(engine: Engine, cases: int) -> None:
    words = Path(__file__).with_suffix(".sql").read_text("utf-8").replace(":first", str(FEW + 1))
    with engine.begin() as connection:
        for statement in words.replace(":cases", str(cases)).split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement.replace("%", "%%"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def papers() -> tuple[Piece, ...]:
    """A page of A4 as a picture, and as the first of two in a PDF: in one bit, then in colour, for it is sealed."""
    pages = [written_page(2480, 3508, blank=True) for _ in range(2)]
    chance = Random(FEW)
    for page in pages:
        for y in range(200, 3400, 66):
            line = "".join(chance.choices(string.ascii_letters + string.digits + " " * 12, k=110))
            cv2.putText(page, line, (60, y), 0, 1.0, (40, 36, 34), 2, cv2.LINE_AA)
    cv2.circle(pages[1], (1600, 2600), 240, (50, 40, 200), 16, cv2.LINE_AA)
    pictures = [packed(page, ".jpg") for page in pages]
    filed = to_pdf([Scan(jpeg=one, width=2480, height=3508) for one in pictures], largest=4 * 1024 * 1024)
    assert isinstance(filed, bytes)
    return Piece(content=pictures[0]), Piece(content=filed, media_type="application/pdf")


def waiting(engine: Engine) -> dict[Stage, list[str]]:
    """The cases filled in that can be moved on."""
    uids = select(SUBMISSIONS.c.uid).where(SUBMISSIONS.c.seq > FEW, IS_CASE).order_by(SUBMISSIONS.c.seq)
    with engine.connect() as connection:
        return {one: list(connection.execute(uids.where(SUBMISSIONS.c.stage == one)).scalars()) for one in WAITING}


@contextmanager
def served(url: str, folder: Path) -> Generator[str]:
    """`district serve` on that database; gives its address."""
    words = ["serve", "--database", url, "--objects", str(folder), "--port", "0"]
    command = [sys.executable, "-c", "from district.cli import main; main()", *words]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        yield process.stderr.readline().strip().rstrip("/")
    finally:
        process.kill()
        process.communicate()


class Browser(Visitor):
    """One in which somebody can be signed in without a password."""

    def __init__(self, url: str, sessions: Sessions) -> None:
        super().__init__(url)
        self._sessions = sessions
        self._csrf = ""

    def hold_session(self, staff: Staff) -> None:
        token = self._sessions.begin(staff)
        visit = self._sessions.find(token)
        assert visit is not None
        self.hold(token)
        self._csrf = visit.csrf

    def send(self, path: str, **fields: str) -> requests.Response:
        return self.post(path, {name.rstrip("_"): value for name, value in fields.items()}, csrf=self._csrf)


class Person:
    """An admin and a clerk of one hall at their browsers: which pages they open, each time others. Those of `waiting`
    are theirs alone to move on."""

    def __init__(
        self,
        url: str,
        engine: Engine,
        number: int,
        *,
        cases: int,
        handed_in: list[str],
        waiting: dict[Stage, list[str]],
    ) -> None:
        self.opened: set[tuple[str, str]] = set()
        self._chance = Random(number)
        self._cases = cases
        self._handed_in = handed_in
        self._waiting = waiting
        register, sessions = StaffRegister(engine), Sessions(engine)
        self._admin = register.add(f"sun-{number}", PASSWORD, Role.ADMIN)
        clerk = register.add(f"li-{number}", PASSWORD, Role.CLERK, hall=f"hall-{number * 13:02d}")
        self._browsers = [Browser(url, sessions) for _ in range(4)]
        self._browsers[0].hold_session(self._admin)
        self._browsers[1].hold_session(clerk)

    def close(self) -> None:
        for browser in self._browsers:
            browser.close()

    def _pages(self) -> list[tuple[str, Ask]]:
        chance = self._chance
        admin, clerk, leaving, stranger = self._browsers
        get, send = admin.get, admin.send
        leaving.hold_session(self._admin)

        def code(kind: str, count: int) -> str:
            return f"{kind}={kind}-{chance.randrange(count):02d}"

        hall, matter = code("hall", 40), code("matter", 60)
        stage = "stage=" + chance.choice(tuple(Stage))
        place = chance.randrange(1, self._cases)
        one = "/cases/" + chance.choice(self._handed_in)
        picture, pdf = (f"{one}/papers/{paper_of(one[7:], number)}" for number in (1, 2))
        complete, accepted, in_progress = (
            f"/cases/{self._waiting[start].pop()}" for start in (Stage.COMPLETE, Stage.ACCEPTED, Stage.IN_PROGRESS)
        )
        form_of = "/cases/" + chance.choice(self._waiting[Stage.ACCEPTED])
        asked = "/cases/" + chance.choice(self._waiting[Stage.SUPPLEMENT])
        with_answer = 20 * chance.randrange(FEW // 20 + 1, self._cases // 20) + 10
        number, of_case, of_answer = (
            f"2025-{with_answer}",
            *(f"T{one % 10000:05d}-260105-{one}-E" for one in (with_answer, with_answer + 1)),
        )
        elsewhere = f"TY03-261123-{1 + 40 * chance.randrange(FEW // 40):04d}-E"
        sent_back = ("/", "/cases/find", f"{one}/numbers", f"{one}/stage", "/sign-out")
        sent_back += ("/account/password", "/account/others", "/language")
        return [
            (EMPTY, lambda: get("/s")),
            ("cases", lambda: get("/cases")),
            ("cases: stage", lambda: get(f"/cases?{stage}")),
            ("cases: hall", lambda: get(f"/cases?{hall}")),
            ("cases: matter", lambda: get(f"/cases?{matter}")),
            ("cases: hall, matter", lambda: get(f"/cases?{hall}&{matter}")),
            ("cases: all three", lambda: get(f"/cases?{hall}&{matter}&{stage}")),
            ("cases: far back", lambda: get(f"/cases?{hall}&before={place}")),
            ("cases: far back, stage", lambda: get(f"/cases?{matter}&{stage}&before={place}")),
            ("cases: newer again", lambda: get(f"/cases?{hall}&after={place}")),
            ("cases: tests", lambda: get("/cases?tests=1")),
            ("cases: of own hall", lambda: clerk.get("/cases")),
            ("find", lambda: send("/cases/find", number=chance.choice((number, of_case)))),
            ("find: answer", lambda: send("/cases/find", number=of_answer)),
            ("find: none", lambda: send("/cases/find", number="TY03-000000-0000-X")),
            ("find: in another hall", lambda: clerk.send("/cases/find", number=elsewhere)),
            ("case", lambda: get(one)),
            ("case: supplement asked", lambda: get(asked)),
            ("case: numbers", lambda: send(f"{one}/numbers")),
            ("paper", lambda: get(picture)),
            ("paper: content", lambda: get(f"{picture}/content")),
            ("paper: PDF", lambda: get(pdf)),
            ("paper: PDF, one bit", lambda: get(f"{pdf}/leaves/1")),
            ("paper: PDF, colour", lambda: get(f"{pdf}/leaves/2")),
            ("move", lambda: send(f"{complete}/stage", from_="complete", to="accepted")),
            ("move: sure?", lambda: send(f"{one}/stage", from_="complete", to="declined", note="x")),
            ("move: sure", lambda: send(f"{in_progress}/stage", from_="in-progress", to="approved", sure="1")),
            ("supplement: form", lambda: get(f"{form_of}/supplement")),
            (
                "supplement: ask",
                lambda: send(f"{accepted}/supplement", from_="accepted", material="household-register", note="首页"),
            ),
            ("terminals", lambda: get("/terminals")),
            ("terminals: far on", lambda: get(f"/terminals?after=T{chance.randrange(10000):05d}")),
            ("terminals: of own hall", lambda: clerk.get("/terminals")),
            ("record", lambda: get("/audit")),
            ("record: far back", lambda: get(f"/audit?before={place}")),
            ("record: case", lambda: get(f"/audit{one}")),
            ("record: name", lambda: send("/audit", staff=f"staff-{chance.randrange(200)}")),
            ("record: name, far back", lambda: send("/audit", staff=f"staff-{place % 200}", before=str(place))),
            ("account", lambda: get("/account")),
            ("language", lambda: send("/language", language="zh")),
            ("sign-in", lambda: stranger.get("/sign-in")),
            ("sign-out", lambda: leaving.send("/sign-out")),
            *(("sent back", partial(get, path)) for path in sent_back),
        ]

    def rounds(self, count: int) -> list[tuple[str, float]]:
        return [one for _ in range(count) for one in self._round()]

    def _round(self) -> list[tuple[str, float]]:
        """Every page once, in any order; the time until its last byte, in milliseconds."""
        asked = self._pages()
        self._chance.shuffle(asked)
        took: list[tuple[str, float]] = []
        for name, ask in asked:
            begun = time.perf_counter()
            answer = ask()
            took.append((name, (time.perf_counter() - begun) * 1000))
            expected = 404 if name in ("find: none", "find: in another hall") else 200
            assert answer.status_code == expected, (name, answer.status_code, answer.text)
            assert name in ("sign-in", "sign-out") or "工作人员登录" not in answer.text, name
            self.opened.update(
                (str(each.request.method), urlsplit(each.url).path) for each in (*answer.history, answer)
            )
        return took


def at_once(people: list[Person], rounds: int) -> list[tuple[str, float]]:
    with ThreadPoolExecutor(len(people)) as pool:
        some = [pool.submit(person.rounds, rounds) for person in people]
        return [one for each in some for one in each.result()]


def routes(store: DistrictStore) -> list[Route]:
    """The site's pages, each of one method."""
    app = Starlette()
    add_staff_pages(app, store, clock=lambda: datetime.now(tz=UTC))
    return [route for route in app.routes if isinstance(route, Route)]


def unopened(routes: Collection[Route], opened: Iterable[tuple[str, str]]) -> list[str]:
    """The pages that nobody has opened, except those that are left out."""

    def led_to(method: str, path: str) -> BaseRoute | None:
        scope = {"type": "http", "method": method, "path": path}
        return next((route for route in routes if route.matches(scope)[0] is Match.FULL), None)

    found = [led_to(*one) for one in (*opened, *LEFT_OUT)]
    return [f"{method} {route.path}" for route in routes if route not in found for method in route.methods or ()]


def by_page(took: list[tuple[str, float]]) -> dict[str, list[float]]:
    pages: dict[str, list[float]] = {}
    for name, milliseconds in took:
        pages.setdefault(name, []).append(milliseconds)
    return pages


def percentile(values: list[float], of: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[of - 1]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--cases", type=int, default=1_000_000, help="1,500 for each round at least, to move on")
    options.add_argument("--rounds", type=int, default=40)
    options.add_argument("--json", action="store_true")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as name, running("shared_buffers=256MB", "max_wal_size=4GB") as server:
        url, folder = server.empty(), Path(name) / "papers"
        store = DistrictStore(url, folder)
        pages, pieces = routes(store), papers()
        handed_in = [
            hand_in(store, number, papers=pieces, hall=f"hall-{number % 40:02d}") for number in range(1, FEW + 1)
        ]
        store.close()
        engine = open_engine(url)
        begun = time.perf_counter()
        fill(engine, asked.cases)
        print(f"{asked.cases:,} cases filled in within {time.perf_counter() - begun:.0f} s", file=sys.stderr)
        to_move = waiting(engine)
        with served(url, folder) as site:
            people = [
                Person(
                    site,
                    engine,
                    number,
                    cases=asked.cases,
                    handed_in=handed_in,
                    waiting={stage: uids[number::PEOPLE] for stage, uids in to_move.items()},
                )
                for number in range(PEOPLE)
            ]
            at_once(people, 1)  # templates are read, connections opened
            alone = by_page(people[0].rounds(asked.rounds))
            together = by_page(at_once(people, asked.rounds // 2))
            for person in people:
                person.close()
        engine.dispose()
    empty = statistics.median(alone[EMPTY])
    rows = [
        {
            "page": page,
            "p50_ms": round(statistics.median(times), 1),
            "p95_ms": round(percentile(times, 95), 1),
            "times_empty": round(statistics.median(times) / empty, 1),
            "p95_of_four_ms": round(percentile(together[page], 95), 1),
        }
        for page, times in alone.items()
    ]
    over = {row["page"] for row in rows if max(float(row["p95_ms"]), float(row["p95_of_four_ms"])) > LIMIT_MS}
    if asked.json:
        print(json.dumps({"cases": asked.cases, "limit_ms": LIMIT_MS, "pages": rows}))
    else:
        print(f"{'page':<24}{'p50 ms':>8}{'p95 ms':>8}{'× empty':>9}{'p95 of four at once':>21}")
        for row in sorted(rows, key=lambda row: float(row["p95_ms"])):
            print(
                f"{row['page']:<24}{row['p50_ms']:>8}{row['p95_ms']:>8}{row['times_empty']:>9}{row['p95_of_four_ms']:>21}"
                + ("  over" if row["page"] in over else "")
            )
    wrong = [f"over {LIMIT_MS:.0f} ms: {page}" for page in sorted(over)]
    wrong += [f"not opened: {page}" for page in unopened(pages, {one for person in people for one in person.opened})]
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
