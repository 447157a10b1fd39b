from __future__ import annotations

import pytest

from specify_cli.core.requirement_mapping import coverage, map_requirements
from specify_cli.core.work_packages import load_work_packages
from specify_cli.kernel.config import Config
from specify_cli.kernel.errors import NotFound
from specify_cli.status.reading import read_status
from tests.support.git import Repo
from tests.support.plan import SPEC, Plan, plan_in


@pytest.fixture
def plan(git: Repo) -> Plan:
    plan = plan_in(git)
    plan.prompt("WP01", "title: Clock\nrequirement_refs: [FR-001]  # first")
    plan.prompt("WP02", "title: Bell")
    plan.write("tasks.md", "## WP01\n\n## WP02\n")
    return plan


def test_coverage_names_who_serves_each_functional_requirement(plan: Plan) -> None:
    assert coverage(SPEC, load_work_packages(plan.place)) == {"FR-001": ("WP01",), "FR-002": ()}


def test_ids_are_added_and_everything_else_stays(plan: Plan) -> None:
    body, tasks = plan.read("tasks/WP01-work.md"), plan.read("tasks.md")
    mapped = map_requirements(plan.place, Config(), {"WP02": ["fr-002", "NFR-001"], "WP01": ["FR-002"]}, actor="ada")
    assert mapped.to_dict() == {
        "changed": ["WP01", "WP02"],
        "requirement_refs": {"WP01": ["FR-001", "FR-002"], "WP02": ["FR-002", "NFR-001"]},
        "coverage": {"FR-001": ["WP01"], "FR-002": ["WP01", "WP02"]},
        "uncovered": [],
    }
    assert plan.read("tasks/WP01-work.md").partition("\n---\n")[2] == body.partition("\n---\n")[2]
    assert plan.read("tasks.md") == tasks
    notes = [event for event in read_status(plan.place).mission_events if event.type == "note"]
    assert [(event.wp_id, event.actor, event.data["text"]) for event in notes] == [
        ("WP01", "ada", "requirement_refs: FR-001, FR-002"),
        ("WP02", "ada", "requirement_refs: FR-002, NFR-001"),
    ]


def test_asked_twice_the_second_time_changes_nothing(plan: Plan) -> None:
    map_requirements(plan.place, Config(), {"WP02": ["FR-002"]}, actor="ada")
    before = plan.bytes()
    mapped = map_requirements(plan.place, Config(), {"WP02": ["FR-002"]}, actor="ada")
    assert mapped.changed == ()
    assert plan.bytes() == before
    assert len(read_status(plan.place).mission_events) == 1


def test_ids_can_take_the_place_of_all_others(plan: Plan) -> None:
    mapped = map_requirements(plan.place, Config(), {"WP01": ["FR-002"]}, replace=True, actor="ada")
    assert mapped.refs == {"WP01": ("FR-002",)}
    assert mapped.uncovered == ("FR-001",)


def test_unknown_ids_are_named_and_nothing_is_written(plan: Plan) -> None:
    before = plan.bytes()
    with pytest.raises(NotFound, match="does not state FR-008, FR-010; it states FR-001, FR-002, NFR-001") as caught:
        map_requirements(plan.place, Config(), {"WP01": ["FR-010", "FR-001", "FR-008"]}, actor="ada")
    assert caught.value.code == "REQUIREMENT_NOT_FOUND"
    with pytest.raises(NotFound, match="WP09"):
        map_requirements(plan.place, Config(), {"WP01": ["FR-002"], "WP09": ["FR-001"]}, actor="ada")
    assert plan.bytes() == before
