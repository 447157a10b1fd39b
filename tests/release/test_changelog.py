from __future__ import annotations

import pytest

from specify_cli.release.changelog import build_changelog_block, changelog_has_entry, entries, malformed
from specify_cli.status.models import Lane
from tests.support.missions import finalized_mission
from tests.support.project import Project, Task

GOOD = """# Changelog

## [Unreleased]

## [1.1.0] - 2026-02-01

### Added

- A thing.

## [1.0.0] - 2026-01-01

- All of it.
"""


def test_a_well_formed_changelog_has_no_fault() -> None:
    found = entries(GOOD)
    assert [(entry.name, entry.line, entry.is_empty) for entry in found] == [
        ("Unreleased", 3, True),
        ("1.1.0", 5, False),
        ("1.0.0", 11, False),
    ]
    assert malformed(found) == []


@pytest.mark.parametrize(
    ("changelog", "has"),
    [
        (GOOD, True),
        ("## 1.1.0 - 2026-02-01\n\n- Without brackets.\n", True),
        ("## [1.1.0] - 2026-02-01\n\n### Added\n\n[1.1.0]: https://example.org\n", False),
        ("```\n## [1.1.0] - 2026-02-01\n\n- An example.\n```\n", False),
        ("## [1.1.0a1] - 2026-02-01\n\n- Before it.\n", False),
        ("", False),
    ],
)
def test_an_entry_counts_when_it_says_something(changelog: str, has: bool) -> None:
    assert changelog_has_entry(changelog, "1.1.0") is has


@pytest.mark.parametrize(
    ("changelog", "line", "said"),
    [
        ("## [1.0.0] - 2026-13-01\n", 1, "YYYY-MM-DD"),
        ("## [1.0.0] - 1.1.2026\n", 1, "YYYY-MM-DD"),
        ("## [one] - 2026-01-01\n", 1, "no version"),
        ("## [1.0.0] - 2026-01-01\n## [1.1.0] - 2026-02-01\n", 2, "below the older 1.0.0"),
        ("## [1.0.0] - 2026-01-01\n## [1.0.0] - 2026-01-01\n", 2, "on line 1"),
        ("## [1.0.0] - 2026-01-01\n## [Unreleased]\n", 2, "it comes first"),
    ],
)
def test_a_fault_is_named_with_its_line(changelog: str, line: int, said: str) -> None:
    (found,) = malformed(entries(changelog))
    assert found[0] == line
    assert said in found[1]


@pytest.mark.parametrize("heading", ["## 0.2.4", "## [0.2.4]"])
def test_an_entry_may_have_no_date(heading: str) -> None:
    changelog = f"{heading}\n\n- Something.\n"
    assert malformed(entries(changelog)) == []
    assert changelog_has_entry(changelog, "0.2.4")


def test_finished_missions_since_a_tag_make_the_block(project: Project) -> None:
    kettle = finalized_mission(project, Task("WP01"), Task("WP02"), name="kettle")
    cup = finalized_mission(project, Task("WP01"), name="cup")
    finalized_mission(project, Task("WP01"), name="spoon")
    assert build_changelog_block(project.path) == ("", [])

    kettle.force("WP01", Lane.DONE)
    kettle.force("WP02", Lane.CANCELED)
    project.run("materialize", "--mission", kettle.slug).ok()
    block, slugs = build_changelog_block(project.path)
    assert slugs == [kettle.slug]
    assert f"(`{kettle.slug}`)" in block
    assert "WP01" in block
    assert "WP02" not in block

    project.git("tag", "v1.0.0")
    cup.force("WP01", Lane.DONE)
    assert build_changelog_block(project.path)[1] == [cup.slug]
    assert build_changelog_block(project.path, "v1.0.0")[1] == [cup.slug]
