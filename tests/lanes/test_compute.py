from __future__ import annotations

import random
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.kernel import graph
from specify_cli.lanes.branch_naming import PLANNING_LANE_ID
from specify_cli.lanes.compute import compute_lanes, infer_surfaces
from specify_cli.lanes.models import LanesManifest
from specify_cli.lanes.ordering import with_edges
from specify_cli.lanes.ownership import ExecutionMode, OwnershipManifest, shared_globs
from specify_cli.lanes.problems import LaneComputationError

Plan = tuple[dict[str, list[str]], dict[str, OwnershipManifest]]


def owns(*patterns: str, planning: bool = False) -> OwnershipManifest:
    mode = ExecutionMode.PLANNING_ARTIFACT if planning else ExecutionMode.CODE_CHANGE
    return OwnershipManifest(mode, patterns)


def apart(needs: dict[str, list[str]]) -> dict[str, OwnershipManifest]:
    return {wp_id: owns(f"src/{wp_id}/**") for wp_id in needs}


def chains(manifest: LanesManifest) -> dict[str, list[str]]:
    return {lane.lane_id: list(lane.wp_ids) for lane in manifest.lanes}


def lanes_of(needs: dict[str, list[str]], pinned: dict[str, str] | None = None) -> dict[str, list[str]]:
    return chains(compute_lanes(needs, apart(needs), "034-x", pinned=pinned))


# -- chains ----------------------------------------------------------------------------------------------------------


def test_independent_work_runs_side_by_side() -> None:
    assert lanes_of({"WP01": [], "WP02": [], "WP03": []}) == {
        "lane-a": ["WP01"],
        "lane-b": ["WP02"],
        "lane-c": ["WP03"],
    }


def test_a_chain_shares_one_lane() -> None:
    assert lanes_of({"WP01": [], "WP02": ["WP01"], "WP03": ["WP02"]}) == {"lane-a": ["WP01", "WP02", "WP03"]}


def test_of_siblings_the_first_continues_and_the_others_open_lanes() -> None:
    needs: dict[str, list[str]] = {"WP01": [], "WP02": ["WP01"], "WP03": ["WP01"]}
    manifest = compute_lanes(needs, apart(needs), "034-x", "main", mission_id="01K")
    assert chains(manifest) == {"lane-a": ["WP01", "WP02"], "lane-b": ["WP03"]}
    second = manifest.lanes[1]
    assert (second.depends_on_lanes, second.parallel_group) == (("lane-a",), 1)
    assert manifest.mission_branch == "kitty/mission-034-x"
    assert manifest.mission_id == "01K"


def test_what_depends_on_all_continues_the_longest_lane_instead_of_joining_them() -> None:
    needs = {"WP01": [], "WP02": [], "WP03": ["WP02"], "WP04": ["WP01", "WP02", "WP03"]}
    assert lanes_of(needs) == {"lane-a": ["WP01"], "lane-b": ["WP02", "WP03", "WP04"]}


def test_of_equally_long_lanes_the_lowest_predecessor_is_continued() -> None:
    assert lanes_of({"WP02": [], "WP10": [], "WP11": ["WP10", "WP02"]}) == {
        "lane-a": ["WP02", "WP11"],
        "lane-b": ["WP10"],
    }


def test_a_lane_that_would_close_a_circle_is_not_continued() -> None:
    needs = {"WP01": [], "WP02": [], "WP03": ["WP01", "WP02"], "WP04": ["WP01", "WP02"]}
    assert lanes_of(needs) == {"lane-a": ["WP01", "WP03"], "lane-b": ["WP02"], "lane-c": ["WP04"]}


def test_lanes_are_named_by_their_lowest_member_in_the_order_of_numbers() -> None:
    needs: dict[str, list[str]] = {f"WP{number:02d}": [] for number in (100, 99, 2)}
    assert lanes_of(needs) == {"lane-a": ["WP02"], "lane-b": ["WP99"], "lane-c": ["WP100"]}


def test_joins_are_reported_with_their_rule() -> None:
    needs = {"WP01": [], "WP02": ["WP01"], "WP03": []}
    manifests = {"WP01": owns("a/**"), "WP02": owns("b/**"), "WP03": owns("b/x.py")}
    report = compute_lanes(needs, manifests, "034-x").collapse_report
    assert report is not None
    assert report.to_dict() == {
        "events": [
            {"wp_a": "WP02", "wp_b": "WP01", "rule": "dependency", "evidence": "WP02 depends on WP01"},
            {
                "wp_a": "WP03",
                "wp_b": "WP02",
                "rule": "write_scope_overlap",
                "evidence": "WP03 and WP02 write the same files",
            },
        ],
        "total_merges": 2,
        "independent_wps_collapsed": 1,
        "by_rule": {"dependency": 1, "write_scope_overlap": 1},
    }


# -- ordering edges --------------------------------------------------------------------------------------------------


def test_work_on_the_same_files_is_ordered_lower_id_first() -> None:
    needs: dict[str, list[str]] = {"WP01": [], "WP02": [], "WP03": []}
    manifest = compute_lanes(
        needs, {"WP01": owns("src/**"), "WP02": owns("docs/**"), "WP03": owns("src/a.py")}, "034-x"
    )
    assert [edge.to_dict() for edge in manifest.ordering_edges] == [
        {"before": "WP01", "after": "WP03", "rule": "write_scope_overlap", "evidence": "src/** ~ src/a.py"}
    ]
    assert chains(manifest) == {"lane-a": ["WP01", "WP03"], "lane-b": ["WP02"]}
    assert manifest.ordered_before("WP03") == ("WP01",)


def test_ordered_work_needs_no_edge() -> None:
    needs = {"WP01": ["WP03"], "WP02": ["WP01"], "WP03": []}
    manifests = dict.fromkeys(needs, owns("src/**"))
    assert compute_lanes(needs, manifests, "034-x").ordering_edges == ()


def test_each_edge_counts_for_the_pairs_after_it() -> None:
    needs: dict[str, list[str]] = {"WP01": [], "WP02": ["WP03"], "WP03": []}
    edges = compute_lanes(needs, dict.fromkeys(needs, owns("src/**")), "034-x").ordering_edges
    # WP01 before WP02 first; WP03 is before WP02 already; WP01 and WP03 are still free.
    assert [(edge.before, edge.after) for edge in edges] == [("WP01", "WP02"), ("WP01", "WP03")]


def test_an_edge_follows_the_path_through_planning_work() -> None:
    needs = {"WP01": ["WP02"], "WP02": ["WP03"], "WP03": []}
    manifests = {"WP01": owns("src/**"), "WP02": owns("docs/**", planning=True), "WP03": owns("src/a.py")}
    edges = compute_lanes(needs, manifests, "034-x").ordering_edges
    assert [(edge.before, edge.after) for edge in edges] == [("WP03", "WP01")]


def test_work_under_way_comes_before_work_that_has_not_begun() -> None:
    needs: dict[str, list[str]] = {"WP01": [], "WP02": []}
    manifests = dict.fromkeys(needs, owns("src/**"))
    manifest = compute_lanes(needs, manifests, "034-x", pinned={"WP02": "lane-a"})
    assert [(edge.before, edge.after) for edge in manifest.ordering_edges] == [("WP02", "WP01")]
    assert chains(manifest) == {"lane-a": ["WP02", "WP01"]}


# -- the planning lane -----------------------------------------------------------------------------------------------


def test_planning_work_goes_to_the_planning_lane_and_leaves_the_graph_of_lanes() -> None:
    needs = {"WP01": [], "WP02": ["WP01"], "WP03": ["WP02"]}
    manifests = {"WP01": owns("src/**"), "WP02": owns("docs/**", "src/x.md", planning=True), "WP03": owns("lib/**")}
    manifest = compute_lanes(needs, manifests, "034-x")
    assert chains(manifest) == {"lane-a": ["WP01"], "lane-b": ["WP03"], PLANNING_LANE_ID: ["WP02"]}
    assert manifest.ordering_edges == ()
    planning = manifest.lane_for_wp("WP02")
    assert planning is not None
    assert planning.is_planning
    assert (planning.depends_on_lanes, planning.parallel_group) == ((), 0)
    assert planning.write_scope == ("docs/**", "src/x.md")
    assert manifest.planning_artifact_wps == ("WP02",)
    assert all(PLANNING_LANE_ID not in lane.depends_on_lanes for lane in manifest.lanes)


def test_planning_work_may_own_nothing() -> None:
    assert chains(compute_lanes({"WP01": []}, {"WP01": owns(planning=True)}, "034-x")) == {PLANNING_LANE_ID: ["WP01"]}


# -- changing the plan -----------------------------------------------------------------------------------------------


def test_work_under_way_keeps_its_lane_whatever_the_plan_says_now() -> None:
    needs: dict[str, list[str]] = {"WP01": [], "WP02": [], "WP03": ["WP02"], "WP04": []}
    found = lanes_of(needs, pinned={"WP03": "lane-c", "WP04": PLANNING_LANE_ID})
    assert found == {"lane-a": ["WP01"], "lane-b": ["WP02"], "lane-c": ["WP03"], PLANNING_LANE_ID: ["WP04"]}


def test_new_work_continues_a_lane_under_way_at_its_end_only() -> None:
    needs = {"WP01": [], "WP02": ["WP01"], "WP03": ["WP01"], "WP04": ["WP02"]}
    found = lanes_of(needs, pinned={"WP01": "lane-a", "WP02": "lane-a"})
    assert found == {"lane-a": ["WP01", "WP02", "WP04"], "lane-b": ["WP03"]}


def test_a_circle_that_only_begun_work_could_close_is_broken() -> None:
    needs = {"WP01": [], "WP02": ["WP04"], "WP03": [], "WP04": ["WP01"]}
    pinned = {"WP01": "lane-a", "WP02": "lane-a", "WP03": "lane-b", "WP04": "lane-b"}
    manifest = compute_lanes(needs, apart(needs), "034-x", pinned=pinned)
    assert [lane.depends_on_lanes for lane in manifest.lanes] == [("lane-b",), ()]


def test_a_reserved_name_is_not_taken_again() -> None:
    manifest = compute_lanes({"WP02": []}, {"WP02": owns("a")}, "034-x", reserved=["lane-a"])
    assert chains(manifest) == {"lane-b": ["WP02"]}


def test_canceled_work_has_no_lane_and_orders_nothing() -> None:
    needs: dict[str, list[str]] = {"WP01": [], "WP02": [], "WP03": []}
    manifest = compute_lanes(needs, dict.fromkeys(needs, owns("src/**")), "034-x", canceled={"WP01"})
    assert chains(manifest) == {"lane-a": ["WP02", "WP03"]}
    assert manifest.lane_for_wp("WP01") is None


# -- refusals --------------------------------------------------------------------------------------------------------


def test_everything_wrong_is_said_at_once() -> None:
    needs = {"WP01": ["WP02"], "WP02": ["WP01", "WP09"], "WP03": ["WP04"], "WP04": [], "WP05": []}
    manifests = apart(needs) | {"WP03": owns(), "WP05": owns("../x", "/etc")}
    with pytest.raises(LaneComputationError) as caught:
        compute_lanes(needs, manifests, "034-x", canceled={"WP04"})
    problems = caught.value.details["problems"]
    assert isinstance(problems, list)
    assert [(problem["code"], problem["wp_id"]) for problem in problems] == [
        ("OWNERSHIP_MISSING", "WP03"),
        ("OWNERSHIP_INVALID", "WP05"),
        ("OWNERSHIP_INVALID", "WP05"),
        ("UNKNOWN_DEPENDENCY", "WP02"),
        ("DEPENDENCY_CANCELED", "WP03"),
        ("DEPENDENCY_CYCLE", "WP01"),
    ]
    assert problems[-1]["cycle"] == ["WP01", "WP02", "WP01"]
    for part in ("WP09", "../x", "WP01 -> WP02 -> WP01"):
        assert part in caught.value.message


def test_a_single_problem_is_the_error_itself() -> None:
    with pytest.raises(LaneComputationError) as caught:
        compute_lanes({"WP01": ["WP01"]}, {"WP01": owns("a")}, "034-x")
    assert caught.value.code == "DEPENDENCY_CYCLE"
    assert caught.value.details["cycle"] == ["WP01", "WP01"]
    assert "WP01 -> WP01" in caught.value.message


# -- surfaces --------------------------------------------------------------------------------------------------------


def test_surfaces_are_the_paths_a_prompt_names_beyond_its_own() -> None:
    body = (
        "Change `src/app.py` and `docs/x.md`; not `../up.py`, `https://a.b/c.md`, `run it` or `kitty-specs/1/spec.md`."
    )
    assert infer_surfaces(body) == ["docs/x.md", "src/app.py"]
    manifest = compute_lanes({"WP01": []}, {"WP01": owns("src/**")}, "034-x", wp_bodies={"WP01": body})
    assert manifest.lanes[0].predicted_surfaces == ("docs/x.md",)


# -- for any plan ----------------------------------------------------------------------------------------------------

PATTERNS = ["src/**", "src/a.py", "src/b/*.py", "src/b/c.py", "docs/**", "lib/", "lib/x", "**/*.md", "tests/*_test.py"]


def any_plan(draw: st.DrawFn) -> Plan:
    ids = [f"WP{number:02d}" for number in range(1, draw(st.integers(1, 10)) + 1)]
    order = draw(st.permutations(ids))
    needs = {
        wp_id: draw(st.lists(st.sampled_from(order[:index]), max_size=3, unique=True)) if index else []
        for index, wp_id in enumerate(order)
    }
    manifests = {
        wp_id: owns(
            *draw(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2)), planning=draw(st.integers(0, 5)) == 0
        )
        for wp_id in ids
    }
    return needs, manifests


plans = st.composite(any_plan)()


@given(plans, st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_lanes_are_chains_in_a_graph_without_circles(plan: Plan, chance: random.Random) -> None:
    needs, manifests = plan
    manifest = compute_lanes(needs, manifests, "034-x")
    assert sorted(wp_id for lane in manifest.lanes for wp_id in lane.wp_ids) == sorted(needs)
    whole = with_edges(needs, manifest.ordering_edges)
    assert graph.find_cycle(whole) is None
    for lane in manifest.lanes:
        if not lane.is_planning:
            assert all(low in whole[high] for low, high in pairwise(lane.wp_ids))
    by_id = {lane.lane_id: lane for lane in manifest.lanes}
    assert graph.find_cycle({lane_id: lane.depends_on_lanes for lane_id, lane in by_id.items()}) is None
    for lane in manifest.lanes:
        assert lane.parallel_group == max(
            (by_id[other].parallel_group + 1 for other in lane.depends_on_lanes), default=0
        )
    shuffled = list(needs)
    chance.shuffle(shuffled)
    again = compute_lanes({wp_id: needs[wp_id][::-1] for wp_id in shuffled}, manifests, "034-x")
    assert again.to_dict() == manifest.to_dict()


@given(plans)
@settings(max_examples=200)
def test_overlapping_code_is_ordered_and_nothing_else_is_added(plan: Plan) -> None:
    needs, manifests = plan
    manifest = compute_lanes(needs, manifests, "034-x")
    code = {wp_id: [need for need in listed if not manifests[need].is_planning] for wp_id, listed in needs.items()}
    whole = with_edges(
        {wp_id: code[wp_id] for wp_id in code if not manifests[wp_id].is_planning}, manifest.ordering_edges
    )
    for one, other in combinations(sorted(whole), 2):
        if shared_globs(manifests[one], manifests[other]):
            assert one in graph.reachable(whole, other) or other in graph.reachable(whole, one)
    for edge in manifest.ordering_edges:
        assert shared_globs(manifests[edge.before], manifests[edge.after])


def everything(count: int) -> dict[str, OwnershipManifest]:
    """That many work packages, each of which may write every file."""
    return {f"WP{at:02d}": OwnershipManifest(ExecutionMode.CODE_CHANGE, ("**",)) for at in range(1, count + 1)}


def test_many_that_write_the_same_files_have_an_edge_to_their_neighbour_alone() -> None:
    manifests = everything(600)
    manifest = compute_lanes({wp_id: [] for wp_id in manifests}, manifests, "034-x")
    ids = list(manifests)
    assert [(edge.before, edge.after) for edge in manifest.ordering_edges] == list(pairwise(ids))
    assert [lane.wp_ids for lane in manifest.lanes] == [tuple(ids)]


def test_nothing_is_ordered_after_what_was_done_elsewhere() -> None:
    manifests = everything(6)
    finished = {"WP01", "WP03", "WP04", "WP06"}
    manifest = compute_lanes({wp_id: [] for wp_id in manifests}, manifests, "034-x", finished=finished)
    assert [(edge.before, edge.after) for edge in manifest.ordering_edges] == [("WP02", "WP05")]


@given(plans, plans, st.data())
@settings(max_examples=200)
def test_a_changed_plan_moves_nothing_that_was_begun(before: Plan, after: Plan, data: st.DataObject) -> None:
    old = compute_lanes(*before, "034-x")
    begun = data.draw(st.sets(st.sampled_from(sorted(before[0]))))
    pinned = {wp_id: lane.lane_id for lane in old.lanes for wp_id in lane.wp_ids if wp_id in begun}
    new = compute_lanes(*after, "034-x", pinned=pinned)
    for wp_id, lane_id in pinned.items():
        if wp_id in after[0]:
            lane = new.lane_for_wp(wp_id)
            assert lane is not None
            assert lane.lane_id == lane_id
    code = [lane for lane in new.lanes if not lane.is_planning]
    assert graph.find_cycle({lane.lane_id: lane.depends_on_lanes for lane in code}) is None
    whole = with_edges(after[0], new.ordering_edges)
    for lane in code:
        fresh = [wp_id for wp_id in lane.wp_ids if wp_id not in pinned]
        assert all(low in graph.reachable(whole, high) for low, high in pairwise(fresh))


def test_two_hundred_work_packages_take_little_time() -> None:
    needs = {f"WP{number:02d}": [f"WP{number // 2:02d}"] if number > 1 else [] for number in range(1, 201)}
    manifests = {wp_id: owns(f"src/{wp_id}/**", f"tests/{wp_id}/test_*.py", "CHANGELOG.md") for wp_id in needs}
    manifest = compute_lanes(needs, manifests, "034-x")
    assert sum(len(lane.wp_ids) for lane in manifest.lanes) == 200


def test_a_work_package_without_a_manifest_is_named() -> None:
    with pytest.raises(LaneComputationError, match="WP01") as told:
        compute_lanes({"WP01": [], "WP02": ["WP01"]}, {}, "001-tea")
    assert told.value.code == "OWNERSHIP_MISSING"
