from __future__ import annotations

import pytest

from specify_cli.home import MissionPlace
from specify_cli.kernel.values import replace
from specify_cli.status import lines, store
from specify_cli.status.emit import writing
from specify_cli.status.models import Lane, StatusEvent
from specify_cli.status.reducer import reduce
from specify_cli.status.validate import (
    ValidationResult,
    validate_done_evidence,
    validate_event_schema,
    validate_logs,
    validate_transition_legality,
    validate_work_packages,
)
from tests.support.git import Repo
from tests.support.status import chain, minute, moved, place_in, ulid, walk


@pytest.fixture
def place(git: Repo) -> MissionPlace:
    return place_in(git.path)


def check(place: MissionPlace, known: list[str] | None = None) -> ValidationResult:
    return validate_logs(
        store.read_values(store.status_log(place)), store.read_values(store.mission_log_file(place)), known
    )


def codes(result: ValidationResult) -> list[tuple[str, str]]:
    return [(problem.severity.value, problem.code) for problem in result.problems]


def publish(place: MissionPlace, *events: StatusEvent) -> None:
    (place.feature_dir / "status.events.jsonl").write_bytes(lines.encode(event.to_dict() for event in events))


def test_a_whole_life_is_without_a_finding(place: MissionPlace) -> None:
    with writing(place, publish="always") as writer:
        writer.bootstrap("WP01")
        walk(writer, "WP01", Lane.DONE)
    result = check(place, ["WP01"])
    assert result.problems == ()
    assert result.passed
    assert result.to_dict() == {"passed": True, "findings": []}


def test_unpublished_events_are_a_note(place: MissionPlace) -> None:
    with writing(place) as writer:
        writer.bootstrap("WP01")
        writer.record("note", actor="ada", data={})
    result = check(place)
    assert codes(result) == [("note", "UNPUBLISHED"), ("note", "UNPUBLISHED")]
    assert result.problems[0].fix == f"spec-kitty materialize --mission {place.slug}"
    assert result.passed


def test_file_order_and_identical_duplicates_are_no_findings(place: MissionPlace) -> None:
    events = chain("planned", "claimed", "in_progress")
    publish(place, *events[::-1], *events)
    assert check(place).problems == ()


def test_an_illegal_move_is_an_error_and_of_an_old_version_a_warning(place: MissionPlace) -> None:
    publish(place, moved("planned", "approved", event_id=ulid(1)))
    result = check(place)
    assert codes(result) == [("error", "ILLEGAL_TRANSITION")]
    (problem,) = result.errors
    assert problem.line == 1
    assert problem.file.endswith("status.events.jsonl")
    assert "planned -> approved" in problem.message
    assert problem.fix is not None
    old = moved("done", "planned", mission_id=None)
    assert [each.severity for each in validate_transition_legality([old])] == ["warning"]


def test_forced_moves_and_introductions_are_legal() -> None:
    events = [
        moved("genesis", "planned", at=minute(0), reason="canonical bootstrap"),
        moved("planned", "done", at=minute(1), force=True, reason="why"),
    ]
    assert validate_transition_legality(events) == []
    assert validate_done_evidence(events) == []


def test_a_move_from_another_lane_than_the_fold_has_is_a_note() -> None:
    first = moved("planned", "claimed", at=minute(1), event_id=ulid(1))
    odd = moved("in_progress", "blocked", at=minute(2), event_id=ulid(2), prev=ulid(1))
    forced = moved("approved", "done", at=minute(3), event_id=ulid(3), force=True, reason="done elsewhere")
    problems = validate_transition_legality([first, odd, forced])
    assert [(each.severity.value, each.code, each.fix) for each in problems] == [
        ("note", "FROM_LANE_MISMATCH", None)
    ] * 2


@pytest.mark.parametrize("reason", ["bootstrap from frontmatter: header says done", "bootstrapped from legacy state"])
def test_of_what_an_upgrade_wrote_there_is_nothing_to_say(place: MissionPlace, reason: str) -> None:
    beside = moved("planned", "claimed", at=minute(1), event_id=ulid(1), mission_id=None)
    migrated = [
        moved(source, target, at=minute(number), event_id=ulid(number), actor="migration", reason=reason,
              execution_mode="unknown", mission_id=None)
        for number, (source, target) in enumerate([("planned", "approved"), ("approved", "done")], 2)
    ]  # fmt: skip
    publish(place, beside, *(replace(event, force=event.to_lane is Lane.APPROVED) for event in migrated))
    assert check(place).problems == ()


def test_done_wants_evidence() -> None:
    (problem,) = validate_done_evidence([moved("approved", "done")])
    assert (problem.code, problem.severity) == ("DONE_WITHOUT_EVIDENCE", "error")


@pytest.mark.parametrize(
    ("change", "severity", "message"),
    [
        ({"at": "noon"}, "error", "at is not a timestamp"),
        ({"event_id": "one"}, "warning", "event_id is not a ULID"),
        ({"actor": None}, "warning", "actor is missing"),
        ({"mission_slug": ""}, "warning", "mission_slug is missing"),
        ({"execution_mode": "magic"}, "warning", "execution_mode is 'magic'"),
        ({"force": True}, "warning", "forced without a reason"),
        ({"evidence": {"review": 1}}, "warning", "evidence wants a review"),
    ],
)
def test_the_schema_of_a_line(change: dict[str, object], severity: str, message: str) -> None:
    (problem,) = validate_event_schema(moved("planned", "claimed").to_dict() | change)
    assert (problem.severity.value, problem.line) == (severity, None)
    assert message in problem.message


def test_lost_claims_are_a_warning_with_the_command_that_settles_them(place: MissionPlace) -> None:
    boot = moved("planned", "planned", at=minute(0), event_id=ulid(0), force=True, reason="canonical bootstrap")
    publish(
        place,
        boot,
        *chain("planned", "claimed", actor="claude", start=1, after=ulid(0)),
        *chain("planned", "claimed", actor="codex", start=2, after=ulid(0)),
    )
    result = check(place)
    assert codes(result) == [("warning", "LOST_CLAIM")]
    (problem,) = result.warnings
    assert "claude" in problem.message
    assert "codex" in problem.message
    assert problem.line == 3
    assert problem.fix is not None
    assert problem.fix.startswith("spec-kitty agent tasks move-task WP01 --to claimed --force")


def test_a_move_that_builds_on_nothing_known_is_a_warning(place: MissionPlace) -> None:
    publish(place, *chain("claimed", "in_progress", start=3, after=ulid(1)))
    assert codes(check(place)) == [("warning", "MISSING_PREDECESSOR")]


def test_work_packages_that_the_plan_lacks() -> None:
    snapshot = reduce([moved("planned", "claimed", wp_id="WP07"), moved("planned", "canceled", wp_id="WP08")])
    active, final = validate_work_packages(snapshot, ["WP01"])
    assert (active.severity, final.severity) == ("error", "note")
    told = "--to canceled --note 'removed from the plan' --mission 001-tea-timer"
    assert active.fix == f"spec-kitty agent tasks move-task WP07 {told}"


def test_what_the_reader_skipped_is_an_error_and_comes_first(place: MissionPlace) -> None:
    with writing(place) as writer:
        writer.bootstrap("WP01")
    (place.feature_dir / "status.events.jsonl").write_bytes(b"<<<<<<< HEAD\nnonsense\n")
    (place.feature_dir / "mission-events.jsonl").write_bytes(b'{"type": "note", "event_id": "x"}\n')
    result = check(place)
    assert codes(result) == [
        ("error", "CONFLICT_MARKER"),
        ("error", "CORRUPT_LINE"),
        ("error", "INVALID_EVENT"),
        ("note", "UNPUBLISHED"),
    ]
    assert not result.passed
    assert all(problem.fix for problem in result.problems)


def test_one_id_with_two_contents_is_an_error(place: MissionPlace) -> None:
    event = moved("planned", "claimed")
    publish(place, event, StatusEvent.from_dict(event.to_dict() | {"actor": "codex"}))
    assert codes(check(place)) == [("error", "EVENT_ID_CONFLICT")]
