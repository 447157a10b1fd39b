"""A mission that began with a GitHub issue, to its merge: the issue is closed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.issues import programs
from tests.support.journey import Journey
from tests.support.project import Project, Task


@pytest.mark.e2e
def test_from_an_issue_to_a_merge_that_closes_it(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gh = programs(tmp_path / "programs", monkeypatch)
    project.run("tracker", "bind", "--provider", "github-cli", "--json").ok()
    project.git.commit("bind")
    made = project.run("mission", "from-ticket", "12", "--yes", "--json").ok().json()
    journey = Journey(project.path, project.path, made["mission_slug"])
    journey.to_the_end([Task("WP01")], {"WP01": {"src/wp01/a.txt": "tea\n"}})
    assert [each["state"] for each in gh.issues()] == ["CLOSED", "OPEN", "CLOSED"]
    assert len(gh.issues()[0]["comments"]) == 2
    assert journey.ok("mission", "info")["origin"]["external_issue_key"] == "GH-12"
