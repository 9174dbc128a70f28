"""Mutual TLS against `district serve` as it is started: only who has a certificate of the district gets a word."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from district.cli import main
from offline_queue.client import PlatformClient
from offline_queue.model import Paper
from offline_queue.numbers import base64url
from offline_queue.retry import Answer, Failure, FailureKind
from offline_queue.sync import sync_once
from offline_queue.transport import Certificates
from tests.support.certificates import Authority, Pair
from tests.support.queue_rig import open_store

UID = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"


class District:
    """`district serve` with mutual TLS; it says where API and staff page are."""

    def __init__(self, folder: Path, authority: Authority, own: Pair) -> None:
        words = ["--tls-cert", str(own.certificate), "--tls-key", str(own.key)]
        words += ["--client-ca", str(authority.certificate), "--port", "0", "--staff-port", "0"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from district.cli import main; main()", "serve", *words, "--host", "0.0.0.0"],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "KIOSK_DATA_DIR": str(folder)},
        )
        assert self.process.stderr is not None
        self.url, self.staff = (self.process.stderr.readline().strip() for _ in range(2))
        self.url = self.url.replace("0.0.0.0", "127.0.0.1")

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=20)


DOCS = Path(__file__).parents[2] / "docs" / "district.md"


def test_what_is_made_as_the_manual_says_serves_terminals_that_know_its_authority(tmp_path: Path) -> None:
    page = DOCS.read_text("utf-8").partition("in a folder that is its own:\n\n")[2]
    made, serve = page.partition("\n\n")[0], page.partition("    district serve ")[2].partition("\n\n")[0]

    def here(text: str) -> str:
        return text.replace("/srv", str(tmp_path)).replace("district.example", "localhost").replace("\\\n", "")

    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "KIOSK_DATA_DIR": "data",
    }
    subprocess.run(["bash", "-euc", here(made)], env=environment, check=True, capture_output=True, timeout=60)
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.rglob("*"))
    words = [word if not word.isdigit() else "0" for word in here(serve).split()]
    running = subprocess.Popen(
        [sys.executable, "-c", "from district.cli import main; main()", "serve", *words],
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    try:
        assert running.stderr is not None
        door: str = [running.stderr.readline().strip() for _ in range(3)][-1].replace("0.0.0.0", "localhost")
        context = ssl.create_default_context(cafile=tmp_path / "server-ca.pem")
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        with closing(HTTPSConnection(urlsplit(door).netloc, context=context, timeout=20)) as line:
            line.request("GET", "/v1/enrolments")
            assert line.getresponse().status == 405
    finally:
        running.kill()
        running.communicate(timeout=20)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder, "district-ca")


@pytest.fixture(scope="module")
def district(folder: Path, authority: Authority) -> Iterator[District]:
    running = District(folder, authority, authority.signs("district"))
    yield running
    running.stop()


def ask(district: District, ca: Path, own: Pair | None) -> Answer | Failure:
    pair = None if own is None else (own.certificate, own.key)
    client = PlatformClient(district.url, certificates=Certificates(ca=ca, own=pair), deadline=10)
    try:
        return client.progress(UID)
    finally:
        client.close()


def test_a_certificate_hands_nothing_in_by_itself(folder: Path, authority: Authority, district: District) -> None:
    """Not even before the first terminal is registered: whoever has one could say to be any terminal."""
    store = open_store(folder / "unsigned")
    own = authority.signs("TY09")
    store.put(matter="m", form={})
    client = PlatformClient(
        district.url, certificates=Certificates(ca=authority.certificate, own=(own.certificate, own.key))
    )
    assert sync_once(store, client).delivered == 0
    answer = client.progress(UID)
    assert isinstance(answer, Answer)
    assert answer.status == 401
    client.close()
    store.close()


def test_a_terminal_with_a_certificate_delivers(folder: Path, authority: Authority, district: District) -> None:
    store = open_store(folder / "queue")
    database = f"sqlite:///{folder / 'district' / 'district.db'}"
    key = base64url(store.public_key[1])
    added = CliRunner().invoke(main, ["terminals", "add", "TY03", key, "--database", database])
    assert added.exit_code == 0, added.output
    own = authority.signs("TY03")
    store.put(matter="m", form={}, attachments=[Paper(material="m", media_type="image/png", content=b"1" * 2_000_000)])
    client = PlatformClient(
        district.url,
        signer=store.signer(),
        certificates=Certificates(ca=authority.certificate, own=(own.certificate, own.key)),
    )
    assert sync_once(store, client).delivered == 1
    client.close()
    store.close()


def test_without_a_certificate_of_the_district_nobody_gets_a_word(
    folder: Path, authority: Authority, district: District
) -> None:
    other = Authority(folder, "other-ca")
    for own in (None, other.signs("stranger"), authority.signs("late", lasts=timedelta(days=-1))):
        answer = ask(district, authority.certificate, own)
        assert isinstance(answer, Failure), answer
    assert isinstance(ask(district, authority.certificate, authority.signs("good")), Answer)


def test_a_terminal_believes_its_own_authorities_only(folder: Path, authority: Authority, district: District) -> None:
    other = Authority(folder, "third-ca")
    assert ask(district, other.certificate, authority.signs("TY04")) == Failure(kind=FailureKind.TLS)


def test_the_staff_page_stays_on_this_machine(district: District, authority: Authority) -> None:
    assert district.staff.startswith("http://127.0.0.1:")
    assert requests.get(district.staff, timeout=10).status_code == 200
    assert requests.get(f"{district.staff}v1/health", timeout=10).json() == {"status": "pass"}
    own = authority.signs("curious")
    page = requests.get(
        district.url, cert=(str(own.certificate), str(own.key)), verify=str(authority.certificate), timeout=10
    )
    assert page.status_code == 404


def test_mutual_tls_is_whole_or_refused(tmp_path: Path, authority: Authority) -> None:
    own = authority.signs("half")

    def serve(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["serve", *words], env={"KIOSK_DATA_DIR": str(tmp_path)})
        return result.exit_code, result.output

    status, said = serve("--tls-cert", str(own.certificate))
    assert (status, "go together" in said) == (2, True)
    status, said = serve("--enrol-port", "0")
    assert (status, "goes with mutual TLS" in said) == (2, True)
    status, said = serve("--issue", str(tmp_path))
    assert (status, "holds no authority" in said) == (2, True)
    status, said = serve("--bundle", str(own.certificate))
    assert (status, "not what district keys bundle wrote" in said) == (2, True)


def test_the_file_that_cannot_be_used_is_named(tmp_path: Path, authority: Authority) -> None:
    own, other = authority.signs("own"), authority.signs("other")
    locked = tmp_path / "locked.pem"
    secret = load_pem_private_key(own.key.read_bytes(), None)
    locked.write_bytes(secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))

    def said(certificate: Path, key: Path, client_ca: Path) -> str:
        words = ["--tls-cert", str(certificate), "--tls-key", str(key), "--client-ca", str(client_ca)]
        done = CliRunner().invoke(main, ["serve", *words], env={"KIOSK_DATA_DIR": str(tmp_path)})
        assert done.exit_code == 1
        return done.stderr.removeprefix("Error: ")

    ca = authority.certificate
    assert said(own.certificate, locked, ca).startswith(f"{locked} is under a passphrase: openssl pkey -in {locked} ")
    assert said(own.key, own.key, ca).startswith(f"{own.key} holds no certificate in PEM: ")
    assert said(own.certificate, ca, ca).startswith(f"{ca} holds no private key in PEM, ")
    assert said(own.certificate, other.key, ca).startswith(f"{other.key} is not the key of {own.certificate}: ")
    assert said(own.certificate, own.key, own.key).startswith(f"{own.key} holds no certificates in PEM: ")


def test_a_renewed_certificate_is_taken_up_without_a_restart(authority: Authority, district: District) -> None:
    first = authority.signs("renewing", lasts=timedelta(days=-1))
    client = PlatformClient(
        district.url,
        certificates=Certificates(ca=authority.certificate, own=(first.certificate, first.key)),
        deadline=10,
    )
    assert isinstance(client.progress(UID), Failure)
    authority.signs("renewing")
    assert isinstance(client.progress(UID), Answer)
    client.close()
