"""`spec-kitty upgrade` on projects that no release left behind: broken, odd, shared, or somewhere else."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from specify_cli.cli.commands.upgrade import _progress
from specify_cli.kernel.paths import discover
from specify_cli.upgrade import runner
from specify_cli.upgrade.detect import project_at
from specify_cli.upgrade.plan import Options, make_plan
from specify_cli.version import VERSION
from tests.support.cli import Result, run_here, run_script
from tests.support.git import Repo, make_repo
from tests.support.legacy import SLUG, Legacy, build
from tests.support.project import Project
from tests.support.upgrading import tree_of


@pytest.fixture
def old(tmp_path: Path) -> Legacy:
    return build("2.1.3", tmp_path / "project")


def upgrade(folder: Path, *words: str) -> Result:
    return run_here("upgrade", *words, "--json", cwd=folder)


def sibling(old: Legacy, name: str) -> Path:
    """A second mission beside the first."""
    folder = old.path / "kitty-specs" / name
    shutil.copytree(old.mission, folder)
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    (folder / "meta.json").write_text(json.dumps({**meta, "feature_slug": name, "slug": name}), encoding="utf-8")
    (folder / "status.events.jsonl").unlink()
    return folder


def meta_of(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


# -- before it is upgraded -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["0.2.20", "0.11.1", "2.1.3"])
def test_work_that_goes_on_before_an_upgrade_is_kept_by_it(version: str, tmp_path: Path) -> None:
    old = build(version, tmp_path / "project")
    moved = run_here("agent", "tasks", "move-task", "WP01", "--to", "blocked", "--agent", "claude",
                     "--note", "no water", "--mission", SLUG, "--json", cwd=old.path).ok().json()  # fmt: skip
    assert moved["from_lane"] == "in_progress"
    wanted = {"WP01": "blocked", "WP02": "for_review", "WP03": "planned"}
    assert lanes(old) == wanted
    answer = upgrade(old.path).ok().json()
    sources = {each["wp_id"]: each["source"] for each in answer["missions"][0]["work_packages"]}
    assert sources["WP01"] == "log"
    assert lanes(old) == wanted
    run_here("materialize", "--mission", SLUG, "--json", cwd=old.path).ok()
    events = (old.mission / "status.events.jsonl").read_text(encoding="utf-8").splitlines()
    ids = [json.loads(line)["event_id"] for line in events]
    assert len(ids) == len(set(ids))
    assert moved["event_id"] in ids


def lanes(old: Legacy) -> dict[str, str]:
    board = run_here("status", "--mission", SLUG, "--json", cwd=old.path).ok().json()
    return {each["id"]: each["lane"] for each in board["work_packages"]}


# -- what is left alone --------------------------------------------------------------------------------------------


def break_header(folder: Path) -> None:
    (folder / "tasks" / "WP01-clock.md").write_text("---\nlane: sleeping\n---\n", encoding="utf-8")


def tear_log(folder: Path) -> None:
    (folder / "status.events.jsonl").write_bytes(b'{"event_id": "01')


def log_is_a_folder(folder: Path) -> None:
    (folder / "status.events.jsonl").mkdir()


def link_out(folder: Path) -> None:
    shutil.move(folder, folder.parent.parent / "elsewhere")
    folder.symlink_to("../elsewhere")


def tasks_link_out(folder: Path) -> None:
    shutil.move(folder / "tasks", folder.parent.parent / "elsewhere")
    (folder / "tasks").symlink_to("../../elsewhere")


def prompt_in_two_folders(folder: Path) -> None:
    for lane in ("doing", "for_review"):
        (folder / "tasks" / lane).mkdir()
        (folder / "tasks" / lane / "WP07-x.md").write_text("# WP07\n", encoding="utf-8")


def cut_meta(folder: Path) -> None:
    (folder / "meta.json").write_text("{", encoding="utf-8")


def other_target(folder: Path) -> None:
    (folder / "meta.json").write_text(json.dumps({**meta_of(folder), "target_branch": "release"}), encoding="utf-8")


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (break_header, "UNKNOWN_LANE"),
        (tear_log, "LOG_TORN"),
        (prompt_in_two_folders, "WP_DUPLICATE"),
        (log_is_a_folder, "LOG_NOT_A_FILE"),
        (tasks_link_out, "SYMLINK_REFUSED"),
        (cut_meta, "MALFORMED_JSON"),
        (other_target, "TARGET_NOT_CHECKED_OUT"),
    ],
)
def test_a_mission_that_cannot_be_upgraded_touches_no_other(old: Legacy, harm: Any, code: str) -> None:
    bad = sibling(old, "002-bad")
    old.git("branch", "release")
    harm(bad)
    before = tree_of(bad)
    answer = upgrade(old.path).failed(exit_code=1).json()
    assert [(each["mission_slug"], each["error_code"]) for each in answer["skipped"]] == [("002-bad", code)]
    assert answer["result"] == "partial"
    assert tree_of(bad) == before
    assert meta_of(old.mission)["mission_slug"] == SLUG
    assert "m_3_0_0_lanes" in (old.path / ".kittify" / "metadata.yaml").read_text(encoding="utf-8")
    again = upgrade(old.path).failed(exit_code=1).json()
    assert (again["changed"], again["result"]) == (False, "partial")


def test_a_mission_folder_that_is_a_link_is_no_mission_of_ours(old: Legacy) -> None:
    link_out(sibling(old, "002-linked"))
    before = tree_of(old.path / "elsewhere")
    upgrade(old.path).ok()
    assert tree_of(old.path / "elsewhere") == before


def test_a_folder_that_is_no_project_is_refused(git: Repo) -> None:
    upgrade(git.path).failed("NOT_INITIALIZED", 1)
    assert git.status() == ""


def test_the_users_own_templates_are_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "someone"
    template = home / ".kittify" / "missions" / "software-dev" / "mission.yaml"
    template.parent.mkdir(parents=True)
    template.write_text("mine", encoding="utf-8")
    monkeypatch.setenv("SPEC_KITTY_HOME", str(home / ".kittify"))
    upgrade(home).failed("NOT_INITIALIZED", 1)
    assert template.read_text(encoding="utf-8") == "mine"


def test_a_project_of_today_has_nothing_to_upgrade(project: Project) -> None:
    project.finalized()
    before = tree_of(project.path)
    assert upgrade(project.path).ok().json()["result"] == "nothing_to_do"
    assert tree_of(project.path) == before
    assert "nothing is to be done" in run_here("upgrade", cwd=project.path).ok().out


def test_a_lane_in_a_header_of_a_mission_of_today_is_nobodys_state(project: Project) -> None:
    slug = project.finalized()
    path = next(project.folder(slug).glob("tasks/WP01*.md"))
    path.write_text(path.read_text(encoding="utf-8").replace("---\n", "---\nlane: done\n", 1), encoding="utf-8")
    assert upgrade(project.path).ok().json()["changed"] is False
    assert project.lane_of(slug, "WP01") == "planned"


def test_git_and_the_index_are_left_alone(old: Legacy) -> None:
    (old.path / "mine.txt").write_text("mine", encoding="utf-8")
    old.git("add", "mine.txt")
    head, branches = old.git.head(), old.git("branch", "-a")
    upgrade(old.path).ok()
    assert (old.git.head(), old.git("branch", "-a")) == (head, branches)
    assert old.git("diff", "--cached", "--name-only") == "mine.txt"


# -- hints that name it --------------------------------------------------------------------------------------------


def test_init_names_it_and_it_helps(old: Legacy) -> None:
    told = run_here("init", "--ai", "claude", "--json", cwd=old.path).failed("UPGRADE_NEEDED").json()
    assert told["hint"] == "spec-kitty upgrade"
    upgrade(old.path).ok()
    run_here("init", "--ai", "claude", "--json", cwd=old.path).ok()


def test_a_meta_that_lacks_something_is_completed(project: Project) -> None:
    slug = project.finalized()
    meta = meta_of(project.folder(slug))
    del meta["friendly_name"]
    (project.folder(slug) / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    assert upgrade(project.path).ok().json()["result"] == "success"
    assert meta_of(project.folder(slug)) == {**meta, "friendly_name": "tea timer"}


# -- options -------------------------------------------------------------------------------------------------------


def test_ids_are_minted_only_on_request_and_alike_in_two_clones(old: Legacy, tmp_path: Path) -> None:
    upgrade(old.path).ok()
    assert "mission_id" not in meta_of(old.mission)
    old.git.commit("upgraded")
    old.git("clone", "-q", str(old.path), str(tmp_path / "clone"))
    minted = [meta_of(minted_in(path) / "kitty-specs" / SLUG)["mission_id"] for path in (old.path, tmp_path / "clone")]
    assert minted[0] == minted[1]
    journal = old.path / ".git" / "spec-kitty" / "journal"
    assert [path.name for path in journal.iterdir()] == [f"{minted[0]}.jsonl"]


def minted_in(folder: Path) -> Path:
    asked = run_here("orchestrator-api", "mission-state", "--mission", SLUG, cwd=folder)
    assert "upgrade --mint-mission-ids" in asked.out
    upgrade(folder, "--mint-mission-ids").ok()
    run_here("orchestrator-api", "mission-state", "--mission", SLUG, cwd=folder).ok()
    return folder


def test_an_id_that_is_minted_amid_the_work_changes_nothing_for_who_works(old: Legacy) -> None:
    at = ("--mission", SLUG, "--json")
    implement = ("agent", "action", "implement", "WP01", "--agent", "claude", *at)
    upgrade(old.path).ok()
    run_here("agent", "mission", "finalize-tasks", *at, cwd=old.path).ok()
    before = run_here(*implement, cwd=old.path).ok().json()
    upgrade(old.path, "--mint-mission-ids").ok()
    after = run_here(*implement, cwd=old.path).ok().json()
    assert after["workspace_path"] == before["workspace_path"]
    assert after["mission_id"] == meta_of(old.mission)["mission_id"]
    found = run_here("doctor", "--json", cwd=old.path).ok().json()["findings"]
    assert {each["code"] for each in found if each["severity"] in {"error", "warning"}} <= {"LEASE_QUIET"}


def test_worktrees_are_left_alone_where_that_is_asked_for(tmp_path: Path) -> None:
    old = build("0.9.4", tmp_path / "project")
    before = tree_of(old.lives)
    answer = upgrade(old.path, "--no-worktrees").ok().json()
    assert (answer["missions"], tree_of(old.lives)) == ([], before)
    assert [each["kind"] for each in answer["worktrees"]] == ["other"]
    later = upgrade(old.path).ok().json()
    assert [each["mission_slug"] for each in later["missions"] if each["changed"]] == [SLUG]
    assert [each["kind"] for each in later["worktrees"]] == ["mission"]


def test_worktrees_of_work_packages_are_recognised(old: Legacy) -> None:
    found = upgrade(old.path).ok().json()["worktrees"]
    assert [(each["kind"], each["mission_slug"], each["wp_id"]) for each in found] == [
        ("work_package", SLUG, "WP01"),
        ("work_package", SLUG, "WP02"),
    ]


def test_a_target_ends_the_way_there(old: Legacy) -> None:
    first = upgrade(old.path, "--target", "3.0.0").ok().json()
    assert [each["id"] for each in first["migrations"]] == ["m_0_2_0_layout", "m_2_0_0_shipped_copies", "m_3_0_0_lanes"]
    assert "feature_slug" in meta_of(old.mission)
    assert "version: 3.0.0" in (old.path / ".kittify" / "metadata.yaml").read_text(encoding="utf-8")
    assert upgrade(old.path).ok().json()["from_version"] == "3.0.0"
    assert meta_of(old.mission)["mission_slug"] == SLUG


@pytest.mark.parametrize("target", ["99.0", "1.0.0", "soon"])
def test_a_target_that_cannot_be_is_refused(old: Legacy, target: str) -> None:
    before = tree_of(old.path)
    upgrade(old.path, "--target", target).failed("INVALID_TARGET", 2)
    assert tree_of(old.path) == before


def test_rollback_goes_with_nothing_else(old: Legacy) -> None:
    upgrade(old.path, "--rollback", "--dry-run").failed("USAGE_ERROR", 2)


# -- going back ----------------------------------------------------------------------------------------------------


def test_a_rollback_keeps_what_was_done_since(old: Legacy) -> None:
    upgrade(old.path).ok()
    moved = run_here("agent", "tasks", "move-task", "WP01", "--to", "blocked", "--agent", "claude", "--note", "x",
                     "--mission", SLUG, "--json", cwd=old.path).ok().json()  # fmt: skip
    back = upgrade(old.path, "--rollback").ok().json()
    journal = ".git/spec-kitty/journal/001-tea-timer.jsonl"
    assert journal in {Path(path).relative_to(old.path).as_posix() for path in back["changed_since"]}
    kept = Path(back["kept_in"]) / "files" / "@git" / "spec-kitty" / "journal" / "001-tea-timer.jsonl"
    assert moved["event_id"] in kept.read_text(encoding="utf-8")
    assert "kept in" in run_again(old).out


def run_again(old: Legacy) -> Result:
    """The same story, told to a person."""
    upgrade(old.path).ok()
    run_here("agent", "tasks", "move-task", "WP01", "--to", "blocked", "--agent", "claude", "--note", "x",
             "--mission", SLUG, cwd=old.path).ok()  # fmt: skip
    return run_here("upgrade", "--rollback", cwd=old.path).ok()


def test_a_rollback_goes_back_from_upgrade_to_upgrade(old: Legacy) -> None:
    before = tree_of(old.path)
    upgrade(old.path, "--target", "3.0.0").ok()
    between = tree_of(old.path)
    upgrade(old.path).ok()
    upgrade(old.path, "--rollback").ok()
    assert tree_of(old.path) == between
    upgrade(old.path, "--rollback").ok()
    assert tree_of(old.path) == before


@pytest.mark.parametrize(
    "slot",
    ["@git/hooks/pre-commit", "@git/spec-kitty/trust.json", ".git/hooks/pre-commit", "../outside", "/outside",
     "@elsewhere/outside", ".GIT/config", "@git/../outside"],
)  # fmt: skip
def test_a_backup_that_came_with_a_clone_leads_nowhere(slot: str, old: Legacy) -> None:
    upgrade(old.path).ok()
    (folder,) = (old.path / ".kittify" / "backups").glob("2*")
    told = json.loads((folder / "backup.json").read_text(encoding="utf-8"))
    told["entries"].append({**told["entries"][0], "slot": slot})
    (folder / "backup.json").write_text(json.dumps(told), encoding="utf-8")
    before = tree_of(old.path)
    assert slot in upgrade(old.path, "--rollback").failed("BACKUP_INVALID", 1).json()["error"]
    assert tree_of(old.path) == before


def test_a_rollback_writes_through_no_link(old: Legacy) -> None:
    upgrade(old.path).ok()
    outside = old.path.parent / "outside"
    (old.path / ".claude" / "commands").rename(outside)
    (old.path / ".claude" / "commands").symlink_to(outside)
    before = tree_of(outside)
    upgrade(old.path, "--rollback").failed("SYMLINK_REFUSED", 1)
    assert tree_of(outside) == before


@pytest.mark.parametrize("words", [("--dry-run",), (), ("--rollback",)])
def test_backups_that_lead_out_are_refused(words: tuple[str, ...], old: Legacy) -> None:
    (old.path.parent / "outside").mkdir()
    (old.path / ".kittify" / "backups").symlink_to(old.path.parent / "outside")
    upgrade(old.path, *words).failed("SYMLINK_REFUSED", 1)
    assert not list((old.path.parent / "outside").iterdir())


@pytest.mark.parametrize("place", [".claude/commands/spec-kitty.plan.md", ".kittify/backups"])
def test_something_else_at_a_place_of_ours_is_foreseen(place: str, old: Legacy) -> None:
    path = old.path / place
    path.unlink(missing_ok=True)
    if place.endswith(".md"):
        path.mkdir()
    else:
        path.write_text("mine", encoding="utf-8")
    before = tree_of(old.path)
    answers = [upgrade(old.path, *words).failed("FILE_UNUSABLE", 1).json() for words in (("--dry-run",), ())]
    assert answers[0] == answers[1]
    assert str(answers[0]["hint"]).startswith("mv ")
    assert tree_of(old.path) == before


def test_a_header_that_names_two_lanes_is_nobodys_guess(old: Legacy) -> None:
    """Two that differ are a person's to settle, and so is a key that stands there twice: nothing of it is changed."""
    prompt = old.mission / "tasks" / "WP01-clock.md"
    text = prompt.read_text(encoding="utf-8")
    prompt.write_text(text.replace("---\n", "---\nlane: done\n", 1), encoding="utf-8")
    before = tree_of(old.mission)
    (left,) = upgrade(old.path).failed(exit_code=1).json()["skipped"]
    assert (left["error_code"], left["details"]["edit"]) == ("LANE_AMBIGUOUS", "tasks/WP01-clock.md")
    assert tree_of(old.mission) == before
    prompt.write_text(text.replace("---\n", "---\nlane: doing\n", 1), encoding="utf-8")
    before = tree_of(old.mission)
    told = upgrade(old.path).failed(exit_code=1)
    assert 'found duplicate key \\"lane\\"' in told.out
    assert tree_of(old.mission) == before


def test_a_backup_that_is_none_is_named_and_does_not_stand_in_the_way(old: Legacy) -> None:
    first = Path(upgrade(old.path, "--target", "3.0.0").ok().json()["backup"])
    (first / "backup.json").write_text('{"version": 99}', encoding="utf-8")
    upgrade(old.path).ok()
    upgrade(old.path, "--rollback").ok()
    upgrade(old.path, "--rollback").failed("BACKUP_INVALID", 1)
    assert (first / "files").is_dir()


def test_what_was_cut_short_is_told_by_a_dry_run_and_finished_by_a_run(old: Legacy) -> None:
    backup = Path(upgrade(old.path).ok().json()["backup"])
    intent = old.path / ".git" / "spec-kitty" / "upgrade.json"
    intent.write_text(json.dumps({"version": 1, "backup": backup.name}), encoding="utf-8")
    told = upgrade(old.path, "--dry-run").ok().json()["warnings"]
    assert [each["code"] for each in told] == ["UPGRADE_INTERRUPTED"]
    assert upgrade(old.path).ok().json()["finished"] == backup.name
    assert not intent.exists()


# -- others at work ------------------------------------------------------------------------------------------------


def test_a_mission_that_is_changed_meanwhile_is_left_for_the_next_run(old: Legacy) -> None:
    other = sibling(old, "002-cup-alarm")
    prompt = old.mission / "tasks" / "WP03-stop.md"

    def edit(number: int, _total: int, name: str) -> None:
        if number == 2 and name.startswith("plan"):  # the first mission is planned, the second is about to be
            prompt.write_text(prompt.read_text(encoding="utf-8") + "More.\n", encoding="utf-8")

    done = runner.upgrade(discover(old.path), VERSION, Options(VERSION), edit)
    assert [each.code for each in done.notices] == ["CHANGED_MEANWHILE"]
    assert ("feature_slug" in meta_of(old.mission), "feature_slug" in meta_of(other)) == (True, False)
    assert prompt.read_text(encoding="utf-8").endswith("More.\n")
    assert upgrade(old.path).ok().json()["result"] == "success"
    text = prompt.read_text(encoding="utf-8")
    assert text.endswith("More.\n")
    assert "\nlane:" not in text.split("---")[1]


def test_eight_upgrades_at_once_are_one(old: Legacy) -> None:
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: run_script("upgrade", "--json", cwd=old.path), range(8)))
    assert [each.code for each in done] == [0] * 8
    assert sorted(each.json()["changed"] for each in done) == [False] * 7 + [True]
    events = (old.mission / "status.events.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(events) == len({json.loads(line)["event_id"] for line in events}) == 5


def test_two_clones_that_upgrade_apart_come_to_the_same_events(old: Legacy, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    old.git("clone", "-q", str(old.path), str(clone))
    for path in (old.path, clone):
        upgrade(path).ok()
    name = f"kitty-specs/{SLUG}/status.events.jsonl"
    assert (old.path / name).read_bytes() == (clone / name).read_bytes()


def test_at_every_moment_a_prompt_is_at_one_of_its_places(tmp_path: Path) -> None:
    old = build("0.2.20", tmp_path / "project")
    project = project_at(discover(old.path), VERSION)
    plan = make_plan(project, Options(VERSION), VERSION, lambda *_: None)
    (changes,) = (list(unit.changes.items()) for unit in plan.units if unit.name == SLUG)
    journal = old.path / ".git" / "spec-kitty" / "journal" / f"{SLUG}.jsonl"
    assert changes[0][0] == journal, "once it has the events, readers are right"
    at = {
        path.relative_to(old.mission).as_posix(): number for number, (path, _) in enumerate(changes) if path != journal
    }
    for lane, prompt in (("doing", "WP01-clock"), ("for_review", "WP02-bell"), ("planned", "WP03-stop")):
        assert at[f"tasks/{prompt}.md"] < at[f"tasks/{lane}/{prompt}.md"]


# -- other layouts -------------------------------------------------------------------------------------------------


def test_a_project_of_the_first_layout_is_brought_here_in_one_go(tmp_path: Path) -> None:
    git = make_repo(tmp_path / "project")
    git.write(".specify/memory/constitution.md", "# Law\n")
    git.write("specs/001-tea/spec.md", "# Tea\n")
    git.write("specs/001-tea/tasks.md", "# Tasks\n\nSee tasks/doing/WP01-brew.md\n")
    git.write("specs/001-tea/tasks/doing/WP01-brew.md", "---\nwork_package_id: WP01\ntitle: Brew\n---\n# WP01\n")
    git.commit("old")
    before = tree_of(git.path)
    upgrade(git.path).ok()
    after = tree_of(git.path)
    assert after[".kittify/charter/charter.md"] == b"# Law\n"
    assert b"See tasks/WP01-brew.md" in after["kitty-specs/001-tea/tasks.md"]
    assert not [name for name in after if name.startswith((".specify", "specs/"))]
    board = run_here("status", "--mission", "001-tea", "--json", cwd=git.path).ok().json()
    assert [(each["id"], each["lane"]) for each in board["work_packages"]] == [("WP01", "in_progress")]
    upgrade(git.path, "--rollback").ok()
    assert tree_of(git.path) == before


def test_without_git_the_log_in_the_tree_is_all_there_is(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    shutil.copytree(
        build("2.1.3", tmp_path / "project").path, folder, ignore=shutil.ignore_patterns(".git", ".worktrees")
    )
    before = tree_of(folder)
    upgrade(folder).ok()
    board = run_here("status", "--mission", SLUG, "--json", cwd=folder).ok().json()
    assert [each["lane"] for each in board["work_packages"]] == ["in_progress", "for_review", "planned"]
    assert upgrade(folder).ok().json()["changed"] is False
    upgrade(folder, "--rollback").ok()
    assert tree_of(folder) == before


def test_a_moved_project_can_still_go_back(old: Legacy, tmp_path: Path) -> None:
    before = tree_of(old.path)
    upgrade(old.path).ok()
    shutil.rmtree(old.path / ".worktrees")
    moved = old.path.rename(tmp_path / "moved")
    old.git("worktree", "prune", check=False) if old.path.exists() else None
    upgrade(moved, "--rollback").ok()
    assert tree_of(moved) == {name: data for name, data in before.items() if not name.startswith(".worktrees/")}


def test_a_mission_that_was_finished_in_its_day_stays_finished(tmp_path: Path) -> None:
    old = build("0.13.28", tmp_path / "project")
    for path in old.mission.glob("tasks/WP*.md"):
        text = re.sub(r"^lane: .*$", "lane: done", path.read_text(encoding="utf-8"), count=1, flags=re.MULTILINE)
        moves = ("18:00:00Z – claude – lane=for_review – Ready", "18:30:00Z – eve – lane=done – Good")
        logged = "".join(f"- 2026-11-20T{move}\n" for move in moves)
        path.write_text(text.rstrip("\n") + "\n" + logged, encoding="utf-8")
    upgrade(old.path).ok()
    board = run_here("status", "--mission", SLUG, "--json", cwd=old.path).ok().json()
    assert board["by_lane"]["done"] == ["WP01", "WP02", "WP03"]
    assert board["progress_percentage"] == 100
    run_here("agent", "status", "validate", "--mission", SLUG, "--json", cwd=old.path).ok()


# -- the queue of the user (seed 064, C2) --------------------------------------------------------------------------

_OLD_QUEUE = """
CREATE TABLE queue (id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT UNIQUE NOT NULL, event_type TEXT NOT NULL,
    data TEXT NOT NULL, timestamp INTEGER NOT NULL, retry_count INTEGER DEFAULT 0);
CREATE TABLE body_upload_queue (id INTEGER PRIMARY KEY AUTOINCREMENT, project_uuid TEXT NOT NULL,
    feature_slug TEXT NOT NULL, target_branch TEXT NOT NULL, mission_key TEXT NOT NULL, manifest_version TEXT NOT NULL,
    artifact_path TEXT NOT NULL, content_hash TEXT NOT NULL, hash_algorithm TEXT NOT NULL DEFAULT 'sha256',
    content_body TEXT NOT NULL, size_bytes INTEGER NOT NULL, retry_count INTEGER NOT NULL DEFAULT 0,
    next_attempt_at REAL NOT NULL DEFAULT 0.0, created_at REAL NOT NULL, last_error TEXT,
    UNIQUE(project_uuid, feature_slug, target_branch, mission_key, manifest_version, artifact_path, content_hash));
"""


def test_populated_tables_of_older_columns_lose_no_row(old: Legacy) -> None:
    path = old.home / "queues" / "queue-0123456789abcdef.db"
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(_OLD_QUEUE)
        for number in range(500):
            body = ("u", SLUG, "main", "software-dev", "1", f"{number}.md", f"h{number}", "text", 4, 1.0)
            db.execute("INSERT INTO queue VALUES (NULL, ?, 'WPCreated', '{}', 1, 0)", (f"e{number}",))
            db.execute(
                "INSERT INTO body_upload_queue (project_uuid, feature_slug, target_branch, mission_key,"
                " manifest_version, artifact_path, content_hash, content_body, size_bytes, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                body,
            )
        db.commit()
    before = path.read_bytes()
    planned = upgrade(old.path, "--dry-run").ok().json()["queues"]
    assert [(each["events"], each["bodies"], each["outdated"]) for each in planned][1] == (500, 500, True)
    assert path.read_bytes() == before
    upgrade(old.path).ok()
    with closing(sqlite3.connect(path)) as db:
        columns = {row[1] for row in db.execute("PRAGMA table_info(body_upload_queue)")}
        assert {"mission_slug", "mission_type"} <= columns
        assert columns.isdisjoint({"feature_slug", "mission_key"})
        assert "coalesce_key" in {row[1] for row in db.execute("PRAGMA table_info(queue)")}
        bodies = list(db.execute("SELECT mission_slug, mission_type, artifact_path FROM body_upload_queue"))
        assert sorted(bodies) == sorted((SLUG, "software-dev", f"{number}.md") for number in range(500))
        assert db.execute("SELECT COUNT(DISTINCT event_id) FROM queue").fetchone() == (500,)
    upgrade(old.path, "--rollback").ok()
    assert path.read_bytes() == before


def test_a_queue_that_went_on_is_not_rolled_back(old: Legacy) -> None:
    upgrade(old.path).ok()
    with closing(sqlite3.connect(old.home / "queue.db")) as db:
        db.execute("DELETE FROM queue WHERE id = 1")
        db.commit()
    told = upgrade(old.path, "--rollback").ok().json()["warnings"]
    assert [each["code"] for each in told] == ["QUEUE_KEPT"]


def test_a_queue_of_before_is_all_there_is_to_upgrade(project: Project, tmp_path: Path) -> None:
    """A project of today, on a machine that has a queue file of an older version."""
    old = build("2.1.3", tmp_path / "old")
    before = (old.home / "queue.db").read_bytes()
    assert upgrade(project.path).ok().json()["changed"] is True
    assert upgrade(project.path).ok().json()["changed"] is False
    upgrade(project.path, "--rollback").ok()
    assert (old.home / "queue.db").read_bytes() == before


def test_what_a_killed_sender_has_queued_is_not_rolled_back(old: Legacy) -> None:
    """What was committed last may still stand beside the file, and the file then looks as it did."""
    upgrade(old.path).ok()
    path = old.home / "queue.db"
    add = "INSERT INTO queue (event_id, event_type, data, timestamp) VALUES ('new', 'x', '{}', 1)"
    source = f"import os, sqlite3; db = sqlite3.connect({str(path)!r}); db.execute({add!r}); db.commit(); os._exit(9)"
    subprocess.run([sys.executable, "-c", source], check=False)
    assert path.with_name("queue.db-wal").exists()
    told = upgrade(old.path, "--rollback").ok().json()["warnings"]
    assert [each["code"] for each in told] == ["QUEUE_KEPT"]
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT COUNT(*) FROM queue WHERE event_id = 'new'").fetchone() == (1,)


def test_a_queue_that_is_no_database_is_named_and_the_rest_is_upgraded(old: Legacy) -> None:
    (old.home / "queue.db").write_bytes(b"not a database at all, but long enough to be read as one" * 20)
    answer = upgrade(old.path).ok().json()
    assert answer["result"] == "success"
    assert "DATABASE_BROKEN" in {each["code"] for each in answer["warnings"]}


# -- what a person sees --------------------------------------------------------------------------------------------


def test_what_a_person_reads_fits_and_names_sources(old: Legacy) -> None:
    said = run_here("upgrade", cwd=old.path).ok().out
    assert "WP01   in_progress  told by its header; the log has no move of it" in said
    assert "WP02   for_review   told by the log" in said
    assert "git merge 001-tea-timer-WP01" in said
    told = [line for line in said.splitlines() if str(old.path) not in line and "/" not in line]
    assert max(map(len, told)) <= 80


def test_the_bar_is_drawn_as_it_grows() -> None:
    drawn: list[str] = []
    show = _progress(drawn.extend)
    for number in range(1, 201):
        show(number, 200, f"m{number}")
    assert len(drawn) == 31
    assert drawn[-1].strip().startswith("█" * 30 + " 200/200")


def test_backups_of_others_are_no_runs_that_were_cut_short(old: Legacy) -> None:
    backups = old.path / ".kittify" / "backups"
    kept = backups / "20261121T120000.000000Z" / "kitty-specs" / SLUG / "spec.md"
    half = backups / "20261121T130000Z" / "files" / "spec.md"
    for path in (kept, half):
        path.parent.mkdir(parents=True)
        path.write_text("as it was\n", encoding="utf-8")
    upgrade(old.path).ok()
    upgrade(old.path).ok()
    assert (kept.is_file(), half.exists()) == (True, False)
