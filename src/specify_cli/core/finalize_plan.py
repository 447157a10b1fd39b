"""From the documents of a plan to its lanes: everything `finalize-tasks` decides. Pure: values in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from specify_cli.core.finalize_headers import HeaderPlan, coverage_problems, header_problems, plan_header
from specify_cli.core.plan_documents import TASKS, PlanDocuments
from specify_cli.core.readiness import SATISFIED
from specify_cli.core.work_packages import WorkPackage, dependency_graph
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.graph import reachable
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import natural_key
from specify_cli.kernel.values import frozen, replace
from specify_cli.lanes import globs
from specify_cli.lanes.compute import compute_lanes, plan_problems
from specify_cli.lanes.models import LanesManifest
from specify_cli.lanes.ordering import with_edges
from specify_cli.lanes.ownership import shared_globs
from specify_cli.lanes.problems import PlanProblem
from specify_cli.status.models import Lane, StatusEvent, StatusSnapshot

_BEGUN = frozenset({Lane.CLAIMED, Lane.IN_PROGRESS, Lane.FOR_REVIEW, Lane.IN_REVIEW, Lane.APPROVED, Lane.DONE})
_UNDER_WAY = _BEGUN - {Lane.DONE} | {Lane.BLOCKED}
_DOCUMENTS = "kitty-specs"


@frozen
class Work:
    """Where the work stands, as far as a change of the plan must know.

    Args:
        lanes: work package -> its state, of all that the log knows.
        branches: work package -> the execution lane it was begun in; of those never begun nothing.
        finished: done, and not in any lane: before an import, or by hand. The work lies in the target.
    """

    lanes: Mapping[str, Lane] = field(default_factory=dict)
    branches: Mapping[str, str] = field(default_factory=dict)
    finished: frozenset[str] = frozenset()

    @property
    def canceled(self) -> frozenset[str]:
        """Work packages that were given up."""
        return frozenset(wp_id for wp_id, lane in self.lanes.items() if lane is Lane.CANCELED)

    def under_way(self, wp_id: str) -> bool:
        """Whether somebody has begun it and it is not done."""
        return self.lanes.get(wp_id, Lane.PLANNED) in _UNDER_WAY


@frozen
class Mission:
    """What lanes.json says of the mission itself."""

    slug: str
    mission_id: str | None
    target_branch: str


@frozen
class FinalPlan:
    """What `finalize-tasks` found and decided.

    Args:
        headers: work packages in id order.
        problems: all that is wrong; then there is no manifest.
        manifest: the lanes; None where no lanes can be computed.
        before: the lanes as they were.
        notices: what people should know.
        ownership_warnings: the same of owned files, as plain sentences.
    """

    headers: tuple[HeaderPlan, ...]
    problems: tuple[PlanProblem, ...]
    manifest: LanesManifest | None
    before: LanesManifest | None
    notices: tuple[Notice, ...]
    ownership_warnings: tuple[str, ...]

    @property
    def packages(self) -> list[WorkPackage]:
        """The work packages as they will be."""
        return [header.package for header in self.headers]


def work_of(snapshot: StatusSnapshot, events: Sequence[StatusEvent], before: LanesManifest | None) -> Work:
    """Where the work stands.

    The lane of begun work is the one its latest record names, else the one lanes.json gave it. What became done without
    ever being begun was not done in a lane.
    """
    branches: dict[str, str] = {}
    for event in events:
        lane_id = event.workspace.get("lane_id") if event.workspace else None
        if isinstance(lane_id, str):
            branches[event.wp_id] = lane_id
        elif event.to_lane in _BEGUN - {Lane.DONE} and event.wp_id not in branches and before is not None:
            lane = before.lane_for_wp(event.wp_id)
            branches.update({event.wp_id: lane.lane_id} if lane else {})
    lanes = {wp_id: state["lane"] for wp_id, state in snapshot.work_packages.items()}
    finished = frozenset(wp_id for wp_id, lane in lanes.items() if lane is Lane.DONE and wp_id not in branches)
    return Work(lanes, branches, finished)


def decide_plan(documents: PlanDocuments, work: Work, before: LanesManifest | None, mission: Mission) -> FinalPlan:
    """Decide headers and lanes; everything that is wrong is gathered in `problems`."""
    headers = tuple(plan_header(package, documents) for package in documents.gathered.packages)
    packages = [header.package for header in headers]
    problems = (*_document_problems(documents, packages, work), *_plan_problems(packages, documents, work))
    manifest = None if problems else _lanes(packages, work, mission)
    notices = tuple(notice for header in headers for notice in header.notices)
    notices += (*_requirement_notices(packages, documents, work), *_outline_notices(packages, documents, work))
    if manifest is None:
        return FinalPlan(headers, problems, None, before, notices, ())
    notices += tuple(_unenforced(packages, manifest, before, work))
    return FinalPlan(headers, (), manifest, before, notices, tuple(_ownership_warnings(packages, manifest, work)))


def _document_problems(documents: PlanDocuments, packages: Sequence[WorkPackage], work: Work) -> Iterator[PlanProblem]:
    yield from documents.manifest.problems if documents.manifest else ()
    yield from documents.gathered.problems
    for package in packages:
        yield from header_problems(package, documents)
    yield from coverage_problems(documents, work.canceled)
    here = {package.id for package in packages} | {problem.wp_id for problem in documents.gathered.problems}
    for wp_id in sorted(work.lanes.keys() - here - work.canceled, key=natural_key):
        if wp_id not in documents.titles:
            message = f"{wp_id} is {work.lanes[wp_id]} and its prompt is gone: cancel it, or bring the prompt back"
            fix = spec_kitty("agent tasks move-task", wp_id, "--to", "canceled", "--agent", "NAME")
            yield PlanProblem("WP_REMOVED", message, wp_id, fix)


def _plan_problems(packages: Sequence[WorkPackage], documents: PlanDocuments, work: Work) -> list[PlanProblem]:
    """What the lanes refuse; dependencies on work packages whose prompts are missing or broken are no news."""
    found = plan_problems(
        dependency_graph(packages),
        {package.id: package.manifest for package in packages},
        canceled=work.canceled,
        known={*documents.titles, *work.lanes, *(problem.wp_id or "" for problem in documents.gathered.problems)},
    )
    files = {package.id: documents.where(package.file) for package in packages}
    return [replace(problem, file=files.get(problem.wp_id or "")) for problem in found]


def _lanes(packages: Sequence[WorkPackage], work: Work, mission: Mission) -> LanesManifest:
    return compute_lanes(
        dependency_graph(packages),
        {package.id: package.manifest for package in packages},
        mission.slug,
        mission.target_branch,
        {package.id: package.body for package in packages},
        mission.mission_id,
        canceled=work.canceled,
        pinned={wp_id: lane for wp_id, lane in work.branches.items() if wp_id not in work.canceled},
        reserved=set(work.branches.values()),
        finished=work.finished,
    )


def _unenforced(
    packages: Sequence[WorkPackage], manifest: LanesManifest, before: LanesManifest | None, work: Work
) -> Iterator[Notice]:
    """Edges into work under way that came after its claim: it neither waits for that work nor has it in its lane."""
    needs = with_edges(dependency_graph(packages), manifest.ordering_edges)
    for wp_id in sorted(filter(work.under_way, needs), key=natural_key):
        late = [need for need in needs[wp_id] if work.lanes.get(need, Lane.PLANNED) not in SATISFIED]
        if late:
            message = f"{wp_id} is under way and does not wait for {', '.join(late)}, which it now comes after"
            yield Notice("EDGE_NOT_ENFORCED", message, spec_kitty("why", wp_id))
        new = [need for need in needs[wp_id] if need not in late and not _was_before(before, need, wp_id)]
        if new:
            message = f"{wp_id} is under way and was begun without the work of {', '.join(new)}, which it now builds on"
            yield Notice("EDGE_NOT_ENFORCED", message, spec_kitty("why", wp_id))


def _was_before(before: LanesManifest | None, need: str, wp_id: str) -> bool:
    """Whether the lanes already brought the work of one package to another."""
    of_need, own = (before.lane_for_wp(each) if before else None for each in (need, wp_id))
    if of_need is None or own is None:
        return before is None or own is None
    return of_need.lane_id == own.lane_id or of_need.is_planning or of_need.lane_id in own.depends_on_lanes


def _requirement_notices(packages: Sequence[WorkPackage], documents: PlanDocuments, work: Work) -> Iterator[Notice]:
    if not documents.requirements:
        return
    known = set(documents.requirements)
    served: set[str] = set()
    for package in packages:
        refs = [requirement.upper() for requirement in package.requirement_refs]
        strangers = [requirement for requirement in refs if requirement not in known]
        if strangers:
            message = (
                f"{package.id} refers to {', '.join(strangers)}, which {documents.where('spec.md')} does not state"
            )
            yield Notice("REQUIREMENT_UNKNOWN", message, edit=documents.where(package.file))
        if package.id not in work.canceled:
            served.update(refs)
    missing = [ref for ref in documents.requirements if ref.startswith("FR-") and ref not in served]
    if missing:
        hint = spec_kitty(
            "agent tasks map-requirements", "--wp", packages[0].id if packages else "WP01", "--refs", missing[0]
        )
        yield Notice("REQUIREMENT_UNMAPPED", f"no work package serves {', '.join(missing)}", hint)


def _outline_notices(packages: Sequence[WorkPackage], documents: PlanDocuments, work: Work) -> Iterator[Notice]:
    """Keys of wps.yaml that mean nothing; prompts that tasks.md does not mention."""
    yield from documents.manifest.notices if documents.manifest else ()
    if documents.manifest is not None or not (documents.tasks or "").strip():
        return
    for package in packages:
        if package.id not in documents.titles and package.id not in work.canceled:
            where = documents.where(TASKS)
            message = f"{where} has no section of {package.id} (a heading such as `## {package.id}: {package.title}`)"
            yield Notice("SECTION_MISSING", message, edit=where)


def _ownership_warnings(packages: Sequence[WorkPackage], manifest: LanesManifest, work: Work) -> Iterator[str]:
    for edge in manifest.ordering_edges:
        which = " ~ ".join(dict.fromkeys(edge.evidence.split(" ~ ")))
        yield f"{edge.after} comes after {edge.before}: both write the same files ({which})"
    live = [package for package in packages if package.id not in work.canceled]
    code = [package for package in live if not package.manifest.is_planning]
    for package in code:
        inside = [pattern for pattern in package.owned_files if globs.normalise(pattern).startswith(_DOCUMENTS)]
        if inside:
            copy = f"what a lane holds of {_DOCUMENTS}/ is a copy that nobody reads"
            yield f"{package.id} changes code and owns {inside[0]}: {copy}"
    needs = dependency_graph(live)
    for planning in (package for package in live if package.manifest.is_planning):
        for package in code:
            shared = shared_globs(planning.manifest, package.manifest)
            ordered = planning.id in reachable(needs, package.id) or package.id in reachable(needs, planning.id)
            if shared and not ordered:
                both = f"{planning.id} writes on the target branch what {package.id} writes in a lane"
                yield f"{both} ({' ~ '.join(shared)}), and nothing orders them"
