"""A merge that stopped: the conflict in a worktree of its own, taken up again or given up."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, field
from pathlib import Path
from typing import Any

from specify_cli.home import MissionPlace, worktrees_folder
from specify_cli.kernel import files
from specify_cli.kernel.commands import Command, git_command, spec_kitty
from specify_cli.kernel.errors import Conflict, Refused, SpecKittyError
from specify_cli.kernel.git import Git
from specify_cli.kernel.git_run import NO_HOOKS
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import WORKTREES, Repository
from specify_cli.kernel.text import folded_name, plural, some
from specify_cli.kernel.values import frozen, replace
from specify_cli.merge import intent as intents
from specify_cli.merge.plan import stopped_ref
from specify_cli.workspaces.forecast_models import TARGET_STEP, Forecast, Step
from specify_cli.workspaces.markers import brought
from specify_cli.workspaces.recovery import clear_way
from specify_cli.workspaces.trees import Workbench, attributes
from specify_cli.workspaces.unfinished import resolved_command


@frozen
class Resolution:
    """A commit in which a person has merged two others.

    Args:
        step, files: which merge of the plan, and what was in conflict.
        by, session: who said that it is resolved.
        beside: files that were in no conflict, and that it changes too.
    """

    ours: str
    theirs: str
    commit: str
    step: str = ""
    files: tuple[str, ...] = ()
    by: str = ""
    session: str | None = None
    beside: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """As a receipt and JSON answers show it: nobody but who made it has looked at it, and no test saw it."""
        return {
            "step": self.step,
            "files": list(self.files),
            "beside": list(self.beside),
            "commit": self.commit,
            "by": self.by,
            "session": self.session,
            "reviewed": False,
            "tested": False,
        }


@frozen
class Stopped:
    """A merge that waits for a person.

    Args:
        path: the worktree with the conflict.
        step, ours, theirs: which merge stopped.
        files: what is in conflict.
        resolutions: of conflicts that are resolved already.
        options: what the command was asked for, taken up again by `--resume`.
    """

    key: str
    mission_slug: str
    target_branch: str
    path: str
    step: str
    ours: str
    theirs: str
    files: tuple[str, ...]
    resolutions: tuple[Resolution, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def worktree(self) -> Path:
        """The folder with the conflict."""
        return Path(self.path)

    @property
    def resume(self) -> Command:
        """The command that goes on with it."""
        return spec_kitty("merge", "--resume", "--mission", self.mission_slug)


def _file(repo: Repository, key: str) -> Path:
    return intents.folder(repo) / f"{key}{intents.CONFLICT}.json"


def read(repo: Repository, key: str) -> Stopped | None:
    """The stopped merge of a mission, or None."""
    return _read(_file(repo, key))


def stopped_into(repo: Repository, target_branch: str) -> list[Stopped]:
    """All stopped merges into one branch; one whose record is damaged stops its own mission alone."""
    folder = intents.folder(repo)
    found = []
    for path in sorted(folder.glob(f"*{intents.CONFLICT}.json")) if folder.is_dir() else []:
        with suppress(SpecKittyError):
            stopped = _read(path)
            if stopped is not None and stopped.target_branch == target_branch:
                found.append(stopped)
    return found


def _read(path: Path) -> Stopped | None:
    return intents.recorded(path, "a record of a stopped merge", "MERGE_STATE_INVALID", _parsed)


def _parsed(data: Mapping[str, Any]) -> Stopped:
    found = intents.revived(Stopped, data, {"files": None, "resolutions": Resolution})
    return replace(found, resolutions=tuple(_tuples(each) for each in found.resolutions))


def _tuples(made: Resolution) -> Resolution:
    return replace(made, files=tuple(made.files), beside=tuple(made.beside))


def _write(repo: Repository, stopped: Stopped) -> None:
    files.make_private(intents.folder(repo))
    files.write_json(_file(repo, stopped.key), {"version": intents.VERSION, **asdict(stopped)})


def _anchor(place: MissionPlace, stopped: Stopped) -> None:
    """Refer to all that a stopped merge names, so that git does not clear it away before it is gone on with."""
    git = place.git
    made = (each.commit for each in stopped.resolutions)
    held = Workbench(place).passing_commit(git.tree_of(stopped.ours) or "", stopped.ours, stopped.theirs, *made)
    git.run("update-ref", stopped_ref(stopped.mission_slug), held, write=True)


def open_conflict(
    place: MissionPlace, forecast: Forecast, before: Stopped | None, options: Mapping[str, object]
) -> Conflict:
    """Put the first conflict of a forecast into a worktree, and the error that says what to do.

    No reference moves, and no checkout of the user's.
    """
    step = forecast.conflicts[0]
    path = place.repo.root / WORKTREES / f"{place.slug}-merge"
    stopped = Stopped(
        place.key,
        place.slug,
        place.target_branch,
        str(path),
        step.name,
        step.ours,
        step.theirs,
        tuple(clash.path for clash in step.clashes),
        before.resolutions if before else (),
        options,
    )
    _make_room(place, path, ours_already=before is not None)
    _write(place.repo, stopped)
    lay_out(place, stopped)
    return error_of(place, stopped, step)


def _make_room(place: MissionPlace, path: Path, *, ours_already: bool) -> None:
    found = place.repo.checkout_at(path)
    if found is None:
        clear_way(place.git, path)
    elif not ours_already and (found.branch is not None or Git(path).changes()):
        raise Refused(
            f"{path} is a worktree that no stopped merge of {place.slug} knows of",
            "WORKSPACE_BLOCKED",
            hint=git_command(place.repo.root, "worktree", "move", path, f"{path}.kept"),
            details={"path": str(path)},
        )


def lay_out(place: MissionPlace, stopped: Stopped) -> None:
    """Make the worktree and merge in it, so that it stops where the computed merge did; can be repeated."""
    _anchor(place, stopped)
    git = Git(stopped.worktree)
    if place.repo.checkout_at(stopped.worktree) is None:
        worktrees_folder(place.repo)
        clear_way(place.git, stopped.worktree)
        place.git.add_detached_worktree(stopped.worktree, stopped.ours)
    else:
        git.run("reset", "--hard", "--quiet", write=True)
        git.run(*NO_HOOKS, "checkout", "--quiet", "--detach", stopped.ours, write=True)
    rules = attributes(place)
    config = ("-c", f"core.attributesFile={rules}") if rules else ()
    # A setting may want merged commits to be signed, and what was only computed is not.
    words = ("merge", "--no-ff", "--no-commit", "--no-verify-signatures", "--quiet")
    git.call(*NO_HOOKS, *config, *words, stopped.theirs, write=True)
    # The mission's own folder is never a matter of conflict: it comes from the target and the log.
    git.call("reset", "--quiet", stopped.ours, "--", place.relative, write=True)
    git.call("checkout", "--quiet", stopped.ours, "--", place.relative, write=True)


def error_of(place: MissionPlace, stopped: Stopped, step: Step | None) -> Conflict:
    """What to tell a person whose merge stopped."""
    between = ""
    if step is not None and step.clashes:
        first = step.clashes[0]
        between = f" between {' and '.join(first.wps)} and {' and '.join(first.others)}"
    last = stopped.step == TARGET_STEP
    what, into = ("the mission", place.target_branch) if last else (stopped.step, "the mission branch")
    return Conflict(
        f"merging {what} into {into} conflicts in {plural(len(stopped.files), 'file')}{between}: "
        f"{', '.join(stopped.files[:5])}. Nothing has moved. Resolve it in {stopped.path}, then"
        f" `{resolved_command(stopped.path, stopped.files)}` and resume",
        "MERGE_CONFLICT",
        hint=stopped.resume,
        details={
            "worktree": stopped.path,
            "step": stopped.step,
            "files": list(stopped.files),
            "conflicts": [clash.to_dict() for clash in step.clashes] if step else [],
            "resume": stopped.resume,
            "abort": spec_kitty("merge", "--abort", "--mission", stopped.mission_slug),
        },
    )


def resolved(place: MissionPlace, stopped: Stopped, *, by: str, session: str | None = None) -> Stopped:
    """Take a person's resolution from the worktree into the record; one that is there already stays who made it's.

    Args:
        by, session: who says that it is resolved.

    Raises:
        Refused: `MERGE_UNRESOLVED`, naming the files.
        Conflict: `MERGE_CONFLICT`: the worktree was gone or empty; the conflict is laid out in it again.
    """
    found = place.repo.checkout_at(stopped.worktree)
    git = Git(stopped.worktree)
    if found is None or (git.resolve("HEAD") == stopped.ours and found.busy != "merge" and not git.changes()):
        lay_out(place, stopped)
        raise error_of(place, stopped, None)
    left = (change.path for change in git.changes() if change.state[1] != " ")
    names = sorted(name for name in left if not name.startswith(f"{place.relative}/"))
    if names:
        raise _unresolved(stopped, names, "not resolved and added", resolved_command(stopped.path, names))
    head = git.resolve("HEAD") or ""
    if head == stopped.ours:
        tree = git.run("write-tree", write=True).strip()
        commit = Workbench(place).passing_commit(tree, stopped.ours, stopped.theirs)
    elif git.is_ancestor(stopped.ours, head) and git.is_ancestor(stopped.theirs, head):
        commit = head
    else:
        raise _unresolved(stopped, list(stopped.files), f"{head[:10]} there does not contain both sides")
    target = f"refs/heads/{place.target_branch}"
    marked = brought(git, [stopped.ours, stopped.theirs], commit, outside=place.relative, rules=target)
    if marked:
        raise _unresolved(stopped, [*marked], "conflict markers are left")
    known = next((each for each in stopped.resolutions if each.ours == stopped.ours), None)
    if known is not None and known.theirs == stopped.theirs and git.tree_of(known.commit) == git.tree_of(commit):
        return stopped
    differing = git.changed_between(Workbench(place).merge(stopped.ours, stopped.theirs).tree, commit)
    beside = {path for path in differing if not path.startswith(f"{place.relative}/")}.difference(stopped.files)
    made = Resolution(
        stopped.ours, stopped.theirs, commit, stopped.step, stopped.files, by, session, tuple(sorted(beside))
    )
    others = (each for each in stopped.resolutions if (each.ours, each.theirs) != (made.ours, made.theirs))
    later = replace(stopped, resolutions=(*others, made))
    _write(place.repo, later)
    _anchor(place, later)
    return later


def check_seen(stopped: Stopped, actor: str) -> None:
    """Where every review is somebody else's, so is a look at a conflict that was resolved by hand.

    Raises:
        Refused: `RESOLUTION_UNREVIEWED`.
    """
    own = [each for each in stopped.resolutions if folded_name(each.by) == folded_name(actor)]
    if not own:
        return
    files = some(sorted({name for each in own for name in each.files}))
    raise Refused(
        f"{actor} resolved the conflict in {files}, and review.by is other: "
        f"another actor has to look at {stopped.path} and run `{stopped.resume}`",
        "RESOLUTION_UNREVIEWED",
        hint=git_command(stopped.path, "diff", own[-1].ours, own[-1].commit),
        details={"resolved": [each.to_dict() for each in own]},
    )


def notices(stopped: Stopped | None) -> tuple[Notice, ...]:
    """What a person resolved while merging: no reviewer and no test has seen it."""
    return tuple(
        Notice(
            "RESOLUTION_UNREVIEWED",
            f"the conflict in {some(each.files)} was resolved by {each.by or 'hand'}"
            + (f", and {some(each.beside)} changed with it, which no conflict was in" if each.beside else "")
            + "; nobody reviewed or tested that",
        )
        for each in (stopped.resolutions if stopped else ())
    )


def _unresolved(stopped: Stopped, names: list[str], why: str, then: Command | None = None) -> Refused:
    after = f"; resolve that, then `{then}`" if then else ""
    return Refused(
        f"{stopped.path}: {why}: {', '.join(names[:8])}{after}",
        "MERGE_UNRESOLVED",
        hint=git_command(stopped.worktree, "status"),
        details={"files": names, "worktree": stopped.path},
    )


def forget(place: MissionPlace) -> bool | None:
    """Remove the worktree of a stopped merge and its record; nothing of the user's is in it but the resolution.

    Returns:
        Whether there was a worktree; None where no merge has stopped.
    """
    stopped = read(place.repo, place.key)
    if stopped is None:
        return None
    place.git.call("update-ref", "-d", stopped_ref(stopped.mission_slug), write=True)
    found = place.repo.checkout_at(stopped.worktree)
    if found is None:
        with suppress(Refused):
            clear_way(place.git, stopped.worktree)
    elif found.branch is None:
        place.git.discard_worktree(stopped.worktree)
    files.remove(_file(place.repo, stopped.key))
    return found is not None
