"""A `mission_id` for missions older than ids; only on request (seed 079 leaves history alone)."""

from __future__ import annotations

from pathlib import Path

from specify_cli.kernel import files, ids
from specify_cli.kernel.values import replace
from specify_cli.mission_metadata import META
from specify_cli.upgrade.case import MissionCase, MissionMigration


def detect(case: MissionCase) -> bool:
    """It has none."""
    return case.place.mission_id is None


def apply(case: MissionCase) -> None:
    """Draft the id, and the journals under the name that follows from it.

    In a project with an identity the id follows from it, the slug and when the mission was created, so that two
    clones come to the same one.
    """
    meta = files.parse_json(case.text(META) or "{}", str(case.folder / META))
    seed = f"{case.project_uuid}|{case.place.slug}"
    mission_id = ids.told_id(str(meta["created_at"]), seed) if case.project_uuid else ids.new_id()
    before, after = case.place, replace(case.place, mission_id=mission_id)
    # The journals first: the id in meta.json is what makes readers look for them there.
    for source, target in (
        (before.journal, after.journal),
        (before.mission_journal, after.mission_journal),
        (_foreign(before.state, before.key), _foreign(after.state, after.key)),
    ):
        data = case.draft.read(source)
        if data is not None and before.repo.has_git:
            case.draft.write(target, (case.draft.read(target) or b"") + data)
    for name in ("workspaces", "leases"):
        old, new = before.state / name / before.key, before.state / name / after.key
        for path in list(case.draft.files_below(old)):
            case.draft.move(path, new / path.relative_to(old))
    case.draft.write(case.folder / META, files.dump_json({**meta, "mission_id": mission_id}))
    for source in (before.journal, before.mission_journal, _foreign(before.state, before.key)):
        case.draft.remove(source)


def _foreign(state: Path, key: str) -> Path:
    return state / "foreign" / f"{key}.ids"


MIGRATION = MissionMigration("m_3_1_1_mission_ids", "3.1.1", "give missions an id", detect, apply, asked=True)
