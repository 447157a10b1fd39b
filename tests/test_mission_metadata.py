from __future__ import annotations

import json
from pathlib import Path

import pytest

from specify_cli.kernel.errors import NotFound, Refused
from specify_cli.kernel.legacy import LEGACY_KEYS
from specify_cli.mission_metadata import (
    HISTORY_CAP,
    ORIGIN_FIELDS,
    REQUIRED_FIELDS,
    MissionIdentity,
    identity_of,
    load_meta,
    merged_meta,
    record_acceptance,
    resolve_mission_identity,
    set_origin_ticket,
    validate_meta,
    write_meta,
)

MISSION_ID = "01KNRK00000000000000000000"
OTHER_ID = "01KNRK00000000000000000001"
META: dict[str, object] = {
    "created_at": "2026-11-20T12:00:00.000000+00:00",
    "friendly_name": "Tea timer",
    "mission_id": MISSION_ID,
    "mission_number": "001",
    "mission_slug": "001-tea-timer",
    "mission_type": "software-dev",
    "slug": "tea-timer",
    "target_branch": "main",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "001-tea-timer").mkdir()
    return tmp_path / "001-tea-timer"


def without(*names: str) -> dict[str, object]:
    return {name: value for name, value in META.items() if name not in names}


def test_what_is_written_is_read_back(folder: Path) -> None:
    assert load_meta(folder) is None
    write_meta(folder, META)
    assert load_meta(folder) == META
    text = (folder / "meta.json").read_text()
    assert text == json.dumps(META, indent=2, sort_keys=True) + "\n"


def test_unknown_fields_are_kept(folder: Path) -> None:
    write_meta(folder, {**META, "purpose": "tea", "size": "tiny"})
    record_acceptance(folder, accepted_by="ada", mode="local")
    assert (load_meta(folder) or {})["purpose"] == "tea"


@pytest.mark.parametrize("name", sorted(REQUIRED_FIELDS))
@pytest.mark.parametrize("value", [None, ""])
def test_what_is_required_must_be_there(name: str, value: str | None, folder: Path) -> None:
    meta = {**META, name: value} if value is not None else without(name)
    assert validate_meta(meta) == [f"{name} is missing or empty"]
    with pytest.raises(Refused, match=name) as told:
        write_meta(folder, meta)
    assert told.value.code == "META_INVALID"
    assert told.value.details == {"problems": [f"{name} is missing or empty"]}
    assert load_meta(folder) is None


def test_all_problems_are_told_at_once() -> None:
    meta = {**without("slug", "created_at"), "mission_id": "42", **dict.fromkeys([*LEGACY_KEYS, "mission"], "x")}
    assert len(validate_meta(meta)) == 2 + 1 + len(LEGACY_KEYS) + 1
    assert validate_meta(META) == []
    assert validate_meta(without("mission_id")) == []


@pytest.mark.parametrize("name", [*LEGACY_KEYS, "mission"])
def test_names_of_older_versions_are_never_written(name: str, folder: Path) -> None:
    with pytest.raises(Refused, match=name) as told:
        write_meta(folder, {**META, name: "x"})
    assert told.value.hint == "spec-kitty upgrade"
    assert load_meta(folder) is None


@pytest.mark.parametrize("changed", [{"mission_id": OTHER_ID}, {"mission_id": None}, {}])
def test_an_identity_is_immutable(changed: dict[str, object], folder: Path) -> None:
    write_meta(folder, META)
    before = (folder / "meta.json").read_bytes()
    for validate in (True, False):
        with pytest.raises(Refused, match=f"{MISSION_ID} is immutable") as told:
            write_meta(folder, {**without("mission_id"), **changed}, validate=validate)
        assert told.value.code == "MISSION_ID_IMMUTABLE"
    assert (folder / "meta.json").read_bytes() == before


def test_a_mission_older_than_ids_may_get_one(folder: Path) -> None:
    write_meta(folder, without("mission_id"))
    write_meta(folder, META)
    assert resolve_mission_identity(folder).mission_id == MISSION_ID


def test_a_malformed_file_is_never_overwritten(folder: Path) -> None:
    (folder / "meta.json").write_text('{\n  "slug": tea\n}')
    for write in (lambda: write_meta(folder, META), lambda: record_acceptance(folder, accepted_by="ada", mode="local")):
        with pytest.raises(Refused, match=r"meta\.json line 2, column 11") as told:
            write()
        assert told.value.code == "MALFORMED_JSON"
    assert (folder / "meta.json").read_text() == '{\n  "slug": tea\n}'


def test_an_identity_is_told_by_the_file_else_by_the_folder(folder: Path) -> None:
    write_meta(folder, META)
    assert resolve_mission_identity(folder) == MissionIdentity("001-tea-timer", "001", "software-dev", MISSION_ID)
    assert identity_of({}, "034-old") == MissionIdentity("034-old", "034", "software-dev", None)
    assert identity_of({"mission_id": "not an id"}, "no-number") == MissionIdentity(
        "no-number", "", "software-dev", None
    )


def test_a_folder_without_meta_is_told(folder: Path) -> None:
    with pytest.raises(NotFound, match=r"001-tea-timer has no meta\.json") as told:
        resolve_mission_identity(folder)
    assert told.value.code == "MISSION_META_MISSING"
    assert told.value.hint


def test_acceptances_are_kept_up_to_a_number(folder: Path) -> None:
    write_meta(folder, META)
    for number in range(HISTORY_CAP + 3):
        record_acceptance(folder, accepted_by=f"ada{number}", mode="pr", from_commit="a" * 40, accept_commit="b" * 40)
    meta = load_meta(folder) or {}
    history = meta["acceptance_history"]
    assert isinstance(history, list)
    assert [entry["accepted_by"] for entry in history] == [f"ada{number}" for number in range(3, HISTORY_CAP + 3)]
    assert {name: meta[name] for name in history[-1]} == history[-1]
    assert (meta["accepted_by"], meta["acceptance_mode"]) == (f"ada{HISTORY_CAP + 2}", "pr")
    assert (meta["accept_commit"], meta["accepted_from_commit"]) == ("b" * 40, "a" * 40)
    assert validate_meta(meta) == []


def test_a_merge_is_added_to_what_there_is() -> None:
    merged = merged_meta(META, merged_by="ada", merged_into="main", strategy="squash", merged_commit="c" * 40)
    assert {name: merged[name] for name in META} == META
    assert (merged["merged_by"], merged["merged_into"], merged["merged_strategy"]) == ("ada", "main", "squash")
    assert merged["merged_commit"] == "c" * 40
    assert str(merged["merged_at"]).endswith("+00:00")
    assert validate_meta(merged) == []


def test_the_ticket_of_a_mission_is_kept_beside_all_else(folder: Path) -> None:
    write_meta(folder, {**META, "purpose": "Größe"})
    ticket = {name: f"{name} é" for name in ORIGIN_FIELDS}
    meta = set_origin_ticket(folder, {**ticket, "server_row": 7})
    assert meta == {**META, "purpose": "Größe", "origin_ticket": ticket}
    text = (folder / "meta.json").read_text(encoding="utf-8")
    assert text == json.dumps(meta, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_a_ticket_that_lacks_something_is_not_written(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        set_origin_ticket(folder, dict.fromkeys(ORIGIN_FIELDS, "x"))
    write_meta(folder, META)
    with pytest.raises(ValueError, match="resource_type, title"):
        set_origin_ticket(folder, {name: "x" for name in ORIGIN_FIELDS if name not in {"title", "resource_type"}})
    assert load_meta(folder) == META
