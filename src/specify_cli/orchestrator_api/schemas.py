"""JSON Schemas of the envelope and of what every command answers; more keys may come, none goes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from specify_cli.core.contract_gate import contract
from specify_cli.home import Kind
from specify_cli.kernel import files
from specify_cli.orchestrator_api.commands import COMMANDS
from specify_cli.orchestrator_api.envelope import UNKNOWN
from specify_cli.status.transitions import CANONICAL_LANES

ADDITIONS = Path(__file__).with_name("contract_additions.json")
DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = Mapping[str, object]

_TEXT: Schema = {"type": "string"}
_MAYBE: Schema = {"type": ["string", "null"]}
_FLAG: Schema = {"type": "boolean"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_OBJECT: Schema = {"type": "object"}
_LANE: Schema = {"enum": list(CANONICAL_LANES)}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _shape(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}


_MISSION = {"mission_slug": _TEXT, "mission_id": _TEXT, "mission_number": _TEXT, "mission_type": _TEXT}
_MOVE = {"wp_id": _TEXT, "from_lane": _LANE, "to_lane": _LANE, "policy_metadata_recorded": _FLAG}
_READ_FROM = {"read_from": _shape({"source": {"enum": list(Kind)}, "ref": _MAYBE, "path": _MAYBE})}
_LANE_KEYS = {"lane_id": _TEXT, "lane_branch": _TEXT, "lane_base_ref": _TEXT}
_NOTICE = _shape({"code": _TEXT, "message": _TEXT, "hint": _MAYBE})
_WARNINGS = {"warnings": _list(_NOTICE)}
_VERSIONS = {"api_version": _TEXT, "min_supported_provider_version": _TEXT}
_STATE = _shape({"wp_id": _TEXT, "lane": _LANE, "dependencies": _list(_TEXT), "last_actor": _MAYBE})
_READY = _shape({"wp_id": _TEXT, "lane": {"const": "planned"}, "dependencies_satisfied": {"const": True}})

DATA: Mapping[str, Schema] = {
    "contract-version": _shape(_VERSIONS, {"schemas": _OBJECT}),
    "mission-state": _shape(
        {
            **_MISSION,
            **_READ_FROM,
            "summary": _shape(dict.fromkeys(CANONICAL_LANES, _COUNT)),
            "work_packages": _list(_STATE),
        }
    ),
    "list-ready": _shape({**_MISSION, **_READ_FROM, "ready_work_packages": _list(_READY)}),
    "start-implementation": _shape(
        {**_MISSION, **_MOVE, "no_op": _FLAG, "workspace_path": _TEXT, "prompt_path": _TEXT},
        {**_LANE_KEYS, **_WARNINGS},
    ),
    "resolve-workspace": _shape(
        {**_MISSION, "wp_id": _TEXT, "workspace_path": _TEXT, "prompt_path": _TEXT}, _LANE_KEYS
    ),
    "start-review": _shape({**_MISSION, **_MOVE, "no_op": _FLAG, "prompt_path": _TEXT}, _WARNINGS),
    "transition": _shape({**_MISSION, **_MOVE}, _WARNINGS),
    "append-history": _shape({**_MISSION, "wp_id": _TEXT, "history_entry_id": _TEXT}),
    "accept-mission": _shape(
        {**_MISSION, "accepted": {"const": True}, "mode": {"const": "auto"}, "accepted_at": _TEXT}, _WARNINGS
    ),
    "merge-mission": _shape(
        {
            **_MISSION,
            "merged": {"const": True},
            "target_branch": _TEXT,
            "strategy": {"enum": ["merge", "rebase", "squash"]},
            "merged_wps": _list(_TEXT),
            "worktree_removed": _FLAG,
        },
        _WARNINGS,
    ),
}


def error_codes() -> list[str]:
    """Every code that a failure may have: the closed list of the contract, and what later ones added."""
    upstream, added = contract()["orchestrator_api"], (files.read_json(ADDITIONS) or {})["error_codes"]
    known = upstream["allowed_error_codes"] if isinstance(upstream, dict) else []
    return [*known, *(added if isinstance(added, list) else [])]


def schemas() -> dict[str, Schema]:
    """`envelope`, and by its name the data of every command."""
    found = {"envelope": _envelope(), **{name: DATA[name] for name in COMMANDS}}
    return {name: {"$schema": DIALECT, "title": f"orchestrator-api {name}", **shape} for name, shape in found.items()}


def _envelope() -> Schema:
    return _shape(
        {
            "contract_version": _TEXT,
            "command": {"enum": [f"orchestrator-api.{name}" for name in [*COMMANDS, UNKNOWN]]},
            "timestamp": {"type": "string", "format": "date-time"},
            "correlation_id": {"type": "string", "pattern": "^corr-[0-9a-f]{32}$"},
            "success": _FLAG,
            "error_code": {"enum": [None, *error_codes()]},
            "data": _OBJECT,
        }
    )
