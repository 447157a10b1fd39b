"""Subtasks of work packages: ticked by an event, or by hand in tasks.md."""

from __future__ import annotations

from collections.abc import Sequence

from specify_cli.core.rendered import TASKS, ticks
from specify_cli.core.tasks_document import Subtask, subtasks_of
from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace
from specify_cli.status.mission_log import MissionEvent


def boxes(place: MissionPlace) -> dict[str, list[Subtask]]:
    """Work package -> its check boxes in tasks.md."""
    return subtasks_of(place.read(TASKS) or "")


def subtask_states(
    place: MissionPlace, events: Sequence[MissionEvent], found: dict[str, list[Subtask]] | None = None
) -> dict[str, bool]:
    """Subtask -> done: an event said so, or its box is ticked.

    Args:
        events: the mission log.
        found: the boxes, where they were read already.
    """
    listed = boxes(place) if found is None else found
    states = {box.id: box.done for part in listed.values() for box in part}
    for subtask, done in ticks(events).items():
        states[subtask] = done or states.get(subtask, False)
    return states


def subtasks_for(package: WorkPackage, found: dict[str, list[Subtask]]) -> list[str]:
    """All subtasks of a work package: from its header and from its section of tasks.md."""
    return list(dict.fromkeys([*package.subtasks, *(box.id for box in found.get(package.id, []))]))
