"""Asking a person at a terminal; programs, and pipes, are never asked."""

from __future__ import annotations

import sys

import typer

from specify_cli.cli.output import for_programs, safe


def can_ask() -> bool:
    """Whether somebody sits at a terminal."""
    return not for_programs() and sys.stdin.isatty() and sys.stderr.isatty()


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
