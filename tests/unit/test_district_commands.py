"""What `district` says of files, folders and addresses that can't be used, and how it leaves its own."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.testing import CliRunner

from district.__main__ import main as started
from district.cli import main
from district.database import open_engine
from district.settings import public_root
from district.staff import StaffRegister


def district(*words: str) -> tuple[int, str]:
    """The exit code and what was said. A traceback is no answer."""
    result = CliRunner().invoke(main, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_whoever_ends_it_while_it_loads_is_told_of_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    class Loading(ModuleType):
        def __getattr__(self, name: str) -> object:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "district.cli", Loading("district.cli"))
    with pytest.raises(SystemExit) as end:
        started()
    assert end.value.code == 130


def test_a_database_is_for_its_owner_alone_wherever_it_lies(tmp_path: Path) -> None:
    file = tmp_path / "d.db"
    tmp_path.chmod(0o755)
    status, said = district("halls", "add", "ty", "桃源镇", "--database", f"sqlite:///{file}")
    assert (status, said) == (0, f"there is no database at {file}: a new platform begins there.\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert district("halls", "list", "--database", f"sqlite:///{file}") == (0, "ty\t桃源镇\n")


@pytest.mark.parametrize(
    "words",
    [
        ("recover",),
        ("retention", "--days", "30"),
        ("export", "--json"),
        ("tidy",),
        ("telemetry",),
        ("forward", "--to", "http://127.0.0.1:1/", "--secret-file", "{secret}", "--once"),
        ("outbox", "list"),
        ("import", "{folder}", "--keys", "{keys}"),
        ("halls", "list"),
        ("staff", "list"),
        ("terminals", "invite", "TY03", "--hall", "ty"),
        ("terminals", "revoke", "AAAAAAAA"),
        ("catalogue", "publish", "{secret}", "--signer", "A" * 43),
    ],
)
def test_a_mistyped_file_is_no_empty_platform(tmp_path: Path, words: tuple[str, ...]) -> None:
    keys, secret, missing = tmp_path / "keys", tmp_path / "secret", tmp_path / "folder" / "district.db"
    district("keys", "new", str(keys))
    secret.write_text("a secret of both sides")
    secret.chmod(0o600)
    (tmp_path / "township-kiosk").mkdir()
    told = [word.format(folder=tmp_path, keys=keys, secret=secret) for word in words]
    status, said = district(*told, "--database", f"sqlite:///{missing}")
    assert (status, f"there is no database at {missing}: look at --database" in said) == (1, True)
    assert not missing.parent.exists()
    missing.parent.mkdir()
    missing.touch()
    status, said = district(*told, "--database", f"sqlite:///{missing}")
    assert (status, "nothing of a platform is in this database" in said, missing.stat().st_size) == (1, True, 0)


def test_a_mistyped_passphrase_makes_no_key(tmp_path: Path) -> None:
    keys, right, wrong, empty = (tmp_path / name for name in ("keys", "right", "wrong", "empty"))
    right.write_text("teapot gravel\n")
    wrong.write_text("teapot grovel\n")
    empty.write_text("")
    for file in (right, wrong, empty):
        file.chmod(0o400)
    assert district("keys", "new", str(keys), "--passphrase-file", str(right))[0] == 0
    before = sorted(keys.iterdir())
    status, said = district("keys", "new", str(keys), "--passphrase-file", str(wrong))
    assert (status, "doesn't open" in said, sorted(keys.iterdir())) == (1, True, before)
    status, said = district("keys", "new", str(tmp_path / "others"), "--passphrase-file", str(empty))
    assert (status, "holds no passphrase" in said, (tmp_path / "others").exists()) == (2, True, False)


@pytest.mark.parametrize(
    ("mode", "content", "said"),
    [
        (0o604, b"a password to wait for\n", "is open to everybody: chmod o-rwx"),
        (0o600, "密码是什么呢就是它".encode("gbk"), "is not UTF-8: save it as that"),
        (0o600, b"a" * 5000, "longer than 4096 bytes"),
    ],
)
def test_a_file_that_is_not_fit_for_a_secret_is_told(tmp_path: Path, mode: int, content: bytes, said: str) -> None:
    file, keys = tmp_path / "secret", tmp_path / "keys"
    file.write_bytes(content)
    file.chmod(mode)
    database = ("--database", f"sqlite:///{tmp_path / 'd.db'}")
    status, told = district("staff", "add", "li", "--password-file", str(file), *database)
    assert (status != 0, said in " ".join(told.split())) == (True, True), told
    assert district("staff", "list", *database) == (0, "")
    if "UTF-8" not in said:  # a passphrase is bytes
        status, told = district("keys", "new", str(keys), "--passphrase-file", str(file))
        assert (status, said in told, keys.exists()) == (1, True, False)


def test_a_password_is_the_line_as_it_is_meant(tmp_path: Path) -> None:
    file, database = tmp_path / "secret", ("--database", f"sqlite:///{tmp_path / 'd.db'}")
    password = "桥下三只白鹅慢慢走过去了"
    file.write_bytes(f"\ufeff{password}\r\nand more".encode())
    file.chmod(0o440)  # as systemd gives credentials
    assert district("staff", "add", "li", "--password-file", str(file), *database)[0] == 0
    engine = open_engine(database[1])
    assert StaffRegister(engine).check("li", password) is not None
    engine.dispose()
    told = CliRunner().invoke(main, ["staff", "passwd", "li", "--password-file", "-", *database], input=b"\xff\n")
    assert (told.exit_code, "is not UTF-8" in told.output) == (2, True)


@pytest.mark.parametrize(
    "words",
    [
        ("keys", "new", "{file}/keys"),
        ("ca", "new", "{file}/ca"),
        ("halls", "add", "ty", "x", "--database", "sqlite:///{file}/d.db"),
    ],
)
def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, words: tuple[str, ...]) -> None:
    file = tmp_path / "file"
    file.write_text("a file, no folder")
    status, said = district(*(word.format(file=file) for word in words))
    assert (status, f"Error: {file}" in said) == (1, True)


@pytest.mark.parametrize(
    ("option", "url", "reason"),
    [
        *(
            (option, url, reason)
            for option in ("--public-url", "--staff-url")
            for url, reason in (
                ("district.example", "not the address of a platform"),
                ("", "not the address of a platform"),
                ("ftp://district.example", "not the address of a platform"),
                ("https://district.example?x=1", "not the address of a platform"),
                ("https://who@district.example", "not the address of a platform"),
                ("http://district.example", "use https"),
                ("https://district.example:0", "not called by anybody"),
                ("https://district.example:70000", "out of range"),
                ("https://district example", "not called by anybody"),
                ("https://district.example/v1", "not called by anybody"),
            )
        ),
        ("--public-url", "https://district.example/kiosk/v1/submissions", "up to the /v1"),
        ("--public-url", "https://district.example//x y", "not called by anybody"),
        ("--staff-url", "https://district.example/staff", "without a path"),
    ],
)
def test_nobody_is_served_at_an_address_that_nobody_calls(tmp_path: Path, option: str, url: str, reason: str) -> None:
    status, said = district("serve", "--database", f"sqlite:///{tmp_path / 'd.db'}", option, url)
    assert (status, f"Invalid value for '{option}'" in said, reason in " ".join(said.split())) == (2, True, True), said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("told", "called"),
    [
        ("https://District.Example/", "https://district.example"),
        ("https://district.example:8443/kiosk/", "https://district.example:8443/kiosk"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
    ],
)
def test_an_address_is_taken_as_terminals_spell_it(told: str, called: str) -> None:
    option = click.Option(["--public-url"])
    assert public_root(click.Context(main), option, told) == called


def test_nobody_is_served_whose_papers_could_not_be_kept(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("a file, no folder")
    for folder in (file, file / "papers", Path("/proc/1")):
        words = ("--database", f"sqlite:///{tmp_path / 'd.db'}", "--objects", str(folder), "--port", "0")
        status, said = district("serve", *words)
        assert (status, f"papers can't be kept in {folder}" in " ".join(said.split())) == (2, True), said


@pytest.mark.parametrize("url", ["postgresql//u:geheim@host/d", "postgresql://u:geheim@host:port/d"])
def test_a_mistyped_address_of_a_database_is_not_repeated(url: str) -> None:
    status, said = district("export", "--database", url)
    assert (status, "not a database URL" in said, "geheim" in said) == (2, True, False)


def test_the_other_word_for_postgresql_is_put_right() -> None:
    status, said = district("export", "--database", "postgres://u:geheim@host/d")
    assert (status, "write postgresql://" in said, "geheim" in said) == (2, True, False)
