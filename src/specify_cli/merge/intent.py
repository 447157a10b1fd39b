"""A merge that is about to move references, written down first; and what is done with one that was met.

Light on purpose: every command that changes state asks `settle`, and nearly always there is nothing to settle.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from specify_cli.kernel import files
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.git import RefUpdate
from specify_cli.kernel.lazy import load
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.values import frozen, replace

VERSION = 1
CONFLICT = ".conflict"


@frozen
class Doomed:
    """A worktree that goes once the merge is made."""

    lane_id: str
    path: str
    branch: str

    def to_dict(self) -> dict[str, str]:
        """As it stands in the intent."""
        return {"lane_id": self.lane_id, "path": self.path, "branch": self.branch}


@frozen
class Push:
    """Where the target goes after the merge."""

    remote: str
    refspec: str

    def to_dict(self) -> dict[str, str]:
        """As it stands in the intent."""
        return {"remote": self.remote, "refspec": self.refspec}


@frozen
class Intent:
    """All that is needed to finish a merge, or to know that it never began.

    Args:
        home: the checkout that follows the target.
        old, new: the target's commit before and after.
        merged_commit: the commit that holds the code; `new` is the status commit on top of it.
        guard: a reference that lives from before the transaction until it, and is deleted in it. Whoever deletes it
            first decides: the transaction (then all references are new), or somebody who gives the merge up (then
            the transaction fails, even when a git process of a dead command is still about to run it).
        refs: what the transaction moves, the guard included.
        folder: paths of the mission's folder that the checkout takes over.
        events, mission_events: lines for the journals.
        loose: documents (name below the mission's folder -> text) that are written and not committed, where the
            tool makes no commits.
        push: None where no push was asked for.
        worktrees, branches: what is removed at the end; a branch only while it still has this commit.
        made: references, checkout and journals are done.
        pushed: the push is done.
        summary: the answer of the command, for a resumed one.
    """

    key: str
    mission_slug: str
    mission_id: str | None
    target_branch: str
    home: str
    strategy: str
    old: str
    new: str
    merged_commit: str
    guard: str
    refs: tuple[RefUpdate, ...]
    folder: tuple[str, ...] = ()
    events: tuple[Mapping[str, object], ...] = ()
    mission_events: tuple[Mapping[str, object], ...] = ()
    loose: Mapping[str, str] = field(default_factory=dict)
    push: Push | None = None
    worktrees: tuple[Doomed, ...] = ()
    branches: tuple[RefUpdate, ...] = ()
    made: bool = False
    pushed: bool = False
    summary: Mapping[str, object] = field(default_factory=dict)

    @property
    def awaits_push(self) -> bool:
        """Whether all that is left needs the network: no other command does that."""
        return self.made and self.push is not None and not self.pushed

    def to_dict(self) -> dict[str, object]:
        """The file's object."""
        return {
            "version": VERSION, "key": self.key, "mission_slug": self.mission_slug, "mission_id": self.mission_id,
            "target_branch": self.target_branch, "home": self.home, "strategy": self.strategy, "old": self.old,
            "new": self.new, "merged_commit": self.merged_commit, "guard": self.guard,
            "refs": [each.to_dict() for each in self.refs], "folder": list(self.folder),
            "events": [dict(each) for each in self.events],
            "mission_events": [dict(each) for each in self.mission_events],
            "loose": dict(self.loose),
            "push": self.push.to_dict() if self.push else None,
            "worktrees": [each.to_dict() for each in self.worktrees],
            "branches": [each.to_dict() for each in self.branches],
            "made": self.made, "pushed": self.pushed, "summary": dict(self.summary),
        }  # fmt: skip


@frozen
class Pending:
    """A merge that is under way, for those who only report.

    Args:
        slug: its mission.
        kind: `intent` (the next command that changes state settles it), `push` or `conflict`.
        path: the file that says so.
    """

    slug: str
    kind: str
    path: Path

    @property
    def fix(self) -> str:
        """The command that goes on with it."""
        return f"spec-kitty merge --resume --mission {self.slug}"


def folder(repo: Repository) -> Path:
    """Where intents and unresolved conflicts are kept."""
    return repo.state / "merge"


def path_of(repo: Repository, key: str) -> Path:
    """The intent of one mission."""
    return folder(repo) / f"{key}.json"


def intents(repo: Repository) -> list[Path]:
    """Files of all intents; nearly always none."""
    try:
        names = os.listdir(folder(repo))
    except OSError:
        return []
    return [folder(repo) / name for name in sorted(names) if name.endswith(".json") and CONFLICT not in name]


def pending(repo: Repository) -> list[Pending]:
    """Merges that are under way in this clone. Writes nothing."""
    found = []
    for path in intents(repo):
        intent = read(path)
        if intent is not None:
            found.append(Pending(intent.mission_slug, "push" if intent.awaits_push else "intent", path))
    place = folder(repo)
    for path in sorted(place.glob(f"*{CONFLICT}.json")) if place.is_dir() else []:
        data = files.read_json(path) or {}
        found.append(Pending(str(data.get("mission_slug", "")), "conflict", path))
    return found


def settle(repo: Repository) -> None:
    """Finish a merge that was interrupted after its references moved, or drop one that had not got so far.

    Called before every use case that changes state. Takes the merge lock only where there is something to settle.

    Raises:
        Conflict: `LOCKED`: a merge is at work now.
        Unavailable: `MERGE_INCOMPLETE`: it cannot be finished yet, and why.
    """
    if any(intent is not None and not intent.awaits_push for intent in map(read, intents(repo))):
        load("specify_cli.merge.settling:settle_all")(repo)


def write(repo: Repository, intent: Intent) -> None:
    """Write an intent and fsync it."""
    files.make_private(folder(repo))
    files.write_json(path_of(repo, intent.key), intent.to_dict())


def mark(repo: Repository, intent: Intent, *, made: bool = True, pushed: bool = False) -> Intent:
    """Note how far it got."""
    later = replace(intent, made=made, pushed=pushed)
    write(repo, later)
    return later


def read(path: Path) -> Intent | None:
    """The intent in a file, or None where there is none any more.

    Raises:
        Refused: `MERGE_INTENT_INVALID`.
    """
    data = files.read_json(path)
    if data is None:
        return None
    try:
        return _parsed(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refused(
            f"{path} is not a merge intent that this version can read: {error!r}",
            "MERGE_INTENT_INVALID",
            hint="spec-kitty doctor merge",
            details={"path": str(path)},
        ) from error


def _parsed(data: Mapping[str, object]) -> Intent:
    if data["version"] != VERSION:
        raise ValueError(f"version {data['version']}")
    push = data["push"]
    mission_id = data["mission_id"]
    summary, loose = data["summary"], data["loose"]
    return Intent(
        key=str(data["key"]),
        mission_slug=str(data["mission_slug"]),
        mission_id=str(mission_id) if mission_id else None,
        target_branch=str(data["target_branch"]),
        home=str(data["home"]),
        strategy=str(data["strategy"]),
        old=str(data["old"]),
        new=str(data["new"]),
        merged_commit=str(data["merged_commit"]),
        guard=str(data["guard"]),
        refs=tuple(_ref(each) for each in _objects(data["refs"])),
        folder=tuple(str(each) for each in _list(data["folder"])),
        events=tuple(_objects(data["events"])),
        mission_events=tuple(_objects(data["mission_events"])),
        loose={str(name): str(text) for name, text in loose.items()} if isinstance(loose, dict) else {},
        push=Push(str(push["remote"]), str(push["refspec"])) if isinstance(push, dict) else None,
        worktrees=tuple(
            Doomed(str(each["lane_id"]), str(each["path"]), str(each["branch"])) for each in _objects(data["worktrees"])
        ),
        branches=tuple(_ref(each) for each in _objects(data["branches"])),
        made=data["made"] is True,
        pushed=data["pushed"] is True,
        summary=summary if isinstance(summary, dict) else {},
    )


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("a list is expected")
    return value


def _objects(value: object) -> list[Mapping[str, object]]:
    found: list[Mapping[str, object]] = []
    for each in _list(value):
        if not isinstance(each, dict):
            raise TypeError("a list of objects is expected")
        found.append(each)
    return found


def _ref(data: Mapping[str, object]) -> RefUpdate:
    return RefUpdate(str(data["ref"]), str(data["old"]), str(data["new"]))
