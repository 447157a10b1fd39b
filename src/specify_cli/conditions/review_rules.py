"""What a work package still wants before it may go to review; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from specify_cli.conditions.ways import way_on
from specify_cli.kernel.commands import Command, git_command, spec_kitty
from specify_cli.kernel.errors import Unmet
from specify_cli.kernel.paths import add_command
from specify_cli.kernel.text import some
from specify_cli.kernel.values import frozen
from specify_cli.status.models import Lane
from specify_cli.workspaces.unfinished import in_words, keep_inside, next_command

if TYPE_CHECKING:
    from specify_cli.workspaces.astray import Astray

# What each condition of the move to for_review says where it holds.
WANTS: Mapping[str, str] = {
    "NOT_IN_PROGRESS": "somebody works on it",
    "WORKSPACE_MISSING": "it has a workspace in this clone",
    "WORKTREE_WRONG_BRANCH": "its lane's branch is checked out there",
    "WORKTREE_BUSY": "no merge or rebase is under way there",
    "WORKTREE_DIRTY": "nothing is uncommitted there",
    "NO_NEW_COMMIT": "there is a new commit",
    "NO_CHANGES": "it changes something",
    "SUBTASKS_OPEN": "every subtask is ticked",
}
_UNSEEN = frozenset({"NO_NEW_COMMIT", "NO_CHANGES"})
_IN_THE_WORKSPACE = frozenset({"WORKTREE_WRONG_BRANCH", "WORKTREE_BUSY", "WORKTREE_DIRTY"}) | _UNSEEN
_OVER = frozenset({Lane.APPROVED, Lane.DONE, Lane.CANCELED})


@frozen
class WorkFacts:
    """What is known of a work package that wants to go to review.

    Args:
        mission_slug: for the commands.
        workspace: its worktree; None without one.
        wrong_branch: the branch found there where it is not the lane's.
        beside: whether the commits there are all that the lane's branch has, and more.
        busy: what its holder has begun there and not ended, such as a rebase.
        unmerged: files in conflict.
        changed: files in which its head differs from its base; the lane's copy of the mission is not one of them.
        dirty: uncommitted files that are this work package's.
        inside: those of them that are submodules with uncommitted content of their own.
        commits: commits since its base, its own files only in lane-planning.
        unchanged_since: the reviewed commit that nothing differs from since the rejection; else None.
        open_subtasks: subtasks not done.
        ticked_in_copy: open subtasks whose box is ticked in the worktree's copy of the mission, where nobody reads it.
        lane: of the board.
        left: untracked files that it does not own; they are in no commit, and keep nobody from handing over.
        outside: files that its commits changed although it does not own them.
        astray: what was written into another checkout instead.
        strayed: commits that brought its work to the target branch instead, oldest first: id and subject.
    """

    wp_id: str
    mission_slug: str
    workspace: str | None
    branch: str = ""
    wrong_branch: str | None = None
    dirty: tuple[str, ...] = ()
    commits: int = 0
    unchanged_since: str | None = None
    open_subtasks: tuple[str, ...] = ()
    ticked_in_copy: tuple[str, ...] = ()
    lane: Lane = Lane.IN_PROGRESS
    beside: bool = False
    busy: str = ""
    unmerged: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    astray: tuple[Astray, ...] = ()
    strayed: tuple[tuple[str, str], ...] = ()
    inside: tuple[str, ...] = ()

    @property
    def subtasks_complete(self) -> bool:
        """The guard's first half."""
        return not self.open_subtasks

    @property
    def has_evidence(self) -> bool:
        """The guard's second half: work committed on the lane's branch, nothing left lying about."""
        standing = self.workspace is not None and self.wrong_branch is None and not self.busy
        return standing and not self.unmerged and not self.dirty and self.commits > 0 and self.unchanged_since is None

    @property
    def undecided(self) -> frozenset[str]:
        """Conditions of which nothing can be said yet: they are neither met nor unmet."""
        if self.workspace is None:
            return _IN_THE_WORKSPACE
        if self.commits:
            return frozenset()
        return _UNSEEN if self.dirty else frozenset({"NO_CHANGES"})


def _move(facts: WorkFacts, *more: str) -> Command:
    to = ("--to", Lane.FOR_REVIEW)
    return spec_kitty("agent tasks move-task", facts.wp_id, *to, "--mission", facts.mission_slug, *more)


def not_in_progress(facts: WorkFacts) -> Iterator[Unmet]:
    """Somebody works on it."""
    if facts.lane is not Lane.IN_PROGRESS:
        said = f"{facts.wp_id} is {facts.lane}, not in progress"
        way = _move(facts, "--force", "--note", "TEXT") if facts.lane in _OVER else None
        yield Unmet("NOT_IN_PROGRESS", said, way or way_on(facts.wp_id, facts.lane, facts.mission_slug), facts.wp_id)


def workspace_missing(facts: WorkFacts) -> Iterator[Unmet]:
    """It has a workspace in this clone."""
    if facts.workspace is None:
        begin = spec_kitty("agent action implement", facts.wp_id, "--agent", "NAME", "--mission", facts.mission_slug)
        yield Unmet("WORKSPACE_MISSING", f"{facts.wp_id} has no workspace in this clone", begin, facts.wp_id)


def wrong_branch(facts: WorkFacts) -> Iterator[Unmet]:
    """Its lane's branch is checked out there."""
    if facts.wrong_branch is not None and not facts.busy:
        # `-C` brings the lane's branch to the commits that were made beside it: without it they would be left behind.
        switch = git_command(facts.workspace, "switch", *(["-C"] if facts.beside else []), facts.branch)
        said = f"{facts.workspace} is on {facts.wrong_branch}, not on {facts.branch}"
        yield Unmet("WORKTREE_WRONG_BRANCH", said, switch, facts.wp_id)


def busy(facts: WorkFacts) -> Iterator[Unmet]:
    """No merge or rebase is under way there."""
    if facts.busy or facts.unmerged:
        said = in_words(facts.workspace, facts.busy, facts.unmerged)
        fix = next_command(facts.workspace, facts.busy, facts.unmerged)
        yield Unmet("WORKTREE_BUSY", said, fix, facts.wp_id)


def dirty(facts: WorkFacts) -> Iterator[Unmet]:
    """Nothing is uncommitted there."""
    if facts.dirty and not facts.busy and not facts.unmerged:
        said = f"uncommitted in {facts.workspace}: {some(facts.dirty)}"
        fix = keep_inside(facts.workspace, facts.inside) if facts.inside else _move(facts, "--commit", "TEXT")
        yield Unmet("WORKTREE_DIRTY", said, fix, facts.wp_id)


def no_new_commit(facts: WorkFacts) -> Iterator[Unmet]:
    """There is a commit since its base, and after a rejection another content than the rejected one."""
    if facts.unchanged_since is not None:
        said = f"nothing has changed since the review of {facts.unchanged_since[:10]}"
        yield Unmet("NO_NEW_COMMIT", said, _move(facts, "--commit", "TEXT"), facts.wp_id)
    elif facts.workspace is not None and facts.commits == 0 and not facts.dirty:
        said = f"no commit of {facts.wp_id} in {facts.workspace} yet"
        fix = _move(facts, "--commit", "TEXT")
        if facts.astray:
            said += "".join(f"; {each.message}" for each in facts.astray)
            fix = facts.astray[0].fix
        elif facts.strayed:
            named = some([f"{commit[:10]} ({subject})" for commit, subject in facts.strayed])
            said += f"; its files were changed on the target branch instead, which no review sees: {named}"
            fix = git_command(facts.workspace, "cherry-pick", *(commit for commit, _ in facts.strayed))
        elif facts.left:
            said += f"; {some(facts.left)} are untracked, and {facts.wp_id} does not own them"
            fix = add_command(facts.workspace, *facts.left).then(*fix.steps[0])
        yield Unmet("NO_NEW_COMMIT", said, fix, facts.wp_id)


def outside_owned_files(facts: WorkFacts) -> Iterator[Unmet]:
    """It changes only files that it owns."""
    if facts.outside:
        said = (
            f"{facts.wp_id} changes files that it does not own: {some(facts.outside)}; take those changes back, or add"
            " the files to owned_files of its prompt and run finalize-tasks"
        )
        yield Unmet("OUTSIDE_OWNED_FILES", said, None, facts.wp_id)


def no_changes(facts: WorkFacts) -> Iterator[Unmet]:
    """Its commits change something: an empty commit, or one that takes the other back, is no work."""
    if facts.workspace is not None and facts.commits > 0 and not facts.changed:
        yield nothing_changed(facts)


def nothing_changed(facts: WorkFacts) -> Unmet:
    """That there is no work to be handed over."""
    said = (
        f"{facts.wp_id} changes nothing: between its base and its head no file differs. Commit the work, or say with"
        " --no-change why nothing had to be changed"
    )
    return Unmet("NO_CHANGES", said, None, facts.wp_id)


def subtasks_open(facts: WorkFacts) -> Iterator[Unmet]:
    """Every subtask is ticked."""
    if not facts.open_subtasks:
        return
    said = f"not ticked: {some(facts.open_subtasks)}"
    if facts.ticked_in_copy:
        said += f" ({some(facts.ticked_in_copy)} ticked only in the worktree's copy of tasks.md, which nobody reads)"
    done = ("--status", "done", "--mission", facts.mission_slug)
    yield Unmet("SUBTASKS_OPEN", said, spec_kitty("agent tasks mark-status", *facts.open_subtasks, *done), facts.wp_id)


def for_review(facts: WorkFacts) -> list[Unmet]:
    """Every unmet condition of in_progress -> for_review, each with the command that meets it."""
    rules = (not_in_progress, workspace_missing, wrong_branch, busy, dirty, no_new_commit, no_changes, subtasks_open)
    return [unmet for rule in rules for unmet in rule(facts)]
