"""`agent status doctor`: a board that does not move, worktrees that nobody needs, work packages without a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from specify_cli.conditions.claim_facts import prompt_missing
from specify_cli.core.work_packages import WorkPackage, gather_work_packages
from specify_cli.doctor import worktrees
from specify_cli.doctor.findings import Finding, Severity, Subject, of_error
from specify_cli.home import MissionPlace
from specify_cli.kernel import clock
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.text import plural
from specify_cli.kernel.values import frozen
from specify_cli.lanes.persistence import read_lanes
from specify_cli.status.models import Lane, StatusSnapshot, WorkPackageState
from specify_cli.status.reading import Status, read_status
from specify_cli.status.transitions import TERMINAL_LANES
from specify_cli.workspaces.presence import presence

SECTION = "status"
_ORPHANS = frozenset({"WORKTREE_ORPHAN", "WORKTREE_STRAY", "BRANCH_ORPHAN"})
_SAID: Mapping[Lane, tuple[str, str]] = {
    Lane.CLAIMED: ("CLAIM_STALE", "claimed by {holder} for {days} and not begun"),
    Lane.IN_PROGRESS: ("WORK_STALE", "in progress with {holder} for {days}"),
    Lane.FOR_REVIEW: ("REVIEW_STALE", "waiting for a reviewer for {days}"),
    Lane.IN_REVIEW: ("REVIEW_STALE", "in review with {holder} for {days}"),
}


@frozen
class Patience:
    """After how many days in one lane a work package is stale."""

    claimed: float = 7.0
    in_progress: float = 14.0

    def days(self, lane: Lane) -> float:
        """The days that a lane is given; reviews get as many as work."""
        return self.claimed if lane is Lane.CLAIMED else self.in_progress


def examine(subject: Subject, patience: Patience) -> list[Finding]:
    """Stale claims, work and reviews, orphan worktrees, missing prompts. Nothing is written."""
    found: list[Finding] = [of_error(SECTION, broken.error) for broken in subject.broken]
    for place in subject.places:
        try:
            found += _of_mission(subject, place, patience)
        except SpecKittyError as error:
            found.append(of_error(SECTION, error, place.slug))
    found += [each for each in worktrees.examine(subject) if each.code in _ORPHANS]
    if not found:
        missions = plural(len(subject.places), "mission")
        found.append(Finding(SECTION, Severity.OK, "BOARD", f"{missions}: nothing stale, nothing missing"))
    return found


def _of_mission(subject: Subject, place: MissionPlace, patience: Patience) -> list[Finding]:
    gathered, status = gather_work_packages(place), read_status(place)
    packages = {package.id: package for package in gathered.packages}
    found = [of_error(SECTION, problem) for problem in gathered.problems]
    found += _without_prompt(place, packages, status.snapshot)
    for wp_id, state in status.snapshot.work_packages.items():
        if state["lane"] in _SAID and _is_older(state["last_transition_at"], patience.days(state["lane"])):
            found.append(_stale(subject, place, wp_id, state, status, packages.get(wp_id)))
    return found


def _is_older(moment: str, days: float) -> bool:
    try:
        return clock.parse(moment) <= clock.now() - timedelta(days=days)
    except (ValueError, OverflowError):
        return False


def _stale(
    subject: Subject,
    place: MissionPlace,
    wp_id: str,
    state: WorkPackageState,
    status: Status,
    package: WorkPackage | None,
) -> Finding:
    lane, holder = state["lane"], status.holders().get(wp_id)
    code, said = _SAID[lane]
    days = plural((clock.now() - clock.parse(state["last_transition_at"])).days, "day")
    message = f"{place.slug} {wp_id}: {said.format(holder=holder or 'somebody', days=days)}"
    at = ("--mission", place.slug)
    if lane is Lane.FOR_REVIEW:
        fix = spec_kitty("agent action review", wp_id, "--agent", "NAME", *at)
        return Finding(SECTION, Severity.WARNING, code, message, fix)
    seen = package and presence(place, package, read_lanes(place), holder, subject.config.quiet_minutes)
    if seen and seen.quiet:
        return Finding(SECTION, Severity.WARNING, code, message, spec_kitty("doctor", "--reap", wp_id, *at))
    if seen:
        said = f"{message}; its holder is at work in this clone"
        return Finding(SECTION, Severity.NOTE, code, said, spec_kitty("why", wp_id, *at))
    target = Lane.FOR_REVIEW if lane is Lane.IN_REVIEW else Lane.PLANNED
    fix = spec_kitty("agent tasks move-task", wp_id, "--to", target, "--force", "--note", "TEXT", *at)
    return Finding(SECTION, Severity.WARNING, code, f"{message}, never seen at work in this clone", fix)


def _without_prompt(
    place: MissionPlace, packages: Mapping[str, WorkPackage], snapshot: StatusSnapshot
) -> list[Finding]:
    """Work packages of the lanes or the log that are not over and have no prompt file."""
    manifest = read_lanes(place)
    known = [wp_id for lane in manifest.lanes for wp_id in lane.wp_ids] if manifest else []
    missing = [
        wp_id
        for wp_id in dict.fromkeys([*known, *snapshot.work_packages])
        if wp_id not in packages and snapshot.lane_of(wp_id) not in TERMINAL_LANES
    ]
    found = [prompt_missing(place, wp_id) for wp_id in missing]
    return [Finding(SECTION, Severity.ERROR, each.code, f"{place.slug} {each.what}", each.fix) for each in found]
