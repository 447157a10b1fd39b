"""Landing a merged mission on the branch that its own began at: a second step, recorded like the merge itself.

What lands is the content of the mission's own branch, as it was merged there, and nothing else. Intent, transaction,
checkout, conflicts and clean-up are those of a merge.
"""

from __future__ import annotations

from specify_cli.conditions import landing_rules
from specify_cli.conditions.accept_facts import last_acceptance
from specify_cli.conditions.landing_rules import LandingFacts
from specify_cli.conditions.merge_facts import behind_remote
from specify_cli.conditions.merge_rules import Accepted, MergeFacts
from specify_cli.context.missions import config_of
from specify_cli.context.overview import is_landed
from specify_cli.core.mission_lanes import lanes_of
from specify_cli.core.mission_target import begun_at
from specify_cli.core.work_packages import require_plan
from specify_cli.home import MissionPlace, fetch_command, home_of
from specify_cli.kernel.commands import Command, spec_kitty
from specify_cli.kernel.config import Config
from specify_cli.kernel.errors import NotFound, Refused, UsageError
from specify_cli.kernel.git import Git
from specify_cli.kernel.values import frozen, replace
from specify_cli.merge import conflict, engine, settling
from specify_cli.merge.engine import Examined, Merged
from specify_cli.merge.landing_commits import strays
from specify_cli.merge.landing_record import STRATEGIES, LandingCase, is_contained, prepare, rehearsed
from specify_cli.merge.making import carry_out
from specify_cli.merge.verifying import Verdict, verify
from specify_cli.merge.wish import Wish
from specify_cli.status.reading import Status, read_status
from specify_cli.workspaces.forecast_models import TARGET_STEP, Clash, Forecast, Outcome, Step
from specify_cli.workspaces.markers import Marked, brought
from specify_cli.workspaces.trees import Workbench, throw_away

INTO = "into"


@frozen
class _Landing:
    """A landing as it would be."""

    base: MissionPlace
    landed: bool
    seen: Examined


def dry_run(place: MissionPlace, wish: Wish) -> Examined:
    """The forecast of landing, and what else speaks against it. Writes nothing.

    A mission that is not merged yet is looked at as it will be then.

    Raises:
        Refused: `TARGET_DIFFERS`; `LANES_MISSING`.
        NotFound: `BRANCH_NOT_FOUND`.
    """
    place.repo.require_git()
    with throw_away(place) as git:
        stopped = conflict.read(place.repo, place.key)
        ours = stopped if stopped is not None and stopped.options.get(INTO) else None
        if place.meta.get("merged_at"):
            return _examined(place, wish, ours, git).seen
        first = engine.examine(place, None if ours else stopped, elsewhere=git)
        if first.merge is None:
            raise engine.refusal(place, first.unmet)
        if first.merge.conflicts:
            return first
        then = _examined(place, wish, None, git, first.merge.result).seen
        return replace(then, unmet=(*first.unmet, *then.unmet))


def land(place: MissionPlace, config: Config, wish: Wish) -> Merged:
    """Land a mission; one that is accepted and not merged yet is merged into its own branch first.

    Args:
        wish: what was asked for; `strategy` is that of landing.

    Raises:
        UsageError: a strategy that does not land.
        Refused: all reasons at once; `TARGET_DIFFERS`, `DIRTY_OVERLAP`.
        Conflict: `MERGE_CONFLICT`, `REFS_MOVED`, `PUSH_REJECTED`, `LOCKED`.
    """
    place.repo.require_git()
    _base_of(place, read_status(place), wish)
    if wish.strategy is not None and wish.strategy not in STRATEGIES:
        said = "a mission lands with --strategy squash or merge"
        raise UsageError(said, "USAGE_ERROR", wish.command(place.slug))
    with settling.alone(place.repo, "merge"):
        done = engine.gone_on(place, push=wish.push)
        if done is not None and done.summary.get("landed"):
            return done
        place = engine.reread(place)
        if place.meta.get("merged_at"):
            return _over(place, str(wish.into)) or _land(place, config, wish, None)
        # Neither of the steps is made where something speaks against the second.
        unmet = dry_run(place, wish).unmet
        if unmet:
            raise engine.refusal(place, unmet, f"mission {place.slug} cannot land on {wish.into}")
        first = replace(wish, strategy=None, push=False, into=None)
        merged = engine.merge_now(place, config, first, None)
        done = _land(engine.reread(place), config, wish, None)
        return replace(
            done,
            summary={**done.summary, "merged_wps": merged.summary["merged_wps"]},
            worktrees_removed=(*merged.worktrees_removed, *done.worktrees_removed),
            branches_removed=(*merged.branches_removed, *done.branches_removed),
            warnings=(*merged.warnings, *done.warnings),
        )


def resume(place: MissionPlace, config: Config, wish: Wish) -> Merged | None:
    """Go on with a landing that stopped at a conflict; None where none has.

    Raises:
        Refused: `MERGE_UNRESOLVED`; and as `land`.
    """
    place.repo.require_git()
    with settling.alone(place.repo, "merge"):
        stopped = conflict.read(place.repo, place.key)
        into = stopped.options.get(INTO) if stopped else None
        if stopped is None or not isinstance(into, str):
            return None
        wish = replace(wish.after(stopped.options), into=into)
        done = engine.gone_on(place, push=True)
        if done is not None:
            return done
        place = engine.reread(place)
        base = replace(place, target_branch=into, home=home_of(place.repo, into))
        return _land(place, config, wish, conflict.resolved(base, stopped, by=wish.actor, session=wish.session))


def _land(place: MissionPlace, config: Config, wish: Wish, stopped: conflict.Stopped | None) -> Merged:
    found = _examined(place, wish, stopped)
    seen, base = found.seen, found.base
    if seen.unmet or seen.merge is None:
        raise engine.refusal(place, seen.unmet, f"mission {place.slug} cannot land on {base.target_branch}")
    if seen.merge.conflicts and not found.landed:
        raise conflict.open_conflict(base, seen.merge, stopped, {**wish.to_dict(), INTO: base.target_branch})
    if config.review_by == "other" and stopped is not None:
        conflict.check_seen(stopped, wish.actor)
    resolved = tuple(each.to_dict() for each in (stopped.resolutions if stopped else ()))
    case = LandingCase(place, base, config, wish, seen.packages, seen.status, seen.merge, found.landed, resolved)
    intent = carry_out(place, base, seen.status, lambda log: prepare(case, log), rehearsed)
    said = "the branch moved on since the mission was accepted: its tests ran on another tree than the one that landed"
    warnings = (*engine.tested_another(place, seen, said), *conflict.notices(stopped))
    return engine.merged_of(settling.finish(place.repo, intent, push=True), warnings=warnings)


def _over(place: MissionPlace, into: str) -> Merged | None:
    """The answer for a mission that has landed, with nothing left of its branch; None for another."""
    if place.git.branch_tip(place.target_branch) is not None or not is_landed(place, into):
        return None
    summary: dict[str, object] = {
        "mission_slug": place.slug,
        "mission_id": place.mission_id,
        "strategy": place.meta.get("landed_strategy"),
        "target_branch": into,
        "merged_commit": place.git.branch_tip(into),
        "commit": None,
        "merged_wps": [],
        "receipt": None,
        "order": [],
        "lanes": [],
        "picks": [],
        "landed": True,
        "landed_from": place.target_branch,
    }
    return Merged(summary, already=True)


def _examined(
    place: MissionPlace,
    wish: Wish,
    stopped: conflict.Stopped | None,
    elsewhere: Git | None = None,
    tip: str | None = None,
) -> _Landing:
    """Everything that speaks against landing; writes nothing but objects.

    Args:
        stopped: the landing that is gone on with.
        tip: the mission's branch as it will be.
    """
    git, status = elsewhere or place.git, read_status(place)
    base = _base_of(place, status, wish)
    packages, manifest = require_plan(place), lanes_of(place)
    before, branch = git.branch_tip(base.target_branch), git.branch_tip(place.target_branch)
    for name, found in ((base.target_branch, before), (place.target_branch, branch)):
        if found is None:
            raise _no_branch(place, name)
    assert before is not None
    assert branch is not None
    merge = _forecast(place, base, before, tip or branch, stopped, elsewhere)
    landed = tip is None and (is_landed(place, base.target_branch) or is_contained(merge))
    seen = Examined(packages, manifest, status, merge, ())
    if not landed:
        home = place.home
        facts = LandingFacts(
            place.slug,
            place.target_branch,
            home.path.as_posix() if home else None,
            _around(place, base, status, before, resumed=stopped is not None),
            base.home is not None,
            dirty=tuple(each.path for each in Git(home.path).changes(place.relative)) if home and tip is None else (),
            strays=strays(place, packages, manifest, status, before, branch, git),
            receipts=() if tip else _wrong(place),
            markers=_marked(place, git, before, merge),
        )
        seen = replace(seen, unmet=tuple(landing_rules.unmet(facts)))
    return _Landing(base, landed, seen)


def _base_of(place: MissionPlace, status: Status, wish: Wish) -> MissionPlace:
    """The mission as seen from the branch that it lands on.

    Raises:
        Refused: `TARGET_DIFFERS`: it does not land there.
    """
    into, begun = str(wish.into), begun_at(place.meta, status.mission_events)
    if begun is None:
        raise Refused(
            f"mission {place.slug} lives on {place.target_branch} and is merged there, not into {into}",
            "TARGET_DIFFERS",
            hint=spec_kitty("merge", "--mission", place.slug),
        )
    if begun != into and begun and place.git.branch_tip(begun) is not None:
        raise Refused(
            f"mission {place.slug} began at {begun} and lands there, not on {into}",
            "TARGET_DIFFERS",
            hint=spec_kitty("merge", "--into", begun, "--mission", place.slug),
        )
    return replace(place, target_branch=into, home=home_of(place.repo, into))


def _no_branch(place: MissionPlace, branch: str) -> NotFound:
    fetch = fetch_command(place.repo, branch)
    return NotFound(f"there is no branch {branch} in this clone", "BRANCH_NOT_FOUND", hint=fetch)


def _forecast(
    place: MissionPlace,
    base: MissionPlace,
    before: str,
    tip: str,
    stopped: conflict.Stopped | None,
    elsewhere: Git | None,
) -> Forecast:
    """One merge, in which the mission's own folder is that of its branch."""
    date = (elsewhere or place.git).run("log", "-1", "--no-walk", "--format=%ct", tip)
    bench = Workbench(place, int(date), elsewhere)
    into = base.target_branch
    step = _step(bench, into, before, tip, stopped.resolutions if stopped else ())
    return Forecast(into, before, place.target_branch, None, (), (step,), step.result, step.tree)


def _step(bench: Workbench, into: str, before: str, tip: str, made: tuple[conflict.Resolution, ...]) -> Step:
    git, slug = bench.git, bench.place.slug
    exact = next((each.commit for each in made if (each.ours, each.theirs) == (before, tip)), None)
    if exact is not None:
        tree = bench.with_folder_of(git.tree_of(exact) or "", tip)
        return Step(TARGET_STEP, before, tip, Outcome.RESOLVED, bench.passing_commit(tree, before, tip), tree)
    # What a person has resolved while the branch moved on: only what came since is merged anew.
    earlier = next((each.commit for each in made if each.theirs == tip and git.is_ancestor(each.ours, before)), None)
    merged = bench.merge(before, earlier or tip)
    if merged.conflicts:
        clashes = tuple(Clash(path, (slug,), (into,)) for path in merged.conflicts)
        tree = git.tree_of(before) or ""
        return Step(TARGET_STEP, before, tip, Outcome.CONFLICT, before, tree, (), clashes, merged.messages)
    tree = bench.with_folder_of(merged.tree, tip)
    if tree == git.tree_of(before):
        return Step(TARGET_STEP, before, tip, Outcome.CONTAINED, before, tree)
    outcome = Outcome.RESOLVED if earlier else Outcome.MERGED
    return Step(TARGET_STEP, before, tip, outcome, bench.passing_commit(tree, before, tip), tree)


def _around(place: MissionPlace, base: MissionPlace, status: Status, before: str, *, resumed: bool) -> MergeFacts:
    repo, home = place.repo, base.home
    lock = home.git_dir / "index.lock" if home else None
    others = [each.mission_slug for each in conflict.stopped_into(repo, base.target_branch) if each.key != place.key]
    accepted = last_acceptance(status.mission_events)
    return MergeFacts(
        slug=place.slug,
        target_branch=base.target_branch,
        root=repo.root.as_posix(),
        home=(home.path if home else repo.root).as_posix(),
        packages=(),
        busy=home.busy if home else "",
        index_locked=str(lock) if lock is not None and lock.exists() else "",
        identity=place.git.identity() is not None,
        accepted=Accepted(accepted.event_id, accepted.by, accepted.at, accepted.mode, {}) if accepted else None,
        behind=behind_remote(base, before),
        under_way=tuple(others),
        own_conflict=not resumed and conflict.read(repo, place.key) is not None,
        protected=base.target_branch in {*config_of(repo, place).protected, *config_of(repo, base).protected},
    )


def _wrong(place: MissionPlace) -> tuple[tuple[str, Command | None], ...]:
    wrong = (Verdict.INVALID, Verdict.MISMATCH)
    return tuple((each.said, each.fix) for each in verify(place) if each.verdict in wrong)


def _marked(place: MissionPlace, git: Git, before: str, merge: Forecast) -> tuple[Marked, ...]:
    if merge.conflicts:
        return ()
    found = brought(git, [before], merge.tree, outside=place.relative, rules=merge.tree)
    return tuple(Marked(path, tuple(lines), worktree=str(place.git.root)) for path, lines in found.items())
