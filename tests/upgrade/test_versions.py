"""Every release whose project we have: read as it is, upgraded, compared, used, upgraded again and rolled back."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from specify_cli.version import VERSION
from tests.support.cli import run_here
from tests.support.legacy import NEWER, OLD, SLUG, Legacy, build, worktrees_of
from tests.support.project import Project
from tests.support.upgrading import difference, expected, steady, tree_of

STATE = {"WP01": "in_progress", "WP02": "for_review", "WP03": "planned"}
# Which source each work package's lane is trusted to, as docs/reference/upgrade-rules.md tells.
TRUSTED = {
    "0.2.20": ("folder", "folder", "folder"),
    "0.4.8": ("folder", "folder", "folder"),
    "0.9.4": ("header", "header", "header"),
    "0.10.8": ("header", "header", "header"),
    "0.11.1": ("header", "header", "header"),
    "0.13.28": ("header", "header", "header"),
    "0.16.2": ("header", "header", "header"),
    "1.0.3": ("header", "header", "header"),
    "2.1.3": ("header", "log", "header"),
    "3.0.0": ("log", "log", "header"),
    "3.1.1": ("log", "log", "log"),
}
QUEUED = {"2.1.3": 9, "3.0.0": 12, "3.1.1": 13}


@pytest.fixture(params=OLD)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Legacy:
    return build(request.param, tmp_path / "project")


def lanes(project: Legacy) -> dict[str, str]:
    board = run_here("status", "--mission", SLUG, "--json", cwd=project.path).ok().json()
    return {each["id"]: each["lane"] for each in board["work_packages"]}


def base(version: str) -> str:
    return version.partition("-")[0]


def test_it_is_read_upgraded_as_expected_and_rolled_back(old: Legacy) -> None:
    bad = "bad-meta" in old.version
    before, queue = tree_of(old.path), old.home / "queue.db"
    rows = queue.read_bytes() if queue.exists() else None
    tips = {name: old.git("rev-parse", name) for name in ["main", *worktrees_of(old.version).values()]}
    read_only(old)
    planned = run_here("upgrade", "--dry-run", "--json", cwd=old.path).ok().json()
    assert tree_of(old.path) == before

    done = run_here("upgrade", "--json", cwd=old.path)
    answer = done.json()
    assert (done.code, answer["result"]) == ((1, "partial") if bad else (0, "success"))
    assert answer["files"] == planned["files"]
    after = tree_of(old.path)
    told = difference(before, steady(after, before))
    assert told == expected(old, told)
    assert lanes(old) == STATE
    trusted = next(each for each in answer["missions"] if each["mission_slug"] == SLUG)["work_packages"]
    assert tuple(each["source"] for each in trusted) == TRUSTED[base(old.version)]
    assert run_here("agent", "status", "validate", "--mission", SLUG, "--json", cwd=old.path).code == 0
    found = {each["code"] for each in run_here("doctor", "setup", "--json", cwd=old.path).json()["findings"]}
    assert found.isdisjoint({"UPGRADE_NEEDED", "SETUP_INCOMPLETE", "CONFIG_MISSING"})
    assert {name: old.git("rev-parse", name) for name in tips} == tips
    assert all((old.path / ".worktrees" / name).is_dir() for name in worktrees_of(old.version))

    again = run_here("upgrade", "--json", cwd=old.path).json()
    assert (again["changed"], again["files"]) == (False, {"written": [], "removed": []})
    assert tree_of(old.path) == after

    back = run_here("upgrade", "--rollback", "--json", cwd=old.path).ok().json()
    assert back["changed_since"] == []
    assert tree_of(old.path) == before
    assert set(old.git.status().split()) <= {"??", ".kittify/backups/.gitignore"}
    assert (queue.read_bytes() if queue.exists() else None) == rows
    run_here("upgrade", "--rollback", "--json", cwd=old.path).failed("NOTHING_TO_ROLL_BACK")


def read_only(old: Legacy) -> None:
    """What only reads is not gated by the age of a project."""
    for words in (("mission", "list"), ("status",), ("next",)):
        run_here(*words, "--json", cwd=old.path).ok()
    found = run_here("doctor", "--json", cwd=old.path).json()["findings"]
    told = {each["code"] for each in found if each["severity"] in {"error", "warning"}}
    assert told == {"UPGRADE_NEEDED", *(["MALFORMED_JSON"] if "bad-meta" in old.version else [])}
    assert lanes(old) == STATE


def test_a_work_package_goes_on_after_it(old: Legacy) -> None:
    run_here("upgrade", cwd=old.path)
    with_owned_files(old)
    at = ("--mission", SLUG, "--json")
    run_here("agent", "mission", "finalize-tasks", *at, cwd=old.path).ok()
    found = run_here("agent", "action", "implement", "WP01", "--agent", "claude", *at, cwd=old.path).ok().json()
    work = Path(found["workspace_path"])
    (work / "src" / "clock").mkdir(parents=True)
    (work / "src" / "clock" / "clock.py").write_text("TICK = 1\n", encoding="utf-8")
    run_here("agent", "tasks", "mark-status", "T001", "T002", "--status", "done", *at, cwd=old.path).ok()
    moved = run_here(
        "agent", "tasks", "move-task", "WP01", "--to", "for_review", "--agent", "claude", "--commit", "clock", *at,
        cwd=old.path,
    ).ok()  # fmt: skip
    assert moved.json()["to_lane"] == "for_review"
    assert lanes(old) == {**STATE, "WP01": "for_review"}
    run_here("doctor", "--json", cwd=old.path)


def with_owned_files(project: Legacy) -> None:
    """Versions before 1.0 did not ask which files a work package owns; a person says so once."""
    spec = project.mission / "spec.md"
    if "FR-001" not in spec.read_text(encoding="utf-8"):
        spec.write_text(spec.read_text(encoding="utf-8") + "\n- **FR-001**: It rings.\n", encoding="utf-8")
    for path in project.mission.glob("tasks/WP*.md"):
        text = path.read_text(encoding="utf-8")
        if "owned_files" not in text:
            name = {"WP01": "clock", "WP02": "bell", "WP03": "stop"}[path.name[:4]]
            text = text.replace("---\n", f"---\nowned_files: [src/{name}/**]\nrequirement_refs: [FR-001]\n", 1)
            path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("version", QUEUED)
def test_no_row_of_the_queue_is_lost(version: str, tmp_path: Path) -> None:
    project = build(version, tmp_path / "project")
    queue = project.home / "queue.db"
    before = rows_of(queue)
    answer = run_here("upgrade", "--json", cwd=project.path).ok().json()
    assert [(each["events"], each["outdated"]) for each in answer["queues"]] == [(QUEUED[version], True)]
    assert rows_of(queue) == before
    assert len(before) == QUEUED[version]
    again = run_here("upgrade", "--json", cwd=project.path).ok().json()
    assert (again["result"], again["queues"][0]["outdated"]) == ("nothing_to_do", False)


def rows_of(path: Path) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(path)) as db:
        return list(db.execute("SELECT event_id, event_type, data FROM queue ORDER BY event_id"))


def test_a_newer_project_is_left_as_it_is(tmp_path: Path) -> None:
    project = build(NEWER, tmp_path / "project")
    before = tree_of(project.path)
    for words in (("mission", "list"), ("status",), ("next",)):
        run_here(*words, "--json", cwd=project.path).ok()
    found = run_here("doctor", "--json", cwd=project.path).json()["findings"]
    assert {each["code"] for each in found if each["severity"] == "error"} == {"PROJECT_NEWER"}
    for option in ([], ["--dry-run"], ["--rollback"], ["--mint-mission-ids"]):
        told = run_here("upgrade", *option, "--json", cwd=project.path).failed("PROJECT_NEWER", 1).json()
        assert "3.2.7" in told["error"]
    assert tree_of(project.path) == before
    assert not (project.path / ".kittify" / "backups").exists()
    assert not (project.path / ".git" / "spec-kitty" / "journal").exists()


def test_an_older_number_beside_a_newer_schema_is_told_apart(tmp_path: Path) -> None:
    project = build(NEWER, tmp_path / "project")
    path = project.path / ".kittify" / "metadata.yaml"
    path.write_text("spec_kitty:\n  version: 2.0.1\n  schema_version: 3\n", encoding="utf-8")
    error = run_here("upgrade", "--json", cwd=project.path).failed("PROJECT_NEWER", 1).json()["error"]
    assert "names version 2.0.1, and schema_version 3, which only versions newer than this" in error


@pytest.mark.parametrize("words", ["mission list", "status", "next", "why", "merge --dry-run"])
def test_who_reads_a_newer_project_is_told_so(words: str, tmp_path: Path) -> None:
    project = build(NEWER, tmp_path / "project")
    (warning,) = [line for line in run_here(*words.split(), cwd=project.path).err.splitlines() if "3.2.7" in line]
    assert warning.startswith("Warning: ")


CHANGING = (
    "next --agent ada",
    "agent tasks move-task WP01 --to claimed --agent ada",
    "agent mission create another",
    "agent config sync",
    "init --ai claude --non-interactive",
    "accept",
    "merge",
    "doctor --fix",
)


@pytest.mark.parametrize("words", CHANGING)
def test_nothing_changes_a_newer_project(words: str, tmp_path: Path) -> None:
    project = build(NEWER, tmp_path / "project")
    before = tree_of(project.path)
    assert "3.2.7" in run_here(*words.split(), "--json", cwd=project.path).failed("PROJECT_NEWER", 1).json()["error"]
    assert tree_of(project.path) == before
    assert not (project.path / ".git" / "spec-kitty" / "journal").exists()


@pytest.mark.parametrize(
    "words", ["mission-state --mission tea", "append-history --mission tea --wp WP01 --actor ada --note x"]
)
def test_programs_get_no_state_of_a_newer_project(words: str, tmp_path: Path) -> None:
    project = build(NEWER, tmp_path / "project")
    answer = run_here("orchestrator-api", *words.split(), cwd=project.path)
    assert (answer.code, answer.json()["error_code"]) == (1, "MISSION_NOT_READY")
    assert answer.json()["data"]["reason"] == "PROJECT_NEWER"


@pytest.mark.parametrize("made", ["", ".dev0"])
def test_a_version_that_mends_this_one_stops_no_work(made: str, project: Project) -> None:
    """Its third number differs, and the formats do not: who is not up to date yet goes on."""
    major, minor, patch = VERSION.split(".")[:3]
    metadata = project.path / ".kittify" / "metadata.yaml"
    text = metadata.read_text(encoding="utf-8")
    metadata.write_text(text.replace(VERSION, f"{major}.{minor}.{int(patch) + 1}{made}"), encoding="utf-8")
    assert project.run("agent", "mission", "create", "tea", "--json").ok().err == ""
    assert "newer" not in project.run("status").ok().err
    project.run("upgrade", "--json").failed("PROJECT_NEWER")


@pytest.mark.parametrize("content", ["", "a: [", "spec_kitty: 7\n", "spec_kitty: {version: later}\n"])
def test_metadata_that_says_nothing_stops_no_work(content: str, project: Project) -> None:
    (project.path / ".kittify" / "metadata.yaml").write_text(content, encoding="utf-8")
    project.run("agent", "mission", "create", "tea", "--json").ok()


@pytest.mark.parametrize("version", ["0.13.28-bad-meta", "2.1.3-bad-meta"])
def test_a_broken_mission_is_named_and_left_byte_for_byte(version: str, tmp_path: Path) -> None:
    project = build(version, tmp_path / "project")
    folder = project.path / "kitty-specs" / "002-cup-alarm"
    before = tree_of(folder)
    answer = run_here("upgrade", "--json", cwd=project.path).failed(exit_code=1).json()
    (left,) = answer["skipped"]
    assert (left["mission_slug"], left["error_code"]) == ("002-cup-alarm", "MALFORMED_JSON")
    assert "002-cup-alarm/meta.json line" in left["error"]
    assert tree_of(folder) == before
    assert json.loads((project.mission / "meta.json").read_text(encoding="utf-8"))["mission_slug"] == SLUG

    meta = json.loads((project.mission / "meta.json").read_text(encoding="utf-8"))
    (folder / "meta.json").write_text(json.dumps({**meta, "mission_slug": folder.name}), encoding="utf-8")
    mended = run_here("upgrade", "--json", cwd=project.path).ok().json()
    assert [each["mission_slug"] for each in mended["missions"] if each["changed"]] == ["002-cup-alarm"]
