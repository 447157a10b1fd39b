"""The pages that show commands show what these commands print: every one is run."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree

import pytest

from tests.support.environment import isolate
from tests.support.replay import Part, Shell, matches, parts, play, settled
from tests.support.source import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(page for page in DOCS.rglob("*.md") if "\n```console\n$ " in page.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all pages of this process: git and we write down where a worktree is, so copies must not move."""
    return tmp_path_factory.mktemp("pages")


@pytest.fixture
def shell(stage: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell in an empty home."""
    home = stage / "home"
    rmtree(home, ignore_errors=True)
    isolate(home, monkeypatch)
    return Shell(home, stage / "kept")


@pytest.mark.e2e
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_a_page_shows_what_is_printed(page: Path, shell: Shell) -> None:
    wrong = [str(played) for played in play(page, shell) if not played.agrees]
    assert not wrong, "\n\n".join(wrong)


def test_a_page_is_read_in_order() -> None:
    shown = "```console\n$ one\nsaid\n$ two\n```\n\n<!-- replay: three -->\n"
    written = "\n```python ~/x.py\npass\n```\n\n```sh\nno\n```\n"
    assert list(parts(shown + written)) == [
        Part(2, command="one", shown=("said",)),
        Part(4, command="two", shown=()),
        Part(7, command="three"),
        Part(9, path="~/x.py", content="pass\n"),
    ]


@pytest.mark.parametrize(
    ("shown", "printed", "agrees"),
    [
        ([], [], True),
        (["a"], [], False),
        (["a", "…"], ["a", "b", "c"], True),
        (["…", "c"], ["a", "b", "c"], True),
        (["a …", "c"], ["a b", "c"], True),
        (["a", "c"], ["a", "b", "c"], False),
        (["…", "a", "…", "d"], ["a", "b"], False),
    ],
)
def test_an_ellipsis_stands_for_what_was_left_out(shown: list[str], printed: list[str], agrees: bool) -> None:
    assert matches(shown, printed) is agrees


def test_what_changes_from_run_to_run_is_not_compared() -> None:
    assert settled("id 01M7X3DE171SXGQRZ5B6K1TQZE at 2026-11-20T18:30:31.272939+00:00") == "id <id> at <time>"
    assert settled("d49585d merge, 12.5 s  ") == "<commit> merge, <seconds>"
