"""What a merge will do, decided from values."""

from __future__ import annotations

from specify_cli.kernel.git import ZERO, RefUpdate
from specify_cli.lanes.models import ExecutionLane, LanesManifest, OrderingEdge
from specify_cli.merge import plan
from specify_cli.merge.plan import Composed, Titles
from specify_cli.merge.receipt import receipt
from specify_cli.workspaces.coverage_models import Coverage
from specify_cli.workspaces.forecast_models import Forecast, LaneTip, Outcome, Step

TITLES = Titles("001-x", "Tea timer", {"WP01": "Clock"})
LANES = (
    LaneTip("lane-a", "kitty/a", ("WP01",), "a1"),
    LaneTip("lane-b", "kitty/b", ("WP02",), None),
    LaneTip("lane-c", "kitty/c", ("WP03",), "c1", given_up=True),
    LaneTip("lane-planning", "main", ("WP04",), "t1", planning=True),
)
STEPS = (
    Step("lane-a", "m1", "a1", Outcome.MERGED, "r1", "tree-a", ("WP01",)),
    Step("target", "t1", "r1", Outcome.MERGED, "r2", "tree-t", ("WP01",)),
)
FORECAST = Forecast("main", "t1", "kitty/mission", "m1", LANES, STEPS, "r2", "tree-t")
COMPOSED = Composed("code", "tree-t", "m2", {"lane-a": "m2"})


def test_messages() -> None:
    assert plan.code_message(TITLES, ["WP01", "WP02"], "01K").splitlines() == [
        "Tea timer", "", "- WP01 Clock", "- WP02", "", "Mission: 001-x (01K)",
    ]  # fmt: skip
    assert plan.lane_message(TITLES, "lane-a", ["WP01"]).splitlines()[0] == "Merge lane-a of 001-x: WP01"
    assert plan.pick_message(TITLES, "WP01").splitlines()[0] == "WP01 Clock"


def test_references_that_move_together() -> None:
    updates = plan.ref_updates(FORECAST, COMPOSED, "new", {}, slug="001-x", mission_in_use=False)
    assert updates == (
        RefUpdate("refs/heads/main", "t1", "new"),
        RefUpdate("refs/heads/kitty/mission", "m1", "m2"),
        RefUpdate("refs/spec-kitty/merged/001-x/mission", ZERO, "m2"),
        RefUpdate("refs/heads/kitty/a", "a1", "a1"),
        RefUpdate("refs/spec-kitty/merged/001-x/lane-a", ZERO, "a1"),
        RefUpdate("refs/heads/kitty/c", "c1", "c1"),
        RefUpdate("refs/spec-kitty/canceled/001-x/lane-c", ZERO, "c1"),
        RefUpdate("refs/spec-kitty/merging/001-x", "new", ZERO),
    )


def test_a_mission_branch_that_somebody_has_checked_out_is_not_moved_under_them() -> None:
    updates = plan.ref_updates(FORECAST, COMPOSED, "new", {}, slug="001-x", mission_in_use=True)
    assert RefUpdate("refs/heads/kitty/mission", "m1", "m1") in updates


def test_tips_that_are_kept_already_are_moved_on_or_left() -> None:
    known = {plan.merged_ref("001-x", "lane-a"): "a1", plan.merged_ref("001-x", "mission"): "m0"}
    updates = plan.ref_updates(FORECAST, COMPOSED, "new", known, slug="001-x", mission_in_use=False)
    names = {update.ref: update.old for update in updates}
    assert plan.merged_ref("001-x", "lane-a") not in names
    assert names[plan.merged_ref("001-x", "mission")] == "m0"


def test_what_kept_a_stopped_merge_goes_with_it() -> None:
    known = {plan.stopped_ref("001-x"): "s1"}
    updates = plan.ref_updates(FORECAST, COMPOSED, "new", known, slug="001-x", mission_in_use=False)
    assert RefUpdate(plan.stopped_ref("001-x"), "s1", ZERO) in updates


def test_work_packages_in_the_order_in_which_they_build_on_each_other() -> None:
    lanes = (
        ExecutionLane("lane-a", ("WP01", "WP04"), depends_on_lanes=("lane-b",)),
        ExecutionLane("lane-b", ("WP02", "WP03")),
    )
    manifest = LanesManifest("x", None, "m", "main", lanes, (OrderingEdge("WP03", "WP04", "overlap", ""),))
    assert plan.package_order(manifest, []) == ["WP01", "WP02", "WP03", "WP04"]


def test_a_receipt_holds_inputs_order_trees_and_commits() -> None:
    told = receipt(
        FORECAST, COMPOSED, slug="001-x", mission_id="01K", strategy="squash", at="now", by="ada",
        accepted={"event_id": "e"}, trees={"lane-a": "tip-tree"}, tested={"tested": False}, coverage=Coverage(),
    )  # fmt: skip
    assert told["order"] == ["lane-a", "lane-b"]
    lanes = told["lanes"]
    assert isinstance(lanes, list)
    assert lanes[0] == {
        "lane_id": "lane-a", "branch": "kitty/a", "wp_ids": ["WP01"], "tip": "a1", "tree": "tip-tree",
        "outcome": "merged", "merged_commit": "m2", "merged_tree": "tree-a", "in_target": False,
    }  # fmt: skip
    assert lanes[2]["outcome"] == "given_up"
    assert lanes[3]["tip"] is None
    assert told["tested"] is False
    assert told["result"] == {"commit": "code", "tree": "tree-t", "outcome": "merged"}
