"""A merge computed to its last byte, with nothing moved: commits, events, references, what is removed at the end."""

from __future__ import annotations

from specify_cli.conditions.accept_facts import proof_of
from specify_cli.home import MissionPlace
from specify_cli.kernel import clock
from specify_cli.kernel.values import replace
from specify_cli.merge import checkout, cleanup, plan
from specify_cli.merge.case import Case
from specify_cli.merge.compose import compose
from specify_cli.merge.intent import Intent
from specify_cli.merge.plan import Composed
from specify_cli.merge.rebase import spans_of
from specify_cli.merge.receipt import RECEIPT, receipt
from specify_cli.merge.recording import Recorded, record
from specify_cli.merge.remote import push_of
from specify_cli.status.emit import Writer

# What the answer of a merge says in the words of its receipt.
_TOLD = (
    "order", "lanes", "picks", "tested", "tested_tree", "merged_tree", "untested",
    "reviewed", "forced", "no_change", "unreviewed", "resolved",
)  # fmt: skip


def prepare(case: Case, log: Writer) -> Intent:
    """Everything computed; the caller moves the references.

    Args:
        log: the mission's logs; it says what the lines of moves and facts are, and writes none of them.

    Raises:
        Refused: `NO_REMOTE`, `REBASE_NOT_LINEAR`.
    """
    place, merge = case.place, case.forecast
    assert place.home is not None
    push = push_of(place, merge.target_branch) if case.wish.push else None
    spans = spans_of(merge, case.status.events)
    composed = compose(case, spans)
    told = _receipt(case, composed)
    added = Recorded(composed.code)
    if case.moving or composed.code != merge.target or not place.meta.get("merged_at"):
        added = record(case, log, composed, spans, told)
    used = {each.branch for each in place.repo.checkouts() if each.branch is not None}
    known = case.git.branches("refs/spec-kitty")
    in_use = merge.mission_branch in used
    worktrees, branches = cleanup.going(case, composed, used)
    return Intent(
        key=place.key,
        mission_slug=place.slug,
        mission_id=place.mission_id,
        target_branch=merge.target_branch,
        home=str(place.home.path),
        old=merge.target,
        new=added.tip,
        guard=plan.guard_ref(place.slug),
        refs=plan.ref_updates(merge, composed, added.tip, known, slug=place.slug, mission_in_use=in_use),
        events=tuple(added.moves),
        mission_events=tuple(added.facts),
        loose=added.loose or {},
        push=push,
        worktrees=worktrees,
        branches=branches,
        summary={
            "mission_slug": place.slug,
            "mission_id": place.mission_id,
            "strategy": case.strategy,
            "target_branch": merge.target_branch,
            "merged_commit": composed.code,
            "commit": added.tip if added.tip != composed.code else None,
            "merged_wps": list(case.moving),
            "receipt": str(place.feature_dir / RECEIPT),
            **{name: told[name] for name in _TOLD},
        },
    )


def rehearsed(place: MissionPlace, intent: Intent) -> Intent:
    """The merge with the paths that the checkout takes over.

    Raises:
        Refused: `DIRTY_OVERLAP`, `SPARSE_CHECKOUT`.
    """
    assert place.home is not None
    return replace(intent, folder=checkout.rehearse(place, place.home, intent.old, intent.new))


def _receipt(case: Case, composed: Composed) -> dict[str, object]:
    tips, accepted = case.forecast.tips, case.accepted
    trees = case.git.run("rev-parse", *(f"{tip}^{{tree}}" for tip in tips.values())).split() if tips else []
    return receipt(
        case.forecast,
        composed,
        slug=case.place.slug,
        mission_id=case.place.mission_id,
        strategy=case.strategy,
        at=clock.stamp(),
        by=case.wish.actor,
        accepted={"event_id": accepted.event_id, "tree": accepted.tree} if accepted else None,
        trees=dict(zip(tips, trees, strict=True)),
        tested=proof_of(case.place, case.git, accepted, composed.tree),
        coverage=case.coverage,
        resolved=case.resolved,
    )
