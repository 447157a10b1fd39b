"""The reference pages that come from the code are up to date."""

from __future__ import annotations

import re

import pytest

from scripts.docs import FOLDER, pages
from specify_cli.cli.commands import TABLE
from specify_cli.cli.lazy import every_command
from tests.support.source import ROOT


@pytest.mark.parametrize("name", ["agents.md", "commands.md", "exit-codes.md", "prompts.md"])
def test_a_generated_page_is_what_the_code_says(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == pages()[name], "make docs"


def test_every_command_has_its_section() -> None:
    page = (FOLDER / "commands.md").read_text(encoding="utf-8")
    headings = set(re.findall(r"^#+ (spec-kitty .*)$", page, re.MULTILINE))
    assert set(every_command(TABLE, "spec-kitty")) <= headings
    for hidden in set(every_command(TABLE, "spec-kitty", hidden=True)) - set(every_command(TABLE, "spec-kitty")):
        assert f"`{hidden}`" in page


def test_every_command_that_the_documents_show_exists() -> None:
    known = set(every_command(TABLE, "spec-kitty", hidden=True))
    groups = {" ".join(name.split()[:length]) for name in known for length in range(1, len(name.split()))}
    unknown = []
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for line in _shown(path.read_text(encoding="utf-8")):
            words = re.match(r"spec-kitty(?: [a-z][a-z-]*)*", line)
            if words and not _is_known(words.group().split(), known, groups):
                unknown.append(f"{path.relative_to(ROOT)}: {line}")
    assert not unknown


def _shown(text: str) -> list[str]:
    """Command lines of ours in fenced blocks and in code spans."""
    fenced = re.findall(r"^```(?:console|sh|bash|shell)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.strip().removeprefix("$ ") for block in fenced for line in block.splitlines()]
    spans = re.findall(r"`(spec-kitty [^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    return [line for line in [*lines, *spans] if line.startswith("spec-kitty ")]


def _is_known(words: list[str], known: set[str], groups: set[str]) -> bool:
    """Whether a line begins with a command, or is a group (with nothing but options after it)."""
    heads = {" ".join(words[:length]) for length in range(1, len(words) + 1)}
    return bool(heads & known) or " ".join(words) in groups or words == ["spec-kitty"]
