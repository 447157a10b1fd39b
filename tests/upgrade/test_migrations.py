"""Migrations as pure functions: data in, data out, and nothing to do the second time."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.kernel import yaml
from specify_cli.kernel.paths import discover
from specify_cli.mission_metadata import validate_meta
from specify_cli.upgrade.case import ProjectCase, ProjectMigration
from specify_cli.upgrade.draft import Draft
from specify_cli.upgrade.migration_064 import migrate_meta
from specify_cli.upgrade.migrations import (
    m_0_2_0_layout,
    m_2_0_0_shipped_copies,
    m_3_1_0_charter,
    m_3_1_1_agent_files,
    m_3_1_1_config,
)
from specify_cli.upgrade.migrations.m_3_0_0_lanes import without_lane
from specify_cli.upgrade.migrations.m_3_1_1_config import checkout_ids, without_checkout_ids
from specify_cli.upgrade.registry import MIGRATIONS, up_to

AT = "2026-01-01T00:00:00Z"
keys = st.sampled_from(
    ["feature_slug", "feature_number", "mission", "mission_slug", "mission_type", "slug", "target_branch", "x", "vcs"]
)
metas = st.dictionaries(keys, st.text(min_size=1, max_size=12))


def migrated(migration: ProjectMigration, root: Path) -> ProjectCase:
    """What a migration drafts for a folder; once drafted it is not wanted any more."""
    case = ProjectCase(discover(root), root, Draft(), older=True, version="3.1.1")
    assert migration.detect(case)
    migration.apply(case)
    assert not migration.detect(case), "it is not wanted twice"
    return case


def written(case: ProjectCase) -> dict[str, str | None]:
    return {
        path.relative_to(case.root).as_posix(): None if content is None else content.decode()
        for path, content in case.draft.changes.items()
    }


def put(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


# -- meta.json (seed 064) ------------------------------------------------------------------------------------------


def test_old_keys_get_their_names_of_today_and_unknown_ones_stay() -> None:
    old = {"feature_number": "007", "feature_slug": "007-tea", "mission": "research", "created_at": AT, "x": [1]}
    assert migrate_meta(old, "007-tea", target_branch="main", created_at="") == {
        "mission_number": "007", "mission_slug": "007-tea", "mission_type": "research", "created_at": AT, "x": [1],
        "friendly_name": "tea", "slug": "tea", "target_branch": "main",
    }  # fmt: skip


def test_a_mission_without_meta_gets_one() -> None:
    found = migrate_meta({}, "007-green-tea", target_branch="main", created_at=AT)
    assert validate_meta(found) == []
    assert (found["mission_number"], found["friendly_name"]) == ("007", "green tea")


@given(metas, st.sampled_from(["001-tea", "tea", "12-x"]))
def test_meta_is_migrated_once(meta: dict[str, object], folder: str) -> None:
    once = migrate_meta(meta, folder, target_branch="main", created_at=AT)
    assert migrate_meta(once, folder, target_branch="other", created_at="2027-01-01T00:00:00Z") == once
    assert not {"feature_slug", "feature_number", "mission"} & once.keys()
    kept = {key: value for key, value in meta.items() if key not in {"feature_slug", "feature_number", "mission"}}
    assert kept.items() <= once.items()


# -- prompts -------------------------------------------------------------------------------------------------------


@given(st.text(), st.sampled_from(["\n", "\r\n"]), st.sampled_from(['"doing"', "planned", "''", "done  # said"]))
def test_only_the_line_of_the_lane_goes(body: str, end: str, lane: str) -> None:
    header = end.join(["---", "title: x", f"lane: {lane}", "agent: y", "---", ""])
    assert without_lane(header + body) == header.replace(f"lane: {lane}{end}", "") + body


@given(st.text())
def test_a_prompt_that_tells_no_lane_is_left_alone(text: str) -> None:
    if not text.startswith("---"):
        assert without_lane(text) == text


# -- config --------------------------------------------------------------------------------------------------------


def test_ids_of_a_checkout_leave_the_config_and_all_else_stays() -> None:
    text = "# ours\nproject:\n  uuid: a\n  node_id: n  # who\n  build_id: b\n  slug: s\nodd: {build_id: 1}\n"
    assert checkout_ids(text) == {"build_id": "b", "node_id": "n"}
    assert without_checkout_ids(text) == "# ours\nproject:\n  uuid: a\n  slug: s\nodd: {build_id: 1}\n"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("# us\nproject: {uuid: a, build_id: b}\n", "# us\nproject: {uuid: a}\n"),
        ("project: {build_id: b}\n", "project: {}\n"),
        (
            '{"project": {"uuid": a, "node_id": n}, "vcs": {type: git}}\n',
            '{"project": {"uuid": a}, "vcs": {type: git}}\n',
        ),
        ("project:\n  uuid: a\n  build_id: b\nz:\n  node_id: 1\n", "project:\n  uuid: a\nz:\n  node_id: 1\n"),
    ],
)
def test_ids_are_taken_out_however_the_config_is_laid_out(text: str, after: str) -> None:
    assert without_checkout_ids(text) == after


@given(
    st.dictionaries(
        st.sampled_from(["uuid", "slug", "build_id", "node_id", "repo_slug"]),
        st.from_regex(r"[a-z]{1,8}", fullmatch=True),
    )
)
def test_the_config_keeps_every_other_value(project: dict[str, str]) -> None:
    text = "vcs:\n  type: git\nproject:\n" + "".join(f"  {key}: {value}\n" for key, value in project.items())
    left = yaml.mapping(without_checkout_ids(text), "config.yaml")
    kept = {key: yaml.loads(value, "") for key, value in project.items() if key not in {"build_id", "node_id"}}
    assert left == {"vcs": {"type": "git"}, "project": kept or ({} if project else None)}


def test_a_project_without_config_gets_one_with_the_agents_it_has_commands_of(tmp_path: Path) -> None:
    put(
        tmp_path,
        {".kittify/scripts/x.sh": "", ".claude/commands/spec-kitty.plan.md": "", ".gemini/commands/mine.toml": ""},
    )
    case = migrated(m_3_1_1_config.MIGRATION, tmp_path)
    text = written(case)[".kittify/config.yaml"]
    assert text is not None
    assert "available: [claude]" in text


# -- layouts -------------------------------------------------------------------------------------------------------


def test_the_layout_of_the_first_versions_becomes_ours(tmp_path: Path) -> None:
    put(tmp_path, {
        ".specify/memory/constitution.md": "law", ".specify/scripts/a.sh": "sh", "specs/001-tea/spec.md": "spec",
        "specs/001-tea/contracts/x.json": "{}", "specs/notes.md": "mine", "specs/other/spec.md": "mine too",
        "specs/002-no-spec/readme.md": "mine", ".kittify/scripts/a.sh": "newer",
    })  # fmt: skip
    case = ProjectCase(discover(tmp_path), tmp_path, Draft(), older=True, version="3.1.1")
    m_0_2_0_layout.MIGRATION.apply(case)
    assert written(case) == {
        ".kittify/memory/constitution.md": "law", ".specify/memory/constitution.md": None,
        "kitty-specs/001-tea/spec.md": "spec", "specs/001-tea/spec.md": None,
        "kitty-specs/001-tea/contracts/x.json": "{}", "specs/001-tea/contracts/x.json": None,
    }  # fmt: skip
    assert [each.code for each in case.notices] == ["PLACE_TAKEN"]


@pytest.mark.parametrize(
    "old", [".kittify/memory/constitution.md", ".kittify/constitution/constitution.md", "memory/charter.md"]
)
def test_the_charter_moves_to_its_place(old: str, tmp_path: Path) -> None:
    case = migrated(m_3_1_0_charter.MIGRATION, put(tmp_path, {old: "law"}))
    assert written(case) == {old: None, ".kittify/charter/charter.md": "law"}


def test_a_second_charter_stays_unless_it_says_the_same(tmp_path: Path) -> None:
    put(tmp_path, {
        ".kittify/memory/charter.md": "law", ".kittify/memory/constitution.md": "law",
        "memory/constitution.md": "other",
    })  # fmt: skip
    case = migrated(m_3_1_0_charter.MIGRATION, tmp_path)
    assert written(case) == {
        ".kittify/charter/charter.md": "law", ".kittify/memory/charter.md": None,
        ".kittify/memory/constitution.md": None,
    }  # fmt: skip
    assert "memory/constitution.md stays" in case.notices[0].message


def test_copies_of_shipped_templates_go_and_a_type_of_the_project_stays(tmp_path: Path) -> None:
    put(tmp_path, {
        ".kittify/missions/software-dev/mission.yaml": "old", ".kittify/missions/ours/mission.yaml": "mine",
        ".kittify/scripts/.keep": "", ".kittify/templates/plan.md": "old",
        ".kittify/overrides/templates/plan.md": "mine",
    })  # fmt: skip
    case = migrated(m_2_0_0_shipped_copies.MIGRATION, tmp_path)
    gone = {".kittify/missions/software-dev/mission.yaml", ".kittify/templates/plan.md", ".kittify/scripts/.keep"}
    assert written(case) == dict.fromkeys(gone)


def test_templates_that_nothing_old_stands_beside_are_somebodys_own(tmp_path: Path) -> None:
    put(tmp_path, {".kittify/templates/plan.md": "mine"})
    case = ProjectCase(discover(tmp_path), tmp_path, Draft(), older=True, version="3.1.1")
    assert not m_2_0_0_shipped_copies.MIGRATION.detect(case)


# -- files of agents -----------------------------------------------------------------------------------------------


def skills(tmp_path: Path, *entries: dict[str, Any]) -> Path:
    return put(tmp_path, {
        ".kittify/config.yaml": "agents: {available: [claude]}\nproject: {uuid: a}\n",
        ".kittify/skills-manifest.json": json.dumps({"version": 1, "entries": list(entries)}),
    })  # fmt: skip


def entry(path: str, text: str) -> dict[str, Any]:
    return {"installed_path": path, "content_hash": f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"}


def test_an_old_skill_goes_only_where_nobody_edited_it(tmp_path: Path) -> None:
    old, edited = ".claude/skills/spec-kitty-old/SKILL.md", ".claude/skills/spec-kitty-edited/SKILL.md"
    skills(
        tmp_path,
        entry(old, "as it was"),
        entry(edited, "as it was"),
        entry("../outside.md", "x"),
        entry("src/a.py", "a"),
    )
    put(tmp_path, {old: "as it was", edited: "mine now", "src/a.py": "a", ".claude/commands/spec-kitty.old.md": "?"})
    case = migrated(m_3_1_1_agent_files.MIGRATION, tmp_path)
    removed = [path for path, content in written(case).items() if content is None]
    assert removed == [old]
    told = {each.code: each.message for each in case.notices}
    assert "2 files of older versions" in told["OLD_COMMANDS_KEPT"]


def test_in_a_project_of_today_an_edited_command_stays_and_an_outdated_one_is_renewed(tmp_path: Path) -> None:
    plan, review = ".claude/commands/spec-kitty.plan.md", ".claude/commands/spec-kitty.review.md"
    written_once = {"sha256": hashlib.sha256(b"old\n").hexdigest(), "version": "3.1.0"}
    skills(tmp_path)
    put(tmp_path, {
        plan: "old\n", review: "mine\n",
        ".kittify/manifest.json": json.dumps({"version": 1, "files": {plan: written_once, review: written_once}}),
    })  # fmt: skip
    case = ProjectCase(discover(tmp_path), tmp_path, Draft(), older=False, version="3.1.1")
    m_3_1_1_agent_files.MIGRATION.apply(case)
    assert written(case).keys() == {plan, ".kittify/manifest.json"}


# -- all of them ---------------------------------------------------------------------------------------------------


def test_ids_are_unique_and_a_target_takes_the_earlier_ones() -> None:
    ids = [each.id for each in MIGRATIONS]
    assert len(set(ids)) == len(ids)
    assert [each.id for each in up_to("2.0.0")] == ["m_0_2_0_layout", "m_2_0_0_shipped_copies"]
    assert up_to("3.1.1") == list(MIGRATIONS)
