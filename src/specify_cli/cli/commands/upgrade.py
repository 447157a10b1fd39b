"""`spec-kitty upgrade`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from specify_cli.cli.output import Reply, painter, safe, style
from specify_cli.kernel import paths
from specify_cli.kernel.commands import command, git_command, spec_kitty
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.text import plural
from specify_cli.merge.intent import settle
from specify_cli.upgrade.detect import Worktree
from specify_cli.upgrade.plan import NOT_NEEDED, Mission, Options
from specify_cli.upgrade.report import document_of, document_of_rollback, result_of
from specify_cli.upgrade.runner import Done, Undone
from specify_cli.upgrade.runner import rollback as roll_back
from specify_cli.upgrade.runner import upgrade as bring_along
from specify_cli.version import VERSION

_BAR = 30
_SHOWN = 8  # missions whose work packages are listed


def upgrade(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be done; nothing is written.")
    ] = False,
    target: Annotated[
        str | None, typer.Option("--target", metavar="VERSION", help="Go no further than the shapes of this version.")
    ] = None,
    no_worktrees: Annotated[
        bool, typer.Option("--no-worktrees", help="Leave missions alone that are only in a linked worktree.")
    ] = False,
    mint_mission_ids: Annotated[
        bool, typer.Option("--mint-mission-ids", help="Give an id to missions that are older than ids.")
    ] = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Give every file the bytes that it had before the last upgrade.")
    ] = False,
) -> Reply:
    """Bring a project of an older version to this one.

    Everything is planned first, written beside and read back; then the files are swapped. The old ones stay in
    .kittify/backups/<time>/, and --rollback puts them back. Killed at any moment, the next run finishes. A mission that
    cannot be read is named and left as it is, and the others are upgraded. Nothing is committed. Run again, it changes
    nothing.
    """
    repo = paths.discover(paths.starting_point())
    if rollback:
        if dry_run or target or no_worktrees or mint_mission_ids:
            hint = spec_kitty("upgrade", "--rollback")
            raise UsageError("--rollback goes with no other option", "USAGE_ERROR", hint)
        settle(repo)
        with painter() as board:
            undone = roll_back(repo, VERSION, _progress(board.draw))
            board.draw([])
        return Reply(document_of_rollback(undone), _text_of_rollback(undone))
    if not dry_run:
        settle(repo)
    options = Options(target or VERSION, not no_worktrees, mint_mission_ids)
    with painter() as board:
        done = bring_along(repo, VERSION, options, _progress(board.draw), dry_run=dry_run)
        board.draw([])
    code = 1 if result_of(done, dry_run=dry_run) == "partial" else 0
    return Reply(document_of(done, dry_run=dry_run), _text(done, dry_run=dry_run), code)


def _progress(draw: Callable[[Sequence[str]], None]) -> Callable[[int, int, str], None]:
    """A bar that is drawn anew only where it grows."""
    drawn = -1

    def show(number: int, total: int, name: str) -> None:
        nonlocal drawn
        filled = _BAR * number // max(total, 1)
        if filled != drawn:
            drawn = filled
            draw([f"  {'█' * filled}{'░' * (_BAR - filled)} {number}/{total} {safe(name)}"])

    return show


def _text(done: Done, *, dry_run: bool) -> str:
    plan = done.plan
    result = result_of(done, dry_run=dry_run)
    where = safe(plan.project.root)
    if result == "nothing_to_do" or (dry_run and plan.is_empty):
        return f"{where} is what spec-kitty {plan.options.target} expects; nothing is to be done."
    verb = "Would upgrade" if dry_run else "Upgraded"
    lines = [f"{style(verb, 'bold', 'green')} {where} from {safe(plan.project.version)} to {plan.options.target}"]
    if done.finished:
        lines.append(f"  an upgrade that was cut short ({done.finished}) was finished")
    for each in plan.applied:
        if each.where or each.failed:
            counted = f" ({plural(len(each.where), 'mission')})" if each.where not in ([], ["project"]) else ""
            failed = style(f" failed: {safe(', '.join(each.failed))}", "red") if each.failed else ""
            lines.append(f"  {each.summary}{counted if each.result != NOT_NEEDED else ''}{failed}")
    for mission in plan.missions[:_SHOWN]:
        lines += _packages(mission)
    if len(plan.missions) > _SHOWN:
        lines += ["", f"  and {plural(len(plan.missions) - _SHOWN, 'more mission')}; --json tells of each"]
    lines += _worktrees(plan.worktrees)
    for queue in plan.queues:
        state = "brought to today's tables" if queue.outdated else "is up to date"
        lines.append(f"  queue {safe(queue.path)}: {plural(queue.events + queue.bodies, 'row')}, {state}")
    if done.backup is not None:
        lines += ["", f"  The old files are in {safe(done.backup)}"]
    step = spec_kitty("upgrade") if dry_run else git_command(plan.project.root, "status")
    return "\n".join([*lines, "", f"  Next: {style(step, 'bold')}"])


def _packages(mission: Mission) -> list[str]:
    if not mission.verdicts:
        return []
    lines = ["", f"  {style(safe(mission.slug), 'bold')}"]
    return lines + [
        f"    {each.wp_id:<6} {each.lane.value:<12} told by {safe(each.reason)}" for each in mission.verdicts
    ]


def _worktrees(worktrees: Sequence[Worktree]) -> list[str]:
    """Worktrees of older versions: they stay, and what is in them is merged by a person."""
    said = {"work_package": "one work package", "mission": "a mission that is only there"}
    known = [each for each in worktrees if each.kind in said]
    lines = [f"    {safe(each.path.name)}: {said[each.kind]}" for each in known]
    of_packages = [each for each in known if each.kind == "work_package"]
    if of_packages:
        merge = style(safe(command("git", "merge", of_packages[0].branch)), "bold")
        lines.append(f"    In the worktree of its lane: {merge}, and so on")
    return ["", "  Worktrees of older versions stay as they are:", *lines] if lines else []


def _text_of_rollback(undone: Undone) -> str:
    count = plural(len(undone.restored), "file")
    done = style("Rolled back", "bold", "green")
    lines = [f"{done} {safe(undone.project.root)}: {count} again as before {undone.of}"]
    if undone.changed_since:
        lines.append(f"  changed since the upgrade, and kept in {safe(undone.kept)}:")
        lines += [f"    {safe(path)}" for path in undone.changed_since]
    return "\n".join([*lines, "", f"  Next: {style('spec-kitty upgrade --dry-run', 'bold')}"])
