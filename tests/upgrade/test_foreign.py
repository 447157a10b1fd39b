"""What upgrades of older versions, other programs and people left in headers and logs: read, mended, or named."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from specify_cli.kernel import ids
from tests.support.cli import Result, run_here
from tests.support.git import Repo
from tests.support.legacy import build
from tests.support.reports import older_project, report

SLUG = "001-clock"


def upgrade(git: Repo, *words: str) -> Result:
    return run_here("upgrade", *words, "--json", cwd=git.path)


def board(git: Repo) -> dict[str, tuple[str, str]]:
    found = run_here("status", "--mission", SLUG, "--json", cwd=git.path).ok().json()
    assert found["problems"] == []
    return {each["id"]: (each["title"], each["lane"]) for each in found["work_packages"]}


def faults(git: Repo, *sections: str) -> list[dict[str, Any]]:
    found = run_here("doctor", *sections, "--json", cwd=git.path).json()["findings"]
    return [each for each in found if each["severity"] in {"error", "warning"} and each["section"] != "setup"]


def tasks(git: Repo) -> Path:
    return git.path / "kitty-specs" / SLUG / "tasks"


def test_headers_with_a_ulid_in_the_place_of_the_id_are_read_and_mended(tmp_path: Path) -> None:
    git = older_project("12", tmp_path / "project")
    expected = {"WP01": ("Hands", "done"), "WP02": ("Face", "planned")}
    assert board(git) == expected
    assert upgrade(git).ok().json()["result"] == "success"
    assert board(git) == expected
    header = (tasks(git) / "WP01-hands.md").read_text(encoding="utf-8")
    assert header == (report("12") / "kitty-specs" / SLUG / "tasks" / "WP01-hands.md").read_text("utf-8").replace(
        "work_package_id: 01M8PADDHFNMDMF8P5V3DA86FA", "work_package_id: WP01"
    ).replace("wp_code: WP01\n", "work_package_ulid: 01M8PADDHFNMDMF8P5V3DA86FA\n")
    assert faults(git) == []
    assert upgrade(git).ok().json()["result"] == "nothing_to_do"


def test_what_an_earlier_upgrade_left_unmended_is_mended_by_the_next(tmp_path: Path) -> None:
    git = older_project("12", tmp_path / "project")
    upgrade(git).ok()
    path = tasks(git) / "WP01-hands.md"
    shutil.copy(report("12") / "kitty-specs" / SLUG / "tasks" / path.name, path)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert upgrade(git).ok().json()["result"] == "success"
    assert b"work_package_id: WP01\r\n" in path.read_bytes()
    assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\r\n")


@pytest.mark.parametrize("before", [True, False])
def test_subtasks_that_are_mappings_are_read_and_mended(before: bool, tmp_path: Path) -> None:
    git = older_project("22", tmp_path / "project")
    if before:
        shutil.copy(report("22") / "WP02-before-upgrade.md", tasks(git) / "WP02-face.md")
    (git.path / "WP02-before-upgrade.md").unlink()
    git.commit("before")
    assert board(git)["WP02"] == ("Face", "in_progress")
    assert upgrade(git).ok().json()["result"] == "success"
    assert board(git)["WP02"] == ("Face", "in_progress")
    text = (tasks(git) / "WP02-face.md").read_text(encoding="utf-8")
    assert "lane:" not in text
    assert "- id: T002\n  status: done\n" in text
    assert faults(git) == []


def test_a_header_that_is_no_yaml_is_named_and_never_edited(tmp_path: Path) -> None:
    git = older_project("22", tmp_path / "project")
    broken = tasks(git) / "WP02-face.md"
    shutil.copy(report("21") / "WP02-face.md", broken)
    git.commit("a stray item")
    before = broken.read_bytes()
    answer = upgrade(git).failed(exit_code=1).json()
    (skipped,) = answer["skipped"]
    assert (answer["result"], skipped["error_code"]) == ("partial", "MALFORMED_YAML")
    assert "tasks/WP02-face.md line 7" in skipped["error"]
    assert broken.read_bytes() == before
    # Its work package is the only one that cannot be worked on.
    found = run_here("status", "--mission", SLUG, "--json", cwd=git.path).ok().json()
    assert {each["id"]: each["lane"] for each in found["work_packages"]} == {"WP01": "done", "WP02": "done"}
    assert [(each["code"], each["section"]) for each in faults(git)] == [("MALFORMED_YAML", "log")]
    broken.write_bytes(before.replace(b'"[]"\n', b""))
    assert upgrade(git).ok().json()["result"] == "success"
    assert b"lane:" not in broken.read_bytes().partition(b"history")[0]


def test_a_mission_whose_headers_are_read_only_in_part_is_left_as_it_is(tmp_path: Path) -> None:
    git = older_project("22", tmp_path / "project")
    (tasks(git) / "WP01-hands.md").write_text("---\nlane: doing\nexecution_mode: by_hand\n---\n", encoding="utf-8")
    (tasks(git) / "WP02-face.md").write_text("---\nwork_package_id: WP07\n---\n", encoding="utf-8")
    git.commit("odd")
    (skipped,) = upgrade(git).failed(exit_code=1).json()["skipped"]
    assert [each["code"] for each in skipped["details"]["problems"]] == ["FIELD_INVALID", "WP_ID_MISMATCH"]
    assert git("status", "--porcelain", "kitty-specs/001-clock/tasks") == ""


def test_a_config_in_one_line_keeps_no_upgrade_from_anybody(tmp_path: Path) -> None:
    old = build("3.1.1", tmp_path / "project")
    uuid = "0b0e7d1c-94a0-4a53-9d2f-5f2b1b6f6a10"
    text = f"# ours\nproject: {{uuid: {uuid}, slug: tea, build_id: {uuid}, node_id: aaaaaaaaaaaa}}\n"
    (old.path / ".kittify" / "config.yaml").write_text(text, encoding="utf-8")
    assert run_here("upgrade", "--json", cwd=old.path).ok().json()["result"] == "success"
    after = (old.path / ".kittify" / "config.yaml").read_text(encoding="utf-8")
    assert after == f"# ours\nproject: {{uuid: {uuid}, slug: tea}}\n"


def test_a_migration_beside_the_real_history_freezes_nothing(tmp_path: Path) -> None:
    git = older_project("22", tmp_path / "project")
    log = git.path / "kitty-specs" / SLUG / "status.events.jsonl"
    first = json.loads(log.read_text("utf-8").splitlines()[2])
    steps = ["planned", "claimed", "in_progress", "for_review", "done"]
    lines = []
    for number, (source, target) in enumerate([("planned", "claimed"), *pairwise(steps)]):
        at = f"2026-02-0{number + 1}T10:00:00Z"
        event = {**first, "from_lane": source, "to_lane": target, "wp_id": "WP02", "force": False, "reason": None}
        event |= {"actor": "claude", "event_id": ids.new_id(), "at": at}
        lines.append(json.dumps(event))
    kept = [line for line in log.read_text("utf-8").splitlines() if '"WP01"' in line]
    log.write_text("\n".join([*kept, *lines]) + "\n", encoding="utf-8")
    git.commit("a migration")
    assert board(git)["WP02"][1] == "done"
    checked = run_here("agent", "status", "validate", "--mission", SLUG, "--json", cwd=git.path).ok().json()
    assert [(each["severity"], each["code"], each["fix"]) for each in checked["findings"]][:1] != []
    assert {each["code"] for each in checked["findings"] if each["severity"] == "note"} >= {"FROM_LANE_MISMATCH"}
