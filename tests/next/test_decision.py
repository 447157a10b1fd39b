"""The decision: a table, and what holds for every mission there can be."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from specify_cli.conditions.questions import Question
from specify_cli.core.readiness import BUSY, SATISFIED
from specify_cli.next.decision import SETTLED, Choice, Decision, DecisionKind, decide
from specify_cli.next.observation import Kinship, Observation, OpenStep, PackageView, PlanningView
from specify_cli.status.holders import Holder
from specify_cli.status.models import Lane

ME = Holder("claude", "s1")
SISTER = Holder("claude", "s2")
OTHER = Holder("codex", "c1")
DONE = PlanningView("specify", finished=True)


def seen(*packages: PackageView) -> Observation:
    return Observation(ME, (DONE,), packages, mission_slug="001-tea-timer")


def view(wp_id: str, lane: Lane = Lane.PLANNED, *needs: str) -> PackageView:
    return PackageView(wp_id, lane, f"lane-{wp_id[-1]}", needs)


def told(choice: Choice) -> tuple[str, str | None, str | None]:
    return choice.kind.value, choice.action, choice.wp_id


def test_the_answer_has_all_its_keys() -> None:
    answer = Decision("step", "claude", "001-tea-timer", "software-dev", "implement", "2026-11-20T12:00:00+00:00")
    wanted = """kind agent mission_slug mission_number mission_id mission_type mission mission_state timestamp action
        wp_id workspace_path prompt_file reason guard_failures progress origin run_id step_id decision_id input_key
        question options is_query preview_step session waiting_for retry_after warnings resumed since open_questions"""
    assert answer.to_dict().keys() == set(wanted.split())


def test_planning_comes_first_and_a_merged_mission_has_nothing_left() -> None:
    now = seen(view("WP01"))
    open_ = PlanningView("plan", unmet=("no words",), finished=True)
    assert told(decide(replace(now, planning=(DONE, open_)))) == ("step", "plan", None)
    assert told(decide(replace(now, merged=True))) == ("terminal", None, None)
    assert told(decide(replace(now, planning=(DONE, replace(open_, overtaken=True))))) == ("step", "implement", "WP01")


def test_a_mission_of_documents_alone_goes_from_its_last_document_to_its_end() -> None:
    now = replace(seen(), has_packages=False)
    assert told(decide(seen())) == ("blocked", None, None)
    assert told(decide(now)) == ("step", "accept", None)
    assert told(decide(replace(now, accepted=True))) == ("terminal", None, None)
    assert told(decide(replace(now, planning=(DONE, PlanningView("plan"))))) == ("step", "plan", None)
    assert told(decide(replace(now, packages=(view("WP01"),)))) == ("step", "implement", "WP01")


def test_what_is_ones_own_comes_before_a_review_and_that_before_new_work() -> None:
    own = replace(view("WP03", Lane.IN_PROGRESS), holder=ME)
    review = view("WP02", Lane.FOR_REVIEW)
    assert told(decide(seen(view("WP01"), review, own))) == ("step", "implement", "WP03")
    assert told(decide(seen(view("WP01"), review))) == ("step", "review", "WP02")
    assert told(decide(seen(view("WP01"), view("WP04")))) == ("step", "implement", "WP01")


def test_the_work_of_others_is_reviewed_before_that_of_a_sister_and_ones_own_last() -> None:
    own = replace(view("WP01", Lane.FOR_REVIEW), kinship=Kinship.OWN)
    sister = replace(view("WP02", Lane.FOR_REVIEW), kinship=Kinship.OTHER_SESSION)
    other = view("WP03", Lane.FOR_REVIEW)
    assert told(decide(seen(own, sister, other))) == ("step", "review", "WP03")
    assert told(decide(seen(own, sister))) == ("step", "review", "WP02")
    assert told(decide(seen(own, view("WP04")))) == ("step", "implement", "WP04")
    assert told(decide(seen(own))) == ("step", "review", "WP01")
    stuck = decide(seen(replace(own, reviewable=False)))
    assert (stuck.kind, stuck.reason) == (DecisionKind.BLOCKED, "waiting")
    assert [(each.what, each.holder) for each in stuck.waiting_for] == [("review of WP01", None)]


def test_ones_own_work_and_a_review_given_back_are_left_to_others_while_one_waits() -> None:
    own = replace(view("WP01", Lane.FOR_REVIEW), kinship=Kinship.OWN)
    back = replace(view("WP02", Lane.FOR_REVIEW), given_back=True)
    other = replace(view("WP03", Lane.FOR_REVIEW), kinship=Kinship.OTHER_SESSION)
    assert told(decide(seen(back, other))) == ("step", "review", "WP03")
    assert told(decide(seen(back, view("WP04")))) == ("step", "implement", "WP04")
    assert told(decide(seen(back))) == ("step", "review", "WP02")
    for each in (own, back):
        left = decide(seen(replace(each, awaited=True)))
        assert [one.what for one in left.waiting_for] == [f"review of {each.wp_id}"]


def test_rejected_work_is_kept_for_its_implementer_who_gets_it_first() -> None:
    rejected = replace(view("WP02"), returned=ME)
    assert told(decide(seen(view("WP01"), rejected))) == ("step", "implement", "WP02")
    kept = replace(rejected, returned=OTHER)
    assert told(decide(seen(kept, view("WP03")))) == ("step", "implement", "WP03")
    assert [(each.what, each.holder) for each in decide(seen(kept)).waiting_for] == [("WP02 implement", OTHER)]


def test_only_the_actions_that_are_named_are_handed_out() -> None:
    ready, review = view("WP01"), view("WP02", Lane.FOR_REVIEW)
    quiet = replace(view("WP03", Lane.IN_PROGRESS), holder=OTHER, quiet=True)
    over = seen(view("WP01", Lane.APPROVED))

    def only(now: Observation, *actions: str) -> Choice:
        return decide(replace(now, only=frozenset(actions)))

    assert told(only(seen(ready, review), "implement")) == ("step", "implement", "WP01")
    assert told(only(seen(ready, review), "review")) == ("step", "review", "WP02")
    assert [each.what for each in only(seen(ready), "review").waiting_for] == ["WP01 implement"]
    assert only(seen(quiet), "review").kind is DecisionKind.BLOCKED
    assert told(only(seen(quiet), "implement")) == ("step", "implement", "WP03")
    assert [each.what for each in only(over, "implement", "review").waiting_for] == ["accept"]
    assert told(only(over, "accept")) == ("step", "accept", None)
    mine = replace(quiet, holder=ME)
    assert told(only(seen(mine), "review")) == ("step", "implement", "WP03"), "what is one's own is never lost"
    planning = replace(seen(ready), planning=(PlanningView("plan"),))
    assert [each.what for each in only(planning, "implement").waiting_for] == ["plan"]


def test_quiet_work_of_ones_own_name_comes_early_and_that_of_others_late() -> None:
    quiet = replace(view("WP02", Lane.IN_PROGRESS), quiet=True)
    sister, other = replace(quiet, holder=SISTER), replace(quiet, holder=OTHER)
    assert decide(seen(view("WP01"), sister)).taken_from == SISTER
    assert told(decide(seen(view("WP01"), other))) == ("step", "implement", "WP01")
    assert decide(seen(other)).taken_from == OTHER


def test_a_question_goes_to_its_owner_and_to_others_when_nothing_else_is_left() -> None:
    question = Question("WP01-blocked-1", "wp.WP01.blocked", "What now?", ("resume", "cancel"), "WP01")
    blocked = replace(view("WP01", Lane.BLOCKED), question=question)
    mine, theirs = replace(blocked, owner=ME), replace(blocked, owner=OTHER)
    working = replace(view("WP03", Lane.IN_PROGRESS), holder=OTHER)
    rejected = replace(mine, lane=Lane.PLANNED)
    assert decide(seen(rejected, view("WP02"))).kind is DecisionKind.DECISION_REQUIRED
    assert told(decide(seen(mine, view("WP02")))) == ("step", "implement", "WP02")
    assert decide(seen(mine, working)).question == question
    assert told(decide(seen(theirs, view("WP02")))) == ("step", "implement", "WP02")
    assert decide(seen(theirs, working)).reason == "waiting"
    assert decide(seen(theirs)).question == question


def test_why_nothing_is_handed_out_is_said() -> None:
    reason = decide(seen(view("WP01", Lane.CANCELED), view("WP02", Lane.PLANNED, "WP01"))).reason
    assert "WP02 needs WP01 (canceled)" in str(reason)
    assert "finalize-tasks --mission 001-tea-timer" in str(reason)
    assert "has no lane yet" in str(decide(seen(replace(view("WP01"), lane_id=None))).reason)


def test_what_could_not_be_begun_is_left_aside() -> None:
    now = replace(seen(view("WP01"), view("WP02")), set_aside=frozenset({"WP01"}))
    assert told(decide(now)) == ("step", "implement", "WP02")


def test_accepting_and_merging_are_steps_of_one_holder() -> None:
    now = seen(view("WP01", Lane.APPROVED), view("WP02", Lane.CANCELED))
    running = OpenStep("S1", "accept", OTHER)
    assert told(decide(now)) == ("step", "accept", None)
    assert decide(replace(now, open_steps=(running,))).waiting_for[0].holder == OTHER
    assert decide(replace(now, open_steps=(replace(running, quiet=True),))).taken_from == OTHER
    assert decide(replace(now, open_steps=(replace(running, holder=ME),))).step_id == "S1"
    assert told(decide(replace(now, accepted=True))) == ("terminal", None, None)
    assert told(decide(replace(now, accepted=True, merge_auto=True))) == ("step", "merge", None)
    asked = Question("accept-blocked-1", "step.accept.blocked", "May I?")
    assert decide(replace(now, ending=asked)).question == asked


HOLDERS = st.sampled_from([ME, SISTER, OTHER, Holder("claude"), Holder("ada", "x")])
IDS = ["WP01", "WP02", "WP03", "WP04", "WP05"]


@st.composite
def packages(draw: st.DrawFn) -> tuple[PackageView, ...]:
    found = []
    for number, wp_id in enumerate(IDS[: draw(st.integers(1, 5))]):
        lane = draw(st.sampled_from(list(Lane)))
        holder = draw(HOLDERS) if lane in BUSY else None
        found.append(
            PackageView(
                wp_id,
                lane,
                draw(st.sampled_from(["lane-a", "lane-b", "lane-c", None])),
                tuple(draw(st.sets(st.sampled_from(IDS[:number]))) if number else ()),
                holder,
                holder or draw(st.none() | HOLDERS),
                draw(st.booleans()) if holder else False,
                draw(st.booleans()),
                draw(st.sampled_from(list(Kinship))),
                draw(st.booleans()),
                draw(st.none() | st.just(Question("q", "k", "?", (), wp_id))),
            )
        )
    return tuple(found)


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    steps = st.builds(OpenStep, st.just("S1"), st.sampled_from(["specify", "accept", "merge"]), HOLDERS)
    planning = PlanningView(
        "specify",
        unmet=draw(st.sampled_from([(), ("words",)])),
        finished=draw(st.booleans()),
        questions=draw(st.sampled_from([(), (Question("p", "spec.md", "?"),)])),
    )
    return Observation(
        draw(st.none() | HOLDERS),
        (planning,),
        draw(packages()),
        tuple(draw(st.lists(steps, max_size=2, unique_by=lambda step: step.action))),
        accepted=draw(st.booleans()),
        merge_auto=draw(st.booleans()),
    )


@given(observations())
def test_the_same_observation_gives_the_same_choice(now: Observation) -> None:
    assert decide(now) == decide(now)


@given(observations())
def test_nothing_is_begun_whose_needs_are_open_or_whose_lane_is_busy(now: Observation) -> None:
    choice = decide(now)
    if choice.action != "implement" or choice.kind is not DecisionKind.STEP or choice.resume:
        return
    lanes = {each.wp_id: each for each in now.packages}
    chosen = lanes[str(choice.wp_id)]
    assert chosen.lane is Lane.PLANNED
    assert chosen.question is None
    assert all(lanes[need].lane in SATISFIED for need in chosen.needs)
    assert not [each for each in now.packages if each.lane_id == chosen.lane_id and each.lane in BUSY]


@given(observations())
def test_what_somebody_holds_goes_only_to_them_or_is_taken_from_the_quiet(now: Observation) -> None:
    choice = decide(now)
    if choice.kind is not DecisionKind.STEP:
        return
    held = next((each for each in now.packages if each.wp_id == choice.wp_id), None)
    running = next((each for each in now.open_steps if each.action == choice.action), None)
    for holder, quiet in ((held.holder, held.quiet) if held else (None, False), _of(running)):
        assert holder in (None, now.me) or (quiet and choice.taken_from == holder)


def _of(step: OpenStep | None) -> tuple[Holder | None, bool]:
    return (step.holder, step.quiet) if step else (None, False)


@given(observations(), HOLDERS, HOLDERS)
def test_two_holders_are_never_given_the_same_once_the_first_has_it(now: Observation, one: Holder, two: Holder) -> None:
    """What one takes is written down; then the other, asking, gets something else."""
    if one == two:
        return
    choice = decide(replace(now, me=one))
    if choice.kind is not DecisionKind.STEP or choice.taken_from is not None:
        return
    if choice.wp_id is None:
        step = OpenStep("S9", str(choice.action), one)
        others = tuple(each for each in now.open_steps if each.action != choice.action)
        after = replace(now, me=two, open_steps=(*others, step))
    else:
        lane = Lane.IN_REVIEW if choice.action == "review" else Lane.IN_PROGRESS
        taken = tuple(
            replace(each, lane=lane, holder=one, quiet=False) if each.wp_id == choice.wp_id else each
            for each in now.packages
        )
        after = replace(now, me=two, packages=taken)
    second = decide(after)
    assert second.kind is not DecisionKind.STEP or (second.action, second.wp_id) != (choice.action, choice.wp_id)


@given(observations())
def test_there_is_always_a_reason_or_a_step(now: Observation) -> None:
    choice = decide(now)
    if choice.kind is DecisionKind.STEP:
        assert choice.action
    else:
        assert choice.reason
    if choice.kind is DecisionKind.TERMINAL:
        assert all(each.lane in SETTLED for each in now.packages)
