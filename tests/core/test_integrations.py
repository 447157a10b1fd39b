"""What is put into files that are not ours: it comes where somebody asks for it, and goes without a trace."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from specify_cli.core import integrations as subject
from specify_cli.core.manifest import PATH, Manifest, Part, digest, read_manifest, write_manifest
from tests.support.cli import Result, run_here, run_script
from tests.support.git import Repo, make_repo
from tests.support.project import Project

ALL = "claude-hook,claude-permissions,opencode-plugin,gemini-tools"
SETTINGS = (
    '// mine\n{\n  "model": "opus", // the large one\n  "permissions": {\n'
    '    "allow": [\n      "Bash(ls)", // to look\n'
    "    ],\n  },\n}\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "tea").path


def run(*words: str, cwd: Path) -> Result:
    return run_here(*words, cwd=cwd).ok()


def begin(folder: Path, *words: str, agents: str = "claude") -> dict[str, object]:
    return run("init", "--ai", agents, *words, "--json", cwd=folder).json()


def test_without_being_asked_no_file_of_somebody_else_is_touched(folder: Path) -> None:
    (folder / "AGENTS.md").write_text("# Tea\n")
    begin(folder, "--yes")
    assert (folder / "AGENTS.md").read_text() == "# Tea\n"
    assert not (folder / "CLAUDE.md").exists()
    assert not (folder / ".claude/settings.json").exists()
    assert "integrations" not in (folder / ".kittify/config.yaml").read_text()


@pytest.mark.parametrize("before", [b"# Tea", b"# Tea\r\nBe kind.\r\n", b"", None], ids=repr)
def test_the_note_comes_with_init_and_goes_with_uninstall(folder: Path, before: bytes | None) -> None:
    document = folder / "AGENTS.md"
    if before is not None:
        document.write_bytes(before)
    begin(folder, "--agents-md", agents="claude,codex")
    held = document.read_bytes()
    assert held.startswith(before or b"")
    assert held.count(b"spec-kitty:begin") == 1
    assert (folder / "CLAUDE.md").exists() is (before is None), "Claude reads its own where the other was not there"
    assert run("agent", "config", "sync", "--json", cwd=folder).json()["changed"] is False
    run("uninstall", cwd=folder)
    assert (document.read_bytes() if document.exists() else None) == before
    assert not (folder / "CLAUDE.md").exists()


def test_the_note_is_short_and_says_what_matters() -> None:
    assert len(subject.NOTE.split("\n")) <= 15
    for said in ("spec-kitty next", "Never edit the logs by hand"):
        assert said in subject.NOTE


@pytest.mark.parametrize(("agents", "name"), [("claude", "CLAUDE.md"), ("codex", "AGENTS.md")])
def test_where_neither_document_is_there_the_agent_decides(folder: Path, agents: str, name: str) -> None:
    created = begin(folder, "--agents-md", agents=agents)["created_files"]
    assert isinstance(created, list)
    assert {Path(path).name for path in created} & {"AGENTS.md", "CLAUDE.md"} == {name}


@pytest.mark.parametrize("link", ["AGENTS.md", "CLAUDE.md"])
@pytest.mark.parametrize("is_text", [False, True], ids=["link", "link as a text"])
def test_a_link_between_the_two_is_written_once(folder: Path, link: str, is_text: bool) -> None:
    real = ({"AGENTS.md", "CLAUDE.md"} - {link}).pop()
    (folder / real).write_text("# Tea\n")
    if is_text:
        (folder / link).write_text(real)
    else:
        (folder / link).symlink_to(real)
    begin(folder, "--agents-md", agents="claude,codex")
    assert (folder / real).read_text().count("spec-kitty:begin") == 1
    assert (folder / link).read_text() == (real if is_text else (folder / real).read_text())
    assert (folder / link).is_symlink() is not is_text
    run("uninstall", cwd=folder)
    assert (folder / real).read_text() == "# Tea\n"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("# Tea\n".encode("utf-16"), "NOT_UTF8"),
        (b"<!-- spec-kitty:begin -->\n<!-- spec-kitty:end -->\n" * 2, "MARKS_UNCLEAR"),
        (b"<!-- spec-kitty:begin -->\n", "MARKS_UNCLEAR"),
    ],
)
def test_a_document_that_cannot_take_the_note_refuses_init_before_anything_is_written(
    folder: Path, content: bytes, code: str
) -> None:
    (folder / "AGENTS.md").write_bytes(content)
    said = run_here("init", "--ai", "codex", "--agents-md", "--json", cwd=folder).failed(exit_code=1).json()
    assert said["error_code"] == code
    assert not (folder / ".kittify").exists()
    assert (folder / "AGENTS.md").read_bytes() == content


def test_a_link_out_of_the_project_is_refused(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "AGENTS.md"
    outside.write_text("# Mine\n")
    (folder / "AGENTS.md").symlink_to(outside)
    assert (
        run_here("init", "--ai", "codex", "--agents-md", "--json", cwd=folder).failed(exit_code=1).json()["error_code"]
        == "SYMLINK_REFUSED"
    )
    assert outside.read_text() == "# Mine\n"


def test_an_edited_note_is_left_alone_and_named(folder: Path) -> None:
    begin(folder, "--agents-md", agents="codex")
    document = folder / "AGENTS.md"
    edited = document.read_text().replace("Do it,", "Think, do it,")
    document.write_text(edited)
    assert run("agent", "config", "sync", "--json", cwd=folder).json()["edited_files"] == [str(document)]
    assert "FILE_EDITED" in run_here("doctor", "files", "--json", cwd=folder).out
    kept = run("uninstall", "--json", cwd=folder).json()["kept"]
    assert {"path": str(document), "why": "our part was edited"} in kept
    assert document.read_text() == edited


def test_a_note_of_another_version_is_brought_up_to_date(folder: Path) -> None:
    (folder / "AGENTS.md").write_bytes(b"# Tea\r\n")
    begin(folder, "--agents-md", agents="codex")
    older(folder)
    assert "FILE_OUTDATED" in run_here("doctor", "files", "--json", cwd=folder).out
    run("doctor", "files", "--fix", cwd=folder)
    assert subject.NOTE.replace("\n", "\r\n").encode() in (folder / "AGENTS.md").read_bytes()
    older(folder)
    repo = Repo(folder)
    repo("add", "-A")
    repo("commit", "-qm", "Older")
    assert run("upgrade", "--json", cwd=folder).json()["result"] == "success"
    assert subject.NOTE.replace("\n", "\r\n").encode() in (folder / "AGENTS.md").read_bytes()
    assert run("agent", "config", "sync", "--json", cwd=folder).json()["changed"] is False


def older(folder: Path) -> None:
    """Make the note one that an older version wrote."""
    text = subject.NOTE.replace("plans and builds", "works")
    document = folder / "AGENTS.md"
    document.write_bytes(document.read_bytes().replace(b"plans and builds", b"works"))
    manifest = read_manifest(folder)
    assert manifest is not None
    part = Part("3.0.0", (), {"agents-md": (digest(text.encode()),)})
    write_manifest(folder, manifest.with_part("AGENTS.md", part))


def test_settings_keep_their_comments_and_lose_only_ours(folder: Path) -> None:
    settings = folder / ".claude/settings.json"
    settings.parent.mkdir()
    settings.write_text(SETTINGS)
    begin(folder, "--integrate", ALL, agents="claude,opencode,gemini")
    held = settings.read_text()
    for kept in ("// mine", '"model": "opus", // the large one', '"Bash(ls)", // to look'):
        assert kept in held
    assert '"Bash(spec-kitty next:*)"' in held
    assert "agent session-start" in held
    assert json.loads((folder / ".gemini/settings.json").read_text())["tools"]["allowed"][0].endswith(
        "(spec-kitty next)"
    )
    parts = run("footprint", "--json", cwd=folder).json()["parts"]
    assert {(part["what"], part["state"]) for part in parts} == {
        ("claude-hook", "unedited"), ("claude-permissions", "unedited"), ("gemini-tools", "unedited"),
    }  # fmt: skip
    assert run("doctor", "files", "--json", cwd=folder).json()["counts"]["warning"] == 0
    run("uninstall", cwd=folder)
    assert settings.read_text() == SETTINGS
    assert not (folder / ".gemini").exists()
    assert not (folder / ".opencode").exists()


def test_a_permission_that_somebody_took_out_stays_out(folder: Path) -> None:
    begin(folder, "--integrate", "claude-permissions")
    settings = folder / ".claude/settings.json"
    held = json.loads(settings.read_text())
    held["permissions"]["allow"].remove("Bash(spec-kitty agent tasks:*)")
    settings.write_text(json.dumps(held))
    run("agent", "config", "sync", cwd=folder)
    assert "agent tasks" not in settings.read_text()
    settings.unlink()
    run("agent", "config", "sync", cwd=folder)
    assert "agent tasks" in settings.read_text(), (
        "where all of it is gone, the settings of the project say it is wanted"
    )


def test_what_was_there_before_stays_when_ours_goes(folder: Path) -> None:
    settings = folder / ".claude/settings.json"
    settings.parent.mkdir()
    before = '{"permissions": {"allow": ["Bash(spec-kitty next:*)"]}}'
    settings.write_text(before)
    begin(folder, "--integrate", "claude-permissions")
    run("agent", "config", "integrate", "claude-permissions", "--remove", cwd=folder)
    assert settings.read_text() == before


@pytest.mark.parametrize(
    ("content", "code"),
    [('{"hooks": []}', "SETTINGS_NOT_MERGED"), ('{"permissions": ', "MALFORMED_JSON"), (b"\xff{}", "NOT_UTF8")],
)
def test_settings_that_cannot_be_merged_are_refused_with_what_to_write(
    project: Project, content: str | bytes, code: str
) -> None:
    settings = project.path / ".claude/settings.json"
    settings.write_bytes(content.encode() if isinstance(content, str) else content)
    config = (project.path / ".kittify/config.yaml").read_text()
    said = (
        run_here("agent", "config", "integrate", "claude-hook", "--json", cwd=project.path).failed(exit_code=1).json()
    )
    assert said["error_code"] == code
    if code != "NOT_UTF8":
        assert '"SessionStart"' in said["error"]
        assert said["details"]["write"]["hooks"]["SessionStart"]
    assert (project.path / ".kittify/config.yaml").read_text() == config


def test_what_an_agent_is_needed_for_goes_with_the_agent(folder: Path) -> None:
    begin(folder, agents="codex")
    said = run_here("agent", "config", "integrate", "gemini-tools", "--json", cwd=folder).failed(exit_code=1).json()
    assert (said["error_code"], said["hint"]) == ("AGENT_NOT_CONFIGURED", "spec-kitty agent config add gemini")
    run("agent", "config", "add", "gemini", cwd=folder)
    run("agent", "config", "integrate", "gemini-tools", cwd=folder)
    assert (folder / ".gemini/settings.json").exists()
    listed = run("agent", "config", "integrate", "--json", cwd=folder).json()["integrations"]
    assert [row["key"] for row in listed if row["on"]] == ["gemini-tools"]
    run("agent", "config", "remove", "gemini", cwd=folder)
    assert not (folder / ".gemini").exists()
    assert "gemini-tools" not in (folder / ".kittify/config.yaml").read_text()


def test_an_integration_of_an_agent_that_init_was_not_given_is_refused_with_the_command_that_has_both(
    folder: Path,
) -> None:
    said = run_here("init", "--ai", "claude", "--agents-md", "--integrate", "gemini-tools", "--json", cwd=folder)
    assert said.failed("AGENT_NOT_CONFIGURED", 1).json()["hint"] == (
        "spec-kitty init --ai claude,gemini --integrate agents-md,gemini-tools"
    )
    assert not (folder / ".kittify").exists()


def test_a_read_only_file_is_left_alone_with_the_command_that_opens_it(folder: Path) -> None:
    document = folder / "AGENTS.md"
    document.write_text("# Tea\n")
    document.chmod(0o444)
    said = run_here("init", "--ai", "codex", "--agents-md", "--json", cwd=folder).failed("STATE_READ_ONLY", 1).json()
    assert said["hint"] == f"chmod u+w {document}"
    document.chmod(0o644)
    begin(folder, "--agents-md", agents="codex")
    document.chmod(0o444)
    kept = run("uninstall", "--json", cwd=folder).json()["kept"]
    assert [each["path"] for each in kept] == [str(document)]
    assert "spec-kitty:begin" in document.read_text()


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf# Tea\r\n", b"# Tea\r", b"\xe9t\xe9\n"], ids=repr)
def test_bytes_of_any_kind_around_the_note_stay(folder: Path, before: bytes) -> None:
    document = folder / "AGENTS.md"
    document.write_bytes(before)
    begin(folder, "--agents-md", agents="codex")
    document.write_bytes(document.read_bytes() + b"\tmine")
    run("uninstall", cwd=folder)
    assert document.read_bytes() == before + b"\tmine"


def test_a_file_that_became_unusable_is_named_by_every_command_and_loses_nothing(folder: Path) -> None:
    begin(folder, "--agents-md", "--integrate", "claude-permissions", agents="claude")
    settings, note = folder / ".claude/settings.json", folder / "CLAUDE.md"
    settings.write_text("{")
    note.write_text(note.read_text().replace("<!-- spec-kitty:end -->", ""))
    broken = {path: path.read_bytes() for path in (settings, note)}
    for dry_run in ([], ["--dry-run"]):
        said = run("agent", "config", "sync", *dry_run, cwd=folder)
        assert "match the settings" not in said.out
        synced = run("agent", "config", "sync", "--json", *dry_run, cwd=folder).json()
        assert {each["code"] for each in synced["warnings"]} == {"MALFORMED_JSON", "MARKS_UNCLEAR"}
    listed = run("agent", "config", "integrate", cwd=folder).out
    assert "marks in line 1" in listed
    assert "details.write" in listed, "much JSON is not printed"
    found = run_here("doctor", "files", "--json", cwd=folder).failed(exit_code=1).json()["findings"]
    assert {"MALFORMED_JSON", "MARKS_UNCLEAR"} <= {each["code"] for each in found}
    states = {part["what"]: part["state"] for part in run("footprint", "--json", cwd=folder).json()["parts"]}
    assert states == {"agents-md": "edited", "claude-permissions": "edited"}
    kept = run("uninstall", "--json", cwd=folder).json()["kept"]
    assert {each["path"] for each in kept} == {str(settings), str(note)}
    assert {path: path.read_bytes() for path in broken} == broken


@pytest.mark.parametrize("lost", ["both", "note", "settings"])
def test_after_a_kill_between_the_files_the_next_run_writes_the_rest(folder: Path, lost: str) -> None:
    note, settings = folder / "AGENTS.md", folder / ".claude/settings.json"
    settings.parent.mkdir()
    before = {"note": (note, "# Tea\n"), "settings": (settings, SETTINGS)}
    for path, text in before.values():
        path.write_text(text)
    words = ("--agents-md", "--integrate", "claude-hook,claude-permissions")
    begin(folder, *words)
    whole = {path: path.read_bytes() for path in (note, settings)}
    for path, text in before.values() if lost == "both" else [before[lost]]:
        path.write_text(text)  # the manifest is written first, and says already what should be there
    begin(folder, *words)
    assert {path: path.read_bytes() for path in whole} == whole
    run("uninstall", cwd=folder)
    assert {path: path.read_text() for path in whole} == dict(before.values())


@pytest.mark.e2e
def test_eight_at_once_write_everything_once(folder: Path) -> None:
    (folder / "AGENTS.md").write_text("# Tea\n")
    begin(folder, agents="claude,codex")
    asked = ["agents-md,claude-hook", "claude-permissions"] * 4
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda names: run_script("agent", "config", "integrate", names, cwd=folder).ok(), asked))
    assert (folder / "AGENTS.md").read_text().count("spec-kitty:begin") == 1
    held = (folder / ".claude/settings.json").read_text()
    assert (held.count("session-start"), held.count("spec-kitty next")) == (1, 1)
    assert run("agent", "config", "sync", "--json", cwd=folder).json()["changed"] is False
    run("uninstall", cwd=folder)
    assert (folder / "AGENTS.md").read_text() == "# Tea\n"
    assert not (folder / ".claude").exists()


def test_a_forged_manifest_takes_nothing_of_somebody_else_out(folder: Path) -> None:
    begin(folder)
    settings = folder / ".claude/settings.json"
    settings.write_text('{"permissions": {"deny": ["Bash(rm)"], "allow": ["Bash(ls)"]}}')
    manifest = read_manifest(folder)
    assert manifest is not None
    items = {"claude-permissions": (["permissions.deny", "Bash(rm)"], ["permissions.allow", "Bash(ls)"])}
    write_manifest(folder, manifest.with_part(".claude/settings.json", Part("3.1.1", ("",), items)))
    before = settings.read_text()
    run("uninstall", cwd=folder)
    assert settings.read_text() == before
    assert not (folder / PATH).exists()


def test_a_manifest_without_parts_is_written_as_before() -> None:
    assert "parts" not in Manifest().to_dict()
