"""Shows a Qt program over VNC to this machine only.

Qt's VNC platform listens on every interface and knows no password, so the program gets a network of its own in which
only the loopback exists (Linux network namespace). The one way in is a socket that was opened outside, on 127.0.0.1,
before that network was made: a socket stays in the network it was born in, and what connects there is handed to Qt
inside. Where the namespace is refused, nothing is started.

    vnc.py PROGRAM ARGUMENT…
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time

PORT = 5900  # display :0 of every VNC viewer
SCREEN = os.environ.get("KIOSK_VNC_SCREEN", "1920x1920")  # the portrait terminal and its panel beside it
START_SECONDS = 60.0
LOOPBACK_UP = ("ip", "link", "set", "lo", "up")


def refuse(sentence: str, remedy: str) -> int:
    """One sentence and a remedy, as every script here does it."""
    print(f"Stopped: {sentence}\nWhat to do: {remedy}", file=sys.stderr)
    return 1


def outside(program: list[str]) -> int:
    """In the machine's network: open the door on 127.0.0.1, then start the inside behind it."""
    namespace = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
    if subprocess.run([*namespace, *LOOPBACK_UP], capture_output=True, check=False).returncode:
        return refuse(
            "this machine allows no private network, and without one Qt's VNC would be open to everyone around.",
            "run this as root, or use script/run --headless.",
        )
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind(("127.0.0.1", PORT))
    except OSError as error:
        return refuse(f"port {PORT} on 127.0.0.1 is taken ({error.strerror}).", "stop the other VNC server first.")
    door.listen()
    door.set_inheritable(True)
    return os.execvp("unshare", [*namespace, sys.executable, __file__, "--inside", str(door.fileno()), *program])


def inside(door: socket.socket, program: list[str]) -> int:
    """In the private network: start the program on Qt's VNC platform and let the door's callers in."""
    door.set_inheritable(False)
    subprocess.run(LOOPBACK_UP, check=True)
    environment = os.environ | {"QT_QPA_PLATFORM": f"vnc:size={SCREEN}:port={PORT}", "QT_QUICK_BACKEND": "software"}
    process = subprocess.Popen(program, env=environment)

    def end(_signal: int, _frame: object) -> None:
        process.terminate()

    signal.signal(signal.SIGTERM, end)
    threading.Thread(target=let_in, args=(door, process), daemon=True).start()
    try:
        status = process.wait()
    except KeyboardInterrupt:
        process.terminate()
        status = process.wait()
    return status if status >= 0 else 128 - status  # as a shell reports a signal


def let_in(door: socket.socket, process: "subprocess.Popen[bytes]") -> None:
    """Joins every caller to Qt's server; says once that the door is open."""
    server = connect_when_up(process)
    if server is None:
        return
    server.close()
    print(
        f"The terminal is on 127.0.0.1:{PORT} of this machine only. From elsewhere: ssh -L {PORT}:127.0.0.1:{PORT} …",
        file=sys.stderr,
    )
    while True:
        caller, _ = door.accept()
        server = connect_when_up(process)
        if server is None:
            caller.close()
            return
        for source, target in ((caller, server), (server, caller)):
            threading.Thread(target=pump, args=(source, target), daemon=True).start()


def connect_when_up(process: "subprocess.Popen[bytes]") -> socket.socket | None:
    """A connection to Qt's server, waiting for it to listen; None when the program is gone or never does."""
    give_up = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < give_up:
        try:
            return socket.create_connection(("127.0.0.1", PORT), timeout=None)
        except ConnectionRefusedError:
            time.sleep(0.1)
    return None


def pump(source: socket.socket, target: socket.socket) -> None:
    """Carries bytes one way until either side hangs up, then hangs up on both."""
    try:
        while chunk := source.recv(65536):
            target.sendall(chunk)
    except OSError:
        pass  # hung up in the middle: nothing is left to carry
    for side in (source, target):
        with contextlib.suppress(OSError):  # the other pump was first
            side.shutdown(socket.SHUT_RDWR)


def main(arguments: list[str]) -> int:
    """Outside first; the namespace then starts this file again with --inside."""
    if arguments[:1] == ["--inside"]:
        return inside(socket.socket(fileno=int(arguments[1])), arguments[2:])
    return outside(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
