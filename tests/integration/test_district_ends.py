"""What is over one day is said while there is time."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from district import ends
from district.authority import new_authority
from district.ends import begin_saying_what_ends, what_ends
from district.keys import make_bundle, new_keys
from tests.support.certificates import Authority, Pair
from tests.support.check_rig import DISTRICT


class Files:
    def __init__(self, folder: Path) -> None:
        self.made = datetime.now(tz=UTC)
        self.authority = Authority(folder, "Terminals")  # for 60 days
        self.own: Pair = self.authority.signs("district", lasts=timedelta(days=40))
        self.bundle = folder / "bundle.json"
        self.keys = folder / "keys"
        new_keys(self.keys, now=datetime.now(tz=UTC))
        self.bundle.write_bytes(make_bundle(self.keys, now=datetime.now(tz=UTC), days=50))

    def said(self, days: int) -> list[str]:
        """So many days later."""
        later = datetime.now(tz=UTC) + timedelta(days=days)
        return what_ends([self.own.certificate, self.authority.certificate], self.bundle, now=later)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_each_is_said_for_thirty_days_before_its_end_and_after_it(files: Files) -> None:
    certificate = f"the certificate of CN=district in {files.own.certificate} "
    authority = f"the certificate of CN=Terminals in {files.authority.certificate} "
    bundle = f"the bundle {files.bundle} "
    days = {"own": 40, "bundle": 50, "authority": 60}
    end = {name: f"{files.made + timedelta(days=one):%Y-%m-%d}" for name, one in days.items()}
    assert files.said(9) == []
    assert files.said(11) == [f"{certificate}ends on {end['own']}: make another, and serve anew"]
    assert [one.partition(": ")[0] for one in files.said(41)] == [
        f"{certificate}is over since {end['own']}",
        f"{authority}ends on {end['authority']}",
        f"{bundle}ends on {end['bundle']}",
    ]
    assert files.said(51)[-1].startswith(
        f"{bundle}is over since {end['bundle']}: district keys bundle makes a newer one"
    )


def test_of_a_chain_each_certificate_counts(files: Files) -> None:
    chain = files.own.certificate.read_bytes() + files.authority.certificate.read_bytes()
    files.own.certificate.write_bytes(chain)
    assert len(what_ends([files.own.certificate], None, now=datetime.now(tz=UTC) + timedelta(days=61))) == 2


def test_what_cannot_be_read_any_more_is_said(files: Files) -> None:
    files.own.certificate.write_text("gone", "utf-8")
    files.bundle.unlink()
    assert files.said(0) == [
        f"{files.own.certificate} can't be read as certificates in PEM",
        f"{files.bundle} can't be read: No such file or directory",
    ]


def test_it_is_said_again_and_again(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    looked, third = 0, Event()

    def look(*_: object, **__: object) -> list[str]:
        nonlocal looked
        looked += 1
        if looked == 3:
            third.set()
            Event().wait()  # it is a thread that ends with the process
        return []

    monkeypatch.setattr(ends, "what_ends", look)
    monkeypatch.setattr(ends, "_DAY_SECONDS", 0)
    begin_saying_what_ends([files.own.certificate], files.bundle)
    assert third.wait(20)


def test_a_platform_says_it_when_it_begins(files: Files, tmp_path: Path) -> None:
    ca = tmp_path / "ca"
    new_authority(ca, name="Issues", now=datetime.now(tz=UTC), days=10)
    files.bundle.write_bytes(make_bundle(files.keys, now=datetime.now(tz=UTC) - timedelta(days=9), days=8))
    tls = ["--tls-cert", str(files.own.certificate), "--tls-key", str(files.own.key)]
    tls += ["--client-ca", str(files.authority.certificate), "--port", "0", "--staff-port", "0"]
    words = ["serve", *tls, "--issue", str(ca), "--bundle", str(files.bundle)]
    command = [*DISTRICT, *words, "--database", f"sqlite:///{tmp_path / 'district.db'}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        said = [running.stderr.readline() for _ in range(4)]
        running.terminate()
        assert running.communicate(timeout=20)[1] == ""
    assert [one.partition(":")[0] for one in said[:2]] == ["https", "http"]
    assert said[2].startswith(f"the certificate of CN=Issues in {ca / 'ca.pem'} ends on ")
    assert said[3].startswith(f"the bundle {files.bundle} is over since ")
