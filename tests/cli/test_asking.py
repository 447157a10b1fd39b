"""A choice of several: what is shown, and what the typed words mean."""

from __future__ import annotations

import io
import sys

import pytest

from specify_cli.cli.asking import can_ask, chosen, confirmed, several, typed

NAMES = {"ada": "Ada's Agent", "bob": "Bob", "eve": "Eve the Third", "joe": "Joe", "sue": "Sue"}


@pytest.mark.parametrize(
    ("answers", "preset", "chosen"),
    [
        ([""], ["bob", "ada"], ("ada", "bob")),
        (["2"], ["ada"], ("bob",)),
        (["3, 1"], [], ("eve", "ada")),
        (["bob,1 bob"], [], ("bob", "ada")),
        (["+5"], ["ada"], ("ada", "sue")),
        (["-ada +3"], ["ada", "bob"], ("bob", "eve")),
        (["+9", "emacs, 7", "Eve"], [], ("eve",)),
        (["", "-1", "2"], [], ("bob",)),
    ],
)
def test_numbers_and_names_are_understood(answers: list[str], preset: list[str], chosen: tuple[str, ...]) -> None:
    shown: list[str] = []
    waiting = iter(answers)

    assert several(NAMES, preset, lambda _prompt: next(waiting), shown.append) == chosen

    assert len([line for line in shown if line.startswith(("  not in", "  choose"))]) == (len(answers) - 1)


def test_two_columns_mark_what_enter_takes() -> None:
    shown: list[str] = []

    several(NAMES, ["eve"], lambda _prompt: "", shown.append)

    assert shown[:3] == [
        "  1 [ ] ada Ada's Agent                   4 [ ] joe Joe",
        "  2 [ ] bob Bob                           5 [ ] sue Sue",
        "  3 [x] eve Eve the Third",
    ]


def test_what_is_not_understood_is_named() -> None:
    shown: list[str] = []
    waiting = iter(["vim,1", "1"])

    several(NAMES, [], lambda _prompt: next(waiting), shown.append)

    assert shown[-1] == "  not in the list: vim"


def test_what_is_typed_is_read_and_questions_go_to_the_other_stream(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n\n7\n2\n\nada\n5\n"))

    assert not can_ask(), "a pipe is nobody"
    assert confirmed("Trust this?")
    assert not confirmed("And this?")
    assert chosen([1, 2, 3]) == 2
    assert typed("User name") == "ada"
    assert several(NAMES, []) == ("sue",)
    said = capsys.readouterr()
    assert said.out.strip() == ""
    assert "Trust this?" in said.err
