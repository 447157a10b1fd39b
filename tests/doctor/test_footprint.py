"""What the tool wrote is known to the file, and taken away to the file; nothing else is."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from specify_cli.core import manifest as manifests
from tests.support import killing
from tests.support.cli import run_here
from tests.support.git import Repo
from tests.support.missions import finalized_mission
from tests.support.project import Project, make_project

PLAN = ".claude/commands/spec-kitty.plan.md"


def files_in(folder: Path) -> set[str]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return {path.as_posix() for path in found if path.parts[0] != ".git"}


def relative(folder: Path, path: str) -> str:
    return Path(path).relative_to(folder).as_posix()


def footprint(folder: Path) -> dict[str, Any]:
    """What `footprint --json` answers, with paths relative to the project."""
    answer = run_here("footprint", "--json", cwd=folder).ok().json()
    for name in ("generated", "missions", "yours"):
        answer[name] = [relative(folder, path) for path in answer[name]]
    return {**answer, "files": [{**each, "path": relative(folder, each["path"])} for each in answer["files"]]}


def uninstall(folder: Path, *words: str) -> dict[str, Any]:
    """What `uninstall --json` answers, with what is kept relative to the project."""
    answer = run_here("uninstall", *words, "--json", cwd=folder).ok().json()
    return {**answer, "kept": [{**each, "path": relative(folder, each["path"])} for each in answer["kept"]]}


def test_every_file_that_init_wrote_is_listed_and_removed(git: Repo) -> None:
    before = files_in(git.path)
    run_here("init", "--ai", "claude,gemini,letta", cwd=git.path).ok()
    written = files_in(git.path) - before

    found = footprint(git.path)

    assert {each["path"] for each in found["files"]} == written
    assert {each["state"] for each in found["files"]} == {"unedited"}
    assert found["count"] == len(written)
    assert found["missions"] == found["yours"] == found["generated"] == found["elsewhere"] == []
    answer = uninstall(git.path)
    assert {Path(path).relative_to(git.path).as_posix() for path in answer["removed_files"]} == written
    assert answer["kept"] == answer["elsewhere"] == []
    assert git.status() == ""
    assert sorted(path.name for path in git.path.iterdir()) == [".git", "README.md"]
    assert not (git.path / ".git/spec-kitty").exists(), "nor is anything left in the git folder"


def test_twice_is_nothing_to_do(project: Project) -> None:
    assert uninstall(project.path)["changed"]

    again = uninstall(project.path)

    assert (again["changed"], again["removed_files"], again["kept"]) == (False, [], [])
    assert "nothing to remove" in project.run("uninstall").ok().out
    assert footprint(project.path)["files"] == []


def test_what_is_edited_and_what_is_a_persons_stays_and_is_named(project: Project) -> None:
    mine = {
        PLAN: "mine\n",
        ".kittify/config.yaml": (project.path / ".kittify/config.yaml").read_text() + "protected: [release]\n",
        ".kittify/charter/charter.md": "# Ours\n",
        ".kittify/overrides/command-templates/next.md": "# Ours\n",
        ".claude/commands/deploy.md": "deploy\n",
    }
    for name, content in mine.items():
        project.git.write(name, content)
    slug = project.create()
    documents = {name for name in files_in(project.path) if slug in name}

    answer = uninstall(project.path)

    kept = {each["path"]: each["why"] for each in answer["kept"]}
    assert kept == {
        PLAN: "edited",
        ".kittify/config.yaml": "edited",
        f"kitty-specs/{slug}": "a mission",
        ".kittify/charter/charter.md": "yours",
        ".kittify/overrides/command-templates/next.md": "yours",
    }
    assert files_in(project.path) == {*mine, *documents, "README.md"}
    assert all((project.path / name).read_text() == content for name, content in mine.items())
    told = project.run("uninstall").ok().out
    assert f"kitty-specs/{slug}" in told
    assert "a mission" in told


def test_worktrees_branches_and_the_journal_are_named_and_never_touched(project: Project) -> None:
    mission = finalized_mission(project)
    tree = mission.work("WP01", "src/wp01/a.py")
    tree.write("src/wp01/b.py", "uncommitted\n")
    journal = mission.place.journal.read_bytes()

    found = uninstall(project.path)

    traces = {each["what"]: each for each in found["elsewhere"]}
    assert traces["worktree"]["where"] == str(tree.path)
    assert traces["branch"]["where"].startswith("kitty/mission-001-tea-timer")
    assert traces["state"]["where"] == str(project.path / ".git/spec-kitty")
    assert {each["path"]: each["why"] for each in found["kept"]}[".worktrees/.gitignore"] == "worktrees are there"
    assert (tree.path / "src/wp01/b.py").read_text() == "uncommitted\n"
    assert mission.place.journal.read_bytes() == journal
    assert "kitty/mission-001-tea-timer-lane-a" in project.git("branch", "--list")
    told = project.run("uninstall").ok().out
    assert f"worktree remove {tree.path}" in told
    run_here("init", "--ai", "claude", cwd=project.path).ok()
    assert mission.lane("WP01") == "in_progress", "set up again, the work goes on"


def test_the_commands_that_are_named_remove_the_rest(project: Project) -> None:
    mission = finalized_mission(project)
    mission.work("WP01", "src/wp01/a.py")
    project.run("next", "--agent", "claude", "--mission", mission.slug, "--json")
    (project.path.parent / "home/.spec-kitty").mkdir()

    traces = uninstall(project.path)["elsewhere"]
    for each in traces:
        subprocess.run(shlex.split(each["remove"]), check=True, capture_output=True)

    again = footprint(project.path)
    assert {each["what"] for each in traces} >= {"worktree", "branch", "state", "home"}
    assert again["elsewhere"] == []
    assert uninstall(project.path)["removed_files"] == [str(project.path / ".worktrees/.gitignore")]


def test_prompts_and_logs_go_too(project: Project) -> None:
    slug = project.create()
    project.run("next", "--agent", "claude", "--mission", slug, "--json").ok()
    made = footprint(project.path)["generated"]
    assert f".kittify/runtime/prompts/{slug}" in {path.rpartition("/")[0] for path in made}

    uninstall(project.path)

    assert not (project.path / ".kittify").exists()


def test_backups_stay_and_are_named_as_a_whole(project: Project) -> None:
    backup = project.git.write(".kittify/backups/1/spec.md", "old\n")
    project.git.write(".kittify/backups/1/a/plan.md", "old\n")

    assert uninstall(project.path)["kept"] == [{"path": ".kittify/backups/1", "why": "a backup"}]
    assert backup.exists()


@pytest.mark.parametrize(("at", "kept"), [("null", ["edited"]), ('"2026-11-21T10:00:00.000000+00:00"', [])])
def test_metadata_that_an_upgrade_wrote_are_ours(project: Project, at: str, kept: list[str]) -> None:
    path = project.path / ".kittify/metadata.yaml"
    path.write_text(path.read_text().replace("last_upgraded_at: null", f"last_upgraded_at: {at}   # now"))

    assert [each["why"] for each in uninstall(project.path)["kept"]] == kept


def test_without_git_the_journal_stays(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    run_here("init", "--ai", "claude", cwd=folder).ok()
    journal = folder / ".kittify/runtime/state/journal/x.jsonl"
    journal.parent.mkdir(parents=True)
    journal.write_text("{}\n")

    answer = uninstall(folder)

    assert files_in(folder) == {".kittify/runtime/state/journal/x.jsonl"}
    assert [each["what"] for each in answer["elsewhere"]] == ["state"]


def test_a_dry_run_changes_nothing_and_tells_the_same(project: Project) -> None:
    told = uninstall(project.path, "--dry-run")

    assert (told["dry_run"], told["changed"]) == (True, False)
    assert project.git.status() == ""
    assert uninstall(project.path)["removed_files"] == told["removed_files"]


def test_a_file_that_was_never_ours_is_not_removed_whatever_the_manifest_says(project: Project) -> None:
    held = project.path / manifests.PATH
    document = json.loads(held.read_text())
    document["files"]["README.md"] = {
        "sha256": manifests.digest((project.path / "README.md").read_bytes()),
        "version": "1",
    }
    held.write_text(json.dumps(document))

    assert {"path": "README.md", "why": "not a place where the tool writes"} in uninstall(project.path)["kept"]
    assert (project.path / "README.md").exists()


def test_a_link_in_the_place_of_a_file_is_somebodys(project: Project, tmp_path: Path) -> None:
    target = tmp_path / "plan.md"
    shutil.move(project.path / PLAN, target)
    (project.path / PLAN).symlink_to(target)

    assert {"path": PLAN, "why": "edited"} in uninstall(project.path)["kept"]
    assert target.exists()


def test_a_folder_that_leads_out_is_refused_as_a_whole(project: Project, tmp_path: Path) -> None:
    shutil.move(project.path / ".claude", tmp_path / "elsewhere")
    (project.path / ".claude").symlink_to(tmp_path / "elsewhere")

    project.run("uninstall", "--json").failed("SYMLINK_REFUSED", 1)

    assert (tmp_path / "elsewhere/commands/spec-kitty.plan.md").exists()
    assert (project.path / ".codex/skills").exists()


def test_where_nothing_is_there_is_nothing_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()

    assert footprint(folder)["count"] == 0
    assert not uninstall(folder)["changed"]
    assert "no file of spec-kitty" in run_here("footprint", cwd=folder).ok().out


def test_killed_anywhere_the_next_run_finishes(project: Project, tmp_path: Path) -> None:
    slug = project.create()
    project.run("next", "--agent", "claude", "--mission", slug, "--json").ok()
    (project.path / PLAN).write_text("mine\n")
    whole = tmp_path / "whole"
    shutil.copytree(project.path, whole)
    points = killing.run("uninstall", cwd=whole, scratch=tmp_path).points
    for number in (1, len(points) // 2, len(points) - 3, len(points) - 1, len(points)):
        cut = tmp_path / f"cut-{number}"
        shutil.copytree(project.path, cut)
        assert killing.run("uninstall", cwd=cut, scratch=tmp_path, at=number, how="after").killed
        uninstall(cut)
        assert files_in(cut) == files_in(whole)
        assert not uninstall(cut)["changed"]


def test_eight_at_once_remove_it_once(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")

    with ThreadPoolExecutor(8) as pool:
        for done in pool.map(lambda _: project.run_installed("uninstall", "--json"), range(8)):
            done.ok()

    assert files_in(project.path) == {"README.md"}


@pytest.mark.parametrize("words", [("footprint",), ("uninstall", "--dry-run")])
def test_looking_writes_nothing_and_fits_80_columns(project: Project, words: tuple[str, ...]) -> None:
    project.create()
    before = {path: path.stat().st_mtime_ns for path in project.path.rglob("*")}

    told = project.run(*words).ok().out

    assert {path: path.stat().st_mtime_ns for path in project.path.rglob("*")} == before
    assert all(len(line) <= 80 for line in told.replace(str(project.path), "~").splitlines())
