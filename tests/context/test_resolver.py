"""Which mission is meant: flag, environment, folder, the only open one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from specify_cli.context.missions import all_places, place_of
from specify_cli.context.resolver import require_mission_id, resolve_mission
from specify_cli.core.mission_creation import create_mission_core
from specify_cli.kernel.errors import Conflict, NotFound, Refused, SpecKittyError, UsageError
from specify_cli.kernel.paths import discover
from tests.support.environment import standing_in
from tests.support.git import Repo, make_repo
from tests.support.missions import PLANNER, finalized_mission
from tests.support.project import Project


@pytest.fixture
def pair(project: Project) -> tuple[str, str]:
    """Two missions that begin alike; their slugs."""
    one = create_mission_core(project.path, "tea-timer", actor=PLANNER).mission_slug
    two = create_mission_core(project.path, "tea-tray", actor=PLANNER).mission_slug
    return one, two


def found(project: Project, selector: str | None, start: Path | None = None) -> tuple[str, str]:
    context = resolve_mission(selector, start=start or project.path)
    return context.place.slug, context.how


def edit_meta(project: Project, slug: str, **changes: object) -> None:
    path = project.folder(slug) / "meta.json"
    meta = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps({key: value for key, value in meta.items() if value is not None}), encoding="utf-8")


@pytest.mark.parametrize("selector", ["001-tea-timer", "1", "001", "tea-timer", "001-tea-ti", "001-"])
def test_a_mission_is_named_by_slug_number_or_prefix(project: Project, pair: tuple[str, str], selector: str) -> None:
    assert found(project, selector) == (pair[0], "--mission")


def test_a_mission_is_named_by_its_id_or_the_beginning_of_it(project: Project, pair: tuple[str, str]) -> None:
    ids = [place.mission_id or "" for place in all_places(discover(project.path))[0]]
    assert found(project, ids[1])[0] == pair[1]
    assert found(project, ids[1].lower())[0] == pair[1]
    alike = next(number for number in range(26) if ids[0][number] != ids[1][number])
    assert found(project, ids[0][: alike + 1])[0] == pair[0]
    with pytest.raises(Conflict) as refusal:
        resolve_mission(ids[0][:alike], start=project.path)
    assert (refusal.value.code, refusal.value.details["candidates"]) == ("MISSION_AMBIGUOUS", list(pair))
    assert refusal.value.hint == "spec-kitty mission list"  # what the flag says would count before any variable


def test_several_open_missions_are_ambiguous_and_listed(project: Project, pair: tuple[str, str]) -> None:
    with pytest.raises(Conflict) as refusal:
        resolve_mission(None, start=project.path)
    assert refusal.value.details["candidates"] == list(pair)


def test_a_number_is_no_prefix(project: Project, pair: tuple[str, str]) -> None:
    project.git("mv", f"kitty-specs/{pair[1]}", "kitty-specs/100-tea-tray")
    edit_meta(project, "100-tea-tray", mission_slug="100-tea-tray", mission_number="100")
    assert found(project, "100")[0] == "100-tea-tray"
    with pytest.raises(NotFound):
        resolve_mission("10", start=project.path)


def test_two_missions_of_one_number_are_ambiguous(project: Project, pair: tuple[str, str]) -> None:
    project.git("mv", f"kitty-specs/{pair[1]}", "kitty-specs/001-tea-tray")
    edit_meta(project, "001-tea-tray", mission_slug="001-tea-tray", mission_number="001")
    with pytest.raises(Conflict) as refusal:
        resolve_mission("1", start=project.path)
    assert refusal.value.details["candidates"] == ["001-tea-timer", "001-tea-tray"]


def test_what_was_removed_is_no_candidate(project: Project) -> None:
    kept, removed = project.create(), project.create()
    project.git("rm", "-q", "-r", f"kitty-specs/{removed}")
    project.git.commit("one of the two was a mistake")
    assert found(project, "tea-timer")[0] == kept


def test_an_unknown_mission_lists_the_known(project: Project, pair: tuple[str, str]) -> None:
    with pytest.raises(NotFound) as refusal:
        resolve_mission("coffee", start=project.path)
    assert (refusal.value.code, refusal.value.details["known"]) == ("MISSION_NOT_FOUND", list(pair))


def test_the_flag_comes_before_the_environment_and_that_before_the_folder(
    project: Project, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project.folder(pair[0])
    assert found(project, None, folder) == (pair[0], "the folder you are in")
    (folder / "contracts").mkdir(exist_ok=True)
    assert found(project, None, folder / "contracts")[0] == pair[0]
    monkeypatch.setenv("SPEC_KITTY_MISSION", "tea-tray")
    assert found(project, None, folder) == (pair[1], "SPEC_KITTY_MISSION")
    assert found(project, "1", folder) == (pair[0], "--mission")


def test_the_only_open_mission_is_meant_from_any_subfolder(project: Project, pair: tuple[str, str]) -> None:
    edit_meta(project, pair[0], merged_at="2026-01-01T00:00:00+00:00")
    (project.path / "src").mkdir()
    assert found(project, None, project.path / "src") == (pair[1], "the only open mission")
    edit_meta(project, pair[1], merged_at="2026-01-01T00:00:00+00:00")
    with pytest.raises(UsageError, match="every mission is merged"):
        resolve_mission(None, start=project.path)


def test_without_a_mission_or_a_project_the_way_to_one_is_told(project: Project, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as none:
        resolve_mission(None, start=project.path)
    assert (none.value.code, none.value.exit_code) == ("MISSION_REQUIRED", 2)
    assert "agent mission create" in str(none.value.hint)
    with pytest.raises(NotFound, match="not a spec-kitty project") as nowhere:
        resolve_mission(None, start=make_repo(tmp_path / "other").path)
    assert "spec-kitty init" in str(nowhere.value.hint)


def test_a_lane_worktree_means_its_mission(project: Project) -> None:
    mission = finalized_mission(project)
    create_mission_core(project.path, "other", actor=PLANNER)
    worktree = mission.claim("WP01").workspace.path
    copy = worktree / "kitty-specs" / mission.slug
    for folder in (worktree, copy, copy / "tasks"):
        context = resolve_mission(None, start=folder)
        assert (context.place.slug, context.how) == (mission.slug, "the folder you are in")
        assert context.place.folder == mission.folder, "the live documents, not the copy"


def test_the_starting_point_can_be_set(
    project: Project, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SPECIFY_REPO_ROOT", str(project.folder(pair[1])))
    with standing_in(tmp_path):
        assert resolve_mission(None).place.slug == pair[1]


def test_the_home_may_be_a_linked_worktree(project: Project) -> None:
    mission = finalized_mission(project)
    project.git("switch", "-q", "-c", "feature")
    home = project.path.parent / "main-tree"
    project.git("worktree", "add", "-q", str(home), "main")
    for start in (project.path, home, home / "kitty-specs" / mission.slug):
        place = resolve_mission("1", start=start).place
        assert place.folder == home / "kitty-specs" / mission.slug


def test_without_a_home_the_mission_is_read_from_the_tip(project: Project) -> None:
    mission = finalized_mission(project)
    project.git("switch", "-q", "-c", "feature")
    (project.folder(mission.slug) / "spec.md").write_text("mine\n", encoding="utf-8")
    place = resolve_mission("1", start=project.path).place
    assert (place.home, place.folder) == (None, None)
    assert "FR-001" in str(place.read("spec.md"))
    with pytest.raises(Refused) as refusal:
        _ = place.feature_dir
    assert refusal.value.code == "TARGET_NOT_CHECKED_OUT"


def test_a_mission_that_only_the_target_holds_is_found_through_its_journal(project: Project) -> None:
    project.git("branch", "before")
    mission = finalized_mission(project)
    project.git("switch", "-q", "before")
    assert not mission.folder.exists()
    assert resolve_mission("1", start=project.path).place.slug == mission.slug
    assert resolve_mission(None, start=project.path).place.target_branch == "main"


def test_a_bare_repository_works_by_the_same_rule(project: Project, tmp_path: Path) -> None:
    mission = finalized_mission(project)
    bare = Repo(tmp_path / "bare.git")
    project.git("clone", "-q", "--bare", str(project.path), str(bare.path))
    bare("worktree", "add", "-q", str(tmp_path / "work"), "main")
    place = resolve_mission("1", start=tmp_path / "work").place
    assert (place.slug, place.folder) == (mission.slug, tmp_path / "work" / "kitty-specs" / mission.slug)


def test_one_broken_mission_hides_no_other(project: Project, pair: tuple[str, str]) -> None:
    (project.folder(pair[0]) / "meta.json").write_text("{", encoding="utf-8")
    (project.path / "kitty-specs" / "003-link").symlink_to(project.folder(pair[1]))
    places, broken = all_places(discover(project.path))
    assert [place.slug for place in places] == [pair[1]]
    assert [(each.slug, each.error.code) for each in broken] == [
        (pair[0], "MALFORMED_JSON"),
        ("003-link", "SYMLINK_REFUSED"),
    ]
    assert found(project, None)[0] == pair[1]
    with pytest.raises(SpecKittyError) as refusal:
        resolve_mission("1", start=project.path)
    assert refusal.value.code == "MALFORMED_JSON"


def test_a_folder_without_meta_is_refused_by_name(project: Project) -> None:
    (project.path / "kitty-specs" / "007-empty").mkdir()
    with pytest.raises(Refused) as refusal:
        resolve_mission("7", start=project.path)
    assert refusal.value.code == "MISSION_META_MISSING"
    with pytest.raises(Refused):
        resolve_mission(None, start=project.path)


def test_a_mission_older_than_ids_is_shown_and_refused_to_machines(project: Project, pair: tuple[str, str]) -> None:
    edit_meta(project, pair[0], mission_id=None)
    place = place_of(discover(project.path), pair[0])
    assert place is not None
    assert place.key == pair[0]
    with pytest.raises(Refused) as refusal:
        require_mission_id(place)
    assert refusal.value.code == "MISSION_ID_MISSING"


def test_settings_come_from_the_home_then_the_checkout_then_the_tip(project: Project) -> None:
    mission = finalized_mission(project)
    settings = project.path / ".kittify" / "config.yaml"
    lines = [line for line in settings.read_text(encoding="utf-8").splitlines() if not line.startswith("leases:")]
    settings.write_text("\n".join([*lines, "leases: {quiet_minutes: 7}"]) + "\n", encoding="utf-8")
    project.git.commit("settings")
    worktree = mission.claim("WP01").workspace.path
    (worktree / ".kittify" / "config.yaml").write_text("leases: {quiet_minutes: 1}\n", encoding="utf-8")
    assert resolve_mission("1", start=worktree).config.quiet_minutes == 7
    project.git("switch", "-q", "-c", "feature")
    settings.unlink()
    assert resolve_mission("1", start=project.path).config.quiet_minutes == 7
