"""Creating a mission: a folder, an identity, a first commit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import field
from pathlib import Path

from specify_cli.core.commits import Committed, ignored, milestone, no_identity, publish_mode
from specify_cli.core.mission_home import (
    Creation,
    Started,
    begin,
    end,
    settle,
    standing_on,
)
from specify_cli.core.mission_sizes import FULL, Size, sized
from specify_cli.core.mission_target import (
    REQUEST,
    STARTED_FROM,
    MissionCreationError,
    Site,
    Wanted,
    check_free,
    check_project,
    site_of,
    standing,
)
from specify_cli.core.mission_types import DEFAULT_TYPE, MissionType, load_mission_type
from specify_cli.core.planning import scaffold
from specify_cli.home import MissionPlace, home_branch, home_path, mission_of_branch, runtime_folder
from specify_cli.kernel import clock, files, ids, locks, paths, system
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.config import Config, parse_config
from specify_cli.kernel.errors import Conflict, Refused, SpecKittyError, UsageError
from specify_cli.kernel.git import Git
from specify_cli.kernel.paths import KITTIFY, SPECS, WORKTREES, Checkout, Repository
from specify_cli.kernel.values import frozen, replace
from specify_cli.mission_metadata import META, write_meta
from specify_cli.status.emit import writing
from specify_cli.status.mission_log import MISSION_EVENTS_FILENAME

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
    base: str | None = None,
    own_branch: bool | None = None,
    number: int | None = None,
    actor: str | None = None,
    session: str | None = None,
    request: str | None = None,
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
        start_branch: make this branch, check it out and take it as the target: here, or in a worktree of its own where
            this checkout is the home of a mission.
        base: the branch that a branch made for it begins at; it gets one where this is said.
        own_branch: whether it gets a branch and a worktree of its own; None takes the project's setting.
        number: take this display number instead of the next.
        actor: who creates it, else the git user, in which session.
        request: the words of the person who wants it.
        facts: keys of meta.json that count in place of ours, `friendly_name` for one.
        commit: make the first commit; else the caller reaches a milestone himself.

    Raises:
        UsageError, Refused, Conflict: a bad slug; no git, commits or identity; branch, number or mission is taken.
    """
    repo = paths.discover(repo_root or paths.starting_point())
    check_slug(mission_slug)
    _check_length(repo, mission_slug)
    here, git = standing(repo), Git(repo.checkout)
    mission_type = sized(load_mission_type(mission or DEFAULT_TYPE, repo), size)
    documents = [mission_type.first_document, *(FULL if size is Size.FULL else ())]
    creator = _creator(git, actor)
    with locks.held(repo.state / "locks" / "project.lock", timeout=120, doing=f"create {mission_slug}"):
        config = parse_config(files.read_text(here.path / KITTIFY / "config.yaml"))
        found = settle(repo, publish_mode(config))
        if found is not None and (found.meta["slug"], found.meta["mission_type"]) == (mission_slug, mission_type.key):
            # It is this one that an earlier run was killed over.
            return _result(found, here, documents, _committed(found, commit=commit))
        here = standing(repo)  # what was cleared away may have switched it back
        refs = git.branches("refs")
        # A branch that was made for a mission is no target for another.
        on_own = here.branch is not None and mission_of_branch(here.branch) is not None
        own = config.start_branch or on_own if own_branch is None else own_branch
        site = site_of(repo, here, Wanted(target_branch, start_branch, base, own), refs)
        check_project(site.checkout or here, _config(site, git, config), starting=site.base is not None)
        facts = {**({} if size is Size.NORMAL else {"size": size.value}), **(facts or {})}
        taken = _numbers(repo, git, refs)
        meta = _named(here, site, refs, taken, number, mission_slug, mission_type, facts)
        slug, target = str(meta["mission_slug"]), str(meta["target_branch"])
        started = Started(target, *site.base, site.checkout is None) if site.base else None
        home = home_path(repo, slug) if started and started.apart else (site.checkout or here).path
        told = created_facts(meta) | ({} if request is None else {REQUEST: request})
        creation = Creation(
            slug, str(meta["mission_id"]), mission_type.key, str(home), target, started, creator, session, told
        )
        begin(repo, creation)
        with _whole(repo), standing_on(repo, here, slug, creation.mission_id, started) as made:
            place = _place(repo, made or site.checkout or here, meta)
            with (
                _folder(place, mission_type, documents),
                writing(place, publish=publish_mode(_config(site, git, config))) as log,
            ):
                log.record("mission_created", actor=creator, session=session, data=told)
        committed = _committed(place, commit=commit)
        end(repo)
    standing_now = here if started is None or started.apart else place.home
    return _result(place, standing_now or here, documents, committed)


def _committed(place: MissionPlace, *, commit: bool) -> Committed:
    if not commit:
        return Committed()
    config = parse_config(files.read_text(place.feature_dir.parent.parent / KITTIFY / "config.yaml"))
    committed = milestone(place, config, "create mission")
    published = any(name.endswith(f"/{MISSION_EVENTS_FILENAME}") for name in committed.files)
    hidden = ignored(place.git, place.relative) if config.auto_commit and not published else None
    return replace(committed, warnings=(*committed.warnings, hidden)) if hidden else committed


def _result(
    place: MissionPlace, here: Checkout, documents: Sequence[str], committed: Committed
) -> MissionCreationResult:
    created = [place.feature_dir / name for name in (META, *documents)]
    number, target = str(place.meta["mission_number"]), place.target_branch
    return MissionCreationResult(
        place.feature_dir, place.slug, number, dict(place.meta), target, here.branch or "", place, committed, created
    )


def _config(site: Site, git: Git, here: Config) -> Config:
    """The settings of the checkout that the mission is written in, which may not be made yet."""
    name = f"{KITTIFY}/config.yaml"
    if site.checkout is None and site.base is not None:
        data = git.show_bytes(f"{site.base[1]}:{name}")
        return here if data is None else parse_config(files.decode(data), f"{site.base[0]}:{name}")
    return parse_config(files.read_text(site.checkout.path / name)) if site.checkout else here


@contextmanager
def _whole(repo: Repository) -> Iterator[None]:
    """Forget what is being created where it fails: the caller undoes it."""
    try:
        yield
    except SpecKittyError:
        end(repo)
        raise


def _named(
    here: Checkout,
    site: Site,
    refs: Mapping[str, str],
    taken: Mapping[int, str],
    number: int | None,
    slug: str,
    mission_type: MissionType,
    facts: Mapping[str, object],
) -> dict[str, object]:
    """The meta.json of the new mission, where its name and its number are free."""
    display = number or max(taken, default=0) + 1
    target = site.target or home_branch(f"{display:03d}-{slug}")
    begun = {} if site.base is None else {STARTED_FROM: site.base[0]}
    meta = {**_meta(display, slug, mission_type.key, target), **begun, **facts}
    started = target if site.base is not None else None
    check_free((site.checkout or here).path, str(meta["mission_slug"]), refs, started)
    if display in taken:
        raise _number_taken(display, taken[display], slug)
    return meta


def _creator(git: Git, actor: str | None) -> str:
    """Who creates it: the actor, else the git user; a commit needs the latter in any case."""
    identity = git.identity()
    if identity is None:
        raise no_identity(git)
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
        hint=spec_kitty("agent mission create", suggestion or "my-mission"),
    )


def _check_length(repo: Repository, slug: str) -> None:
    """Refuse what would lead to paths that are too long for the programs of this system."""
    most, name = system.LONGEST_PATH, f"000-{slug}"
    path = repo.root / WORKTREES / f"{name}-lane-a" / SPECS / name / "tasks" / f"WP01-{'x' * _LONGEST_SLUG}.md"
    if most and len(str(path)) > most:
        raise Refused(
            f"the files of {slug} would have paths of {len(str(path))} characters, and this system takes {most}: "
            "choose a shorter name, or move the project to a folder nearer to the root of the drive",
            "PATH_TOO_LONG",
            details={"path": str(path), "limit": most},
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
        f"number {number:03d} is taken by {holder}; without --number it is the next free one",
        "MISSION_NUMBER_TAKEN",
        hint=spec_kitty("agent mission create", slug),
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


def created_facts(meta: Mapping[str, object]) -> dict[str, object]:
    """What the event `mission_created` says: of the mission, and of the branch that its own was started from."""
    names = ("mission_slug", "mission_number", "mission_type", "target_branch", "friendly_name", "created_at")
    return {name: meta[name] for name in (*names, *({STARTED_FROM} & meta.keys()))}


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
