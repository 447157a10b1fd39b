"""What a merge says of the work packages that come in: their commits, and the evidence that they are done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specify_cli.merge.case import Case
from specify_cli.merge.plan import Composed
from specify_cli.status.evidence import DoneEvidence, RepoEvidence, ReviewApproval, VerificationResult
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.workspaces.forecast_models import Forecast
from specify_cli.workspaces.records import Span

Spans = Mapping[str, Span]


def spans(forecast: Forecast, events: Sequence[StatusEvent]) -> Spans:
    """Work package -> its commits on its lane: this clone's record, else what the log says."""
    told: dict[str, tuple[str, str]] = {}
    for event in events:
        base = event.workspace.get("base") if event.workspace else None
        head = event.workspace.get("head") if event.workspace else None
        before = told.get(event.wp_id, ("", ""))
        told[event.wp_id] = (
            before[0] or (base if isinstance(base, str) else ""),
            head if isinstance(head, str) and head else before[1],
        )
    found: dict[str, Span] = {}
    for lane in forecast.code_lanes:
        for wp_id in lane.wp_ids:
            recorded = lane.record.wps.get(wp_id) if lane.record else None
            base, head = told.get(wp_id, ("", ""))
            base = recorded.base if recorded else base
            head = (recorded.head if recorded else None) or head or (lane.tip if wp_id == lane.wp_ids[-1] else "") or ""
            if base and head:
                found[wp_id] = Span(base, head)
    return found


def evidence(case: Case, wp_id: str, composed: Composed, span: Span | None) -> DoneEvidence:
    """Why a work package is done: its approval, the commit that holds it now, and the tests of the acceptance."""
    mine = [each for each in case.status.events if each.wp_id == wp_id and each.to_lane is Lane.APPROVED]
    approval, accepted = mine[-1], case.accepted
    review = approval.evidence.review if approval.evidence else None
    commit = next((commit for picked, commit in composed.picks if picked == wp_id), composed.code)
    touched = tuple(case.git.changed_between(span.base, span.head)) if span is not None and span.head else ()
    tests, tree = (accepted.tests, accepted.tree) if accepted else ((), None)
    return DoneEvidence(
        review or ReviewApproval(approval.actor, "approved", approval.review_ref or approval.event_id),
        (RepoEvidence(case.repo_name, case.forecast.target_branch, commit, touched),),
        tuple(
            VerificationResult(
                str(test.get("command")),
                "passed" if test.get("exit_code") == 0 else "failed",
                f"exit code {test.get('exit_code')} after {test.get('seconds')} s on tree {tree}",
            )
            for test in tests
        ),
    )
