"""From flags, environment and folder to the mission a command means."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from specify_cli.context.missions import (
    Broken,
    all_places,
    config_of,
    gone,
    is_open,
    place_of,
    slugs,
    slugs_elsewhere,
    standing_checkouts,
)
from specify_cli.context.models import Context
from specify_cli.home import MissionPlace, mission_of_branch, refuse_left_out
from specify_cli.kernel import paths
from specify_cli.kernel.commands import Command, command, spec_kitty, the_call
from specify_cli.kernel.errors import Conflict, NotFound, Refused, SpecKittyError, UsageError
from specify_cli.kernel.paths import SPECS, Repository
from specify_cli.kernel.text import is_ulid
from specify_cli.kernel.values import replace
from specify_cli.lanes.branch_naming import parse_mission_slug_from_branch

MISSION_VARIABLE = "SPEC_KITTY_MISSION"


def resolve_mission(selector: str | None, *, start: Path | None = None) -> Context:
    """The mission that is meant: the flag, `SPEC_KITTY_MISSION`, the folder one stands in, or the only open one.

    Args:
        selector: slug, number, mission id, or an unambiguous prefix of one.
        start: where to look from; None means the command's starting point.

    Raises:
        UsageError: `MISSION_REQUIRED`, listing the open missions.
        Conflict: `MISSION_AMBIGUOUS`, listing the candidates.
        NotFound: `MISSION_NOT_FOUND`.
    """
    folder = start or paths.starting_point()
    repo = paths.discover(folder)
    if selector:
        return _context(repo, _select(repo, selector), "--mission")
    named = os.environ.get(MISSION_VARIABLE)
    if named:
        return _context(repo, _select(repo, named), MISSION_VARIABLE)
    around = _around(repo, folder)
    if around is not None:
        return _context(repo, around, "the folder you are in")
    place, unread = _only_open(repo)
    return replace(_context(repo, place, "the only open mission"), unread=tuple(unread))


def require_mission_id(place: MissionPlace) -> str:
    """The mission's id, for flows that other programs rely on.

    Raises:
        Refused: `MISSION_ID_MISSING`.
    """
    if place.mission_id is None:
        raise Refused(
            f"mission {place.slug} is older than mission ids",
            "MISSION_ID_MISSING",
            hint=spec_kitty("upgrade", "--mint-mission-ids"),
        )
    return place.mission_id


def _context(repo: Repository, place: MissionPlace, how: str) -> Context:
    the_call().mission = place.slug
    return Context(repo, config_of(repo, place), place, how)


def _around(repo: Repository, folder: Path) -> MissionPlace | None:
    here = repo.here()
    if here is not None and here.branch:
        slug = parse_mission_slug_from_branch(here.branch)
        if slug:
            return place_of(repo, slug)
        named = mission_of_branch(here.branch)
        place = place_of(repo, named) if named and "/" not in named else None
        if place is not None and place.target_branch == here.branch:
            return place
    # Where a merge stopped; no mission's name ends like that.
    if repo.checkout.parent.name == paths.WORKTREES and repo.checkout.name.endswith("-merge"):
        return place_of(repo, repo.checkout.name.removesuffix("-merge"))
    try:
        parts = folder.resolve().relative_to(repo.checkout.resolve()).parts
    except ValueError:
        return None
    if len(parts) >= 2 and parts[0] == SPECS:
        return place_of(repo, parts[1])
    return None


def _select(repo: Repository, selector: str) -> MissionPlace:
    known = slugs(repo)
    found = _among(repo, known, selector) or _among(repo, slugs_elsewhere(repo), selector)
    if found is not None:
        return found
    for slug in {selector, *_exact(known, selector)}.intersection(known):
        if lost := gone(repo, slug):
            lost.details["known"] = known
            raise lost
    raise NotFound(
        f"there is no mission {selector!r}",
        "MISSION_NOT_FOUND",
        hint=spec_kitty("mission list"),
        details={"known": known},
    )


def _among(repo: Repository, known: Sequence[str], selector: str) -> MissionPlace | None:
    """The one of these missions that is meant, or None; raises where several may be."""
    if selector in known:
        place = place_of(repo, selector)
        if place is not None:
            return place
    matches = _exact(known, selector)
    if not matches and not _is_number(selector):  # a number is a number: 1 does not mean 100
        matches = [slug for slug in known if slug.startswith(selector)]
    if len(matches) == 1:
        place = place_of(repo, matches[0])
        if place is not None:
            return place
    if not matches and _may_be_id(selector):
        found = _by_id(repo, known, selector.upper())
        if len(found) == 1:
            return found[0]
        matches = [place.slug for place in found]
    if len(matches) > 1:  # a journal outlives its mission: what was removed is no candidate
        places, broken = all_places(repo, matches)
        if len(places) == 1 and not broken:
            return places[0]
        if places or broken:
            left = sorted([*(place.slug for place in places), *(each.slug for each in broken)])
            raise _ambiguous(f"{selector!r} names several missions", left, spec_kitty("mission list"))
    return None


def _exact(known: Sequence[str], selector: str) -> list[str]:
    numbered = {slug: slug.split("-", 1) for slug in known if _is_number(slug.split("-", 1)[0])}
    if _is_number(selector):
        return [slug for slug, (number, *_) in numbered.items() if number.lstrip("0") == selector.lstrip("0")]
    return [slug for slug, (_, *name) in numbered.items() if name == [selector]]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _may_be_id(selector: str) -> bool:
    return len(selector) >= 6 and is_ulid(selector.upper().ljust(26, "0"))


def _by_id(repo: Repository, known: Sequence[str], prefix: str) -> list[MissionPlace]:
    places, _ = all_places(repo, known)
    return [place for place in places if (place.mission_id or "").startswith(prefix)]


def _only_open(repo: Repository) -> tuple[MissionPlace, list[Broken]]:
    places, broken = all_places(repo)
    waiting = [place for place in places if is_open(place)]
    if len(waiting) == 1:
        return waiting[0], broken
    if len(waiting) > 1:
        slugs_open = [place.slug for place in waiting]
        raise _ambiguous(
            "several missions are open", slugs_open, command("export", f"{MISSION_VARIABLE}={slugs_open[0]}")
        )
    raise _none_open(repo, len(places), broken)


def _none_open(repo: Repository, known: int, broken: Sequence[Broken]) -> SpecKittyError:
    if broken and not known:
        return Refused(broken[0].error.message, broken[0].error.code, broken[0].error.hint, broken[0].error.details)
    said = "every mission is merged" if known else "there is no mission yet"
    hint = spec_kitty("mission list") if known else spec_kitty("agent mission create", "my-first-mission")
    if (
        not known
        and not any((each.path / paths.KITTIFY).is_dir() for each in standing_checkouts(repo))
        and not (repo.checkout / paths.KITTIFY).is_dir()
    ):
        for each in standing_checkouts(repo):
            refuse_left_out(each)
        return NotFound(
            f"{repo.checkout} is not a spec-kitty project yet",
            "NOT_INITIALIZED",
            hint=spec_kitty("init", "--ai", "claude"),
        )
    return UsageError(f"{said}, and none was named", "MISSION_REQUIRED", hint=hint)


def _ambiguous(said: str, slugs_found: Sequence[str], hint: Command) -> Conflict:
    listed = ", ".join(slugs_found[:8]) + (" …" if len(slugs_found) > 8 else "")
    return Conflict(
        f"{said}: {listed}",
        "MISSION_AMBIGUOUS",
        hint=hint,
        details={"candidates": list(slugs_found)},
    )
