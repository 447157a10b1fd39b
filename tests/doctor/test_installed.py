from __future__ import annotations

import json
from pathlib import Path

import pytest

from specify_cli.core import manifest as manifests
from specify_cli.doctor.findings import Severity
from tests.support.examining import codes, findings_in, only
from tests.support.project import Project

PLAN = ".claude/commands/spec-kitty.plan.md"


def test_what_init_wrote_is_what_this_version_writes(project: Project) -> None:
    found = findings_in(project.path, "files")
    assert [each.severity for each in found] == [Severity.OK]


def test_without_a_project_there_is_nothing_to_compare(tmp_path: Path) -> None:
    assert findings_in(tmp_path, "files") == []


def test_a_missing_file_is_a_warning_that_init_mends(project: Project) -> None:
    (project.path / PLAN).unlink()
    found = only(findings_in(project.path, "files"), "FILE_MISSING")
    assert (found.severity, found.fix) == (Severity.WARNING, "spec-kitty init")
    assert PLAN in found.message
    project.run("init", "--json").ok()
    assert codes(findings_in(project.path, "files")) == []


def test_an_edited_file_is_a_note_and_nothing_more(project: Project) -> None:
    (project.path / PLAN).write_text("mine\n", encoding="utf-8")
    found = only(findings_in(project.path, "files"), "FILE_EDITED")
    assert (found.severity, found.fix) == (Severity.NOTE, None)


def test_other_line_endings_are_no_edit(project: Project) -> None:
    path = project.path / PLAN
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert codes(findings_in(project.path, "files")) == []


def test_a_file_of_ours_from_another_version_is_outdated(project: Project) -> None:
    path = project.path / manifests.PATH
    held = json.loads(path.read_text(encoding="utf-8"))
    (project.path / PLAN).write_text("as it was\n", encoding="utf-8")
    held["files"][PLAN]["sha256"] = manifests.digest(b"as it was\n")
    path.write_text(json.dumps(held), encoding="utf-8")
    found = only(findings_in(project.path, "files"), "FILE_OUTDATED")
    assert found.severity is Severity.WARNING
    assert found.fix == f"rm {PLAN} && spec-kitty init"


def test_files_of_an_agent_that_was_given_up_are_left_over(project: Project) -> None:
    config = project.path / ".kittify" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("[claude, codex]", "[claude]"), encoding="utf-8")
    found = only(findings_in(project.path, "files"), "FILE_LEFT_OVER")
    assert ".codex/prompts" in found.message
    assert found.severity is Severity.NOTE


@pytest.mark.parametrize("content", ["{", '{"files": 3}'])
def test_a_manifest_that_cannot_be_read_is_an_error(content: str, project: Project) -> None:
    project.git.write(manifests.PATH, content)
    assert [each.severity for each in findings_in(project.path, "files")] == [Severity.ERROR]
