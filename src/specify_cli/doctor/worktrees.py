"""Section `worktrees`: what was recorded against the worktrees and branches that git has."""

from __future__ import annotations

import os
from pathlib import Path

from specify_cli.core.mission_home import interrupted
from specify_cli.doctor.findings import Finding, Severity, Subject, of_error
from specify_cli.kernel.commands import command, git_command, spec_kitty
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.git import Git
from specify_cli.kernel.paths import WORKTREES, Repository
from specify_cli.kernel.text import plural
from specify_cli.lanes.branch_naming import is_lane_branch, mission_branch_name, parse_mission_slug_from_branch
from specify_cli.status.holders import HELD
from specify_cli.status.models import Lane
from specify_cli.workspaces.cleanup import reason_to_keep
from specify_cli.workspaces.dependencies import branch_missing
from specify_cli.workspaces.installs import look, usual_tests, way_out
from specify_cli.workspaces.records import broken_records
from specify_cli.workspaces.recovery import locked_away
from specify_cli.workspaces.survey import LaneWorkspace, TreeState, survey
from specify_cli.workspaces.trust import project_of, tests_wish, wishes

SECTION = "worktrees"
PRUNE = spec_kitty("doctor", "worktrees", "--fix")
_OVER = frozenset({Lane.DONE, Lane.CANCELED})


def examine(subject: Subject) -> list[Finding]:
    """Vanished, dirty and orphan worktrees, wrong and missing branches; without git, nothing."""
    repo = subject.repo
    if not repo.has_git:
        return []
    workspaces: list[LaneWorkspace] = []
    found: list[Finding] = []
    for place in subject.places:
        found += [of_error(SECTION, error, place.slug) for error in broken_records(place)]
        try:
            workspaces += survey(repo, [place])
        except SpecKittyError as error:
            found.append(of_error(SECTION, error, place.slug))
    gone = vanished(repo)
    for workspace in workspaces:
        found += _of_workspace(workspace, gone)
    known = {workspace.path for workspace in workspaces}
    found += [_forgotten(path) for path in gone if path not in known and subject.every]
    if subject.every:
        found += [*_orphans(subject, known), *_strays(repo), *_branches(subject, workspaces), *_creation(repo)]
    if not found:
        count = plural(len(workspaces), "lane workspace")
        found.append(Finding(SECTION, Severity.OK, "WORKTREES", f"{count}, all as recorded"))
    return [*found, *_untrusted(subject), *(_tests(subject) if subject.every else ())]


def _creation(repo: Repository) -> list[Finding]:
    """A mission whose creation was cut short; while somebody creates one, there is such a record too."""
    left = interrupted(repo)
    if left is None:
        return []
    said = f"the creation of {left.slug} was interrupted, or is under way; the next one finishes or clears it"
    return [Finding(SECTION, Severity.NOTE, "CREATION_INTERRUPTED", said)]


def _untrusted(subject: Subject) -> list[Finding]:
    """What new worktrees are made without."""
    project = project_of(subject.repo)
    found = [
        Finding(SECTION, Severity.NOTE, "HOOK_UNTRUSTED", f"{each.name} is left out: {each.why}", each.hint)
        for each in wishes(subject.repo, project, subject.config)
        if each.why
    ]
    tests = tests_wish(subject.repo, project, subject.config)
    if tests.why:
        message = f"{tests.name} does not run, and accept refuses without it: {tests.why}"
        found.append(Finding(SECTION, Severity.NOTE, "TESTS_UNTRUSTED", message, tests.hint))
    return found


def _tests(subject: Subject) -> list[Finding]:
    """Tests that would test the main checkout from any worktree, before the first of them is made."""
    root = subject.repo.root
    commands: list[tuple[str, ...]] = list(subject.config.accept_tests) or usual_tests(root)
    found = look(subject.repo, root, commands, os.environ)
    listed = [
        Finding(
            SECTION,
            Severity.WARNING,
            "TESTS_SEE_ANOTHER_CHECKOUT",
            f"tests that run in a worktree would test another checkout: {leak.what}. {way_out([leak])}",
        )
        for leak in found.leaks
    ]
    if found.blind and subject.config.accept_tests:
        said = f"nobody can tell by looking at files which code these test: {', '.join(found.blind)}"
        listed.append(Finding(SECTION, Severity.NOTE, "TESTS_NOT_EXAMINED", said))
    return listed


def vanished(repo: Repository) -> list[Path]:
    """Worktrees that git has registered and whose folder is gone; locked ones may be on a drive that is away."""
    return [each.path for each, reason in repo.missing() if reason is None]


def _of_workspace(workspace: LaneWorkspace, gone: list[Path]) -> list[Finding]:
    name = f"{workspace.place.slug} {workspace.lane_id}"
    held = [wp_id for wp_id, lane in workspace.wps.items() if lane in HELD]
    if workspace.tip is None and any(lane not in _OVER for lane in workspace.wps.values()):
        missing = branch_missing(workspace.place, workspace.branch, "work was done on this lane, and its branch")
        return [of_error(SECTION, missing, name)]
    away = next((each for each in workspace.place.repo.away() if each.path == workspace.path), None)
    if away is not None:
        locked = locked_away(workspace.place, away)
        return [Finding(SECTION, Severity.WARNING, locked.code, f"{name}: {locked.message}", locked.hint)]
    if workspace.state is TreeState.VANISHED:
        return [_vanished(workspace, name, registered=workspace.path in gone, held=bool(held))]
    if workspace.state is TreeState.WRONG_BRANCH:
        message = f"{name}: {workspace.path} has {workspace.checked_out or 'no branch'} checked out"
        fix = git_command(workspace.path, "switch", workspace.branch)
        return [Finding(SECTION, Severity.WARNING, "WORKTREE_WRONG_BRANCH", message, fix)]
    if not workspace.wps:
        message = f"{name}: {workspace.path} is a worktree of a lane that the plan does not have"
        fix = git_command(workspace.place.repo.root, "worktree", "remove", workspace.path)
        return [Finding(SECTION, Severity.WARNING, "WORKTREE_ORPHAN", message, fix)]
    found = []
    if workspace.record is None:
        message = f"{name}: {workspace.path} was not recorded by this clone; the next claim takes it over"
        found.append(Finding(SECTION, Severity.NOTE, "WORKTREE_UNRECORDED", message))
    if workspace.dirty:
        found.append(_dirty(workspace, name, held))
    elif not reason_to_keep(workspace):
        message = f"{name}: its work is merged, and the worktree is clean"
        found.append(Finding(SECTION, Severity.NOTE, "WORKTREE_NOT_NEEDED", message, spec_kitty("context cleanup")))
    return found


def _vanished(workspace: LaneWorkspace, name: str, *, registered: bool, held: bool) -> Finding:
    again = "; the next claim makes it again" if not workspace.merged else ""
    if registered:
        message = f"{name}: the folder {workspace.path} is gone{again}"
        return Finding(SECTION, Severity.WARNING, "WORKTREE_VANISHED", message, PRUNE)
    message = f"{name}: it has no worktree{again}"
    fix = spec_kitty("context cleanup") if workspace.merged else None
    return Finding(SECTION, Severity.WARNING if held else Severity.NOTE, "WORKTREE_ABSENT", message, fix)


def _dirty(workspace: LaneWorkspace, name: str, held: list[str]) -> Finding:
    message = f"{name}: {plural(len(workspace.dirty), 'uncommitted file')} in {workspace.path}"
    if held:
        return Finding(SECTION, Severity.NOTE, "WORKTREE_DIRTY", f"{message}, where {', '.join(held)} is under way")
    return Finding(SECTION, Severity.WARNING, "WORKTREE_DIRTY", message, git_command(workspace.path, "status"))


def _forgotten(path: Path) -> Finding:
    message = f"git has a worktree registered at {path}, and there is no such folder"
    return Finding(SECTION, Severity.WARNING, "WORKTREE_VANISHED", message, PRUNE)


def _orphans(subject: Subject, known: set[Path]) -> list[Finding]:
    """Worktrees with a lane's branch whose mission nobody knows."""
    found = []
    for checkout in subject.repo.checkouts():
        if checkout.path not in known and is_lane_branch(checkout.branch or ""):
            slug = parse_mission_slug_from_branch(checkout.branch or "")
            if slug in {place.slug for place in subject.places} | {broken.slug for broken in subject.broken}:
                continue
            message = f"{checkout.path} has {checkout.branch} checked out, and there is no mission {slug}"
            fix = git_command(subject.repo.root, "worktree", "remove", checkout.path)
            found.append(Finding(SECTION, Severity.WARNING, "WORKTREE_ORPHAN", message, fix))
    return found


def _strays(repo: Repository) -> list[Finding]:
    """Folders among the worktrees that are none: they would be in the way of a new one."""
    folder = repo.root / WORKTREES
    registered = {checkout.path for checkout in repo.checkouts()}
    entries = sorted(folder.iterdir()) if folder.is_dir() else []
    return [
        Finding(
            SECTION,
            Severity.WARNING,
            "WORKTREE_STRAY",
            f"{entry} is a folder among the worktrees and no worktree itself",
            command("mv", entry, repo.root / f"{entry.name}.kept"),
        )
        for entry in entries
        if entry.is_dir() and entry not in registered and any(entry.iterdir())
    ]


def _branches(subject: Subject, workspaces: list[LaneWorkspace]) -> list[Finding]:
    """Branches of ours that belong to no mission."""
    slugs = {place.slug for place in subject.places} | {broken.slug for broken in subject.broken}
    in_use = {checkout.branch for checkout in subject.repo.checkouts()} | {each.branch for each in workspaces}
    refs = Git(subject.repo.checkout).branches("refs/heads/kitty/")
    found = []
    for branch in sorted(ref.removeprefix("refs/heads/") for ref in refs):
        slug = parse_mission_slug_from_branch(branch)
        if slug is None or slug in slugs or branch in in_use:
            continue
        what = "is the branch" if branch == mission_branch_name(slug) else "is a lane"
        message = f"{branch} {what} of a mission that is not in this clone"
        found.append(
            Finding(SECTION, Severity.NOTE, "BRANCH_ORPHAN", message, command("git", "log", "--oneline", "-5", branch))
        )
    return found
