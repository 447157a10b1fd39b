from __future__ import annotations

from specify_cli.kernel.legacy import LEGACY_KEYS, LEGACY_LANES, current_names


def test_old_names_become_todays_and_todays_win() -> None:
    for old, new in LEGACY_KEYS.items():
        assert current_names({old: "x", "other": 1}) == {new: "x", "other": 1}
        assert current_names({old: "x", new: "y"}) == {new: "y"}


def test_no_old_name_is_a_name_of_today() -> None:
    assert not set(LEGACY_KEYS) & set(LEGACY_KEYS.values())
    assert not set(LEGACY_LANES) & set(LEGACY_LANES.values())
