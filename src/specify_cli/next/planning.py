"""How far the planning of a mission has come: what each document lacks, and whether somebody finished it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from specify_cli.conditions.questions import Question
from specify_cli.core.documents import Shortcoming, clarifications, shortcomings
from specify_cli.core.mission_types import MissionType, Step, StepKind
from specify_cli.core.tasks_document import wp_titles
from specify_cli.core.templates import template
from specify_cli.core.work_packages import WorkPackage, problems_of
from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.text import digest
from specify_cli.lanes.models import LanesManifest
from specify_cli.moves.questions import answered
from specify_cli.next.observation import PlanningView
from specify_cli.status.mission_log import MissionEvent
from specify_cli.status.models import Lane
from specify_cli.status.reading import Status

PLAN = "plan.md"
TASKS = "tasks.md"
WPS = "wps.yaml"

_MOST = 100  # prompts that are named as missing


def planning_views(
    place: MissionPlace,
    mission_type: MissionType,
    packages: Sequence[WorkPackage],
    manifest: LanesManifest | None,
    status: Status,
    stuck: Mapping[str, Question],
    *,
    started: bool,
) -> tuple[PlanningView, ...]:
    """The planning steps in order.

    Running finalize-tasks finishes what comes before it, and while the lanes cover the plan nobody is sent back to its
    documents but for a question left in them. Once a work package has left planned nobody asks for planning steps
    again, so who finished them is not looked up.

    Args:
        stuck: questions of steps reported as blocked, by action.
        started: whether a work package has left planned.
    """
    reported = _reported(status.mission_events)
    answers = answered(status.mission_events)
    steps = mission_type.planning_steps
    canceled = {package.id for package in packages if status.snapshot.lane_of(package.id) is Lane.CANCELED}
    unmet = {step.name: unmet_of(place, mission_type, step, packages, manifest, canceled) for step in steps}
    covered = any(step.kind is StepKind.FINALIZE and not unmet[step.name] for step in steps)
    prompts = {package.file for package in packages}
    everything = started or manifest is not None
    committed = {} if everything or all(step.name in reported for step in steps) else _committed_by_people(place)
    return tuple(
        PlanningView(
            step.name,
            unmet[step.name],
            everything or step.name in reported or _is_committed(step, committed),
            covered and step.kind is StepKind.DOCUMENT and step.document not in prompts,
            () if started else _questions(place, step, answers, stuck),
        )
        for step in steps
    )


def unmet_of(
    place: MissionPlace,
    mission_type: MissionType,
    step: Step,
    packages: Sequence[WorkPackage],
    manifest: LanesManifest | None,
    canceled: Collection[str] = (),
) -> tuple[str, ...]:
    """What a planning step still lacks, with the command of ours that begins it; what was given up needs no lane."""
    if step.kind is StepKind.DOCUMENT and step.document:
        return _unmet_of_document(place, mission_type, step, step.document)
    if step.kind is StepKind.PACKAGES:
        # Once there are lanes, a header that somebody broke since concerns its own work package.
        broken = problems_of(packages) if manifest is None else ()
        return (*_without_prompt(place, step, mission_type, packages), *(each.message for each in broken))
    if step.kind is StepKind.FINALIZE:
        planned = [package.id for package in packages]
        if not planned:
            return ("there is no work package to finalize",)
        alive = [wp_id for wp_id in planned if wp_id not in canceled]
        missing = [wp_id for wp_id in alive if manifest is None or manifest.lane_for_wp(wp_id) is None]
        fix = spec_kitty("agent mission finalize-tasks", "--mission", place.slug)
        return (f"lanes.json does not cover {', '.join(missing)} (fix: {fix})",) if missing else ()
    return ()


def _unmet_of_document(place: MissionPlace, mission_type: MissionType, step: Step, name: str) -> tuple[str, ...]:
    if name == TASKS and place.read(WPS) is not None:
        return ()
    text = place.read(name)
    if text is None and name == PLAN:
        fix = spec_kitty("agent mission setup-plan", "--mission", place.slug)
        return (f"{PLAN} is missing or empty (fix: {fix})",)
    scaffold = template(place.repo, mission_type.key, step.template) if step.template else ""
    left = [f"{name} still asks: {question}" for question in clarifications(text or "")]
    return (*(each.message for each in shortcomings(step, text, scaffold)), *left)


def _without_prompt(
    place: MissionPlace, step: Step, mission_type: MissionType, packages: Sequence[WorkPackage]
) -> tuple[str, ...]:
    known = {package.id: package for package in packages}
    listed = wp_titles(place.read(TASKS) or "")
    missing = [wp_id for wp_id in listed if wp_id not in known]
    found = [f"{wp_id} has no prompt file tasks/{wp_id}-….md" for wp_id in missing[:_MOST]]
    if missing[_MOST:]:
        found.append(f"{len(missing) - _MOST} more work packages have none")
    if not listed and not known:
        found.append("there is no work package yet")
    scaffold = template(place.repo, mission_type.key, step.template) if step.template else ""
    for package in packages:
        found += [f"{package.file}: {each.message}" for each in _prompt_shortcomings(step, package, scaffold)]
    return tuple(found)


def _prompt_shortcomings(step: Step, package: WorkPackage, scaffold: str) -> list[Shortcoming]:
    return [each for each in shortcomings(step, package.body, scaffold) if each.code == "PLACEHOLDER_LEFT"]


def open_questions(place: MissionPlace, step: Step, answers: Mapping[str, str]) -> tuple[Question, ...]:
    """Clarifications left in a step's document that nobody answered."""
    if step.kind is not StepKind.DOCUMENT or not step.document:
        return ()
    found = []
    for text in clarifications(place.read(step.document) or ""):
        key = f"{step.name}-{digest(text)}"
        if key not in answers:
            found.append(Question(key, f"{step.document}.clarification", text))
    return tuple(found)


def _questions(
    place: MissionPlace, step: Step, answers: Mapping[str, str], stuck: Mapping[str, Question]
) -> tuple[Question, ...]:
    asked = stuck.get(step.name)
    return (*((asked,) if asked else ()), *open_questions(place, step, answers))


def _reported(events: Sequence[MissionEvent]) -> set[str]:
    return {
        str(event.data.get("action"))
        for event in events
        if event.type == "step_reported" and event.data.get("result") == "success" and event.data.get("guard_met")
    }


def _committed_by_people(place: MissionPlace) -> dict[str, str]:
    """Document -> subject of the newest commit on the branch it is read from that changed it and is not one of ours."""
    if not place.repo.has_git:
        return {}
    found: dict[str, str] = {}
    for subject, paths in place.git.history(place.source.revision, place.relative):
        if subject.startswith(f"spec-kitty({place.slug}): "):
            continue
        for path in paths:
            found.setdefault(path.removeprefix(f"{place.relative}/"), subject)
    return found


def _is_committed(step: Step, committed: Mapping[str, str]) -> bool:
    if step.document is None:
        return False
    if step.kind is StepKind.PACKAGES:
        return any(path.startswith(f"{step.document}/WP") for path in committed)
    return step.document in committed or (step.document == TASKS and WPS in committed)
