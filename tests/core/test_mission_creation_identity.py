"""Every mission has an identity of its own from the day it is made: a ULID, minted once (seed 079, track 3)."""

from __future__ import annotations

import json

import pytest

from specify_cli.core.mission_creation import create_mission_core
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.text import is_ulid
from specify_cli.mission_metadata import resolve_mission_identity, write_meta
from specify_cli.status.reading import read_status
from tests.support.project import Project


def test_a_mission_is_minted_with_a_ulid(project: Project) -> None:
    made = create_mission_core(project.path, "tea-timer")
    mission_id = made.meta["mission_id"]
    assert isinstance(mission_id, str)
    assert is_ulid(mission_id)
    assert resolve_mission_identity(made.feature_dir).mission_id == mission_id
    assert json.loads(project.git("show", "HEAD:kitty-specs/001-tea-timer/meta.json"))["mission_id"] == mission_id


def test_ids_differ_and_rise_with_the_numbers(project: Project) -> None:
    made = [create_mission_core(project.path, "tea-timer") for _ in range(3)]
    ids = [str(each.meta["mission_id"]) for each in made]
    assert ids == sorted(set(ids))
    assert [each.mission_number for each in made] == ["001", "002", "003"]


def test_a_slug_that_is_used_again_is_another_mission(project: Project) -> None:
    first = create_mission_core(project.path, "tea-timer")
    project.git("rm", "-q", "-r", "kitty-specs/001-tea-timer")
    project.git.commit("dropped")
    again = create_mission_core(project.path, "tea-timer")
    assert again.mission_slug == first.mission_slug
    assert again.meta["mission_id"] != first.meta["mission_id"]
    assert again.place.journal != first.place.journal
    assert len(read_status(again.place).mission_events) == 1


def test_everything_of_a_mission_is_named_by_its_id_and_carries_it(project: Project) -> None:
    made = create_mission_core(project.path, "tea-timer")
    mission_id = made.meta["mission_id"]
    place = made.place
    assert place.mission_id == place.key == mission_id
    for path in (place.journal, place.mission_journal, place.lock):
        assert path.name.startswith(f"{mission_id}.")
    assert [event.mission_id for event in read_status(place).mission_events] == [mission_id]


def test_the_id_cannot_be_changed_or_dropped(project: Project) -> None:
    made = create_mission_core(project.path, "tea-timer")
    for changed in ({"mission_id": "01KNRK00000000000000000000"}, {"mission_id": None}):
        with pytest.raises(Refused, match="immutable"):
            write_meta(made.feature_dir, {**made.meta, **changed})
    assert resolve_mission_identity(made.feature_dir).mission_id == made.meta["mission_id"]


def test_no_name_of_an_older_version_is_written(project: Project) -> None:
    made = create_mission_core(project.path, "tea-timer")
    assert sorted(made.meta) == [
        "created_at",
        "friendly_name",
        "mission_id",
        "mission_number",
        "mission_slug",
        "mission_type",
        "slug",
        "target_branch",
        "vcs",
    ]
