"""What this clone knows of a mission's lanes: where the worktree is, and per work package base and head."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import Any

from specify_cli.home import MissionPlace
from specify_cli.kernel import fields, files
from specify_cli.kernel.commands import command
from specify_cli.kernel.errors import Refused, SpecKittyError
from specify_cli.kernel.fields import BRANCH, COMMIT, TEXT, Fields, Listed, Mapped, Schema
from specify_cli.kernel.paths import WORKTREES
from specify_cli.kernel.values import frozen
from specify_cli.lanes.branch_naming import PLANNING_LANE_ID, lane_branch_name
from specify_cli.lanes.models import LANE

FIELDS: Schema = {
    "lane_id": LANE, "path": TEXT, "branch": BRANCH,
    "wps": Mapped(Fields({"base": COMMIT, "head": COMMIT, "start": COMMIT, "missing": Listed(BRANCH)})),
}  # fmt: skip
MAKING: Schema = {"path": TEXT, "old": COMMIT, "new": COMMIT}


@frozen
class Span:
    """The commits of one work package on its lane.

    Args:
        base: where its work begins: the lane's last reviewed commit when it was claimed.
        head: the tip when it last went to review; None before.
        start: the lane's tip when it was claimed, where that is another commit.
        missing: commits and branches that it builds on, without which it was begun.
    """

    base: str
    head: str | None = None
    start: str | None = None
    missing: tuple[str, ...] = ()


@frozen
class LaneRecord:
    """One lane of a mission in this clone."""

    lane_id: str
    path: Path
    branch: str
    wps: dict[str, Span] = field(default_factory=dict)


@frozen
class Making:
    """A worktree that is being made, or brought forward, right now; what is left of it tells of a crash.

    Args:
        old, new: the commits it goes from and to; the same for a new worktree.
    """

    path: Path
    old: str
    new: str


def folder(place: MissionPlace) -> Path:
    """Where the records of a mission are kept."""
    return place.state / "workspaces" / place.key


def workspace_records(place: MissionPlace) -> list[LaneRecord]:
    """All lanes of a mission that this clone has worked in, by name."""
    where = folder(place)
    names = sorted(entry.stem for entry in where.glob("*.json")) if where.is_dir() else []
    found = (read_record(place, name) for name in names)
    return [record for record in found if record is not None]


def read_record(place: MissionPlace, lane_id: str) -> LaneRecord | None:
    """The record of one lane, or None.

    What cannot be read of it is made up for: a lane stands where lanes are made, on its own branch; `broken_records`
    names it.
    """
    return _read(place, lane_id)[0]


def broken_records(place: MissionPlace) -> list[Refused]:
    """What is wrong with a mission's records: `RECORD_INVALID`, with the command that removes each."""
    where = folder(place)
    read = [(path, _read(place, path.stem)[1]) for path in sorted(where.glob("*.json")) if where.is_dir()]
    return [
        Refused(f"{path} is not a workspace record: {wrong}", "RECORD_INVALID", hint=command("rm", path))
        for path, wrong in read
        if wrong
    ]


def _read(place: MissionPlace, lane_id: str) -> tuple[LaneRecord | None, str]:
    """The record, and what is wrong with its file."""
    try:
        raw = files.read_json(folder(place) / f"{lane_id}.json")
    except SpecKittyError as error:
        raw, wrong = {}, error.message
    else:
        wrong = ""
    if raw is None:
        return None, ""
    data, broken = fields.sift(raw, FIELDS)
    missing = [key for key in ("lane_id", "path", "branch") if not data.get(key)]
    wrong = wrong or fields.listing(broken) or (f"it lacks {', '.join(missing)}" if missing else "")
    spans: Any = data.get("wps") or {}
    wps = {
        str(wp_id): Span(span["base"], span.get("head"), span.get("start"), tuple(span.get("missing") or ()))
        for wp_id, span in spans.items()
        if span and span.get("base")
    }
    path = Path(str(data["path"])) if data.get("path") else _made_at(place, lane_id)
    branch = str(data.get("branch") or lane_branch_name(place.slug, lane_id, place.target_branch))
    return LaneRecord(str(data.get("lane_id") or lane_id), path, branch, wps), wrong


def _made_at(place: MissionPlace, lane_id: str) -> Path:
    if lane_id == PLANNING_LANE_ID and place.home is not None:
        return place.home.path
    return lane_path(place, lane_id)


def lane_path(place: MissionPlace, lane_id: str) -> Path:
    """Where a lane's worktree is made; one that stands elsewhere is remembered by its record."""
    return place.repo.root / WORKTREES / f"{place.slug}-{lane_id}"


def write_record(place: MissionPlace, record: LaneRecord) -> None:
    """Keep the record of one lane."""
    files.make_private(folder(place))
    files.write_json(
        folder(place) / f"{record.lane_id}.json",
        {
            "lane_id": record.lane_id,
            "path": str(record.path),
            "branch": record.branch,
            "wps": {wp_id: _of_span(span) for wp_id, span in record.wps.items()},
        },
    )


def _of_span(span: Span) -> dict[str, object]:
    start = {"start": span.start} if span.start is not None else {}
    missing = {"missing": list(span.missing)} if span.missing else {}
    return {"base": span.base, "head": span.head, **start, **missing}


def forget_record(place: MissionPlace, lane_id: str) -> None:
    """Drop the record of a lane that was cleaned up."""
    files.remove(folder(place) / f"{lane_id}.json")


def note_making(place: MissionPlace, lane_id: str, making: Making) -> None:
    """Say what is about to be done to a worktree."""
    files.make_private(folder(place))
    files.write_json(_making(place, lane_id), {"path": str(making.path), "old": making.old, "new": making.new})


def read_making(place: MissionPlace, lane_id: str) -> Making | None:
    """What was said of a lane's worktree, and not taken back."""
    data = fields.sound(files.read_json(_making(place, lane_id)) or {}, MAKING)
    path, old, new = (data.get(key) for key in ("path", "old", "new"))
    return Making(Path(str(path)), str(old), str(new)) if path and old and new else None


def forget_making(place: MissionPlace, lane_id: str) -> None:
    """Take back what was said: it is done, or undone."""
    files.remove(_making(place, lane_id))


def _making(place: MissionPlace, lane_id: str) -> Path:
    return folder(place) / f"{lane_id}.making"


def note_head(place: MissionPlace, lane_id: str, wp_id: str, head: str, *, base: str | None = None) -> None:
    """Remember the commit at which a work package went to review.

    Args:
        base: where its review begins, if that is below where its work did.
    """
    record = read_record(place, lane_id)
    if record is None:
        return
    known = record.wps.get(wp_id, Span(head))
    start = known.start if base is None else known.start or known.base
    wps = {**record.wps, wp_id: Span(base or known.base, head, start, known.missing)}
    write_record(place, LaneRecord(record.lane_id, record.path, record.branch, wps))
