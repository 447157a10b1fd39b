"""`analyze`: every contradiction is told with its file, its line and what mends it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from specify_cli.status.models import Lane
from tests.support.missions import Mission, created_mission, finalized_mission
from tests.support.project import Project, Task
from tests.support.tiny import tiny_mission

PAIR = (Task("WP01", subtasks=("T001",)), Task("WP02", subtasks=("T002",)))
PROMPT = "tasks/WP02-work.md"
Found = list[tuple[str, str, str, int]]


def analysed(mission: Mission) -> dict[str, Any]:
    """The answer; exit code and `result` say the same."""
    done = mission.project.run("analyze", "--mission", mission.slug, "--json")
    found = done.json()
    assert (done.code, found["result"]) == ((1, "inconsistent") if found["error_count"] else (0, "consistent"))
    return found


def findings(mission: Mission) -> Found:
    """Severity, code, document below the mission and line of each finding."""
    prefix = f"kitty-specs/{mission.slug}/"
    found = analysed(mission)["findings"]
    assert all(each.get("hint") or each["file"] for each in found)
    return [
        (each["severity"], each["code"], each.get("file", "").removeprefix(prefix), each.get("line", 0))
        for each in found
    ]


def edit(mission: Mission, name: str, old: str, new: str) -> None:
    path = mission.folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_sound_plan_has_no_findings_and_nothing_is_written(project: Project) -> None:
    mission = finalized_mission(project, *PAIR)
    before = {path: path.read_bytes() for path in project.path.rglob("*") if path.is_file()}
    found = analysed(mission)
    assert found["findings"] == []
    assert found["counts"] == {"requirements": 1, "work_packages": 2, "subtasks": 2}
    assert found["coverage"] == {"FR-001": ["WP01", "WP02"]}
    assert {path: path.read_bytes() for path in project.path.rglob("*") if path.is_file()} == before
    told = project.run("analyze").ok().out
    assert told.startswith(f"{mission.slug}: 1 requirement, 2 work packages, 2 subtasks\n")
    assert f"Next: spec-kitty next --agent NAME --mission {mission.slug}" in told


@pytest.mark.parametrize(
    ("name", "old", "new", "finding"),
    [
        ("spec.md", "does its work.", "works.\n- **FR-002**: More.", ("error", "REQUIREMENT_UNMAPPED", "spec.md", 6)),
        (PROMPT, "[FR-001]", "[FR-001, FR-009]", ("error", "REQUIREMENT_UNKNOWN", PROMPT, 5)),
        (PROMPT, "Do the", "As FR-009 says, do the", ("error", "ID_UNKNOWN", PROMPT, 15)),
        ("spec.md", "does its work.", "works.\n- **FR-001**: More.", ("warning", "REQUIREMENT_TWICE", "spec.md", 6)),
        (PROMPT, "[FR-001]", "[]", ("warning", "WP_WITHOUT_REQUIREMENT", PROMPT, 5)),
        ("tasks.md", "- [ ] T002", "- [ ] T001", ("error", "SUBTASK_TWICE", "tasks.md", 13)),
        (PROMPT, "[T002]", "[T001, T002]", ("error", "SUBTASK_TWICE", PROMPT, 6)),
        ("tasks.md", "## WP02", "## WP01 again\n\n## WP02", ("error", "WP_TWICE", "tasks.md", 9)),
        ("tasks.md", "# Work packages\n", "# Five work packages\n", ("warning", "COUNT_WRONG", "tasks.md", 1)),
        ("plan.md", "Decided.", "There are 3 functional requirements.", ("warning", "COUNT_WRONG", "plan.md", 3)),
        ("plan.md", "Decided.", "As WP07 does.", ("error", "ID_UNKNOWN", "plan.md", 3)),
        ("tasks/WP01-work.md", "Do the", "After T077, do the", ("error", "ID_UNKNOWN", "tasks/WP01-work.md", 15)),
        ("plan.md", "Decided.", "[NEEDS CLARIFICATION: how?]", ("error", "NEEDS_CLARIFICATION", "plan.md", 3)),
        ("plan.md", "Decided.", "[FILL: how]", ("error", "PLACEHOLDER_LEFT", "plan.md", 3)),
        (PROMPT, "src/wp02/**", "src/**", ("warning", "OWNERSHIP_OVERLAP", PROMPT, 8)),
        (PROMPT, "dependencies: []", "dependencies: [WP01]", ("warning", "DEPENDENCY_DISAGREEMENT", "tasks.md", 9)),
        (PROMPT, "dependencies: []", "dependencies: [WP05]", ("error", "UNKNOWN_DEPENDENCY", PROMPT, 4)),
    ],
)  # fmt: skip
def test_each_contradiction(
    name: str, old: str, new: str, finding: tuple[str, str, str, int], project: Project
) -> None:
    mission = created_mission(project, *PAIR)
    write_plan(mission.folder)
    assert findings(mission) == []
    edit(mission, name, old, new)
    found = findings(mission)
    assert finding in found, found
    assert len(found) == 1 or finding[1] in (
        "REQUIREMENT_UNMAPPED",
        "SUBTASK_TWICE",
        "WP_TWICE",
        "UNKNOWN_DEPENDENCY",
    ), found
    told = project.run("analyze").out
    assert f"{name}" in told
    assert "fix: " in told or "Next: spec-kitty analyze" in told


def write_plan(folder: Path) -> None:
    (folder / "plan.md").write_text("# Plan\n\nDecided.\n")


@pytest.mark.parametrize(
    "text",
    [
        "Two agents, 5 work packages can run at once.",
        "`WP09` stands for any, as T1 and FR do.",
        "```\nWP09\n[NEEDS CLARIFICATION: no]\n```",
        "<!-- 9 work packages -->",
        "tasks/WP09-old.md is gone",
    ],
)
def test_what_only_looks_like_a_contradiction(text: str, project: Project) -> None:
    mission = created_mission(project, *PAIR)
    (mission.folder / "plan.md").write_text(f"# Plan\n\n{text}\n")
    assert findings(mission) == []


def test_large_work_packages(project: Project) -> None:
    many = tuple(f"T{number:03d}" for number in range(1, 13))
    owns = tuple(f"src/{number}.py" for number in range(16))
    mission = created_mission(project, Task("WP01", subtasks=many), Task("WP02", owns=owns), Task("WP03"))
    write_plan(mission.folder)
    path = mission.folder / "tasks/WP03-work.md"
    path.write_text(path.read_text() + "line\n" * 300)
    found = analysed(mission)["findings"]
    assert [each["code"] for each in found] == ["WP_TOO_LARGE"] * 3
    assert "12 subtasks" in found[0]["message"]
    assert "16 owned globs" in found[1]["message"]
    assert "lines" in found[2]["message"]


def test_what_a_dependency_orders_does_not_overlap(project: Project) -> None:
    one, other = Task("WP01", owns=("src/a.py",)), Task("WP02", needs=("WP01",), owns=("src/**",))
    mission = created_mission(project, one, other)
    write_plan(mission.folder)
    assert findings(mission) == []


def test_canceled_work_counts_for_nothing(project: Project) -> None:
    mission = finalized_mission(project, *PAIR)
    mission.force("WP02", Lane.CANCELED)
    edit(mission, PROMPT, "[FR-001]", "[]")
    edit(mission, PROMPT, "Do the", "[FILL: what] Do the")
    assert findings(mission) == []


def test_a_mission_at_its_beginning_lacks_documents(project: Project) -> None:
    mission = Mission(project, project.create())
    found = findings(mission)
    assert ("error", "DOCUMENT_MISSING", "plan.md", 1) in found
    assert {code for _, code, _, _ in found} == {"DOCUMENT_MISSING", "PLACEHOLDER_LEFT"}


def test_with_wps_yaml_the_outline_may_be_missing(project: Project) -> None:
    mission = created_mission(project, Task("WP01"))
    write_plan(mission.folder)
    (mission.folder / "tasks.md").unlink()
    path = mission.folder / "wps.yaml"
    path.write_text("work_packages:\n  - {id: WP01, title: One, requirement_refs: [FR-001]}\n")
    assert [code for _, code, _, _ in findings(mission)] == ["HEADER_OUTWEIGHED"]
    path.write_text("work_packages:\n  - {id: one}\n")
    assert ("error", "WPS_INVALID", "wps.yaml", 2) in findings(mission)


def test_a_tiny_mission_is_looked_at_too(project: Project) -> None:
    mission = tiny_mission(project)
    assert findings(mission) == []
    edit(mission, "mission.md", "Wind it up", "[FILL: what]")
    assert findings(mission) == [("error", "PLACEHOLDER_LEFT", "mission.md", 21)]


def test_without_a_home_the_tip_of_the_target_is_read(project: Project) -> None:
    mission = finalized_mission(project, *PAIR)
    project.git("switch", "-q", "-c", "elsewhere")
    assert analysed(mission)["findings"] == []


def test_broken_lanes_hide_nothing(project: Project) -> None:
    mission = finalized_mission(project, *PAIR)
    (mission.folder / "lanes.json").write_text("{")
    edit(mission, "plan.md", "Write the code", "[FILL: how]")
    assert [code for _, code, _, _ in findings(mission)] == ["PLACEHOLDER_LEFT"]
