"""The charter in prompts: bounded, without comments, with a word on what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.core.charter import LIMIT, charter_for, context_of, excerpt, parts_of, read_charter
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.paths import Repository


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    (tmp_path / "project/.kittify/charter").mkdir(parents=True)
    return Repository(tmp_path / "project", None, None, None)


def charter(repo: Repository) -> Path:
    return repo.checkout / ".kittify/charter/charter.md"


def test_without_a_charter_there_is_none(repo: Repository) -> None:
    assert read_charter(repo) is None
    charter(repo).write_text("\n\n")
    assert charter_for(repo, "plan") == ""


def test_a_short_charter_is_whole_without_its_comments(repo: Repository) -> None:
    charter(repo).write_text("# Rules\r\n\r\n<!-- draft -->\r\n\r\nTest first.\r\n\r\n```\r\nmake test\r\n```\r\n")

    assert charter_for(repo, "plan") == "# Rules\n\nTest first.\n\n```\nmake test\n```"


def test_a_long_one_ends_at_a_paragraph_and_says_where_the_rest_is() -> None:
    text = "# Rules\n\n" + "\n\n".join(f"Rule {number}. {'x' * 80}" for number in range(100)) + "\n\n## End\n\nlast"

    short = excerpt(text, 1000)

    assert len(short) < 1100
    assert short.endswith("(shortened; the whole charter is in .kittify/charter/charter.md)")
    assert all(line == "" or line.endswith("x" * 80) or line[0] in "#(" for line in short.split("\n"))


def test_no_heading_is_left_without_its_text() -> None:
    short = excerpt("# Rules\n\nA.\n\n## Long\n\n" + "y" * 500, 60)

    assert "## Long" not in short


def test_one_huge_paragraph_is_cut() -> None:
    assert excerpt("z" * 5000, 100).startswith("z" * 100 + "\n\n(shortened")


def test_a_link_out_of_the_project_is_refused(repo: Repository, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("token")
    charter(repo).symlink_to(tmp_path / "secret")

    with pytest.raises(Refused) as caught:
        read_charter(repo)

    assert caught.value.code == "SYMLINK_REFUSED"


@given(st.lists(st.text(alphabet="ab #`", min_size=1, max_size=40).filter(str.strip), min_size=1, max_size=20))
def test_an_excerpt_is_bounded(paragraphs: list[str]) -> None:
    assert len(excerpt("\n\n".join(paragraphs), 100)) <= 100 + 80


# -- what an action is told --------------------------------------------------------------------------------------

SECTIONS = """# Rules

Be kind.

## Tests

<!-- for: plan, Tasks , implement -->

Test first.

## Reviews
<!-- for: review -->
Read twice.

## Names

Whole words.

```
## no heading
```
"""


@pytest.mark.parametrize(
    ("action", "sections"),
    [
        ("implement", ("Tests", "Names")),
        ("tasks_outline", ("Tests", "Names")),
        ("tasks-packages", ("Tests", "Names")),
        ("review", ("Reviews", "Names")),
        ("merge", ("Names",)),
    ],
)
def test_an_action_is_told_what_is_for_it_and_what_is_for_all(action: str, sections: tuple[str, ...]) -> None:
    found = context_of(SECTIONS, action)
    assert found.sections == sections
    assert set(found.sections) | set(found.left_out) == {"Tests", "Reviews", "Names"}
    assert ("Be kind." in found.text, "Test first." in found.text) == (True, "Tests" in sections)
    assert "<!--" not in found.text
    assert not found.shortened


def test_where_room_is_short_what_names_the_action_comes_first() -> None:
    long = f"# Rules\n\n## All\n\n{'x ' * 400}\n\n## Ours\n\n<!-- for: review -->\n\nRead twice."
    found = context_of(long, "review", 300)
    assert found.shortened
    assert "Read twice." in found.text
    assert found.sections == ("Ours", "All")


def test_without_a_charter_an_action_is_told_nothing() -> None:
    found = context_of(None, "review")
    assert (found.text, found.sections, found.shortened) == ("", (), False)


@given(st.text(alphabet="#<!->for: pn\n`", max_size=200), st.integers(min_value=20, max_value=400))
def test_what_an_action_is_told_is_bounded_and_no_section_is_lost(text: str, limit: int) -> None:
    found = context_of(text, "plan", limit)
    assert len(found.text) <= limit + 80
    titled = [part.title for part in parts_of(text) if part.title]
    assert sorted([*found.sections, *found.left_out]) == sorted(titled)
    assert LIMIT > 1000
