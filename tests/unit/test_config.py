"""The configuration: what it refuses and in which words, and that the example shows every setting."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import cast, get_args

import pytest
from pydantic import BaseModel

from kiosk.config import Config, ConfigError, data_folder, load

EXAMPLE = Path(__file__).resolve().parents[2] / "kiosk.example.toml"


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    return tmp_path / "terminal.toml"


def test_an_empty_file_is_the_defaults(config_file: Path) -> None:
    config_file.write_text("", "utf-8")
    assert load(config_file) == Config()


@pytest.mark.parametrize(
    ("written", "key", "reason"),
    [
        ("[printer]\nurl = 'tcp://192.0.2.1:9100'", "printer.url", "Extra inputs are not permitted"),
        ("[printers]\nuri = ''", "printers", "Extra inputs are not permitted"),
        ("[printer]\nwidth = 500", "printer.width", "Input should be 384, 576 or 640"),
        ("[hall]\nterminal = 'Taoyuan'", "hall.terminal", "String should match pattern"),
        ("[hall]\nname = { zh = '大厅' }", "hall.name.en", "Field required"),
        ("[hall]\nname = { zh = '大厅', en = 'Hall', ug = 'Zal' }", "hall.name.ug", "Extra inputs"),
        ("[[hall.villages]]\ncode = 'a b'\nname = {zh='x', en='x'}", "hall.villages.0.code", "should match pattern"),
        ("[patience]\nidle = 0", "patience.idle", "greater than 0"),
        ("[patience]\nwarning = 1", "patience.warning", "greater than or equal to 5"),
        ("[screen]\ntheme = 'night'", "screen.theme", "Input should be 'day' or 'contrast'"),
        ("[camera]\nexposure = -1", "camera.exposure", 'must be "auto" or a whole number'),
        ("[camera]\nfocus = true", "camera.focus", 'must be "auto" or a whole number'),
        ("[camera.codes]\nlens = 1", "camera.codes.lens", "Extra inputs are not permitted"),
        ("[speech]\nengine = 'festival'", "speech.engine", "Input should be 'none', 'clips', 'espeak-ng' or"),
        ("[speech]\nrate = 3", "speech.rate", "less than or equal to 2"),
        ("[speech]\nloudspeaker = '--help'", "speech.loudspeaker", "should match pattern"),
        ("[speech.voices]\nzh = '-w/tmp/x'", "speech.voices.zh", "should match pattern"),
        ("[platform]\nurl = 'http://district.example'", "platform.url", "must be https:// "),
        ("[platform]\nurl = 'http://127.0.0.1.district.example'", "platform.url", "must be https:// "),
        ("[platform]\nurl = 'http://localhost@district.example'", "platform.url", "must be https:// "),
        ("[platform]\nurl = 'ftp://127.0.0.1'", "platform.url", "must be https:// "),
        ("[platform]\nurl = 'https://'", "platform.url", "must be https:// "),
        ("[platform]\nurl = 'district.example'", "platform.url", "must be https:// "),
        ("[platform]\nslip_host = 'Example/x'", "platform.slip_host", "String should match pattern"),
    ],
)
def test_a_refusal_names_file_key_and_reason(config_file: Path, written: str, key: str, reason: str) -> None:
    config_file.write_text(written, "utf-8")
    with pytest.raises(ConfigError) as refused:
        load(config_file)
    said = str(refused.value)
    assert said.startswith(f"{config_file}: {key}: ")
    assert reason in said
    assert "\n" not in said


def test_a_file_that_is_no_toml_or_not_there_is_named(config_file: Path) -> None:
    with pytest.raises(ConfigError, match=r"terminal\.toml: cannot be read: No such file"):
        load(config_file)
    config_file.write_text("hall = \n", "utf-8")
    with pytest.raises(ConfigError, match=r"terminal\.toml: not TOML: .*line 1"):
        load(config_file)
    config_file.write_bytes("# 大厅".encode("gb18030"))
    with pytest.raises(ConfigError, match=r"terminal\.toml: not TOML: "):
        load(config_file)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://district.example/", "https://district.example"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("", ""),
    ],
)
def test_https_anywhere_and_http_to_this_machine_only(config_file: Path, url: str, kept: str) -> None:
    config_file.write_text(f'[platform]\nurl = "{url}"', "utf-8")
    assert load(config_file).platform.url == kept


def _settings(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Dotted keys of all settings, those of lists' entries included."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        inside = [each for each in (inner, *get_args(inner)) if isinstance(each, type) and issubclass(each, BaseModel)]
        if inside:
            yield from _settings(inside[0], f"{prefix}{name}.")
        else:
            yield prefix + name


def _written(value: object, prefix: str = "") -> Iterator[str]:
    if isinstance(value, list):
        value = cast("list[object]", value)[0]
    if isinstance(value, dict):
        for name, inner in cast("dict[str, object]", value).items():
            yield from _written(inner, f"{prefix}.{name}".strip("."))
    else:
        yield prefix


def test_the_example_loads_and_shows_every_setting() -> None:
    example = load(EXAMPLE)
    assert example.hall.villages
    assert example.printer.uri
    assert example.platform.url.startswith("https://")
    settings = set(_settings(Config))
    assert {"data", "hall.villages.code", "hall.name.zh", "printer.uri", "screen.theme"} <= settings
    assert set(_written(tomllib.loads(EXAMPLE.read_text("utf-8")))) == settings


def test_the_example_explains_every_line() -> None:
    for line in EXAMPLE.read_text("utf-8").splitlines():
        if line.startswith(("code", "name", "fullscreen", "[", "#")) or not line:
            continue
        assert "#" in line, f"what is this for? {line}"


def test_the_environment_says_where_data_lives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = Config(data=Path("/var/lib/elsewhere"))
    monkeypatch.delenv("KIOSK_DATA_DIR", raising=False)
    assert data_folder(config) == Path("/var/lib/elsewhere")
    monkeypatch.setenv("KIOSK_DATA_DIR", str(tmp_path))
    assert data_folder(config) == tmp_path
    monkeypatch.setenv("KIOSK_DATA_DIR", "")
    assert data_folder(config) == Path("/var/lib/elsewhere")
