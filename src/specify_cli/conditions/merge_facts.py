"""The facts that a merge depends on, read from the logs and git."""

from __future__ import annotations

from collections.abc import Sequence

from specify_cli.conditions.accept_facts import (
    canceled_in,
    dirty_worktrees,
    lacking_commits,
    last_acceptance,
    marked_files,
    missing_branches,
    not_proven,
    open_subtasks,
    package_states,
)
from specify_cli.conditions.merge_rules import MergeFacts
from specify_cli.core.mission_target import started_from
from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace
from specify_cli.kernel.git import Git
from specify_cli.lanes.models import LanesManifest
from specify_cli.status.approvals import mapped_since
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.status.reading import Status
from specify_cli.workspaces.coverage_models import Coverage
from specify_cli.workspaces.forecast_models import Forecast


def merge_facts(
    place: MissionPlace,
    packages: Sequence[WorkPackage],
    manifest: LanesManifest | None,
    status: Status,
    forecast: Forecast | None,
    *,
    own_conflict: bool = False,
    under_way: Sequence[str] = (),
    protected: Sequence[str] = (),
    tests: Sequence[tuple[str, ...]] = (),
    elsewhere: Git | None = None,
    coverage: Coverage | None = None,
) -> MergeFacts:
    """All that a merge looks at before it begins.

    Args:
        packages: the work packages that have a prompt file.
        manifest: the lanes, or None before finalize-tasks.
        status: the mission's logs.
        forecast: the merge as it would be; None without lanes.
        own_conflict: whether this mission's merge waits for a resolution, and is not resumed now.
        under_way: other missions of which that is so, for the same target.
        protected: the branches that the project protects.
        tests: those that the project asks for, as argument lists.
        elsewhere: git that has the objects of the forecast, where they were put somewhere else.
        coverage: what of it was reviewed.
    """
    home, accepted = place.home, last_acceptance(status.mission_events)
    untested = ""
    if accepted is not None and forecast is not None:
        untested = not_proven(place, accepted, tests, forecast.tree, elsewhere or place.git)
    lock = home.git_dir / "index.lock" if home else None
    return MergeFacts(
        slug=place.slug,
        target_branch=place.target_branch,
        root=place.repo.root.as_posix(),
        home=home.path.as_posix() if home else None,
        way_home=None if home else place.way_home,
        packages=package_states(packages, manifest, status.snapshot),
        busy=home.busy if home else "",
        index_locked=str(lock) if lock is not None and lock.exists() else "",
        identity=place.git.identity() is not None,
        lanes_known=manifest is not None,
        open_subtasks=open_subtasks(place, packages, status),
        accepted=accepted,
        untested=untested,
        tips=_open_tips(forecast) if forecast else {},
        dirty=dirty_worktrees(place, manifest, packages, canceled_in(status.snapshot)),
        markers=marked_files(place, packages, manifest, forecast, elsewhere),
        missing_branches=missing_branches(place, forecast, status.snapshot),
        lacking=lacking_commits(place, status, forecast, coverage or Coverage()) if forecast else (),
        behind=behind_remote(place, forecast.target) if forecast else None,
        under_way=tuple(under_way),
        own_conflict=own_conflict,
        contained=forecast is not None and forecast.is_contained,
        protected=place.target_branch in protected,
        started=started_from(status.mission_events) is not None,
        coverage=coverage or Coverage(),
        mapped=tuple(mapped_since(status.events, status.mission_events).items()),
    )


def _open_tips(forecast: Forecast) -> dict[str, str]:
    """Lanes whose acceptance still matters: not those that the target contains already."""
    return {lane.lane_id: lane.tip for lane in forecast.code_lanes if lane.tip is not None and not lane.in_target}


def approved_heads(events: Sequence[StatusEvent]) -> dict[str, str]:
    """Work package -> the commit that its last approval is about, as far as the log tells."""
    heads: dict[str, str] = {}
    sent: dict[str, str] = {}
    for event in events:
        head = event.workspace.get("head") if event.workspace else None
        if isinstance(head, str) and head:
            sent[event.wp_id] = head
        if event.to_lane in (Lane.APPROVED, Lane.DONE) and event.wp_id in sent:
            heads[event.wp_id] = sent[event.wp_id]
    return heads


def behind_remote(place: MissionPlace, target: str) -> tuple[str, int] | None:
    """The remote branch that the target follows and how many of its commits the target lacks; None if it lacks none.

    What the last fetch brought counts; nothing is fetched.
    """
    git = place.git
    listed = git.run("for-each-ref", "--format=%(upstream)", f"refs/heads/{place.target_branch}").split()
    upstream = listed[0] if listed else f"refs/remotes/origin/{place.target_branch}"
    tip = git.resolve(upstream)
    if tip is None or tip == target:
        return None
    count = len(git.commits(f"{target}..{tip}"))
    return (upstream.removeprefix("refs/remotes/").removeprefix("refs/heads/"), count) if count else None
