"""Who sends: a project, and one checkout of it."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid

from specify_cli.kernel.paths import discover
from specify_cli.sync.project_identity import ensure_identity
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
