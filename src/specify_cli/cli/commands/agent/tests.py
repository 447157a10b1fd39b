"""`spec-kitty agent tests …`: what tests still claim."""

from __future__ import annotations

from typing import Annotated

import typer

from specify_cli.cli.output import Reply, safe, style
from specify_cli.kernel import paths
from specify_cli.kernel.text import plural
from specify_cli.release.stale_check import StaleCheck
from specify_cli.release.stale_check import stale_check as check


def stale_check(
    base: Annotated[str, typer.Option("--base", metavar="REF", help="The commit the change began at.")],
    head: Annotated[
        str | None, typer.Option("--head", metavar="REF", help="Where it ended; else the files as they are.")
    ] = None,
) -> Reply:
    """Find assertions that a change of the source has probably made wrong.

    Python only. Nothing is imported or run. The exit code is 1 where any is found.
    """
    found = check(paths.starting_point(), base, head)
    return Reply(found.to_dict(), _text(found), exit_code=int(bool(found.stale)))


def _text(found: StaleCheck) -> str:
    lines = [f"{plural(len(found.changed), 'changed source file')}, {plural(found.tests, 'test file')} read"]
    for each in found.stale:
        lines += [
            "",
            f"  {style(f'{safe(each.file)}:{each.line}', 'bold')}  {safe(each.reason)}",
            f"      {safe(each.code)}",
        ]
    if found.not_examined:
        lines += ["", f"  not examined, being no Python: {plural(len(found.not_examined), 'file')}"]
    first = found.stale[0].file if found.stale else ""
    lines += ["", f"  Next: {style(f'pytest {safe(first)}' if first else 'pytest', 'bold')}"]
    return "\n".join(lines)
