"""Creating a mission: a folder, an identity, a first commit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path

from specify_cli.core.commits import Committed, milestone, no_identity, publish_mode
from specify_cli.core.mission_target import (
    STARTED_FROM,
    MissionCreationError,
    check_free,
    check_project,
    standing,
    target_of,
)
from specify_cli.core.mission_types import MissionType, load_mission_type
from specify_cli.core.templates import fill, template
from specify_cli.home import MissionPlace, runtime_folder
from specify_cli.kernel import clock, files, ids, locks, paths
from specify_cli.kernel.config import parse_config
from specify_cli.kernel.errors import SpecKittyError, UsageError
from specify_cli.kernel.git import Git
from specify_cli.kernel.paths import KITTIFY, SPECS, Checkout, Repository
from specify_cli.kernel.values import frozen
from specify_cli.mission_metadata import META, write_meta
from specify_cli.status.emit import writing

__all__ = ["MissionCreationError", "MissionCreationResult", "check_slug", "create_mission_core"]

KEBAB_CASE_PATTERN = re.compile(r"^[a-z0-9][a-z0-9]*(-[a-z0-9]+)*$")
_RESERVED_END = re.compile(r"-lane-[a-z]+$|-merge$|-orchestrator$")
_NUMBERED = re.compile(r"^(\d{3,})-")
_MISSION_BRANCH = re.compile(r"/kitty/mission-(\d{3,})-")
_ORDINARY_BRANCH = re.compile(r"refs/(?:heads|remotes/[^/]+)/(?!kitty/mission-)")
_LONGEST_SLUG = 60


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
    target_branch: str | None = None,
    start_branch: str | None = None,
    number: int | None = None,
    actor: str | None = None,
    session: str | None = None,
    facts: Mapping[str, object] | None = None,
) -> MissionCreationResult:
    """Create a mission: mint its id, write its folder as a whole, record and commit it.

    Args:
        repo_root: a folder of the project; None means the starting point of the command.
        mission_slug: words joined by dashes; the number is put before it.
        mission: mission type, else software-dev.
        target_branch: branch the work will be merged into, else the current one; it must be checked out somewhere.
        start_branch: make this branch here, switch to it and take it as the target.
        number: take this display number instead of the next.
        actor: who creates it, else the git user, in which session.
        facts: keys of meta.json that count in place of ours, `friendly_name` for one.

    Raises:
        UsageError, Refused, Conflict: a bad slug; no git, commits or identity; the branch or mission is taken.
    """
    repo = paths.discover(repo_root or paths.starting_point())
    check_slug(mission_slug)
    here, git = standing(repo), Git(repo.checkout)
    mission_type = load_mission_type(mission or "software-dev", repo)
    creator = _creator(git, actor)
    with locks.held(repo.state / "locks" / "project.lock", timeout=60, doing=f"create {mission_slug}"):
        refs = git.branches("refs")
        checkout = target_of(repo, here, target_branch, start_branch, refs)
        config = parse_config(files.read_text(checkout.path / KITTIFY / "config.yaml"))
        check_project(checkout, config, starting=start_branch is not None)
        meta = _meta(_number(repo, git, refs, number), mission_slug, mission_type.key, checkout.branch or "")
        meta |= facts or {}
        place = _place(repo, checkout, meta)
        check_free(checkout, place.slug, refs)
        with (
            _folder(place, mission_type, meta),
            _branch(git, here, start_branch),
            writing(place, publish=publish_mode(config)) as log,
        ):
            log.record("mission_created", actor=creator, session=session, data=_told(meta, start_branch, here.branch))
    committed = milestone(place, config, "create mission")
    current = checkout if checkout.path == here.path else here
    return MissionCreationResult(
        place.feature_dir,
        place.slug,
        str(meta["mission_number"]),
        meta,
        place.target_branch,
        current.branch or "",
        place,
        committed,
        [place.feature_dir / META, place.feature_dir / mission_type.first_document],
    )


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


def _number(repo: Repository, git: Git, refs: Mapping[str, str], asked: int | None) -> int:
    """The display number: the highest seen in working trees and branches, plus one; never an identity (seed 079)."""
    if asked is not None:
        return asked
    lanes = [match for ref in refs if (match := _MISSION_BRANCH.search(ref))]
    tips = {commit for ref, commit in refs.items() if _ORDINARY_BRANCH.match(ref)}
    names = git.names_in_all(sorted(tips), SPECS)
    for checkout in repo.checkouts():
        folder = checkout.path / SPECS
        if folder.is_dir():
            names.update(entry.name for entry in folder.iterdir())
    found = [*lanes, *(match for name in names if (match := _NUMBERED.match(name)))]
    return max((int(match[1]) for match in found), default=0) + 1


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


def _told(meta: dict[str, object], start: str | None, before: str | None) -> dict[str, object]:
    names = ("mission_slug", "mission_number", "mission_type", "target_branch", "friendly_name", "created_at")
    return {name: meta[name] for name in names} | ({} if start is None else {STARTED_FROM: before})


@contextmanager
def _folder(place: MissionPlace, mission_type: MissionType, meta: dict[str, object]) -> Iterator[None]:
    """Put the mission's folder in place for what the block does; it is complete, or not there after a failure."""
    staging = runtime_folder(place) / f"creating-{place.mission_id}"
    try:
        files.make_folder(staging)
        write_meta(staging, meta)
        scaffold = template(place.repo, mission_type.key, mission_type.first_document)
        values = {"title": str(meta["friendly_name"]), "mission_slug": place.slug}
        files.atomic_write(staging / mission_type.first_document, fill(scaffold, values))
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
