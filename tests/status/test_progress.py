from __future__ import annotations

import pytest

from specify_cli.status.models import Lane
from specify_cli.status.progress import DEFAULT_LANE_WEIGHTS, compute_weighted_progress
from specify_cli.status.reducer import reduce
from tests.support.status import moved


@pytest.mark.parametrize(
    ("lane", "percent"),
    [
        ("planned", 0), ("claimed", 5), ("in_progress", 30), ("for_review", 60), ("in_review", 70),
        ("approved", 80), ("done", 100), ("blocked", 0),
    ],
)  # fmt: skip
def test_how_far_each_lane_is(lane: str, percent: float) -> None:
    events = [moved("planned", lane, force=True, reason="test")]
    assert compute_weighted_progress(reduce(events)).percentage == percent


def test_canceled_work_packages_are_left_out_first() -> None:
    events = [moved("planned", lane, wp_id=f"WP0{number}", force=True, reason="test")
              for number, lane in enumerate(["done", "canceled", "in_progress"])]  # fmt: skip
    progress = compute_weighted_progress(reduce(events))
    assert (progress.percentage, progress.done_count, progress.total_count) == (65.0, 1, 2)
    assert progress.per_lane_counts["canceled"] == 1
    assert [part.wp_id for part in progress.per_wp] == ["WP00", "WP02"]


def test_nothing_to_do_is_nothing_done() -> None:
    assert compute_weighted_progress(reduce([])).percentage == 0.0
    assert compute_weighted_progress(reduce([moved("planned", "canceled")])).percentage == 0.0


def test_weights_can_be_given() -> None:
    events = [moved("planned", "done", wp_id="WP01"), moved("planned", "claimed", wp_id="WP02")]
    heavy = compute_weighted_progress(reduce(events), {"WP02": 3.0}, {"claimed": 0.5})
    assert heavy.percentage == 62.5
    assert heavy.to_dict()["per_wp"] == [
        {"wp_id": "WP01", "lane": "done", "weight": 1.0, "fraction": 1.0},
        {"wp_id": "WP02", "lane": "claimed", "weight": 3.0, "fraction": 0.5},
    ]


def test_every_lane_has_a_weight() -> None:
    assert set(DEFAULT_LANE_WEIGHTS) == set(Lane)
