"""What the landing of a mission leaves behind: its one commit, with the receipt in it, and a line in the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specify_cli.conditions.accept_facts import last_acceptance, proof_of
from specify_cli.core.work_packages import WorkPackage
from specify_cli.home import MissionPlace
from specify_cli.kernel import clock, files
from specify_cli.kernel.config import Config
from specify_cli.kernel.git import ZERO, RefUpdate
from specify_cli.kernel.values import frozen
from specify_cli.merge import checkout, plan
from specify_cli.merge.case import titles_of
from specify_cli.merge.intent import Doomed, Intent
from specify_cli.merge.landing_commits import LANDED
from specify_cli.merge.recording import published
from specify_cli.merge.remote import push_of
from specify_cli.merge.verifying import LANDING
from specify_cli.merge.wish import Wish
from specify_cli.mission_metadata import META, landed_meta
from specify_cli.status import store
from specify_cli.status.emit import Writer
from specify_cli.status.models import Lane
from specify_cli.status.reading import Status
from specify_cli.workspaces.forecast_models import Forecast, Outcome
from specify_cli.workspaces.removal import is_lanes_own
from specify_cli.workspaces.trees import Workbench

STRATEGIES = ("squash", "merge")
VERSION = 1


@frozen
class LandingCase:
    """A merged mission that nothing speaks against landing.

    Args:
        place: the mission, in its own home.
        base: the same mission, as the branch sees it that it lands on.
        forecast: one step, without conflicts.
        landed: the branch has it already: a host has merged it, or an earlier run was cut short.
        resolved: conflicts that a person resolved while it landed.
    """

    place: MissionPlace
    base: MissionPlace
    config: Config
    wish: Wish
    packages: Sequence[WorkPackage]
    status: Status
    forecast: Forecast
    landed: bool
    resolved: tuple[Mapping[str, object], ...] = ()

    @property
    def strategy(self) -> str:
        """How it lands; one commit unless somebody says otherwise."""
        return self.wish.strategy or "squash"

    @property
    def tip(self) -> str:
        """The commit that lands."""
        return self.forecast.steps[0].theirs

    @property
    def before(self) -> str:
        """The branch before."""
        return self.forecast.target


def prepare(case: LandingCase, log: Writer) -> Intent:
    """Everything computed; the caller moves the references.

    Raises:
        Refused: `NO_REMOTE`.
    """
    place, base = case.place, case.base
    push = push_of(base, base.target_branch) if case.wish.push else None
    new, facts, loose = (case.before, (), {}) if case.landed else _commit(case, log)
    worktrees, branches = _going(case)
    return Intent(
        key=place.key,
        mission_slug=place.slug,
        mission_id=place.mission_id,
        target_branch=base.target_branch,
        home=str(base.home.path) if base.home else "",
        old=case.before,
        new=new,
        guard=plan.guard_ref(place.slug),
        refs=_refs(case, new),
        mission_events=facts,
        loose=loose,
        push=push,
        worktrees=worktrees,
        branches=branches,
        summary={
            "mission_slug": place.slug,
            "mission_id": place.mission_id,
            "strategy": case.strategy,
            "target_branch": base.target_branch,
            "merged_commit": new,
            "commit": None,
            "merged_wps": [],
            "receipt": None if case.landed else f"{base.shown}/{LANDING}",
            "order": [],
            "lanes": [],
            "picks": [],
            "landed": True,
            "landed_from": place.target_branch,
        },
    )


def rehearsed(base: MissionPlace, intent: Intent) -> Intent:
    """The landing, after making sure that the checkout can follow, where there is one.

    Raises:
        Refused: `DIRTY_OVERLAP`.
    """
    if base.home is not None:
        checkout.rehearse(base, base.home, intent.old, intent.new, takes_over=False)
    return intent


def _commit(case: LandingCase, log: Writer) -> tuple[str, tuple[Mapping[str, object], ...], dict[str, str]]:
    """The commit, the line for the journal, and what no commit holds where the tool makes none."""
    place, into, step = case.place, case.base.target_branch, case.forecast.steps[0]
    facts_before = len(log.mission_events)
    data = {"target": into, "from": place.target_branch, "strategy": case.strategy, "outcome": LANDED, "tip": case.tip}
    log.record("mission_closed", actor=case.wish.actor, session=case.wish.session, data=data)
    facts = tuple(event.to_dict() for event in log.mission_events[facts_before:])
    meta = landed_meta(place.meta, landed_by=case.wish.actor, landed_into=into, strategy=case.strategy)
    documents = {META: files.dump_json(meta), LANDING: files.dump_json(_receipt(case))}
    tree = step.tree
    if case.config.auto_commit:
        contents = {name: files.encode(text) for name, text in documents.items()}
        for file, more in ((store.status_log(place), ()), (store.mission_log_file(place), facts)):
            contents[file.name] = published(file, more, place.read_bytes(file.name))
        changes = {f"{place.relative}/{name}": data for name, data in contents.items()}
        tree = place.git.edit_tree(tree, changes, scratch=Workbench(place).scratch("landing"))
        documents = {}
    over = (Lane.DONE, Lane.APPROVED)
    wps = [each.id for each in case.packages if case.status.snapshot.lane_of(each.id) in over]
    message = plan.code_message(titles_of(place, case.packages), wps, place.mission_id)
    parents = [case.before] if case.strategy == "squash" else [case.before, case.tip]
    return place.git.commit_tree(tree, parents, message), facts, documents


def _receipt(case: LandingCase) -> dict[str, object]:
    """What landed, so that anybody can compute it again: of these two commits, with that tree as the result.

    The commit itself cannot be named in it; it is the one that brings the file.
    """
    step, accepted = case.forecast.steps[0], last_acceptance(case.status.mission_events)
    return {
        "version": VERSION,
        "mission_slug": case.place.slug,
        "mission_id": case.place.mission_id,
        "strategy": case.strategy,
        "landed_at": clock.stamp(),
        "landed_by": case.wish.actor,
        "target": {"branch": case.base.target_branch, "before": case.before},
        "mission": {"branch": case.place.target_branch, "tip": case.tip, "tree": case.place.git.tree_of(case.tip)},
        "result": {"tree": step.tree, "outcome": step.outcome.value},
        "merged_commit": case.place.meta.get("merged_commit"),
        "accepted": {"event_id": accepted.event_id, "tree": accepted.tree} if accepted else None,
        **proof_of(case.place, case.place.git, accepted, step.tree),
        "resolved": [dict(each) for each in case.resolved],
    }


def _refs(case: LandingCase, new: str) -> tuple[RefUpdate, ...]:
    slug, known = case.place.slug, case.place.git.branches("refs/spec-kitty")
    updates = [
        RefUpdate(f"refs/heads/{case.base.target_branch}", case.before, new),
        # It is in it only to prove that it stands still.
        RefUpdate(f"refs/heads/{case.place.target_branch}", case.tip, case.tip),
        *plan.kept(plan.merged_ref(slug, LANDED), case.tip, known),
    ]
    if (stopped := plan.stopped_ref(slug)) in known:
        updates.append(RefUpdate(stopped, known[stopped], ZERO))
    return (*updates, RefUpdate(plan.guard_ref(slug), new, ZERO))


def _going(case: LandingCase) -> tuple[tuple[Doomed, ...], tuple[RefUpdate, ...]]:
    """The home and the branch that were made for the mission; a checkout of the user's own stays, and its branch."""
    place, repo = case.place, case.place.repo
    users = [each for each in repo.checkouts() if each.branch == place.target_branch]
    own = [each for each in users if is_lanes_own(repo, each, None)]
    worktrees = () if case.wish.keep_worktree else tuple(
        Doomed("home", str(each.path), place.target_branch) for each in own
    )  # fmt: skip
    if case.wish.keep_branch or len(worktrees) < len(users):
        return worktrees, ()
    return worktrees, (RefUpdate(f"refs/heads/{place.target_branch}", case.tip, ZERO),)


def is_contained(forecast: Forecast) -> bool:
    """Whether landing would change nothing."""
    return forecast.steps[0].outcome is Outcome.CONTAINED
