"""Merging a mission: compute everything, write down the intent, move all references at once, bring the rest along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from specify_cli.conditions import merge_rules
from specify_cli.conditions.accept_facts import canceled_in, check_open, last_acceptance
from specify_cli.conditions.merge_facts import approved_heads, merge_facts
from specify_cli.context.missions import config_of, place_of
from specify_cli.core.mission_lanes import lanes_of
from specify_cli.core.mission_target import begun_at
from specify_cli.core.work_packages import WorkPackage, require_plan
from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import Command, git_command, spec_kitty
from specify_cli.kernel.config import Config
from specify_cli.kernel.errors import Conflict, NotFound, Refused, Unmet
from specify_cli.kernel.git import Git
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import plain_branch
from specify_cli.kernel.values import frozen, replace
from specify_cli.lanes.models import LanesManifest
from specify_cli.merge import conflict, rebase, settling
from specify_cli.merge import intent as intents
from specify_cli.merge.case import Case
from specify_cli.merge.checkout import overlap
from specify_cli.merge.making import make
from specify_cli.merge.settling import Finished
from specify_cli.merge.wish import Wish
from specify_cli.status.reading import Status, read_status
from specify_cli.workspaces.coverage import coverage_of
from specify_cli.workspaces.coverage_models import Coverage
from specify_cli.workspaces.forecast import forecast
from specify_cli.workspaces.forecast_models import Forecast
from specify_cli.workspaces.trees import same_code, throw_away


@frozen
class Examined:
    """A mission seen with the eyes of a merge."""

    packages: Sequence[WorkPackage]
    manifest: LanesManifest | None
    status: Status
    merge: Forecast | None
    unmet: tuple[Unmet, ...]
    coverage: Coverage = field(default_factory=Coverage)


@frozen
class Merged:
    """The answer of a merge, built from the intent so that a resumed one says the same.

    Args:
        summary: what was merged, as it stands in the intent.
    """

    summary: Mapping[str, object]
    pushed: bool = False
    worktrees_removed: tuple[str, ...] = ()
    branches_removed: tuple[str, ...] = ()
    already: bool = False
    warnings: tuple[Notice, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """The JSON answer."""
        return {
            "result": "success",
            **self.summary,
            "already_merged": self.already,
            "pushed": self.pushed,
            "worktrees_removed": list(self.worktrees_removed),
            "branches_removed": list(self.branches_removed),
            "next_step": self.next_step,
            "warnings": [notice.to_dict() for notice in self.warnings],
        }

    @property
    def next_step(self) -> str:
        """What a person does now."""
        return spec_kitty("status", "--mission", self.summary["mission_slug"])


def examine(place: MissionPlace, stopped: conflict.Stopped | None = None, *, elsewhere: Git | None = None) -> Examined:
    """Read a mission and everything that speaks against merging it; writes nothing but objects.

    Args:
        stopped: the merge that is gone on with.
        elsewhere: git that puts its objects somewhere else.
    """
    packages, status, manifest = require_plan(place), read_status(place), lanes_of(place)
    resolutions = {(each.ours, each.theirs): each.commit for each in (stopped.resolutions if stopped else ())}
    canceled = canceled_in(status.snapshot)
    heads = approved_heads(status.events)
    config = config_of(place.repo, place)
    merge, covered = None, Coverage()
    if manifest is not None:
        merge = forecast(place, manifest, canceled=canceled, resolutions=resolutions, heads=heads, elsewhere=elsewhere)
        by_other = config.review_by == "other"
        covered = coverage_of(place, merge, status.events, packages, manifest, by_other=by_other, elsewhere=elsewhere)
    own = conflict.read(place.repo, place.key)
    others = [
        each.mission_slug for each in conflict.stopped_into(place.repo, place.target_branch) if each.key != place.key
    ]
    config = config_of(place.repo, place)
    facts = merge_facts(
        place,
        packages,
        manifest,
        status,
        merge,
        own_conflict=own is not None and stopped is None,
        under_way=others,
        protected=config.protected,
        coverage=covered,
        tests=config.accept_tests,
        elsewhere=elsewhere,
    )
    return Examined(packages, manifest, status, merge, tuple(merge_rules.unmet(facts)), covered)


def dry_run(place: MissionPlace) -> Examined:
    """The forecast, and what else speaks against the merge. Writes nothing.

    Raises:
        Refused: `LANES_MISSING`: there is nothing to forecast.
    """
    place.repo.require_git()
    with throw_away(place) as git:
        seen = examine(place, conflict.read(place.repo, place.key), elsewhere=git)
        if seen.merge is not None and not seen.merge.conflicts:
            in_the_way = overlap(place, git, seen.merge.target, seen.merge.tree)
            seen = replace(seen, unmet=(*seen.unmet, *([in_the_way] if in_the_way else ())))
    if seen.merge is None:
        raise refusal(place, seen.unmet)
    return seen


def merge(place: MissionPlace, config: Config, wish: Wish) -> Merged:
    """Merge an accepted mission into its target.

    Args:
        place: the mission.
        config: the project's settings.
        wish: what was asked for, and by whom.

    Raises:
        Refused: all reasons at once (`MERGE_REFUSED`, or the code of the only one); `DIRTY_OVERLAP`,
            `REBASE_NOT_LINEAR`; `RESOLUTION_UNREVIEWED`; `MISSION_CLOSED`.
        Conflict: `MERGE_CONFLICT`, `REFS_MOVED`, `PUSH_REJECTED`, `LOCKED`.
    """
    place.repo.require_git()
    _check_target(place, wish)
    with settling.alone(place.repo, "merge"):
        return gone_on(place, push=wish.push) or merge_now(reread(place), config, wish, None)


def resume(place: MissionPlace, config: Config, wish: Wish) -> Merged:
    """Go on with a merge that stopped at a conflict or at a refused push.

    Args:
        wish: who resumes; what was asked for at first counts unless it is said anew.

    Raises:
        NotFound: `NO_MERGE_UNDER_WAY`.
        Refused: `MERGE_UNRESOLVED`; and as `merge`.
    """
    place.repo.require_git()
    with settling.alone(place.repo, "merge"):
        done = gone_on(place, push=True)
        if done is not None:
            return done
        place = reread(place)
        stopped = conflict.read(place.repo, place.key)
        if stopped is not None:
            settled = conflict.resolved(place, stopped, by=wish.actor, session=wish.session)
            return merge_now(place, config, wish.after(stopped.options), settled)
        if place.meta.get("merged_at"):
            return merge_now(place, config, wish, None)
        raise _nothing(place, "resume")


def gone_on(place: MissionPlace, *, push: bool) -> Merged | None:
    """An earlier merge of this mission that is made, and now finished; None where there is none.

    Raises:
        Refused: `MERGE_UNDER_WAY`: all that it wants is a push that was not asked for.
    """
    met = settling.settle_all(place.repo).get(place.key)
    waiting = intents.read(intents.path_of(place.repo, place.key))
    if waiting is None:
        return merged_of(met) if met is not None else None
    if not push:
        raise Refused(
            f"{place.slug} is merged as {waiting.new[:10]} and not pushed yet",
            "MERGE_UNDER_WAY",
            hint=spec_kitty("merge", "--resume", "--mission", place.slug),
        )
    return merged_of(settling.finish(place.repo, waiting, push=True))


def abort(place: MissionPlace) -> bool:
    """Remove every trace of a stopped merge and nothing of the user's; whether a worktree was removed.

    Raises:
        NotFound: `NO_MERGE_UNDER_WAY`.
        Refused: `MERGE_ALREADY_MADE`: the target has moved; only push and clean-up are left.
    """
    place.repo.require_git()
    with settling.alone(place.repo, "abort a merge"):
        met = settling.settle_all(place.repo)
        made = met.get(place.key)
        intent = made.intent if made is not None else intents.read(intents.path_of(place.repo, place.key))
        if intent is not None:
            raise Refused(
                f"{place.slug} is merged as {intent.new[:10]} already; there is nothing left to give up",
                "MERGE_ALREADY_MADE",
                hint=spec_kitty("merge", "--resume", "--mission", place.slug),
            )
        removed = conflict.forget(place)
        if removed is None and place.key not in met:
            raise _nothing(place, "abort")
        return bool(removed)


def reread(place: MissionPlace) -> MissionPlace:
    """The mission as it is now that an interrupted merge may have been finished."""
    return place_of(place.repo, place.slug) or place


def merge_now(place: MissionPlace, config: Config, wish: Wish, stopped: conflict.Stopped | None) -> Merged:
    """Merge as `merge` does, with the merge lock held and nothing under way."""
    seen = examine(place, stopped)
    check_open(place, seen.status)
    if seen.unmet or seen.merge is None or seen.manifest is None:
        raise refusal(place, seen.unmet)
    strategy = wish.strategy or config.merge_strategy
    if seen.merge.conflicts:
        if strategy == "rebase":
            files = sorted({clash.path for step in seen.merge.conflicts for clash in step.clashes})
            raise rebase.not_linear(place, f"{', '.join(files[:5])} would conflict", seen.merge.conflicts)
        raise conflict.open_conflict(place, seen.merge, stopped, wish.to_dict())
    resolutions = stopped.resolutions if stopped else ()
    if config.review_by == "other" and stopped is not None:
        conflict.check_seen(stopped, wish.actor)
    case = Case(
        place, config, wish, strategy, seen.packages, seen.manifest, seen.status, seen.merge, seen.coverage,
        tuple(each.to_dict() for each in resolutions),
    )  # fmt: skip
    said = "the target moved since the mission was accepted: its tests ran on another tree than the one that is merged"
    warnings = (*tested_another(place, seen, said), *seen.coverage.notices(), *conflict.notices(stopped))
    return merged_of(settling.finish(place.repo, make(case), push=True), warnings=warnings)


def merged_of(done: Finished, warnings: tuple[Notice, ...] = ()) -> Merged:
    """The answer.

    Raises:
        Conflict: `PUSH_REJECTED`.
    """
    intent = done.intent
    if done.push_refused:
        remote = intent.push.remote if intent.push else "the remote"
        hint = spec_kitty("merge", "--resume", "--mission", intent.mission_slug)
        if done.push_late:
            take_in = git_command(intent.home, "pull", "--no-rebase", "--no-edit", remote, intent.target_branch)
            hint = Command(*take_in.steps, *hint.steps)
        raise Conflict(
            f"{intent.mission_slug} is merged as {intent.new[:10]}, but {remote} refused the push: {done.push_refused}",
            "PUSH_REJECTED",
            hint=hint,
            details={"commit": intent.new, "kept": "worktrees and branches"},
        )
    return Merged(
        intent.summary,
        pushed=done.pushed,
        worktrees_removed=done.cleaned.worktrees,
        branches_removed=done.cleaned.branches,
        already=intent.old == intent.new,
        warnings=(*warnings, *done.cleaned.kept),
    )


def tested_another(place: MissionPlace, seen: Examined, said: str) -> tuple[Notice, ...]:
    """The warning, in these words, that the tests of the acceptance ran on another tree than the one that is merged."""
    accepted = last_acceptance(seen.status.mission_events)
    if accepted is None or accepted.tree is None or seen.merge is None or not accepted.tests:
        return ()
    if same_code(place, place.git, accepted.tree, seen.merge.tree):
        return ()
    return (Notice("TESTED_TREE_DIFFERS", said, None),)


def refusal(place: MissionPlace, unmet: Sequence[Unmet], said: str | None = None) -> Refused:
    """All reasons why a mission cannot be merged, as one error."""
    codes = {each.code for each in unmet}
    return Refused(
        said or f"mission {place.slug} cannot be merged",
        codes.pop() if len(codes) == 1 else "MERGE_REFUSED",
        details={"mission_slug": place.slug},
        unmet=unmet,
    )


def _nothing(place: MissionPlace, what: str) -> NotFound:
    return NotFound(
        f"no merge of {place.slug} is under way, so there is nothing to {what}",
        "NO_MERGE_UNDER_WAY",
        hint=spec_kitty("merge", "--dry-run", "--mission", place.slug),
    )


def _check_target(place: MissionPlace, wish: Wish) -> None:
    target = None if wish.target is None else plain_branch(place.repo.require_git(), wish.target)
    if target is not None and target != place.target_branch:
        begun = begun_at(place.meta, read_status(place).mission_events)
        way = spec_kitty("merge", "--mission", place.slug)
        way = way.then("git", "switch", target).then("git", "merge", place.target_branch)
        if begun == target:
            way = spec_kitty("merge", "--into", begun, "--mission", place.slug)
        raise Refused(
            f"mission {place.slug} lives on {place.target_branch} and is merged there, not into {target}",
            "TARGET_DIFFERS",
            hint=way,
        )
