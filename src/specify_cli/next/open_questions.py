"""The questions of a mission that a person has not answered yet, for everybody who looks at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specify_cli.conditions.questions import Question
from specify_cli.context.overview import MissionState, Overview
from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace
from specify_cli.kernel.lazy import load
from specify_cli.moves.questions import answered, own_events, question_of
from specify_cli.next.alarm import repeated
from specify_cli.next.steps import stuck_questions
from specify_cli.status.models import Lane
from specify_cli.status.reading import Status


def open_questions(seen: Overview) -> tuple[Question, ...]:
    """As `questions_of`, of a mission at a glance; a merged one asks nothing."""
    if seen.state is MissionState.MERGED:
        return ()
    return questions_of(seen.place, seen.packages, seen.status, accepted=seen.state is MissionState.ACCEPTED)


def questions_of(
    place: MissionPlace, packages: Sequence[WorkPackage], status: Status, *, accepted: bool
) -> tuple[Question, ...]:
    """What a person has to answer: of documents and planning steps first, then of work packages in id order.

    They are those that `next` asks one at a time, whoever holds what they are about.

    Args:
        accepted: whether the mission is accepted, so that the question is about its merge.
    """
    answers = answered(status.mission_events)
    lanes = {package.id: status.snapshot.lane_of(package.id) for package in packages}
    stuck = stuck_questions(status.mission_events, answers)
    found: list[Question | None] = []
    if all(lane is Lane.PLANNED for lane in lanes.values()):
        found += _of_documents(place, answers, stuck)
    again = repeated(status.snapshot, status.mission_events)
    told = own_events(status.events)
    found += [
        again.get(package.id) or question_of(package, lanes, told.get(package.id, ()), answers) for package in packages
    ]
    found.append(stuck.get("merge" if accepted else "accept"))
    return tuple(question for question in found if question is not None)


def _of_documents(
    place: MissionPlace, answers: Mapping[str, str], stuck: Mapping[str, Question]
) -> list[Question | None]:
    """The questions of planning steps; once work has begun nobody asks for them, and nothing is loaded for them."""
    left_in = load("specify_cli.next.planning:open_questions")
    steps = load("specify_cli.core.mission_sizes:mission_type_of")(place).planning_steps
    return [question for step in steps for question in (stuck.get(step.name), *left_in(place, step, answers))]
