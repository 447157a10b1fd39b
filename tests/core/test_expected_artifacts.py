"""Manifests of expected documents: found where mission types are, and checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from specify_cli.core.expected_artifacts import ExpectedArtifacts, load_expected_artifacts, parse_expected_artifacts
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.paths import Repository


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    (tmp_path / "project" / ".kittify").mkdir(parents=True)
    return Repository(tmp_path / "project", None, None, None)


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("spec.md", "input.spec.main"),
        ("plan.md", "output.plan.main"),
        ("tasks.md", "output.tasks.list"),
        ("tasks/WP01-clock.md", "output.tasks.package.WP01-clock.md"),
        ("tasks/WP01-clock/review-cycle-1.md", None),
        ("research.md", "evidence.research"),
        ("contracts/api.json", "evidence.contract.api.json"),
        ("contracts/v1/api.md", "evidence.contract.v1/api.md"),
        ("Spec.md", None),
        ("contracts", None),
    ],
)
def test_a_file_of_a_mission_has_its_key(path: str, key: str | None, repo: Repository) -> None:
    manifest = load_expected_artifacts("software-dev", repo)
    entry = manifest.of(path)
    assert (entry and entry.key_of(path)) == key
    assert manifest.version == "1"


def test_a_step_leaves_its_documents_behind(repo: Repository) -> None:
    required = load_expected_artifacts("software-dev", repo).required
    assert [(each.step, each.pattern) for each in required[:2]] == [("specify", "spec.md"), ("plan", "plan.md")]
    assert all(each.blocking for each in required)


def test_the_projects_own_manifest_counts(repo: Repository) -> None:
    path = repo.checkout / ".kittify" / "missions" / "software-dev" / "expected-artifacts.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(
        "manifest_version: 7\nrequired_always:\n"
        "  - {artifact_key: tea, artifact_class: input, path_pattern: 'tea-?.md'}\n"
    )
    manifest = load_expected_artifacts("software-dev", repo)
    assert manifest.version == "7"
    assert [(each.key, each.step, each.blocking) for each in manifest.artifacts] == [("tea", None, False)]
    assert [manifest.of(name) is not None for name in ("tea-1.md", "tea-12.md", "tea-/.md")] == [True, False, False]


@pytest.mark.parametrize("key", ["no-such-type", "../../etc", ""])
def test_a_type_without_a_manifest_expects_nothing(key: str, repo: Repository) -> None:
    assert load_expected_artifacts(key, repo) == ExpectedArtifacts(key)


def test_a_manifest_is_not_read_from_outside_the_project(repo: Repository, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.yaml").write_text("manifest_version: 1\n")
    folder = repo.checkout / ".kittify" / "missions" / "tea"
    folder.mkdir(parents=True)
    (folder / "expected-artifacts.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    with pytest.raises(Refused) as refused:
        load_expected_artifacts("tea", repo)
    assert refused.value.code == "SYMLINK_REFUSED"


@pytest.mark.parametrize(
    "text",
    [
        "required_always: spec.md\n",
        "required_always: [spec.md]\n",
        "required_always: [{artifact_key: a, artifact_class: input}]\n",
        "required_always: [{artifact_key: '', artifact_class: input, path_pattern: a.md}]\n",
        "required_always: [{artifact_key: a, artifact_class: planet, path_pattern: a.md}]\n",
        "optional_always: [{artifact_key: a, artifact_class: input, path_pattern: ../a.md}]\n",
        "required_by_step: [{artifact_key: a, artifact_class: input, path_pattern: a.md}]\n",
        "required_by_step: {plan: [7]}\n",
        "optional_allways: []\n",
        "required_always: [{artifact_key: a, artifact_class: input, path_pattern: a.md, run: rm}]\n",
        "required_always: [{artifact_key: a, artifact_class: input, path_pattern: a.md, blocking: soon}]\n",
    ],
)
def test_a_wrong_manifest_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_expected_artifacts(f"manifest_version: 1\n{text}", "tea", "tea.yaml")
    assert (refused.value.code, refused.value.hint) == ("ARTIFACTS_INVALID", None)
    assert refused.value.details == {"path": "tea.yaml", "line": 2, "edit": "tea.yaml"}
    assert "tea.yaml line 2: " in refused.value.message
