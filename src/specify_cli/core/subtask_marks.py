"""Ticking subtasks: an event, and for an emptied box the document at once."""

from __future__ import annotations

from collections.abc import Sequence

from specify_cli.core.rendered import TASKS
from specify_cli.core.subtasks import boxes, subtask_states, subtasks_for
from specify_cli.core.tasks_document import render_ticks
from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace
from specify_cli.kernel import files
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import NotFound
from specify_cli.kernel.text import some
from specify_cli.kernel.values import frozen
from specify_cli.status.emit import writing


@frozen
class Marked:
    """What a tick changed.

    Args:
        changed: subtasks whose state is new.
        unchanged: subtasks that had it already.
        reopened: whether a ticked box of tasks.md had to be emptied.
    """

    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    reopened: bool = False


def mark(
    place: MissionPlace,
    packages: Sequence[WorkPackage],
    ids: Sequence[str],
    *,
    done: bool,
    actor: str,
    session: str | None,
    publish: str,
) -> Marked:
    """Record subtasks as done or pending; asked twice, the second time changes nothing.

    Raises:
        NotFound: `SUBTASK_NOT_FOUND`, naming every unknown one.
    """
    found = boxes(place)
    owners = {subtask: package.id for package in packages for subtask in subtasks_for(package, found)}
    owners.update({box.id: wp_id for wp_id, listed in found.items() for box in listed if box.id not in owners})
    unknown = [subtask for subtask in ids if subtask not in owners]
    if unknown:
        raise NotFound(
            f"no subtask {', '.join(unknown)} in {place.where(TASKS)}; it has {some(sorted(owners), 20) or 'none'}",
            "SUBTASK_NOT_FOUND",
            hint=spec_kitty("agent tasks list-tasks", "--mission", place.slug),
            details={"unknown": unknown, "known": sorted(owners)},
        )
    with writing(place, publish=publish) as log:
        states = subtask_states(place, log.mission_events)
        changed = [subtask for subtask in dict.fromkeys(ids) if states.get(subtask, False) != done]
        if not done and any(box.done for listed in found.values() for box in listed if box.id in changed):
            _ = place.feature_dir  # a ticked box counts until it is emptied, which needs the document
        for subtask in changed:
            log.record(
                "subtask", actor=actor, session=session, wp_id=owners[subtask], data={"subtask": subtask, "done": done}
            )
    reopened = not done and _empty_boxes(place, changed)
    return Marked(tuple(changed), tuple(subtask for subtask in ids if subtask not in changed), reopened)


def _empty_boxes(place: MissionPlace, ids: Sequence[str]) -> bool:
    text = place.read(TASKS)
    if place.folder is None or text is None:
        return False
    rendered = render_ticks(text, dict.fromkeys(ids, False))
    if rendered == text:
        return False
    files.atomic_write(place.folder / TASKS, rendered)
    return True
