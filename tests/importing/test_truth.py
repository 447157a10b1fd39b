"""Every task of a source is imported, known or named, and their sum is that of an independent count (reports)."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.importing import census, kiro
from specify_cli.importing.planning import plan_mission
from tests.support.importing import Source, beside, codes, of_report
from tests.support.project import Project


def packages(answer: dict[str, Any]) -> dict[str, dict[str, tuple[str, list[tuple[str, bool]]]]]:
    """Mission -> work package -> lane and subtasks."""
    return {
        mission["title"]: {
            each["title"]: (each["lane"], [(tick["title"], tick["done"]) for tick in each["subtasks"]])
            for each in mission["work_packages"]
        }
        for mission in answer["missions"]
    }


def counts(answer: dict[str, Any]) -> tuple[int, ...]:
    tally = answer["tasks"]
    assert list(tally) == ["found", "imported", "known", "left", "missed"]
    return tuple(tally.values())


def messages(answer: dict[str, Any], code: str) -> list[str]:
    return [each["message"] for each in answer["leftovers"] if each["code"] == code]


def test_a_legend_is_text(project: Project) -> None:
    answer = of_report(project, "01", "spec-kit").run()
    assert packages(answer) == {
        "Clock": {
            "Setup": ("done", [("[P] Make the folder src/clock.py", True)]),
            "User Story 1 - Hands": ("done", [("[US1] Draw the hands in src/hands.py", True)]),
        }
    }
    assert counts(answer) == (2, 2, 0, 0, 0)


def test_headings_with_numbers_are_work_packages(project: Project) -> None:
    source = of_report(project, "04", "kiro")
    answer = source.run()
    assert packages(answer) == {
        "Clock": {
            "Draw the hands": ("planned", [("1.1 (P) Long hand", True), ("1.2 Short hand", False)]),
            "Draw the face": ("planned", [("2.1 Circle", False)]),
        }
    }
    assert counts(answer) == (3, 3, 0, 0, 0)
    told = project.run("import", "--from", "kiro", str(source.path)).ok().out
    assert "0 of 3 tasks imported, 3 known already" in told


def test_an_optional_box_is_no_work_package_and_swallows_nothing(project: Project) -> None:
    source = of_report(project, "06", "kiro")
    told = project.run("import", "--from", "kiro", str(source.path), "--dry-run").ok().out
    assert "2 of 3 tasks to import, 1 left out and named below" in told
    answer = source.run()
    assert packages(answer) == {
        "Clock": {"Hands": ("done", [("1.1 Long hand", True)]), "Face": ("planned", [("2.1 Circle", False)])}
    }
    assert counts(answer) == (3, 2, 0, 1, 0)


def test_a_tag_may_be_a_bare_list(project: Project) -> None:
    answer = of_report(project, "07", "taskmaster").run()
    (mission,) = packages(answer).values()
    assert mission == {"Hands": ("done", [("1.1 Long", True)]), "Face": ("planned", [])}
    assert counts(answer) == (3, 3, 0, 0, 0)


def test_headers_that_backlog_itself_takes_are_taken(project: Project) -> None:
    answer = of_report(project, "10", "backlog").run()
    assert {title: lane for title, (lane, _) in packages(answer)["Clock"].items()} == {
        "Hands": "done", "Face": "planned", "Fix: the bell": "planned", "Strap": "planned",
    }  # fmt: skip
    assert counts(answer) == (4, 4, 0, 0, 0)


def test_a_milestone_is_one_mission_whatever_name_its_tasks_use(project: Project) -> None:
    source = of_report(project, "18", "backlog")
    answer = source.run()
    assert {title: [*found] for title, found in packages(answer).items()} == {
        "Wall clock": ["Hands", "Face", "Lid"], "Pocket watch": ["Chain"],
    }  # fmt: skip
    assert [each["dependencies"] for each in answer["missions"][0]["work_packages"]] == [[], ["WP01"], ["WP02"]]
    assert counts(answer) == (4, 4, 0, 0, 0)
    again = source.run()
    assert {each["action"] for each in again["missions"]} == {"nothing"}
    assert counts(again) == (4, 0, 4, 0, 0)


@pytest.mark.parametrize(
    ("tool", "name", "content"),
    [
        ("taskmaster", ".taskmaster/tasks/tasks.json", '{"master": {"tasks": [{"id": 1,}]}}'),
        ("taskmaster", ".taskmaster/tasks/tasks.json", '<<<<<<< a\n{"tasks": []}\n=======\n{}\n>>>>>>> b\n'),
        ("kiro", ".kiro/specs/a/tasks.md", "<<<<<<< a\n- [ ] 1. A\n=======\n- [x] 1. A\n>>>>>>> b\n"),
        ("kiro", ".kiro/specs/a/tasks.md", b"- [ ] 1. caf\xe9\n"),
        ("openspec", "openspec/changes/a/tasks.md", "<<<<<<< a\n- [ ] 1.1 A\n=======\n- [x] 1.1 A\n>>>>>>> b\n"),
        ("backlog", "backlog/tasks/task-1 - a.md", "---\nid: task-1\n---\n<<<<<<< a\nb\n=======\nc\n>>>>>>> d\n"),
        ("beads", ".beads/issues.jsonl", "{\n"),
    ],
)
def test_tasks_that_cannot_be_read_are_a_failure(project: Project, tool: str, name: str, content: str | bytes) -> None:
    source = beside(project, tool, fixture=False)
    source.write(name, content)
    answer = source.partial()
    assert answer["result"] == "partial"
    assert "IMPORT_UNREADABLE" in codes(answer)
    assert not [each for each in answer["missions"] if each["work_packages"]]
    project.run("import", "--from", tool, str(source.path)).failed(exit_code=1)


@pytest.mark.parametrize(
    ("tool", "name", "content"),
    [
        ("taskmaster", ".taskmaster/tasks/tasks.json", '{"master": {"tasks": []}}'),
        ("taskmaster", ".taskmaster/config.json", "{}"),
        ("backlog", "backlog/config.yml", "project_name: Tea\n"),
        ("beads", ".beads/issues.jsonl", ""),
        ("openspec", "openspec/project.md", "# Tea\n"),
        ("kiro", ".kiro/specs/a/requirements.md", "# Requirements\n"),
        ("spec-kit", ".specify/templates/spec.md", "# Spec\n"),
    ],
)
def test_an_empty_source_says_so(project: Project, tool: str, name: str, content: str) -> None:
    source = beside(project, tool, fixture=False)
    source.write(name, content)
    assert counts(source.run()) == (0, 0, 0, 0, 0)
    assert "there is no task in it" in project.run("import", "--from", tool, str(source.path)).ok().out


def test_a_dialect_that_no_reader_knows_is_a_failure_with_numbers(project: Project) -> None:
    """What only the independent count sees: subtasks in a list that is none of Taskmaster's."""
    source = beside(project, "taskmaster", fixture=False)
    steps = [{"id": 1, "title": "One"}, {"id": 2, "title": "Two"}]
    source.write(".taskmaster/tasks/tasks.json", json.dumps({"tasks": [{"id": 1, "title": "A", "steps": steps}]}))
    answer = source.partial()
    assert counts(answer) == (3, 1, 0, 0, 2)
    (said,) = messages(answer, "IMPORT_INCOMPLETE")
    assert said == ".taskmaster/tasks/tasks.json: 2 of 3 tasks there did not become part of a mission"


@pytest.mark.parametrize(
    ("tool", "content", "found"),
    [
        ("kiro", "| Task | State |\n|---|---|\n| 1. A | open |\n| 2. B | done |\n", 2),
        ("kiro", "- **Task 1**: hands\n- **Task 2**: face\n", 2),
        ("spec-kit", "| T001 | a |\n| T002 | b |\n", 2),
        ("spec-kit", "## T001: a\ntext\n## T002 b\n", 2),
        ("openspec", "- a\n- b\n- c\n", 3),
        ("openspec", "## 1. A\ntext\n## 2. B\n", 2),
    ],
)
def test_a_list_of_which_nothing_is_read_is_a_failure_and_no_mission(
    project: Project, tool: str, content: str, found: int
) -> None:
    """Made empty, the mission would stand in the way of an import after the list was mended."""
    folder = {"kiro": ".kiro/specs/a", "spec-kit": "specs/001-a", "openspec": "openspec/changes/a"}[tool]
    source = beside(project, tool, fixture=False)
    source.write(f"{folder}/spec.md", "# A\n")
    source.write(f"{folder}/tasks.md", content)
    answer = source.partial()
    assert (counts(answer), answer["missions"]) == ((found, 0, 0, 0, found), [])
    source.write(f"{folder}/tasks.md", "- [ ] 1. A\n")
    assert counts(source.run()) == (1, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("content", "taken", "left"),
    [
        ("- [ ] 1. a\n-[x] 2. b\n", ["1. a", "2. b"], 0),
        ("• [ ] 1. a\n•[x] 2. b\n", ["1. a", "2. b"], 0),
        ("- ☐ 1. a\n☑ 2. b\n", ["1. a", "2. b"], 0),
        ("- [ ] 1. a\n> - [ ] 2. b\n", ["1. a"], 1),
        ("- [ ] T001 a\n- T002 b\n- T001 comes before T002\n- T001–T009 in turn\n", ["T001 a"], 1),
        ("- [ ] T001 a\n\n| ID | Task |\n|--|--|\n| T001 | a |\n| T002 | b |\n### T003: c\n", ["T001 a"], 2),
    ],
)
def test_a_task_in_another_form_beside_the_boxes_is_read_or_named(
    project: Project, content: str, taken: list[str], left: int
) -> None:
    source = beside(project, "openspec", fixture=False)
    source.write("openspec/changes/a/tasks.md", content)
    answer = source.run()
    assert counts(answer) == (len(taken) + left, len(taken), 0, left, 0)
    (mission,) = answer["missions"]
    assert [tick["title"] for each in mission["work_packages"] for tick in each["subtasks"]] == taken


def written(project: Project, tool: str, files: dict[str, str]) -> Source:
    source = beside(project, tool, fixture=False)
    for name, content in files.items():
        source.write(name, content)
    return source


def task(id: object, **fields: object) -> dict[str, object]:
    return {"id": id, "title": f"T{id}", "status": "pending", **fields}


def issue(id: str, **fields: object) -> dict[str, object]:
    return {"id": id, "title": id, "status": "open", **fields}


MASTER, ISSUES = ".taskmaster/tasks/tasks.json", ".beads/issues.jsonl"
# In whatever form a dependency is written -> what the second work package comes after, and what is named.
DEPENDENCIES: list[tuple[str, object, list[str], str]] = [
    *(
        ("taskmaster", {"dependencies": each}, ["WP01"], "")
        for each in ([1], ["1"], "1", 1, "1, 1", [{"id": 1}], ["1.1"])
    ),
    ("taskmaster", {"dependencies": {"0": 1}}, [], "{'0': 1}"),
    ("taskmaster", {"dependencies": [True]}, [], "True"),
    ("taskmaster", {"subtasks": [{"id": 1, "title": "x", "dependencies": ["1.1"]}]}, ["WP01"], ""),
    *(("beads", {"dependencies": each}, ["WP01"], "") for each in (["a-1"], "a-1", [{"id": "a-1"}])),
    ("beads", {"dependencies": [{"depends_on_id": "a-1", "type": "Blocks"}]}, ["WP01"], ""),
    ("beads", {"dependencies": [{"id": "a-1", "dependency_type": "blocks"}]}, ["WP01"], ""),
    ("beads", {"depends_on": ["a-1"]}, ["WP01"], ""),
    ("beads", {"blocked_by": "a-1"}, ["WP01"], ""),
    ("beads", {"dependencies": [{"needs": "a-1"}]}, [], "needs"),
    *(("backlog", each, ["WP01"], "") for each in ("[task-1]", "TASK-01", "task-1, task-1")),
    ("backlog", "{first: task-1}", [], "first"),
]


@pytest.mark.parametrize(("tool", "needs", "after", "named"), DEPENDENCIES)
def test_a_dependency_is_read_or_named_however_it_is_written(
    project: Project, tool: str, needs: Any, after: list[str], named: str
) -> None:
    files: dict[str, str] = {}
    if tool == "taskmaster":
        files[MASTER] = json.dumps({"tasks": [task(1), task(2, **needs)]})
    elif tool == "beads":
        files[ISSUES] = json.dumps(issue("a-1")) + "\n" + json.dumps(issue("a-2", **needs))
    else:
        for number, listed in ((1, "[]"), (2, needs)):
            files[f"backlog/tasks/task-{number} - T.md"] = f"---\nid: task-{number}\ndependencies: {listed}\n---\n"
    answer = written(project, tool, files).run("--dry-run")
    (mission,) = answer["missions"]
    assert mission["work_packages"][1]["dependencies"] == after
    told = [*answer["leftovers"], *mission["notices"]]
    found = " ".join(each["message"] for each in told if each["code"] == "IMPORT_DEPENDENCY")
    assert named in found if named else not found


@pytest.mark.parametrize(
    ("tool", "name", "content", "says"),
    [
        ("taskmaster", MASTER, {"tasks": {"1": task(1)}}, "has no list of tasks"),
        ("taskmaster", MASTER, {"master": {"1": task(1)}}, "has no list of tasks"),
        ("taskmaster", MASTER, {"tasks": [task(1, subtasks={"1": task(1)})]}, "neither an object nor a text"),
        ("taskmaster", MASTER, '{"tasks": [{"id": 1}], "tasks": [{"id": 2}]}', "'tasks' is there twice"),
        ("kiro", ".kiro/specs/tea/tasks/one.md", "- [ ] 1. Boil\n", "1 of 1 task"),
        ("kiro", ".kiro/specs/hot/tea/tasks.md", "- [ ] 1. Boil\n", "1 of 1 task"),
        ("openspec", "openspec/changes/tea/more/tasks.md", "## 1. A\n- [ ] 1.1 Boil\n", "1 of 1 task"),
        ("spec-kit", "specs/001-tea/more/tasks.md", "- [ ] T001 Boil\n", "1 of 1 task"),
    ],
)
def test_tasks_where_nobody_reads_them_are_a_failure(
    project: Project, tool: str, name: str, content: object, says: str
) -> None:
    source = written(project, tool, {name: content if isinstance(content, str) else json.dumps(content)})
    answer = source.partial("--dry-run")
    assert says in " ".join(each["message"] for each in answer["leftovers"])


def test_texts_are_subtasks_too(project: Project) -> None:
    answer = written(project, "taskmaster", {MASTER: json.dumps({"tasks": [task(1, subtasks=["a", "b"])]})}).run(
        "--dry-run"
    )
    assert packages(answer)["Tasks"]["T1"][1] == [("1.1 a", False), ("1.2 b", False)]


def test_a_list_of_tasks_may_have_a_capital_letter(project: Project) -> None:
    answer = written(project, "kiro", {".kiro/specs/tea/Tasks.md": "- [ ] 1. Boil\n"}).run("--dry-run")
    assert counts(answer) == (1, 1, 0, 0, 0)


def test_what_is_done_with_something_open_below_it_is_named(project: Project) -> None:
    answer = written(project, "kiro", {".kiro/specs/tea/tasks.md": "- [x] 1. Boil\n  - [ ] 1.1 Fill\n"}).run(
        "--dry-run"
    )
    assert "IMPORT_DONE_OPEN" in [each["code"] for each in answer["missions"][0]["notices"]]


def test_a_tag_without_a_list_is_none_and_one_without_a_name_is_imported(project: Project) -> None:
    source = beside(project, "taskmaster", fixture=False)
    content = {"metadata": {"version": "1"}, "": {"tasks": [{"id": 1, "title": "A"}]}}
    source.write(".taskmaster/tasks/tasks.json", json.dumps(content))
    answer = source.run()
    assert counts(answer) == (1, 1, 0, 0, 0)
    assert [mission["title"] for mission in answer["missions"]] == ["Imported"]


def test_every_line_that_is_no_issue_is_named_with_its_place(project: Project) -> None:
    source = beside(project, "beads", fixture=False)
    source.write(".beads/issues.jsonl", '{"id": "b-1", "title": "A"}\nnull\n"x"\n{"id": \n')
    answer = source.partial()
    assert counts(answer) == (4, 1, 0, 0, 3)
    assert messages(answer, "IMPORT_UNREADABLE") == [
        ".beads/issues.jsonl line 2: no object with an id",
        ".beads/issues.jsonl line 3: no object with an id",
        ".beads/issues.jsonl line 4, column 8: Expecting value",
    ]


def grown(project: Project) -> Source:
    source = beside(project, "kiro", fixture=False)
    source.write(".kiro/specs/a/tasks.md", "- [ ] 1. A\n  - [ ] 1.1 a\n")
    assert counts(source.run()) == (2, 2, 0, 0, 0)
    return source


def test_tasks_that_came_after_the_import_are_a_failure(project: Project) -> None:
    source = grown(project)
    source.write(".kiro/specs/a/tasks.md", "- [x] 1. A\n  - [x] 1.1 a\n")
    assert counts(source.run()) == (2, 0, 2, 0, 0)
    source.write(".kiro/specs/a/tasks.md", "- [x] 1. A\n  - [x] 1.1 a\n- [ ] 2. B\n")
    answer = source.partial()
    assert counts(answer) == (3, 0, 2, 0, 1)
    assert codes(answer) == ["IMPORT_CHANGED", "IMPORT_INCOMPLETE"]


def test_what_an_older_version_imported_is_known_by_its_work_packages(project: Project) -> None:
    source = grown(project)
    log = next((project.path / ".git/spec-kitty/journal").glob("*.mission.jsonl"))
    copy = next((project.path / "kitty-specs").glob("*/mission-events.jsonl"))
    for path in (log, copy):
        path.write_text(path.read_text("utf-8").replace('"tasks": 2, ', ""), encoding="utf-8")
    assert counts(source.run()) == (2, 0, 2, 0, 0)
    source.write(".kiro/specs/a/tasks.md", "- [x] 1. A\n  - [x] 1.1 a\n- [ ] 2. B\n")
    assert counts(source.partial()) == (3, 0, 2, 0, 1)


_LINES = (
    "### 1. Alpha", "## 2. Beta", "## Tasks", "### Task 3: Gamma", "- [ ] 1. One", "- [x] 2. Two", "  - [ ] 1.1 a",
    "  - [ ]* 1.2 b", "  - [-] 2.1 c", "- [ ]* 3. Opt", "1. plain", "2.1 deep", "text", "", "```", "~~~", "<!-- ",
    "-->", "  - [ ] sub", "* [ ] star", "- [ ] [a link](a.md)", "1.1* starred", "> - [ ] quoted", "- [ ]",
    "    - [ ] c",
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(_LINES), max_size=8))
def test_every_task_of_a_list_of_kiro_is_carried_over_or_named(lines: list[str]) -> None:
    files = {".kiro/specs/a/tasks.md": "\n".join(lines).encode(), ".kiro/specs/a/requirements.md": b"# R\n"}
    found = kiro.read(files)
    planned = [plan_mission(mission, "Kiro", ()) for mission in found.missions]
    left = sum(each.left for each in planned) + sum(found.left.values())
    assert sum(each.tasks for each in planned) + left == sum(census.count("kiro", files).values())


LONG = "9" * 5000


@pytest.mark.parametrize(
    ("tool", "name", "text"),
    [
        ("spec-kit", "specs/001-a/tasks.md", f"# Tasks\n\n- [ ] T{LONG} Long\n- [ ] T001 Short\n"),
        ("kiro", ".kiro/specs/a/tasks.md", f"- [ ] {LONG}. Long\n  - _Requirements: {LONG}.1_\n"),
        ("kiro", ".kiro/specs/a/requirements.md", f"### Requirement {LONG}: Long\n"),
    ],
)
def test_a_number_of_thousands_of_digits_is_a_name_like_any_other(
    project: Project, tool: str, name: str, text: str
) -> None:
    source = beside(project, tool)
    source.write(name, text)
    found = project.run("import", "--from", tool, str(source.path), "--dry-run", "--json")
    assert found.code in (0, 1), found
    assert "INTERNAL_ERROR" not in found.out


def test_tasks_of_a_source_are_counted_in_time_that_grows_with_them(project: Project) -> None:
    """Comments that nobody closes, thousands of boxes and thousands of values that are no task; each took a minute."""
    texts = {
        ("kiro", ".kiro/specs/a/tasks.md"): ("<!--\n" * 40_000, "".join(f"- [ ] {at}. Do\n" for at in range(5000))),
        ("taskmaster", ".taskmaster/tasks/tasks.json"): (json.dumps({f"k{at}": 1 for at in range(20_000)}),),
    }
    for (tool, name), variants in texts.items():
        source = Source(tool, project.path.parent / tool, project)
        for text in variants:
            source.write(name, text)
            before = time.process_time()
            project.run("import", "--from", tool, str(source.path), "--dry-run", "--json")
            assert time.process_time() - before < 10


def test_a_mission_that_cannot_be_read_is_not_imported_again(project: Project) -> None:
    source = written(project, "kiro", {".kiro/specs/tea/tasks.md": "- [ ] 1. Boil\n"})
    source.run()
    (meta,) = project.path.glob("kitty-specs/*-tea/meta.json")
    whole = meta.read_bytes()
    meta.write_text("{", encoding="utf-8")
    words = ("import", "--from", "kiro", str(source.path))
    project.run(*words, "--json").failed("MALFORMED_JSON", 1)
    assert "kitty-specs/001-tea/meta.json" in project.run(*words, "--dry-run").failed(exit_code=1).out
    assert len([*project.path.glob("kitty-specs/*-tea")]) == 1
    meta.write_bytes(whole)
    assert counts(source.run()) == (1, 0, 1, 0, 0)
