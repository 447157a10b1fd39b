"""`.kittify/config.yaml`: made where there is none, with the project's identity, without that of a checkout."""

from __future__ import annotations

import re
from pathlib import Path

from specify_cli.core.agent_table import AGENTS, Agent
from specify_cli.core.identity import mint
from specify_cli.core.project_files import CONFIG, config_text
from specify_cli.kernel import files, yaml
from specify_cli.kernel.config import parse_config
from specify_cli.kernel.yaml_round_trip import edit
from specify_cli.upgrade.case import ProjectCase, ProjectMigration

_OF_CHECKOUT = ("build_id", "node_id")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def detect(case: ProjectCase) -> bool:
    """The config is missing, names no project, or names a checkout."""
    text = case.draft.text(case.path(CONFIG))
    if text is None:
        return True
    return parse_config(text, CONFIG).project_uuid is None or checkout_ids(text) != {}


def apply(case: ProjectCase) -> None:
    """Draft the config, and `checkout.json` in the git folder where the config had named this checkout."""
    path = case.path(CONFIG)
    text = case.draft.text(path)
    names = mint(case.repo, case.root)
    if text is None:
        case.draft.write(path, config_text(names, agents_in(case)))
        return
    config = parse_config(text, CONFIG)
    if config.project_uuid is None:
        wanted: dict[tuple[str, ...], object] = {("project", "uuid"): names.uuid}
        wanted |= {("project", "slug"): names.slug} if config.project_slug is None else {}
        wanted |= {("project", "repo_slug"): names.repo_slug} if config.repo_slug is None else {}
        text = edit(text, wanted, CONFIG)
    found = checkout_ids(text)
    if found:
        _keep(case, found)
        text = without_checkout_ids(text)
    case.draft.write(path, text)


def checkout_ids(text: str) -> dict[str, str]:
    """The build and node id that a config of an older version holds."""
    project = yaml.mapping(text, CONFIG).get("project")
    return {key: str(project[key]) for key in _OF_CHECKOUT if key in project} if isinstance(project, dict) else {}


def without_checkout_ids(text: str) -> str:
    """The config without them; everything else stays as it is."""
    return edit(text, {("project", key): yaml.ABSENT for key in checkout_ids(text)}, CONFIG)


def agents_in(case: ProjectCase) -> tuple[str, ...]:
    """The agents that have commands of ours in the project."""
    return tuple(
        agent.key
        for agent in AGENTS.values()
        if any("spec-kitty" in name for folder in _folders(agent) for name in case.draft.names(case.path(folder)))
    )


def _folders(agent: Agent) -> set[str]:
    """Where an agent has commands that are its alone, today and before."""
    return {*([] if agent.is_shared else [agent.folder]), *(path.rpartition("/")[0] for path in agent.former)}


def _keep(case: ProjectCase, found: dict[str, str]) -> None:
    """Give the checkout the build id that it had, unless it has one by now."""
    if case.repo.git_dir is None or not _UUID.fullmatch(found.get("build_id", "")) or not found.get("node_id"):
        return
    path: Path = case.repo.git_dir / "spec-kitty" / "checkout.json"
    if case.draft.read(path) is None:
        case.draft.write(path, files.dump_json({**found, "git_dir": str(case.repo.git_dir)}))


MIGRATION = ProjectMigration(
    "m_3_1_1_config", "3.1.1", "give the project its identity, and keep that of a checkout out of git", detect, apply
)
