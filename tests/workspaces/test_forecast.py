"""The merge of a mission computed before anything moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from specify_cli.home import MissionPlace
from specify_cli.kernel import files
from specify_cli.kernel.errors import NotFound
from specify_cli.lanes.models import ExecutionLane, LanesManifest
from specify_cli.status.models import Lane
from specify_cli.workspaces.forecast import forecast, merge_order
from specify_cli.workspaces.forecast_models import Forecast, Outcome
from specify_cli.workspaces.trees import attributes, workbench
from tests.support.project import Project, Task
from tests.support.stories import Story, ready, story


def _manifest(*lanes: tuple[str, tuple[str, ...]]) -> LanesManifest:
    made = tuple(ExecutionLane(name, (f"WP-{name}",), depends_on_lanes=needs) for name, needs in lanes)
    return LanesManifest("001-x", None, "kitty/mission-001-x", "main", made)


def test_lanes_are_merged_after_those_they_depend_on_and_planning_is_last() -> None:
    manifest = _manifest(("lane-planning", ()), ("lane-a", ("lane-c",)), ("lane-b", ()), ("lane-c", ("lane-b",)))
    assert merge_order(manifest) == ["lane-b", "lane-c", "lane-a", "lane-planning"]


def _of(found: Story) -> Forecast:
    return forecast(found.mission.place, found.mission.lanes)


def test_the_same_tips_give_the_same_forecast_and_move_nothing(project: Project) -> None:
    found = ready(project, accepted=False)
    before = found.refs(), found.git.status()
    first = _of(found)
    assert first.result == _of(found).result
    assert not first.conflicts
    assert set(first.tips) == {lane.lane_id for lane in found.mission.lanes.lanes if not lane.is_planning}
    assert (found.refs(), found.git.status()) == before
    names = found.git("ls-tree", "-r", "--name-only", first.tree).splitlines()
    assert {"src/one/a.py", "src/two/a.py", "src/three/a.py", "src/five/a.py", "guide.md"} <= set(names)


def test_a_mission_without_code_gives_the_target(project: Project) -> None:
    found = story(project, Task("WP01", owns=("docs/**",), mode="planning_artifact"))
    made = _of(found)
    assert (made.steps, made.result, made.tree) == ((), found.git.head(), found.git("rev-parse", "HEAD^{tree}"))


def test_all_conflicts_are_told_each_with_its_work_packages(project: Project) -> None:
    found = story(project, *(Task(f"WP0{n}", owns=(f"own{n}/**",)) for n in (1, 2, 3, 4)))
    found.do("WP01", x_txt="one\n", y_txt="one\n")
    found.do("WP02", x_txt="two\n")
    found.do("WP03", y_txt="three\n")
    found.do("WP04", z_txt="four\n")
    found.git.commit("meanwhile", z_txt="target\n")
    made = _of(found)
    told = {(step.name, clash.path): (clash.wps, clash.others) for step in made.conflicts for clash in step.clashes}
    lane = {f"WP0{n}": found.lane(f"WP0{n}").lane_id for n in (1, 2, 3, 4)}
    assert told == {
        (lane["WP02"], "x.txt"): (("WP02",), ("WP01",)),
        (lane["WP03"], "y.txt"): (("WP03",), ("WP01",)),
        ("target", "z.txt"): (("WP04",), ("main",)),
    }


def test_only_the_work_package_that_changed_the_file_is_named(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)), Task("WP02", needs=("WP01",), owns=("b/**",)), Task("WP03"))
    found.do("WP01", a_txt="one\n")
    found.do("WP02", shared_txt="two\n")
    found.do("WP03", shared_txt="three\n")
    clash = _of(found).conflicts[0].clashes[0]
    assert {clash.wps, clash.others} == {("WP02",), ("WP03",)}


@pytest.mark.parametrize("removed", [True, False])
def test_a_file_deleted_on_one_side(project: Project, removed: bool) -> None:
    project.git.commit("old", old_txt="old\n")
    found = story(project, Task("WP01", owns=("a/**",)), Task("WP02", owns=("b/**",)))
    found.do("WP01", old_txt=None)
    if removed:
        found.do("WP02", b__f_txt="b\n")
    else:
        found.do("WP02", old_txt="changed\n")
    made = _of(found)
    assert bool(made.conflicts) is not removed
    if removed:
        assert "old.txt" not in found.git("ls-tree", "-r", "--name-only", made.tree).splitlines()


def test_kinds_of_files_survive(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)), Task("WP02", owns=("b/**",)))
    tree = found.do("WP01", approve=False, run_sh="#!/bin/sh\n")
    (tree.path / "run.sh").chmod(0o755)
    (tree.path / "link").symlink_to("run.sh")
    (tree.path / "blob.bin").write_bytes(bytes(range(256)))
    tree.write("größe mit leerzeichen.txt", "ü\n")
    tree.commit("kinds")
    found.do("WP02", b__f_txt="b\n")
    listed = found.git("ls-tree", "-r", _of(found).tree)
    assert "100755 blob" in next(line for line in listed.splitlines() if line.endswith("run.sh"))
    assert "120000 blob" in next(line for line in listed.splitlines() if line.endswith("link"))
    assert "blob.bin" in listed


def test_lanes_of_canceled_work_are_left_out(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)), Task("WP02", owns=("b/**",)))
    found.do("WP01", a__f_txt="a\n")
    found.do("WP02", b__f_txt="b\n")
    found.mission.force("WP02", Lane.CANCELED)
    made = forecast(found.mission.place, found.mission.lanes, canceled={"WP02"})
    assert [lane.lane_id for lane in made.code_lanes] == [found.lane("WP01").lane_id]
    assert "b/f.txt" not in found.git("ls-tree", "-r", "--name-only", made.tree).splitlines()


def test_a_lane_without_a_branch_is_missing(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)), Task("WP02", owns=("b/**",)))
    found.do("WP01", a__f_txt="a\n")
    assert [lane.lane_id for lane in _of(found).missing] == [found.lane("WP02").lane_id]


def test_a_resolution_is_found_again(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)), Task("WP02", owns=("b/**",)))
    found.do("WP01", x_txt="one\n")
    found.do("WP02", x_txt="two\n")
    step = _of(found).conflicts[0]
    place = found.mission.place
    tree = place.git.edit_tree(
        place.git.tree_of(step.ours) or "", {"x.txt": b"both\n"}, scratch=place.state / "test.index"
    )
    commit = workbench(place, [step.ours]).passing_commit(tree, step.ours, step.theirs)
    made = forecast(place, found.mission.lanes, resolutions={(step.ours, step.theirs): commit})
    assert not made.conflicts
    assert Outcome.RESOLVED in {each.outcome for each in made.steps}
    assert found.git("show", f"{made.tree}:x.txt") == "both"


def test_no_target_branch(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)))
    place = found.mission.place
    elsewhere = MissionPlace(place.repo, place.slug, place.mission_id, "gone", place.home, place.meta)
    with pytest.raises(NotFound, match="gone"):
        forecast(elsewhere, found.mission.lanes)


def test_logs_of_other_missions_are_joined_line_by_line(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)))
    log = "kitty-specs/999-other/status.events.jsonl"
    project.git.write(log, '{"n": 1}\n')
    project.git.commit("another mission")
    found.mission.claim("WP01")
    lane = found.worktree("WP01")
    lane("merge", "-q", "--ff-only", "main")
    lane.write(log, '{"n": 1}\n{"n": 2}\n')
    lane.commit("its log here")
    project.git.write(log, '{"n": 1}\n{"n": 3}\n')
    project.git.commit("its log there")
    made = _of(found)
    assert not made.conflicts
    assert found.git("show", f"{made.tree}:{log}").count("\n") == 2


def test_where_the_home_has_no_rules_the_attributes_are_passed_along(project: Project, tmp_path: Path) -> None:
    found = story(project, Task("WP01", owns=("a/**",)))
    place = found.mission.place
    assert attributes(place) is None
    (project.path / "kitty-specs/.gitattributes").unlink()
    general = tmp_path / "home/.config/git/attributes"
    general.parent.mkdir(parents=True)
    general.write_text("*.lock merge=ours\n")
    path = attributes(place)
    assert path is not None
    assert files.read_text(path) == "*.lock merge=ours\nkitty-specs/**/*.jsonl merge=union\n"
