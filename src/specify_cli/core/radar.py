"""Open missions whose work packages are to write the same files, on any local branch; nothing is checked out.

A mission counts where its own target branch has it: in the working tree of that branch, else at its tip.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from specify_cli.core.work_packages import WorkPackage, load_work_packages
from specify_cli.home import MissionPlace
from specify_cli.kernel import files
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import SpecKittyError, Unavailable
from specify_cli.kernel.git import Git
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import SPECS, Checkout, Repository
from specify_cli.kernel.text import plural
from specify_cli.kernel.values import frozen, replace
from specify_cli.lanes.branch_naming import is_lane_branch, is_mission_branch
from specify_cli.lanes.collisions import Collision, Owner, collisions
from specify_cli.lanes.globs import EVERYTHING
from specify_cli.lanes.models import LanesManifest
from specify_cli.lanes.persistence import LANES
from specify_cli.mission_metadata import IMPORTED_FROM, META, identity_of
from specify_cli.status.models import Lane
from specify_cli.status.reading import read_status

CODE = "MISSIONS_COLLIDE"
_OVER = frozenset({Lane.DONE, Lane.CANCELED})
_SHOWN = 5  # pairs of work packages of two missions
_MOST = 20  # pairs of missions


@frozen
class _Open:
    """A mission that is planned and not merged.

    Args:
        lanes: what its lanes write.
    """

    place: MissionPlace
    lanes: tuple[Owner, ...]


def radar(repo: Repository, slug: str | None = None, packages: Sequence[WorkPackage] = ()) -> list[Collision]:
    """Collisions between open missions; of one only, where that is named. Nothing is written.

    Args:
        slug: a mission.
        packages: what that one plans, which counts instead of what is on its branch.
    """
    if not repo.has_git:
        return []
    mine = [Owner(slug or "", package.id, package.owned_files) for package in packages]
    missions = {each.place.slug: each for each in _open_missions(repo) if not (mine and each.place.slug == slug)}
    near = collisions([*mine, *(lane for each in missions.values() for lane in each.lanes)])
    involved = {owner.mission for each in near for owner in (each.one, each.other) if _concerns(each, slug)}
    owners = [owner for name in sorted(involved & missions.keys()) for owner in _owners(missions[name].place)]
    return [each for each in collisions([*mine, *owners]) if _concerns(each, slug)]


def ahead(place: MissionPlace, packages: Sequence[WorkPackage]) -> list[Notice]:
    """What the plan of a mission collides with; nothing where git or a file does not answer.

    Args:
        packages: the planned work packages that are not over.
    """
    with suppress(Unavailable):
        known = [replace(each, owned_files=_known(place.meta, each.owned_files)) for each in packages]
        return notices(radar(place.repo, place.slug, known), place.slug) if packages else []
    return []


def notices(found: Sequence[Collision], slug: str | None = None) -> list[Notice]:
    """A warning for each two missions that collide, naming the work packages of both.

    Args:
        slug: the mission that is looked at; the command shows the other one.
    """
    pairs: dict[tuple[str, str], list[str]] = {}
    for each in found:
        told = pairs.setdefault((each.one.mission, each.other.mission), [])
        told.append(f"{each.one} and {each.other} both write {each.where}")
    told_of = [
        Notice(
            CODE,
            _some(told),
            spec_kitty("status", "--mission", one if other == slug else other),
        )
        for (one, other), told in pairs.items()
    ]
    left = len(told_of) - _MOST
    more = [Notice(CODE, f"{plural(left, 'more pair')} of missions write the same files", spec_kitty("mission list"))]
    return [*told_of[:_MOST], *more] if left > 0 else told_of


def _some(told: Sequence[str]) -> str:
    more = len(told) - _SHOWN
    return "; ".join(told[:_SHOWN]) + (f" and {plural(more, 'pair')} more" if more > 0 else "")


def _concerns(found: Collision, slug: str | None) -> bool:
    return slug is None or slug in (found.one.mission, found.other.mission)


def _owners(place: MissionPlace) -> list[Owner]:
    """The work packages of a mission that are not over; none where it cannot be read, which `doctor` tells."""
    with suppress(SpecKittyError):
        snapshot = read_status(place).snapshot
        return [
            Owner(place.slug, package.id, _known(place.meta, package.owned_files))
            for package in load_work_packages(place)
            if snapshot.lane_of(package.id) not in _OVER
        ]
    return []


def _known(meta: Mapping[str, object], owned: tuple[str, ...]) -> tuple[str, ...]:
    """What is known to be written: an imported work package whose files its source did not name owns everything."""
    return tuple(each for each in owned if each != EVERYTHING) if IMPORTED_FROM in meta else owned


def _open_missions(repo: Repository) -> Iterator[_Open]:
    tips = {ref.removeprefix("refs/heads/"): tip for ref, tip in Git(repo.checkout).branches().items()}
    homes = {each.branch: each for each in repo.checkouts() if each.branch}
    away = {}
    for branch, tip in tips.items():
        if is_lane_branch(branch) or is_mission_branch(branch):
            continue
        if branch in homes:
            yield from _in_tree(repo, homes[branch], branch)
        else:
            away[branch] = tip
    if away:
        yield from _at_tips(repo, away)


def _in_tree(repo: Repository, home: Checkout, branch: str) -> Iterator[_Open]:
    folder = home.path / SPECS
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        yield from _opened(repo, path.name, branch, home, files.read_text(path / META), files.read_text(path / LANES))


def _at_tips(repo: Repository, tips: dict[str, str]) -> Iterator[_Open]:
    """Missions at the tips of branches, in two git processes; a copy that many branches have is read once."""
    git = Git(repo.checkout)
    entries = git.entries_in_all(sorted(set(tips.values())), SPECS)
    folders = sorted({tree for names in entries.values() for tree in names.values()})
    specs = [f"{tree}:{name}" for tree in folders for name in (META, LANES)]
    read = dict(zip(specs, git.show_many(specs), strict=True))
    texts = {spec: files.decode(data) for spec, data in read.items() if data is not None}
    for branch, tip in sorted(tips.items()):
        for slug, tree in entries.get(tip, {}).items():
            yield from _opened(repo, slug, branch, None, texts.get(f"{tree}:{META}"), texts.get(f"{tree}:{LANES}"))


def _opened(
    repo: Repository, slug: str, branch: str, home: Checkout | None, meta_text: str | None, lanes_text: str | None
) -> Iterator[_Open]:
    if meta_text is None or lanes_text is None:
        return
    with suppress(SpecKittyError):
        meta = files.parse_json(meta_text, f"{branch}:{SPECS}/{slug}/{META}")
        if meta.get("target_branch") != branch or meta.get("merged_at"):
            return
        manifest = LanesManifest.from_dict(files.parse_json(lanes_text, f"{branch}:{SPECS}/{slug}/{LANES}"))
        place = MissionPlace(repo, slug, identity_of(meta, slug).mission_id, branch, home, meta)
        yield _Open(place, tuple(Owner(slug, each.lane_id, _known(meta, each.write_scope)) for each in manifest.lanes))
