from __future__ import annotations

import json
from pathlib import Path

import pytest

from specify_cli.status.models import Lane
from tests.support.missions import finalized_mission
from tests.support.project import Project

SPELLINGS = [("materialize",), ("agent", "status", "materialize")]


@pytest.mark.parametrize("words", SPELLINGS)
def test_the_logs_are_published_committed_and_the_views_written(words: tuple[str, ...], project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.IN_PROGRESS)
    found = project.run(*words, "--json").ok().json()
    assert (found["result"], found["mission_slug"], found["published"]) == ("success", mission.slug, 2)
    assert found["commit"] == project.git.head()
    assert found["warnings"] == []
    assert [Path(name).name for name in found["files"]] == ["status.json", "progress.json", "board-summary.json"]
    views = [json.loads(Path(name).read_text(encoding="utf-8")) for name in found["files"]]
    assert views[0]["work_packages"]["WP01"]["lane"] == "in_progress"
    assert project.git.status() == "", "the views are ignored by git"


def test_again_it_changes_nothing(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.CLAIMED)
    project.run("materialize").ok()
    head = project.git.head()
    found = project.run("materialize", "--json").ok().json()
    assert (found["published"], found["commit"]) == (0, None)
    assert project.git.head() == head


def test_only_the_missions_folder_is_committed(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.CLAIMED)
    project.git.write("mine.txt", "mine\n")
    project.git("add", "mine.txt")
    project.run("materialize").ok()
    changed = project.git("show", "--name-only", "--format=", "HEAD").split()
    assert changed == [f"kitty-specs/{mission.slug}/status.events.jsonl"]
    assert project.git.status() == "A  mine.txt"


def test_without_commits_of_ours_it_publishes_and_does_not_commit(project: Project) -> None:
    mission = finalized_mission(project)
    config = project.path / ".kittify" / "config.yaml"
    config.write_text(
        config.read_text(encoding="utf-8").replace("auto_commit: true", "auto_commit: false"), encoding="utf-8"
    )
    mission.walk("WP01", Lane.CLAIMED)
    found = project.run("materialize", "--json").ok().json()
    assert (found["published"], found["commit"]) == (1, None)


def test_without_a_home_nothing_is_written(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.CLAIMED)
    project.git("switch", "-q", "-c", "elsewhere")
    found = project.run("materialize", "--mission", mission.slug, "--json").failed("TARGET_NOT_CHECKED_OUT", 1)
    assert found.json()["hint"] == f"git -C {project.path} switch main"
    assert project.git.status() == ""


def test_a_hook_that_fails_is_a_warning(project: Project) -> None:
    mission = finalized_mission(project)
    mission.walk("WP01", Lane.CLAIMED)
    hook = project.git.write(".git/hooks/pre-commit", "#!/bin/sh\necho no\nexit 1\n")
    hook.chmod(0o755)
    found = project.run("materialize", "--json").ok().json()
    assert found["commit"] is None
    assert [each["code"] for each in found["warnings"]] == ["COMMIT_FAILED"]
    assert found["published"] == 1
