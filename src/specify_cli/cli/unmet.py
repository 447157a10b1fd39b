"""Unmet conditions as people see them: what is missing, and below it the command that meets it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from specify_cli.cli.text import as_printed, safe, style, wrapped
from specify_cli.kernel.errors import Unmet


def unmet_lines(unmet: Sequence[Unmet]) -> list[str]:
    """A table: the rule, what is missing, and below that the command, never broken, so that it can be copied.

    What one command meets stands together.
    """
    column = 4 + max((len(each.code) for each in unmet), default=0)
    lines: list[str] = []
    for (code, fix), group in groupby(unmet, key=lambda each: (each.code, as_printed(each.fix))):
        missing = [wrapped(safe(each.what), indent=column, hang=column) for each in group]
        lines.append(f"  {style(code, 'bold')}{missing[0][2 + len(code) :]}")
        lines += missing[1:]
        if fix:
            lines.append(f"{' ' * column}{style('fix: ' + safe(fix), 'dim')}")
    return lines
