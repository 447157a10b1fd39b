"""The facts that an acceptance depends on, read from the mission's documents, its logs and git."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from specify_cli.conditions.accept_rules import AcceptFacts, DirtyWorktree, PackageState, TestRun
from specify_cli.conditions.merge_rules import Accepted
from specify_cli.core.documents import clarifications, functional_requirements, shortcomings
from specify_cli.core.mission_sizes import mission_type_of
from specify_cli.core.mission_types import MissionType
from specify_cli.core.readiness import SATISFIED, needs_of
from specify_cli.core.subtasks import boxes, subtask_states, subtasks_for
from specify_cli.core.templates import template
from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import Command, spec_kitty
from specify_cli.kernel.config import Config
from specify_cli.kernel.errors import Refused, Unmet
from specify_cli.kernel.git import Git
from specify_cli.lanes.branch_naming import PLANNING_LANE_ID
from specify_cli.lanes.models import LanesManifest
from specify_cli.status.approvals import mapped_since
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import Lane, StatusSnapshot
from specify_cli.status.reading import Status
from specify_cli.workspaces.coverage_models import Coverage
from specify_cli.workspaces.dependencies import way_back
from specify_cli.workspaces.forecast_models import Forecast
from specify_cli.workspaces.markers import Marked, brought, in_forecast
from specify_cli.workspaces.records import lane_path, read_record, workspace_records
from specify_cli.workspaces.scope import owned_paths
from specify_cli.workspaces.trees import same_code
from specify_cli.workspaces.trust import TrustState, project_of, tests_wish
from specify_cli.workspaces.unfinished import gone_again, inside, unmerged
from specify_cli.workspaces.untangling import ways_out

CLARIFIED = ("spec.md", "plan.md")


def package_states(
    packages: Sequence[WorkPackage], manifest: LanesManifest | None, snapshot: StatusSnapshot
) -> tuple[PackageState, ...]:
    """Every work package with its lane: those with a prompt file, and those that only the log knows."""
    needs = {package.id: needs_of(package, manifest) for package in packages}
    known = [*needs, *(wp_id for wp_id in snapshot.work_packages if wp_id not in needs)]
    waiting = {wp_id for wp_id, each in needs.items() if any(snapshot.lane_of(need) not in SATISFIED for need in each)}
    return tuple(PackageState(wp_id, snapshot.lane_of(wp_id), wp_id in waiting) for wp_id in known)


def canceled_in(snapshot: StatusSnapshot) -> frozenset[str]:
    """Work packages that were given up."""
    return frozenset(wp_id for wp_id, state in snapshot.work_packages.items() if state["lane"] is Lane.CANCELED)


def check_open(place: MissionPlace, status: Status) -> None:
    """Nothing is left to do in a mission that was finished before it came here: nobody accepted it with this tool.

    Raises:
        Refused: `MISSION_CLOSED`.
    """
    states = status.snapshot.work_packages.values()
    over = all(state["lane"] in (Lane.DONE, Lane.CANCELED) for state in states)
    if over and place.meta.get("merged_at") and last_acceptance(status.mission_events) is None:
        raise Refused(
            f"{place.slug} was finished before it came here: nothing is left to accept or merge",
            "MISSION_CLOSED",
            hint=spec_kitty("status", "--mission", place.slug),
        )


def last_acceptance(events: Sequence[MissionEvent]) -> Accepted | None:
    """The last acceptance in a mission's log, or None."""
    event = next((each for each in reversed(events) if each.type == "accepted"), None)
    if event is None:
        return None
    lanes, tests = event.data.get("lanes"), event.data.get("tests")
    target, tree, untested = (event.data.get(name) for name in ("target", "tree", "untested"))
    return Accepted(
        event_id=event.event_id,
        by=event.actor,
        at=event.at,
        mode=str(event.data.get("mode") or "local"),
        lanes={str(lane): str(tip) for lane, tip in lanes.items()} if isinstance(lanes, Mapping) else {},
        target=target if isinstance(target, str) else None,
        tree=tree if isinstance(tree, str) else None,
        tests=tuple(test for test in tests if isinstance(test, Mapping)) if isinstance(tests, list) else (),
        untested=untested if isinstance(untested, str) and untested else None,
    )


def not_proven(place: MissionPlace, accepted: Accepted, tests: Collection[tuple[str, ...]], tree: str, git: Git) -> str:
    """Why the tests that a project asks for prove nothing of a tree; empty where they do, or were waived by a person.

    Args:
        tests: argument lists.
        git: that which has the tree.
    """
    if not tests or accepted.untested is not None:
        return ""
    if not all(accepted.passed(argv) for argv in tests):
        return f"mission {place.slug} was accepted without the tests that the project asks for (accept.tests)"
    if same_code(place, git, accepted.tree or "", tree):
        return ""
    return "the target moved since the mission was accepted: its tests ran on another tree than would be merged"


def proof_of(place: MissionPlace, git: Git, accepted: Accepted | None, tree: str) -> dict[str, object]:
    """What was tested of what is merged, as a receipt has it; tests of another tree prove nothing of this one.

    Args:
        git: that which has the tree.
        tree: what is merged.
    """
    tests = accepted.tests if accepted else ()
    before = accepted.tested_tree if accepted else None
    passed = bool(tests) and all(test.get("exit_code") == 0 for test in tests)
    kept = ("command", "argv", "source", "exit_code", "seconds", "log_sha256")
    return {
        "tested": passed and before is not None and same_code(place, git, before, tree),
        "tested_tree": before,
        "merged_tree": tree,
        "untested": accepted.untested if accepted else None,
        "tests": [{name: test.get(name) for name in kept} for test in tests],
    }


def dirty_worktrees(
    place: MissionPlace,
    manifest: LanesManifest | None,
    packages: Sequence[WorkPackage],
    canceled: Collection[str] = (),
) -> tuple[DirtyWorktree, ...]:
    """Worktrees of the mission with uncommitted files.

    In lane-planning only the owned files of its work packages count, and the mission's own folder never does:
    the tool commits it itself, and a lane's copy of it is read by nobody. A lane of canceled work is not merged.
    """
    checkouts = {checkout.path: checkout for checkout in place.repo.checkouts()}
    found: list[DirtyWorktree] = []
    for record in workspace_records(place):
        planning = place.home is not None and record.path == place.home.path
        listed = manifest.lane(record.lane_id) if manifest else None
        given_up = listed is not None and all(wp_id in canceled for wp_id in listed.wp_ids)
        if not planning and not given_up and record.path in checkouts:
            busy = checkouts[record.path].busy
            _note(found, place, record.lane_id, record.path.as_posix(), Git(record.path), (), busy)
    lane = next((each for each in manifest.lanes if each.is_planning), None) if manifest else None
    if lane is not None and place.home is not None:
        owned = [path for package in packages if package.id in lane.wp_ids for path in owned_paths(package)]
        if owned:
            _note(found, place, lane.lane_id, place.home.path.as_posix(), Git(place.home.path), tuple(owned))
    return tuple(found)


def _note(
    found: list[DirtyWorktree],
    place: MissionPlace,
    lane_id: str,
    path: str,
    git: Git,
    scope: tuple[str, ...],
    busy: str = "",
) -> None:
    own = f"{place.relative}/"
    changes = [change for change in git.changes(*scope) if not change.path.startswith(own)]
    left = unmerged(changes)
    if busy == "merge" and not left:
        # Added to the index with its markers still in it, a file counts as resolved for git.
        target = f"refs/heads/{place.target_branch}"
        left = tuple(brought(git, ["HEAD"], None, outside=place.relative, rules=target))
    if changes or busy:
        new = tuple(change.path for change in changes if change.state == "??")
        files = tuple(change.path for change in changes)
        found.append(DirtyWorktree(lane_id, path, files, busy, left, new, gone_again(changes), inside(git.root, files)))


def accept_facts(
    place: MissionPlace,
    packages: Sequence[WorkPackage],
    manifest: LanesManifest | None,
    status: Status,
    forecast: Forecast | None,
    tests: Sequence[TestRun] = (),
    *,
    elsewhere: Git | None = None,
    coverage: Coverage | None = None,
    untrusted: Unmet | None = None,
) -> AcceptFacts:
    """All that acceptance looks at.

    Args:
        packages: the work packages that have a prompt file.
        manifest: the lanes, or None before finalize-tasks.
        status: the mission's logs.
        forecast: the merge as it would be; None without lanes.
        tests: what was run on the forecast merge.
        elsewhere: git that has the objects of the forecast, where they were put somewhere else.
        coverage: what of it was reviewed.
        untrusted: as `untrusted_tests`, where the tests of the project are to run.
    """
    states = package_states(packages, manifest, status.snapshot)
    alive = [package for package in packages if status.snapshot.lane_of(package.id) is not Lane.CANCELED]
    known = {wp_id for lane in manifest.lanes for wp_id in lane.wp_ids} if manifest else set()
    kind = mission_type_of(place)
    return AcceptFacts(
        slug=place.slug,
        folder=place.feature_dir.as_posix() if place.folder is not None else place.relative,
        packages=states,
        lanes_known=manifest is not None,
        without_lane=tuple(package.id for package in alive if manifest and package.id not in known),
        open_subtasks=open_subtasks(place, packages, status),
        clarifications=tuple(
            (name, question)
            for name in dict.fromkeys((*CLARIFIED, *kind.documents))
            for question in clarifications(place.read(name) or "")
        ),
        missing_artifacts=_missing_artifacts(place, kind),
        unmapped=_unmapped(place, packages) if kind.has_packages else (),
        mapped=tuple(mapped_since(status.events, status.mission_events).items()),
        dirty=dirty_worktrees(place, manifest, packages, canceled_in(status.snapshot)),
        missing_branches=missing_branches(place, forecast, status.snapshot),
        conflicts=forecast.conflicts if forecast else (),
        ways_out=ways_out(place, forecast, elsewhere) if forecast else {},
        markers=marked_files(place, packages, manifest, forecast, elsewhere),
        tests=tuple(tests),
        has_packages=kind.has_packages,
        unfinished=() if kind.has_packages else tuple(_unfinished(place, kind)),
        lacking=lacking_commits(place, status, forecast, coverage) if forecast and coverage else (),
        coverage=coverage or Coverage(),
        untrusted=untrusted,
    )


def untrusted_tests(place: MissionPlace, config: Config) -> Unmet | None:
    """What keeps the project's list of tests from running: one that nobody in this clone has read runs nothing."""
    wish = tests_wish(place.repo, project_of(place.repo, place.home), config)
    if wish.trusted or wish.state is TrustState.MISSING:
        return None
    what = f"the list accept.tests does not run: {wish.why}"
    if not wish.lines:
        what = "the list accept.tests was trusted, and is gone"
    return Unmet("TESTS_UNTRUSTED", f"{what}. `--untested WHY` accepts without tests", wish.hint, str(wish.path))


def marked_files(
    place: MissionPlace,
    packages: Sequence[WorkPackage],
    manifest: LanesManifest | None,
    forecast: Forecast | None,
    elsewhere: Git | None = None,
) -> tuple[Marked, ...]:
    """Files into which the work of a mission brought conflict markers, in its lanes and in lane-planning."""
    if forecast is None:
        return ()
    found = in_forecast(place, forecast, elsewhere)
    lane = next((each for each in manifest.lanes if each.is_planning), None) if manifest else None
    record = read_record(place, lane.lane_id) if lane else None
    spans = record.wps if record else {}
    for package in packages:
        span, owned = spans.get(package.id), owned_paths(package)
        if span is not None and owned and place.git.resolve(span.base) is not None:
            more = brought(place.git, [span.base], forecast.target, *owned, outside=place.relative)
            tree = place.git.root.as_posix()
            found += tuple(
                Marked(path, tuple(lines), PLANNING_LANE_ID, (package.id,), tree) for path, lines in more.items()
            )
    return found


def unavailable(forecast: Forecast, snapshot: StatusSnapshot) -> tuple[tuple[str, str], ...]:
    """Lanes whose branch this clone lacks although work on them was begun and is not merged yet."""
    idle = (Lane.PLANNED, Lane.DONE, Lane.CANCELED)
    return tuple(
        (lane.lane_id, lane.branch)
        for lane in forecast.missing
        if any(snapshot.lane_of(wp_id) not in idle for wp_id in lane.wp_ids)
    )


def lacking_commits(
    place: MissionPlace, status: Status, forecast: Forecast, coverage: Coverage
) -> tuple[tuple[str, str, str, str], ...]:
    """(work package, lane, commit, the lane's worktree) where what was approved is not in the lane."""
    trees = {lane.lane_id: lane.record.path for lane in forecast.code_lanes if lane.record}
    return tuple(
        (wp_id, lane_id, head, (trees.get(lane_id) or lane_path(place, lane_id)).as_posix())
        for wp_id, lane_id, head in coverage.lost
        if status.snapshot.lane_of(wp_id) is Lane.APPROVED
    )


def missing_branches(
    place: MissionPlace, forecast: Forecast | None, snapshot: StatusSnapshot
) -> tuple[tuple[str, str, Command], ...]:
    """As `unavailable`, each with the command that brings it back."""
    listed = unavailable(forecast, snapshot) if forecast else ()
    return tuple((lane_id, branch, way_back(place, branch)) for lane_id, branch in listed)


def open_subtasks(
    place: MissionPlace, packages: Sequence[WorkPackage], status: Status
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Work packages with the subtasks that are not ticked; those of canceled ones are given up with them."""
    states, found = subtask_states(place, status.mission_events), boxes(place)
    alive = [package for package in packages if status.snapshot.lane_of(package.id) is not Lane.CANCELED]
    ids = {package.id for package in packages}
    listed = {package.id: subtasks_for(package, found) for package in alive}
    # A section of tasks.md whose work package has no prompt file still holds promises.
    listed.update({wp_id: [box.id for box in each] for wp_id, each in found.items() if wp_id not in ids})
    left = {wp_id: tuple(each for each in each_id if not states.get(each, False)) for wp_id, each_id in listed.items()}
    return tuple((wp_id, each) for wp_id, each in left.items() if each)


def _missing_artifacts(place: MissionPlace, kind: MissionType) -> tuple[str, ...]:
    given = ("tasks.md",) if place.read("wps.yaml") else ()
    return tuple(name for name in kind.required_artifacts if name not in given and not _present(place, name))


def _unfinished(place: MissionPlace, kind: MissionType) -> Iterator[str]:
    """What the documents of a mission lack that consists of nothing else."""
    for step in kind.planning_steps:
        text = place.read(step.document or "")
        if text is not None:
            scaffold = template(place.repo, kind.key, step.template) if step.template else ""
            yield from (each.message for each in shortcomings(step, text, scaffold))


def _present(place: MissionPlace, name: str) -> bool:
    folder = name.rstrip("/")
    if name.endswith("/") or "." not in folder:
        return bool(place.names(folder))
    return bool((place.read(name) or "").strip())


def _unmapped(place: MissionPlace, packages: Sequence[WorkPackage]) -> tuple[str, ...]:
    """Requirements that no work package names; one that only a canceled work package names was given up with it."""
    mapped = {ref.upper() for package in packages for ref in package.requirement_refs}
    return tuple(ref for ref in functional_requirements(place.read("spec.md") or "") if ref not in mapped)
