"""`init` writes exactly the files of formats.md, every time."""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path

import pytest

from specify_cli.core.agent_table import AGENTS, SHARED_SKILLS
from specify_cli.core.manifest import digest
from specify_cli.core.mission_types import DEFAULT_TYPE
from specify_cli.core.project_files import FIXED
from specify_cli.core.templates import shipped_commands
from specify_cli.kernel import yaml
from specify_cli.kernel.config import parse_config
from specify_cli.version import VERSION
from tests.support.cli import run_here, run_script
from tests.support.command_files import parsed
from tests.support.git import make_repo

COMMANDS = shipped_commands(DEFAULT_TYPE)
BASE = {
    ".kittify/.gitignore",
    ".kittify/config.yaml",
    ".kittify/manifest.json",
    ".kittify/metadata.yaml",
    "kitty-specs/.gitattributes",
    "kitty-specs/.gitignore",
}


def files_in(folder: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return {path.relative_to(folder).as_posix() for path in found if ".git" not in path.relative_to(folder).parts}


def command_files(agent: str, *, skills: bool = False) -> set[str]:
    """What is installed of an agent by `init`, which leaves the folder alone that agents share."""
    row = AGENTS[agent].as_skills() if skills else AGENTS[agent]
    return set() if row.is_shared else {*map(row.path, COMMANDS), *([row.rules] if row.rules else [])}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder."""
    made = tmp_path / "empty"
    made.mkdir()
    return made


@pytest.mark.parametrize("key", list(AGENTS))
def test_an_empty_folder_gets_exactly_the_files_of_an_agent_in_its_format(folder: Path, key: str) -> None:
    run_here("init", "--ai", key, cwd=folder).ok()

    assert files_in(folder) == BASE | command_files(key)
    assert not (folder / ".git").exists()
    agent = AGENTS[key]
    assert not (folder / SHARED_SKILLS).exists()
    for path in command_files(key) - {agent.rules}:
        fields, body = parsed(agent, (folder / path).read_text(encoding="utf-8"))
        assert fields["description"]
        assert f"    {agent.arguments}\n" in body


def test_any_set_of_agents_gets_all_their_files_and_nobodys_skills(folder: Path) -> None:
    keys = [key for key, agent in AGENTS.items() if not agent.is_shared]

    run_here("init", "--ai", ",".join(keys), cwd=folder).ok()

    assert files_in(folder) == BASE.union(*(command_files(key) for key in keys))
    assert not (folder / SHARED_SKILLS).exists()


def test_skills_or_commands_are_chosen_where_an_agent_reads_both(folder: Path) -> None:
    run_here("init", "--ai", "claude,tabnine,codex", "--skills", cwd=folder).ok()

    wanted = command_files("claude", skills=True) | command_files("tabnine") | command_files("codex")
    assert files_in(folder) == BASE | wanted
    assert parse_config((folder / ".kittify/config.yaml").read_text()).skills == ("claude",)
    assert run_here("init", "--json", cwd=folder).ok().json()["changed"] is False
    answer = run_here("init", "--commands", "--json", cwd=folder).ok().json()
    assert set(answer["created_files"]) == {str(folder / path) for path in command_files("claude")}
    assert answer["warnings"][0]["hint"] == "spec-kitty agent config sync"
    assert parse_config((folder / ".kittify/config.yaml").read_text()).skills == ()
    run_here("agent", "config", "sync", cwd=folder).ok()
    shutil.rmtree(folder / ".kittify/runtime")
    assert files_in(folder) == BASE | command_files("claude") | command_files("tabnine") | command_files("codex")
    run_here("init", "--skills", "--commands", "--json", cwd=folder).failed("USAGE_ERROR", 2)


def test_the_shared_folder_is_left_to_agent_config(folder: Path) -> None:
    answer = run_here("init", "--ai", "zed,agents", "--json", cwd=folder).ok().json()

    assert "spec-kitty agent config add zed,agents" in answer["next_steps"][1]
    run_here("agent", "config", "add", "zed,agents", cwd=folder).ok()
    shutil.rmtree(folder / ".kittify/runtime")
    assert files_in(folder) == BASE | {AGENTS["agents"].path(command) for command in COMMANDS}
    again = run_here("init", "--json", cwd=folder).ok().json()
    assert (again["changed"], again["warnings"]) == (False, [])


def test_the_fixed_files_say_what_git_must_know(folder: Path) -> None:
    run_here("init", "--ai", "claude", cwd=folder).ok()

    assert (folder / ".kittify/.gitignore").read_text() == "runtime/\nbackups/\nlocal.yaml\n"
    assert (folder / "kitty-specs/.gitignore").read_text() == FIXED["kitty-specs/.gitignore"]
    assert (folder / "kitty-specs/.gitattributes").read_text() == "* text eol=lf\n*.jsonl merge=union\n"


def test_config_holds_the_agents_and_an_identity(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "My_Tea Timer")
    repo("remote", "add", "origin", "git@example.org:kettle/Tea-Timer.git")

    run_here("init", "--ai", "codex,claude", cwd=repo.path).ok()

    config = parse_config((repo.path / ".kittify/config.yaml").read_text())
    assert config.agents == ("codex", "claude")
    assert config.auto_commit
    assert config.project_slug == "tea-timer"
    assert config.repo_slug == "kettle/Tea-Timer"
    assert uuid.UUID(config.project_uuid or "").version == 4


def test_metadata_says_version_and_environment(folder: Path) -> None:
    run_here("init", "--ai", "claude", cwd=folder).ok()

    metadata = yaml.mapping((folder / ".kittify/metadata.yaml").read_text(), "metadata.yaml")
    assert isinstance(metadata["spec_kitty"], dict)
    assert metadata["spec_kitty"]["version"] == VERSION
    assert metadata["spec_kitty"]["last_upgraded_at"] is None
    assert metadata["migrations"] == {"applied": []}
    assert isinstance(metadata["environment"], dict)
    assert set(metadata["environment"]) == {"python_version", "platform", "platform_version"}


def test_the_manifest_lists_every_file_with_its_hash(folder: Path) -> None:
    run_here("init", "--ai", "claude", cwd=folder).ok()

    manifest = json.loads((folder / ".kittify/manifest.json").read_text())
    assert set(manifest["files"]) == files_in(folder) - {".kittify/manifest.json"}
    for name, entry in manifest["files"].items():
        assert entry == {"sha256": digest((folder / name).read_bytes()), "version": VERSION}


def test_a_name_makes_the_folder(tmp_path: Path) -> None:
    answer = run_here("init", "tea timer", "--ai", "claude", "--json", cwd=tmp_path).ok().json()

    assert answer["project"] == str(tmp_path / "tea timer")
    assert files_in(tmp_path / "tea timer") == BASE | command_files("claude")


def test_json_names_what_was_written(folder: Path) -> None:
    answer = run_here("init", "--ai", "claude", "--json", cwd=folder).ok().json()

    written = {str(folder / name) for name in BASE | command_files("claude")}
    assert set(answer["created_files"]) == written
    assert answer["updated_files"] == []
    assert answer["kept_files"] == []
    assert answer["changed"] is True
    assert answer["agents"] == ["claude"]


@pytest.mark.e2e
def test_the_installed_command_writes_nothing_outside_the_folder(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    before = files_in(home)

    run_script("init", "--yes", cwd=folder).ok()

    assert files_in(folder) == BASE | command_files("claude")
    assert files_in(home) == before


def test_without_agent_and_without_terminal_it_asks_for_the_flag(folder: Path) -> None:
    for flags in ((), ("--non-interactive",)):
        failure = run_here("init", *flags, "--json", cwd=folder).failed("AGENT_REQUIRED", 2)
        assert "claude, codex, opencode, gemini" in failure.json()["error"]
    assert not (folder / ".kittify").exists()


def test_an_unknown_agent_is_named_and_nothing_is_written(folder: Path) -> None:
    failure = run_here("init", "--ai", "claude,emacs", "--json", cwd=folder).failed("UNKNOWN_AGENT", 2)

    assert failure.json()["details"]["known"] == list(AGENTS)
    assert files_in(folder) == set()


def test_an_empty_name_is_a_usage_error(folder: Path) -> None:
    run_here("init", " ", "--ai", "claude", "--json", cwd=folder).failed("INVALID_NAME", 2)

    assert files_in(folder) == set()
