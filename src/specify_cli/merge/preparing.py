"""A merge computed to its last byte, with nothing moved: commits, events, references, what is removed at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specify_cli.kernel import clock, files
from specify_cli.kernel.git import RefUpdate
from specify_cli.kernel.values import frozen
from specify_cli.merge import checkout, cleanup, compose, plan, workers
from specify_cli.merge.case import Case
from specify_cli.merge.intent import Doomed, Intent, Push
from specify_cli.merge.plan import Composed
from specify_cli.mission_metadata import META, load_meta, merged_meta
from specify_cli.status import store
from specify_cli.status.emit import Writer
from specify_cli.status.models import Lane
from specify_cli.workspaces.trees import workbench

RECEIPT = "merge-receipt.json"
Lines = Sequence[Mapping[str, object]]


@frozen
class Recorded:
    """What a merge adds to the logs and documents, and the commit that holds it.

    Args:
        tip: the target's commit after the merge.
        moves, facts: lines for the two logs.
        loose: documents that no commit holds, where the tool makes none.
    """

    tip: str
    moves: Lines = ()
    facts: Lines = ()
    loose: Mapping[str, str] | None = None


def prepare(case: Case, log: Writer, push: Push | None) -> Intent:
    """Everything computed; the caller holds the locks and moves the references.

    Args:
        log: the mission's logs; moves and facts are told to it, and it writes them when the references have moved.
        push: where the target is pushed to afterwards.

    Raises:
        Refused: `REBASE_NOT_LINEAR`, `DIRTY_OVERLAP`.
    """
    place, merge = case.place, case.forecast
    home = place.home
    assert home is not None
    snapshot = log.snapshot
    moving = [wp_id for wp_id, state in snapshot.work_packages.items() if state["lane"] is Lane.APPROVED]
    listed = [wp_id for lane in merge.code_lanes for wp_id in lane.wp_ids]
    coming = [wp_id for wp_id in listed if snapshot.lane_of(wp_id) is not Lane.CANCELED]
    spans = workers.spans(merge, case.status.events)
    picks = compose.Picks(plan.package_order(case.manifest, case.packages), spans)
    composed = compose.compose(place, merge, case.strategy, case.titles, coming, picks)
    added = Recorded(composed.code)
    if moving or composed.code != merge.target or not place.meta.get("merged_at"):
        added = _record(case, log, moving, composed, spans)
    rehearsal = workbench(place, []).scratch("rehearsal")
    taken = checkout.rehearse(home.git_dir, home.path, merge.target, added.tip, place.relative, rehearsal)
    used = {each.branch for each in place.repo.checkouts()}
    doomed, branches = _clean_up(case, composed, used)
    return Intent(
        key=place.key,
        mission_slug=place.slug,
        mission_id=place.mission_id,
        target_branch=merge.target_branch,
        home=str(home.path),
        strategy=case.strategy,
        old=merge.target,
        new=added.tip,
        merged_commit=composed.code,
        guard=plan.guard_ref(place.slug),
        refs=_refs(case, composed, added.tip, used),
        folder=taken,
        events=tuple(added.moves),
        mission_events=tuple(added.facts),
        loose=added.loose or {},
        push=push,
        worktrees=doomed,
        branches=branches,
        summary=_summary(case, composed, added.tip, moving),
    )


def _refs(case: Case, composed: Composed, tip: str, used: set[str | None]) -> tuple[RefUpdate, ...]:
    known = case.git.branches("refs/spec-kitty")
    in_use = case.forecast.mission_branch in used
    return plan.ref_updates(case.forecast, composed, tip, known, slug=case.place.slug, mission_in_use=in_use)


def _record(case: Case, log: Writer, moving: Sequence[str], composed: Composed, spans: workers.Spans) -> Recorded:
    """The moves to done, the fact that the mission is closed, and the commit on top of the code."""
    moves_before, facts_before = len(log.events), len(log.mission_events)
    actor, session, target = case.wish.actor, case.wish.session, case.forecast.target_branch
    for wp_id in moving:
        proof = workers.evidence(case, wp_id, composed, spans.get(wp_id))
        log.move(wp_id, Lane.DONE, actor=actor, session=session, evidence=proof, reason=f"merged into {target}")
    closed = {"merged_commit": composed.code, "target": target, "strategy": case.strategy, "outcome": "merged"}
    log.record("mission_closed", actor=actor, session=session, data=closed)
    moves = [event.to_dict() for event in log.events[moves_before:]]
    facts = [event.to_dict() for event in log.mission_events[facts_before:]]
    documents = _documents(case, composed)
    if not case.config.auto_commit:
        loose = {name: files.decode(data) for name, data in documents.items()}
        return Recorded(composed.code, moves, facts, loose)
    status_log, mission_log = store.status_log(case.place), store.mission_log_file(case.place)
    published = {
        **documents,
        status_log.name: compose.published(status_log, moves),
        mission_log.name: compose.published(mission_log, facts),
    }
    message = f"spec-kitty({case.place.slug}): merge\n"
    return Recorded(compose.status_commit(case.place, composed.code, published, message), moves, facts)


def _documents(case: Case, composed: Composed) -> dict[str, bytes]:
    """meta.json and the receipt as they are after the merge."""
    place, by = case.place, case.wish.actor
    meta = merged_meta(
        load_meta(place.feature_dir) or place.meta,
        merged_by=by,
        merged_into=case.forecast.target_branch,
        strategy=case.strategy,
        merged_commit=composed.code,
    )
    tips = case.forecast.tips
    trees = case.git.run("rev-parse", *(f"{tip}^{{tree}}" for tip in tips.values())).split() if tips else []
    accepted = case.accepted
    receipt = plan.receipt(
        case.forecast,
        composed,
        slug=place.slug,
        mission_id=place.mission_id,
        strategy=case.strategy,
        at=clock.stamp(),
        by=by,
        accepted={"event_id": accepted.event_id, "tree": accepted.tree} if accepted else None,
        trees=dict(zip(tips, trees, strict=True)),
    )
    return {META: files.encode(files.dump_json(meta)), RECEIPT: files.encode(files.dump_json(receipt))}


def _clean_up(
    case: Case, composed: Composed, used: set[str | None]
) -> tuple[tuple[Doomed, ...], tuple[RefUpdate, ...]]:
    """Worktrees and branches that go at the end."""
    wish, merge = case.wish, case.forecast
    worktrees, branches = [], []
    for lane in merge.lanes:
        if lane.planning or lane.tip is None:
            continue
        path = lane.record.path if lane.record else None
        found = cleanup.doomed(case.place, lane.lane_id, lane.branch, path)
        if found is not None and not wish.keep_worktree:
            worktrees.append(found)
        if not wish.keep_branch and not (wish.keep_worktree and lane.branch in used):
            branches.append(cleanup.deletion(f"refs/heads/{lane.branch}", lane.tip))
    if merge.mission is not None and composed.mission is not None and not wish.keep_branch:
        tip = merge.mission if merge.mission_branch in used else composed.mission
        branches.append(cleanup.deletion(f"refs/heads/{merge.mission_branch}", tip))
    return tuple(worktrees), tuple(branches)


def _summary(case: Case, composed: Composed, tip: str, moving: Sequence[str]) -> dict[str, object]:
    """What the command answers."""
    merge = case.forecast
    outcomes = {step.name: step.outcome.value for step in merge.steps}
    return {
        "mission_slug": case.place.slug,
        "mission_id": case.place.mission_id,
        "strategy": case.strategy,
        "target_branch": merge.target_branch,
        "merged_commit": composed.code,
        "commit": tip if tip != composed.code else None,
        "merged_wps": list(moving),
        "lanes": [
            {
                "lane_id": lane.lane_id,
                "branch": lane.branch,
                "wp_ids": list(lane.wp_ids),
                "tip": lane.tip,
                "outcome": "given_up" if lane.given_up else outcomes.get(lane.lane_id, "contained"),
            }
            for lane in merge.lanes
        ],
        "order": merge.order,
        "picks": [{"wp_id": wp_id, "commit": commit} for wp_id, commit in composed.picks],
        "receipt": str(case.place.feature_dir / RECEIPT),
    }
