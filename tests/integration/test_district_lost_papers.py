"""A platform that had a paper and has it no more: it changed where it lies, was cut off, or is gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from district.cli import main
from district.store import DistrictStore
from tests.support.staff_site import JPEG, Piece, hand_in, paper_of

LARGE = JPEG * 300_000
"""It comes in several pieces."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DistrictStore]:
    opened = DistrictStore(f"sqlite:///{tmp_path / 'd.db'}", tmp_path / "papers")
    yield opened
    opened.close()


def district(store: DistrictStore, *words: str | Path) -> Result:
    every = [*words, "--database", store.engine.url.render_as_string()]
    return CliRunner().invoke(main, [str(word) for word in every])


def changed_gone_and_good(store: DistrictStore, papers: Path) -> list[str]:
    """The papers of three cases, of which one changed in its last byte, and one is gone."""
    cases = [hand_in(store, number, papers=(Piece(content=LARGE),)) for number in (1, 2, 3)]
    changed, gone, good = map(paper_of, cases)
    (papers / changed).write_bytes(LARGE[:-1] + b"?")
    (papers / gone).unlink()
    return [changed, gone, good]


def test_a_batch_job_gets_every_line_and_is_told_which_papers_it_lacks(store: DistrictStore, tmp_path: Path) -> None:
    changed, gone, good = changed_gone_and_good(store, tmp_path / "papers")
    out = tmp_path / "out"
    out.mkdir()
    (out / gone).write_bytes(LARGE)  # as an earlier run had it
    done = district(store, "export", "--since", "0", "--papers", out)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["papers"][0]["id"] for one in lines] == [changed, gone, good]
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {gone: LARGE, good: LARGE}
    said = [line for line in done.stderr.splitlines() if line.endswith("can't be had")]
    assert said == [f"event {number}: the paper {name} can't be had" for number, name in ((1, changed), (2, gone))]
    assert (done.exit_code, "2 papers can't be had" in done.stderr, "--since" in done.stderr) == (1, True, True)
    for name in (changed, gone):
        (tmp_path / "papers" / name).write_bytes(LARGE)
    assert district(store, "export", "--since", "0", "--papers", out).exit_code == 0
    assert (out / changed).read_bytes() == LARGE


def test_an_export_of_everything_leaves_no_half_of_a_paper(store: DistrictStore, tmp_path: Path) -> None:
    changed, gone, good = changed_gone_and_good(store, tmp_path / "papers")
    hand_in(store, 4, arrive=False)  # what is not complete is not lost
    out = tmp_path / "out"
    done = district(store, "export", "--papers", out)
    assert (done.exit_code, len(done.stdout.splitlines())) == (1, 4)
    assert [path.name for path in out.iterdir()] == [good]
    for name in (changed, gone):
        assert f"the paper {name} can't be had" in done.stderr


def test_what_a_restore_brought_back_in_part_is_named(store: DistrictStore, tmp_path: Path) -> None:
    contents = (JPEG, JPEG[:-1], JPEG + b"?", b"", None)
    cases = [hand_in(store, number) for number in range(1, 1 + len(contents))]
    hand_in(store, 9, papers=(Piece(content=b""),))  # of which there is nothing to lose
    for case, lies_there in zip(cases, contents, strict=True):
        file = tmp_path / "papers" / paper_of(case)
        if lies_there is None:
            file.unlink()
        else:
            file.write_bytes(lies_there)
    done = district(store, "recover", "--json")
    named = [json.loads(line)["lost"] for line in done.stdout.splitlines()]
    assert (done.exit_code, sorted(named)) == (1, sorted(map(paper_of, cases[1:])))
    assert "4 papers are lost" in done.stderr
