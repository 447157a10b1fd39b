"""Creating a mission: a folder, an identity, a first commit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import field
from pathlib import Path

from specify_cli.core.commits import Committed, milestone, no_identity, publish_mode
from specify_cli.core.mission_sizes import FULL, Size, sized
from specify_cli.core.mission_target import (
    STARTED_FROM,
    MissionCreationError,
    check_free,
    check_project,
    standing,
    target_of,
)
from specify_cli.core.mission_types import DEFAULT_TYPE, MissionType, load_mission_type
from specify_cli.core.planning import scaffold
from specify_cli.home import MissionPlace, runtime_folder
from specify_cli.kernel import clock, files, ids, locks, paths
from specify_cli.kernel.config import parse_config
from specify_cli.kernel.errors import Conflict, SpecKittyError, UsageError
from specify_cli.kernel.git import Git
from specify_cli.kernel.paths import KITTIFY, SPECS, Checkout, Repository
from specify_cli.kernel.values import frozen
from specify_cli.mission_metadata import META, write_meta
from specify_cli.status.emit import writing

__all__ = ["MissionCreationError", "MissionCreationResult", "check_slug", "create_mission_core", "created_facts"]

KEBAB_CASE_PATTERN = re.compile(r"^[a-z0-9][a-z0-9]*(-[a-z0-9]+)*$")
_RESERVED_END = re.compile(r"-lane-[a-z]+$|-merge$|-orchestrator$")
_NUMBERED = re.compile(r"^(\d{3,})-")
_MISSION_BRANCH = re.compile(r"/kitty/mission-(\d{3,})-")
_ORDINARY_BRANCH = re.compile(r"refs/(?:heads|remotes/[^/]+)/(?!kitty/mission-)")
_LONGEST_SLUG = 60
_DRAFT = "creating-"


@frozen
class MissionCreationResult:
    """A mission that now exists."""

    feature_dir: Path
    mission_slug: str
    mission_number: str
    meta: dict[str, object]
    target_branch: str
    current_branch: str
    place: MissionPlace
    committed: Committed
    created_files: list[Path] = field(default_factory=list)


def create_mission_core(
    repo_root: Path | None,
    mission_slug: str,
    *,
    mission: str | None = None,
    size: Size = Size.NORMAL,
    target_branch: str | None = None,
    start_branch: str | None = None,
    number: int | None = None,
    actor: str | None = None,
    session: str | None = None,
    facts: Mapping[str, object] | None = None,
    commit: bool = True,
) -> MissionCreationResult:
    """Create a mission: mint its id, write its folder as a whole, record and commit it.

    Args:
        repo_root: a folder of the project; None means the starting point of the command.
        mission_slug: words joined by dashes; the number is put before it.
        mission: mission type, else software-dev.
        size: how much paper it begins with.
        target_branch: branch the work will be merged into, else the current one; it must be checked out somewhere.
        start_branch: make this branch here, switch to it and take it as the target.
        number: take this display number instead of the next.
        actor: who creates it, else the git user, in which session.
        facts: keys of meta.json that count in place of ours, `friendly_name` for one.
        commit: make the first commit; else the caller reaches a milestone himself.

    Raises:
        UsageError, Refused, Conflict: a bad slug; no git, commits or identity; branch, number or mission is taken.
    """
    repo = paths.discover(repo_root or paths.starting_point())
    check_slug(mission_slug)
    here, git = standing(repo), Git(repo.checkout)
    mission_type = sized(load_mission_type(mission or DEFAULT_TYPE, repo), size)
    documents = [mission_type.first_document, *(FULL if size is Size.FULL else ())]
    creator = _creator(git, actor)
    with locks.held(repo.state / "locks" / "project.lock", timeout=60, doing=f"create {mission_slug}"):
        refs = git.branches("refs")
        checkout = target_of(repo, here, target_branch, start_branch, refs)
        config = parse_config(files.read_text(checkout.path / KITTIFY / "config.yaml"))
        check_project(checkout, config, starting=start_branch is not None)
        own = {} if size is Size.NORMAL else {"size": size.value}
        taken = _numbers(repo, git, refs)
        place = _named(repo, checkout, refs, taken, number, mission_slug, mission_type, {**own, **(facts or {})})
        meta = dict(place.meta)
        with (
            _folder(place, mission_type, documents),
            _branch(git, here, start_branch),
            writing(place, publish=publish_mode(config)) as log,
        ):
            told = created_facts(meta, start_branch, here.branch)
            log.record("mission_created", actor=creator, session=session, data=told)
    committed = milestone(place, config, "create mission") if commit else Committed()
    branch = (checkout if checkout.path == here.path else here).branch or ""
    created = [place.feature_dir / name for name in (META, *documents)]
    return MissionCreationResult(
        place.feature_dir, place.slug, str(meta["mission_number"]), meta, place.target_branch, branch, place, committed,
        created,
    )  # fmt: skip


def _named(
    repo: Repository,
    checkout: Checkout,
    refs: Mapping[str, str],
    taken: Mapping[int, str],
    number: int | None,
    slug: str,
    mission_type: MissionType,
    facts: Mapping[str, object],
) -> MissionPlace:
    """The new mission with its meta.json, where its name and its number are free."""
    display = number or max(taken, default=0) + 1
    place = _place(repo, checkout, {**_meta(display, slug, mission_type.key, checkout.branch or ""), **facts})
    check_free(checkout, place.slug, refs)
    if display in taken:
        raise _number_taken(display, taken[display], slug)
    return place


def _creator(git: Git, actor: str | None) -> str:
    """Who creates it: the actor, else the git user; a commit needs the latter in any case."""
    identity = git.identity()
    if identity is None:
        raise no_identity()
    return actor or f"user:{identity.rsplit(' <', 1)[0]}"


def check_slug(slug: str) -> None:
    """Refuse a slug that cannot name a folder and a branch.

    Raises:
        UsageError: `INVALID_SLUG`.
    """
    if not KEBAB_CASE_PATTERN.fullmatch(slug) or len(slug) > _LONGEST_SLUG:
        reason = f"use up to {_LONGEST_SLUG} lower-case letters, digits and single dashes"
    elif _RESERVED_END.search(slug):
        reason = "an ending like -lane-a, -merge or -orchestrator names worktrees"
    else:
        return
    suggestion = _RESERVED_END.sub("", re.sub(r"[^a-z0-9]+", "-", slug.lower()).strip("-"))[:_LONGEST_SLUG].strip("-")
    raise UsageError(
        f"{slug!r} is not a slug: {reason}",
        "INVALID_SLUG",
        hint=f"spec-kitty agent mission create {suggestion or 'my-mission'}",
    )


def _numbers(repo: Repository, git: Git, refs: Mapping[str, str]) -> dict[int, str]:
    """Display numbers in working trees and branches -> who has them; never an identity (seed 079)."""
    lanes = [match for ref in refs if (match := _MISSION_BRANCH.search(ref))]
    tips = {commit for ref, commit in refs.items() if _ORDINARY_BRANCH.match(ref)}
    names = git.names_in_all(sorted(tips), SPECS)
    for checkout in repo.checkouts():
        folder = checkout.path / SPECS
        if folder.is_dir():
            names.update(entry.name for entry in folder.iterdir())
    found = [*lanes, *(match for name in sorted(names) if (match := _NUMBERED.match(name)))]
    return {int(match[1]): match.string.removeprefix("refs/heads/") for match in found}


def _number_taken(number: int, holder: str, slug: str) -> Conflict:
    return Conflict(
        f"number {number:03d} is taken by {holder}",
        "MISSION_NUMBER_TAKEN",
        hint=f"spec-kitty agent mission create {slug}  # takes the next number",
        details={"number": number, "taken_by": holder},
    )


def _meta(number: int, short: str, mission_type: str, target: str) -> dict[str, object]:
    return {
        "created_at": clock.stamp(),
        "friendly_name": short.replace("-", " ").capitalize(),
        "mission_id": ids.new_id(),
        "mission_number": f"{number:03d}",
        "mission_slug": f"{number:03d}-{short}",
        "mission_type": mission_type,
        "slug": short,
        "target_branch": target,
        "vcs": "git",
    }


def _place(repo: Repository, checkout: Checkout, meta: dict[str, object]) -> MissionPlace:
    slug, mission_id, target = (str(meta[name]) for name in ("mission_slug", "mission_id", "target_branch"))
    return MissionPlace(repo, slug, mission_id, target, checkout, meta)


def created_facts(meta: Mapping[str, object], start: str | None = None, before: str | None = None) -> dict[str, object]:
    """What the event `mission_created` says: of the mission, and of the branch that was started from another."""
    names = ("mission_slug", "mission_number", "mission_type", "target_branch", "friendly_name", "created_at")
    return {name: meta[name] for name in names} | ({} if start is None else {STARTED_FROM: before})


@contextmanager
def _folder(place: MissionPlace, mission_type: MissionType, documents: Sequence[str]) -> Iterator[None]:
    """Put the mission's folder in place for what the block does; it is complete, or not there after a failure.

    Whoever was killed before his was in place left a draft behind: under the lock of the project it is nobody's.
    """
    runtime = runtime_folder(place)
    for left in runtime.glob(f"{_DRAFT}*"):
        with suppress(SpecKittyError):
            files.remove_tree(left)
    staging = runtime / f"{_DRAFT}{place.mission_id}"
    try:
        files.make_folder(staging)
        write_meta(staging, place.meta)
        for name in documents:
            files.atomic_write(staging / name, scaffold(place, mission_type, name), mkdir=True)
        files.make_folder(place.feature_dir.parent)
        files.move(staging, place.feature_dir)
    finally:
        files.remove_tree(staging)
    try:
        yield
    except SpecKittyError:
        files.remove_tree(place.feature_dir)
        raise


@contextmanager
def _branch(git: Git, here: Checkout, start: str | None) -> Iterator[None]:
    """Make the branch a mission starts and switch to it; undone where the block fails."""
    if start is None:
        yield
        return
    git.switch_new(start)
    try:
        yield
    except SpecKittyError:
        git.call("switch", "--quiet", *((here.branch,) if here.branch else ("--detach",)), write=True)
        git.call("branch", "--quiet", "-D", start, write=True)
        raise
