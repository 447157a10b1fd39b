"""Names of branches: `kitty/mission-<slug>` and `kitty/mission-<slug>-<lane>`.

Reading a name back is never in doubt: no slug ends like a lane (`-lane-<letters>`), in `-merge` or `-orchestrator`.
"""

from __future__ import annotations

import re

PLANNING_LANE_ID = "lane-planning"

_PREFIX = "kitty/mission-"
_LANE = re.compile(r"lane-[a-z]+")
_RESERVED_END = re.compile(r".*-(?:lane-[a-z]+|merge|orchestrator)")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LETTERS = 26


def is_mission_slug(text: str) -> bool:
    """Whether a mission may have this slug: words of `a-z0-9` joined by dashes, with no reserved ending."""
    return bool(_SLUG.fullmatch(text)) and not _RESERVED_END.fullmatch(text)


def is_lane_id(text: str) -> bool:
    """Whether a text is the name of a lane."""
    return bool(_LANE.fullmatch(text)) and len(text) < 40


def mission_branch_name(mission_slug: str) -> str:
    """The branch on which a mission's lanes come together."""
    return f"{_PREFIX}{mission_slug}"


def lane_branch_name(mission_slug: str, lane_id: str, planning_base_branch: str | None = None) -> str:
    """The branch of a lane; that of `lane-planning` is the mission's target branch itself (seed 079, track 2).

    Args:
        mission_slug: `NNN-slug`.
        lane_id: `lane-a`, or `lane-planning`.
        planning_base_branch: the mission's target branch.

    Raises:
        ValueError: the branch of `lane-planning` is asked for without saying which it is.
    """
    if lane_id != PLANNING_LANE_ID:
        return f"{_PREFIX}{mission_slug}-{lane_id}"
    if not planning_base_branch:
        raise ValueError(f"{lane_id} works on the target branch, which was not given")
    return planning_base_branch


def is_lane_branch(branch_name: str) -> bool:
    """Whether a branch belongs to a lane."""
    return parse_lane_id_from_branch(branch_name) is not None


def is_mission_branch(branch_name: str) -> bool:
    """Whether a branch is one on which a mission's lanes come together."""
    return branch_name.startswith(_PREFIX) and is_mission_slug(branch_name.removeprefix(_PREFIX))


def parse_lane_id_from_branch(branch_name: str) -> str | None:
    """The lane that a branch belongs to, or None."""
    parts = _split(branch_name)
    return parts[1] if parts else None


def parse_mission_slug_from_branch(branch_name: str) -> str | None:
    """The mission that a mission's or a lane's branch belongs to, or None."""
    if is_mission_branch(branch_name):
        return branch_name.removeprefix(_PREFIX)
    parts = _split(branch_name)
    return parts[0] if parts else None


def _split(branch_name: str) -> tuple[str, str] | None:
    """Slug and lane of a lane's branch; the planning lane has no branch of its own."""
    if not branch_name.startswith(_PREFIX):
        return None
    slug, mark, letters = branch_name.removeprefix(_PREFIX).rpartition("-lane-")
    lane_id = f"lane-{letters}"
    named = bool(mark) and _LANE.fullmatch(lane_id) and lane_id != PLANNING_LANE_ID
    return (slug, lane_id) if named and is_mission_slug(slug) else None


def lane_id_at(index: int) -> str:
    """The name of the n-th lane, from 0: `lane-a` … `lane-z`, then `lane-aa` and so on."""
    letters = ""
    left = index + 1
    while left:
        left, digit = divmod(left - 1, _LETTERS)
        letters = chr(ord("a") + digit) + letters
    return f"lane-{letters}"


def lane_index(lane_id: str) -> int:
    """The number of a lane, from 0, as `lane_id_at` counts."""
    index = 0
    for letter in lane_id.removeprefix("lane-"):
        index = index * _LETTERS + ord(letter) - ord("a") + 1
    return index - 1


def lane_order(lane_id: str) -> tuple[bool, int, str]:
    """A sorting key: `lane-b` before `lane-aa`, `lane-planning` last."""
    return lane_id == PLANNING_LANE_ID, len(lane_id), lane_id
