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


def fixed(project: Project) -> list[str]:
    """What `doctor files --fix` says it did."""
    answer = project.run("doctor", "files", "--fix", "--json").ok().json()
    return [each["what"] for each in answer["fixed"]]


def outdated(project: Project, path: str = PLAN) -> None:
    """Make a file one that an older version wrote."""
    held = project.path / manifests.PATH
    document = json.loads(held.read_text(encoding="utf-8"))
    (project.path / path).write_text("as it was\n", encoding="utf-8")
    document["files"][path] = {"sha256": manifests.digest(b"as it was\n"), "version": "0.1.0"}
    held.write_text(json.dumps(document), encoding="utf-8")


def test_a_missing_file_is_a_warning_and_is_written_again(project: Project) -> None:
    before = (project.path / PLAN).read_bytes()
    (project.path / PLAN).unlink()
    found = only(findings_in(project.path, "files"), "FILE_MISSING")
    assert (found.severity, found.fix) == (Severity.WARNING, "spec-kitty doctor files --fix")
    assert PLAN in found.message
    assert fixed(project) == [f"1 file written: {PLAN}"]
    assert codes(findings_in(project.path, "files")) == []
    assert (project.path / PLAN).read_bytes() == before
    assert fixed(project) == []
    assert project.git.status() == ""


def test_an_edited_file_is_a_note_and_nothing_more(project: Project) -> None:
    (project.path / PLAN).write_text("mine\n", encoding="utf-8")
    found = only(findings_in(project.path, "files"), "FILE_EDITED")
    assert (found.severity, found.fix) == (Severity.NOTE, None)


def test_other_line_endings_are_no_edit(project: Project) -> None:
    path = project.path / PLAN
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert codes(findings_in(project.path, "files")) == []


def test_a_file_of_ours_from_another_version_is_outdated_and_brought_up_to_date(project: Project) -> None:
    before = (project.path / PLAN).read_bytes()
    outdated(project)
    found = only(findings_in(project.path, "files"), "FILE_OUTDATED")
    assert (found.severity, found.fix) == (Severity.WARNING, "spec-kitty doctor files --fix")
    assert fixed(project) == [f"1 file brought up to date: {PLAN}"]
    assert (project.path / PLAN).read_bytes() == before


def test_an_edited_file_with_news_is_kept_and_the_news_put_beside_it(project: Project) -> None:
    ours = (project.path / PLAN).read_bytes()
    outdated(project)
    (project.path / PLAN).write_text("mine\n", encoding="utf-8")
    assert only(findings_in(project.path, "files"), "FILE_EDITED").severity is Severity.WARNING

    answer = project.run("doctor", "files", "--fix", "--json").ok().json()

    assert [each["code"] for each in answer["warnings"]] == ["FILE_EDITED"]
    assert (project.path / PLAN).read_text(encoding="utf-8") == "mine\n"
    assert (project.path / f"{PLAN}.new").read_bytes() == ours
    assert codes(findings_in(project.path, "files")) == ["FILE_EDITED", "FILE_OFFERED"]


def test_files_of_an_agent_that_was_given_up_are_left_over_and_removed(project: Project) -> None:
    config = project.path / ".kittify" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("[claude, codex]", "[claude]"), encoding="utf-8")
    found = only(findings_in(project.path, "files"), "FILE_LEFT_OVER")
    assert ".codex/skills" in found.message
    assert found.severity is Severity.WARNING
    fixed(project)
    assert not (project.path / ".codex").exists()


def test_settings_that_cannot_be_read_make_nothing_left_over(project: Project) -> None:
    config = project.path / ".kittify" / "config.yaml"
    for text in ("agents: {available: 3}\n", None):
        config.unlink() if text is None else config.write_text(text, encoding="utf-8")
        project.run("doctor", "files", "--fix", "--json")
        assert (project.path / PLAN).exists()


@pytest.mark.parametrize("content", ["{", '{"files": 3}'])
def test_a_manifest_that_cannot_be_read_is_an_error(content: str, project: Project) -> None:
    project.git.write(manifests.PATH, content)
    assert [each.severity for each in findings_in(project.path, "files")] == [Severity.ERROR]
