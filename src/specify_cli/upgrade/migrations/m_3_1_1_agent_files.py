"""Commands and skills of older names go where nobody edited them; those of this version come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from specify_cli.core import manifest as manifests
from specify_cli.core.agent_table import AGENTS, Agent
from specify_cli.core.agents import laid_out
from specify_cli.core.installing import wanted_files
from specify_cli.core.integrations import Shared, Stand, shared_files
from specify_cli.core.manifest import Manifest
from specify_cli.core.mission_types import DEFAULT_TYPE
from specify_cli.core.project_files import CONFIG
from specify_cli.core.project_resolver import is_plain_path
from specify_cli.core.templates import shipped_commands
from specify_cli.kernel import digests, files
from specify_cli.kernel.config import parse_config
from specify_cli.kernel.errors import Refused
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import plural, some
from specify_cli.upgrade.case import ProjectCase, ProjectMigration

_SKILLS = ".kittify/skills-manifest.json"


def detect(case: ProjectCase) -> bool:
    """A file of ours is missing or that of an older version."""
    before = _manifest(case)
    wanted = _wanted(case)
    return (
        _manifest_of(case, before, wanted) != before
        or any(_differs(case, wanted, before))
        or bool(_unedited(case) or _moved(case, wanted, before) or _outdated_parts(case, before))
    )


def apply(case: ProjectCase) -> None:
    """Draft them, and the manifest that remembers them."""
    before, wanted = _manifest(case), _wanted(case)
    moved, differs = _moved(case, wanted, before), list(_differs(case, wanted, before))
    replaced = sorted({*moved, *(path for path in differs if case.draft.read(case.path(path)) is not None)})
    after = _manifest_of(case, before, wanted)
    for path in differs:
        case.draft.write(case.path(path), wanted[path])
    for path in (*moved, *_unedited(case)):
        case.draft.remove(case.path(path))
        after = after.without(path)
    for part in _outdated_parts(case, before):
        case.draft.write(case.path(part.path), part.after or b"")
        after = after.with_part(part.path, part.part)
    config = case.draft.read(case.path(CONFIG))
    if config is not None and files.read_bytes(case.path(CONFIG)) is None:
        after = after.with_file(CONFIG, config, case.version)
    case.draft.write(case.path(manifests.PATH), files.dump_json(after.to_dict()))
    if case.older or moved:
        _tell(case, replaced, wanted)


def _tell(case: ProjectCase, replaced: list[str], wanted: Mapping[str, bytes]) -> None:
    if replaced:
        said = f"{plural(len(replaced), 'command file')} now say what this version says, and the backup what they said"
        case.notices.append(Notice("COMMANDS_REPLACED", f"{said}: {some(replaced, 3)}", None))
    kept = sorted(path for path in _ours(case) if path not in wanted and case.draft.read(case.path(path)) is not None)
    if kept:
        folders = sorted({str(PurePosixPath(path).parent) for path in kept})
        said = f"{plural(len(kept), 'file')} of older versions may have been edited, so they stay"
        case.notices.append(Notice("OLD_COMMANDS_KEPT", f"{said}; look into {some(folders, 4)}", None))


def _wanted(case: ProjectCase) -> dict[str, bytes]:
    return wanted_files(case.repo, parse_config(case.draft.text(case.path(CONFIG)), CONFIG))


def _differs(case: ProjectCase, wanted: Mapping[str, bytes], before: Manifest) -> Iterator[str]:
    """Files that are missing, unedited ones of another version, and commands of which no manifest tells."""
    coming = _coming(case, before)
    for path, content in wanted.items():
        standing = case.draft.read(case.path(path))
        if standing is None:
            # In a project of today a file that is not there was removed by somebody, unless it comes for a former one.
            if (case.older or path in coming) and not case.path(path).is_symlink():
                yield path
        elif standing != content and (_replaceable(case, path) or not before.is_edited(path, standing)):
            yield path


def _outdated_parts(case: ProjectCase, before: Manifest) -> list[Shared]:
    """Files of somebody else in which what we put there is that of another version."""
    config = parse_config(case.draft.text(case.path(CONFIG)), CONFIG)
    found = shared_files(
        case.root, config.integrations, config.agents, before, case.version, read=case.draft.read, missing=False
    )
    return [each for each in found if each.has(Stand.OUTDATED) and each.after != each.before]


def _configured(case: ProjectCase) -> list[Agent]:
    config = parse_config(case.draft.text(case.path(CONFIG)), CONFIG)
    return laid_out(config.agents, config.skills)


def _former(case: ProjectCase) -> dict[str, str]:
    """Where a version before this one put the commands of the agents of this project -> where they are now."""
    return {
        pattern.format(command=command): agent.path(command)
        for agent in _configured(case)
        for command in shipped_commands(DEFAULT_TYPE)
        for pattern in agent.former
    }


def _moved(case: ProjectCase, wanted: Mapping[str, bytes], before: Manifest) -> list[str]:
    """Files of a former layout that nobody edited, as far as anybody can know; no agent reads them any more."""
    found = []
    for path in _former(case):
        standing = case.draft.read(case.path(path))
        if standing is not None and path not in wanted and (case.older or not before.is_edited(path, standing)):
            found.append(path)
    return found


def _coming(case: ProjectCase, before: Manifest) -> set[str]:
    """What was never there, for a file of a former layout or beside one: the commands of today, and their rules."""
    former = {now for path, now in _former(case).items() if path in before.files}
    rules = {agent.rules for agent in _configured(case) if agent.rules and agent.path("next") in former}
    return {path for path in {*former, *rules} if path not in before.files}


def _replaceable(case: ProjectCase, path: str) -> bool:
    return case.older and manifests.is_command_file(path)


def _manifest(case: ProjectCase) -> Manifest:
    text, where = case.draft.text(case.path(manifests.PATH)), manifests.PATH
    return Manifest() if text is None else manifests.parse_manifest(files.parse_json(text, where), where)


def _manifest_of(case: ProjectCase, before: Manifest, wanted: Mapping[str, bytes]) -> Manifest:
    after = before
    new = set(_differs(case, wanted, before))
    for path, content in wanted.items():
        if path in new or (case.older and case.draft.read(case.path(path)) == content):
            after = after.with_file(path, content, case.version)
    return after


def _unedited(case: ProjectCase) -> list[str]:
    """Skills of older versions that say what was installed, by the digests that those kept of them."""
    text = case.draft.text(case.path(_SKILLS)) if case.older else None
    try:
        entries = files.parse_json(text, _SKILLS).get("entries") if text else None
    except Refused:
        return []
    found = []
    for each in entries if isinstance(entries, list) else ():
        entry = each if isinstance(each, dict) else {}
        path = entry.get("installed_path")
        if isinstance(path, str) and is_plain_path(path) and _is_agents(path):
            standing = case.draft.read(case.path(path))
            if standing is not None and entry.get("content_hash") == f"sha256:{digests.sha256(standing)}":
                found.append(path)
    return found


def _is_agents(path: str) -> bool:
    """Whether a path is in a folder of an agent: what a manifest lists elsewhere is none of ours."""
    first = path.partition("/")[0]
    return first.startswith(".") and first not in {".git", ".kittify"} and path.count("/") > 1


def _ours(case: ProjectCase) -> Iterator[str]:
    """Files named after us where agents keep commands and skills."""
    folders = {agent.folder for agent in AGENTS.values()} | {".claude/skills", ".agents/skills"}
    folders |= {pattern.rpartition("/")[0] for agent in AGENTS.values() for pattern in agent.former}
    for folder in sorted(folders):
        for name in case.draft.names(case.path(folder)):
            if name.startswith("spec-kitty"):
                inside = case.draft.files_below(case.path(folder) / name[:-1]) if name.endswith("/") else ()
                yield from (path.relative_to(case.root).as_posix() for path in inside)
                if not name.endswith("/"):
                    yield f"{folder}/{name}"


MIGRATION = ProjectMigration("m_3_1_1_agent_files", "3.1.1", "install the commands of this version", detect, apply)
