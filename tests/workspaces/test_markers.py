"""Conflict markers that a change brought, and what only looks like them."""

from __future__ import annotations

import pytest

from specify_cli.kernel.git import Git
from specify_cli.workspaces.markers import blocks, brought
from tests.support.git import Repo

LEFT = "one\n<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> kitty/mission-001-x-lane-a\ntwo\n"
DIFF3 = "<<<<<<< ours\na\n||||||| base\nb\n=======\nc\n>>>>>>> theirs\n"
HEADING = "=======\nHeading\n=======\n\n>>>>>>> quoted seven times in a mail\n"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        (LEFT, [2]),
        (LEFT.replace("\n", "\r\n"), [2]),
        (DIFF3, [1]),
        (LEFT + DIFF3, [2, 8]),
        ("<<<<<<<\n=======\n>>>>>>>", [1]),
        (HEADING, []),
        ("Title\n=======\n", []),
        # Without its middle or its end it is a conflict only where git's own names tell.
        ("<<<<<<< not ours\ntext\n>>>>>>> nor this\n", []),
        ("<<<<<<< HEAD\nours\n=======\ntheirs\n", [1]),
        ("ours\n=======\ntheirs\n>>>>>>> 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n", [4]),
        ("theirs\n>>>>>>> kitty/mission-001-x-lane-b\n", [2]),
        ("<<<<<<< Updated upstream\nx\n", [1]),
        ("<<<<<<< stray\n<<<<<<< a\n=======\n>>>>>>> b\n", [2]),
        ("    <<<<<<< HEAD\n    =======\n    >>>>>>> x\n", []),
        ("<<<<<<<<< HEAD\n=========\n>>>>>>>>> x\n", []),
    ],
)
def test_a_conflict_has_a_beginning_a_middle_and_an_end(text: str, lines: list[int]) -> None:
    assert [block.line for block in blocks(text.encode())] == lines


def test_markers_of_another_length_are_those_of_a_file_that_says_so() -> None:
    text = LEFT.replace("<<<<<<<", "<" * 9).replace("=======", "=" * 9).replace(">>>>>>>", ">" * 9)
    assert [block.line for block in blocks(text.encode(), 9)] == [2]


def _brought(git: Repo, *paths: str, outside: str = "") -> dict[str, list[int]]:
    return brought(Git(git.path), ["HEAD~1"], "HEAD", *paths, outside=outside)


def test_only_what_a_change_brought_is_blamed(git: Repo) -> None:
    git.commit("before", guide_md=LEFT, old_md=DIFF3 + "more\n", plain_txt="a\n")
    git.write("guide.md", "A line above.\n" + LEFT.replace("ours", "edited") + DIFF3.replace("a", "A"))
    (git.path / "old.md").unlink()
    git.write("moved/new.md", DIFF3 + "more\n")
    git.write("plain.txt", LEFT)
    git.write("heading.rst", HEADING)
    git.write("mine/kept.md", LEFT)
    git.commit("after")
    assert _brought(git, outside="mine") == {"guide.md": [9], "plain.txt": [2]}
    assert _brought(git, "plain.txt") == {"plain.txt": [2]}


def test_what_another_side_had_already_is_not_blamed(git: Repo) -> None:
    git("branch", "side")
    git.commit("here", a_txt="a\n")
    git("switch", "-q", "side")
    side = git.commit("there", guide_md=LEFT)
    git("switch", "-q", "main")
    git("merge", "-q", "--no-edit", "side")
    assert brought(Git(git.path), ["HEAD~1"], "HEAD") == {"guide.md": [2]}
    assert brought(Git(git.path), ["HEAD~1", side], "HEAD") == {}


def test_attributes_do_not_hide_a_conflict_and_may_say_that_one_is_meant(git: Repo) -> None:
    git.write(".gitattributes", "*.txt -diff\n*.bin binary\nguide.md conflict-marker-size=32\n")
    git.commit("before")
    for name in ("a.txt", "b.bin", "guide.md"):
        git.write(name, LEFT)
    git.write("c.md", "<" * 32 + " HEAD\n")
    git.commit("after")
    assert set(_brought(git)) == {"a.txt", "b.bin"}


def test_an_attribute_that_comes_with_the_change_hides_nothing(git: Repo) -> None:
    """Neither the usual markers nor those that git writes because of it, wherever the attribute stands."""
    long = LEFT.replace("<<<<<<<", "<" * 9).replace("=======", "=" * 9).replace(">>>>>>>", ">" * 9)
    git.write(".gitattributes", "a.md conflict-marker-size=32\nb.md conflict-marker-size=9\n")
    git.write(".git/info/attributes", "* conflict-marker-size=40\n")
    for name, text in (("a.md", LEFT), ("b.md", long), ("c.md", LEFT)):
        git.write(name, text)
    git.commit("after")
    assert _brought(git) == {"a.md": [2], "b.md": [2], "c.md": [2]}
    assert set(brought(Git(git.path), ["HEAD~1"], "HEAD", rules="HEAD")) == {"b.md", "c.md"}


def test_what_is_staged_is_looked_at(git: Repo) -> None:
    git.write("odd\tname.txt", LEFT)
    git("add", "-A")
    assert brought(Git(git.path), ["HEAD"], None) == {"odd\tname.txt": [2]}
