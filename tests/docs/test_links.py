"""What the documents point to exists: pages, headings, commands, options, slash commands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from typer.core import TyperCommand

from specify_cli.cli.app import root
from specify_cli.cli.lazy import LazyGroup, command_of
from specify_cli.kernel.commands import PROGRAM
from tests.support.source import PACKAGE, ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
ANSWERED_BY_ALL = {"--json", "--help", "-h"}
_FENCE = re.compile(r"^(`{3,})([^\n`]*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(rf"(?<![\w/.~-]){PROGRAM} [^|;&<>`\n]*")
_MACHINE = re.compile(r"(?<![\w.~])/(?:work|tmp|home|root|Users|private|mnt|var)/[\w.]")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    assert [link for link in links(page) if not leads_somewhere(page, link)] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_and_their_options_exist(page: Path) -> None:
    assert [(line, wrong) for line in commands(page) if (wrong := wrong_in(line))] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_slash_commands_exist(page: Path) -> None:
    known = {path.stem for path in PACKAGE.glob("missions/*/command-templates/*.md")}
    assert set(re.findall(rf"(?<!rules)(?<!plugins)/{PROGRAM}\.([a-z-]+)", page.read_text(encoding="utf-8"))) <= known


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_page_names_a_folder_of_somebodys_machine(page: Path) -> None:
    assert _MACHINE.findall(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_of_this_repository_that_a_page_names_exist(page: Path) -> None:
    named = re.findall(r"`((?:tests/\w+|scripts|benchmarks)/[\w/.-]+\.py)`", page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_every_page_can_be_reached() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            targets = [(page.parent / link.partition("#")[0]).resolve() for link in links(page)]
            waiting += [target for target in targets if target.suffix == ".md" and target.is_file()]
    assert [name_of(page) for page in PAGES if page not in reached] == []


def test_a_wrong_command_is_found() -> None:
    assert wrong_in("spec-kitty mission lost") == "mission lost"
    assert wrong_in("spec-kitty next --agent claude --loud") == "--loud"
    assert wrong_in("spec-kitty agent tasks move-task WP01 --to approved --note '…'") is None
    assert wrong_in("spec-kitty --version") is None


def links(page: Path) -> list[str]:
    """Relative links of a page, outside of code."""
    text = re.sub(r"`[^`\n]*`", "", _FENCE.sub("", page.read_text(encoding="utf-8")))
    return [link for link in re.findall(r"\]\(\s*([^)\s]+)\s*\)", text) if not re.match(r"[a-z]+:", link)]


def leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    return target.exists() and (not anchor or anchor in anchors(target))


@cache
def anchors(page: Path) -> frozenset[str]:
    """Anchors of the headings of a page, as hosts make them."""
    headings = re.findall(r"^#+ (.*)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


def commands(page: Path) -> Iterator[str]:
    """Command lines of ours in fenced blocks and in code spans."""
    text = page.read_text(encoding="utf-8")
    fenced = [block[3] for block in _FENCE.finditer(text)]
    spans = re.findall(r"`([^`\n]+)`", _FENCE.sub("", text))
    for piece in [*fenced, *spans]:
        yield from (found.strip() for found in _COMMAND.findall(piece))


def wrong_in(line: str) -> str | None:
    """What of a command line does not exist; None where all does."""
    words = split(line)[1:]
    command: LazyGroup | TyperCommand = root()
    path: list[str] = []
    while isinstance(command, LazyGroup) and words and re.fullmatch(r"[a-z][a-z-]+", words[0]):
        path.append(words.pop(0))
        entry = command.table.get(path[-1])
        if entry is None:
            return " ".join(path)
        command = command_of(path[-1], entry)
    known = {name for one in command.params for name in [*one.opts, *one.secondary_opts]} | ANSWERED_BY_ALL
    given = [word.partition("=")[0] for word in words if re.match(r"--?[a-zA-Z]", word)]
    return next((option for option in given if option not in known), None)


def split(line: str) -> list[str]:
    """The words of a command line; comments and what a page left open are no words."""
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return line.replace('"', " ").replace("'", " ").split()
