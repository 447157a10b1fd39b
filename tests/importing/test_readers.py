"""What each reader makes of the files of a project; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from specify_cli.core.tasks_document import subtasks_of
from specify_cli.core.tasks_sections import tasks_sections
from specify_cli.importing import backlog, beads, census, kiro, openspec, speckit, taskmaster
from specify_cli.importing.checklists import boxes, files_named
from specify_cli.importing.models import Imported, ImportedMission
from specify_cli.importing.planning import PlannedMission, plan_mission
from specify_cli.importing.sources import SOURCES
from specify_cli.kernel import frontmatter
from specify_cli.kernel.graph import find_cycle
from specify_cli.status.models import Lane


def only(imported: Imported) -> ImportedMission:
    (mission,) = imported.missions
    return mission


def needs(mission: ImportedMission) -> dict[str, tuple[str, ...]]:
    return {package.title: package.dependencies for package in mission.packages}


def states(mission: ImportedMission) -> list[tuple[Lane, str]]:
    return [(package.state, package.said) for package in mission.packages]


def planned(imported: Imported) -> list[PlannedMission]:
    return [plan_mission(mission, "Tool", ["Summary", "Testing"]) for mission in imported.missions]


# -- spec-kit ----------------------------------------------------------------------------------------------------


def spec_kit(tasks: str) -> ImportedMission:
    return only(speckit.read({"specs/001-a/tasks.md": tasks.encode()}))


def test_phases_wait_for_each_other_and_stories_for_what_came_before_them() -> None:
    titles = ["Phase 1: Setup", "Phase 2: Base", "Phase 3: User Story 1", "Phase 4: User Story 2", "Phase 5: Polish"]
    mission = spec_kit("\n".join(f"## {title}\n- [ ] T00{number} x" for number, title in enumerate(titles, 1)))
    assert needs(mission) == {
        "Setup": (),
        "Base": ("phase 1",),
        "User Story 1": ("phase 2",),
        "User Story 2": ("phase 2",),
        "Polish": ("phase 3", "phase 4"),
    }


def test_a_task_that_names_a_task_of_another_phase_makes_its_phase_wait() -> None:
    text = (
        "## User Story 1\n- [ ] T001 a\n## User Story 2\n- [ ] T002 b (depends on T001, T002)\n- [ ] T003 depends on T9"
    )
    assert needs(spec_kit(text)) == {"User Story 1": (), "User Story 2": ("phase 1",)}


def test_tasks_without_a_phase_are_one_work_package_and_old_phases_have_points() -> None:
    assert needs(spec_kit("- [x] T001 a\n")) == {"Tasks": ()}
    assert needs(spec_kit("## Phase 3.1: Setup\n- [ ] T001 a\n## Phase 3.2 - Core\n- [ ] T002 b")) == {
        "Setup": (),
        "Core": ("phase 1",),
    }


def test_a_phase_owns_the_files_that_its_tasks_name() -> None:
    first = "## A\n- [ ] T001 in `src/a.py` and tests/test_a.py\n- [ ] T002 in src/b/[id].ts.\n"
    one, two = spec_kit(f"{first}## B\n- [ ] T003 in src/c.py\n- [ ] T004 log").packages
    assert one.files == ("src/a.py", "src/b/[id].ts", "tests/test_a.py")
    assert two.files == ("src/c.py",)


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("# Feature Specification: Tea", "Tea"),
        ("# Tea", "Tea"),
        ("# Feature Specification: [FEATURE NAME]", "Tea time"),
    ],
)
def test_the_title_is_that_of_the_specification(heading: str, title: str) -> None:
    assert only(speckit.read({"specs/004-tea-time/spec.md": heading.encode()})).title == title


# -- OpenSpec ----------------------------------------------------------------------------------------------------


def test_changed_requirements_are_told_apart() -> None:
    delta = """## ADDED Requirements
### Requirement: New one
```
### Requirement: In a fence
```
## modified requirements
### Requirement: Old one ###
## REMOVED Requirements
### Requirement: Gone
## RENAMED Requirements
- FROM: `### Requirement: Before`
- TO: `### Requirement: After`
## Notes
### Requirement: Not one
"""
    files = {"openspec/changes/c/specs/a/b/spec.md": delta.encode(), "openspec/changes/c/proposal.md": b"# Why\n"}
    assert only(openspec.read(files)).requirements == (
        "New one (a/b)", "changed: Old one (a/b)", "removed: Gone (a/b)", "renamed: Before is now After (a/b)",
    )  # fmt: skip


def test_an_archived_change_is_over_and_told_from_one_of_the_same_name() -> None:
    tasks = b"## 1. A\n- [ ] 1.1 a\n"
    files = {f"openspec/changes/{name}/tasks.md": tasks for name in ("c", "archive/2025-01-02-c", "archive/d")}
    first, second, third = openspec.read(files).missions
    assert (first.id, first.closed, states(first)) == ("c", "", [(Lane.PLANNED, "")])
    assert (second.id, second.closed) == ("archive/2025-01-02-c", "archived on 2025-01-02")
    assert states(second) == [(Lane.DONE, "archived on 2025-01-02")]
    assert (third.id, third.closed, third.title) == ("archive/d", "archived", "D")


# -- Kiro --------------------------------------------------------------------------------------------------------


def test_tasks_of_kiro_with_and_without_numbers() -> None:
    text = "- [x] 1. A\n  - [ ] 1.1 a\n- [ ] 2 B\n  - [x] 2.1 b\n- [ ] Plain\n  - [ ] sub\n- [-] 4. Under way\n"
    mission = only(kiro.read({".kiro/specs/s/tasks.md": text.encode()}))
    assert [(each.id, each.title, len(each.ticks)) for each in mission.packages] == [
        ("1", "A", 1), ("2", "B", 1), ("line 5", "Plain", 1), ("4", "Under way", 0),
    ]  # fmt: skip
    assert states(mission) == [
        (Lane.DONE, "ticked"), (Lane.DONE, "ticked"), (Lane.PLANNED, ""), (Lane.PLANNED, "in progress"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "packages"),
    [
        ("### 1. A\n- [x] 1.1 a\n### Task 2: B\n- [ ] 2.1 b\n- [ ] c", {"1 A": ["1.1 a"], "2 B": ["2.1 b", "c"]}),
        ("## Hands\n- [ ] 1.1 a\n- [ ] 1.2 b\n- [ ] 2.1 c", {"1 Hands": ["1.1 a", "1.2 b"], "2 Tasks 2": ["2.1 c"]}),
        ("1. A\n   1.1 a\n   - 1.2 b\n2) B\n", {"1 A": ["1.1 a", "1.2 b"], "2 B": []}),
        ("```md\n- [ ] 1. A\n  - [ ] 1.1 a\n```", {"1 A": ["1.1 a"]}),
        ("<!--\n- [ ] 1. A\n-->", {"1 A": []}),
        ("### 1. A\n- [ ] 1. a\n- [ ] 2. b\n### 2. B\n- [ ] 1. c", {"1 A": ["1. a", "2. b"], "2 B": ["1. c"]}),
        ("### 1. A\n\nText.\n\n### 2. B\n", {"1 A": [], "2 B": []}),
        ("- [ ] 1. A\n- [ ] 1. B", {"1 A": [], "line 2 B": []}),
        ("- [ ] 1. A\n- [ ]* 2. Later\n  - [ ] 2.1 x\n- [ ] 3. B", {"1 A": [], "3 B": []}),
    ],
)
def test_lists_of_kiro_however_they_are_laid_out(text: str, packages: dict[str, list[str]]) -> None:
    files = {".kiro/specs/s/task.md": text.encode()}
    imported = kiro.read(files)
    mission = only(imported)
    assert {f"{each.id} {each.title}": [tick.text for tick in each.ticks] for each in mission.packages} == packages
    taken = sum(each.lines for each in mission.packages) + sum(imported.left.values())
    assert census.count("kiro", files) == {".kiro/specs/s/task.md": taken}


def test_a_word_of_a_legend_is_no_task() -> None:
    mission = spec_kit("## A\n- [x] T001 [P] a\n## Notes\n- [P] another file\n- [Story] a story\n- [1] a footnote\n")
    assert needs(mission) == {"A": ()}


def test_boxes_in_code_beside_others_are_named() -> None:
    imported = openspec.read({"openspec/changes/c/tasks.md": b"## A\n- [ ] 1.1 a\n```\n- [ ] 1.2 b\n```\n"})
    assert imported.left == {"openspec/changes/c/tasks.md": 1}
    assert (
        "left as text in code, comments or quotations, beside tasks that are read: 1" in imported.leftovers[0].message
    )


def test_a_task_serves_the_requirements_that_it_names() -> None:
    files = {
        ".kiro/specs/s/requirements.md": b"### Requirement 1: One\n### Requirement 3\n**User Story:** As a, I want b\n",
        ".kiro/specs/s/tasks.md": b"- [ ] 1. A\n  - _Requirements: 3.1, 1.2, 9.9_\n",
    }
    (mission,) = planned(kiro.read(files))
    assert mission.packages[0].requirement_refs == ("FR-001", "FR-002")
    spec = mission.documents["spec.md"].decode()
    assert "- **FR-001**: One (Requirement 1)\n- **FR-002**: As a, I want b (Requirement 3)\n" in spec


# -- Taskmaster, Backlog.md, beads -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data", [[{"id": 1}], {"tasks": [{"id": 1}]}, {"master": {"tasks": [{"id": 1}]}}, {"master": [{"id": 1}]}]
)
def test_all_generations_of_the_file_of_taskmaster(data: object) -> None:
    mission = only(taskmaster.read({"tasks/tasks.json": json.dumps(data).encode()}))
    assert [package.id for package in mission.packages] == ["1"]


def test_a_dependency_on_a_subtask_is_one_on_its_task() -> None:
    tasks = [{"id": 1}, {"id": 2, "dependencies": ["1.2", 1, "2.1"]}]
    mission = only(taskmaster.read({".taskmaster/tasks/tasks.json": json.dumps(tasks).encode()}))
    assert mission.packages[1].dependencies == ("1",)


def test_a_parent_of_backlog_comes_after_its_subtasks() -> None:
    files = {
        f"backlog/tasks/task-{name} - x.md": f"---\nid: TASK-{name}\ntitle: T\n{more}---\n".encode()
        for name, more in (("1", ""), ("1.1", "parent_task_id: task-1\n"), ("10", ""), ("2", "dependencies: task-10\n"))
    }
    mission = only(backlog.read(files))
    assert {package.id: package.dependencies for package in mission.packages} == {
        "task-1": ("task-1.1",), "task-1.1": (), "task-2": ("task-10",), "task-10": (),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("header", "title"),
    [
        ("title: Fix: it\nassignee: @sam", "Fix: it"),
        ("title: A\nassignee: [@sam, 'kim']", "A"),
        ("title: 'B: c'\nassignee:\n  - @sam\n", "B: c"),
        ("title: `D`\n# @note", "`D`"),
    ],
)
def test_headers_that_backlog_takes_and_yaml_does_not(header: str, title: str) -> None:
    imported = backlog.read({"backlog/tasks/task-1 - x.md": f"---\nid: task-1\n{header}\n---\nText\n".encode()})
    assert (only(imported).packages[0].title, imported.unread) == (title, ())


def test_epics_of_beads_are_missions_whatever_is_between() -> None:
    rows: Sequence[Mapping[str, object]] = [
        {"id": "e", "issue_type": "epic", "title": "E"},
        {"id": "a", "dependencies": [{"depends_on_id": "e", "type": "parent-child"}]},
        {"id": "b", "dependencies": [{"depends_on_id": "a", "type": "parent-child"}]},
        {"id": "x", "dependencies": [{"depends_on_id": "y", "type": "parent-child"}]},
        {"id": "y", "dependencies": [{"depends_on_id": "x", "type": "parent-child"}]},
    ]
    epic, loose = beads.read({".beads/issues.jsonl": "\n".join(map(json.dumps, rows)).encode()}).missions
    assert [(package.id, package.dependencies) for package in epic.packages] == [("a", ("b",)), ("b", ())]
    assert [package.id for package in loose.packages] == ["x", "y"], "a circle of parents has no epic"


# -- lists -------------------------------------------------------------------------------------------------------


def test_boxes_of_every_kind() -> None:
    text = (
        "- [ ] a\n* [x] b\n+ [X] c\n1. [-] d\n  2) [] e\n- [ ]* f\n- [link](x)\n- [a] b\n```\n- [ ] no\n```\n- no [ ]"
    )
    found = [(box.text, box.mark, box.optional, box.done) for box in boxes(text)]
    assert found == [
        ("a", " ", False, False), ("b", "x", False, True), ("c", "X", False, True), ("d", "-", False, False),
        ("e", " ", False, False), ("f", " ", True, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("write src/a.py", ("src/a.py",)),
        ("in `a/b/c.test.ts`, then.", ("a/b/c.test.ts",)),
        (".github/workflows/ci.yml", (".github/workflows/ci.yml",)),
        ("https://example.org/a/b.html", ()),
        ("../secret/a.py and /etc/x.conf and ~/a/b.c", ()),
        ("and/or", ()),
        ("nothing", ()),
    ],
)
def test_files_named(text: str, found: tuple[str, ...]) -> None:
    assert files_named([text]) == found


# -- whatever the files hold -------------------------------------------------------------------------------------

NAMES = [
    "specs/001-a/tasks.md", "specs/001-a/spec.md", "specs/002-b/plan.md", ".specify/memory/constitution.md",
    "openspec/changes/a/tasks.md", "openspec/changes/a/specs/x/spec.md",
    "openspec/changes/archive/2025-13-99-b/tasks.md",
    ".kiro/specs/a/tasks.md", ".kiro/specs/a/requirements.md", ".taskmaster/tasks/tasks.json", "tasks/tasks.json",
    ".taskmaster/config.json", "backlog/tasks/task-1 - a.md", "backlog/tasks/task-2 - b.md", "backlog/config.yml",
    ".beads/issues.jsonl",
]  # fmt: skip
LINES = [
    "- [ ] T001 in src/a.py", "- [x] T002 [P] b", "- [X] T001 depends on T002, T003", "- [ ] TXXX", "- [-] 1. One",
    "- [x] 2. Two", "  - [ ] 1.1 a", "  - [ ]* 1.2 b", "- [ ] no number", "## 1. Group", "## Phase 1: Setup",
    "## Phase 2: User Story 1 (Priority: P1)", "## WP01 [FILL: x]", "### Requirement 1", "### Requirement 2: Two",
    "_Requirements: 1.1, 2.9_", "## ADDED Requirements", "### Requirement: a", "- FROM: a", "- TO: b",
    "- **FR-003**: x", "<!--", "-->", "```", "", "---", "id: task-1", "id: [", "status: Done",
    "dependencies: [task-2, task-1]", 'title: "a', "milestone: m", "\u2028\x00\x1b", "é \U0001f600",
]  # fmt: skip
IDS = st.sampled_from([1, 2, "1", "2", "3", "2.1", None, -1, "\ud800"])
TASK = st.fixed_dictionaries(
    {"id": IDS},
    optional={
        "title": st.sampled_from(["A", "", "## WP03\n---\n\"'", None, 7]),
        "status": st.sampled_from(["done", "closed", "pending", "cancelled", "blocked", "odd", 1]),
        "dependencies": st.lists(
            IDS | st.fixed_dictionaries({"depends_on_id": IDS}, optional={"type": st.just("blocks")})
        ),
        "subtasks": st.lists(st.fixed_dictionaries({"id": IDS, "title": st.just("s"), "status": st.just("done")})),
        "issue_type": st.sampled_from(["epic", "task"]),
    },
)
MARKDOWN = st.lists(st.sampled_from(LINES), max_size=15).map("\n".join)
HEADER = st.lists(st.sampled_from(LINES[-9:]), max_size=4).map(lambda lines: "\n".join(["---", *lines, "---", ""]))
CONTENT = st.one_of(
    MARKDOWN.map(str.encode),
    st.tuples(HEADER, MARKDOWN).map(lambda parts: "".join(parts).encode()),
    st.lists(TASK, max_size=6).map(lambda tasks: json.dumps({"tasks": tasks}).encode()),
    st.lists(TASK, max_size=6).map(lambda tasks: "\n".join(map(json.dumps, tasks)).encode()),
    st.binary(max_size=20),
)
JSON = (".taskmaster/tasks/tasks.json", ".beads/issues.jsonl")
FILES = st.dictionaries(st.sampled_from([*NAMES, *JSON]), CONTENT, max_size=6)


@settings(max_examples=60, deadline=None)
@example({".beads/issues.jsonl": b"\x00"})
@example({"specs/001-a/tasks.md": b"## 1. Group"})
@given(FILES)
def test_any_files_can_be_read_and_planned(files: dict[str, bytes]) -> None:
    for source in SOURCES.values():
        imported = source.read(files, "")
        assert source.read(files, "") == imported, "the same files give the same"
        missions = planned(imported)
        for mission in missions:
            check(mission)
        if not imported.unread:
            carried = sum(mission.tasks + mission.left for mission in missions)
            counted = census.count(source.key, files)
            read = {mission.source.where for mission in missions if mission.tasks or mission.left} | {*imported.left}
            # Of a list of which nothing is read, whatever may be a task counts.
            guessed = [
                path for path in counted if path.lower().endswith(("/tasks.md", "/task.md")) and path not in read
            ]
            counted = {path: count for path, count in counted.items() if path not in guessed}
            assert sum(counted.values()) == carried + sum(imported.left.values()), (source.key, counted)


def check(mission: PlannedMission) -> None:
    """What must hold of every mission that is planned, or finalize-tasks would refuse it."""
    ids = [package.id for package in mission.packages]
    assert ids == [f"WP{number:02d}" for number in range(1, len(ids) + 1)]
    graph = {package.id: package.dependencies for package in mission.packages}
    assert find_cycle(graph) is None
    assert all(need in graph for wanted in graph.values() for need in wanted)
    ticks = [tick.id for package in mission.packages for tick in package.subtasks]
    assert len(ticks) == len(set(ticks))
    if not mission.packages:
        return
    tasks = mission.documents["tasks.md"].decode()
    assert [section.wp_id for section in tasks_sections(tasks)] == ids
    told = {wp_id: [(box.id, box.done) for box in found] for wp_id, found in subtasks_of(tasks).items()}
    for package in mission.packages:
        assert told[package.id] == [(tick.id, tick.done) for tick in package.subtasks]
        document = frontmatter.parse(mission.documents[package.file].decode(), package.file)
        assert document.fields["title"] == package.title
        assert document.fields["dependencies"] == list(package.dependencies)
        assert document.fields["owned_files"] == list(package.owned_files)
