"""A merge that is about to move references, written down first; and what is done with one that was met.

Light on purpose: every command that changes state asks `settle`, and nearly always there is nothing to settle.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, field, fields
from pathlib import Path
from typing import Any, TypeVar, cast

from specify_cli.core.project_version import refuse_newer
from specify_cli.kernel import files
from specify_cli.kernel.commands import Command, command, spec_kitty
from specify_cli.kernel.errors import Refused, SpecKittyError
from specify_cli.kernel.git import RefUpdate
from specify_cli.kernel.lazy import load
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.values import frozen, replace

VERSION = 1
CONFLICT = ".conflict"
T = TypeVar("T")


@frozen
class Doomed:
    """A worktree that goes once the merge is made."""

    lane_id: str
    path: str
    branch: str


@frozen
class Push:
    """Where the target goes after the merge."""

    remote: str
    refspec: str


@frozen
class Intent:
    """All that is needed to finish a merge, or to know that it never began.

    Args:
        home: the checkout that follows the target.
        old, new: the target's commit before and after.
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
    old: str
    new: str
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


_LISTED: Mapping[str, Any] = {
    "refs": RefUpdate, "branches": RefUpdate, "worktrees": Doomed, "folder": None, "events": None,
    "mission_events": None,
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
    def fix(self) -> Command:
        """The command that goes on with it."""
        return spec_kitty("merge", "--resume", "--mission", self.slug)


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


def unsettled(repo: Repository) -> list[Intent]:
    """Merges that the next command that changes state finishes or drops.

    One whose record is damaged is left to `doctor` and to the merge of its own mission: it stops no other command.
    """
    found = []
    for path in intents(repo):
        with suppress(SpecKittyError):
            intent = read(path)
            if intent is not None and not intent.awaits_push:
                found.append(intent)
    return found


def pending(repo: Repository) -> list[Pending]:
    """Merges that are under way in this clone, as far as their records can be read. Writes nothing."""
    return [each for each in _looked_at(repo) if isinstance(each, Pending)]


def damaged(repo: Repository) -> list[SpecKittyError]:
    """What is wrong with the records of merges that cannot be read, with the command that puts each aside."""
    return [each for each in _looked_at(repo) if isinstance(each, SpecKittyError)]


def _looked_at(repo: Repository) -> Iterator[Pending | SpecKittyError]:
    place = folder(repo)
    for path in [*intents(repo), *(sorted(place.glob(f"*{CONFLICT}.json")) if place.is_dir() else [])]:
        try:
            if CONFLICT in path.name:
                data = recorded(path, "a record of a stopped merge", "MERGE_STATE_INVALID", dict) or {}
                slug = str(data.get("mission_slug") or path.name.partition(".")[0])
                yield Pending(slug, "conflict", path)
            elif (intent := read(path)) is not None:
                yield Pending(intent.mission_slug, "push" if intent.awaits_push else "intent", path)
        except SpecKittyError as error:
            yield error


def settle(repo: Repository) -> None:
    """Finish a merge that was interrupted after its references moved, or drop one that had not got so far.

    Called before every use case that changes state. Takes the merge lock only where there is something to settle.

    Raises:
        Conflict: `LOCKED`: a merge is at work now.
        Unavailable: `MERGE_INCOMPLETE`: it cannot be finished yet, and why.
        Refused: `PROJECT_NEWER`: nothing may be changed here.
    """
    refuse_newer(repo.root, repo.checkout)
    if unsettled(repo):
        load("specify_cli.merge.settling:settle_all")(repo)


def write(repo: Repository, intent: Intent) -> None:
    """Write an intent and fsync it."""
    files.make_private(folder(repo))
    files.write_json(path_of(repo, intent.key), {"version": VERSION, **asdict(intent)})


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
    return recorded(path, "a merge intent", "MERGE_INTENT_INVALID", _parsed)


def recorded(path: Path, what: str, code: str, parsed: Callable[[Mapping[str, Any]], T]) -> T | None:
    """The value in a file of ours, or None where there is no file.

    Args:
        what, code: for the refusal.
        parsed: makes it from the file's object.

    Raises:
        Refused: it is damaged, or of another version.
    """
    try:
        data = files.read_json(path)
        return None if data is None else parsed(data)
    except (SpecKittyError, KeyError, TypeError, ValueError, AttributeError) as error:
        said = error.message if isinstance(error, SpecKittyError) else repr(error)
        raise Refused(
            f"{path} is not {what} that this version can read: {said}",
            code,
            hint=command("mv", path, f"{path}.damaged"),
            details={"path": str(path)},
        ) from error


def revived(kind: type[T], data: Mapping[str, Any], listed: Mapping[str, Any]) -> T:
    """A value from the object in its file; what older versions have written beside is left out.

    Args:
        listed: fields that hold several -> of what kind, where it is one of ours.

    Raises:
        KeyError, TypeError, ValueError: it is none of this version.
    """
    if data["version"] != VERSION:
        raise ValueError(f"version {data['version']}")
    values = {each.name: data[each.name] for each in fields(cast("Any", kind))}
    for name, each_kind in listed.items():
        values[name] = tuple(each_kind(**each) if each_kind else each for each in values[name])
    return kind(**values)


def _parsed(data: Mapping[str, Any]) -> Intent:
    return revived(Intent, {**data, "push": Push(**data["push"]) if data["push"] else None}, _LISTED)
