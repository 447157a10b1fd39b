"""Projects that are broken or odd: one clear finding each, and the rest is imported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.importing import Source, beside, codes
from tests.support.project import Project

TASKS = ".taskmaster/tasks/tasks.json"


def taskmaster(project: Project, *tasks: dict[str, Any]) -> Source:
    source = beside(project, "taskmaster", fixture=False)
    source.write(TASKS, json.dumps({"tasks": tasks}))
    return source


def messages(answer: dict[str, Any], code: str) -> list[str]:
    told = [*answer["leftovers"], *(notice for mission in answer["missions"] for notice in mission["notices"])]
    return [notice["message"] for notice in told if notice["code"] == code]


def test_circles_are_cut_at_their_lowest_task(project: Project) -> None:
    source = taskmaster(
        project,
        {"id": 1, "title": "One", "dependencies": [3]},
        {"id": 2, "title": "Two", "dependencies": [1]},
        {"id": 3, "title": "Three", "dependencies": [2]},
        {"id": 4, "title": "Four", "dependencies": [4, 1]},
    )
    answer = source.run()
    packages = answer["missions"][0]["work_packages"]
    assert [each["dependencies"] for each in packages] == [[], ["WP01"], ["WP02"], ["WP01"]]
    assert messages(answer, "IMPORT_CYCLE") == [
        "tag master in .taskmaster/tasks/tasks.json: 1 -> 3 -> 2 -> 1 is a circle; that 1 comes after 3 is left out",
        "tag master in .taskmaster/tasks/tasks.json: 4 -> 4 is a circle; that 4 comes after 4 is left out",
    ]


def test_of_two_tasks_with_one_id_the_first_counts(project: Project) -> None:
    source = taskmaster(project, {"id": 1, "title": "One"}, {"id": 2, "title": "Two"}, {"id": "1", "title": "Again"})
    answer = source.run()
    assert [each["title"] for each in answer["missions"][0]["work_packages"]] == ["One", "Two"]
    assert len(messages(answer, "IMPORT_DUPLICATE_ID")) == 1


def test_broken_json_is_told_with_its_line(project: Project) -> None:
    source = beside(project, "taskmaster", fixture=False)
    source.write(TASKS, '{"tasks": [\n  {"id": 1,}\n]}')
    answer = source.partial()
    assert answer["missions"] == []
    (said,) = messages(answer, "IMPORT_UNREADABLE")
    assert said.startswith(f"{TASKS} line 2, column ")


@pytest.mark.parametrize(
    "data", ["7", "[7]", '{"tasks": 7}', '{"master": {"tasks": [{"title": "no id"}]}}', '{"a": 1}']
)
def test_json_of_another_shape_is_told(project: Project, data: str) -> None:
    source = beside(project, "taskmaster", fixture=False)
    source.write(TASKS, data)
    assert "IMPORT_UNREADABLE" in codes(source.partial("--dry-run"))


def test_broken_lines_of_a_log_are_told_and_the_rest_is_imported(project: Project) -> None:
    source = beside(project, "beads", fixture=False)
    lines = [
        '{"id": "t-1", "title": "One"}',
        "{",
        '"text"',
        '{"id": "t-1", "title": "Again"}',
        '{"id": "t-2", "title": "Two"}',
    ]
    source.write(".beads/issues.jsonl", "\r\n".join(lines))
    answer = source.partial()
    assert answer["tasks"] == {"found": 5, "imported": 2, "known": 0, "left": 1, "missed": 2}
    assert [each["title"] for each in answer["missions"][0]["work_packages"]] == ["One", "Two"]
    found = [each for each in codes(answer) if each != "IMPORT_OWNS_ALL"]
    assert found == ["IMPORT_DUPLICATE_ID", "IMPORT_UNREADABLE", "IMPORT_UNREADABLE"]


def test_a_file_that_is_not_utf8_is_told_and_left_out(project: Project) -> None:
    source = beside(project, "kiro")
    source.write(".kiro/specs/tea-timer/design.md", b"caf\xe9\n")
    answer = source.run()
    (said,) = messages(answer, "IMPORT_UNREADABLE")
    assert said == ".kiro/specs/tea-timer/design.md: not UTF-8 (byte 4)"
    mission = next(each for each in answer["missions"] if each["source_id"] == "tea-timer")
    assert len(mission["work_packages"]) == 3
    plan = Path(mission["feature_dir"]) / "plan.md"
    assert "Kiro keeps no plan" in plan.read_text(encoding="utf-8")


def test_a_header_that_cannot_be_read_is_told(project: Project) -> None:
    source = beside(project, "backlog")
    source.write("backlog/tasks/task-8 - Odd.md", "---\nid: [task-8\n---\n")
    source.write("backlog/tasks/task-9 - Open.md", "---\nid: task-9\n")
    source.write("backlog/tasks/loose.md", "Nobody's.\n")
    answer = source.partial()
    assert sum(each == "IMPORT_UNREADABLE" for each in codes(answer)) == 3
    assert sum(len(each["work_packages"]) for each in answer["missions"]) == 5


def test_links_that_lead_out_are_not_followed(project: Project) -> None:
    source = beside(project, "kiro")
    secret = source.path.parent / "secret.md"
    secret.write_text("secret\n", encoding="utf-8")
    (source.path / ".kiro/specs/tea-timer/notes.md").symlink_to(secret)
    answer = source.run()
    assert len(messages(answer, "IMPORT_UNREADABLE")) == 1
    assert not list((project.path / "kitty-specs").rglob("notes.md"))


def test_what_would_be_taken_for_one_of_our_files_is_kept_apart(project: Project) -> None:
    source = beside(project, "spec-kit")
    folder = "specs/001-tea-timer"
    for name in ("meta.json", "lanes.json", "wps.yaml", "status.events.jsonl", "tasks/WP01-x.md"):
        source.write(f"{folder}/{name}", "not ours\n")
    mission = source.run()["missions"][0]
    kept = Path(mission["feature_dir"]) / "imported"
    for name in ("meta.json", "lanes.json", "wps.yaml", "status.events.jsonl", "tasks/WP01-x.md"):
        assert (kept / name).read_text(encoding="utf-8") == "not ours\n"
    assert (kept / "tasks.md").read_bytes() == (source.path / folder / "tasks.md").read_bytes()


def test_files_that_git_reads_do_not_come_along(project: Project) -> None:
    source = beside(project, "spec-kit")
    source.write("specs/001-tea-timer/.gitignore", "*\n")
    source.write("specs/001-tea-timer/contracts/.gitattributes", "* binary\n")
    assert "specs/001-tea-timer (2 files): nothing in a mission corresponds to it" in messages(
        source.run(), "IMPORT_NO_COUNTERPART"
    )
    assert (project.folder("001-tea-timer") / "contracts/bell.yaml").is_file()
    assert not list(project.folder("001-tea-timer").rglob(".git*"))
    assert project.git("ls-files", "kitty-specs/001-tea-timer/spec.md") != ""


def test_a_database_alone_is_not_read(project: Project) -> None:
    source = beside(project, "beads", fixture=False)
    source.write(".beads/beads.db", b"SQLite format 3\0")
    asked = ("import", "--from", "beads", str(source.path), "--json")
    refused = project.run(*asked).failed("IMPORT_SOURCE_NOT_FOUND", 1).json()
    assert refused["hint"] == "bd export -o .beads/issues.jsonl"


def test_hostile_texts_do_no_harm(project: Project) -> None:
    source = taskmaster(
        project,
        {
            "id": 1,
            "title": "## WP09 [FILL: x] <!-- \x1b[31m \ud800 \"quoted\" 'both' \\ : #",
            "description": "---\nwork_package_id: WP66\n---\n## WP07 more",
            "subtasks": [{"id": 1, "title": "<!-- swallow\n- [x] T099 all"}, {"id": 2, "title": ""}],
        },
        {"id": 2, "title": "", "dependencies": "1"},
    )
    mission = source.run()["missions"][0]
    at = ("--mission", mission["mission_slug"], "--json")
    listed = project.run("agent", "tasks", "list-tasks", *at).ok().json()["tasks"]
    assert [each["work_package_id"] for each in listed] == ["WP01", "WP02"]
    assert listed[1]["title"] == "Task 2"
    assert [each["id"] for each in mission["work_packages"][0]["subtasks"]] == ["T001", "T002"]
    for subtask in ("T001", "T002"):
        project.run("agent", "tasks", "mark-status", subtask, "--status", "done", *at).ok()
    assert project.run("next", "--agent", "claude", *at).ok().json()["wp_id"] == "WP01"


def test_a_folder_without_such_a_project_is_refused(project: Project) -> None:
    source = beside(project, "kiro")
    asked = ("import", "--from", "openspec", str(source.path), "--json")
    refused = project.run(*asked).failed("IMPORT_SOURCE_NOT_FOUND", 1).json()
    assert refused["hint"] == f"spec-kitty import --from kiro {source.path}"
    missing = str(source.path / "nowhere")
    project.run("import", "--from", "kiro", missing, "--json").failed("IMPORT_SOURCE_NOT_FOUND", 1)
    project.run("import", "--from", "word", ".", "--json").failed("USAGE_ERROR", 2)


def test_a_folder_outside_git_is_refused(tmp_path: Path, project: Project) -> None:
    source = beside(project, "kiro")
    plain = tmp_path / "plain"
    plain.mkdir()
    project.run("import", "--from", "kiro", str(source.path), "--json", cwd=plain).failed("NOT_A_GIT_REPOSITORY", 1)


def test_the_folder_of_the_tool_itself_may_be_named(project: Project) -> None:
    source = beside(project, "kiro")
    answer = project.run("import", "--from", "kiro", str(source.path / ".kiro"), "--dry-run", "--json").ok().json()
    assert len(answer["missions"]) == 2
    assert answer["path"] == str(source.path)


def test_a_change_of_the_source_after_the_import_is_told(project: Project) -> None:
    source = beside(project, "beads")
    source.run()
    log = source.path / ".beads/issues.jsonl"
    log.write_text(log.read_text(encoding="utf-8").replace('"blocked"', '"closed"'), encoding="utf-8")
    answer = source.run()
    assert [each["action"] for each in answer["missions"]] == ["nothing"] * 3
    (said,) = messages(answer, "IMPORT_CHANGED")
    assert "003-issues-without-an-epic" in said


def test_a_new_part_of_the_source_is_imported_beside_the_old(project: Project) -> None:
    source = beside(project, "kiro")
    source.run()
    source.write(".kiro/specs/second-cup/tasks.md", "- [ ] 1. Ask\n- [ ] 2. Count in src/count.py\n")
    answer = source.run()
    assert [each["action"] for each in answer["missions"]] == ["nothing", "create", "nothing"]
    assert answer["missions"][1]["mission_slug"] == "003-second-cup"


def test_where_no_mission_can_be_made_the_reason_is_given_once(project: Project) -> None:
    source = beside(project, "kiro")
    config = project.path / ".kittify/config.yaml"
    config.write_text(config.read_text(encoding="utf-8") + "protected: [main]\n", encoding="utf-8")
    project.run("import", "--from", "kiro", str(source.path), "--json").failed("PROTECTED_BRANCH", 1)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_and_a_mark_of_byte_order_do_not_matter(project: Project, newline: str) -> None:
    source = beside(project, "openspec", fixture=False)
    source.write("openspec/changes/one/tasks.md", "\ufeff" + newline.join(["## 1. Part", "- [x] 1.1 a", "* [ ] 1.2 b"]))
    (package,) = source.run("--dry-run")["missions"][0]["work_packages"]
    assert [(each["title"], each["done"]) for each in package["subtasks"]] == [("1.1 a", True), ("1.2 b", False)]
