"""A platform whose papers lie elsewhere says so, erases none, and takes none in; however that place is called."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete

from district.app import Settings, create_app, open_store
from district.cli import main
from district.objects import MARK, ObjectsWrong
from district.papers_mark import look_at_place
from district.tables import PAPERS_MARKS
from tests.support.object_store import bucket_client, moto_server, take_credentials
from tests.support.staff_site import hand_in, paper_of
from tests.support.upload_rig import place, serving


@pytest.fixture(scope="module")
def moto() -> Iterator[int]:
    with moto_server() as port:
        yield port


@pytest.fixture(params=["folder", "bucket"])
def objects(request: pytest.FixtureRequest, tmp_path: Path, moto: int, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "folder":
        return str(tmp_path / "papers")
    take_credentials(monkeypatch)
    bucket, endpoint = f"papers-{uuid4()}", f"http://127.0.0.1:{moto}"
    with closing(bucket_client(endpoint)) as client:
        client.create_bucket(Bucket=bucket)
    return f"s3://{bucket}/lijia?endpoint={endpoint}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'd.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres")


def district(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def with_a_case(settings: Settings) -> str:
    """Of a platform that serves; gives its paper's name."""
    with serving(settings), closing(open_store(settings)) as store:
        return paper_of(hand_in(store, 1))


def test_nothing_is_erased_or_kept_where_papers_are_not(
    database: str, objects: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(database=database, papers=place(objects))
    name = with_a_case(settings)
    elsewhere = tmp_path / "elsewhere"
    for words in (
        ("serve", "--port", "0"),
        ("retention", "--days", "1"),
        ("tidy",),
        ("export", "--papers", str(tmp_path / "out")),
        ("forward", "--once", "--papers", "--to", "http://127.0.0.1:9", "--secret-file", str(_secret(tmp_path))),
    ):
        refused = district(*words, "--database", database, "--objects", elsewhere)
        assert refused.exit_code == 1, words
        assert f"the papers of this platform don't lie in {elsewhere}: give the --objects" in refused.output, words
    assert not elsewhere.exists()
    with pytest.raises(ObjectsWrong):
        create_app(Settings(database=database, papers=elsewhere))
    # What has nothing to do with papers asks for no place.
    assert district("export", "--database", database, "--objects", elsewhere).exit_code == 0
    # After a restore, or where the mark was left behind, they lie where recover is told.
    lost = district("recover", "--database", database, "--objects", elsewhere)
    assert f"lost {name}" in lost.stdout
    assert f"Papers lie in {elsewhere}." in lost.stderr
    assert district("tidy", "--database", database, "--objects", elsewhere).exit_code == 0
    assert district("tidy", "--database", database, "--objects", objects).exit_code == 1
    assert district("recover", "--database", database, "--objects", objects).exit_code == 0
    with_a_case(settings)


def _secret(folder: Path) -> Path:
    file = folder / "secret"
    file.write_text("x" * 40)
    file.chmod(0o600)
    return file


def test_a_folder_may_be_called_otherwise_and_move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    database, papers = f"sqlite:///{tmp_path / 'd.db'}", tmp_path / "papers"
    with_a_case(Settings(database=database, papers=Path("papers")))
    (tmp_path / "mounted").symlink_to(papers)
    for name in (papers, Path("papers"), Path("mounted"), tmp_path / "mounted"):
        assert district("tidy", "--database", database, "--objects", name).exit_code == 0, name
    papers.rename(tmp_path / "moved")
    papers.mkdir()  # as where the disk is not mounted
    assert district("tidy", "--database", database).exit_code == 1
    assert district("tidy", "--database", database, "--objects", tmp_path / "moved").exit_code == 0


def test_a_platform_of_before_marks_is_told_by_its_papers(database: str, objects: str, tmp_path: Path) -> None:
    settings, elsewhere = Settings(database=database, papers=place(objects)), tmp_path / "elsewhere"
    with closing(open_store(settings)) as store:
        names = [paper_of(hand_in(store, number)) for number in (1, 2)]
        store.objects.delete(names[0])  # one that is lost does not stop a platform
        for words in (("serve", "--port", "0"), ("retention", "--days", "1")):
            refused = district(*words, "--database", database, "--objects", elsewhere)
            assert (refused.exit_code, "don't lie in" in refused.output) == (1, True)
        assert district("tidy", "--database", database, "--objects", objects).exit_code == 0
        assert store.objects.mark() is None  # only who serves says where papers lie
        with serving(settings):
            assert store.objects.mark() is not None
        # A backup of before, beside papers of now.
        with store.engine.begin() as connection:
            connection.execute(delete(PAPERS_MARKS))
        mark = store.objects.mark()
        with serving(settings):
            assert store.objects.mark() == mark


def test_of_servers_that_begin_at_once_each_has_the_papers_or_says_so(database: str, tmp_path: Path) -> None:
    open_store(Settings(database=database, papers=tmp_path)).close()

    def begin(number: int) -> Path | None:
        papers = tmp_path / f"papers-{number % 2}"
        with closing(open_store(Settings(database=database, papers=papers))) as store, suppress(ObjectsWrong):
            look_at_place(store.engine, store.objects, begin=True)
            return papers
        return None

    with ThreadPoolExecutor(8) as pool:
        began = list(pool.map(begin, range(8)))
    assert len({one for one in began if one is not None}) == 1
    assert len([one for one in began if one is not None]) == 4
    assert len(list(tmp_path.glob(f"papers-*/{MARK}"))) == 1


def test_a_bucket_that_is_away_may_come_back(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    take_credentials(monkeypatch)
    with serving(Settings(database=database, papers=place("s3://papers?endpoint=http://127.0.0.1:9"))):
        pass


def test_an_address_that_is_no_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for wrong in ("s3:/papers", "s3:papers", "S3:/papers", "file:/srv/papers", "gs:/papers"):
        refused = district("serve", "--port", "0", "--objects", wrong)
        assert (refused.exit_code, "not s3://bucket/prefix?endpoint=…&region=…" in refused.output) == (2, True)
    assert list(tmp_path.iterdir()) == []
