"""Unmet conditions as people see them: what is missing, and below it the command that meets it."""

from __future__ import annotations

from collections.abc import Sequence

from specify_cli.cli.text import safe, style, wrapped
from specify_cli.conditions.models import Unmet


def unmet_lines(unmet: Sequence[Unmet]) -> list[str]:
    """A table: the rule, what is missing, and below that the command, never broken, so that it can be copied."""
    column = 4 + max((len(each.code) for each in unmet), default=0)
    lines: list[str] = []
    for each in unmet:
        missing = wrapped(safe(each.what), indent=column, hang=column)
        lines.append(f"  {style(each.code, 'bold')}{missing[2 + len(each.code) :]}")
        lines.append(f"{' ' * column}{style('fix: ' + safe(each.fix), 'dim')}")
    return lines
