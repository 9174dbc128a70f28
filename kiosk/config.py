"""The terminal's configuration: TOML read once into frozen models.

Unknown keys are refused with file, key and reason."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from kiosk.domain.staff_code import is_hash
from kiosk.domain.words import Text


class ConfigError(Exception):
    """A configuration that cannot be used; the text names the file, the key and the reason."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def safe_url(url: str) -> str:
    """``url`` without a slash at its end. Raises :class:`ValueError` when what residents enter would travel openly."""
    parts = urlsplit(url)
    local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and local)):
        raise ValueError("must be https:// (plain http only to this machine)")
    return url.rstrip("/")


class Village(_Table):
    """One entry of the hall's list of villages and communities. ``code`` is what is handed in."""

    code: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,32}$")]
    name: Text


class HallTable(_Table):
    name: Text = Text(zh="便民服务大厅", en="Service hall")
    terminal: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}[0-9]{2}$")] = "TY01"
    help_line: Text = Text(zh="有疑问请问大厅工作人员", en="Questions? Ask the hall staff")
    villages: tuple[Village, ...] = ()


class PatienceTable(_Table):
    """Seconds of silence; care mode multiplies each by ``care_factor``."""

    idle: Annotated[float, Field(gt=0, le=900)] = 90
    warning: Annotated[float, Field(ge=5, le=300)] = 30
    thanks: Annotated[float, Field(gt=0, le=60)] = 8
    care_factor: Annotated[float, Field(ge=1, le=5)] = 1.5


class CardTable(_Table):
    """``readers``: their addresses, see docs/devices-card.md. ``csca``: a folder of CSCA certificates (DER or PEM)."""

    readers: Annotated[tuple[str, ...], Field(min_length=1, max_length=8)] = ("pcsc:",)
    csca: Path | None = None

    @field_validator("readers")
    @classmethod
    def _are_readers(cls, readers: tuple[str, ...]) -> tuple[str, ...]:
        from devices.card.addresses import REPLAY, check_address

        for address in readers:
            if check_address(address).startswith(f"{REPLAY}:"):
                raise ValueError("a terminal reads no card that was written down; that is for kiosk card read")
        return readers


_LARGEST_SETTING = 20_000
"""Above what cameras know: 2047 x 100 µs, 10000 K."""


class OneCamera(_Table):
    """``source``: a device, a file, a folder of pictures or a stream URL; what else is asked of a device is read back,
    and what it refused shows in the doctor. See docs/devices-camera.md."""

    source: str = "/dev/video0"
    format: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{3,4}$")] = "MJPG"
    width: Annotated[int, Field(ge=320, le=8192)] = 1920
    height: Annotated[int, Field(ge=240, le=8192)] = 1080
    rate: Annotated[float, Field(ge=1, le=60)] = 25
    exposure: Literal["auto"] | int = "auto"
    gain: Literal["auto"] | int = "auto"
    focus: Literal["auto"] | int = "auto"
    white_balance: Literal["auto"] | int = "auto"

    @field_validator("exposure", "gain", "focus", "white_balance", mode="before")
    @classmethod
    def _is_setting(cls, value: object) -> object:
        if value == "auto" or (type(value) is int and 0 <= value <= _LARGEST_SETTING):
            return value
        raise ValueError(f'must be "auto" or a whole number up to {_LARGEST_SETTING}')


class CameraTable(OneCamera):
    """The camera over the mat; it reads codes, too, unless ``codes`` names a second one for them."""

    codes: OneCamera | None = None


class PrinterTable(_Table):
    """``uri``: ``tcp://``, ``serial:``, ``usb:``, ``file:`` or ``cups:``; the rest as in
    :class:`devices.printer.api.Setup`. See docs/devices-printer.md."""

    uri: str = ""
    width: Literal[384, 576, 640] = 576
    text: Literal["picture", "native"] = "picture"
    qr: Literal["picture", "native"] = "picture"
    band_rows: Annotated[int, Field(ge=8, le=2048)] = 128
    skip_blank: bool = True
    cut: Literal["full", "partial", "none"] = "partial"
    code_page: Literal["gb2312", "gbk", "gb18030"] = "gb18030"
    status: Literal["none", "dle-eot", "gs-r"] = "gs-r"
    profile: str = ""


_AlsaName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_:=,.{} '-]{0,99}$")]
_VoiceName = Annotated[str, StringConstraints(pattern=r"^([^\x00-\x1f-][^\x00-\x1f]{0,99})?$")]


class VoicesTable(_Table):
    """The voice of each language by the engine's own name (``kiosk speech list``); empty: its first one."""

    zh: _VoiceName = ""
    en: _VoiceName = ""


class SpeechTable(_Table):
    """``engine`` speaks, after the recorded ``clips`` (a folder) were looked at; ``headphones`` and ``jack`` for
    terminals that have a socket. See docs/devices-speech.md."""

    engine: Literal["none", "clips", "espeak-ng", "speech-dispatcher"] = "espeak-ng"
    clips: str = ""
    voices: VoicesTable = VoicesTable()
    rate: Annotated[float, Field(ge=0.5, le=2)] = 1.0
    volume: Annotated[float, Field(ge=0, le=1)] = 0.8
    loudspeaker: _AlsaName = "default"
    headphones: _AlsaName = "default"
    jack: str = ""
    socket: str = ""
    module: _VoiceName = ""


class PlatformTable(_Table):
    """``url``: the district platform; plain http is for this machine itself only. ``slip_host``: the name in the
    slip's QR code, when it is not the url's. ``slip_keys``: the public keys of the district's terminals, a file or a
    folder of files; see docs/devices-printer.md. PEM files: ``ca`` replaces the built-in authorities, ``client_cert``
    and ``client_key`` show the platform who calls. ``upload_kbps`` (kilobits a second, 0: as fast as it goes) and
    ``upload_hours`` (such as 20:00-06:00) are for papers; forms never wait for them. ``bundle_key``: the key by which
    the district signs bundles (``district keys new`` prints it); with it everything handed in is sealed to the
    installed bundle's keys."""

    url: str = ""
    slip_host: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{0,253}$")] = ""
    slip_keys: Path | None = None
    ca: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    upload_kbps: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    upload_hours: str = ""
    bundle_key: str = ""

    @field_validator("bundle_key")
    @classmethod
    def _is_key(cls, key: str) -> str:
        from offline_queue.bundle import public_raw

        if key:
            public_raw(key)
        return key

    @field_validator("url")
    @classmethod
    def _is_safe(cls, url: str) -> str:
        return safe_url(url) if url else url

    @field_validator("upload_hours")
    @classmethod
    def _are_hours(cls, hours: str) -> str:
        from offline_queue.line import Hours

        if hours:
            Hours.parse(hours)
        return hours

    @model_validator(mode="after")
    def _is_whole(self) -> PlatformTable:
        if (self.client_cert is None) != (self.client_key is None):
            raise ValueError("client_cert and client_key go together")
        return self


class QueueTable(_Table):
    """``keep_days``: how long number, times and digests of what was delivered are remembered. ``key_store``: where this
    machine's own key lies; ``tpm``: how its TPM is reached (TCTI); ``cipher``: what that key seals with."""

    keep_days: Annotated[int, Field(ge=1, le=3650)] = 180
    key_store: Literal["auto", "tpm", "credential", "file"] = "auto"
    tpm: Annotated[str, StringConstraints(pattern=r"^[a-z]+:[^\x00-\x1f]{1,200}$")] = "device:/dev/tpmrm0"
    cipher: Literal["aes256-gcm", "sm4-gcm"] = "aes256-gcm"


class StaffTable(_Table):
    """``code``: what `kiosk staff code` printed; it opens the staff view. Empty: there is none."""

    code: str = ""

    @field_validator("code")
    @classmethod
    def _is_hash(cls, code: str) -> str:
        if code and not is_hash(code):
            raise ValueError("must be what kiosk staff code prints")
        return code


class ScreenTable(_Table):
    """``fullscreen`` on a terminal; ``contrast`` is yellow on black."""

    fullscreen: bool = True
    theme: Literal["day", "contrast"] = "day"


class Config(_Table):
    """The whole file. ``data`` is the folder of queue, keys and logs."""

    data: Path = Path("/var/lib/township-kiosk")
    hall: HallTable = HallTable()
    patience: PatienceTable = PatienceTable()
    card: CardTable = CardTable()
    camera: CameraTable = CameraTable()
    printer: PrinterTable = PrinterTable()
    speech: SpeechTable = SpeechTable()
    platform: PlatformTable = PlatformTable()
    queue: QueueTable = QueueTable()
    staff: StaffTable = StaffTable()
    screen: ScreenTable = ScreenTable()


def data_folder(config: Config) -> Path:
    """Where data lives: ``KIOSK_DATA_DIR`` when set, else where the configuration says."""
    override = os.environ.get("KIOSK_DATA_DIR")
    return Path(override) if override else config.data


def load(path: Path) -> Config:
    """Read ``path``. Raises :class:`ConfigError` naming file, key and reason."""
    try:
        return Config.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as failure:
        raise ConfigError(f"{path}: cannot be read: {failure.strerror}") from failure
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        raise ConfigError(f"{path}: not TOML: {failure}") from failure
    except ValidationError as failure:
        first = failure.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path}: {key}: {first['msg']}") from failure
