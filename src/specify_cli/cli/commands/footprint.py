"""`spec-kitty footprint` and `spec-kitty uninstall`: what the tool wrote, and taking it away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from specify_cli.cli.folders import by_folder
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.text import table
from specify_cli.doctor.footprint import Condition, Footprint, Owned, Trace, survey
from specify_cli.doctor.uninstall import uninstall as take_out
from specify_cli.kernel import paths
from specify_cli.kernel.text import plural

_TITLES = {
    "worktree": "Worktrees",
    "branch": "Branches",
    "reference": "References that keep commits of missions",
    "state": "State of this clone (journal, locks, leases)",
    "checkout": "Identity of another working tree",
    "home": "In your home folder, for all projects",
}


def footprint() -> Reply:
    """List every file that the tool wrote, here and elsewhere."""
    found = survey(paths.discover(paths.starting_point()))
    data = {
        "project": found.project,
        "files": [{**each.to_dict(), "path": found.project / each.path} for each in found.files],
        "parts": [{**each.to_dict(), "path": found.project / each.path} for each in found.parts],
        "generated": [found.project / path for path in found.generated],
        "missions": [found.project / path for path in found.missions],
        "yours": [found.project / path for path in found.yours],
        "elsewhere": [each.to_dict() for each in found.elsewhere],
        "count": sum(each.state is not Condition.MISSING for each in found.files) + len(found.generated),
    }
    lines = [*_project_lines(found), *_elsewhere_lines(found.elsewhere)]
    step = "spec-kitty uninstall --dry-run" if found.files or found.generated else "spec-kitty init"
    return Reply(data, "\n".join([*lines, "", f"  Next: {style(step, 'bold')}"]))


def uninstall(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be removed.")] = False,
) -> Reply:
    """Remove the files that the tool wrote into this project.

    Exactly those of `spec-kitty footprint`: command files, settings, the files in .kittify and kitty-specs that were
    never edited, what git ignores of ours, and our part of files of yours, such as AGENTS.md. Missions, edited files,
    worktrees, branches, the journal in the git folder and your home folder stay and are named, with the command that
    would remove them. No git state is touched.
    """
    done = take_out(survey(paths.discover(paths.starting_point())), dry_run=dry_run)
    data = {
        "result": "success",
        "changed": bool(done.removed or done.parts) and not dry_run,
        "dry_run": dry_run,
        "project": done.project,
        "removed_files": [done.project / path for path in done.removed],
        "changed_files": [done.project / path for path in done.parts],
        "kept": [{"path": done.project / each.path, "why": each.why} for each in done.kept],
        "elsewhere": [each.to_dict() for each in done.elsewhere],
    }
    said = "Would remove" if dry_run else style("Removed", "bold", "green")
    lines = [f"{said} {plural(len(done.removed), 'file')} from {safe(done.project)}.", *_by_folder(done.removed)]
    if not done.removed:
        lines = [f"There is nothing to remove in {safe(done.project)}."]
    if done.parts:
        verb = "Would take" if dry_run else "Took"
        lines += ["", f"{verb} our part out of {safe(', '.join(done.parts))}; everything else there stays."]
    if done.kept:
        lines += ["", style("Stays in the project", "bold")]
        rows = [[safe(each.path), style(each.why, "dim")] for each in done.kept]
        lines += _shortened(table(rows, indent=2).splitlines())
    lines += _elsewhere_lines(done.elsewhere, remove=True)
    step = "spec-kitty uninstall" if dry_run and done.removed else "git status"
    return Reply(data, "\n".join([*lines, "", f"  Next: {style(step, 'bold')}"]))


def _project_lines(found: Footprint) -> list[str]:
    lines = [] if found.files else [f"There is no file of spec-kitty in {safe(found.project)}."]
    if found.files:
        lines += [style(f"Written into {safe(found.project)}", "bold")]
        lines += _by_folder([each.path for each in found.files if each.state is not Condition.MISSING])
        lines += _named(found.files, Condition.EDITED, "edited since")
        lines += _named(found.files, Condition.MISSING, "missing")
    parts = [f"  {safe(each.path)}: {each.what}" for each in found.parts if each.state is not Condition.MISSING]
    for title, listed in (
        ("Our part in files of yours", parts),
        ("Generated, ignored by git", _by_folder(found.generated)),
        ("Missions", [f"  {safe(path)}" for path in found.missions]),
        ("Yours", [f"  {safe(path)}" for path in found.yours]),
    ):
        if listed:
            lines += ["", style(title, "bold"), *_shortened(listed)]
    return lines


def _named(listed: Sequence[Owned], state: Condition, what: str) -> list[str]:
    return _shortened([f"  {style(what, 'yellow')}: {safe(each.path)}" for each in listed if each.state is state])


def _by_folder(listed: Iterable[str]) -> list[str]:
    rows = [[safe(folder), plural(count, "file")] for folder, count in by_folder(listed).items()]
    return table(rows, indent=2).splitlines()


def _elsewhere_lines(traces: Sequence[Trace], *, remove: bool = False) -> list[str]:
    lines = []
    for what, title in _TITLES.items():
        own = [each for each in traces if each.what == what]
        if own:
            lines += ["", style(f"{title}: kept" if remove else title, "bold")]
            lines += _shortened([f"  {safe(each.remove if remove else each.where)}" for each in own])
    return lines


def _shortened(lines: list[str], most: int = 20) -> list[str]:
    return [*lines[:most], f"  and {len(lines) - most} more (--json lists them)"] if len(lines) > most else lines
