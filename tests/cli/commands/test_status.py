from __future__ import annotations

import pytest

from specify_cli.status.models import Lane
from tests.support.missions import Mission, created_mission, finalized_mission
from tests.support.project import Project, Task

BOARD_KEYS = {
    "mission_slug", "mission_number", "mission_type", "total_wps", "by_lane", "work_packages", "progress_percentage",
    "stale_wps", "ready_wps", "lost_claims", "unpublished_events", "home", "auto_commit",
}  # fmt: skip
ROW_KEYS = {
    "id", "title", "lane", "file", "agent", "session", "execution_mode", "workspace_kind", "lane_id", "dependencies",
    "since", "lease", "stale",
}  # fmt: skip


@pytest.fixture
def mission(project: Project) -> Mission:
    """WP01 before WP02, WP03 beside them, WP04 for the documents."""
    return finalized_mission(
        project,
        Task("WP01"),
        Task("WP02", needs=("WP01",)),
        Task("WP03"),
        Task("WP04", owns=("docs/**",), mode="planning_artifact"),
    )


def board(mission: Mission, *words: str) -> dict[str, object]:
    found: dict[str, object] = mission.project.run("status", "--mission", mission.slug, *words, "--json").ok().json()
    return found


def rows(found: dict[str, object]) -> dict[str, dict[str, object]]:
    listed = found["work_packages"]
    assert isinstance(listed, list)
    return {row["id"]: row for row in listed}


def test_a_board_holds_all_that_others_read(mission: Mission) -> None:
    found = board(mission)
    assert found.keys() >= BOARD_KEYS
    assert (found["mission_slug"], found["mission_number"], found["mission_type"]) == (
        mission.slug,
        "001",
        "software-dev",
    )
    assert (found["total_wps"], found["progress_percentage"], found["unpublished_events"]) == (4, 0.0, 0)
    assert (found["home"], found["auto_commit"]) == (str(mission.project.path), True)
    assert found["ready_wps"] == ["WP01", "WP03", "WP04"]
    assert (found["stale_wps"], found["lost_claims"], found["problems"]) == ([], [], [])
    lanes = found["by_lane"]
    assert isinstance(lanes, dict)
    assert list(lanes) == [lane.value for lane in Lane]
    assert lanes["planned"] == ["WP01", "WP02", "WP03", "WP04"]
    row = rows(found)["WP02"]
    assert row.keys() >= ROW_KEYS
    assert (row["title"], row["lane"], row["dependencies"]) == ("Work of WP02", "planned", ["WP01"])
    assert row["file"] == str(mission.folder / "tasks" / "WP02-work.md")
    assert (row["lane_id"], row["workspace_kind"], row["execution_mode"]) == ("lane-a", "lane_workspace", "code_change")
    assert (row["agent"], row["session"], row["lease"], row["stale"]) == (None, None, None, False)
    planning = rows(found)["WP04"]
    assert (planning["lane_id"], planning["workspace_kind"]) == ("lane-planning", "repo_root")


def test_both_commands_show_the_same_board(mission: Mission) -> None:
    other = mission.project.run("agent", "tasks", "status", "--mission", mission.slug, "--json").ok().json()
    assert other == board(mission)


def test_work_shows_who_where_and_since_when(mission: Mission) -> None:
    mission.claim("WP01", actor="claude", session="s1")
    found = board(mission)
    row = rows(found)["WP01"]
    assert (row["lane"], row["agent"], row["session"]) == ("in_progress", "claude", "s1")
    assert row["since"] == mission.status.events[-1].at
    lease = row["lease"]
    assert isinstance(lease, dict)
    assert lease.keys() == {"actor", "session", "host", "last_seen", "state"}
    assert (lease["actor"], lease["session"], lease["state"]) == ("claude", "s1", "active")
    assert found["ready_wps"] == ["WP03", "WP04"]
    assert found["progress_percentage"] == 7.5
    assert found["unpublished_events"] == 2


def test_a_quiet_lease_is_stale(mission: Mission) -> None:
    mission.claim("WP01")
    again = mission.project.run("agent", "tasks", "status", "--stale-threshold", "0", "--json").ok().json()
    assert again["stale_wps"] == ["WP01"]
    assert rows(again)["WP01"]["stale"] is True
    told = mission.project.run("agent", "tasks", "status", "--stale-threshold", "0").ok().out
    assert "claude quiet" in told
    mission.project.run("agent", "tasks", "status", "--stale-threshold", "-1", "--json").failed("USAGE_ERROR", 2)


def test_reading_writes_nothing(mission: Mission) -> None:
    def state() -> dict[str, tuple[int, int]]:
        return {
            str(path): (path.stat().st_mtime_ns, path.stat().st_size)
            for path in mission.project.path.rglob("*")
            if path.is_file()
        }

    before = state()
    board(mission)
    mission.project.run("status").ok()
    assert state() == before


def test_a_board_for_people_fits_80_columns(mission: Mission) -> None:
    mission.claim("WP01", actor="an-agent-with-a-very-long-name-indeed")
    told = mission.project.run("status").ok().out
    assert told.startswith(f"{mission.slug}  software-dev → main\n")
    assert "7.5 % of 4 work packages" in told
    assert "Ready: WP03, WP04" in told
    assert "2 events not yet published (safe in this clone's journal)" in told
    assert told.endswith(f"Next: spec-kitty next --agent NAME --mission {mission.slug}\n")
    assert max(map(len, told.splitlines())) <= 80
    assert "\x1b" not in told


def test_what_stands_in_documents_cannot_paint_the_terminal(mission: Mission) -> None:
    prompt = mission.folder / "tasks" / "WP03-work.md"
    prompt.write_text(prompt.read_text().replace("title: Work of WP03", 'title: "\\e[2J\\u202E[bold]x"'))
    told = mission.project.run("status").ok().out
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert "[bold]x" in told


def test_the_next_command_follows_the_mission(mission: Mission) -> None:
    for wp_id in ("WP01", "WP02", "WP03", "WP04"):
        mission.force(wp_id, Lane.APPROVED)
    told = mission.project.run("status").ok().out
    assert "4 moves forced" in told
    assert told.endswith(f"Next: spec-kitty accept --mission {mission.slug}\n")


def test_a_mission_that_is_only_planned_has_an_empty_board(project: Project) -> None:
    slug = project.create()
    found = project.run("status", "--json").ok().json()
    assert (found["mission_slug"], found["total_wps"], found["work_packages"]) == (slug, 0, [])
    assert "0 % of 0 work packages" in project.run("status").ok().out


def test_without_a_home_the_board_says_so(mission: Mission) -> None:
    mission.project.git("switch", "-q", "-c", "elsewhere")
    mission.project.git("rm", "-q", "-r", "kitty-specs")
    found = board(mission)
    assert (found["home"], found["total_wps"]) == (None, 4)
    told = mission.project.run("status", "--mission", mission.slug).ok().out
    assert "No checkout has main: moves are recorded, documents cannot be written" in told


@pytest.mark.parametrize("place", ["mission folder", "lane worktree"])
def test_the_mission_one_stands_in_is_meant(place: str, mission: Mission) -> None:
    created_mission(mission.project, name="other")
    folder = mission.folder / "tasks" if place == "mission folder" else mission.claim("WP01").workspace.path
    found = mission.project.run("status", "--json", cwd=folder).ok().json()
    assert found["mission_slug"] == mission.slug


def test_the_variable_names_the_mission(mission: Mission, monkeypatch: pytest.MonkeyPatch) -> None:
    created_mission(mission.project, name="other")
    monkeypatch.setenv("SPEC_KITTY_MISSION", "002")
    assert mission.project.run("status", "--json").ok().json()["mission_slug"] == "002-other"


# -- all missions ------------------------------------------------------------------------------------------------


def test_several_open_missions_get_a_line_each(mission: Mission) -> None:
    other = created_mission(mission.project, name="other")
    found = mission.project.run("status", "--json").ok().json()
    assert [each["mission_slug"] for each in found["missions"]] == [mission.slug, other.slug]
    assert (found["broken"], found["merged"]) == ([], 0)
    told = mission.project.run("status").ok().out
    assert told.splitlines()[0].split() == [mission.slug, "0", "%", "4", "planned"]
    assert f"Next: spec-kitty status --mission {mission.slug}" in told


def test_a_broken_mission_hides_no_other(mission: Mission) -> None:
    project = mission.project
    headless = created_mission(project, name="headless")
    project.git.write("kitty-specs/009-mute/spec.md", "# No meta\n")
    (headless.folder / "meta.json").write_text("{\n")
    found = project.run("status", "--json").ok().json()
    assert [each["mission_slug"] for each in found["missions"]] == [mission.slug]
    assert {each["mission_slug"]: each["error_code"] for each in found["broken"]} == {
        headless.slug: "MALFORMED_JSON",
        "009-mute": "MISSION_META_MISSING",
    }
    told = " ".join(project.run("status").ok().out.split())
    assert f"kitty-specs/{headless.slug}/meta.json line 2, column 1" in told
    # By its name, the error is the answer.
    project.run("status", "--mission", headless.slug, "--json").failed("MALFORMED_JSON", 1)


def test_a_project_without_missions_says_how_to_begin(project: Project) -> None:
    assert project.run("status", "--json").ok().json() == {"missions": [], "broken": [], "merged": 0}
    assert "Next: spec-kitty agent mission create" in project.run("status").ok().out


def test_a_name_that_is_nobodys_is_told_with_the_known_ones(mission: Mission) -> None:
    error = mission.project.run("status", "--mission", "nobody", "--json").failed("MISSION_NOT_FOUND", 1).json()
    assert error["details"]["known"] == [mission.slug]
    assert error["hint"] == "spec-kitty mission list"
