"""Every page of the staff site at a million cases on PostgreSQL, beside an empty page, in one run.

The empty page is the one that slips point to: the same server, template engine and headers, without a database.
The cases are spread as a district's would be: forty halls and sixty matters of very different size, nearly all closed,
some open ones old. Beside them lie as many steps, papers and lines of the record, and ten thousand terminals. All pages
take turns, each request for another case, hall or place in the list; first one person asks, then four at a time.

    .venv/bin/python -m bench.pages [--cases 1000000] [--rounds 40] [--json]
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random

import requests
from sqlalchemy import Engine

from district.database import open_engine
from district.staff import Role, StaffRegister
from district.store import DistrictStore
from tests.support.postgres import running
from tests.support.staff_site import PASSWORD, Visitor, hand_in, paper_of

LIMIT_MS = 200.0
FEW = 200
"""Cases that come through the store, with papers that can be opened; the rest is filled in by the database."""
EMPTY = "empty page"
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


def fill(engine: Engine, cases: int) -> None:
    words = Path(__file__).with_suffix(".sql").read_text("utf-8").replace(":first", str(FEW + 1))
    with engine.begin() as connection:
        for statement in words.replace(":cases", str(cases)).split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement.replace("%", "%%"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


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


class Person:
    """Somebody at a browser: which pages they open, each time others."""

    def __init__(self, url: str, cases: int, handed_in: list[str], number: int) -> None:
        self._visitor = Visitor(url)
        self._chance = Random(number)
        self._cases = cases
        self._handed_in = handed_in
        self._visitor.sign_in("sun")
        page = self._visitor.get("/account")
        found = _CSRF.search(page.text)
        assert found is not None, page.text
        self._csrf = found[1]

    def close(self) -> None:
        self._visitor.close()

    def pages(self) -> dict[str, Callable[[], requests.Response]]:
        get, chance = self._visitor.get, self._chance

        def post(path: str, **fields: str) -> requests.Response:
            return self._visitor.post(path, fields, csrf=self._csrf)

        def case() -> str:
            return chance.choice(self._handed_in)

        def code(kind: str, count: int) -> str:
            return f"{kind}={kind}-{chance.randrange(count):02d}"

        def stage() -> str:
            return "stage=" + chance.choice(("received", "complete", "supplement", "approved", "declined"))

        def key() -> str:
            return f"before={chance.randrange(1, self._cases)}"

        return {
            EMPTY: lambda: get("/s"),
            "cases": lambda: get("/cases"),
            "cases: stage": lambda: get(f"/cases?{stage()}"),
            "cases: hall": lambda: get(f"/cases?{code('hall', 40)}"),
            "cases: matter": lambda: get(f"/cases?{code('matter', 60)}"),
            "cases: hall, matter": lambda: get(f"/cases?{code('hall', 40)}&{code('matter', 60)}"),
            "cases: all three": lambda: get(f"/cases?{code('hall', 40)}&{code('matter', 60)}&{stage()}"),
            "cases: far back": lambda: get(f"/cases?{code('hall', 40)}&{key()}"),
            "cases: far back, stage": lambda: get(f"/cases?{code('matter', 60)}&{stage()}&{key()}"),
            "tests": lambda: get("/cases?tests=1"),
            "find": lambda: post("/cases/find", number=f"2025-{chance.randrange(FEW + 1, self._cases)}"),
            "find: none": lambda: post("/cases/find", number="TY03-000000-0000-X"),
            "case": lambda: get(f"/cases/{case()}"),
            "case: numbers": lambda: post(f"/cases/{case()}/numbers"),
            "paper": lambda: (lambda one: get(f"/cases/{one}/papers/{paper_of(one)}"))(case()),
            "paper: content": lambda: (lambda one: get(f"/cases/{one}/papers/{paper_of(one)}/content"))(case()),
            "move: sure?": lambda: post(
                f"/cases/{case()}/stage", **{"from": "complete", "to": "declined", "note": "x"}
            ),
            "terminals": lambda: get("/terminals"),
            "terminals: far on": lambda: get(f"/terminals?after=T{chance.randrange(10000):05d}"),
            "record": lambda: get("/audit"),
            "record: case": lambda: get(f"/audit/cases/{case()}"),
            "record: name": lambda: post("/audit", staff=f"staff-{chance.randrange(200)}"),
            "account": lambda: get("/account"),
        }

    def rounds(self, count: int) -> list[tuple[str, float]]:
        return [one for _ in range(count) for one in self._round()]

    def _round(self) -> list[tuple[str, float]]:
        """Every page once, in any order; the time until its last byte, in milliseconds. A search leads on to a case."""
        asked = list(self.pages().items())
        self._chance.shuffle(asked)
        took: list[tuple[str, float]] = []
        for name, ask in asked:
            begun = time.perf_counter()
            answer = ask()
            took.append((name, (time.perf_counter() - begun) * 1000))
            assert answer.status_code == (404 if name == "find: none" else 200), (name, answer.status_code, answer.text)
            assert "工作人员登录" not in answer.text, name
        return took


def by_page(took: list[tuple[str, float]]) -> dict[str, list[float]]:
    pages: dict[str, list[float]] = {}
    for name, milliseconds in took:
        pages.setdefault(name, []).append(milliseconds)
    return pages


def percentile(values: list[float], of: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[of - 1]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    options.add_argument("--cases", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=40)
    options.add_argument("--json", action="store_true")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as name, running("shared_buffers=256MB", "max_wal_size=4GB") as server:
        url, papers = server.empty(), Path(name) / "papers"
        store = DistrictStore(url, papers)
        handed_in = [hand_in(store, number, hall=f"hall-{number % 40:02d}") for number in range(1, FEW + 1)]
        store.close()
        engine = open_engine(url)
        StaffRegister(engine).add("sun", PASSWORD, Role.ADMIN)
        begun = time.perf_counter()
        fill(engine, asked.cases)
        print(f"{asked.cases:,} cases filled in within {time.perf_counter() - begun:.0f} s", file=sys.stderr)
        engine.dispose()
        with served(url, papers) as site:
            people = [Person(site, asked.cases, handed_in, number) for number in range(4)]
            people[0].rounds(1)  # templates are read, connections opened
            alone = by_page(people[0].rounds(asked.rounds))
            with ThreadPoolExecutor(len(people)) as pool:
                some = [pool.submit(person.rounds, asked.rounds // 2) for person in people]
                together = by_page([one for each in some for one in each.result()])
            for person in people:
                person.close()
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
    if asked.json:
        print(json.dumps({"cases": asked.cases, "limit_ms": LIMIT_MS, "pages": rows}))
        return
    print(f"{'page':<24}{'p50 ms':>8}{'p95 ms':>8}{'× empty':>9}{'p95 of four at once':>21}")
    for row in sorted(rows, key=lambda row: float(row["p95_ms"])):
        over = "  over" if float(row["p95_ms"]) > LIMIT_MS else ""
        print(
            f"{row['page']:<24}{row['p50_ms']:>8}{row['p95_ms']:>8}{row['times_empty']:>9}{row['p95_of_four_ms']:>21}{over}"
        )


if __name__ == "__main__":
    main()
