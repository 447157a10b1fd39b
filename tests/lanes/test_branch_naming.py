from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.lanes import branch_naming
from specify_cli.lanes.branch_naming import PLANNING_LANE_ID

words = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)
slugs = st.lists(words, min_size=1, max_size=4).map("-".join).filter(branch_naming.is_mission_slug)
lane_ids = st.integers(0, 800).map(branch_naming.lane_id_at)


def test_a_lane_has_a_branch_below_its_mission() -> None:
    assert branch_naming.mission_branch_name("034-tea") == "kitty/mission-034-tea"
    assert branch_naming.lane_branch_name("034-tea", "lane-b") == "kitty/mission-034-tea-lane-b"


def test_the_planning_lane_works_on_the_target_branch_itself() -> None:
    assert branch_naming.lane_branch_name("034-tea", PLANNING_LANE_ID, "main") == "main"
    assert branch_naming.lane_branch_name("034-tea", "lane-a", "main") == "kitty/mission-034-tea-lane-a"
    with pytest.raises(ValueError, match="target branch"):
        branch_naming.lane_branch_name("034-tea", PLANNING_LANE_ID)


@pytest.mark.parametrize(
    "slug", ["x-lane-a", "x-lane-planning", "x-merge", "x-orchestrator", "a_b", "", "-a", "A", "a/b"]
)
def test_a_slug_that_could_be_misread_is_none(slug: str) -> None:
    assert not branch_naming.is_mission_slug(slug)


@pytest.mark.parametrize("slug", ["lane-a", "merge", "x-lane-1", "x-lane", "mergers", "001-planning"])
def test_a_slug_that_only_looks_like_it_is_one(slug: str) -> None:
    assert branch_naming.is_mission_slug(slug)


@pytest.mark.parametrize(
    "branch",
    ["main", "kitty/mission-", "kitty/mission-x-lane-planning", "kitty/mission-x-merge", "kitty/other", "x-lane-a"],
)
def test_a_foreign_branch_is_neither(branch: str) -> None:
    assert not branch_naming.is_lane_branch(branch)
    assert not branch_naming.is_mission_branch(branch)
    assert branch_naming.parse_mission_slug_from_branch(branch) is None
    assert branch_naming.parse_lane_id_from_branch(branch) is None


def test_lanes_are_lettered_on_and_on_and_sorted_that_way() -> None:
    names = [branch_naming.lane_id_at(index) for index in (0, 1, 25, 26, 27, 51, 52, 701, 702)]
    assert names == [f"lane-{letters}" for letters in ("a", "b", "z", "aa", "ab", "az", "ba", "zz", "aaa")]
    assert sorted([PLANNING_LANE_ID, *reversed(names)], key=branch_naming.lane_order) == [*names, PLANNING_LANE_ID]


@given(slugs, lane_ids)
def test_every_branch_is_read_back_as_what_it_was_made_of(slug: str, lane_id: str) -> None:
    mission = branch_naming.mission_branch_name(slug)
    lane = branch_naming.lane_branch_name(slug, lane_id)
    assert branch_naming.is_mission_branch(mission)
    assert not branch_naming.is_lane_branch(mission)
    assert not branch_naming.is_mission_branch(lane) or lane_id == PLANNING_LANE_ID
    assert branch_naming.parse_mission_slug_from_branch(mission) == slug
    assert branch_naming.parse_mission_slug_from_branch(lane) == slug
    assert branch_naming.parse_lane_id_from_branch(lane) == lane_id


@given(slugs, slugs, lane_ids)
def test_no_mission_branch_is_a_lane_of_another(one: str, other: str, lane_id: str) -> None:
    assert branch_naming.mission_branch_name(one) != branch_naming.lane_branch_name(other, lane_id)
