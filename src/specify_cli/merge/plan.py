"""What a merge will do, decided from values: order, messages, references. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specify_cli.core.work_packages import WorkPackage
from specify_cli.kernel.git import ZERO, RefUpdate
from specify_cli.kernel.graph import find_cycle, topological
from specify_cli.kernel.values import frozen
from specify_cli.lanes.models import LanesManifest
from specify_cli.workspaces.forecast_models import Forecast

STRATEGIES = ("merge", "squash", "rebase")


@frozen
class Titles:
    """What the messages of commits say.

    Args:
        slug: the mission's folder name.
        mission: its title for people.
        packages: work package -> title.
    """

    slug: str
    mission: str
    packages: Mapping[str, str]

    def named(self, wp_id: str) -> str:
        """A work package with its title."""
        title = self.packages.get(wp_id, "")
        return f"{wp_id} {title}".strip()


@frozen
class Composed:
    """The commits of a merge, made in the object database; nothing refers to them yet.

    Args:
        code: the commit that holds the code; the target's own where nothing came in.
        tree: its tree.
        mission: the mission branch after it; None where there is none.
        lanes: lane -> commit of the mission branch after that lane came in.
        picks: with the strategy rebase, (work package, commit) in order.
    """

    code: str
    tree: str
    mission: str | None
    lanes: Mapping[str, str]
    picks: tuple[tuple[str, str], ...] = ()

    def holding(self, wp_id: str) -> str:
        """The commit that holds a work package."""
        return dict(self.picks).get(wp_id, self.code)


def code_message(titles: Titles, wps: Sequence[str], mission_id: str | None) -> str:
    """The message of the commit that brings a mission into the target."""
    listed = "\n".join(f"- {titles.named(wp_id)}" for wp_id in wps)
    trailer = f"\nMission: {titles.slug}" + (f" ({mission_id})" if mission_id else "")
    return f"{titles.mission}\n\n{listed}\n{trailer}\n"


def lane_message(titles: Titles, lane_id: str, wps: Sequence[str]) -> str:
    """The message of the commit that brings a lane into the mission branch."""
    return f"Merge {lane_id} of {titles.slug}: {', '.join(wps)}\n\n" + "\n".join(map(titles.named, wps)) + "\n"


def pick_message(titles: Titles, wp_id: str) -> str:
    """The message of the one commit of a work package (strategy rebase)."""
    return f"{titles.named(wp_id)}\n\nMission: {titles.slug}\n"


def package_order(manifest: LanesManifest, packages: Sequence[WorkPackage]) -> list[str]:
    """Work packages, each after those it builds on: declared, ordered, or before it in its lane."""
    graph: dict[str, list[str]] = {wp_id: [] for lane in manifest.lanes for wp_id in lane.wp_ids}
    for package in packages:
        if package.id in graph:
            graph[package.id] += package.dependencies
    for wp_id in graph:
        graph[wp_id] += manifest.ordered_before(wp_id)
    chained = {wp_id: list(needs) for wp_id, needs in graph.items()}
    for lane in manifest.lanes:
        for before, after in zip(lane.wp_ids, lane.wp_ids[1:], strict=False):
            chained[after].append(before)
    return topological(chained if find_cycle(chained) is None else graph)


def merged_ref(slug: str, name: str) -> str:
    """Where the tip of a merged lane (or of the mission branch) is kept."""
    return f"refs/spec-kitty/merged/{slug}/{name}"


def given_up_ref(slug: str, name: str) -> str:
    """Where the tip of a lane of canceled work is kept."""
    return f"refs/spec-kitty/canceled/{slug}/{name}"


def guard_ref(slug: str) -> str:
    """The reference that decides whether a merge happened; see `Intent`."""
    return f"refs/spec-kitty/merging/{slug}"


def stopped_ref(slug: str) -> str:
    """What keeps the commits of a merge that waits for a person."""
    return f"refs/spec-kitty/merging/stopped-{slug}"


def ref_updates(
    forecast: Forecast, composed: Composed, new: str, known: Mapping[str, str], *, slug: str, mission_in_use: bool
) -> tuple[RefUpdate, ...]:
    """Everything that the one transaction moves; a lane branch is in it only to prove that it stands still.

    Args:
        new: the target's commit after the merge.
        known: references below `refs/spec-kitty/` that exist.
        mission_in_use: some checkout has the mission branch, so it is not moved under it.
    """
    updates = [RefUpdate(f"refs/heads/{forecast.target_branch}", forecast.target, new)]
    if forecast.mission is not None and composed.mission is not None:
        after = forecast.mission if mission_in_use else composed.mission
        updates.append(RefUpdate(f"refs/heads/{forecast.mission_branch}", forecast.mission, after))
        updates += kept(merged_ref(slug, "mission"), composed.mission, known)
    for lane in forecast.lanes:
        if lane.planning or lane.tip is None:
            continue
        if not lane.gone:
            updates.append(RefUpdate(f"refs/heads/{lane.branch}", lane.tip, lane.tip))
        name = given_up_ref if lane.given_up else merged_ref
        updates += kept(name(slug, lane.lane_id), lane.tip, known)
    if (stopped := stopped_ref(slug)) in known:
        updates.append(RefUpdate(stopped, known[stopped], ZERO))
    return (*updates, RefUpdate(guard_ref(slug), new, ZERO))


def kept(ref: str, tip: str, known: Mapping[str, str]) -> list[RefUpdate]:
    """The update that makes a reference of ours keep a commit; none where it does."""
    return [] if known.get(ref) == tip else [RefUpdate(ref, known.get(ref, ZERO), tip)]
