from __future__ import annotations

from datetime import timedelta

from specify_cli.doctor.findings import Severity
from specify_cli.kernel import clock
from specify_cli.status.models import Lane
from specify_cli.workspaces import leases
from tests.support.examining import findings_in, only
from tests.support.missions import finalized_mission
from tests.support.project import Project
from tests.support.stories import ready


def test_nobody_at_work_is_well(project: Project) -> None:
    finalized_mission(project)
    assert [(each.code, each.severity) for each in findings_in(project.path, "leases")] == [("LEASES", Severity.OK)]


def test_who_is_at_work_is_listed(project: Project) -> None:
    mission = finalized_mission(project)
    mission.claim("WP01", actor="claude", session="s-1")
    found = only(findings_in(project.path, "leases"), "LEASE_ACTIVE")
    assert found.severity is Severity.OK
    assert f"{mission.slug} WP01: claude (s-1), last seen" in found.message


def test_a_quiet_holder_is_a_note_that_names_the_loop(project: Project) -> None:
    mission = finalized_mission(project)
    mission.claim("WP01")
    later = clock.now() + timedelta(minutes=16)
    with clock.use(lambda: later):
        found = only(findings_in(project.path, "leases"), "LEASE_QUIET")
    assert (found.severity, found.fix) == (Severity.NOTE, f"spec-kitty next --agent NAME --mission {mission.slug}")


def test_what_is_held_in_another_clone_is_a_note(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.IN_PROGRESS)
    assert only(findings_in(project.path, "leases"), "LEASE_ELSEWHERE").severity is Severity.NOTE


def test_a_lease_of_who_lost_the_work_to_another_clone_says_nothing_of_who_has_it(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.IN_PROGRESS, actor="gemini")
    leases.touch(mission.place, "WP01", "claude", None)
    assert "gemini holds it" in only(findings_in(project.path, "leases"), "LEASE_ELSEWHERE").message


def test_a_lease_of_work_that_nobody_holds_is_silent(project: Project) -> None:
    mission = finalized_mission(project)
    leases.touch(mission.place, "WP01", "claude", None)
    assert [each.code for each in findings_in(project.path, "leases")] == ["LEASES"]


def test_a_mission_that_cannot_be_read_is_a_finding(project: Project) -> None:
    mission = finalized_mission(project)
    (mission.folder / "lanes.json").write_text("{", encoding="utf-8")
    assert mission.slug in only(findings_in(project.path, "leases"), "MALFORMED_JSON").message


def test_what_was_left_behind_of_a_merged_mission_is_no_finding(project: Project) -> None:
    found = ready(project)
    project.run("next", "--agent", "claude", "--session", "s", "--mission", found.slug, "--json").ok()
    leases.touch(found.mission.place, "accept", "claude", "s")
    found.merge().ok()
    assert [each.code for each in findings_in(project.path, "leases")] == ["LEASES"]
