"""Many lines to a platform of its own process, most of which say nothing."""

from __future__ import annotations

import json
import resource
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from district import lines
from offline_queue.wire import PROBLEM, read_problem
from tests.support.certificates import Authority, Pair

SERVES = """
import sys
from pathlib import Path
from starlette.responses import Response
from district import lines, serving
from district.serving import Door, listen, serve
from district.tls import Tls

async def app(scope, receive, send):
    if scope["type"] == "http":
        await Response(b"well")(scope, receive, send)

certificate, key, client_ca = map(Path, sys.argv[1:4])
files = Tls(certificate=certificate, key=key, client_ca=client_ca)
contexts = [files.context(clients=False), files.context(), None]
doors = [Door(app=app, listener=listen("127.0.0.1", 0), tls=tls) for tls in contexts]
exec(sys.argv[4])
for door in doors:
    print(door.url, file=sys.stderr, flush=True)
serve(doors)
"""
HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HERE, ELSEWHERE, YONDER = "127.0.0.1", "127.0.0.2", "127.0.0.3"


@dataclass(frozen=True, slots=True)
class Platform:
    """`entry` is the port of the door without certificates, `api` of the one with them, `staff` of the one on loopback,
    without TLS."""

    authority: Authority
    own: Pair
    entry: int
    api: int
    staff: int
    process: subprocess.Popen[str]

    def asks(self, port: int, *, source: str = HERE) -> bytes:
        """The answer's first line, or nothing where the line was closed."""
        with suppress(ConnectionError, ssl.SSLEOFError), self.line(port, source) as line:
            line.sendall(HEAD)
            return line.recv(1000).partition(b"\r\n")[0]
        return b""

    @contextmanager
    def line(self, port: int, source: str = HERE) -> Generator[socket.socket]:
        """With TLS, but for the staff's."""
        context = ssl.create_default_context(cafile=self.authority.certificate)
        context.load_cert_chain(self.own.certificate, self.own.key)
        with silent(port, source) as line:
            if port == self.staff:
                yield line
                return
            with context.wrap_socket(line, server_hostname="127.0.0.1") as speaking:
                yield speaking


def silent(port: int, source: str = HERE) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(source, 0))


def is_cut(line: socket.socket) -> bool:
    """Whether the platform has ended it, or does so within the time that the line waits."""
    try:
        return line.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


@contextmanager
def platform(folder: Path, first: str = "") -> Generator[Platform]:
    """`first` is Python that its process runs before it serves."""
    authority = Authority(folder, "ca")
    own = authority.signs("district")
    files = [str(own.certificate), str(own.key), str(authority.certificate)]
    running = subprocess.Popen([sys.executable, "-c", SERVES, *files, first], stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    try:
        entry, api, staff = (int(running.stderr.readline().rstrip("/\n").rpartition(":")[2]) for _ in range(3))
        yield Platform(authority, own, entry, api, staff, running)
    finally:
        running.kill()
        running.communicate(timeout=20)


OK = b"HTTP/1.1 200 OK"


@pytest.mark.parametrize("door", ["entry", "api", "staff"])
def test_whoever_holds_all_lines_he_gets_leaves_room_for_others_and_at_other_doors(tmp_path: Path, door: str) -> None:
    with platform(tmp_path, "serving.lines_of_a_door = lambda: 8; lines.HANDSHAKE_SECONDS = 60.0") as running:
        port: int = getattr(running, door)
        held = [silent(port) for _ in range(40)]
        try:
            for line in held[4:]:
                assert is_cut(line)
            assert running.asks(port) == b""
            assert running.asks(port, source=ELSEWHERE) == OK
            for other in {running.entry, running.api, running.staff} - {port}:
                assert running.asks(other) == OK
            for line in held[:4]:
                line.settimeout(0.01)
                assert not is_cut(line)
            held[0].close()
            deadline = time.monotonic() + 20
            while running.asks(port) != OK:
                assert time.monotonic() < deadline
        finally:
            for line in held:
                line.close()


def test_a_door_that_is_full_takes_the_next_one_when_a_line_has_ended(tmp_path: Path) -> None:
    with platform(tmp_path, "serving.lines_of_a_door = lambda: 4; lines.HANDSHAKE_SECONDS = 60.0") as running:
        held = [silent(running.api, source) for source in (HERE, ELSEWHERE) for _ in range(2)]
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(partial(running.asks, running.api, source=YONDER))
            with pytest.raises(TimeoutError):
                asked.result(0.5)
            held.pop().close()
            assert asked.result(20) == OK
        for line in held:
            line.close()


@pytest.mark.parametrize("door", ["entry", "api"])
def test_a_line_without_tls_is_cut(tmp_path: Path, door: str) -> None:
    with platform(tmp_path, "lines.HANDSHAKE_SECONDS = 0.5") as running, silent(getattr(running, door)) as line:
        since = time.monotonic()
        assert is_cut(line)
        assert 0.3 < time.monotonic() - since < 15


def test_forty_terminals_and_their_residents_phones_come_in_together_from_one_address(tmp_path: Path) -> None:
    """Also where a process may have no more than the usual number of descriptors."""
    usual = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))"
    with platform(tmp_path, usual) as running:
        for port in (running.entry, running.api):
            held = [silent(port) for _ in range(60)]
            with ThreadPoolExecutor(40) as pool:
                asked = [pool.submit(running.asks, port) for _ in range(40)]
                assert [one.result() for one in asked] == [OK] * 40
            for line in held:
                line.close()


def test_a_process_without_descriptors_says_so_once_and_goes_on_when_it_has_some(tmp_path: Path) -> None:
    few = """
import os, resource
def lines_of_a_door():
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 5, 1024))
    return 2000
serving.lines_of_a_door = lines_of_a_door
lines._PAUSE_SECONDS = 0.01
say, tried = lines.Entrance._say, iter(range(30))

def count(self, trouble):
    say(self, trouble)
    if next(tried, 0) == 29:
        print("tried thirty times", file=sys.stderr, flush=True)

lines.Entrance._say = count
"""
    with platform(tmp_path, few) as running:
        held = [silent(running.staff) for _ in range(40)]
        assert running.process.stderr is not None
        assert "no line can be taken in: Too many open files" in running.process.stderr.readline()
        assert running.process.stderr.readline() == "tried thirty times\n"
        for line in held:
            line.close()
        assert running.asks(running.staff) == OK
        running.process.terminate()
        assert running.process.communicate(timeout=20)[1] == ""


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Generator[Platform]:
    with platform(tmp_path_factory.mktemp("usual")) as running:
        yield running
        running.process.terminate()
        said = running.process.communicate(timeout=20)[1].splitlines()
        assert set(said) == {"WARNING:  Invalid HTTP request received."}  # and nothing of libraries to install


def heard(running: Platform, door: str, sent: bytes) -> tuple[bytes, bytes]:
    """An answer's head, and what follows until the platform closes the line."""
    with running.line(getattr(running, door)) as line:
        line.sendall(sent)
        told = b"".join(iter(lambda: line.recv(4096), b""))
    head, _, body = told.partition(b"\r\n\r\n")
    return head.lower(), body


@pytest.mark.parametrize("door", ["entry", "api"])
@pytest.mark.parametrize(
    "sent",
    [
        b"no HTTP\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno length\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HEAD,
    ],
    ids=["head", "body", "two lengths"],
)
def test_what_is_no_http_gets_problem_details_and_the_end_of_the_line(usual: Platform, door: str, sent: bytes) -> None:
    head, body = heard(usual, door, sent)
    assert head.startswith(b"http/1.1 400 ")
    assert b"\r\ncontent-type: application/problem+json\r\n" in head
    assert b"\r\nconnection: close" in head
    assert b"\r\ndate: " in head
    assert read_problem(body).type == f"{PROBLEM}http"


@pytest.mark.parametrize("door", ["entry", "api"])
def test_who_wants_a_websocket_is_answered_as_everybody(usual: Platform, door: str) -> None:
    wants = b"Connection: upgrade, close\r\nUpgrade: websocket\r\n\r\n"
    head, body = heard(usual, door, HEAD.removesuffix(b"\r\n") + wants)
    assert (head.startswith(b"http/1.1 200 "), body) == (True, b"well")


@pytest.mark.parametrize(("soft", "hard", "share"), [(256, 1024, 256), (1024, 20_000, 2000), (512, 512, 128)])
def test_a_door_has_a_quarter_of_what_the_process_may_open(soft: int, hard: int, share: int) -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most < hard:
        pytest.skip(f"no process may open {hard} files here")
    script = f"""
import json, resource
from district.lines import lines_of_a_door
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
print(json.dumps([lines_of_a_door(), *resource.getrlimit(resource.RLIMIT_NOFILE)]))
"""
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, timeout=60)
    assert json.loads(said.stdout) == [share, min(4 * lines.MOST_LINES, hard), hard]


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::1:2:3:4", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_an_ipv6_network_counts_as_one(host: str, network: str) -> None:
    assert lines.network_of(host) == network
