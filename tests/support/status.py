"""A mission with nothing but its place, for tests of the logs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Unpack

from specify_cli.home import MissionPlace, home_of
from specify_cli.kernel.ids import new_id
from specify_cli.kernel.paths import Repository, discover
from specify_cli.status import lines
from specify_cli.status.emit import Writer, writing
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.status.moves import MoveOptions
from tests.support.git import Repo

MISSION_ID = "01KNRK00000000000000000000"
SLUG = "001-tea-timer"
META: Mapping[str, object] = {"mission_number": "001", "mission_type": "software-dev"}


def place_in(folder: Path, *, mission_id: str | None = MISSION_ID, slug: str = SLUG) -> MissionPlace:
    """The place of a mission in a repository or a bare folder, its own folder made."""
    repo = discover(folder)
    place = MissionPlace(repo, slug, mission_id, "main", home_of(repo, "main"), META)
    if place.folder is not None:
        place.folder.mkdir(parents=True, exist_ok=True)
    return place


def committed_place(git: Repo) -> MissionPlace:
    """A mission whose folder is committed on main."""
    place = place_in(git.path)
    git.write(f"kitty-specs/{SLUG}/meta.json", json.dumps(META))
    git.commit("mission")
    return place


def bare_place(folder: Path) -> MissionPlace:
    """A mission outside git."""
    folder.mkdir(parents=True, exist_ok=True)
    place = MissionPlace(Repository(folder, None, None, None), SLUG, MISSION_ID, "main", None, META)
    place.feature_dir.mkdir(parents=True)
    return place


def moved(
    source: str,
    target: str,
    *,
    wp_id: str = "WP01",
    at: str = "2026-11-20T12:00:00.000000+00:00",
    event_id: str = "",
    actor: str = "claude",
    **more: object,
) -> StatusEvent:
    """An event, as its line would say it; `more` are further keys of the line."""
    line: dict[str, object] = {
        "actor": actor,
        "at": at,
        "event_id": event_id or new_id(),
        "evidence": None,
        "execution_mode": "worktree",
        "force": False,
        "from_lane": source,
        "mission_id": MISSION_ID,
        "mission_slug": SLUG,
        "policy_metadata": None,
        "reason": None,
        "review_ref": None,
        "to_lane": target,
        "wp_id": wp_id,
    }
    return StatusEvent.from_dict(line | more)


def minute(number: int) -> str:
    """A timestamp some minutes into the day of the tests."""
    return f"2026-11-20T{12 + number // 60:02d}:{number % 60:02d}:00.000000+00:00"


def ulid(number: int) -> str:
    """The same identifier for the same number, rising with it."""
    return f"01{number:024d}"


def chain(
    *lanes: str, wp_id: str = "WP01", actor: str = "claude", start: int = 0, after: str = ""
) -> list[StatusEvent]:
    """Moves through some lanes, one a minute, each building on the one before.

    Args:
        lanes: the lane it begins in, and each one it goes to.
        start: minute of the first move; its id rises with it.
        after: id of the event that the first one builds on.
    """
    events: list[StatusEvent] = []
    for number, (source, target) in enumerate(pairwise(lanes), start):
        prev = events[-1].event_id if events else after
        name = ulid(number * 1000 + sum(map(ord, actor)) % 1000)
        more = {"prev": prev} if prev else {}
        events.append(moved(source, target, wp_id=wp_id, at=minute(number), event_id=name, actor=actor, **more))
    return events


REVIEW = {"reviewer": "ada", "verdict": "approved", "reference": "REF-1"}


def walk(writer: Writer, wp_id: str, to: Lane, actor: str = "claude") -> None:
    """Bring a planned work package forward to a lane by ordinary moves."""
    steps: list[tuple[Lane, MoveOptions]] = [
        (Lane.CLAIMED, {}),
        (Lane.IN_PROGRESS, {"workspace_context": "worktree"}),
        (Lane.FOR_REVIEW, {"subtasks_complete": True, "implementation_evidence_present": True}),
        (Lane.IN_REVIEW, {}),
        (Lane.APPROVED, {"review_result": REVIEW}),
        (Lane.DONE, {"evidence": {"review": REVIEW}}),
    ]
    for lane, options in steps:
        writer.move(wp_id, lane, actor=actor, **options)
        if lane is to:
            return


def emit(place: MissionPlace, wp_id: str, to_lane: str, actor: str, **options: Unpack[MoveOptions]) -> StatusEvent:
    """Move one work package in a hold of the lock of its own."""
    with writing(place) as writer:
        return writer.move(wp_id, to_lane, actor=actor, **options)


def write_long(place: MissionPlace, count: int, wp_ids: Sequence[str]) -> None:
    """Put moves into a journal, so many in all: work packages blocked and taken up again, as with a real lane."""
    event = moved("in_progress", "blocked", force=True, reason="again", session="s1", mission_id=place.mission_id)
    record = {"lane_id": "lane-a", "branch": f"kitty/mission-{place.slug}-lane-a", "base": "0" * 40}
    line = lines.encode([event.to_dict() | {"mission_slug": place.slug, "workspace": record}]).decode()
    with place.journal.open("a", encoding="utf-8") as journal:
        for number in range(count):
            turn, index = divmod(number, len(wp_ids))
            told = line.replace(event.event_id, ulid(number)).replace("WP01", wp_ids[index])
            told = told.replace(
                event.at, f"2026-11-19T{turn // 3600:02d}:{turn // 60 % 60:02d}:{turn % 60:02d}.000000+00:00"
            )
            if turn % 2:
                told = (
                    told.replace('"in_progress"', '"-"')
                    .replace('"blocked"', '"in_progress"')
                    .replace('"-"', '"blocked"')
                )
            journal.write(told)
