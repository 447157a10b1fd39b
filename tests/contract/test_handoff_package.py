"""The handoff package of mission 045: what is committed is what its commit says, and anybody can make it again."""

from __future__ import annotations

import filecmp
import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scripts.release import handoff
from specify_cli.kernel.errors import Refused
from tests.support.git import Repo
from tests.support.source import PACKAGE, ROOT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a script for bash on Linux and macOS")

FOLDER = ROOT / handoff.PACKAGE
MISSION = f"kitty-specs/{handoff.SLUG}"
MADE = ["artifact-manifest.json", "artifact-tree.json", "events.jsonl", "namespace.json", "version-matrix.md"]
ALL = sorted([*MADE, "generate.sh", "verification.md"])


def generate(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(folder / "generate.sh"), *options], capture_output=True, text=True, check=False, timeout=60
    )


def source_commit(folder: Path) -> str:
    found = re.search(
        r"^SOURCE_COMMIT=([0-9a-f]{40})$", (folder / "generate.sh").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert found is not None
    return found[1]


def document(name: str, folder: Path = FOLDER) -> dict[str, Any]:
    found = json.loads((folder / name).read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


# -- what is committed -------------------------------------------------------------------------------------------


@pytest.fixture
def commit() -> str:
    """The commit of the committed package, where this clone can look it up."""
    ours, commit = Repo(ROOT), source_commit(FOLDER)
    if not held(ours, commit):
        assert ours("rev-parse", "--is-shallow-repository") == "true", f"{commit} is in no history"
        pytest.skip("this clone is shallow and lacks the commit that the package is made from")
    return commit


def held(repo: Repo, revision: str, path: str = "") -> bool:
    spec = f"{revision}:{path}" if path else f"{revision}^{{commit}}"
    return repo("rev-parse", "--verify", "-q", spec, check=False) != ""


def test_there_are_seven_files(commit: str) -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == ALL, "python -m scripts.release.handoff"


def test_every_file_names_the_same_commit(commit: str) -> None:
    named = [document(name)["source_commit"] for name in ALL if name.endswith(".json")]
    assert named == [commit] * 3
    assert f"\nsource-commit={commit}\n" in (FOLDER / "version-matrix.md").read_text(encoding="utf-8")
    assert commit in (FOLDER / "verification.md").read_text(encoding="utf-8")


def test_the_commit_is_in_our_history_and_holds_the_mission(commit: str) -> None:
    ours = Repo(ROOT)
    ours("merge-base", "--is-ancestor", commit, "HEAD")
    assert held(ours, commit, f"{MISSION}/spec.md"), "python -m scripts.release.handoff"


def test_replayed_it_is_the_same(commit: str, tmp_path: Path) -> None:
    before = time.monotonic()
    done = generate(FOLDER, "--output-dir", str(tmp_path / "replay"), "--write")
    assert time.monotonic() - before < 5
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in (tmp_path / "replay").iterdir()) == ALL
    assert filecmp.cmpfiles(FOLDER, tmp_path / "replay", ALL, shallow=False)[1:] == ([], [])


def test_four_scenarios_were_run_and_passed(commit: str) -> None:
    told = (FOLDER / "verification.md").read_text(encoding="utf-8")
    rows = [line for line in told.splitlines() if line.startswith("|") and "`test_" in line]
    assert len(rows) == 4
    assert all(row.endswith("| pass |") for row in rows)
    assert re.search(r"\| Date \| \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \|", told)
    assert f"`.venv/bin/pytest {handoff.SCENARIOS}`" in told


# -- the script --------------------------------------------------------------------------------------------------


@pytest.fixture
def scratch(git: Repo) -> Repo:
    """A repository of this shape with one mission document, whose package is pinned to its commit."""
    for name in ("pyproject.toml", "constraints.txt", ".kittify/config.yaml"):
        git.write(name, (ROOT / name).read_text(encoding="utf-8"))
    package = git.path / "src" / "specify_cli"
    shutil.copytree(PACKAGE / "kernel", package / "kernel", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PACKAGE / "__init__.py", package)
    manifest = "missions/software-dev/expected-artifacts.yaml"
    git.write(f"src/specify_cli/{manifest}", (PACKAGE / manifest).read_text(encoding="utf-8"))
    git.write(f"{MISSION}/spec.md", "# Spécification\n")
    git.write(f"{MISSION}/contracts/ä b.md", "one\n")
    git.write(f"{handoff.PACKAGE}/generate.sh", (FOLDER / "generate.sh").read_text(encoding="utf-8"))
    git.commit("the mission")
    assert handoff.pin(git.path, "HEAD") == git.head()
    return git


@pytest.fixture
def folder(scratch: Repo) -> Path:
    return scratch.path / handoff.PACKAGE


def test_without_write_nothing_is_written(scratch: Repo, folder: Path, tmp_path: Path) -> None:
    done = generate(folder, "--output-dir", str(tmp_path / "none"))
    assert done.returncode == 0
    listed = [line.split()[-1] for line in done.stdout.splitlines() if line.startswith("new ")]
    assert sorted(listed) == sorted([*MADE, "generate.sh"])
    assert not (tmp_path / "none").exists()
    assert generate(folder).returncode == 0
    assert [path.name for path in folder.iterdir()] == ["generate.sh"]


def test_what_it_makes(scratch: Repo, folder: Path) -> None:
    assert generate(folder, "--write").returncode == 0
    head, seconds = scratch.head(), int(scratch("show", "-s", "--format=%ct"))
    when = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert document("namespace.json", folder) == {
        "schema_version": "1", "project_scope_id": "spec-kitty", "mission_slug": handoff.SLUG, "source_branch": "main",
        "source_commit": head, "mission_type": "software-dev", "manifest_version": "1", "step_id": None,
        "generated_at": when,
    }  # fmt: skip
    manifest = document("artifact-manifest.json", folder)
    assert (manifest.pop("source_commit"), manifest.pop("captured_at")) == (head, when)
    assert manifest["required_by_step"]["specify"][0]["path_pattern"] == "spec.md"
    entries = document("artifact-tree.json", folder)["entries"]
    assert [(each["path"], each["status"]) for each in entries] == [
        ("contracts/ä b.md", "present"),
        ("spec.md", "present"),
    ]
    digest = hashlib.sha256("# Spécification\n".encode()).hexdigest()
    assert entries[1] == {"path": "spec.md", "sha256": digest, "size_bytes": 17, "status": "present"}
    matrix = (folder / "version-matrix.md").read_text(encoding="utf-8")
    block = re.search(r"^```versions\n(.*?)^```$", matrix, re.MULTILINE | re.DOTALL)
    assert block is not None
    assert [line.partition("=")[0] for line in block[1].splitlines()] == [
        "spec-kitty", "spec-kitty-events", "spec-kitty-runtime", "source-commit", "source-branch",
    ]  # fmt: skip
    assert "unknown" not in block[1]
    assert re.findall(r"^\| `(\w+)` \| `", matrix, re.MULTILINE)[:6] == [
        "input", "workflow", "output", "evidence", "policy", "runtime",
    ]  # fmt: skip


def test_an_empty_log_is_one_event_and_an_absent_document_is_listed(scratch: Repo, folder: Path) -> None:
    (scratch.path / MISSION / "spec.md").unlink()
    scratch.commit("without a specification")
    script = folder / "generate.sh"
    script.write_text(
        script.read_text(encoding="utf-8").replace(source_commit(folder), scratch.head()), encoding="utf-8"
    )
    assert generate(folder, "--write").returncode == 0
    entries = document("artifact-tree.json", folder)["entries"]
    assert {"path": "spec.md", "sha256": None, "size_bytes": None, "status": "absent"} in entries
    event = document("events.jsonl", folder)
    assert (event["from_lane"], event["to_lane"], event["at"][-1], len(event["event_id"])) == (
        "planned",
        "planned",
        "Z",
        26,
    )


def test_the_log_keeps_its_order_and_the_working_tree_does_not_count(scratch: Repo, folder: Path) -> None:
    log = '{"event_id": "02", "wp_id": "WP01"}\n{"event_id": "01", "wp_id": "WP01"}\n'
    scratch.write(f"{MISSION}/status.events.jsonl", log)
    scratch.commit("a log")
    handoff.pin(scratch.path, "HEAD")
    scratch.write(f"{MISSION}/status.events.jsonl", "changed\n")
    scratch.write(f"{MISSION}/spec.md", "changed\n")
    scratch.write(f"{MISSION}/plan.md", "new\n")
    assert generate(folder, "--write").returncode == 0
    assert (folder / "events.jsonl").read_text(encoding="utf-8") == log
    paths = [each["path"] for each in document("artifact-tree.json", folder)["entries"]]
    assert paths == ["contracts/ä b.md", "spec.md", "status.events.jsonl"]


def test_a_second_run_changes_nothing_and_a_changed_file_wants_force(scratch: Repo, folder: Path) -> None:
    generate(folder, "--write")
    again = generate(folder, "--write")
    assert again.returncode == 0
    assert {line.split()[0] for line in again.stdout.splitlines()} == {"unchanged"}
    spoilt = folder / "namespace.json"
    spoilt.write_text("mine\n", encoding="utf-8")
    (folder / "events.jsonl").unlink()
    refused = generate(folder, "--write")
    assert refused.returncode == 1
    assert "namespace.json there and differs; nothing was written" in refused.stderr
    assert spoilt.read_text(encoding="utf-8") == "mine\n"
    assert not (folder / "events.jsonl").exists()
    assert generate(folder, "--write", "--force").returncode == 0
    assert document("namespace.json", folder)["mission_slug"] == handoff.SLUG
    assert sorted(path.name for path in folder.iterdir()) == sorted([*MADE, "generate.sh"])


def test_a_shallow_clone_is_told_once(scratch: Repo, tmp_path: Path) -> None:
    scratch.commit("later")
    scratch("clone", "-q", "--depth", "1", f"file://{scratch.path}", str(tmp_path / "shallow"))
    done = generate(tmp_path / "shallow" / handoff.PACKAGE, "--write")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[1:] == ["Fix: git fetch --unshallow"]
    assert done.stderr.startswith("Error: this clone is shallow and lacks commit ")


@pytest.mark.parametrize("options", [["--wirte"], ["--output-dir"], ["--output-dir", ""]])
def test_a_wrong_option_is_named(options: list[str]) -> None:
    done = generate(FOLDER, *options)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: --")


def test_it_is_written_for_old_bash() -> None:
    text = (FOLDER / "generate.sh").read_text(encoding="utf-8").partition("<<'PROGRAM'")[0]
    newer = r"\b(?:mapfile|readarray|coproc)\b|declare -[An]|local -n|\$\{\w+(?:,|\^|@)|&>>|\|&|;;&|printf -v \w+\["
    assert re.findall(newer, text) == []
    assert subprocess.run(["bash", "-n", str(FOLDER / "generate.sh")], check=False).returncode == 0


# -- pinning -----------------------------------------------------------------------------------------------------


def test_only_a_commit_that_holds_the_mission_is_pinned(scratch: Repo) -> None:
    for revision, code in (("nope", "REVISION_UNKNOWN"), ("HEAD~1", "MISSION_NOT_COMMITTED")):
        with pytest.raises(Refused) as told:
            handoff.pin(scratch.path, revision)
        assert told.value.code == code
    scratch.write("README.md", "changed\n")
    with pytest.raises(Refused, match=r"README\.md") as told:
        handoff.pin(scratch.path, "HEAD")
    assert told.value.code == "CHECKOUT_DIRTY"


def test_what_did_not_pass_is_said(scratch: Repo) -> None:
    outcomes = dict.fromkeys(handoff.TITLES.values(), True) | {"a bad slug: `INVALID_SLUG`": False}
    told = handoff.verification(scratch.path, outcomes, scratch.head())
    assert told.count("| pass |") == 3
    assert "| a bad slug: `INVALID_SLUG` | `test_a_bad_slug_is_named_as_such` | FAIL |" in told
    assert f"| Commit of the run | `{scratch.head()}` |" in told
