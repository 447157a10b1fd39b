"""The manifest: what the tool wrote, and what somebody changed since."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.core.manifest import (
    Manifest,
    digest,
    is_command_file,
    parse_manifest,
    read_manifest,
    write_manifest,
)
from specify_cli.kernel.errors import Refused


def test_it_comes_back_as_it_was_written(tmp_path: Path) -> None:
    manifest = Manifest().with_file("b", b"two", "3.1.1").with_file("a", b"one", "3.1.0")

    write_manifest(tmp_path, manifest)

    assert read_manifest(tmp_path) == manifest
    assert manifest.to_dict()["version"] == 1


def test_without_a_file_there_is_none(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) is None


def test_edits_are_seen_and_line_endings_are_none() -> None:
    manifest = Manifest().with_file("a", b"one\ntwo\n", "1")

    assert not manifest.is_edited("a", b"one\ntwo\n")
    assert not manifest.is_edited("a", b"one\r\ntwo\r\n")
    assert manifest.is_edited("a", b"one\nthree\n")
    assert manifest.is_edited("not ours", b"")
    assert manifest.without("a") == Manifest()


@given(st.dictionaries(st.from_regex(r"[a-z.]?[\w -]+(/[\w -]+)*", fullmatch=True), st.binary()))
def test_any_set_of_files_survives(contents: dict[str, bytes]) -> None:
    manifest = Manifest()
    for name, content in contents.items():
        manifest = manifest.with_file(name, content, "1")

    again = parse_manifest(manifest.to_dict(), "m.json")

    assert again == manifest
    assert all(not again.is_edited(name, content) for name, content in contents.items())
    assert all(len(digest(content)) == 64 for content in contents.values())


@pytest.mark.parametrize(
    "raw", [{}, {"files": []}, {"files": {"a": "x"}}, {"files": {"a": {"sha256": 1, "version": "1"}}}]
)
def test_a_foreign_shape_is_refused(raw: dict[str, object]) -> None:
    with pytest.raises(Refused, match=r"m\.json") as caught:
        parse_manifest(raw, "m.json")

    assert caught.value.code == "MANIFEST_INVALID"


@pytest.mark.parametrize("name", ["../a", "/etc/a", "a/../../b", "", ".", ".git/hooks/a", "a\\b"])
def test_a_path_that_leaves_the_project_is_refused(name: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_manifest({"files": {name: {"sha256": "0", "version": "1"}}}, "m.json")

    assert caught.value.code == "MANIFEST_INVALID"


def test_what_was_written_already_keeps_its_version() -> None:
    manifest = Manifest().with_file("a", b"one\n", "1")

    assert manifest.with_file("a", b"one\r\n", "2") is manifest
    assert manifest.with_file("a", b"two", "2").files["a"].version == "2"


def test_command_files_are_told_from_others() -> None:
    assert is_command_file(".claude/commands/spec-kitty.plan.md")
    assert is_command_file(".agents/skills/spec-kitty-plan/SKILL.md")
    assert not is_command_file(".kittify/spec-kitty.md")
    assert not is_command_file("kitty-specs/001-spec-kitty/spec.md")
    assert not is_command_file("src/main.py")
