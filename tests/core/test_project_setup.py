"""The set-up of a project as a use case, and the texts of its files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.core.identity import ProjectNames
from specify_cli.core.project_files import config_text, metadata_text
from specify_cli.core.project_setup import configured_agents, set_up
from specify_cli.kernel import yaml
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.config import Config, parse_config
from specify_cli.kernel.errors import Refused, UsageError
from specify_cli.kernel.notices import Notice
from tests.support.git import Repo
from tests.support.process import modules_after


def test_a_set_up_tells_what_it_did(git: Repo) -> None:
    done = set_up(git.path, ["claude"], "9.9.9")

    assert done.changed
    assert done.has_git
    assert done.project == git.path
    assert done.agents == ("claude",)
    assert list(done.created) == sorted(done.created)
    assert (done.updated, done.kept, done.warnings) == ((), (), ())
    assert configured_agents(git.path) == ("claude",)
    again = set_up(git.path, [], "9.9.9")
    assert not again.changed


def test_another_version_does_not_rewrite_files(git: Repo) -> None:
    set_up(git.path, ["claude"], "1.0.0")
    command = git.path / ".claude/commands/spec-kitty.plan.md"
    before = command.read_bytes()

    assert not set_up(git.path, [], "2.0.0").changed
    assert command.read_bytes() == before
    added = set_up(git.path, ["codex"], "2.0.0")
    assert added.updated == (".kittify/config.yaml", ".kittify/manifest.json")


def test_files_of_another_version_are_named_with_what_updates_them(git: Repo) -> None:
    set_up(git.path, ["claude"], "1.0.0")
    git.write(".kittify/overrides/command-templates/plan.md", "---\ndescription: Ours.\n---\n# Ours\n")

    (notice,) = set_up(git.path, [], "2.0.0").warnings

    said = "another version wrote 1 file of the set-up, and init leaves what is there"
    assert notice == Notice("FILE_OUTDATED", said, spec_kitty("agent config sync"))


def test_a_relative_folder_with_dots_is_one_project(git: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    (git.path / "src").mkdir()
    monkeypatch.chdir(git.path / "src")

    assert set_up(Path(".."), ["claude"], "1").project == git.path


def test_a_folder_reached_by_a_link_is_the_folder(git: Repo, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(git.path)

    assert set_up(tmp_path / "link", ["claude"], "1").project == git.path


def test_without_agents_it_refuses(git: Repo) -> None:
    with pytest.raises(UsageError) as caught:
        set_up(git.path, [], "1")

    assert caught.value.code == "AGENT_REQUIRED"
    assert git.status() == ""


def test_an_agent_of_another_version_in_the_config_is_a_warning(git: Repo) -> None:
    git.write(".kittify/config.yaml", "agents: {available: [claude, future]}\n")

    done = set_up(git.path, [], "1")

    assert done.agents == ("claude", "future")
    assert [notice.code for notice in done.warnings] == ["UNKNOWN_AGENT"]
    assert (git.path / ".claude/commands").is_dir()


def test_templates_of_the_project_are_used(git: Repo) -> None:
    git.write(".kittify/overrides/command-templates/plan.md", "---\ndescription: Ours.\n---\n# Ours {{agent}}\n")

    set_up(git.path, ["amp"], "1")

    text = (git.path / ".agents/commands/spec-kitty.plan.md").read_text()
    assert text == '---\ndescription: "Ours."\n---\n# Ours amp\n'


def test_a_user_folder_above_is_no_project(tmp_path: Path) -> None:
    (tmp_path / ".kittify").mkdir()

    done = set_up(tmp_path / "a/b", ["claude"], "1")

    assert done.project == tmp_path / "a/b"
    assert not done.has_git


def test_a_new_folder_is_taken_back_when_writing_fails(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new/.claude").write_text("a file")

    with pytest.raises(Exception, match=r"\.claude"):
        set_up(tmp_path / "new", ["claude"], "1")

    assert [path.name for path in (tmp_path / "new").iterdir()] == [".claude"]


def test_a_folder_in_the_place_of_a_file_is_named(git: Repo) -> None:
    (git.path / "kitty-specs/.gitignore").mkdir(parents=True)

    with pytest.raises(Exception, match=r"kitty-specs/\.gitignore"):
        set_up(git.path, ["claude"], "1")

    assert not (git.path / ".kittify").exists()


def test_a_malformed_manifest_is_refused(git: Repo) -> None:
    git.write(".kittify/manifest.json", "{")

    with pytest.raises(Refused) as caught:
        set_up(git.path, ["claude"], "1")

    assert caught.value.code == "MALFORMED_JSON"


def printable(text: str) -> str:
    return "".join(filter(str.isprintable, text))


@given(st.text(), st.none() | st.text())
def test_any_name_survives_in_the_config(slug: str, repo_slug: str | None) -> None:
    text = config_text(ProjectNames("8a4a0000-0000-4000-8000-000000000000", slug, repo_slug), ["claude", "codex"])

    config = parse_config(text)

    assert config.project_slug == printable(slug)
    assert config.repo_slug == (None if repo_slug is None else printable(repo_slug))
    assert config.agents == ("claude", "codex")


def test_a_new_config_holds_the_defaults() -> None:
    config = parse_config(config_text(ProjectNames("u", "s", None), ["claude"]))

    default = Config()
    for name in ("auto_commit", "publish", "merge_strategy", "merge_auto", "review_by", "review_self", "quiet_minutes"):
        assert getattr(config, name) == getattr(default, name)


def test_a_new_config_is_read_without_a_yaml_library() -> None:
    names = ProjectNames("12345678-1234-4123-8123-123456789012", "123", "org/my-project")
    text = config_text(names, ["claude", "codex", "opencode"])
    loaded = modules_after(f"from specify_cli.kernel.config import parse_config\nparse_config({text!r})")

    assert "specify_cli.kernel.config" in loaded
    assert "ruamel.yaml" not in loaded


@given(st.text(max_size=40))
def test_any_platform_survives_in_the_metadata(text: str) -> None:
    written = metadata_text("3.1.1", "2026-11-20T17:00:00.000000+00:00", {"platform_version": text})

    metadata = yaml.mapping(written, "metadata.yaml")

    assert metadata["environment"] == {"platform_version": printable(text)}
    assert isinstance(metadata["spec_kitty"], dict)
    assert metadata["spec_kitty"]["version"] == "3.1.1"
