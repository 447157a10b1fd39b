"""meta.json under today's keys, with what every mission has (seed 064, A2)."""

from __future__ import annotations

from specify_cli.home import prompt_names
from specify_cli.kernel import clock, files
from specify_cli.mission_metadata import META
from specify_cli.status import older
from specify_cli.upgrade.case import MissionCase, MissionMigration
from specify_cli.upgrade.migration_064 import migrate_meta


def detect(case: MissionCase) -> bool:
    """A key is called otherwise, or missing."""
    before = _before(case)
    return before is None or _after(case, before) != before


def apply(case: MissionCase) -> None:
    """Draft meta.json."""
    case.draft.write(case.folder / META, files.dump_json(_after(case, _before(case) or {})))


def _before(case: MissionCase) -> dict[str, object] | None:
    text = case.text(META)
    return None if text is None else files.parse_json(text, str(case.folder / META))


def _after(case: MissionCase, before: dict[str, object]) -> dict[str, object]:
    since = "" if before.get("created_at") else _since(case)
    return migrate_meta(before, case.folder.name, target_branch=case.place.target_branch, created_at=since)


def _since(case: MissionCase) -> str:
    """The first moment that a prompt's history names; without one, now."""
    moments = [
        entry.at
        for name in prompt_names(case.names)
        for entry in older.read_prompt(name, case.text(name) or "").entries
    ]
    return min(moments, key=clock.sort_key, default="") or clock.stamp()


MIGRATION = MissionMigration("m_3_1_0_mission_names", "3.1.0", "write meta.json under today's names", detect, apply)
