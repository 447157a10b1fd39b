"""This repository is a project of its own tool: what a newcomer runs works in a fresh clone, and its missions hold."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from specify_cli.kernel.text import is_ulid
from specify_cli.release.coherence import failures
from specify_cli.version import VERSION
from tests.support.cli import Result, run_here, run_script
from tests.support.git import Repo
from tests.support.project import Task, write_documents
from tests.support.source import ROOT

MISSIONS: Mapping[str, tuple[str, ...]] = {
    "039-cli-2x-readiness": ("batch-ingest.md", "lane-mapping.md"),
    "045-mission-handoff-package-version-matrix": (),
    "061-ticket-first-mission-origin-binding": (),
    "064-complete-mission-identity-cutover": (
        "body-sync.md", "event-envelope.md", "orchestrator-api.md", "tracker-bind.md",
    ),
    "079-post-555-release-hardening": ("cli-contracts.md", "file-format-contracts.md", "test-contracts.md"),
}  # fmt: skip


@pytest.fixture
def clone(tmp_path: Path) -> Repo:
    """A fresh clone on `main`, without any journal, holding the missions and settings as they stand here."""
    if not (ROOT / ".git").exists():
        pytest.skip("these sources are no git repository")
    path = tmp_path / "spec-kitty"
    Repo(tmp_path)("clone", "-q", str(ROOT), str(path))
    repo = Repo(path)
    repo("switch", "-q", "-C", "main")
    for name in ("kitty-specs", ".kittify", ".claude"):
        shutil.rmtree(path / name)
        ignored = shutil.ignore_patterns("runtime", "backups", "local.yaml", "settings.local.json")
        shutil.copytree(ROOT / name, path / name, ignore=ignored)
    repo.commit("as it stands here")
    assert not (path / ".git" / "spec-kitty").exists()
    return repo


@pytest.mark.e2e
def test_the_list_of_a_newcomer_runs(clone: Repo, tmp_path: Path) -> None:
    assert run_script("--version", cwd=clone.path).ok().out == f"spec-kitty {VERSION}\n"
    run_script("init", "tea", "--ai", "claude", "--non-interactive", cwd=tmp_path).ok()
    assert (tmp_path / "tea" / ".kittify" / "config.yaml").is_file()
    created = run_script("agent", "mission", "create", "dogfood-check", "--json", cwd=clone.path).ok().json()
    slug, folder = str(created["mission_slug"]), Path(created["feature_dir"])
    assert int(slug.partition("-")[0]) > max(int(name.partition("-")[0]) for name in MISSIONS)
    write_documents(folder, (Task("WP01"), Task("WP02", needs=("WP01",))))
    run_script("agent", "mission", "finalize-tasks", "--mission", slug, cwd=clone.path).ok()
    assert "WP01" in run_script("agent", "tasks", "status", "--mission", slug, cwd=clone.path).ok().out
    assert clone.status() == ""


def test_numbers_of_our_missions_are_taken(clone: Repo) -> None:
    for slug in MISSIONS:
        number = slug.partition("-")[0].lstrip("0")
        taken = run_here("agent", "mission", "create", "another", "--number", number, "--json", cwd=clone.path)
        taken.failed("MISSION_NUMBER_TAKEN")


def test_nothing_is_wrong_with_them_in_a_fresh_clone(clone: Repo) -> None:
    before = clone.status()
    found = run_here("doctor", "--json", cwd=clone.path).ok().json()
    assert found["result"] == "healthy"
    assert [found["sections"][name] for name in ("log", "worktrees", "leases")] == ["ok"] * 3, found
    assert found["sections"]["merge"] in ("ok", "note")  # a shallow clone lacks commits that receipts name
    listed = run_here("mission", "list", "--json", cwd=clone.path).ok().json()
    assert {each["mission_slug"] for each in listed["missions"]} >= set(MISSIONS)
    assert clone.status() == before


def test_our_own_files_are_what_this_version_writes(clone: Repo) -> None:
    found = run_here("doctor", "files", "--json", cwd=clone.path).ok().json()
    assert found["sections"]["files"] == "ok", "spec-kitty doctor files --fix, here, and commit what it writes"
    assert {each.code for each in failures(clone.path)[1]} <= {"TAGS_UNAVAILABLE"}
    assert run_here("charter", "show", "--json", cwd=clone.path).ok().json()["result"] == "success"


@pytest.mark.parametrize("slug", MISSIONS)
def test_a_mission_of_ours_tells_what_was_done(slug: str, clone: Repo) -> None:
    folder = clone.path / "kitty-specs" / slug
    asked = ("--mission", slug, "--json")

    def run(*words: str) -> Result:
        return run_here(*words, *asked, cwd=clone.path).ok()

    assert run("agent", "status", "validate").json()["result"] == "valid"
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    assert (meta["mission_slug"], meta["mission_number"]) == (slug, slug.partition("-")[0])
    assert is_ulid(meta["mission_id"])
    assert meta["accepted_at"]
    board = run("agent", "tasks", "status").json()
    assert 3 <= board["total_wps"] <= 6
    assert {each["lane"] for each in board["work_packages"]} <= {"approved", "done"}
    assert board["unpublished_events"] == 0
    assert sorted(path.name for path in (folder / "contracts").glob("*")) == sorted(MISSIONS[slug])
    for name in ("spec.md", "plan.md", "tasks.md", "lanes.json"):
        assert (folder / name).is_file()
    assert len([*(folder / "tasks").glob("WP*.md")]) == board["total_wps"]
    for line in (folder / "status.events.jsonl").read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event["to_lane"] == "approved":
            assert_reviewed(event)
        if event["evidence"] and not (clone.path / ".git" / "shallow").exists():
            assert_in_history(event["evidence"]["repos"], clone)


def assert_reviewed(event: dict[str, Any]) -> None:
    """Another one than the builder approved it, and tests were run."""
    assert event["evidence"]["review"]["reviewer"] == event["actor"] != "builder"
    assert [each["result"] for each in event["evidence"]["verification"]] == ["passed"]


def assert_in_history(repos: list[dict[str, Any]], clone: Repo) -> None:
    for done in repos:
        clone("merge-base", "--is-ancestor", done["commit"], "HEAD")


def test_the_contracts_lead_to_the_reference() -> None:
    for slug, names in MISSIONS.items():
        for path in (ROOT / "kitty-specs" / slug / "contracts" / name for name in names):
            text = path.read_text(encoding="utf-8")
            assert text.count("\n") == 1, f"{path}: one line that points elsewhere"
            links = [part.partition(")")[0] for part in text.split("](")[1:]]
            assert all((path.parent / link).is_file() for link in links), links
