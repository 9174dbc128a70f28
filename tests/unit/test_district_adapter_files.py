"""Adapter files: what is refused in one, and where its secrets come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from district.adapters.credentials import certificates_of, credentials_of
from district.adapters.file import MAX_FILE_BYTES, AdapterTrouble, load_adapter, read_adapter
from offline_queue.transport import Certificates
from tests.support.adapter_files import read, told

SECRET = "b8f0c1d2e3a4958677889900aabbccdd"


# --- reading a file ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": "http://province.example"}, "url: .*use https"),
        ({"url": "https://me:secret@province.example"}, "not the address"),
        ({"surprise": 1}, "surprise: Extra inputs"),
        ({"adapter": "2"}, "adapter: "),
        ({"zone": "China"}, "zone: "),
        ({"deadline_seconds": 1000}, "deadline_seconds: "),
        ({"events": {}}, "events: "),
        ({"events": {"eaten": {"path": "/"}}}, "events.eaten"),
        ({"event": {"path": "no-slash"}}, "path"),
        ({"event": {"path": "/{a b}"}}, "path"),
        ({"event": {"body": {"no": {"from": "case_number", "codes": "sex"}}}}, "no code table sex"),
        ({"event": {"body": {"no": "2026"}}}, "a value is one of"),
        ({"event": {"body": {"no": {"from": "a..b"}}}}, "from: String should match"),
        ({"event": {"body": {"no": {"from": "created", "date": "%s %Z"}}}}, "date: String should match"),
        ({"event": {"content": "paper"}}, "content: paper is for papers|the paper is the body"),
        ({"event": {"files": {"field": "f", "name": {"fixed": "n"}}}}, "files go with content: multipart"),
        ({"event": {"headers": {"Host: evil": {"fixed": "x"}}}}, "headers"),
        ({"signing": {"secret": {"env": "A", "file": "b"}}}, "one of {file: …} and {env: …}"),
        ({"signing": {"secret": "b8f0c1d2"}}, "signing.secret"),
        ({"signing": {"signs": ["method", "path", "timestamp", "nonce"]}}, "covers the body"),
        ({"signing": {"signs": ["body"]}}, "the timestamp and the nonce"),
        ({"signing": {"algorithm": "md5"}}, "signing.algorithm"),
        ({"tls": {"certificate": "a.pem"}}, "certificate and key go together"),
        ({"tls": {"verify": False}}, "tls.verify: Extra inputs"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_place(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(AdapterTrouble, match=said):
        read(**changes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x [1]\nb: *x", "aliases"),
        ("a: 1\na: 2", "a key twice"),
        ("? [a]\n: 1", "no text"),
        ("[" * 100 + "]" * 100, "nested too deeply"),
        ("a: {", "not YAML"),
        ("a: !!python/object/apply:os.system ['true']", "adapter: Field required"),
        ("just text", "the file: Input should be"),
        ("a: \x07", "not YAML"),
    ],
)
def test_yaml_is_taken_with_care(text: str, said: str) -> None:
    with pytest.raises(AdapterTrouble, match=said):
        read_adapter(text.encode())


def test_a_file_is_bounded_and_must_be_there(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    with pytest.raises(AdapterTrouble, match=r"a\.yaml can't be read: No such file"):
        load_adapter(file)
    file.write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    with pytest.raises(AdapterTrouble, match="larger than"):
        load_adapter(file)
    with pytest.raises(AdapterTrouble, match="not YAML"):
        read_adapter(b"a: \xff\xfe")


def test_codes_that_yaml_would_guess_at_stay_as_they_are_written() -> None:
    text = yaml.safe_dump(told(codes={"sex": {"female": "F", "male": "M"}}))
    text = text.replace("female: F", "female: 02").replace("male: M", "male: no")
    assert read_adapter(text.encode()).codes == {"sex": {"female": "02", "male": "no"}}


@given(
    st.one_of(
        st.binary(max_size=80), st.text(" \n[]{}:,-&*!'\"\\a1UxXu#|>%@`?.=<~\x85\u2028", max_size=60).map(str.encode)
    )
)
@example(b'"\\UFFFFFFFF"')
@example(b"? !!python/name:os.system\n: 1")
@example(b"- " * 2000)
@example(b"a: " * 2000)
def test_whatever_is_no_adapter_file_is_said_so(content: bytes) -> None:
    with pytest.raises(AdapterTrouble):
        read_adapter(content)


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_secrets_come_from_files_and_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o640)
    monkeypatch.setenv("APP_KEY", "APP0042")
    file = read(signing={"secret": {"file": "secret"}})
    found = credentials_of(file, tmp_path)
    assert (found.app_key, found.secret) == ("APP0042", SECRET.encode())
    assert SECRET not in repr(found) + str(found)

    secret.chmod(0o644)
    with pytest.raises(AdapterTrouble, match="open to everybody"):
        credentials_of(file, tmp_path)
    secret.chmod(0o600)
    for content, said in ((b"short", "can be guessed"), (b"\n", "is empty"), (b"x" * 5000, "longer than")):
        secret.write_bytes(content)
        with pytest.raises(AdapterTrouble, match=said) as trouble:
            credentials_of(file, tmp_path)
        assert "short" not in str(trouble.value).replace("shorter", "")
    secret.unlink()
    with pytest.raises(AdapterTrouble, match="can't be read"):
        credentials_of(file, tmp_path)
    with pytest.raises(AdapterTrouble, match="the environment has no APP_SECRET"):
        credentials_of(read(), tmp_path)
    monkeypatch.setenv("APP_SECRET", SECRET)
    for key, said in (("键", "not ASCII"), ("a\nb", "more than one line")):
        monkeypatch.setenv("APP_KEY", key)
        with pytest.raises(AdapterTrouble, match=said):
            credentials_of(read(), tmp_path)


def test_certificates_are_there_and_for_https(tmp_path: Path) -> None:
    file = read(tls={"ca": "ca.pem"})
    with pytest.raises(AdapterTrouble, match=r"there is no .*ca\.pem"):
        certificates_of(file, tmp_path)
    (tmp_path / "ca.pem").touch()
    assert certificates_of(file, tmp_path) == Certificates(ca=tmp_path / "ca.pem")
    with pytest.raises(AdapterTrouble, match="plain http, where no certificate is shown"):
        certificates_of(read(url="http://127.0.0.1:1", tls={"ca": "ca.pem"}), tmp_path)
