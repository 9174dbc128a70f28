"""Several doors of one platform, in a process of its own, as it is told to end."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time

from offline_queue.wire import PROBLEM, read_problem

HEAD = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n"
SERVES = """
import sys
from starlette.requests import Request
from starlette.responses import Response
from district.serving import Door, listen, serve

async def app(scope, receive, send):
    if scope["type"] == "http":
        print("begun", file=sys.stderr, flush=True)
        await Request(scope, receive).body()
        await Response(b"well")(scope, receive, send)

doors = [Door(app=app, listener=listen("127.0.0.1", 0)) for _ in range(3)]
for door in doors:
    print(door.url, file=sys.stderr, flush=True)
serve(doors)
"""


def test_all_doors_close_at_once_and_finish_what_is_under_way() -> None:
    running = subprocess.Popen([sys.executable, "-c", SERVES], stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    try:
        ports = [int(running.stderr.readline().rstrip("/\n").rpartition(":")[2]) for _ in range(3)]
        lines = [socket.create_connection(("127.0.0.1", port), timeout=20) for port in ports]
        for line in lines:
            line.sendall(HEAD)
        assert [running.stderr.readline().strip() for _ in lines] == ["begun"] * 3
        running.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 30
        while any(map(takes_connections, ports)):
            assert time.monotonic() < deadline
        for line in lines:
            line.sendall(b"1")
            assert line.recv(1000).startswith(b"HTTP/1.1 200 ")
            line.close()
        _, said = running.communicate(timeout=20)
        assert (running.returncode, said) == (-signal.SIGTERM, "")
    finally:
        running.kill()
        running.communicate(timeout=20)


def test_what_is_half_there_when_time_is_over_is_told_to_come_later() -> None:
    hasty = SERVES.replace("\ndoors =", "\nfrom district import serving\nserving._LAST_SECONDS = 0.5\ndoors =", 1)
    with subprocess.Popen([sys.executable, "-c", hasty], stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        port, *_ = (int(running.stderr.readline().rstrip("/\n").rpartition(":")[2]) for _ in range(3))
        lines = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(2)]
        for line, method in zip(lines, (b"PUT", b"HEAD"), strict=True):
            line.sendall(HEAD.replace(b"PUT", method).replace(b"Length: 1", b"Length: 1000") + b"abc")
            assert running.stderr.readline() == "begun\n"
        running.send_signal(signal.SIGTERM)
        heard = [b"".join(iter(lambda line=line: line.recv(4096), b"")) for line in lines]
        for answer in heard:
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nretry-after: " in answer
        assert read_problem(heard[0].partition(b"\r\n\r\n")[2]).type == f"{PROBLEM}later"
        for line in lines:
            line.close()
        said = running.communicate(timeout=20)[1]
        assert said == "ERROR:    Cancel 2 running task(s), timeout graceful shutdown exceeded\n"


def takes_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=20).close()
    except OSError:
        return False
    return True
