"""The commands as a black box: what stands on standard output, what on standard error, and how they end."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from district.embedded import EmbeddedDistrict
from kiosk import cli, site
from kiosk.config import Config, PlatformTable
from kiosk.process import Alone
from offline_queue.sealing import terminal_key
from offline_queue.signing import RequestSigner
from tests.support.commands import Run, commands

CONFIG = """
[hall]
terminal = "TY03"
[[hall.villages]]
code = "001"
name = { zh = "桃源社区", en = "Taoyuan Community" }
[printer]
uri = "file:/dev/null"
"""


@pytest.fixture
def kiosk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return commands(tmp_path / "data", monkeypatch)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "terminal.toml"
    path.write_text(CONFIG, "utf-8")
    return path


# --- in general ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ["fly"],
        ["run"],
        ["queue", "show"],
        ["queue", "list", "--yaml"],
        ["card", "read", "--wait", "-1"],
        ["camera", "code"],
        ["printer", "test"],
        ["printer", "test", "--uri", "paper://wall"],
        ["queue", "sync"],
        ["queue", "sync", "--platform", "http://district.example"],
        ["queue", "put", "--form", "/nowhere.json"],
        ["rehearse", "pension-enrolment"],
        ["rehearse", "pension-enrolment", "--out", "/nowhere", "--printer", "paper://wall"],
        ["rehearse", "pension-enrolment", "--out", "/nowhere", "--platform", "http://district.example"],
    ],
)
def test_wrong_use_ends_with_2_and_nothing_on_standard_output(kiosk: Run, words: list[str]) -> None:
    answer = kiosk(*words)
    assert (answer.status, answer.out) == (2, "")
    assert "Usage: " in answer.err
    assert "Error: " in answer.err


@pytest.mark.parametrize(
    "words", [["queue", "list"], ["queue", "sync", "--platform", "http://127.0.0.1:9"], ["platform", "request"]]
)
def test_no_command_writes_what_it_holds_to_the_disk_when_it_crashes(
    kiosk: Run, config: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    forbidden: list[bool] = []
    monkeypatch.setattr(cli, "forbid_core_dumps", lambda: forbidden.append(True))
    kiosk(*words, "--config", config)
    assert forbidden == [True]


@pytest.mark.parametrize("words", [["queue", "list"], ["doctor"], ["run"], ["queue", "verify", "--json"]])
def test_a_configuration_that_cannot_be_used_ends_with_1_and_says_why(
    kiosk: Run, tmp_path: Path, words: list[str]
) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("[printer]\ncolour = 'red'", "utf-8")
    answer = kiosk(*words, "--config", broken)
    assert (answer.status, answer.out) == (1, "")
    assert answer.err == f"Error: {broken}: printer.colour: Extra inputs are not permitted\n"


def test_a_queue_of_newer_software_is_told_in_both_languages(kiosk: Run, config: Path, tmp_path: Path) -> None:
    kiosk("queue", "list", "--config", config)
    connection = sqlite3.connect(tmp_path / "data" / "queue" / "queue.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    answer = kiosk("queue", "list", "--config", config)
    assert (answer.status, answer.out) == (1, "")
    assert "（版本 99），这个软件没有动它。请安装那个较新的软件。\n" in answer.err
    assert "(version 99) and is left as it is. Install that software again.\n" in answer.err


# --- queue: withdrawing and mending ---------------------------------------------------------------------------------


def test_withdrawing_is_audited_with_who_did_it_and_done_once(kiosk: Run, config: Path, tmp_path: Path) -> None:
    form = tmp_path / "form.json"
    form.write_text('{"matter": "m"}', "utf-8")
    uid = json.loads(kiosk("queue", "put", "--form", form, "--config", config, "--json").out)["uid"]
    words = ("queue", "cancel", uid, "--reason", "重复", "--config", config, "--json")
    same = kiosk(*words, "--by", "Li", "--confirmed-by", "li")
    assert (same.status, same.out) == (2, "")
    assert "two people" in same.err
    done = kiosk(*words, "--by", "李建国", "--confirmed-by", "王主任")
    assert (done.status, json.loads(done.out)) == (0, {"uid": uid, "state": "cancelled"})
    again = kiosk(*words, "--by", "李建国", "--confirmed-by", "王主任")
    assert (again.status, json.loads(again.out)["trouble"]) == (1, "not-withdrawn")
    log = (tmp_path / "data" / "log" / "audit.jsonl").read_text("utf-8")
    (line,) = [json.loads(line) for line in log.splitlines()]
    line.pop("at")
    assert line == {"event": "submission-cancelled", "uid": uid, "by": "李建国", "confirmed_by": "王主任"}
    assert "重复" not in log


def test_what_may_have_left_is_withdrawn_on_the_platforms_word_only(kiosk: Run, config: Path, tmp_path: Path) -> None:
    form = tmp_path / "form.json"
    form.write_text('{"matter": "m"}', "utf-8")
    uid = json.loads(kiosk("queue", "put", "--form", form, "--config", config, "--json").out)["uid"]
    config.write_text(f'{CONFIG}\n[platform]\nurl = "http://127.0.0.1:1"\n', "utf-8")
    assert kiosk("queue", "sync", "--config", config).status == 1
    words = ("queue", "cancel", uid, "--reason", "r", "--by", "a", "--confirmed-by", "b", "--config", config, "--json")

    def trouble() -> object:
        answer = kiosk(*words)
        assert answer.status == 1
        return json.loads(answer.out)["trouble"]

    assert trouble() == "on-its-way"
    with closing(sqlite3.connect(tmp_path / "data" / "queue" / "queue.db")) as connection:
        connection.execute("UPDATE submission SET lease_mono = NULL")  # three minutes later
        connection.commit()
    assert trouble() == "may-have-left"
    with EmbeddedDistrict(tmp_path / "district") as district:
        config.write_text(f'{CONFIG}\n[platform]\nurl = "{district.url}"\n', "utf-8")
        assert json.loads(kiosk(*words).out) == {"uid": uid, "state": "cancelled"}


def test_verify_repairs_and_says_what(kiosk: Run, config: Path, tmp_path: Path) -> None:
    assert kiosk("queue", "verify", "--config", config).status == 0
    (tmp_path / "data" / "queue" / "blobs" / "x.part").write_bytes(b"half")
    assert kiosk("queue", "verify", "--config", config, "--json").status == 1
    answer = kiosk("queue", "verify", "--repair", "--config", config, "--json")
    told = {"uid": None, "mended": "file-removed", "detail": "x.part", "message": "清掉了用不着的文件。"}
    assert (answer.status, json.loads(answer.out)) == (0, told)


def test_a_queue_that_does_not_open_says_what_to_do_and_is_made_anew(kiosk: Run, config: Path, tmp_path: Path) -> None:
    form = tmp_path / "form.json"
    form.write_text('{"matter": "m", "answers": {}}', encoding="utf-8")
    assert kiosk("queue", "put", "--form", form, "--config", config).status == 0
    file = tmp_path / "data" / "queue" / "queue.db"
    damaged = b"X" + file.read_bytes()[1:]
    file.write_bytes(damaged)
    for words in (("queue", "list"), ("queue", "verify"), ("queue", "show", "x")):
        answer = kiosk(*words, "--config", config)
        assert answer.status == 1
        assert "打不开" in answer.err
        assert "kiosk queue verify --repair" in answer.err
        assert "KIOSK_DATA_DIR" not in answer.err
    answer = kiosk("queue", "verify", "--repair", "--config", config)
    assert answer.status == 0
    assert "坏的留在旁边" in answer.out
    assert "the old one is kept" in answer.out
    (kept,) = (tmp_path / "data" / "queue").glob("damaged-*/queue.db")
    assert kept.read_bytes() == damaged
    assert '"state": "ready"' in kiosk("queue", "list", "--config", config, "--json").out


def test_a_queue_that_is_open_elsewhere_or_illegible_is_left_as_it_is(kiosk: Run, config: Path, tmp_path: Path) -> None:
    assert kiosk("queue", "list", "--config", config).status == 0
    file = tmp_path / "data" / "queue" / "queue.db"
    file.write_bytes(b"X" * 8192)
    answer = kiosk("queue", "verify", "--repair", "--config", config, "--json")
    assert (answer.status, json.loads(answer.out)["trouble"]) == (1, "queue-illegible")
    with file.open("r+b") as held:
        # As another process has it: POSIX locks don't keep a process from itself.
        lock = "fcntl.lockf(0, fcntl.LOCK_SH, 510, 0x40000002)"
        script = f"import fcntl, os, signal; {lock}; os.write(1, b'1\\n'); signal.pause()"
        with subprocess.Popen([sys.executable, "-c", script], stdin=held, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == b"1\n"
            answer = kiosk("queue", "verify", "--repair", "--config", config, "--json")
            other.kill()
    assert (answer.status, json.loads(answer.out)["trouble"]) == (1, "queue-in-use")
    assert file.read_bytes() == b"X" * 8192


# --- run ----------------------------------------------------------------------------------------------------------


def test_run_without_a_printer_says_so(kiosk: Run, config: Path) -> None:
    config.write_text(CONFIG.replace("file:/dev/null", ""), "utf-8")
    answer = kiosk("run", "--config", config)
    assert (answer.status, answer.out) == (1, "")
    assert answer.err.startswith("Error: printer.uri: no printer is named")


def test_run_without_villages_says_so(kiosk: Run, config: Path) -> None:
    config.write_text('[printer]\nuri = "file:/dev/null"', "utf-8")
    answer = kiosk("run", "--config", config)
    assert (answer.status, answer.out) == (1, "")
    assert "hall.villages is empty" in answer.err


def test_run_beside_another_terminal_says_so(kiosk: Run, config: Path, tmp_path: Path) -> None:
    first = Alone(tmp_path / "data")
    try:
        answer = kiosk("run", "--config", config)
    finally:
        first.release()
    assert (answer.status, answer.out) == (1, "")
    assert answer.err == f"Error: another terminal is running on {tmp_path / 'data'}: close it first\n"


def test_run_on_a_data_folder_that_is_none_says_so(
    kiosk: Run, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("KIOSK_DATA_DIR", str(tmp_path / "file"))
    for words in (["run", "--config", str(config)], ["queue", "list"]):
        answer = kiosk(*words)
        assert (answer.status, answer.out) == (1, "")
        assert answer.err.startswith(f"Error: The data folder {tmp_path / 'file'} cannot be used: ")
        assert "KIOSK_DATA_DIR" in answer.err


def test_an_unknown_matter_cannot_be_rehearsed(kiosk: Run, tmp_path: Path, config: Path) -> None:
    answer = kiosk(
        "rehearse", "flying", "--out", tmp_path / "out", "--reader", "x", "--camera", tmp_path / "none",
        "--printer", "file:/dev/null", "--platform", "http://127.0.0.1:9", "--config", config,
    )  # fmt: skip
    assert (answer.status, answer.out) == (2, "")
    assert "no such matter: flying" in answer.err
    assert not (tmp_path / "out").exists()


# --- queue --------------------------------------------------------------------------------------------------------


@pytest.fixture
def uid(kiosk: Run, tmp_path: Path) -> str:
    """A submission that was handed in by file."""
    form, paper = tmp_path / "form.json", tmp_path / "paper.pdf"
    form.write_text('{"matter": "pension-enrolment", "name": "王秀英"}', "utf-8")
    paper.write_bytes(b"%PDF-1.7 paper")
    answer = kiosk("queue", "put", "--form", form, "--attach", paper, "--json")
    assert answer.status == 0
    (row,) = answer.rows
    assert set(row) == {"uid", "provisional_number"}
    assert row["provisional_number"].startswith("TY01-")
    return row["uid"]


def test_an_empty_queue(kiosk: Run) -> None:
    assert kiosk("queue", "list", "--json") == (0, "", "")
    assert "Nothing was handed in here yet." in kiosk("queue", "list").out
    assert kiosk("queue", "verify", "--json") == (0, "", "")
    assert "All well." in kiosk("queue", "verify").out


def test_what_was_put_is_listed_and_shown_without_what_was_written(kiosk: Run, uid: str) -> None:
    (row,) = kiosk("queue", "list", "--json").rows
    assert (row["uid"], row["state"], row["matter"], row["attempts"]) == (uid, "ready", None, 0)
    (details,) = kiosk("queue", "show", uid, "--json").rows
    assert details.items() >= row.items()
    assert [paper["done"] for paper in details["attachments"]] == [False]
    for command in (["list"], ["list", "--json"], ["show", uid], ["show", uid, "--json"]):
        answer = kiosk("queue", *command)
        assert answer.status == 0
        assert uid in answer.out
        assert "王" not in answer.out + answer.err


@pytest.mark.parametrize("command", ["show", "retry"])
def test_an_unknown_submission_is_told_in_words_or_as_a_row(kiosk: Run, command: str) -> None:
    plain = kiosk("queue", command, "x")
    assert (plain.status, plain.out) == (1, "")
    assert "There is no such submission on this terminal." in plain.err
    assert "[uid-unknown]" in plain.err
    as_json = kiosk("queue", command, "x", "--json")
    assert (as_json.status, as_json.err) == (1, "")
    (row,) = as_json.rows
    assert (row["uid"], row["trouble"]) == ("x", "uid-unknown")
    assert row["remedy"]


def test_sync_to_a_platform_that_is_not_there_then_to_one_that_is(kiosk: Run, uid: str, tmp_path: Path) -> None:
    answer = kiosk("queue", "sync", "--platform", "http://127.0.0.1:9", "--json")
    assert (answer.status, answer.rows) == (
        1,
        [{"attempted": 1, "delivered": 0, "failed": 1, "held": 0, "waiting": 1}],
    )
    (row,) = kiosk("queue", "list", "--json").rows
    assert (row["state"], row["attempts"], row["last_error"]) == ("ready", 1, "unreachable")
    assert kiosk("queue", "retry", uid, "--json").rows == [{"uid": uid, "state": "ready"}]
    with EmbeddedDistrict(tmp_path / "district") as district:
        answer = kiosk("queue", "sync", "--platform", district.url, "--json")
    assert answer.status == 0
    (summary,) = answer.rows
    assert (summary["delivered"], summary["waiting"]) == (1, 0)
    (row,) = kiosk("queue", "list", "--json").rows
    assert row["state"] == "done"
    answer = kiosk("queue", "retry", uid, "--json")
    assert (answer.status, answer.rows[0]["trouble"]) == (1, "nothing-to-send")


def test_verify_names_what_is_damaged(kiosk: Run, uid: str, tmp_path: Path) -> None:
    (paper,) = (tmp_path / "data" / "queue" / "blobs").iterdir()
    paper.write_bytes(paper.read_bytes()[:-1] + b"\x00")
    answer = kiosk("queue", "verify", "--json")
    assert answer.status == 1
    assert [row["uid"] for row in answer.rows] == [uid]
    assert set(answer.rows[0]) == {"uid", "code", "detail", "message", "remedy"}
    answer = kiosk("queue", "verify")
    assert answer.status == 1
    assert "材料" in answer.out
    assert "The file of a paper is damaged." in answer.out


def test_a_form_that_is_none_is_wrong_use(kiosk: Run, tmp_path: Path) -> None:
    form = tmp_path / "form.json"
    form.write_text("[1]", "utf-8")
    answer = kiosk("queue", "put", "--form", form)
    assert (answer.status, answer.out) == (2, "")
    assert "not a JSON object" in answer.err


def test_a_form_that_is_too_large_is_told(kiosk: Run, tmp_path: Path) -> None:
    form = tmp_path / "form.json"
    form.write_text(json.dumps({"text": "长" * 2_000_000}), "utf-8")
    answer = kiosk("queue", "put", "--form", form, "--json")
    assert answer.status == 1
    (row,) = answer.rows
    assert (row["trouble"], row["part"]) == ("too-large", "form")


# --- doctor -------------------------------------------------------------------------------------------------------


def test_the_doctor_prints_a_row_per_check_and_ends_with_1_after_a_failure(
    kiosk: Run, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = kiosk("doctor", "--json")
    assert {"sqlite", "catalogue", "screen"} <= {row["check"] for row in answer.rows}
    assert all(set(row) == {"check", "result", "detail", "remedy"} for row in answer.rows)
    assert answer.status == (1 if any(row["result"] == "fail" for row in answer.rows) else 0)
    monkeypatch.setattr(site, "_screen_parts", lambda: ["Main.qml"])
    answer = kiosk("doctor")
    assert answer.status == 1
    assert "fail  screen: missing: Main.qml  → reinstall" in answer.out


def _long_ago(_signer: RequestSigner) -> float:
    return 0.0


def test_the_doctor_knows_what_the_platform_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KIOSK_DATA_DIR", raising=False)

    def word(url: str) -> str:
        return site.site().platform_word(Config(data=tmp_path, platform=PlatformTable(url=url)))

    with EmbeddedDistrict(tmp_path / "district") as district:
        url = district.url
        assert word(url) == "answers"
        key = terminal_key(tmp_path / "queue")
        district.register("TY02", bytes(32))
        assert word(url) == "refuses"
        district.register("TY01", key.public_key().public_bytes_raw())
        assert word(url) == "answers"
        monkeypatch.setattr(RequestSigner, "now", _long_ago)
        assert word(url) == "clock"
    assert word(url) == "silent"
