"""The facts that a claim depends on, from the plan and the logs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from specify_cli.conditions.claim_rules import Busy, ClaimFacts
from specify_cli.conditions.questions import Question
from specify_cli.core.readiness import BUSY, needs_of
from specify_cli.core.work_packages import FOLDER, WorkPackage
from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import Command, git_command
from specify_cli.kernel.errors import Unmet
from specify_cli.lanes.models import LanesManifest
from specify_cli.status.holders import Holder
from specify_cli.status.models import StatusSnapshot


def claim_facts(
    place: MissionPlace,
    package: WorkPackage,
    manifest: LanesManifest | None,
    snapshot: StatusSnapshot,
    held: Mapping[str, Holder],
    *,
    known: Collection[str],
    question: Question | None = None,
    quiet: Collection[str] = (),
) -> ClaimFacts:
    """The facts of a work package that somebody wants to claim.

    Args:
        held: who holds which work package.
        known: the work packages of the plan.
        question: what is to be answered about it first.
        quiet: work packages whose holder has gone quiet.
    """
    lane = manifest.lane_for_wp(package.id) if manifest else None
    others = [other for other in lane.wp_ids if other != package.id] if lane else []
    return ClaimFacts(
        package.id,
        place.slug,
        snapshot.lane_of(package.id),
        lane.lane_id if lane else None,
        tuple(
            (need, snapshot.lane_of(need) if need in known or need in snapshot.work_packages else None)
            for need in needs_of(package, manifest)
        ),
        tuple(
            Busy(other, str(held.get(other, "somebody")), other in quiet)
            for other in others
            if snapshot.lane_of(other) in BUSY
        ),
        question,
    )


def prompt_missing(place: MissionPlace, wp_id: str) -> Unmet:
    """A work package of the lanes or the log has no prompt: with the command that brings it back, or finds it."""
    root = place.home.path if place.home else place.repo.root
    history = git_command(root, "log", "--diff-filter=D", "--oneline", "--", f"{place.relative}/{FOLDER}")
    fix = place.restoring(wp_id) or _from_history(place, root, wp_id) or history
    return Unmet("PROMPT_MISSING", f"{wp_id}: there is no prompt {FOLDER}/{wp_id}-….md", fix, wp_id)


def _from_history(place: MissionPlace, root: Path, wp_id: str) -> Command | None:
    """The command that brings back a prompt whose removal was committed."""
    if not place.repo.has_git:
        return None
    folder = f"{place.relative}/{FOLDER}"
    words = ("-1", "--diff-filter=D", "--no-renames", "--format=%H~", "--name-only", "-z", place.source.revision)
    done = place.git.call("log", *words, "--", f":(literal){folder}/{wp_id}.md", f":(glob){folder}/{wp_id}-*.md")
    source, _, names = done.out.partition("\0")
    file = names.strip("\n").partition("\0")[0]
    if done.code != 0 or not file:
        return None
    return git_command(root, "restore", f"--source={source}", "--staged", "--worktree", file)
