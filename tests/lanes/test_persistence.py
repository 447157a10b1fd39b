from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from specify_cli.home import MissionPlace
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.paths import Checkout, Repository
from specify_cli.lanes.compute import compute_lanes
from specify_cli.lanes.models import LanesManifest
from specify_cli.lanes.ownership import ExecutionMode, OwnershipManifest
from specify_cli.lanes.persistence import read_lanes, require_lanes, write_lanes_json

NEEDS = {"WP01": [], "WP02": ["WP01"], "WP03": [], "WP04": []}
LEGACY = {
    "version": 1,
    "mission_slug": "001-tea-timer",
    "mission_id": "01M7WYQ8H9XS89Z9T9GQF3M42T",
    "mission_branch": "kitty/mission-001-tea-timer",
    "target_branch": "main",
    "lanes": [{"lane_id": "lane-a", "wp_ids": ["WP01", "WP03"], "write_scope": ["src/clock/**"], "parallel_group": 0}],
    "computed_at": "2026-11-20T17:12:27.751700+00:00",
    "planning_commit_sha": "12ef03f",
}


def manifest() -> LanesManifest:
    code = {wp_id: OwnershipManifest(ExecutionMode.CODE_CHANGE, (f"src/{wp_id}/**",)) for wp_id in NEEDS}
    same = replace(code["WP01"], owned_files=("src/**",))
    planning = OwnershipManifest(ExecutionMode.PLANNING_ARTIFACT, ("docs/**",))
    return compute_lanes(NEEDS, code | {"WP03": same, "WP04": planning}, "034-x", "main", mission_id="01K")


@pytest.fixture
def place(tmp_path: Path) -> MissionPlace:
    (tmp_path / "kitty-specs" / "034-x").mkdir(parents=True)
    home = Checkout(tmp_path, "main", tmp_path / ".git")
    return MissionPlace(
        Repository(tmp_path, tmp_path / ".git", tmp_path / ".git", tmp_path), "034-x", "01K", "main", home
    )


def test_what_is_written_is_read_back(place: MissionPlace) -> None:
    path = write_lanes_json(place.feature_dir, replace(manifest(), computed_at="2026-01-01T00:00:00+00:00"))
    assert path == place.feature_dir / "lanes.json"
    assert read_lanes(place) == replace(manifest(), computed_at="2026-01-01T00:00:00+00:00")
    shape = json.loads(path.read_text())
    assert list(shape) == sorted(shape)
    assert shape["computed_from"] == "dependency_graph+ownership"
    assert path.read_text().endswith("}\n")


def test_only_another_time_leaves_the_file_alone(place: MissionPlace) -> None:
    path = write_lanes_json(place.feature_dir, manifest())
    before = path.read_bytes()
    assert json.loads(before)["computed_at"]
    write_lanes_json(place.feature_dir, replace(manifest(), computed_at="2030-01-01T00:00:00+00:00"))
    assert path.read_bytes() == before
    write_lanes_json(place.feature_dir, replace(manifest(), target_branch="next"))
    assert path.read_bytes() != before


def test_lanes_of_older_and_newer_versions_are_read(place: MissionPlace) -> None:
    (place.feature_dir / "lanes.json").write_text(json.dumps(LEGACY))
    lanes = require_lanes(place)
    lane = lanes.lane_for_wp("WP03")
    assert lane is not None
    assert lane.lane_id == "lane-a"
    assert lanes.lane("lane-a") is lane
    assert lanes.lane("lane-b") is None
    assert lanes.collapse_report is None
    assert lanes.ordering_edges == ()
    assert lanes.parallel_groups() == {0: [lane]}


def test_no_lanes_yet(place: MissionPlace) -> None:
    assert read_lanes(place) is None
    with pytest.raises(Refused, match=r"lanes.json does not exist") as caught:
        require_lanes(place)
    assert caught.value.code == "LANES_MISSING"
    assert caught.value.hint == "spec-kitty agent mission finalize-tasks --mission 034-x"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"lanes": {}}, "lanes"),
        ({"lanes": [1]}, "lanes"),
        ({"mission_slug": None}, "mission_slug"),
        ({"version": "1"}, "version"),
        ({"version": 2}, "newer program"),
        ({"lanes": [{"lane_id": "lane-a", "wp_ids": "WP01"}]}, "wp_ids"),
    ],
)
def test_another_shape_is_named(place: MissionPlace, change: dict[str, object], named: str) -> None:
    (place.feature_dir / "lanes.json").write_text(json.dumps(LEGACY | change))
    with pytest.raises(Refused, match=named) as caught:
        read_lanes(place)
    assert caught.value.code == "LANES_MALFORMED"


def test_broken_json_is_named_with_its_line_and_written_over(place: MissionPlace) -> None:
    (place.feature_dir / "lanes.json").write_text('{\n "version": 1,,\n}')
    with pytest.raises(Refused, match=r"kitty-specs/034-x/lanes.json line 2") as caught:
        read_lanes(place)
    assert caught.value.code == "MALFORMED_JSON"
    write_lanes_json(place.feature_dir, manifest())
    assert read_lanes(place) is not None
