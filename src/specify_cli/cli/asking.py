"""Asking a person at a terminal; programs, and pipes, are never asked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping

import typer

from specify_cli.cli.output import for_programs, progress, safe
from specify_cli.cli.text import clipped, padded

_COLUMNS = 39


def can_ask() -> bool:
    """Whether somebody sits at a terminal."""
    return not for_programs() and sys.stdin.isatty() and sys.stderr.isatty()


def at_terminal() -> bool:
    """Whether what is typed comes from a terminal, whoever reads the answer."""
    return sys.stdin.isatty()


def confirmed(question: str) -> bool:
    """Whether a person says yes; no is what Enter means."""
    answer: bool = typer.confirm(safe(question), default=False, err=True)
    return answer


def chosen(numbers: list[int]) -> int:
    """One of some numbers."""
    while True:
        answer: int = typer.prompt(f"Number ({numbers[0]}-{numbers[-1]})", type=int, err=True)
        if answer in numbers:
            return answer


def typed(question: str, *, hidden: bool = False, default: str | None = None) -> str:
    """A text that is not empty; a hidden one is not shown as it is typed, a default is what Enter means."""
    answer: str = typer.prompt(question, default=default, hide_input=hidden, err=True)
    return answer


def several(
    names: Mapping[str, str],
    preset: Collection[str],
    read: Callable[[str], str] | None = None,
    show: Callable[[str], None] = progress,
) -> tuple[str, ...]:
    """Some of many, in the order in which they were named; asked until the answer can be understood.

    Args:
        names: key -> what people call it.
        preset: keys that Enter takes; marked in the list.
        read: shows a prompt and gives the line that was typed; None reads the terminal.
        show: shows one line.
    """
    keys = list(names)
    wide = max(map(len, keys))
    rows = [
        f"{number:>3} [{'x' if key in preset else ' '}] {padded(key, wide)} {names[key]}"
        for number, key in enumerate(keys, 1)
    ]
    half = (len(rows) + 1) // 2
    for left, right in zip(rows[:half], [*rows[half:], ""], strict=False):
        show(f"{padded(clipped(left, _COLUMNS), _COLUMNS)} {clipped(right, _COLUMNS)}".rstrip())
    show("Type numbers or names: 1,4. Enter takes what is marked, +4 -2 changes that.")
    while True:
        words = (read or _line)("Your choice: ").lower().replace(",", " ").split()
        found, unknown = _understood(words, keys, preset)
        if found and not unknown:
            return found
        show(f"  not in the list: {safe(', '.join(unknown))}" if unknown else "  choose at least one")


def _understood(words: list[str], keys: list[str], preset: Collection[str]) -> tuple[tuple[str, ...], list[str]]:
    """What some words choose, and those among them that mean nothing."""
    by_word = {**{str(number): key for number, key in enumerate(keys, 1)}, **{key: key for key in keys}}
    relative = all(word[0] in "+-" for word in words)
    found = dict.fromkeys(key for key in keys if relative and key in preset)
    unknown = []
    for word in words:
        key = by_word.get(word.lstrip("+-"))
        if key is None:
            unknown.append(word)
        elif word.startswith("-"):
            found.pop(key, None)
        else:
            found[key] = None
    return tuple(found), unknown


def _line(prompt: str) -> str:
    answer: str = typer.prompt(prompt, default="", show_default=False, prompt_suffix="", err=True)
    return answer
