"""`spec-kitty validate-encoding`: bytes and characters in documents that programs stumble over."""

from __future__ import annotations

from typing import Annotated

import typer

from specify_cli.cli.options import MissionFlag
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.selecting import reading
from specify_cli.cli.text import wrapped
from specify_cli.context.missions import all_places
from specify_cli.core.encoding_repair import Repair, examine
from specify_cli.core.project_resolver import kittify_of
from specify_cli.kernel import paths
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import plural
from specify_cli.kernel.values import as_dict


def validate_encoding(
    mission: MissionFlag = None,
    every: Annotated[bool, typer.Option("--all", help="All missions, the charter and the templates.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Write the documents without their flaws.")] = False,
    backup: Annotated[
        bool, typer.Option("--backup/--no-backup", help="Keep them as they were in .kittify/backups first.")
    ] = True,
) -> Reply:
    """Find characters in documents that programs stumble over.

    Bytes of cp1252, byte-order marks, characters that cannot be seen; quotes, dashes and spaces of typography in
    headers, ids and commands. In sentences they are left alone. While something is left, or a mission cannot be read,
    the exit code is 1.
    """
    if every and mission is not None:
        raise UsageError("give --mission or --all, not both", "USAGE_ERROR", spec_kitty("validate-encoding", "--all"))
    repo = paths.discover(paths.starting_point())
    places, broken = all_places(repo) if every else ([reading(mission).place], [])
    done = examine(places, kittify_of(repo).parent if every else None, fix=fix, backup=backup)
    found = [{"file": name, **as_dict(flaw)} for name, flaws in done.found.items() for flaw in flaws]
    data = {
        "result": "flawed" if done.left else "unread" if broken else "clean",
        "missions": [place.slug for place in places],
        "checked": done.checked,
        "findings": found,
        "mended": list(done.mended),
        "backup": str(done.backup) if done.backup else None,
        "left": sum(map(len, done.left.values())),
        "warnings": [Notice(each.error.code, each.error.message, each.error.hint).to_dict() for each in broken],
    }
    which = ("--all",) if every else ("--mission", places[0].slug)
    text = _text(done, spec_kitty("validate-encoding", *which, "--fix"), len(broken))
    return Reply(data, text, 1 if done.left or broken else 0)


def _text(done: Repair, command: str, unread: int) -> str:
    flaws = [flaw for found in done.left.values() for flaw in found]
    clean = style(f"{plural(unread, 'mission')} not read", "red") if unread else style("clean", "green")
    lines = [f"{plural(done.checked, 'document')}, {plural(len(flaws), 'flaw') if flaws else clean}"]
    lines += [f"  mended    {safe(name)}" for name in done.mended]
    lines += [f"  as it was {safe(done.backup)}"] if done.backup else []
    for name, found in done.left.items():
        lines.append(f"  {style(safe(name), 'bold')}")
        lines += [wrapped(safe(f"line {flaw.line}: {flaw.message}"), indent=4, hang=6) for flaw in found]
    step = command if any(flaw.mendable for flaw in flaws) else "git diff" if done.mended else ""
    return "\n".join([*lines, *(("", f"  Next: {style(step, 'bold')}") if step else ())])
