"""docs/adapters.md as it stands: its file, its lines and its program, against a province's platform that is a program
of its own and checks signatures with OpenSSL."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pydantic import JsonValue
from sqlalchemy import select

from district.adapters.file import AdapterTrouble
from district.adapters.receiver import AdapterReceiver
from district.app import open_store
from district.cli import main
from district.forwarding import Forwarder, Round
from district.keys import new_keys
from district.outbox import HANDED_ON, Outbox
from district.receiving import Event
from district.settings import settings_for
from district.store import DistrictStore
from district.tables import STEPS
from tests.support.cases import hand_in, move
from tests.support.certificates import Authority, Pair
from tests.support.deliveries import FORM, PAPERS, openssl_digest
from tests.support.ports import free_port
from tests.support.sealed_rig import NOW

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "adapters.md").read_text("utf-8")
SECRET = "3c9a7d41e8b25f60b1d4a7c8e9f00112"
THREE = [*PAPERS.values(), ("other", "image/png", b"\x89PNG " * 40_000)]


def block(language: str, number: int = 0) -> str:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[number]


@dataclass
class Province:
    folder: Path
    port: int
    pair: Pair

    def start(self) -> None:
        words = [sys.executable, ROOT / "tests/support/province.py", self.folder, str(self.port)]
        self._process = subprocess.Popen([*words, self.pair.certificate, self.pair.key], stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"listening\n"

    def kill(self) -> None:
        """kill -9"""
        self._process.kill()
        self._process.communicate(timeout=20)

    def state(self) -> dict[str, dict[str, Any]]:
        return json.loads((self.folder / "state.json").read_text("utf-8"))

    def fault(self, *words: str) -> None:
        (self.folder / "fault").write_text("\n".join(words))


@pytest.fixture
def province(tmp_path: Path) -> Iterator[Province]:
    authority = Authority(tmp_path / "ca", "province")
    (tmp_path / "province").mkdir()
    one = Province(tmp_path / "province", free_port(), authority.signs("server"))
    one.start()
    yield one
    one.kill()


@dataclass
class Desk:
    """Where the district's administrator sits: a folder with the adapter file, and a shell."""

    folder: Path
    environment: dict[str, str]

    def types(self, lines: str) -> tuple[str, str]:
        done = subprocess.run(
            ["bash", "-c", "set -u\n" + lines],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr

    def store(self) -> DistrictStore:
        return open_store(settings_for(f"sqlite:///{self.folder}/data/district/district.db"))


@pytest.fixture
def desk(tmp_path: Path, province: Province, monkeypatch: pytest.MonkeyPatch) -> Desk:
    folder = tmp_path / "desk"
    folder.mkdir()
    for module in ("store", "papers_store"):  # the year is in the number
        monkeypatch.setattr(f"district.{module}.now_text", lambda: "2026-11-25T01:00:00+00:00")
    text = block("yaml").replace("https://ywxt.province.example", f"https://127.0.0.1:{province.port}")
    (folder / "province.yaml").write_text(text, "utf-8")
    (folder / "province-ca.pem").write_bytes((tmp_path / "ca" / "province.pem").read_bytes())
    new_keys(folder / "keys", now=NOW)
    programs = Path(sys.executable).parent
    environment = {
        **os.environ,
        "KIOSK_DATA_DIR": str(folder / "data"),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "SECRET_FROM_THE_PROVINCE": SECRET,
        "PROVINCE_APP_ID": "APP0042",
    }
    monkeypatch.setenv("PROVINCE_APP_ID", "APP0042")
    one = Desk(folder, environment)
    one.types(block("sh", 0))
    return one


def test_the_documented_example_hands_a_case_on(desk: Desk, province: Province) -> None:
    store = desk.store()
    uid = hand_in(store, papers=THREE)
    move(store, uid, Event.ACCEPTED)
    move(store, uid, Event.APPROVED, at="2026-11-25T01:00:00+00:00")
    desk.environment["UID_OF_A_CASE"] = uid

    shown, said = desk.types(block("sh", 1))
    assert "省一体化政务服务平台: good" in said
    assert shown.count("POST https://127.0.0.1") == 4
    assert '"sqrxm":"<3 characters>"' in shown
    assert '"csrq":"<10 characters>"' in shown
    for private in ("王秀英", "33072619500101123X", "13800001234", "前宅村", "19500101", SECRET, "APP0042"):
        assert private not in shown + said
    assert not (province.folder / "state.json").exists()

    listed, said = desk.types(block("sh", 2))
    assert listed == ""
    assert "delivered 3, put off 0, refused 0" in said
    assert "0 events wait, 0 dead ends" in said
    known = province.state()
    (case,) = known["cases"].values()
    fields = case["fields"]
    assert json.loads(fields.pop("bdxx")) == FORM["answers"]
    assert fields == {
        "ywlsh": "2026-000001",
        "sxbm": "11330782MB1584321X4331014004000",
        "ly": "ZZZD",
        "sqrxm": "王秀英",
        "sqrzjlx": "111",
        "sqrzjhm": "33072619500101123X",
        "sqrxb": "2",
        "csrq": "19500101",
        "sqsj": "2026-11-23 09:02:15",
        "lxdh": "13800001234",
    }
    assert case["dlr"] == {"xm": "王建国", "zjhm": "330726197503031234"}
    assert [(one["clbm"], one["clmc"]) for one in case["clList"]] == [
        ("CL001", "户口簿"),
        ("CL002", "身份证正面"),
        ("CL999", "其他材料"),
    ]
    assert [known["papers"][one["fjid"]]["sm3"] for one in case["clList"]] == [
        openssl_digest("sm3", content) for _, _, content in THREE
    ]
    assert case["bjjg"] == "1"
    with store.engine.connect() as connection:
        steps = connection.execute(select(STEPS.c.code, STEPS.c.note).where(STEPS.c.uid == uid)).all()
    assert steps == [(HANDED_ON, case["slbh"])]
    store.close()


def forwarded(desk: Desk, store: DistrictStore) -> tuple[Round, list[str]]:
    """What `district forward --adapter … --once` does, in this process; everything that waits is due at once."""
    outbox = Outbox(store.engine)
    for one in outbox.waiting():
        if one.refused_at is None:
            outbox.retry(one.told.seq)
    heard: list[str] = []
    receiver = AdapterReceiver(desk.folder / "province.yaml")
    forwarder = Forwarder(store, outbox, receiver, heard=lambda seq, word, error: heard.append(f"{seq} {word} {error}"))
    try:
        return forwarder.once(), heard
    finally:
        receiver.close()


def test_their_faults_their_death_and_a_cut_line_lose_nothing_and_double_nothing(
    desk: Desk, province: Province
) -> None:
    store = desk.store()
    for _ in range(3):
        hand_in(store, papers=THREE[:1])

    # The paper gets there, the case's own line is cut when they have it: all else waits.
    province.fault("ok", "swallow")
    done, heard = forwarded(desk, store)
    assert heard == ["1 later unreachable"]
    assert done.pause is not None
    assert [case["fields"]["ywlsh"] for case in province.state()["cases"].values()] == ["2026-000001"]

    # A page of a portal, and their code for busy, are about one case each.
    province.fault("portal", "ok", "busy", "ok", "500")
    assert forwarded(desk, store)[1] == ["1 later not-their-answer", "2 later their-5001", "3 later http-500"]
    province.kill()
    assert forwarded(desk, store)[1] == ["1 later unreachable"]
    province.start()
    assert forwarded(desk, store)[1] == ["1 delivered ", "2 delivered ", "3 delivered "]

    known = province.state()
    assert [case["fields"]["ywlsh"] for case in known["cases"].values()] == [f"2026-{n:06d}" for n in (1, 2, 3)]
    submits = [key for path, key in known["seen"].items() if path.endswith("/case/submit")]
    assert (len(submits), len(set(submits))) == (4, 3), "the one that was cut came again under its own key"
    assert Outbox(store.engine).undelivered() == 0
    store.close()


def test_what_they_refuse_is_a_dead_end_until_somebody_decides(desk: Desk, province: Province) -> None:
    store = desk.store()
    applicant: dict[str, JsonValue] = {
        "name": "Wang",
        "id_number": "33072619500101123X",
        "sex": "female",
        "birth_date": "1950-01-01",
    }
    refused = hand_in(store, applicant=applicant)
    move(store, refused, Event.APPROVED)
    hand_in(store, applicant={**applicant, "name": "王秀英", "sex": "other"})
    good = hand_in(store)
    done, heard = forwarded(desk, store)
    assert heard == ["1 refused their-4001", "3 refused no-code:sex", "4 delivered "]
    database = ["--database", str(store.engine.url)]
    said = CliRunner().invoke(main, ["outbox", "list", *database])
    assert "3 events wait, 2 dead ends" in said.output
    lines = [line.split("\t")[3:] for line in said.stdout.splitlines()]
    assert lines == [["dead end", "their-4001", "1 tries, 1 behind it"], ["dead end", "no-code:sex", "1 tries"]]
    assert refused in said.stdout
    assert "Wang" not in said.output
    (told,) = (one for one in Outbox(store.engine).since(0) if one.uid == good)
    assert list(province.state()["seen"].values())[-1] == f'"{told.key}"'

    # The table is mended and the one is sent again; the other is given up, and the case's result goes on, in vain.
    file = desk.folder / "province.yaml"
    file.write_text(file.read_text("utf-8").replace("{male: 1, female: 2}", "{male: 1, female: 2, other: 2}"), "utf-8")
    assert CliRunner().invoke(main, ["outbox", "skip", "1", *database]).exit_code == 0
    assert CliRunner().invoke(main, ["outbox", "retry", "3", *database]).exit_code == 0
    done, heard = forwarded(desk, store)
    assert heard == ["2 refused missing:their_number", "3 delivered "]
    assert done.delivered == 1
    waiting = json.loads(CliRunner().invoke(main, ["outbox", "list", "--json", *database]).stdout)
    assert (waiting["event"], waiting["last_error"], waiting["next_try"]) == ("approved", "missing:their_number", None)
    for word in ("skip", "retry"):
        said = CliRunner().invoke(main, ["outbox", word, "1", *database])
        assert (said.exit_code, said.output) == (1, "Error: nothing waits at 1; see district outbox list\n")
    waiting = CliRunner().invoke(main, ["outbox", "retry", "2", "1", "9", *database])
    assert waiting.output == "Error: nothing waits at 1, 9; see district outbox list\n"
    assert forwarded(desk, store)[1] == ["2 refused missing:their_number"]
    said = CliRunner().invoke(main, ["outbox", "retry", "--all", *database])
    assert (said.exit_code, said.output) == (0, "1 dead ends are tried again\n")
    assert forwarded(desk, store)[1] == ["2 refused missing:their_number"]
    for words in ((), ("2", "--all")):
        assert CliRunner().invoke(main, ["outbox", "retry", *words, *database]).exit_code == 2
    store.close()


def test_a_wrong_secret_and_a_strangers_certificate_are_waited_out(
    desk: Desk, province: Province, tmp_path: Path
) -> None:
    store = desk.store()
    hand_in(store)
    (desk.folder / "province.secret").write_text("another secret of enough length")
    assert forwarded(desk, store)[1] == ["1 later http-401"]
    (desk.folder / "province-ca.pem").write_bytes(Authority(tmp_path / "other", "other").certificate.read_bytes())
    assert forwarded(desk, store)[1] == ["1 later tls"]
    (desk.folder / "province-ca.pem").unlink()
    with pytest.raises(AdapterTrouble, match=r"there is no .*province-ca\.pem"):
        forwarded(desk, store)
    assert not (province.folder / "state.json").exists()
    store.close()


def test_the_documented_program_of_ones_own_takes_deliveries(desk: Desk) -> None:
    store = desk.store()
    hand_in(store, papers=THREE[:1])
    store.close()
    (desk.folder / "own.py").write_text(block("python"), "utf-8")
    out = desk.types("mkdir out && python own.py out && cat out/*.txt")[0]
    assert "delivered=1" in out
    assert out.endswith("complete 2026-000001")
