"""Who sends: a project, and one checkout of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid

import pytest

from specify_cli.kernel.paths import discover
from specify_cli.sync.project_identity import ensure_identity, repo_slug_notice
from tests.support.project import Project

_NAME_IT = """
from pathlib import Path
from specify_cli.kernel.paths import discover
from specify_cli.sync.project_identity import ensure_identity
print(ensure_identity(discover(Path.cwd())).build_id)
"""


def test_all_that_a_server_wants_to_know(project: Project) -> None:
    project.git("remote", "add", "origin", "git@host.example:tea/Timer.git")
    found = ensure_identity(discover(project.path))
    told = found.to_dict()
    assert set(told) == {"uuid", "slug", "node_id", "repo_slug", "build_id"}
    assert uuid.UUID(told["uuid"]).version == uuid.UUID(told["build_id"]).version == 4
    assert (told["slug"], told["repo_slug"]) == ("project", "tea/Timer")
    stored = json.loads((project.path / ".git" / "spec-kitty" / "checkout.json").read_text(encoding="utf-8"))
    assert (stored["build_id"], stored["node_id"]) == (found.build_id, found.node_id)
    assert project.git.status() == ""


def test_many_processes_at_once_name_a_checkout_once(project: Project) -> None:
    argv = [sys.executable, "-c", _NAME_IT]
    started = [subprocess.Popen(argv, cwd=project.path, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    names = {process.communicate()[0].strip() for process in started}
    assert names == {ensure_identity(discover(project.path)).build_id}


@pytest.mark.parametrize(("slug", "odd"), [("tea/timer", False), ("a/b/c", False), ("tea", True), ("tea/", True)])
def test_a_configured_repository_that_is_none_is_named_and_that_of_origin_counts(
    project: Project, slug: str, odd: bool
) -> None:
    project.git("remote", "add", "origin", "git@host.example:tea/Timer.git")
    config = project.path / ".kittify" / "config.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(re.sub(r"repo_slug: .*", f"repo_slug: {slug}", text), encoding="utf-8")
    repo = discover(project.path)
    notice = repo_slug_notice(repo)
    assert (notice is not None) is odd
    assert ensure_identity(repo).repo_slug == ("tea/Timer" if odd else slug)
    if notice is not None:
        assert notice.code == "REPO_SLUG_INVALID"
        assert repr(slug) in notice.message
        assert "tea/Timer" in notice.message
