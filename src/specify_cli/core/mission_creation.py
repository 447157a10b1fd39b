"""Creating a mission: a folder, an identity, a first commit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import field
from pathlib import Path

from specify_cli.core.commits import Committed, milestone, no_identity, publish_mode
from specify_cli.core.mission_types import MissionType, load_mission_type
from specify_cli.core.templates import template
from specify_cli.home import MissionPlace, home_of
from specify_cli.kernel import clock, files, ids, locks, paths
from specify_cli.kernel.config import Config, parse_config
from specify_cli.kernel.errors import Conflict, NotFound, Refused, UsageError
from specify_cli.kernel.git import Git
from specify_cli.kernel.paths import KITTIFY, SPECS, Checkout, Repository
from specify_cli.kernel.values import frozen
from specify_cli.mission_metadata import META, write_meta
from specify_cli.status.emit import writing

KEBAB_CASE_PATTERN = re.compile(r"^[a-z0-9][a-z0-9]*(-[a-z0-9]+)*$")
_RESERVED_END = re.compile(r"-lane-[a-z]+$|-merge$|-orchestrator$")
_NUMBERED = re.compile(r"^(\d{3,})-")
_MISSION_BRANCH = re.compile(r"/kitty/mission-(\d{3,})-")
_LONGEST_SLUG = 60


class MissionCreationError(Refused):
    """A mission cannot be created as asked."""


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
) -> MissionCreationResult:
    """Create a mission: mint its id, write its folder as a whole, record and commit it.

    Args:
        repo_root: a folder of the project; None means the starting point of the command.
        mission_slug: words joined by dashes; the number is put before it.
        mission: mission type, else software-dev.
        target_branch: branch the work will be merged into, else the current one; it must be checked out somewhere.
        start_branch: make this branch here, switch to it and take it as the target.
        number: take this display number instead of the next.
        actor: who creates it; else the git user.
        session: that actor's session.

    Raises:
        UsageError: `INVALID_SLUG`.
        Refused: no git, no commits, no identity, a protected or unknown branch.
        Conflict: `BRANCH_EXISTS` or `MISSION_EXISTS`.
    """
    repo = paths.discover(repo_root or paths.starting_point())
    check_slug(mission_slug)
    repo.require_git()
    git = Git(repo.checkout)
    here = repo.here()
    if here is None:
        raise MissionCreationError(f"{repo.checkout} is not a working tree", "NOT_A_GIT_REPOSITORY", hint="git init")
    mission_type = load_mission_type(mission or "software-dev", repo)
    identity = git.identity()
    if identity is None:
        raise no_identity()
    creator = actor or f"user:{identity.rsplit(' <', 1)[0]}"
    with locks.held(repo.state / "locks" / "project.lock", timeout=60, doing=f"create {mission_slug}"):
        refs = git.branches("refs")
        _check_commits(here, refs)
        checkout = _target(repo, git, here, target_branch, start_branch, refs)
        config = parse_config(files.read_text(checkout.path / KITTIFY / "config.yaml"))
        _check_project(checkout, config, start_branch)
        numbered = f"{_number(repo, refs, number):03d}"
        slug = f"{numbered}-{mission_slug}"
        _check_free(checkout, slug, refs)
        meta = _meta(slug, numbered, mission_slug, mission_type.key, checkout.branch or "")
        place = MissionPlace(repo, slug, str(meta["mission_id"]), str(meta["target_branch"]), checkout, meta)
        created = _write_folder(place, mission_type, meta)
    with writing(place, publish=publish_mode(config)) as log:
        log.record("mission_created", actor=creator, session=session, data=_created(meta))
    committed = milestone(place, config, "create mission")
    return MissionCreationResult(
        place.feature_dir, slug, numbered, meta, place.target_branch, here.branch or "", place, committed, created
    )


def check_slug(slug: str) -> None:
    """Refuse a slug that cannot name a folder and a branch.

    Raises:
        UsageError: `INVALID_SLUG`.
    """
    if not KEBAB_CASE_PATTERN.match(slug) or len(slug) > _LONGEST_SLUG:
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


def _check_commits(here: Checkout, refs: Iterable[str]) -> None:
    if here.branch is not None and f"refs/heads/{here.branch}" not in refs:
        raise MissionCreationError(
            f"{here.path} has no commits yet", "NO_COMMITS", hint='git add -A && git commit -m "Start"'
        )


def _target(
    repo: Repository, git: Git, here: Checkout, target: str | None, start: str | None, refs: Iterable[str]
) -> Checkout:
    if start is not None:
        return _start_branch(git, here, start, refs)
    branch = target or here.branch
    if branch is None:
        raise MissionCreationError(
            f"{here.path} is on no branch (detached HEAD), so the mission has no target",
            "DETACHED_HEAD",
            hint="git switch main  # or name one: --target-branch BRANCH",
        )
    if branch.startswith("kitty/mission-"):
        raise MissionCreationError(
            f"{branch} is a lane of a mission and cannot be a target",
            "TARGET_IS_A_LANE",
            hint=f"cd {repo.root}",
        )
    if f"refs/heads/{branch}" not in refs:
        raise MissionCreationError(f"there is no branch {branch}", "BRANCH_NOT_FOUND", hint=f"git branch {branch}")
    home = home_of(repo, branch)
    if home is None:
        raise MissionCreationError(
            f"branch {branch} is checked out nowhere, and a mission is written where its target is",
            "TARGET_NOT_CHECKED_OUT",
            hint=f"git switch {branch}",
            details={"target_branch": branch},
        )
    return home


def _start_branch(git: Git, here: Checkout, start: str, refs: Iterable[str]) -> Checkout:
    if f"refs/heads/{start}" in refs:
        raise Conflict(
            f"branch {start} exists already",
            "BRANCH_EXISTS",
            hint=f"git switch {start}  # then create without --start-branch",
        )
    if git.call("check-ref-format", "--branch", start).code != 0:
        raise UsageError(f"{start!r} is not a branch name", "INVALID_BRANCH")
    git.switch_new(start)
    return Checkout(here.path, start, here.git_dir, here.busy)


def _check_project(checkout: Checkout, config: Config, start_branch: str | None) -> None:
    if not (checkout.path / KITTIFY / "config.yaml").exists():
        raise NotFound(
            f"{checkout.path} is not a spec-kitty project yet",
            "NOT_INITIALIZED",
            hint="spec-kitty init --ai claude",
        )
    if start_branch is None and checkout.branch in config.protected:
        raise MissionCreationError(
            f"branch {checkout.branch} is protected, so no mission may merge into it directly",
            "PROTECTED_BRANCH",
            hint="spec-kitty agent mission create SLUG --start-branch feature/SLUG",
        )
    specs = checkout.path / SPECS
    if specs.is_symlink():
        raise Refused(f"{specs} is a symbolic link and is not written through", "SYMLINK_REFUSED")


def _number(repo: Repository, refs: Iterable[str], asked: int | None) -> int:
    """The display number: the highest seen in folders and branches, plus one; never an identity (seed 079)."""
    if asked is not None:
        return asked
    seen = [0]
    for checkout in repo.checkouts():
        folder = checkout.path / SPECS
        names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
        seen += [int(match[1]) for name in names if (match := _NUMBERED.match(name))]
    seen += [int(match[1]) for ref in refs if (match := _MISSION_BRANCH.search(ref))]
    return max(seen) + 1


def _check_free(checkout: Checkout, slug: str, refs: Iterable[str]) -> None:
    if (checkout.path / SPECS / slug).exists():
        raise Conflict(f"{SPECS}/{slug} exists already", "MISSION_EXISTS", hint="spec-kitty mission list")
    ours = f"refs/heads/kitty/mission-{slug}"
    clash = [ref for ref in refs if ref in ("refs/heads/kitty", ours) or ref.startswith(ours + "-lane-")]
    if clash:
        name = clash[0].removeprefix("refs/heads/")
        raise Conflict(
            f"branch {name} is in the way of this mission's branches",
            "BRANCH_EXISTS",
            hint=f"git branch -m {name} old-{name.replace('/', '-')}",
            details={"branch": name},
        )


def _meta(slug: str, number: str, short: str, mission_type: str, target: str) -> dict[str, object]:
    return {
        "created_at": clock.stamp(),
        "friendly_name": short.replace("-", " ").capitalize(),
        "mission_id": ids.new_id(),
        "mission_number": number,
        "mission_slug": slug,
        "mission_type": mission_type,
        "slug": short,
        "target_branch": target,
        "vcs": "git",
    }


def _created(meta: dict[str, object]) -> dict[str, object]:
    names = ("mission_slug", "mission_number", "mission_type", "target_branch", "friendly_name", "created_at")
    return {name: meta[name] for name in names}


def _write_folder(place: MissionPlace, mission_type: MissionType, meta: dict[str, object]) -> list[Path]:
    """Write the folder aside and move it into place, so that it is complete or not there."""
    runtime = place.runtime
    files.make_ignored(runtime)
    staging = runtime / f"creating-{place.mission_id}"
    try:
        files.make_folder(staging)
        write_meta(staging, meta)
        scaffold = template(place.repo, mission_type.key, mission_type.first_document)
        title = str(meta["friendly_name"])
        files.atomic_write(
            staging / mission_type.first_document,
            scaffold.replace("{{title}}", title).replace("{{mission_slug}}", place.slug),
        )
        files.make_folder(place.feature_dir.parent)
        files.move(staging, place.feature_dir)
    finally:
        files.remove_tree(staging)
    return [place.feature_dir / META, place.feature_dir / mission_type.first_document]
