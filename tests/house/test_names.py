"""Names that were given up stay given up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.source import PACKAGE, ROOT

# What may still hold an old name: the table of names that readers accept, the contract of others, the migrations.
ALLOWED = ("kernel/legacy.py", "core/upstream_contract.json", "upgrade/")
SUFFIXES = {".py", ".md", ".yaml", ".yml", ".json", ".toml", ".txt", ""}

GIVEN_UP = [
    r"feature_slug",
    r"feature_number",
    r"feature_type",
    r"mission_key",
    r"FEATURE_NOT_(?:FOUND|READY)",
    r"Feature(?:Created|Completed|Closed)",
    r"aggregate_type\W+Feature",
    r"Initial commit from Specify template",
    r"--feature\b",
    r"\bfeature-state\b",
    r"\baccept-feature\b",
    r"\bmerge-feature\b",
    r"\bcreate-feature\b",
]


def texts(*roots: Path) -> Iterator[tuple[Path, str]]:
    """Every text file of ours below some folders or files."""
    for root in roots:
        for path in [root] if root.is_file() else sorted(root.rglob("*")):
            if path.is_file() and path.suffix in SUFFIXES and "__pycache__" not in path.parts:
                yield path, path.read_text(encoding="utf-8", errors="replace")


def places(pattern: str, *roots: Path) -> list[str]:
    """Where a pattern stands."""
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path, text in texts(*roots)
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(pattern, line)
    ]


@pytest.mark.parametrize("pattern", GIVEN_UP)
def test_a_name_of_older_versions_stands_in_one_table(pattern: str) -> None:
    found = places(pattern, PACKAGE, ROOT / "README.md", ROOT / "docs")
    allowed = tuple(f"src/specify_cli/{place}" for place in ALLOWED)
    assert not [place for place in found if not place.startswith((*allowed, "docs/adr/"))]


def test_nothing_that_people_or_agents_read_teaches_the_internal_command() -> None:
    found = places(r"spec-kitty implement\b", PACKAGE, ROOT / "README.md", ROOT / "docs")
    own = ("src/specify_cli/cli/commands/implement.py", "docs/reference/")
    assert not [place for place in found if not place.startswith(own)]


@pytest.mark.parametrize("option", [r"--no-git\b", r"\bgit init --template\b"])
def test_an_option_that_was_removed_is_taught_nowhere(option: str) -> None:
    assert not places(option, PACKAGE, ROOT / "README.md", ROOT / "docs" / "how-to", ROOT / "docs" / "tutorials")
