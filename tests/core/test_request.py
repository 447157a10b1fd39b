"""The words that a mission began with: kept with its creation, shown where somebody works from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from specify_cli.status.lines import LIMIT
from tests.support.project import Project

WORDS = 'Tell me when the tea is ready.\n\nUse "quotes", `ticks` and $HOME.\n```\n# Not a heading\n```'


def create(project: Project, words: str, input: str = "") -> str:
    made = project.run("agent", "mission", "create", "tea", "--request", words, "--json", input=input)
    return str(made.ok().json()["mission_slug"])


@pytest.mark.parametrize("how", ["text", "file", "input"])
def test_they_are_kept_and_shown(project: Project, tmp_path: Path, how: str) -> None:
    (tmp_path / "words.txt").write_text(WORDS + "\n")
    given = {"text": WORDS, "file": f"@{tmp_path / 'words.txt'}", "input": "-"}[how]
    slug = create(project, given, WORDS)
    told = project.run("mission", "info", "--mission", slug, "--json").ok().json()
    assert told["request"] == WORDS
    assert "Tell me when the tea is ready. …" in project.run("mission", "info", "--mission", slug).ok().out
    step = project.run("next", "--agent", "claude", "--mission", slug, "--json").ok().json()
    prompt = Path(step["prompt_file"]).read_text()
    assert "## What the person asked for (their words)" in prompt
    assert f"````text\n{WORDS}\n````\n" in prompt


def test_without_words_nothing_is_kept(project: Project) -> None:
    for words, given in (("-", "\n"), ("@@me: tea", "")):
        slug = create(project, words, given)
        told = project.run("mission", "info", "--mission", slug, "--json").ok().json()
        assert told["request"] == (None if words == "-" else "@me: tea")


def test_what_cannot_be_kept_is_refused_before_anything_is_made(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "request"
    before = project.git("for-each-ref")
    for data, code in (
        (b"a\0b", "REQUEST_NOT_TEXT"),
        (b"\xff\xfe\xfa", "REQUEST_NOT_TEXT"),
        (b"x" * LIMIT, "REQUEST_TOO_LONG"),
        (b"\n\t" * (LIMIT // 3) + b"x", "REQUEST_TOO_LONG"),
    ):
        path.write_bytes(data)
        project.run("agent", "mission", "create", "tea", "--request", f"@{path}", "--json").failed(code)
    project.run("agent", "mission", "create", "tea", "--request", "@/dev/zero", "--json").failed("FILE_UNUSABLE")
    project.run("agent", "mission", "create", "tea", "--request", "@nowhere", "--json").failed("FILE_NOT_FOUND")
    assert project.git("for-each-ref") == before
    path.write_bytes(b"x" * (LIMIT - 4200))
    create(project, f"@{path}")
    assert project.git.status() == ""
