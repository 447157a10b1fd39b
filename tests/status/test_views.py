from __future__ import annotations

import json
from pathlib import Path

import pytest

from specify_cli.home import MissionPlace
from specify_cli.kernel.errors import Refused
from specify_cli.status.emit import writing
from specify_cli.status.models import Lane
from specify_cli.status.views import board_summary, by_lane, generate_status_view, materialize, write_derived_views
from tests.support.git import Repo
from tests.support.status import committed_place, place_in, walk


@pytest.fixture
def place(git: Repo) -> MissionPlace:
    place = place_in(git.path)
    with writing(place) as writer:
        walk(writer, "WP01", Lane.DONE)
        walk(writer, "WP02", Lane.IN_PROGRESS)
        writer.move("WP03", "done", actor="ada", force=True, reason="done elsewhere")
        writer.move("WP04", "canceled", actor="ada")
    return place


def test_three_files_are_written_and_only_when_they_change(place: MissionPlace) -> None:
    written = write_derived_views(place)
    assert [path.name for path in written] == ["status.json", "progress.json", "board-summary.json"]
    assert write_derived_views(place) == []
    status = json.loads((place.feature_dir / "status.json").read_text())
    assert status == generate_status_view(place)
    assert status["work_packages"]["WP02"]["lane"] == "in_progress"
    progress = json.loads((place.feature_dir / "progress.json").read_text())
    assert (progress["percentage"], progress["done_count"], progress["total_count"]) == (76.67, 2, 3)
    assert progress["mission_number"] == "001"


def test_the_board_summary(place: MissionPlace) -> None:
    summary = board_summary(materialize(place))
    assert summary["total_wps"] == 4
    assert summary["forced_moves"] == 1
    assert summary["lost_claims"] == 0
    lanes = summary["by_lane"]
    assert isinstance(lanes, dict)
    assert lanes["done"] == ["WP01", "WP03"]
    assert list(lanes) == [lane.value for lane in Lane]


def test_work_packages_that_the_log_has_not_met_are_planned(place: MissionPlace) -> None:
    assert by_lane(materialize(place), ["WP09", "WP01"])["planned"] == ["WP09"]


def test_another_folder_may_take_the_views(place: MissionPlace, tmp_path: Path) -> None:
    write_derived_views(place, tmp_path / "derived")
    assert not (place.feature_dir / "status.json").exists()
    assert (tmp_path / "derived" / "board-summary.json").exists()


def test_without_a_home_there_is_nowhere_to_write_them(git: Repo) -> None:
    committed_place(git)
    git("switch", "-q", "-c", "elsewhere")
    with pytest.raises(Refused) as refused:
        write_derived_views(place_in(git.path))
    assert refused.value.code == "TARGET_NOT_CHECKED_OUT"
