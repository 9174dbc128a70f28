"""Sealed submissions from a terminal's queue to the district's page, over HTTP, by the commands people use."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result

from district.cli import main
from district.embedded import EmbeddedDistrict
from district.keys import new_keys
from district.objects import MARK
from district.staff import Role
from kiosk.cli import main as kiosk
from offline_queue.client import PlatformClient
from offline_queue.model import Paper
from offline_queue.sealed import Sealing
from offline_queue.store import Store
from offline_queue.sync import sync_once
from offline_queue.wire import SEALED_TYPE, State, content_digest, sha256_hex
from offline_queue.work import FormWork
from tests.support.queue_rig import ID_NUMBER, NAME, stored
from tests.support.sealed_rig import KeyedDistrict, open_sealing_store
from tests.support.staff_site import PASSWORD, Visitor

PICTURE = b"\xff\xd8\xff" + NAME.encode() * 300_000


@pytest.fixture
def district(tmp_path: Path) -> KeyedDistrict:
    return KeyedDistrict.new(tmp_path / "keys")


@pytest.fixture
def platform(tmp_path: Path, district: KeyedDistrict) -> Iterator[EmbeddedDistrict]:
    with EmbeddedDistrict(tmp_path / "district", keys=district.folder) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path, district: KeyedDistrict) -> Iterator[Store]:
    queue = tmp_path / "queue"
    opened = open_sealing_store(queue, district.install(queue))
    yield opened
    opened.close()


def put(store: Store, *, papers: int = 1) -> str:
    paper = Paper(material="household-register", media_type="image/jpeg", content=PICTURE)
    form = {"name": NAME, "id_number": ID_NUMBER}
    return stored(store.put(matter="pension-enrolment", form=form, attachments=[paper] * papers)).uid


def send(store: Store, platform: EmbeddedDistrict) -> None:
    client = PlatformClient(platform.url)
    assert sync_once(store, client).waiting == 0
    client.close()


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def export(tmp_path: Path, *words: str | Path) -> dict[str, object]:
    done = run("export", "--json", "--database", f"sqlite:///{tmp_path / 'district' / 'district.db'}", *words)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def clerk_at(platform: EmbeddedDistrict) -> Visitor:
    platform.let_in("li", PASSWORD, Role.CLERK)
    visitor = Visitor(platform.url)
    visitor.sign_in("li")
    return visitor


def test_staff_read_what_the_database_keeps_sealed(tmp_path: Path, store: Store, platform: EmbeddedDistrict) -> None:
    uid = put(store)
    send(store, platform)
    item = store.show(uid)
    assert item is not None
    assert (item.state, item.case_number is None) == (State.DONE, False)
    clerk = clerk_at(platform)
    page = clerk.get(f"/cases/{uid}").text
    assert "王秀英" in page
    assert "户口簿" in page
    (name,) = (path.name for path in (tmp_path / "district" / "papers").iterdir() if path.name != MARK)
    paper = clerk.get(f"/cases/{uid}/papers/{name}/content")
    clerk.close()
    assert (paper.content, paper.headers["Content-Type"]) == (PICTURE, "image/jpeg")
    for path in (tmp_path / "district").rglob("*"):
        assert path.is_dir() or NAME.encode() not in path.read_bytes(), path


def test_export_opens_with_the_keys_only_and_with_the_escrow_key_alone(
    tmp_path: Path, store: Store, platform: EmbeddedDistrict, district: KeyedDistrict
) -> None:
    uid = put(store)
    send(store, platform)
    item = store.show(uid)
    assert item is not None
    closed = export(tmp_path)
    assert (closed["uid"], closed["sha256"], closed["form"], closed["matter"]) == (uid, item.sha256, None, None)
    escrow = tmp_path / "safe"
    escrow.mkdir()
    for path in district.folder.glob("escrow-*.pem"):
        shutil.copy(path, escrow)
    out = tmp_path / "papers"
    opened = export(tmp_path, "--keys", escrow, "--papers", out)
    assert (opened["form"], opened["matter"]) == ({"name": NAME, "id_number": ID_NUMBER}, "pension-enrolment")
    (paper,) = out.iterdir()
    assert paper.read_bytes() == PICTURE
    (told,) = opened["attachments"]  # type: ignore[misc]
    assert (told["id"], told["sha256"], told["bytes"]) == (paper.name, sha256_hex(PICTURE), len(PICTURE))


def test_a_district_without_the_keys_takes_nothing_and_says_so(tmp_path: Path, store: Store) -> None:
    put(store, papers=0)
    stranger = KeyedDistrict.new(tmp_path / "stranger")
    work = store.outbox.next_work()
    assert isinstance(work, FormWork)
    for keys in (None, stranger.folder):
        with EmbeddedDistrict(tmp_path / "other", keys=keys) as other:
            answer = put_raw(other, work)
            assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "key-unknown")
            received = other.open_store()
            assert list(received.submissions()) == []
            received.close()


def put_raw(platform: EmbeddedDistrict, work: FormWork, body: bytes | None = None, **changed: str) -> requests.Response:
    content = work.body if body is None else body
    headers = {
        "Content-Type": work.media_type,
        "Idempotency-Key": f'"{work.uid}"',
        "Content-Digest": content_digest(content),
    }
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    return requests.put(f"{platform.url}/v1/submissions/{work.uid}", data=content, headers=headers, timeout=10)


def test_what_was_changed_on_the_way_is_refused_and_what_was_taken_stays(
    tmp_path: Path, store: Store, platform: EmbeddedDistrict, district: KeyedDistrict
) -> None:
    put(store, papers=0)
    work = store.outbox.next_work()
    assert isinstance(work, FormWork)
    wire = json.loads(work.body)
    changed = json.dumps({**wire, "test": True}).encode()
    answer = put_raw(platform, work, changed)
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "sealed")
    assert put_raw(platform, work, Content_Type="application/json").json()["type"].endswith(":envelope")
    assert put_raw(platform, work, b'{"uid": 1}').json()["type"].endswith(":envelope")
    first = put_raw(platform, work, Content_Type=f"{SEALED_TYPE}; charset=utf-8")
    assert (first.status_code, first.json()["sha256"]) == (201, work.sha256)
    # The keys are gone: a repeated submission is still answered with its receipt, and nothing can be read.
    for path in district.folder.glob("*.pem"):
        path.unlink()
    new_keys(district.folder, now=datetime.now(tz=UTC), escrow=True)
    platform.cut()
    platform.restore()
    again = put_raw(platform, work)
    assert (again.status_code, again.content) == (200, first.content)
    clerk = clerk_at(platform)
    page = clerk.get(f"/cases/{work.uid}").text
    assert "密封件，需要私钥才能打开" in page
    assert NAME not in page
    assert work.uid in clerk.get("/cases").text
    assert clerk.get(f"/cases/{work.uid}/papers/{work.uid}/content").status_code == 404
    clerk.close()


def test_a_paper_that_was_sealed_wrongly_is_not_taken(
    tmp_path: Path, store: Store, platform: EmbeddedDistrict, monkeypatch: pytest.MonkeyPatch
) -> None:
    def badly(_sealing: Sealing, _name: str, plain: bytes) -> bytes:
        return b"TKS1" + plain

    monkeypatch.setattr(Sealing, "paper", badly)
    put(store)
    client = PlatformClient(platform.url)
    assert sync_once(store, client).held == 1
    assert [item.last_error for item in store.list()] == ["http-422"]
    assert export(tmp_path)["state"] == "received"
    client.close()


def test_keys_are_made_published_installed_and_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, bundle, passphrase = tmp_path / "keys", tmp_path / "bundle.json", tmp_path / "passphrase"
    passphrase.write_text("correct horse\n")
    passphrase.chmod(0o600)
    made = run("keys", "new", keys, "--passphrase-file", passphrase)
    assert made.exit_code == 0, made.output
    assert "Move escrow-" in made.stderr
    signer = made.stderr.rpartition('bundle_key = "')[2].strip().rstrip('"')
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in keys.iterdir())
    assert "needs its passphrase" in run("keys", "bundle", keys, "--out", bundle).stderr
    terminals = tmp_path / "terminals"
    terminals.write_text("TY04 nonsense")
    refused = run("keys", "bundle", keys, "--out", bundle, "--passphrase-file", passphrase, "--terminals", terminals)
    assert refused.exit_code == 2
    terminals.write_text(f"TY04 {signer} 清溪镇\n", encoding="utf-8")
    signed = run(
        "keys",
        "bundle",
        keys,
        "--out",
        bundle,
        "--suite",
        "hpke-x25519-sm4gcm-sm3",
        "--passphrase-file",
        passphrase,
        "--terminals",
        terminals,
    )
    assert signed.exit_code == 0, signed.output

    monkeypatch.setenv("KIOSK_DATA_DIR", str(tmp_path / "data"))
    config = tmp_path / "kiosk.toml"
    config.write_text(f'[platform]\nbundle_key = "{signer}"\n')

    def terminal(*words: str | Path) -> Result:
        return CliRunner().invoke(kiosk, [str(word) for word in (*words, "--config", config, "--json")])

    form = tmp_path / "form.json"
    form.write_text(json.dumps({"name": NAME}))
    put = ("queue", "put", "--form", form, "--attach", form)
    assert json.loads(terminal(*put).stdout)["trouble"] == "keys-missing"
    assert json.loads(terminal("queue", "keys", "show").stdout)["trouble"] == "keys-missing"
    (tmp_path / "rubbish").write_bytes(b"rubbish")
    assert (
        json.loads(terminal("queue", "keys", "install", tmp_path / "rubbish").stdout)["trouble"] == "bundle-unreadable"
    )
    installed = json.loads(terminal("queue", "keys", "install", bundle).stdout)
    version = installed["version"]
    assert installed["replaced"] is None
    shown = [json.loads(line) for line in terminal("queue", "keys", "show").stdout.splitlines()]
    assert [(row["use"], row["version"], row["terminals"]) for row in shown] == [
        ("district", version, 1),
        ("escrow", version, 1),
    ]
    uid = json.loads(terminal(*put).stdout)["uid"]
    plain = CliRunner().invoke(kiosk, ["queue", "keys", "show"])
    assert plain.exit_code == 2
    assert "platform.bundle_key" in plain.stderr

    wrong = tmp_path / "wrong"
    wrong.write_text("battery staple")
    wrong.chmod(0o600)
    for broken, said in ((("--passphrase-file", wrong), "a wrong passphrase"), ((), "needs its passphrase")):
        serving = run("serve", "--port", "0", "--keys", keys, *broken)
        assert (serving.exit_code, said in serving.stderr) == (1, True)
    sent = Store.open(tmp_path / "data" / "queue", terminal="TY01", district="district.invalid")
    work = sent.outbox.next_work()
    assert isinstance(work, FormWork)
    assert json.loads(work.body)["suite"] == "hpke-x25519-sm4gcm-sm3"
    sent.close()
    body, out = tmp_path / "body.json", tmp_path / "out"
    body.write_bytes(work.body)
    opening = ("keys", "open", body, "--keys", keys, "--passphrase-file", passphrase)
    papers = ("--papers", tmp_path / "data" / "queue" / "blobs", "--out", out)
    for half in (papers[:2], papers[2:]):
        refused = run(*opening, *half)
        assert (refused.exit_code, refused.stdout, "--papers and --out go together" in refused.stderr) == (2, "", True)
    opened = run(*opening, *papers)
    assert opened.exit_code == 0, opened.output
    envelope = json.loads(opened.stdout)
    assert (envelope["uid"], envelope["form"]) == (uid, {"name": NAME})
    (paper,) = out.iterdir()
    assert paper.read_bytes() == form.read_bytes()
    for path in (tmp_path / "data" / "queue" / "blobs").iterdir():
        path.write_bytes(b"changed")
    assert "changed after it was sealed" in run(*opening, *papers).stderr
    body.write_bytes(work.body.replace(b'"test":false', b'"test":true'))
    assert "changed after it was sealed" in run(*opening).stderr
    body.write_bytes(b"{}")
    assert "is not a submission" in run(*opening).stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "take the keys from the safe, or use the escrow key" in run("keys", "open", body, "--keys", empty).stderr
    other = KeyedDistrict.new(tmp_path / "other")
    body.write_bytes(work.body)
    assert "none of them is in" in run("keys", "open", body, "--keys", other.folder).stderr


def test_damaged_folders_of_keys_are_told(tmp_path: Path) -> None:
    district = KeyedDistrict.new(tmp_path / "keys")
    out = tmp_path / "bundle.json"
    out.touch()
    (escrow,) = district.folder.glob("escrow-*.json")
    kept = escrow.read_bytes()
    escrow.unlink()
    assert "district and an escrow key" in run("keys", "bundle", district.folder, "--out", out).stderr
    escrow.write_bytes(kept[:-1])
    assert "take it from a copy" in run("keys", "bundle", district.folder, "--out", out).stderr
    assert "take it from a copy" in run("keys", "new", district.folder).stderr
    escrow.write_bytes(kept)
    counter = district.folder / "bundle-version"
    terminals = tmp_path / "terminals"
    terminals.touch()
    bundled = ("keys", "bundle", district.folder, "--out", out, "--terminals", terminals)
    for damage in (b"", b"-7", "７".encode(), b"\xff"):
        counter.write_bytes(damage)
        refused = run(*bundled)
        assert (refused.exit_code, "--terminals" in refused.stderr) == (1, False)
        assert f"{counter} holds no number: write the newest bundle's into it" in refused.stderr
        assert (out.read_bytes(), counter.read_bytes()) == (b"", damage)
    counter.write_bytes(b"999912312358\n")  # of a clock that ran ahead
    assert run(*bundled).exit_code == 0
    assert counter.read_bytes() == b"999912312359"
    terminals.write_text(f"TY04 {'A' * 43} {'x' * 300}")
    assert "more than a bundle may hold: terminals.0: String should have at most 300" in run(*bundled).stderr
    assert counter.read_bytes() == b"999912312359"
    signing = (district.folder / "signing.pem").read_bytes()
    (private,) = district.folder.glob("district-*.pem")
    shutil.copy(private, district.folder / "signing.pem")
    assert "not an Ed25519 key" in run("keys", "bundle", district.folder, "--out", out).stderr
    private.write_bytes(signing)
    assert "not an X25519 key" in run("keys", "open", out, "--keys", district.folder).stderr
    (district.folder / "signing.pem").unlink()
    assert "can't be read" in run("keys", "bundle", district.folder, "--out", out).stderr
