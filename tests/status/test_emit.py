from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from specify_cli.home import MissionPlace
from specify_cli.kernel import clock
from specify_cli.kernel.errors import Conflict, Refused
from specify_cli.status import lines, store
from specify_cli.status.emit import TransitionError, writing
from specify_cli.status.holders import Holder
from specify_cli.status.models import Lane
from specify_cli.status.moves import MoveOptions
from specify_cli.status.reading import read_status
from specify_cli.status.reducer import reduce
from tests.support.git import Repo
from tests.support.status import MISSION_ID, REVIEW, SLUG, bare_place, emit, moved, place_in, ulid, walk


@pytest.fixture
def place(git: Repo) -> MissionPlace:
    return place_in(git.path)


def test_one_move_is_one_line_with_all_that_is_known(place: MissionPlace) -> None:
    event = emit(
        place, "WP01", "claimed", actor="claude", session="s1",
        policy_metadata={"a": 1}, workspace={"lane_id": "lane-a"}, execution_mode="direct_repo",
    )  # fmt: skip
    status = read_status(place)
    assert status.events == [event]
    assert (event.from_lane, event.to_lane, event.mission_id, event.mission_slug) == (
        Lane.PLANNED, Lane.CLAIMED, MISSION_ID, SLUG,
    )  # fmt: skip
    assert (event.session, event.prev, event.force) == ("s1", None, False)
    assert status.unpublished == 1
    assert status.snapshot.mission_number == "001"
    assert status.snapshot.mission_type == "software-dev"


def test_each_unforced_move_names_the_one_it_builds_on(place: MissionPlace) -> None:
    with writing(place) as writer:
        boot = writer.bootstrap("WP01")
        assert boot is not None
        assert writer.bootstrap("WP01") is None
        walk(writer, "WP01", Lane.IN_REVIEW)
        forced = writer.move("WP01", "for_review", actor="doctor", force=True, reason="quiet")
    events = read_status(place).events
    assert [event.prev for event in events] == [None, *(event.event_id for event in events[:-2]), None]
    assert events[-1] == forced
    state = read_status(place).snapshot.work_packages["WP01"]
    assert (state["lane"], state["force_count"]) == ("for_review", 0)


def test_nothing_is_written_when_the_block_raises(place: MissionPlace) -> None:
    def half() -> None:
        with writing(place) as writer:
            writer.move("WP01", "claimed", actor="claude")
            writer.record("note", actor="claude", data={"text": "x"})
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError):
        half()
    assert not place.journal.exists()
    assert not place.mission_journal.exists()
    assert read_status(place).events == []


def test_a_refused_move_leaves_the_others_of_the_block(place: MissionPlace) -> None:
    with writing(place) as writer:
        writer.move("WP01", "claimed", actor="claude")
        with pytest.raises(TransitionError):
            writer.move("WP01", "done", actor="claude")
        assert writer.snapshot.lane_of("WP01") is Lane.CLAIMED
    assert len(read_status(place).events) == 1


def test_a_refusal_names_every_unmet_condition(place: MissionPlace) -> None:
    with writing(place) as writer:
        walk(writer, "WP01", Lane.IN_PROGRESS)
        with pytest.raises(TransitionError) as refused:
            writer.move("WP01", "for_review", actor="claude")
    error = refused.value
    assert error.code == "TRANSITION_REJECTED"
    assert error.hint == f"spec-kitty why WP01 --mission {place.slug}"
    assert "every subtask ticked" in error.message
    assert "evidence of the implementation" in error.message
    unmet = error.details["unmet"]
    assert isinstance(unmet, list)
    assert [each["code"] for each in unmet] == ["subtasks_complete", "implementation_evidence"]
    assert error.details["allowed"] == ["for_review", "approved", "planned", "blocked", "canceled"]


@pytest.mark.parametrize("session", [None, "s2"])
def test_of_two_that_claim_one_wins_and_the_other_is_told_who(place: MissionPlace, session: str | None) -> None:
    emit(place, "WP01", "claimed", actor="claude", session="s1")
    for actor in ("codex", "claude"):
        with pytest.raises(Conflict, match=r"held by claude \(s1\)") as refused:
            emit(place, "WP01", "claimed", actor=actor, session=session)
        assert refused.value.code == "WP_ALREADY_CLAIMED"
        assert refused.value.details["claimed_by"] == "claude"
        assert refused.value.details["claimed_by_session"] == "s1"
        assert refused.value.details["requesting_actor"] == actor
    with pytest.raises(TransitionError):
        emit(place, "WP01", "claimed", actor="claude", session="s1")


def test_work_and_review_of_another_are_not_taken(place: MissionPlace) -> None:
    with writing(place) as writer:
        walk(writer, "WP01", Lane.CLAIMED)
        with pytest.raises(Conflict):
            writer.move("WP01", "doing", actor="codex", workspace_context="x")
        writer.move("WP01", "doing", actor="claude", workspace_context="x")
        with pytest.raises(Conflict):
            writer.move("WP01", "in_progress", actor="codex", workspace_context="x")
        writer.move("WP01", "for_review", actor="codex", subtasks_complete=True, implementation_evidence_present=True)
        writer.move("WP01", "in_review", actor="ada")
        for lane in ("in_review", "claimed"):
            with pytest.raises(Conflict, match="held by ada"):
                writer.move("WP01", lane, actor="codex")
        with pytest.raises(TransitionError):
            writer.move("WP01", "in_review", actor="ada")


def test_a_takeover_of_a_quiet_lease_changes_the_holder(place: MissionPlace) -> None:
    with writing(place) as writer:
        walk(writer, "WP01", Lane.CLAIMED)
        writer.record("lease_taken_over", actor="codex", session="s9", wp_id="WP01", data={})
        assert writer.holders() == {"WP01": Holder("codex", "s9")}
        with pytest.raises(Conflict, match="codex"):
            writer.move("WP01", "in_progress", actor="claude", workspace_context="x")
        writer.move("WP01", "in_progress", actor="codex", session="s9", workspace_context="x")
    assert read_status(place).holders() == {"WP01": Holder("codex", "s9")}


def test_a_review_result_becomes_evidence_and_reference(place: MissionPlace) -> None:
    with writing(place) as writer:
        walk(writer, "WP01", Lane.IN_REVIEW)
        approved = writer.move("WP01", "approved", actor="ada", review_result=REVIEW, self_review=True)
        assert approved.evidence is not None
        assert approved.evidence.review.to_dict() == REVIEW
        assert (approved.review_ref, approved.self_review) == ("REF-1", True)
        walk(writer, "WP02", Lane.IN_REVIEW)
        sent_back = writer.move("WP02", "planned", actor="ada", review_result=REVIEW | {"verdict": "changes_requested"})
        assert (sent_back.evidence, sent_back.review_ref) == (None, "REF-1")
    assert "self_review" in read_status(place).events[4].to_dict()


@pytest.mark.parametrize(
    ("lane", "options", "message"),
    [
        ("bogus", {}, "there is no lane 'bogus'"),
        ("blocked", {"evidence": {"review": {}}}, "review lacks reviewer, verdict, reference"),
        ("blocked", {"review_result": {"reviewer": "ada"}}, "review result lacks verdict, reference"),
        ("done", {"force": True}, "a forced move wants an actor and a reason"),
    ],
)
def test_bad_input_is_a_rejected_move(place: MissionPlace, lane: str, options: MoveOptions, message: str) -> None:
    with writing(place) as writer, pytest.raises(TransitionError, match=message) as refused:
        writer.move("WP01", lane, actor="claude", **options)
    assert refused.value.code == "TRANSITION_REJECTED"


@pytest.mark.parametrize("lane", ["claimed", "blocked"])
def test_every_move_wants_an_actor(place: MissionPlace, lane: str) -> None:
    with writing(place) as writer, pytest.raises(TransitionError, match="an actor"):
        writer.move("WP01", lane, actor=" ")


def test_facts_are_recorded_in_their_own_log(place: MissionPlace) -> None:
    with writing(place) as writer:
        fact = writer.record("note", actor="ada", session="s", wp_id="WP01", data={"text": "ünïcode\ud800"})
        with pytest.raises(Refused) as refused:
            writer.record("novelty", actor="ada")
    assert refused.value.code == "UNKNOWN_EVENT_TYPE"
    status = read_status(place)
    assert status.mission_events == [fact]
    assert status.events == []
    assert not place.journal.exists()


def test_publish_always_writes_both_copies(place: MissionPlace) -> None:
    with writing(place, publish="always") as writer:
        writer.move("WP01", "claimed", actor="claude")
        writer.record("note", actor="claude", data={})
    assert read_status(place).unpublished == 0
    names = sorted(path.name for path in place.feature_dir.iterdir())
    assert names == ["mission-events.jsonl", "status.events.jsonl"]


def test_a_mission_without_an_id_gets_no_prev(place: MissionPlace) -> None:
    old = replace(place, mission_id=None)
    with writing(old) as writer:
        walk(writer, "WP01", Lane.IN_PROGRESS)
    events = read_status(old).events
    assert [event.prev for event in events] == [None, None]
    assert "mission_id" not in events[0].to_dict()
    assert old.journal.name == f"{SLUG}.jsonl"


def test_outside_git_moves_are_recorded_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    place = bare_place(tmp_path_factory.mktemp("plain"))
    emit(place, "WP01", "claimed", actor="claude")
    assert read_status(place).snapshot.lane_of("WP01") is Lane.CLAIMED
    assert (place.feature_dir / "status.events.jsonl").exists()


def test_a_clock_that_goes_back_never_reorders_moves(place: MissionPlace) -> None:
    start = datetime(2026, 11, 20, 12, tzinfo=UTC)
    times = iter([start, start - timedelta(days=400), start, start + timedelta(seconds=1), start])
    with clock.use(lambda: next(times, start)), writing(place) as writer:
        walk(writer, "WP01", Lane.APPROVED)
    events = read_status(place).events
    assert [event.to_lane for event in events] == ["claimed", "in_progress", "for_review", "in_review", "approved"]
    assert [event.at for event in events] == sorted({event.at for event in events})
    assert [event.event_id for event in events] == sorted({event.event_id for event in events})


def test_events_of_a_far_future_are_followed(place: MissionPlace) -> None:
    end = "9999-12-31T23:59:59.999999+00:00"
    theirs = moved("planned", "claimed", at=end, event_id="7ZZZZZZZZZZZZZZZZZZZZZZZZZ", session="s")
    (place.feature_dir / "status.events.jsonl").write_bytes(lines.encode([theirs.to_dict()]))
    with writing(place) as writer:
        event = writer.move("WP01", "in_progress", actor="claude", session="s", workspace_context="x")
    assert event.at == end
    assert event.prev == theirs.event_id


step_options = st.fixed_dictionaries(
    {
        "workspace_context": st.sampled_from([None, "x"]),
        "subtasks_complete": st.booleans(),
        "implementation_evidence_present": st.booleans(),
        "review_result": st.sampled_from([None, REVIEW]),
        "review_ref": st.sampled_from([None, "feedback://x"]),
        "reason": st.sampled_from([None, "why"]),
        "force": st.booleans(),
    }
)
steps = st.lists(
    st.tuples(
        st.sampled_from(["WP01", "WP02"]),
        st.sampled_from(list(Lane)),
        st.sampled_from(["claude", "codex"]),
        step_options,
        st.integers(-3600, 3600),
        st.booleans(),
    ),
    max_size=8,
)


@given(steps)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_acknowledged_move_is_undone(
    place: MissionPlace, drawn: list[tuple[str, Lane, str, MoveOptions, int, bool]]
) -> None:
    """Any moves, with steps of the clock and publications between them: the fold ends where the last answer said."""
    fresh = replace(place, mission_id=ulid(next(_NUMBERS)))
    now = [datetime(2026, 11, 20, 12, tzinfo=UTC)]
    said: dict[str, Lane] = {}
    for wp_id, lane, actor, options, shift, publish in drawn:
        now[0] += timedelta(seconds=shift)
        with clock.use(lambda: now[0]), writing(fresh) as writer:
            try:
                said[wp_id] = writer.move(wp_id, lane, actor=actor, **options).to_lane
            except (TransitionError, Conflict):
                continue
        if publish:
            store.publish(store.status_log(fresh))
        status = read_status(fresh)
        assert {name: status.snapshot.lane_of(name) for name in said} == said
        assert status.snapshot.lost_claims == ()
    assert replace(reduce(read_status(fresh).events[::-1]), mission_slug="") == replace(
        read_status(fresh).snapshot, mission_slug="", mission_number=None, mission_type=None
    )


_NUMBERS: Iterator[int] = iter(range(10**6))
