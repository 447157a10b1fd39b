"""`spec-kitty demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from specify_cli.cli.output import Reply, painter, safe, style
from specify_cli.cli.text import wrapped
from specify_cli.demo import picture
from specify_cli.demo.evidence import busiest_moment
from specify_cli.demo.run import Demo, run
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.text import plural


def demo(
    folder: Annotated[
        Path | None,
        typer.Option("--dir", metavar="DIR", help="A new or empty folder to work in; it is kept."),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the temporary folder, to look around in it.")] = False,
) -> Reply:
    """Run a whole mission in a scratch repository.

    Three scripted agents, each a process of its own, plan a small program, write it in worktrees, review each other
    and accept it; then it is merged and its tests are run. They use nothing but the public commands and the prompts
    these give. Nothing is written outside the scratch folder, which is removed after a success unless it is named or
    kept.
    """
    with painter() as stage:
        done = run(folder, stage, keep=keep)
    return Reply(done, _text(done))


def _text(done: Demo) -> str:
    _, lanes = busiest_moment(done.worked)
    lines = [
        "",
        style("The lanes", "bold"),
        *(_lane_row(safe(row)) for row in picture.graph(done.lanes)),
        "",
        style("The time (█ implementing, ▒ reviewing)", "bold"),
        *(f"  {safe(row)}" for row in picture.times(done.worked)),
        "",
        f"{plural(len(lanes), 'lane')} at work at one moment; all in {done.seconds:.1f} s.",
        "",
    ]
    if not done.kept:
        return "\n".join([*lines, "The scratch folder was removed; see it with: spec-kitty demo --keep"])
    folder = f"kitty-specs/{done.mission_slug}"
    look = [
        ["the repository", command("cd", done.project)],
        ["what was merged", "git log --stat"],
        ["the board", spec_kitty("status", "--mission", done.mission_slug)],
        ["documents and logs", folder],
        ["a review", f"{folder}/tasks/*/review-cycle-1.md"],
        ["the prompts", f".kittify/runtime/prompts/{done.mission_slug}"],
    ]
    return "\n".join([*lines, style("Where to look", "bold"), *(f"  {name:<20}{safe(where)}" for name, where in look)])


def _lane_row(row: str) -> str:
    """A lane of the graph; its work packages are wrapped below each other."""
    name, packages = row[:15], row[15:]
    return f"  {name}{wrapped(packages, indent=17, hang=17)[17:]}"
