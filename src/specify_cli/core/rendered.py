"""What events look like in documents: ticks in tasks.md and the files of review feedback."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from specify_cli.core.tasks_document import render_ticks
from specify_cli.home import MissionPlace
from specify_cli.kernel import files
from specify_cli.kernel.links import leads_out
from specify_cli.status.mission_log import MissionEvent

TASKS = "tasks.md"
_FEEDBACK = re.compile(r"tasks/(?!\.)[^/\0]+/review-cycle-[0-9]+\.md")


def ticks(events: Sequence[MissionEvent]) -> dict[str, bool]:
    """Subtask -> done, by the last event about it."""
    return {
        str(event.data["subtask"]): bool(event.data.get("done"))
        for event in events
        if event.type == "subtask" and "subtask" in event.data
    }


def render_views(place: MissionPlace, events: Sequence[MissionEvent]) -> list[str]:
    """Bring tasks.md and the review-cycle files of the home up to date with the log.

    A box ticked by hand stays ticked; review feedback, once written, is never changed.

    Returns:
        Names of the files written, below the mission folder.
    """
    if place.folder is None:
        return []
    written = [str(event.data["file"]) for event in events if event.type == "review_finding" and _write(place, event)]
    text = place.read(TASKS)
    if text is not None:
        rendered = render_ticks(text, {subtask: True for subtask, done in ticks(events).items() if done})
        if rendered != text:
            files.atomic_write(place.folder / TASKS, rendered)
            written.append(TASKS)
    return written


def _write(place: MissionPlace, event: MissionEvent) -> bool:
    name, text = event.data.get("file"), event.data.get("text")
    # The event may have come with somebody's commit: it names a file of this kind inside the mission, or nothing.
    if place.folder is None or not isinstance(text, str) or not (isinstance(name, str) and _FEEDBACK.fullmatch(name)):
        return False
    path = place.folder / name
    if os.path.lexists(path) or leads_out(path, place.folder):
        return False
    files.atomic_write(path, text, mkdir=True)
    return True
