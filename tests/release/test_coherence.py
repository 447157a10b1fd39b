"""The validator on scratch repositories, with each fault alone and all together, as CI runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from specify_cli.release.payload import build_release_prep_payload
from specify_cli.release.version import ReleaseChannel
from tests.support.git import Repo
from tests.support.missions import finalized_mission
from tests.support.project import Project
from tests.support.source import ROOT

SCRIPT = ROOT / "scripts" / "release" / "validate_release.py"
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n## [1.1.0] - 2026-02-01\n\n- A thing.\n"


def shaped(git: Repo, *, name: str = "spec-kitty-cli", version: str = "1.1.0") -> Repo:
    """A repository that may be released as 1.1.0: the last one is 1.0.0."""
    git("tag", "v1.0.0")
    git.write("pyproject.toml", f'[build-system]\nrequires = []\n\n[project]\nname = "{name}"\nversion = "{version}"\n')
    git.write(".kittify/metadata.yaml", "spec_kitty:\n  version: 1.1.0\n")
    git.write("CHANGELOG.md", CHANGELOG)
    git.commit("ready")
    return git


def validate(path: Path, *arguments: str, env: dict[str, str] | None = None) -> tuple[int, list[str], dict[str, Any]]:
    """The exit code, the codes of the failures, and the whole answer."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--repo", str(path), "--json", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=env,
        cwd=path,
    )
    answer = json.loads(done.stdout)
    return done.returncode, [each["code"] for each in answer["failures"]], answer


def test_a_coherent_repository_passes_on_a_branch_and_at_its_tag(git: Repo) -> None:
    shaped(git)
    assert validate(git.path)[:2] == (0, [])
    assert validate(git.path, "--mode", "tag", "--tag", "v1.1.0")[:2] == (0, [])
    git("tag", "v1.1.0")
    assert validate(git.path)[:2] == (0, [])
    assert validate(git.path, "--mode", "tag", env={"GITHUB_REF_NAME": "v1.1.0", "PATH": "/usr/bin:/bin"})[0] == 0


@pytest.mark.parametrize(
    ("file", "content", "code"),
    [
        ("pyproject.toml", None, "PYPROJECT_INVALID"),
        ("pyproject.toml", "[project\n", "PYPROJECT_INVALID"),
        ("pyproject.toml", '[project]\nname = "spec-kitty-cli"\ndynamic = ["version"]\n', "PYPROJECT_INVALID"),
        (".kittify/metadata.yaml", None, "METADATA_MISSING"),
        (".kittify/metadata.yaml", "spec_kitty: {}\n", "METADATA_INVALID"),
        (".kittify/metadata.yaml", "spec_kitty: [\n", "METADATA_INVALID"),
        (".kittify/metadata.yaml", "spec_kitty:\n  version: 1.0.9\n", "METADATA_VERSION_MISMATCH"),
        ("CHANGELOG.md", None, "CHANGELOG_MISSING"),
        ("CHANGELOG.md", "# Changelog\n", "CHANGELOG_ENTRY_MISSING"),
        ("CHANGELOG.md", "## [1.1.0] - 2026-02-01\n\n### Added\n", "CHANGELOG_ENTRY_EMPTY"),
        ("CHANGELOG.md", CHANGELOG.replace("2026-02-01", "soon"), "CHANGELOG_MALFORMED"),
    ],
)
def test_each_fault_of_a_file_alone(git: Repo, file: str, content: str | None, code: str) -> None:
    path = shaped(git).path / file
    path.unlink() if content is None else path.write_text(content, encoding="utf-8")
    assert validate(git.path)[:2] == (1, [code])


def test_versions_that_differ_are_named_with_their_lines(git: Repo) -> None:
    shaped(git).write(".kittify/metadata.yaml", "# ours\nspec_kitty:\n  version: 1.0.9\n")
    (failure,) = validate(git.path)[2]["failures"]
    assert "pyproject.toml:6 says 1.1.0" in failure["message"]
    assert ".kittify/metadata.yaml:3 says 1.0.9" in failure["message"]


def test_in_another_project_the_metadata_names_the_tool(git: Repo) -> None:
    shaped(git, name="teapot").write(".kittify/metadata.yaml", "spec_kitty:\n  version: 9.9.9\n")
    assert validate(git.path)[:2] == (0, [])


def test_all_failures_come_at_once(git: Repo) -> None:
    shaped(git, version="0.9").write("CHANGELOG.md", "## [1.0.0] - 1.1.2026\n")
    assert validate(git.path, "--mode", "tag", "--tag", "v1.1.0")[1] == [
        "VERSION_INVALID",
        "METADATA_VERSION_MISMATCH",
        "CHANGELOG_MALFORMED",
        "CHANGELOG_ENTRY_MISSING",
    ]


def test_the_version_goes_forward(git: Repo) -> None:
    shaped(git)
    git("tag", "v1.2.0")
    assert validate(git.path)[:2] == (1, ["VERSION_BEHIND"])
    git("tag", "-d", "v1.2.0")
    git("tag", "v1.1.0")
    git.commit("more")
    assert validate(git.path)[:2] == (1, ["VERSION_RELEASED"])
    assert validate(git.path, "--mode", "tag", "--tag", "v1.1.0")[:2] == (1, ["TAG_ELSEWHERE"])
    assert validate(git.path, "--mode", "tag", "--tag", "v1.1.1")[:2] == (1, ["TAG_MISMATCH", "VERSION_RELEASED"])


def test_a_maintenance_branch_is_not_behind_a_release_of_another_history(git: Repo) -> None:
    shaped(git)
    git("switch", "-q", "-c", "next")
    git.commit("two")
    git("tag", "v2.0.0")
    git("switch", "-q", "main")
    assert validate(git.path)[:2] == (0, [])


def test_a_clone_without_tags_is_never_green(git: Repo, tmp_path: Path) -> None:
    shaped(git)
    git("clone", "-q", "--depth", "1", "--no-tags", git.path.as_uri(), str(tmp_path / "shallow"))
    git("clone", "-q", "--no-tags", git.path.as_uri(), str(tmp_path / "bare-of-tags"))
    for name, fix in (("shallow", "git fetch --tags --unshallow"), ("bare-of-tags", "git fetch --tags")):
        code, found, answer = validate(tmp_path / name)
        assert (code, found) == (1, ["TAGS_UNAVAILABLE"])
        assert answer["failures"][0]["fix"] == fix


def test_a_folder_that_is_no_repository_has_no_tags(git: Repo, tmp_path: Path) -> None:
    shaped(git)
    (tmp_path / "plain").mkdir()
    for name in ("pyproject.toml", "CHANGELOG.md"):
        (tmp_path / "plain" / name).write_text((git.path / name).read_text(encoding="utf-8"), encoding="utf-8")
    assert validate(tmp_path / "plain")[1] == ["METADATA_MISSING", "TAGS_UNAVAILABLE"]


def test_people_read_each_failure_with_its_fix(git: Repo) -> None:
    shaped(git).write("CHANGELOG.md", "# Changelog\n")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--repo", str(git.path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("CHANGELOG_ENTRY_MISSING: CHANGELOG.md has no entry for 1.1.0\n  fix: ")


@pytest.mark.parametrize("arguments", [("--mode", "tag"), ("--tag", "v1"), ("--mode", "sideways")])
def test_a_wrong_command_line_is_two(git: Repo, arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--repo", str(git.path), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 2


def test_a_release_is_proposed_and_nothing_is_written(project: Project) -> None:
    mission = finalized_mission(project)
    project.git.write("pyproject.toml", '[project]\nname = "teapot"\nversion = "1.1.0a2"\n')
    project.git.commit("version")
    before = project.git.status()
    answer = project.run("agent", "release", "prep", "--channel", "stable", "--json").json()
    assert (answer["current_version"], answer["proposed_version"]) == ("1.1.0a2", "1.1.0")
    assert answer["proposed_changelog_block"].startswith("## [1.1.0] - ")
    assert answer["mission_slug_list"] == []
    assert answer["structured_inputs"]["last_tag"] == ""
    assert mission.slug not in answer["changelog_block"]
    assert project.git.status() == before
    assert "1.1.0a2 → 1.1.0" in project.run("agent", "release", "prep", "--channel", "stable").ok().out


def test_a_version_without_tag_is_proposed_as_it_is_and_the_next_once_it_has_one(git: Repo) -> None:
    shaped(git)
    assert build_release_prep_payload(ReleaseChannel.STABLE, git.path).proposed_version == "1.1.0"
    git("tag", "v1.1.0")
    assert build_release_prep_payload(ReleaseChannel.STABLE, git.path).proposed_version == "1.1.1"
    assert build_release_prep_payload(ReleaseChannel.BETA, git.path).proposed_version == "1.1.1b1"
