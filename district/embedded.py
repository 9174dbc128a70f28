"""A district platform inside the demo and the tests, with a network that can be cut and restored."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType

from district.app import Settings, create_app, open_store
from district.lines import MOST_LINES
from district.serving import Door, Server, listen
from district.staff import Role, StaffRegister
from district.store import DistrictStore
from district.terminals import Terminals

_START_SECONDS = 20.0


class EmbeddedDistrict:
    """Serves on loopback in its own thread. `port` 0 takes a free one and keeps it over cuts; `keys` is the folder of
    private keys that open what is sealed; `public_url` as in :class:`district.app.Settings`; `clock` is the staff
    page's."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        keys: Path | None = None,
        public_url: str | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._settings = Settings(
            database=f"sqlite:///{folder / 'district.db'}", papers=folder / "papers", keys=keys, public_url=public_url
        )
        self._clock = clock
        self._port = port
        self._server: _Server | None = None

    @classmethod
    def of(cls, settings: Settings) -> EmbeddedDistrict:
        """With settings of all kinds: a larger database, a bucket."""
        district = cls(Path())
        district._settings = settings
        return district

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def is_reachable(self) -> bool:
        return self._server is not None

    def start(self) -> None:
        """Listen; returns when requests are answered. Raises OSError when the port is taken."""
        if self._server is None:
            listener = listen("127.0.0.1", self._port)
            self._port = listener.getsockname()[1]
            self._server = _Server(self._settings, listener, self._clock)
            self._server.start()

    def stop(self) -> None:
        """Finish requests under way and close every connection; later ones are refused."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def cut(self) -> None:
        """Cut the network: from the terminal's side the platform is gone."""
        self.stop()

    def restore(self) -> None:
        self.start()

    def register(self, code: str, public_key: bytes) -> None:
        """Only registered terminals' signed requests are answered from now on."""
        store = self.open_store()
        Terminals(store.engine).add(code, public_key)
        store.close()

    def let_in(self, name: str, password: str, role: Role) -> None:
        """Somebody may sign in to the staff page by this name, with this password from now on. Raises ValueError."""
        store = self.open_store()
        try:
            register = StaffRegister(store.engine)
            if not register.set_password(name, password):
                register.add(name, password, role)
        finally:
            store.close()

    def open_store(self) -> DistrictStore:
        """A view of what was received, for a control panel or a test; the caller closes it."""
        return open_store(self._settings)

    def __enter__(self) -> EmbeddedDistrict:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, trouble: BaseException | None, at: TracebackType | None
    ) -> None:
        self.stop()


class _Server:
    def __init__(self, settings: Settings, listener: socket.socket, clock: Callable[[], datetime] | None) -> None:
        self._ready = threading.Event()
        door = Door(app=create_app(settings, clock=clock), listener=listener)
        self._server = _Announcing(door, MOST_LINES, self._ready)
        self._thread = threading.Thread(target=self._server.run, args=([],), name="district", daemon=True)

    def start(self) -> None:
        self._thread.start()
        if not self._ready.wait(_START_SECONDS):
            raise RuntimeError("the embedded district platform did not start")

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()


class _Announcing(Server):
    """Says when it listens, so that nobody has to poll."""

    def __init__(self, door: Door, most: int, ready: threading.Event) -> None:
        super().__init__(door, most)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._ready.set()
