"""From a choice to the answer of `next`."""

from __future__ import annotations

from specify_cli.conditions.questions import Question
from specify_cli.context.models import Actor
from specify_cli.core.readiness import SATISFIED
from specify_cli.core.work_packages import problems_of
from specify_cli.home import MissionPlace
from specify_cli.kernel import clock
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.lazy import load
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.values import frozen
from specify_cli.next.decision import RETRY_AFTER_SECONDS, Choice, Decision, DecisionKind
from specify_cli.next.observation import Observation, with_fix
from specify_cli.next.observe import Seen
from specify_cli.next.open_questions import questions_of
from specify_cli.status.progress import compute_weighted_progress


@frozen
class Handed:
    """What was handed out with a step.

    Args:
        step_id: names the step in a report.
        workspace: where to work; None for steps on the mission's documents.
        prompt: the prompt file.
        since: when the same holder was handed the step before; None where this call handed it out.
        warnings: what was not done for it.
    """

    step_id: str | None = None
    workspace: str | None = None
    prompt: str | None = None
    since: str | None = None
    warnings: tuple[Notice, ...] = ()


def answer(
    place: MissionPlace,
    seen: Seen,
    choice: Choice,
    actor: Actor | None,
    *,
    handed: Handed | None = None,
    guard_failures: tuple[str, ...] = (),
    warnings: tuple[Notice, ...] = (),
    query: bool = False,
) -> Decision:
    """All keys of the answer, from what was seen, chosen and handed out."""
    handed = handed or Handed()
    state = choice.state
    if (query and not seen.status.mission_events and not seen.status.events) or (query and _untouched(seen)):
        state = "not_started"
    unknown: Notice | None = None
    if actor is not None and actor.session is None and not query:
        unknown = load("specify_cli.next.sessions:unknown_session")(actor, place.slug, handed.step_id)
    notices = [
        *((unknown,) if unknown else ()),
        *warnings,
        *handed.warnings,
        *_unenforced(seen.observation, choice),
        *_ended(place.slug, choice, actor),
        *(Notice("GUARD_BROKEN", *with_fix(text)) for text in choice.warnings),
        *(Notice(each.code, each.message, each.hint) for each in problems_of(seen.packages)),
    ]
    question = choice.question
    return Decision(
        kind=DecisionKind.QUERY.value if query else choice.kind.value,
        agent=actor.name if actor else None,
        mission_slug=place.slug,
        mission=seen.mission_type.key,
        mission_state=state,
        timestamp=clock.stamp(),
        action=choice.action if not query else None,
        wp_id=choice.wp_id,
        workspace_path=handed.workspace,
        prompt_file=handed.prompt,
        reason=choice.reason,
        guard_failures=list(guard_failures or choice.unmet),
        progress=progress(seen),
        origin=origin(place),
        run_id=place.mission_id,
        step_id=handed.step_id,
        decision_id=question.decision_id if question else None,
        input_key=question.input_key if question else None,
        question=question.text if question else None,
        options=list(question.options) if question else None,
        is_query=query,
        preview_step=choice.action if query else None,
        mission_number=_text(place.meta.get("mission_number")),
        mission_id=place.mission_id,
        mission_type=seen.mission_type.key,
        session=actor.session if actor else None,
        waiting_for=[each.to_dict() for each in choice.waiting_for],
        retry_after=RETRY_AFTER_SECONDS if choice.kind is DecisionKind.BLOCKED and choice.waiting_for else None,
        warnings=[notice.to_dict() for notice in notices],
        resumed=choice.resume,
        open_questions=_open_questions(place, seen, question),
        since=handed.since,
    )


def _unenforced(seen: Observation, choice: Choice) -> tuple[Notice, ...]:
    """That work under way does not wait for what it depends on by now: the plan, or a verdict, came after its claim."""
    package = next((each for each in seen.packages if each.wp_id == choice.wp_id), None)
    if package is None or choice.action != "implement" or choice.kind is not DecisionKind.STEP or not choice.resume:
        return ()
    lanes = {each.wp_id: each.lane for each in seen.packages}
    late = [f"{need} ({lanes.get(need, 'not planned')})" for need in package.needs if lanes.get(need) not in SATISFIED]
    if not late:
        return ()
    said = f"{package.wp_id} is under way and does not wait for {', '.join(late)}, which it depends on by now"
    return (Notice("EDGE_NOT_ENFORCED", said, spec_kitty("why", package.wp_id, "--mission", seen.mission_slug)),)


def _ended(slug: str, choice: Choice, actor: Actor | None) -> list[Notice]:
    """Who is waited for although their program has ended, and what takes their work over."""
    take_over = spec_kitty("next", "--agent", "NAME", "--wait", "60", "--mission", slug)
    return [
        Notice(
            "HOLDER_ENDED",
            f"{each.what} is held by {each.holder}, whose program has ended: whoever asks takes it over as soon as no"
            " command came for it, and no file of it changed, for a minute",
            actor.own(take_over) if actor else take_over,
        )
        for each in choice.waiting_for
        if each.ended
    ]


def _open_questions(place: MissionPlace, seen: Seen, asked: Question | None) -> list[dict[str, object]]:
    """The questions that wait for a person, but for the one that this answer asks."""
    now = seen.observation
    found = () if now.merged else questions_of(place, seen.packages, seen.status, accepted=now.accepted)
    return [each.to_dict() for each in found if asked is None or each.decision_id != asked.decision_id]


def _untouched(seen: Seen) -> bool:
    """Whether no step was handed out and no work package introduced yet."""
    return not seen.status.events and all(
        event.type in ("mission_created", "origin_bound") for event in seen.status.mission_events
    )


def progress(seen: Seen) -> dict[str, object]:
    """Counts of the board, for the answer."""
    found = compute_weighted_progress(seen.status.snapshot, known=(package.id for package in seen.packages))
    counts = found.per_lane_counts
    return {
        "total_wps": sum(counts.values()),
        "done_wps": counts.get("done", 0),
        "approved_wps": counts.get("approved", 0),
        "in_progress_wps": counts.get("claimed", 0) + counts.get("in_progress", 0),
        "for_review_wps": counts.get("for_review", 0) + counts.get("in_review", 0),
        "planned_wps": counts.get("planned", 0),
        "blocked_wps": counts.get("blocked", 0),
        "canceled_wps": counts.get("canceled", 0),
        "percentage": round(found.percentage, 1),
    }


def origin(place: MissionPlace) -> dict[str, object]:
    """The ticket a mission started from; empty without one."""
    ticket = place.meta.get("origin_ticket")
    return dict(ticket) if isinstance(ticket, dict) else {}


def _text(value: object) -> str | None:
    return None if value is None else str(value)
