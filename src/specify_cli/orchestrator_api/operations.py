"""Taking work: to implement it, or to review it. Each may be repeated: its holder gets its own again."""

from __future__ import annotations

from collections.abc import Mapping

from specify_cli.context.models import Context
from specify_cli.core.work_packages import WorkPackage, load_work_packages, require_work_package
from specify_cli.home import runtime_folder
from specify_cli.kernel import files
from specify_cli.kernel.commands import git_command
from specify_cli.kernel.errors import Refused
from specify_cli.lanes.models import LanesManifest
from specify_cli.lanes.persistence import read_lanes
from specify_cli.next.claims import Claim, claim_review, claim_work, needed_by
from specify_cli.orchestrator_api.acting import acting, orchestrator, warned
from specify_cli.orchestrator_api.missions import Data, identity
from specify_cli.orchestrator_api.policy import require_policy
from specify_cli.orchestrator_api.workspaces import prompt_copy, workspace
from specify_cli.status.models import Lane
from specify_cli.status.reading import read_status
from specify_cli.workspaces.dependencies import still_missing
from specify_cli.workspaces.lookup import LANE, workspace_of


def start_implementation(mission: str, wp: str, actor: str, policy: str | None) -> Data:
    """Claim a work package, with its worktree on its lane's branch and what it builds on already in it.

    Raises:
        Refused: `POLICY_METADATA_REQUIRED`, `POLICY_VALIDATION_FAILED`, `ANCESTRY_NOT_ESTABLISHED`; as `claim_work`.
        Conflict: as `claim_work`.
    """
    declared = require_policy(policy, "for start-implementation")
    with acting(mission) as context:
        packages = {package.id: package for package in load_work_packages(context.place)}
        package = require_work_package(list(packages.values()), wp, context.place.slug)
        who, manifest = orchestrator(actor, declared), read_lanes(context.place)
        _check_ancestry(context, package, packages, manifest)
        claim = claim_work(context, who, package, packages, manifest)
        _keep_prompt(context, package)
        return _taken(context, claim, Lane.IN_PROGRESS, workspace(context, wp))


def start_review(mission: str, wp: str, actor: str, policy: str | None, review_ref: str | None) -> Data:
    """Claim the review of a work package that waits for one.

    Raises:
        Refused: `POLICY_METADATA_REQUIRED`, `POLICY_VALIDATION_FAILED`; as `claim_review`.
        Conflict: as `claim_review`.
    """
    declared = require_policy(policy, "for start-review")
    with acting(mission) as context:
        package = require_work_package(load_work_packages(context.place), wp, context.place.slug)
        who, manifest = orchestrator(actor, declared), read_lanes(context.place)
        claim = claim_review(context, who, package, manifest, review_ref=review_ref)
        _keep_prompt(context, package)
        return _taken(context, claim, Lane.IN_REVIEW, {"prompt_path": workspace(context, wp)["prompt_path"]})


def _keep_prompt(context: Context, package: WorkPackage) -> None:
    """Without a home the prompt is nowhere on disk: it is read from the target's tip and kept."""
    place = context.place
    if place.folder is None:
        runtime_folder(place, "prompts", place.slug)
        files.atomic_write(prompt_copy(place, f"{package.stem}.md"), place.read(package.file) or "")


def _taken(context: Context, claim: Claim, to_lane: Lane, where: Data) -> Data:
    told: Data = {
        "wp_id": claim.package.id,
        "from_lane": claim.from_lane.value,
        "to_lane": to_lane.value,
        "policy_metadata_recorded": True,
        "no_op": not claim.event_ids,
    }
    return identity(context.place) | told | where | warned(claim.warnings)


def _check_ancestry(
    context: Context, package: WorkPackage, packages: Mapping[str, WorkPackage], manifest: LanesManifest | None
) -> None:
    """What a work package began from is still in its lane, or what it builds on came in by another way.

    Raises:
        Refused: `ANCESTRY_NOT_ESTABLISHED`, with `missing_refs`: somebody moved the lane's branch back.
    """
    place = context.place
    begun = workspace_of(place, manifest, package.id)
    refs = place.git.branches("refs/heads") if begun and begun.kind == LANE else {}
    tip = refs.get(f"refs/heads/{begun.branch}") if begun else None
    if begun is None or tip is None or place.git.is_ancestor(begun.base, tip):
        return
    needed = needed_by(context, package, packages, manifest, begun.lane_id, read_status(place))
    missing = [need.branch for need in still_missing(place.git, refs, tip, needed)]
    missing += [begun.base] if any(need.same_lane for need in needed) else []
    if missing:
        raise Refused(
            f"{begun.branch} no longer holds what {package.id} builds on: {', '.join(missing)}",
            "ANCESTRY_NOT_ESTABLISHED",
            hint=git_command(begun.path, "merge", "--no-edit", *missing),
            details={"wp_id": package.id, "lane_id": begun.lane_id, "missing_refs": missing},
        )
