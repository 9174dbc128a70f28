"""The staff page for other machines: only with a certificate of the staff's authority, and cookies that know TLS."""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from district.cli import main
from district.database import open_engine
from district.staff import Role, StaffRegister
from tests.support.certificates import Authority, Pair
from tests.support.staff_site import PASSWORD


@dataclass(frozen=True)
class Running:
    url: str
    ca: Path
    good: Pair
    stranger: Pair

    def session(self, pair: Pair) -> requests.Session:
        session = requests.Session()
        session.trust_env = False  # an environment's own authorities would win over ours
        session.verify = str(self.ca)
        session.cert = (str(pair.certificate), str(pair.key))
        return session


@pytest.fixture(scope="module")
def staff(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("staff")
    platform, people = Authority(folder, "district-ca"), Authority(folder, "staff-ca")
    own = platform.signs("district")
    words = ["--tls-cert", str(own.certificate), "--tls-key", str(own.key), "--client-ca", str(platform.certificate)]
    words += ["--host", "0.0.0.0", "--port", "0", "--staff-host", "0.0.0.0", "--staff-port", "0"]
    words += ["--staff-ca", str(people.certificate)]
    database = f"sqlite:///{folder / 'district' / 'district.db'}"
    engine = open_engine(database)
    StaffRegister(engine).add("li", PASSWORD, Role.CLERK)
    engine.dispose()
    process = subprocess.Popen(
        [sys.executable, "-c", "from district.cli import main; main()", "serve", *words],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "KIOSK_DATA_DIR": str(folder)},
    )
    assert process.stderr is not None
    _, url = (process.stderr.readline().strip().replace("0.0.0.0", "127.0.0.1").rstrip("/") for _ in range(2))
    yield Running(url, platform.certificate, people.signs("desk-1"), platform.signs("TY03"))
    process.kill()
    process.communicate(timeout=20)


def test_a_password_alone_opens_nothing_from_another_machine(staff: Running) -> None:
    with staff.session(staff.stranger) as session, pytest.raises(requests.exceptions.ConnectionError):
        session.get(f"{staff.url}/sign-in", timeout=10)
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(f"{staff.url}/sign-in", verify=str(staff.ca), timeout=10)


def test_cookies_are_for_tls_and_this_host_only(staff: Running) -> None:
    with staff.session(staff.good) as session:
        page = session.get(f"{staff.url}/sign-in", timeout=10)
        assert page.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
        form = page.headers["Set-Cookie"]
        assert form.startswith("__Host-form=")
        found = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert found is not None
        fields = {"csrf": found[1], "name": "li", "password": PASSWORD}
        cookies = {"__Host-form": form.partition("=")[2].partition(";")[0]}
        done = session.post(
            f"{staff.url}/sign-in",
            data=fields,
            cookies=cookies,
            headers={"Origin": staff.url},
            allow_redirects=False,
            timeout=20,
        )
        kept = done.headers["Set-Cookie"]
        assert kept.startswith("__Host-staff=")
        assert {part.strip() for part in kept.split(";")[1:]} == {"HttpOnly", "Path=/", "SameSite=strict", "Secure"}
        token = kept.partition("=")[2].partition(";")[0]
        assert session.get(f"{staff.url}/cases", cookies={"__Host-staff": token}, timeout=10).url.endswith("/cases")
        session.cookies.clear()
        # Without its prefix it is not believed.
        assert session.get(f"{staff.url}/cases", cookies={"staff": token}, timeout=10).url.endswith("/sign-in")


def test_only_todays_tls_is_spoken(staff: Running) -> None:
    host, _, port = staff.url.removeprefix("https://").partition(":")

    def spoken(most: ssl.TLSVersion | None = None, ciphers: str = "DEFAULT") -> tuple[str | None, str]:
        ours = ssl.create_default_context(cafile=str(staff.ca))
        ours.load_cert_chain(staff.good.certificate, staff.good.key)
        ours.set_ciphers(f"{ciphers}:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that these are old is the point
            ours.minimum_version = ssl.TLSVersion.TLSv1
            ours.maximum_version = most or ssl.TLSVersion.MAXIMUM_SUPPORTED
        line = socket.create_connection((host, int(port)), timeout=10)
        with line, ours.wrap_socket(line, server_hostname=host) as secured:
            cipher = secured.cipher()
            assert cipher is not None
            return secured.version(), cipher[0]

    assert spoken() == ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    version, cipher = spoken(ssl.TLSVersion.TLSv1_2)
    assert (version, cipher.startswith("ECDHE-"), "GCM" in cipher) == ("TLSv1.2", True, True)
    for most, ciphers in (
        (ssl.TLSVersion.TLSv1_1, "DEFAULT"),
        (ssl.TLSVersion.TLSv1, "DEFAULT"),
        (ssl.TLSVersion.TLSv1_2, "AES128-SHA"),
        (ssl.TLSVersion.TLSv1_2, "AES256-GCM-SHA384"),  # without forward secrecy
    ):
        with pytest.raises(ssl.SSLError):
            spoken(most, ciphers)


def test_nothing_is_said_without_tls(staff: Running) -> None:
    plain = staff.url.replace("https://", "http://")
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(f"{plain}/sign-in", allow_redirects=False, timeout=10)


def test_the_staff_port_answers_in_words_too(staff: Running) -> None:
    with staff.session(staff.good) as session:
        for path in ("/nonsense", "/v1x"):
            answer = session.get(f"{staff.url}{path}", timeout=10)
            assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
            assert "没有这个网页" in answer.text


def test_others_are_let_near_it_with_certificates_or_not_at_all(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "district-ca")
    own = authority.signs("district")
    tls = ["--tls-cert", str(own.certificate), "--tls-key", str(own.key), "--client-ca", str(authority.certificate)]

    def serve(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["serve", *words], env={"KIOSK_DATA_DIR": str(tmp_path)})
        return done.exit_code, done.output

    status, said = serve(*tls, "--staff-host", "0.0.0.0")
    assert (status, "without --staff-ca only loopback" in said) == (2, True)
    status, said = serve("--staff-ca", str(authority.certificate))
    assert (status, "goes with mutual TLS" in said) == (2, True)
