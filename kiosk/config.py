"""The terminal's configuration: TOML read once into frozen models.

Unknown keys are refused with file, key and reason."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

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
    """``reader``: a part of the PC/SC reader's name, or empty for the first one."""

    reader: str = ""


class OneCamera(_Table):
    """``source``: a device, a file, a folder of pictures or a stream URL; see docs/devices-camera.md."""

    source: str = "/dev/video0"


class CameraTable(OneCamera):
    """The camera over the mat; it reads codes, too, unless ``codes`` names a second one for them."""

    codes: OneCamera | None = None


class PrinterTable(_Table):
    """``uri``: ``tcp://``, ``serial:``, ``usb:`` or ``file:``; see docs/devices-printer.md."""

    uri: str = ""
    width: Literal[384, 576, 640] = 576


class PlatformTable(_Table):
    """``url``: the district platform; plain http is for this machine itself only. ``slip_host``: the name in the
    slip's QR code, when it is not the url's."""

    url: str = ""
    slip_host: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{0,253}$")] = ""

    @field_validator("url")
    @classmethod
    def _is_safe(cls, url: str) -> str:
        return safe_url(url) if url else url


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
    platform: PlatformTable = PlatformTable()
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
