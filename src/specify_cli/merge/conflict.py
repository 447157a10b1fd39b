"""A merge that stopped: the conflict in a worktree of its own, taken up again or given up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from specify_cli.home import MissionPlace
from specify_cli.kernel import files
from specify_cli.kernel.errors import Conflict, Refused
from specify_cli.kernel.git import Git
from specify_cli.kernel.paths import WORKTREES, Checkout, Repository
from specify_cli.kernel.text import plural, quoted
from specify_cli.kernel.values import frozen, replace
from specify_cli.merge import intent as intents
from specify_cli.workspaces.forecast_models import TARGET_STEP, Forecast, Step
from specify_cli.workspaces.recovery import clear_way
from specify_cli.workspaces.trees import attributes, workbench

_MARKERS = (b"<<<<<<< ", b">>>>>>> ")


@frozen
class Stopped:
    """A merge that waits for a person.

    Args:
        slug, target_branch: of which mission, into what.
        path: the worktree with the conflict.
        step, ours, theirs: which merge stopped.
        files: what is in conflict.
        resolutions: (ours, theirs) -> commit, of conflicts that are resolved already.
        options: what the command was asked for, taken up again by `--resume`.
    """

    key: str
    slug: str
    target_branch: str
    path: Path
    step: str
    ours: str
    theirs: str
    files: tuple[str, ...]
    resolutions: Mapping[tuple[str, str], str] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        """The file's object."""
        return {
            "version": intents.VERSION, "key": self.key, "mission_slug": self.slug,
            "target_branch": self.target_branch, "path": str(self.path), "step": self.step, "ours": self.ours,
            "theirs": self.theirs, "files": list(self.files), "options": dict(self.options),
            "resolutions": [
                {"ours": ours, "theirs": theirs, "commit": commit}
                for (ours, theirs), commit in self.resolutions.items()
            ],
        }  # fmt: skip


def _file(repo: Repository, key: str) -> Path:
    return intents.folder(repo) / f"{key}{intents.CONFLICT}.json"


def read(repo: Repository, key: str) -> Stopped | None:
    """The stopped merge of a mission, or None."""
    return _read(_file(repo, key))


def stopped_into(repo: Repository, target_branch: str) -> list[Stopped]:
    """All stopped merges into one branch."""
    folder = intents.folder(repo)
    listed = sorted(folder.glob(f"*{intents.CONFLICT}.json")) if folder.is_dir() else []
    found = [stopped for path in listed if (stopped := _read(path)) is not None]
    return [stopped for stopped in found if stopped.target_branch == target_branch]


def _read(path: Path) -> Stopped | None:
    data = files.read_json(path)
    if data is None:
        return None
    listed, options, named = data.get("resolutions"), data.get("options"), data.get("files")
    try:
        return Stopped(
            key=str(data["key"]),
            slug=str(data["mission_slug"]),
            target_branch=str(data["target_branch"]),
            path=Path(str(data["path"])),
            step=str(data["step"]),
            ours=str(data["ours"]),
            theirs=str(data["theirs"]),
            files=tuple(str(name) for name in named) if isinstance(named, list) else (),
            resolutions={
                (str(each["ours"]), str(each["theirs"])): str(each["commit"])
                for each in (listed if isinstance(listed, list) else ())
            },
            options=options if isinstance(options, dict) else {},
        )
    except (KeyError, TypeError) as error:
        raise Refused(
            f"{path} is not a record of a stopped merge: {error!r}", "MERGE_STATE_INVALID", hint=f"rm {path}"
        ) from error


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
        path,
        step.name,
        step.ours,
        step.theirs,
        tuple(clash.path for clash in step.clashes),
        before.resolutions if before else {},
        options,
    )
    _make_room(place, path, ours_already=before is not None)
    files.make_private(intents.folder(place.repo))
    files.write_json(_file(place.repo, place.key), stopped.to_dict())
    lay_out(place, stopped)
    return error_of(place, stopped, step)


def _make_room(place: MissionPlace, path: Path, *, ours_already: bool) -> None:
    found = _worktree(place.repo, path)
    if found is None:
        clear_way(place.git, path)
    elif not ours_already and (found.branch is not None or Git(path).changes()):
        raise Refused(
            f"{path} is a worktree that no stopped merge of {place.slug} knows of",
            "WORKSPACE_BLOCKED",
            hint=f"git -C {quoted(place.repo.root)} worktree remove {quoted(path)}",
            details={"path": str(path)},
        )


def _worktree(repo: Repository, path: Path) -> Checkout | None:
    return next((each for each in repo.checkouts() if each.path == path), None)


def lay_out(place: MissionPlace, stopped: Stopped) -> None:
    """Make the worktree and merge in it, so that it stops where the computed merge did; can be repeated."""
    git = Git(stopped.path)
    if _worktree(place.repo, stopped.path) is None:
        files.make_ignored(stopped.path.parent)
        clear_way(place.git, stopped.path)
        place.git.add_detached_worktree(stopped.path, stopped.ours)
    else:
        git.run("reset", "--hard", "--quiet", write=True)
        git.run("checkout", "--quiet", "--detach", stopped.ours, write=True)
    rules = attributes(place)
    config = ("-c", f"core.attributesFile={rules}") if rules else ()
    git.call(*config, "merge", "--no-ff", "--no-commit", "--quiet", stopped.theirs, write=True)
    # The mission's own folder is never a matter of conflict: it comes from the target and the log.
    git.call("reset", "--quiet", stopped.ours, "--", place.relative, write=True)
    git.call("checkout", "--quiet", stopped.ours, "--", place.relative, write=True)


def error_of(place: MissionPlace, stopped: Stopped, step: Step | None) -> Conflict:
    """What to tell a person whose merge stopped."""
    between = ""
    if step is not None and step.clashes:
        first = step.clashes[0]
        between = f" between {' and '.join(first.wps)} and {' and '.join(first.others)}"
    count = plural(len(stopped.files), "file")
    return Conflict(
        f"merging {_what(stopped)} into {_into(place, stopped)} conflicts in {count}{between}: "
        f"{', '.join(stopped.files[:5])}. Nothing has moved. Resolve it in {stopped.path}, `git add` the files, resume",
        "MERGE_CONFLICT",
        hint=f"spec-kitty merge --resume --mission {stopped.slug}",
        details={
            "worktree": str(stopped.path),
            "step": stopped.step,
            "files": list(stopped.files),
            "conflicts": [clash.to_dict() for clash in step.clashes] if step else [],
            "resume": f"spec-kitty merge --resume --mission {stopped.slug}",
            "abort": f"spec-kitty merge --abort --mission {stopped.slug}",
        },
    )


def _what(stopped: Stopped) -> str:
    return "the mission" if stopped.step == TARGET_STEP else stopped.step


def _into(place: MissionPlace, stopped: Stopped) -> str:
    return place.target_branch if stopped.step == TARGET_STEP else "the mission branch"


def resolved(place: MissionPlace, stopped: Stopped) -> Stopped:
    """Take a person's resolution from the worktree into the record.

    Raises:
        Refused: `MERGE_UNRESOLVED`, naming the files.
        Conflict: `MERGE_CONFLICT`: the worktree was gone or empty; the conflict is laid out in it again.
    """
    found = _worktree(place.repo, stopped.path)
    git = Git(stopped.path)
    if found is None or (git.resolve("HEAD") == stopped.ours and found.busy != "merge" and not git.changes()):
        lay_out(place, stopped)
        raise error_of(place, stopped, None)
    left = git.run("diff", "--name-only", "-z", "--diff-filter=U").split("\0")
    unstaged = git.run("diff", "--name-only", "-z").split("\0")
    names = sorted({name for name in (*left, *unstaged) if name and not name.startswith(f"{place.relative}/")})
    if names:
        raise _unresolved(stopped, names, "not resolved and added")
    head = git.resolve("HEAD") or ""
    if head == stopped.ours:
        tree = git.run("write-tree", write=True).strip()
        commit = workbench(place, [stopped.ours, stopped.theirs]).passing_commit(tree, stopped.ours, stopped.theirs)
    elif git.is_ancestor(stopped.ours, head) and git.is_ancestor(stopped.theirs, head):
        commit = head
    else:
        raise _unresolved(stopped, list(stopped.files), f"{head[:10]} there does not contain both sides")
    marked = [name for name in stopped.files if _has_markers(git, f"{commit}:{name}")]
    if marked:
        raise _unresolved(stopped, marked, "conflict markers are left")
    later = replace(stopped, resolutions={**stopped.resolutions, (stopped.ours, stopped.theirs): commit})
    files.write_json(_file(place.repo, stopped.key), later.to_dict())
    return later


def _has_markers(git: Git, spec: str) -> bool:
    lines = (git.show_bytes(spec) or b"").splitlines()
    return all(any(line.startswith(marker) for line in lines) for marker in _MARKERS)


def _unresolved(stopped: Stopped, names: list[str], why: str) -> Refused:
    return Refused(
        f"{stopped.path}: {why}: {', '.join(names[:8])}",
        "MERGE_UNRESOLVED",
        hint=f"git -C {quoted(stopped.path)} status",
        details={"files": names, "worktree": str(stopped.path)},
    )


def forget(place: MissionPlace, stopped: Stopped) -> bool:
    """Remove the worktree of a stopped merge and its record; nothing of the user's is in it but the resolution."""
    found = _worktree(place.repo, stopped.path)
    if found is not None and found.branch is None:
        place.git.run("worktree", "remove", "--force", "--force", str(stopped.path), write=True)
    elif found is None:
        place.git.call("worktree", "prune", write=True)
    files.remove(_file(place.repo, stopped.key))
    return found is not None
