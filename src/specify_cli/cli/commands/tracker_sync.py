"""`spec-kitty tracker map|sync …`: work packages and issues, and what goes to and fro."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from specify_cli.cli.options import MissionFlag, WorkPackageFlag, long_text
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.selecting import package_of, reading
from specify_cli.cli.text import table
from specify_cli.kernel import paths
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.errors import Refused, UsageError
from specify_cli.kernel.text import plural
from specify_cli.status.reading import read_status
from specify_cli.tracker.local_service import LocalTrackerService, SyncResult
from specify_cli.tracker.saas_errors import unusable
from specify_cli.tracker.saas_service import SaaSTrackerService
from specify_cli.tracker.service import local_service, service_for

LimitFlag = Annotated[int, typer.Option("--limit", metavar="N", min=1, max=10000, help="At most N issues.")]
ItemsFlag = Annotated[
    str | None,
    typer.Option("--items-json", metavar="FILE", help="A JSON array of what to push; - reads standard input."),
]
_TOTALS = ("total", "succeeded", "failed", "skipped")


def map_add(
    external_id: Annotated[str, typer.Option("--external-id", metavar="ID", help="Id of the issue.")],
    wp_id: WorkPackageFlag = None,
    external_key: Annotated[str | None, typer.Option("--external-key", metavar="KEY", help="Its key.")] = None,
    external_url: Annotated[str | None, typer.Option("--external-url", metavar="URL", help="Its address.")] = None,
    mission: MissionFlag = None,
) -> Reply:
    """Let a work package stand for an issue of a local tracker."""
    if wp_id is None:
        raise UsageError("--wp-id is missing", "USAGE_ERROR", hint=spec_kitty("tracker map add", "--help"))
    found = local_service(paths.starting_point())
    package = package_of(reading(mission), wp_id)
    found.cache.map(package.id, external_id, external_key, external_url)
    data = {"result": "success", "wp_id": package.id, "system": found.provider, "external_id": external_id}
    return Reply(data, f"{package.id} stands for {safe(external_key or external_id)} of {found.provider}.")


def map_list() -> Reply:
    """List which work packages stand for which issues."""
    found = service_for(paths.starting_point())
    rows = found.cache.mappings() if isinstance(found, LocalTrackerService) else _mappings(found)
    lines = [
        f"{_said(each, 'wp_id')}: {_said(each, 'system')}:{_said(each, 'external_key', 'external_id')}" for each in rows
    ]
    here = isinstance(found, LocalTrackerService)
    step = "spec-kitty tracker map add --wp-id WP01 --external-id ID" if here else "spec-kitty tracker status"
    none = f"No work package stands for an issue yet.\n\n  Next: {style(step, 'bold')}"
    return Reply({"mappings": rows}, "\n".join(lines) or none)


def pull(limit: LimitFlag = 100) -> Reply:
    """Read issues from the tracker."""
    found = service_for(paths.starting_point())
    if isinstance(found, LocalTrackerService):
        return _local(found.pull(limit))
    return _server(found.routed(found.client.pull, limit=limit))


def push(limit: LimitFlag = 100, items_json: ItemsFlag = None, mission: MissionFlag = None) -> Reply:
    """Write to the tracker: items, or the lanes of work packages.

    A tracker behind the server takes the items that are given, a local one the lanes of mapped work packages.
    """
    found = service_for(paths.starting_point())
    if isinstance(found, LocalTrackerService):
        return _local(found.push(_lanes(mission), limit))
    return _server(found.routed(found.client.push, items=_items(items_json)))


def run(limit: LimitFlag = 100, mission: MissionFlag = None) -> Reply:
    """Read from the tracker, then write to it."""
    found = service_for(paths.starting_point())
    if not isinstance(found, LocalTrackerService):
        return _server(found.routed(found.client.run, limit=limit))
    done, then = found.pull(limit), found.push(_lanes(mission), limit)
    stats = {name: count + then.stats[name] for name, count in done.stats.items()}
    return _local(SyncResult(done.provider, stats, done.conflicts + then.conflicts, done.errors + then.errors))


def publish() -> Reply:
    """Not there any more: use push."""
    service_for(paths.starting_point())
    raise Refused("nothing is published any more", "TRACKER_UNSUPPORTED", hint=spec_kitty("tracker sync push"))


def _mappings(found: SaaSTrackerService) -> list[dict[str, Any]]:
    rows = found.routed(found.client.mappings).get("mappings")
    if not isinstance(rows, list) or not all(isinstance(each, dict) for each in rows):
        raise unusable("it lists no mappings")
    return rows


def _lanes(mission: str | None) -> dict[str, str]:
    found = read_status(reading(mission).place).snapshot.work_packages
    return {wp_id: str(package["lane"]) for wp_id, package in found.items()}


def _items(given: str | None) -> list[dict[str, Any]]:
    if given is None:
        raise UsageError(
            "what is pushed must be given: --items-json FILE, or - for standard input",
            "ITEMS_REQUIRED",
            hint=spec_kitty("tracker sync push", "--items-json", "items.json"),
        )
    text = long_text(typer.Context(typer.core.TyperCommand("push")), given if given == "-" else f"@{given}")
    try:
        items = json.loads(text or "")
    except (ValueError, RecursionError):
        items = None
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        raise UsageError(
            f"{given} holds no JSON array of objects", "ITEMS_INVALID", hint=spec_kitty("tracker sync push", "--help")
        )
    return items


def _local(done: SyncResult) -> Reply:
    counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in done.stats.items() if count)
    lines = [f"{done.provider}: {counts or 'nothing to do'}"]
    lines += [f"  conflict {safe(each['issue'])}: {safe(each['field_name'])}" for each in done.conflicts]
    lines += [f"  {safe(error)}" for error in done.errors]
    data = done.to_dict()
    return _reply(data, lines, f"{plural(len(done.errors), 'issue')} could not be written" if done.errors else None)


def _server(answer: dict[str, Any]) -> Reply:
    phases = [answer[name] for name in ("pull", "push") if isinstance(answer.get(name), dict)] or [answer]
    lines = []
    for phase in phases:
        summary = phase.get("summary")
        totals = summary if isinstance(summary, dict) else {}
        path = phase.get("identity_path")
        rows = [
            ["status", safe(phase.get("status", "-"))],
            *([["type", safe(path.get("type"))]] if isinstance(path, dict) else []),
            *([name, safe(totals[name])] for name in _TOTALS if name in totals),
            *([["more", f"cursor {safe(phase.get('next_cursor'))}"]] if phase.get("has_more") else []),
        ]
        lines.append(table(rows, indent=2))
    return _reply(answer, lines, "the tracker could not do it" if answer.get("status") == "error" else None)


def _reply(data: dict[str, Any], lines: list[str], failed: str | None) -> Reply:
    if failed is None:
        return Reply({"result": "success", **data}, "\n".join(lines))
    more = {"error_code": "TRACKER_PARTIAL", "error": failed, "hint": "spec-kitty tracker sync run", "details": data}
    return Reply({**data, "result": "error", **more}, "\n".join([*lines, f"{failed}."]), 1)


def _said(row: dict[str, Any], *names: str) -> str:
    return safe(next((row[name] for name in names if row.get(name)), "-"))
