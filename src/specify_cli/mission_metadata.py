"""meta.json of a mission: this module is its only writer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from specify_cli.kernel import clock, fields, files
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.errors import NotFound, Refused
from specify_cli.kernel.fields import BRANCH, FOLDER, MOMENT, OBJECT, OBJECTS, TEXT, ULID, Kind, Schema
from specify_cli.kernel.legacy import LEGACY_KEYS, current_meta
from specify_cli.kernel.text import is_ulid
from specify_cli.kernel.values import frozen

META = "meta.json"
# Key of a mission that was imported: {tool, project, id}, there from its first moment.
IMPORTED_FROM = "imported_from"
HISTORY_CAP = 20
PULL_REQUEST = "pr"  # the mode of an acceptance
REQUIRED_FIELDS = frozenset(
    {"created_at", "friendly_name", "mission_number", "mission_slug", "mission_type", "slug", "target_branch"}
)
ORIGIN_FIELDS = (
    "provider",
    "resource_type",
    "resource_id",
    "external_issue_id",
    "external_issue_key",
    "external_issue_url",
    "title",
)
_OLD_FIELDS = frozenset({*LEGACY_KEYS, "mission"})
_NUMBER = Kind("a number such as 001", lambda value: isinstance(value, str) or fields.WHOLE.fits(value))
_BEGAN = Kind("the name of a branch", lambda value: value == "" or BRANCH.fits(value))
FIELDS: Schema = {
    "mission_id": ULID, "mission_slug": FOLDER, "mission_number": _NUMBER, "mission_type": TEXT, "slug": TEXT,
    "friendly_name": TEXT, "purpose": TEXT, "size": TEXT, "vcs": TEXT, "created_at": MOMENT,
    "target_branch": BRANCH, "started_from": _BEGAN, "origin_ticket": OBJECT, IMPORTED_FROM: OBJECT,
    "accepted_at": TEXT, "accepted_by": TEXT, "acceptance_mode": TEXT, "accept_commit": TEXT,
    "accepted_from_commit": TEXT, "acceptance_history": OBJECTS, "merged_at": TEXT, "merged_by": TEXT,
    "merged_into": TEXT, "merged_strategy": TEXT, "merged_commit": TEXT, "landed_at": TEXT, "landed_by": TEXT,
    "landed_into": TEXT, "landed_strategy": TEXT,
}  # fmt: skip
# Without them nobody knows which mission it is, or where it belongs: no other value may stand for a broken one.
IDENTITY = frozenset({"mission_id", "target_branch"})


@frozen
class MissionIdentity:
    """What names a mission. `mission_id` is None for one older than mission ids (seed 079, track 3)."""

    mission_slug: str
    mission_number: str
    mission_type: str
    mission_id: str | None = None


def load_meta(feature_dir: Path) -> dict[str, object] | None:
    """meta.json of a mission folder, under today's keys whatever version wrote it; None where there is none.

    A field that holds what it cannot hold is left out; `doctor` names it.

    Raises:
        Refused: `MALFORMED_JSON`; `META_INVALID`, where it is one of `IDENTITY`.
    """
    found = files.read_json(feature_dir / META)
    return None if found is None else _sound(found, str(feature_dir / META))


def parse_meta(data: bytes, where: str) -> dict[str, object]:
    """The meta.json that some bytes hold; as `load_meta`."""
    return _sound(files.parse_json(files.decode(data), where), where)


def _sound(data: Mapping[str, object], where: str) -> dict[str, object]:
    meta, broken = fields.sift(current_meta(data), FIELDS)
    lost = [each for each in broken if each.key in IDENTITY]
    if lost:
        raise Refused(
            f"{where}: {fields.listing(lost)}",
            "META_INVALID",
            hint=spec_kitty("doctor log", "--fix"),
            details={"path": where, "problems": [each.message for each in lost]},
        )
    return meta


def identity_of(meta: Mapping[str, object], folder_name: str) -> MissionIdentity:
    """The identity that a meta.json tells; missing parts come from the folder's name."""
    number, _, _ = folder_name.partition("-")
    mission_id = meta.get("mission_id")
    return MissionIdentity(
        mission_slug=str(meta.get("mission_slug") or folder_name),
        mission_number=str(meta.get("mission_number") or (number if number.isdigit() else "")),
        mission_type=str(meta.get("mission_type") or "software-dev"),
        mission_id=mission_id if isinstance(mission_id, str) and is_ulid(mission_id) else None,
    )


def resolve_mission_identity(feature_dir: Path) -> MissionIdentity:
    """The identity of the mission in a folder.

    Raises:
        NotFound: `MISSION_META_MISSING`.
    """
    return identity_of(_require(feature_dir), feature_dir.name)


def validate_meta(meta: Mapping[str, object]) -> list[str]:
    """What is wrong with a meta.json: missing, empty or outdated fields."""
    found = [f"{name} is missing or empty" for name in sorted(REQUIRED_FIELDS) if not meta.get(name)]
    found += [f"{name} is not written any more" for name in sorted(_OLD_FIELDS & meta.keys())]
    mission_id = meta.get("mission_id")
    if mission_id is not None and not (isinstance(mission_id, str) and is_ulid(mission_id)):
        found.append("mission_id is not a ULID")
    return found


def write_meta(feature_dir: Path, meta: Mapping[str, object], *, validate: bool = True) -> None:
    """Write meta.json as a whole.

    Raises:
        Refused: `META_INVALID`, or `MISSION_ID_IMMUTABLE` where the identity would change.
    """
    problems = validate_meta(meta) if validate else []
    if problems:
        raise Refused(
            f"{feature_dir.name}/{META}: {'; '.join(problems)}",
            "META_INVALID",
            hint=spec_kitty("upgrade"),
            details={"problems": problems},
        )
    before = load_meta(feature_dir) or {}
    if before.get("mission_id") and before["mission_id"] != meta.get("mission_id"):
        raise Refused(
            f"{feature_dir.name}/{META}: mission_id {before['mission_id']} is immutable",
            "MISSION_ID_IMMUTABLE",
            hint=command("git", "diff", "--", feature_dir / META),
        )
    files.write_json(feature_dir / META, meta)


def record_acceptance(
    feature_dir: Path,
    *,
    accepted_by: str,
    mode: str,
    from_commit: str | None = None,
    accept_commit: str | None = None,
    at: str | None = None,
) -> dict[str, object]:
    """Note that a mission was accepted (now, or `at`), keeping the last acceptances in `acceptance_history`."""
    meta = _require(feature_dir)
    accepted_at = at or clock.stamp()
    entry: dict[str, object] = {"accepted_at": accepted_at, "accepted_by": accepted_by, "acceptance_mode": mode}
    if from_commit:
        entry["accepted_from_commit"] = from_commit
    if accept_commit:
        entry["accept_commit"] = accept_commit
    history = meta.get("acceptance_history")
    entries = [*history, entry] if isinstance(history, list) else [entry]
    meta.update(entry, acceptance_history=entries[-HISTORY_CAP:])
    write_meta(feature_dir, meta)
    return meta


def set_origin_ticket(feature_dir: Path, origin_ticket: Mapping[str, object]) -> dict[str, object]:
    """Note the ticket that a mission began with (contract 7.6); the meta.json as it is then.

    Raises:
        FileNotFoundError: there is no meta.json.
        ValueError: naming the keys of `ORIGIN_FIELDS` that are missing.
        Refused: see `write_meta`.
    """
    missing = [name for name in ORIGIN_FIELDS if name not in origin_ticket]
    if missing:
        raise ValueError(f"origin_ticket lacks {', '.join(missing)}")
    meta = load_meta(feature_dir)
    if meta is None:
        raise FileNotFoundError(feature_dir / META)
    meta["origin_ticket"] = {name: origin_ticket[name] for name in ORIGIN_FIELDS}
    write_meta(feature_dir, meta)
    return meta


def merged_meta(
    meta: Mapping[str, object], *, merged_by: str, merged_into: str, strategy: str, merged_commit: str
) -> dict[str, object]:
    """meta.json as it is once the mission is merged."""
    return {
        **meta,
        "merged_at": clock.stamp(),
        "merged_by": merged_by,
        "merged_into": merged_into,
        "merged_strategy": strategy,
        "merged_commit": merged_commit,
    }


def landed_meta(meta: Mapping[str, object], *, landed_by: str, landed_into: str, strategy: str) -> dict[str, object]:
    """meta.json as it is once a merged mission has landed on the branch that its own began at."""
    return {
        **meta,
        "landed_at": clock.stamp(),
        "landed_by": landed_by,
        "landed_into": landed_into,
        "landed_strategy": strategy,
    }


def _require(feature_dir: Path) -> dict[str, object]:
    meta = load_meta(feature_dir)
    if meta is None:
        raise NotFound(
            f"{feature_dir.name} has no {META}",
            "MISSION_META_MISSING",
            hint=spec_kitty("doctor"),
            details={"path": str(feature_dir)},
        )
    return meta
