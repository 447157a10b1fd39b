"""Finding the missions of a project, wherever their documents are."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from specify_cli.home import (
    Kind,
    MissionPlace,
    Source,
    home_of,
    left_out,
    remotes_of,
    tracked_branch,
    tracking_branches,
)
from specify_cli.kernel import files, lazy
from specify_cli.kernel.commands import command, git_command
from specify_cli.kernel.config import Config, read_config
from specify_cli.kernel.errors import NotFound, Refused, SpecKittyError
from specify_cli.kernel.fields import is_branch_name, is_folder_name
from specify_cli.kernel.git import Git
from specify_cli.kernel.legacy import is_older
from specify_cli.kernel.paths import KITTIFY, SPECS, Checkout, Repository, plain_branch
from specify_cli.kernel.text import one_line
from specify_cli.kernel.values import frozen, replace
from specify_cli.lanes.branch_naming import is_lane_branch, is_mission_branch
from specify_cli.mission_metadata import META, identity_of, load_meta, parse_meta
from specify_cli.status.lines import parse_line


@frozen
class Broken:
    """A mission that cannot be read, and why; it never hides the others."""

    slug: str
    error: SpecKittyError


def standing_checkouts(repo: Repository) -> list[Checkout]:
    """Working trees that hold missions: all but the lanes', the one we stand in first."""
    found = [
        each
        for each in repo.checkouts()
        if not (is_lane_branch(each.branch or "") or is_mission_branch(each.branch or ""))
    ]
    return sorted(found, key=lambda checkout: checkout.path != repo.checkout)


def place_of(repo: Repository, slug: str) -> MissionPlace | None:
    """The mission with exactly this folder name, or None.

    Its documents are where the first of these holds its folder: its home, the tip of its target branch, the tip of
    that branch's remote-tracking branch, the working tree that we stand in, any other.

    Raises:
        Refused: its meta.json is missing, malformed, or the folder is a symbolic link; `MISSION_NAME_INVALID`.
    """
    if not is_folder_name(slug):
        raise Refused(
            f"{one_line(f'{SPECS}/{slug}')} has a name that no mission can have: rename it, with letters, digits and"
            " dashes alone",
            "MISSION_NAME_INVALID",
            details={"path": f"{SPECS}/{slug}"},
        )
    found = [each for each in _holders(repo) if (each.path / SPECS / slug).is_dir()]
    for checkout in found:
        if _is_mission(repo, checkout.path / SPECS / slug):
            return _from_folder(repo, checkout, slug)
    place = _from_branch(repo, slug)
    for checkout in found:
        if place is None and not _is_left_over(checkout.path / SPECS / slug):
            raise _meta_missing(repo, checkout.path / SPECS / slug)
    return place


def _holders(repo: Repository) -> list[Checkout]:
    """Where missions can stand: the working trees; outside git the project's folder."""
    return standing_checkouts(repo) if repo.has_git else [Checkout(repo.checkout, None, repo.checkout / KITTIFY)]


def _is_mission(repo: Repository, folder: Path) -> bool:
    return folder.is_symlink() or os.path.lexists(folder / META) or _has_no_meta_yet(repo, folder)


def _has_no_meta_yet(repo: Repository, folder: Path) -> bool:
    """Whether it is a mission of a version that wrote no meta.json."""
    return (folder / "spec.md").exists() and is_older(repo.root)


def _is_left_over(folder: Path) -> bool:
    """Whether git left the folder behind for files that it ignores, when it switched to a branch without it."""
    names = set(os.listdir(folder))
    derived: frozenset[str] = lazy.load("specify_cli.status.views:DERIVED")
    return bool(names) and names <= derived


def _meta_missing(repo: Repository, folder: Path) -> Refused:
    has_history = repo.has_git and Git(folder).resolve("HEAD") is not None
    last = Git(folder).log_lines("HEAD", META, format="%H", limit=1) if has_history else []
    # Where the last commit that is about it took it away, the one before still has it.
    revision = next((each for name in last for each in (name, f"{name}~1") if _has_meta(folder, each)), None)
    return Refused(
        f"{SPECS}/{folder.name} has no {META}: bring it back from git, or remove the folder",
        "MISSION_META_MISSING",
        hint=git_command(folder, "checkout", revision, "--", META) if revision else None,
        details={"path": str(folder), "edit": str(folder / META)},
    )


def _has_meta(folder: Path, revision: str) -> bool:
    return Git(folder).show_bytes(f"{revision}:./{META}") is not None


def _from_folder(repo: Repository, checkout: Checkout, slug: str) -> MissionPlace:
    folder = checkout.path / SPECS / slug
    linked = next((each for each in (folder.parent, folder, folder / "tasks") if each.is_symlink()), None)
    if linked is not None:
        raise Refused(
            f"{linked.relative_to(checkout.path)} is a symbolic link; a mission is a folder of its own",
            "SYMLINK_REFUSED",
            hint=command("ls", "-l", linked),
        )
    meta = load_meta(folder)
    if meta is None:
        if not _has_no_meta_yet(repo, folder):
            raise _meta_missing(repo, folder)
        meta = {}
    target = meta.get("target_branch")
    if not isinstance(target, str) or not target:
        target = checkout.branch or "main"
    if repo.common_dir is None:
        return _place(repo, slug, meta, target, None)
    target = plain_branch(repo.common_dir, target)
    home = home_of(repo, target)
    if home is not None and not left_out(home, f"{SPECS}/{slug}"):
        if home.path == checkout.path:
            return _place(repo, slug, meta, target, home)
        if there := load_meta(home.path / SPECS / slug):
            return _place(repo, slug, there, target, home)
    # A merged mission outlives the branch that was started for it: it is where that was merged.
    if home is None and meta.get("merged_at") and Git(repo.checkout).branch_tip(target) is None:
        return _place(repo, slug, meta, target, checkout)
    at_tip = _at_tip(repo, slug, target, home)
    here = checkout.branch or Git(checkout.path).resolve("HEAD") or ""
    return at_tip or _place(repo, slug, meta, target, home, Source(Kind.CHECKOUT, here, checkout.path))


def _place(
    repo: Repository,
    slug: str,
    meta: dict[str, object],
    target: str,
    home: Checkout | None,
    elsewhere: Source | None = None,
) -> MissionPlace:
    return MissionPlace(repo, slug, identity_of(meta, slug).mission_id, target, home, meta, elsewhere)


def _at_tip(repo: Repository, slug: str, target: str, home: Checkout | None) -> MissionPlace | None:
    """The mission at the tip of its target branch, else at that of a remote-tracking branch of it.

    Args:
        home: the checkout that has the target, which does not hold the mission's folder.
    """
    sources = [Source(Kind.TARGET, target), *(Source(Kind.REMOTE, f"{each}/{target}") for each in remotes_of(repo))]
    name = f"{SPECS}/{slug}/{META}"
    found = Git(repo.checkout).show_many([f"{source.revision}:{name}" for source in sources])
    for source, data in zip(sources, found, strict=True):
        if data is not None:
            without_saying = home is None and source.kind is Kind.TARGET
            meta = parse_meta(data, f"{source.ref}:{name}")
            return _place(repo, slug, meta, target, home, None if without_saying else source)
    return None


def _from_branch(repo: Repository, slug: str) -> MissionPlace | None:
    """A mission whose folder is in no working tree: at the tip of the branch that it names as its target.

    That is the one that this clone recorded, or another one where that is gone: it was renamed.
    """
    if not repo.has_git:
        return None
    recorded = dict(_recorded(repo)).get(slug)
    at_tip = _at_tip(repo, slug, recorded, home_of(repo, recorded)) if recorded else None
    if at_tip is not None or (recorded and Git(repo.checkout).branch_tip(recorded) is not None):
        return at_tip
    name = f"{SPECS}/{slug}/{META}"
    for refs, kind in ((_branches(repo), Kind.TARGET), (_tracking(repo), Kind.REMOTE)):
        branches = sorted(refs)
        specs = [f"{Source(kind, each).revision}:{name}" for each in branches]
        for branch, data in zip(branches, Git(repo.checkout).show_many(specs), strict=True):
            if data is None:
                continue
            target = branch if kind is Kind.TARGET else tracked_branch(repo, branch)
            if parse_meta(data, f"{branch}:{name}").get("target_branch") == target:
                return _at_tip(repo, slug, target, home_of(repo, target))
    return None


def differing(place: MissionPlace) -> list[Source]:
    """Where else the mission's folder is, and is not the same as where its documents are read; two git processes.

    Of a checkout what is committed there counts.
    """
    git = place.git
    found = [Source(Kind.TARGET, place.target_branch)]
    found += [Source(Kind.REMOTE, name) for name in tracking_branches(place.repo, place.target_branch)]
    here = standing_checkouts(place.repo)[:1]
    found += [Source(Kind.CHECKOUT, each.branch, each.path) for each in here if each.branch]
    found = [each for each in found if each.revision != place.source.revision]
    read, *others = git.trees([f"{each.revision}:{place.relative}" for each in (place.source, *found)])
    return [each for each, tree in zip(found, others, strict=True) if tree not in (None, read)]


def _branches(repo: Repository) -> dict[str, str]:
    """The local branches that may be a mission's target -> the commit they are at."""
    found = {name.removeprefix("refs/heads/"): commit for name, commit in Git(repo.checkout).branches().items()}
    return {name: tip for name, tip in found.items() if not (is_lane_branch(name) or is_mission_branch(name))}


def _tracking(repo: Repository) -> dict[str, str]:
    """The same for remote-tracking branches, `origin/main`."""
    found = {ref.removeprefix("refs/remotes/"): tip for ref, tip in Git(repo.checkout).branches("refs/remotes").items()}
    names = {name: tracked_branch(repo, name) for name in found}
    return {
        name: found[name]
        for name, branch in names.items()
        if branch != "HEAD" and not (is_lane_branch(branch) or is_mission_branch(branch))
    }


def _recorded(repo: Repository) -> Iterator[tuple[str, str]]:
    """Slug of each mission with a journal in this clone -> its target, empty where the mission was made elsewhere."""
    folder = repo.state / "journal"
    names = sorted(os.listdir(folder)) if folder.is_dir() else []
    for name in names:
        # A mission's first event is in its mission log, unless somebody else made it.
        if name.endswith(".mission.jsonl") or name.removesuffix(".jsonl") + ".mission.jsonl" not in names:
            yield from _first_event(folder / name)


def gone(repo: Repository, slug: str) -> NotFound | None:
    """Why a mission that this clone's journal knows is nowhere: its branch is gone, and it was not finished there.

    None where nothing is missing: nobody recorded it here, it was removed from its branch, it is merged.
    """
    place = _recorded_place(repo, slug)
    if place is None or place.has_target or _is_closed(place):
        return None
    return NotFound(
        f"mission {slug} is in this clone's journal, and its branch {place.target_branch} is in neither this clone nor "
        f"what was fetched of its remotes; if it was given up, remove {place.journal.parent}/{place.key}.*",
        "MISSION_NOT_FOUND",
        hint=place.way_home,
        details={"target_branch": place.target_branch, "path": str(place.mission_journal)},
    )


def _recorded_place(repo: Repository, slug: str) -> MissionPlace | None:
    """What this clone's journal knows of a mission whose folder is nowhere; None where that is nothing."""
    folder = repo.state / "journal"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        for name, target in _first_event(path):
            if name == slug and target:
                key = path.name.partition(".")[0]
                return MissionPlace(repo, slug, None if key == slug else key, target, home_of(repo, target))
    return None


def _is_closed(place: MissionPlace) -> bool:
    text = files.read_text(place.mission_journal) or ""
    events = (parse_line(files.encode(line)) for line in text.split("\n") if '"mission_closed"' in line)
    return any(event is not None and event.get("type") == "mission_closed" for event in events)


def _first_event(path: Path) -> Iterator[tuple[str, str]]:
    if not path.is_file():  # whoever reads the log will be told; a pipe would be waited for
        return
    with suppress(OSError, KeyError, TypeError), files.open_regular(path) as source:
        event = parse_line(source.readline(65536)) or {}
        made: Any = event["data"] if event.get("type") == "mission_created" else None
        slug, target = str(event["mission_slug"]), str(made["target_branch"]) if made else ""
        if is_folder_name(slug):
            yield slug, target if is_branch_name(target) else ""


def slugs(repo: Repository) -> list[str]:
    """Folder names of all missions that the working trees and journals of this clone have, sorted."""
    found: set[str] = set()
    for checkout in _holders(repo):
        folder = checkout.path / SPECS
        if folder.is_dir():
            found.update(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    found.update(slug for slug, _ in _recorded(repo))
    return sorted(found)


def slugs_elsewhere(repo: Repository) -> list[str]:
    """Folder names of the missions on branches that no working tree has, sorted; three git processes."""
    if not repo.has_git:
        return []
    tips = {*_branches(repo).values(), *_tracking(repo).values()}
    names = Git(repo.checkout).names_in_all(sorted(tips), SPECS)
    return sorted(name for name in names - set(slugs(repo)) if not name.startswith("."))


def all_places(repo: Repository, known: Sequence[str] = ()) -> tuple[list[MissionPlace], list[Broken]]:
    """Missions of the project, and those that cannot be read or whose branch is gone.

    Args:
        known: the folder names to look at; where none is given, all that there are.
    """
    places: list[MissionPlace] = []
    broken: list[Broken] = []
    for slug in known or slugs(repo) or slugs_elsewhere(repo):
        try:
            place = place_of(repo, slug)
        except SpecKittyError as error:
            broken.append(Broken(slug, error))
            continue
        if place is not None:
            places.append(place)
        elif lost := gone(repo, slug):
            broken.append(Broken(slug, lost))
    return places, broken


def is_open(place: MissionPlace) -> bool:
    """Whether the mission still waits to be merged."""
    return not place.meta.get("merged_at")


def config_of(repo: Repository, place: MissionPlace | None) -> Config:
    """The project's settings: from the mission's home, else where we stand, else the target's tip (formats.md).

    A mission that git ignores has `auto_commit: false`, whatever they say. What of it cannot be read is told by
    `Config.problem`.
    """
    config = _config_of(repo, place)
    return replace(config, auto_commit=False) if place is not None and place.private_mark.exists() else config


def _config_of(repo: Repository, place: MissionPlace | None) -> Config:
    name = f"{KITTIFY}/config.yaml"
    if place is not None and place.home is not None:
        text = files.read_text(place.home.path / name)
        if text is not None:
            return read_config(text, str(place.home.path / name))
    text = files.read_text(repo.checkout / name)
    if text is None and repo.main is not None:
        text = files.read_text(repo.main / name)
    if text is None and place is not None and repo.has_git:
        data = place.git.show_bytes(f"{place.source.revision}:{name}")
        text = None if data is None else files.decode(data)
    return read_config(text, name)
