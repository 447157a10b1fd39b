"""A backup that came with a commit is never put back, and one that leads elsewhere reads nothing there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from tests.support.project import Project
from tests.support.ruining import VALUES, Target

NAME = "20261130T120000Z"


def backup(project: Project, old: bytes = b"old\n") -> Path:
    """A backup as an upgrade leaves it, by which README.md would say something else."""
    folder = project.path / ".kittify" / "backups" / NAME
    now = (project.path / "README.md").read_bytes()
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "README.md").write_bytes(old)
    before, after = (hashlib.sha256(data).hexdigest() for data in (old, now))
    told = {
        "version": 1, "name": NAME, "kind": "upgrade", "since": "2.0.0", "to": "3.1.1",
        "entries": [{"slot": "README.md", "unit": "project", "before": before, "after": after}],
        "locks": {"project": []}, "roots": {"project": str(project.path)}, "queues": [], "of": None, "done": True,
        "rolled_back": False,
    }  # fmt: skip
    (folder / "backup.json").write_text(json.dumps(told))
    return folder


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    told = json.loads((folder / "backup.json").read_text())
    change(told)
    (folder / "backup.json").write_text(json.dumps(told))


def test_what_was_made_here_is_put_back(project: Project) -> None:
    backup(project)
    project.run("upgrade", "--rollback", "--json").ok()
    assert (project.path / "README.md").read_text() == "old\n"


def test_a_committed_backup_is_not_taken(project: Project) -> None:
    before = (project.path / "README.md").read_bytes()
    folder = backup(project)
    project.git("add", "-f", str(folder))
    project.git("commit", "-qm", "a backup")
    refused = project.run("upgrade", "--rollback", "--json").failed("NOTHING_TO_ROLL_BACK", 1).json()
    assert NAME in refused["error"]
    assert (project.path / "README.md").read_bytes() == before


def test_a_bad_value_in_any_field_of_a_backup_is_one_clear_refusal(project: Project) -> None:
    folder, turn = backup(project), cycle(VALUES.items())
    target = Target("backup.json", folder / "backup.json", "json")
    before = (project.path / "README.md").read_bytes()
    for field, write in list(target.cases()):
        name, bad = next(turn)
        target.path.write_text(write(bad))
        found = project.run("upgrade", "--rollback", "--json")
        assert found.code in (0, 1), (field, name, found)
        assert found.json()
        (project.path / "README.md").write_bytes(before)


def _outside(told: dict[str, Any]) -> None:
    told["entries"] = [each | {"slot": "../secret"} for each in told["entries"]]


def _elsewhere(told: dict[str, Any]) -> None:
    told["name"] = "../../.."


def _queue(told: dict[str, Any]) -> None:
    told["queues"] = [{"path": "/etc/hosts", "copy": "/etc/passwd", "before": "0" * 64, "after": None}]


@pytest.mark.parametrize("change", [_outside, _elsewhere, _queue], ids=["slot", "name", "queue"])
def test_a_backup_that_leads_elsewhere_is_refused(project: Project, change: Callable[[dict[str, Any]], object]) -> None:
    before = (project.path / "README.md").read_bytes()
    edit(backup(project), change)
    project.run("upgrade", "--rollback", "--json").failed("BACKUP_INVALID", 1)
    assert (project.path / "README.md").read_bytes() == before


def test_a_copy_that_is_a_link_to_another_file_is_not_read(project: Project, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"old\n")
    before = (project.path / "README.md").read_bytes()
    copy = backup(project) / "files" / "README.md"
    copy.unlink()
    copy.symlink_to(secret)
    assert project.run("upgrade", "--rollback", "--json").code == 1
    assert (project.path / "README.md").read_bytes() == before


def test_a_copy_that_is_not_what_was_kept_is_not_put_back(project: Project) -> None:
    before = (project.path / "README.md").read_bytes()
    (backup(project) / "files" / "README.md").write_bytes(b"something else\n")
    project.run("upgrade", "--rollback", "--json").failed("BACKUP_INVALID", 1)
    assert (project.path / "README.md").read_bytes() == before
