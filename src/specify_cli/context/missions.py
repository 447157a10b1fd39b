"""Finding the missions of a project, wherever their documents are."""

from __future__ import annotations

import json
from collections.abc import Iterator

from specify_cli.home import MissionPlace
from specify_cli.kernel import files
from specify_cli.kernel.config import Config, parse_config
from specify_cli.kernel.errors import Refused, SpecKittyError
from specify_cli.kernel.git import Git
from specify_cli.kernel.paths import KITTIFY, SPECS, Checkout, Repository
from specify_cli.kernel.values import frozen
from specify_cli.lanes.branch_naming import is_lane_branch, is_mission_branch
from specify_cli.mission_metadata import META, identity_of, load_meta


@frozen
class Broken:
    """A mission folder that cannot be read, and why; it never hides the others."""

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

    Raises:
        Refused: its meta.json is missing, malformed, or the folder is a symbolic link.
    """
    for checkout in standing_checkouts(repo) or ([_without_git(repo)] if not repo.has_git else []):
        folder = checkout.path / SPECS / slug
        if folder.is_dir():
            return _from_folder(repo, checkout, slug)
    return _from_journal(repo, slug)


def _without_git(repo: Repository) -> Checkout:
    return Checkout(repo.checkout, None, repo.checkout / KITTIFY)


def _from_folder(repo: Repository, checkout: Checkout, slug: str) -> MissionPlace:
    folder = checkout.path / SPECS / slug
    if folder.is_symlink():
        raise Refused(
            f"{SPECS}/{slug} is a symbolic link; a mission is a folder of its own",
            "SYMLINK_REFUSED",
            hint=f"ls -l {folder}",
        )
    meta = load_meta(folder)
    if meta is None:
        raise Refused(
            f"{SPECS}/{slug} has no {META}",
            "MISSION_META_MISSING",
            hint=f"git log --oneline -- {SPECS}/{slug}/{META}  # restore it, or remove the folder",
            details={"path": str(folder)},
        )
    target = meta.get("target_branch")
    if not isinstance(target, str) or not target:
        target = checkout.branch or "main"
    if not repo.has_git:
        return _place(repo, slug, meta, target, None)
    home = next((each for each in repo.checkouts() if each.branch == target), None)
    if home is not None and home.path != checkout.path and (there := load_meta(home.path / SPECS / slug)):
        return _place(repo, slug, there, target, home)
    if home is None:
        tip = _tip_meta(repo, slug, target)
        return _place(repo, slug, tip or meta, target, None)
    return _place(repo, slug, meta, target, home if home.path == checkout.path else None)


def _place(repo: Repository, slug: str, meta: dict[str, object], target: str, home: Checkout | None) -> MissionPlace:
    return MissionPlace(repo, slug, identity_of(meta, slug).mission_id, target, home, meta)


def _tip_meta(repo: Repository, slug: str, target: str) -> dict[str, object] | None:
    data = Git(repo.checkout).show_bytes(f"refs/heads/{target}:{SPECS}/{slug}/{META}")
    return None if data is None else files.parse_json(files.decode(data), f"{target}:{SPECS}/{slug}/{META}")


def _from_journal(repo: Repository, slug: str) -> MissionPlace | None:
    target = dict(_recorded(repo)).get(slug)
    if target is None or not repo.has_git:
        return None
    meta = _tip_meta(repo, slug, target)
    if meta is None:
        return None
    home = next((each for each in repo.checkouts() if each.branch == target), None)
    return _place(repo, slug, meta, target, home)


def _recorded(repo: Repository) -> Iterator[tuple[str, str]]:
    """Slug and target branch of each mission that this clone made: the first line of its mission journal."""
    folder = repo.state / "journal"
    if not folder.is_dir():
        return
    for path in sorted(folder.glob("*.mission.jsonl")):
        with path.open("rb") as source:
            line = source.readline(65536)
        try:
            event = json.loads(line)
            data = event["data"]
            if event["type"] == "mission_created":
                yield str(data["mission_slug"]), str(data["target_branch"])
        except (ValueError, KeyError, TypeError):
            continue


def slugs(repo: Repository) -> list[str]:
    """Folder names of all missions, sorted."""
    found: set[str] = set()
    for checkout in standing_checkouts(repo) or ([_without_git(repo)] if not repo.has_git else []):
        folder = checkout.path / SPECS
        if folder.is_dir():
            found.update(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    found.update(slug for slug, _ in _recorded(repo))
    return sorted(found)


def all_places(repo: Repository) -> tuple[list[MissionPlace], list[Broken]]:
    """Every mission of the project, and the folders that cannot be read."""
    places: list[MissionPlace] = []
    broken: list[Broken] = []
    for slug in slugs(repo):
        try:
            place = place_of(repo, slug)
        except SpecKittyError as error:
            broken.append(Broken(slug, error))
            continue
        if place is not None:
            places.append(place)
    return places, broken


def is_open(place: MissionPlace) -> bool:
    """Whether the mission still waits to be merged."""
    return not place.meta.get("merged_at")


def config_of(repo: Repository, place: MissionPlace | None) -> Config:
    """The project's settings: from the mission's home, else where we stand, else the target's tip (formats.md)."""
    name = f"{KITTIFY}/config.yaml"
    if place is not None and place.home is not None:
        text = files.read_text(place.home.path / name)
        if text is not None:
            return parse_config(text, str(place.home.path / name))
    text = files.read_text(repo.checkout / name)
    if text is None and repo.main is not None:
        text = files.read_text(repo.main / name)
    if text is None and place is not None and repo.has_git:
        data = place.git.show_bytes(f"refs/heads/{place.target_branch}:{name}")
        text = None if data is None else files.decode(data)
    return parse_config(text, name)
