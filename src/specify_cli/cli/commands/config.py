"""`spec-kitty config`: the settings that count, and where mission types and templates come from."""

from __future__ import annotations

from typing import Annotated

import typer

from specify_cli.cli.options import MissionTypeFlag
from specify_cli.cli.output import Reply, safe, style
from specify_cli.cli.text import prose, table
from specify_cli.core.mission_types import DEFAULT_TYPE
from specify_cli.core.origins import Asset, assets
from specify_cli.core.project_resolver import (
    OVERRIDE,
    OVERRIDES,
    PACKAGE,
    PROJECT,
    SHIPPED,
    USER,
    kittify_of,
    user_folder,
)
from specify_cli.kernel import files, paths
from specify_cli.kernel.commands import Command
from specify_cli.kernel.config import Config, parse_config

_TITLES = {"mission type": "Mission type", "templates": "Documents", "command-templates": "Commands"}
_COLOURS = {OVERRIDE: "magenta", PROJECT: "cyan", USER: "yellow", SHIPPED: "dim"}


def config(
    show_origin: Annotated[
        bool, typer.Option("--show-origin", help="Show the tier and path of each mission type file and template.")
    ] = False,
    mission_type: MissionTypeFlag = None,
) -> Reply:
    """Show the settings, or where templates come from.

    With --show-origin (or --mission-type) every file is listed with the tier it comes from: override, project, user
    or package, in that order; the first one that has the file counts. A mistake in one is told with its line.
    """
    repo = paths.discover(paths.starting_point())
    if show_origin or mission_type is not None:
        key = mission_type or DEFAULT_TYPE
        found = assets(repo, key)
        project = kittify_of(repo)
        roots = ((OVERRIDE, project / OVERRIDES), (PROJECT, project), (USER, user_folder()), (SHIPPED, PACKAGE))
        told = {tier: str(root) for tier, root in roots if root is not None}
        wrong = any(asset.problem for asset in found)
        data: dict[str, object] = {"mission_type": key, "roots": told, "assets": [asset.to_dict() for asset in found]}
        return Reply(data, _origins(key, told, found), exit_code=1 if wrong else 0)
    where = kittify_of(repo) / "config.yaml"
    text = files.read_text(where)
    rows = _settings(parse_config(text, str(where)))
    data = {"path": str(where) if text is not None else None, "settings": {key: value for key, value, _ in rows}}
    listed = table([[key, safe(_shown(value)), "" if given else style("default", "dim")] for key, value, given in rows])
    return Reply(data, f"{style(safe(where), 'bold')}\n\n{listed}")


def _settings(found: Config) -> list[tuple[str, object, bool]]:
    """Key, value, and whether the file says so."""
    values: dict[str, object] = {
        "agents.available": list(found.agents),
        "agents.auto_commit": found.auto_commit,
        "status.publish": found.publish,
        "project.uuid": found.project_uuid,
        "project.slug": found.project_slug,
        "project.repo_slug": found.repo_slug,
        "merge.strategy": found.merge_strategy,
        "merge.auto": found.merge_auto,
        "protected": list(found.protected),
        "review.by": found.review_by,
        "review.self": found.review_self,
        "ownership": found.ownership,
        "leases.quiet_minutes": found.quiet_minutes,
        "worktree.copy": list(found.worktree_copy),
        "accept.tests": [Command(words) for words in found.accept_tests],
    }
    return [(key, value, _is_given(found, key)) for key, value in values.items()]


def _is_given(found: Config, key: str) -> bool:
    section, _, name = key.partition(".")
    value = found.raw.get(section)
    return (isinstance(value, dict) and name in value) if name else section in found.raw


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    if isinstance(value, bool):
        return str(value).lower()
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _origins(key: str, roots: dict[str, str], found: list[Asset]) -> str:
    used = {asset.origin.tier for asset in found}
    lines = [style(f"Mission type {safe(key)}", "bold"), ""]
    lines.append(table([[tier, safe(root)] for tier, root in roots.items() if tier in used], indent=2))
    for kind, title in _TITLES.items():
        rows = [_row(asset, roots) for asset in found if asset.kind == kind]
        lines += ["", style(title, "bold"), table(rows, indent=2)]
    for asset in found:
        lines += ["", f"{style('wrong', 'red')}  {prose(asset.problem.message)}"] if asset.problem else []
        lines += [f"older copy, passed over: {safe(each.path)}" for each in asset.outdated]
    return "\n".join(lines)


def _row(asset: Asset, roots: dict[str, str]) -> list[str]:
    tier = asset.origin.tier
    path = str(asset.origin.path).removeprefix(roots[tier]).lstrip("/\\")
    hidden = ", ".join(each.tier for each in asset.hidden if each.tier != SHIPPED)
    more = style(f"  hides: {hidden}", "dim") if hidden else ""
    return [style(tier, _COLOURS[tier]), f"{safe(path)}{more}"]
