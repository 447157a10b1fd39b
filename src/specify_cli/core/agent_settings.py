"""Which agents a project works with: the settings are the only authority, the files are made to match."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from specify_cli.core import settings
from specify_cli.core.agent_table import AGENTS, Format
from specify_cli.core.agents import agent_of, words_of
from specify_cli.core.installing import Synced, sync
from specify_cli.core.integrations import INTEGRATIONS, integration_of, offered, require_offered, shared_files
from specify_cli.core.manifest import Manifest, read_manifest
from specify_cli.core.project_setup import refuse_older
from specify_cli.kernel.commands import spec_kitty
from specify_cli.kernel.config import Config
from specify_cli.kernel.errors import Refused, UsageError
from specify_cli.kernel.paths import Repository
from specify_cli.kernel.values import frozen

AUTO_COMMIT = "auto_commit"
AVAILABLE = "available"
SKILLS = "skills"
INTEGRATED = "integrations"
KEYS = (AVAILABLE, SKILLS, INTEGRATED, AUTO_COMMIT)
_LIST = spec_kitty("agent config list")
_NONE = ("", "none")
# The agents, those among them whose commands are skills, and the integrations.
Choice = tuple[Sequence[str], Sequence[str], Sequence[str]]


@frozen
class Configured:
    """The settings after a change, and what became of the files.

    Args:
        project: its folder.
        config: its settings now.
        added, removed: keys of agents.
        changed: whether the settings or any file changed.
        synced: what was written and removed.
    """

    project: Path
    config: Config
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: bool
    synced: Synced


def known(text: str) -> tuple[str, ...]:
    """Agent keys from `a,b`, each once, in that order.

    Raises:
        UsageError: `UNKNOWN_AGENT`.
    """
    return tuple(agent_of(key, _LIST).key for key in words_of(text))


def add(repo: Repository, keys: Sequence[str], version: str, *, skills: bool = False) -> Configured:
    """Configure further agents and install their commands.

    Args:
        keys: of the agents.
        version: of this program.
        skills: install their commands as skills.

    Raises:
        NotFound: `NOT_INITIALIZED`.
        Refused: `NO_SKILLS`, or as `sync`.
    """
    asked = [key for key in keys if skills and not _only_skills(key)]
    return _configure(
        repo, lambda config: ([*config.agents, *keys], [*config.skills, *asked], config.integrations), version
    )


def remove(repo: Repository, keys: Sequence[str], version: str) -> Configured:
    """Take agents out of the settings, and their unedited command files away.

    Args:
        keys: of the agents, also one that this version does not know.

    Raises:
        NotFound: `NOT_INITIALIZED`.
        Refused: as `sync`.
        UsageError: `UNKNOWN_AGENT`, for one that is neither configured nor known.
    """

    def decide(config: Config) -> Choice:
        for key in keys:
            if key not in config.agents:
                agent_of(key, _LIST)
        return [key for key in config.agents if key not in keys], config.skills, config.integrations

    return _configure(repo, decide, version)


def integrate(repo: Repository, keys: Sequence[str], version: str, *, remove: bool = False) -> Configured:
    """Put something into files that are not ours, or take it out of them again.

    Args:
        keys: of integrations; one that this version does not know can be removed.
        version: of this program.
        remove: take them out.

    Raises:
        NotFound: `NOT_INITIALIZED`.
        UsageError: `UNKNOWN_INTEGRATION`.
        Refused: `AGENT_NOT_CONFIGURED`; a file cannot be read or merged; or as `sync`.
    """

    def decide(config: Config) -> Choice:
        if remove:
            for key in keys:
                if key not in config.integrations:
                    integration_of(key)
            return config.agents, config.skills, [key for key in config.integrations if key not in keys]
        return config.agents, config.skills, [*config.integrations, *keys]

    return _configure(repo, decide, version, asked=() if remove else keys)


def assign(repo: Repository, key: str, value: str, version: str) -> Configured:
    """Set one of the keys below `agents:` in the settings, and make the files match.

    Args:
        key: `available`, `skills`, `integrations` or `auto_commit`.
        value: agents or integrations as `a,b` or `none`; true or false.

    Raises:
        UsageError: `INVALID_SETTING`, or `UNKNOWN_AGENT`.
        NotFound: `NOT_INITIALIZED`.
        Refused: `NO_SKILLS`, `AGENT_NOT_CONFIGURED`, or as `sync`.
    """
    name = key.strip().lower().replace("-", "_").removeprefix("agents.")
    if name == AUTO_COMMIT:
        return _set_auto_commit(repo, wanted=_flag(value))
    if name not in KEYS:
        raise _invalid(f"there is no setting {key!r} of agents; there are {', '.join(KEYS)}")
    if name == INTEGRATED:
        keys = () if value.strip().lower() in _NONE else words_of(value)
        return _configure(repo, lambda config: (config.agents, config.skills, keys), version, asked=keys)
    chosen = () if value.strip().lower() in _NONE else known(value)
    if name == AVAILABLE:
        return _configure(repo, lambda config: (chosen, config.skills, config.integrations), version)

    def decide(config: Config) -> Choice:
        absent = ",".join(each for each in chosen if each not in config.agents)
        if absent:
            hint = spec_kitty("agent config add", absent, "--skills")
            raise Refused(f"not configured here: {absent}", "AGENT_NOT_CONFIGURED", hint=hint)
        return config.agents, [each for each in chosen if not _only_skills(each)], config.integrations

    return _configure(repo, decide, version)


def _set_auto_commit(repo: Repository, *, wanted: bool) -> Configured:
    project = settings.project_of(repo)
    with settings.locked(repo, "set auto_commit"):
        before = config = settings.config_at(project)
        if before.auto_commit is not wanted:
            config = settings.change(repo, project, {("agents", AUTO_COMMIT): wanted}, "set auto_commit")
    return Configured(project, config, (), (), config != before, Synced())


def _configure(
    repo: Repository, decide: Callable[[Config], Choice], version: str, *, asked: Sequence[str] = ()
) -> Configured:
    """Write the settings where they differ, then make the files match; also after a run that was cut short.

    Args:
        decide: what the settings should say, from the settings as they are.
        asked: integrations that are asked for now; where one cannot be put in, nothing is changed.
    """
    project = settings.project_of(repo)
    refuse_older(project)
    with settings.locked(repo, "configure agents"):
        before = settings.config_at(project)
        agents, skills, integrations = decide(before)
        wanted = tuple(dict.fromkeys(agents))
        # An agent that has come to read nothing but skills since it was named is named no more.
        chosen = [key for key in dict.fromkeys(skills) if key in wanted]
        as_skills = tuple(key for key in chosen if key not in AGENTS or not _only_skills(key))
        _refuse_without_skills(as_skills)
        changes: dict[tuple[str, ...], object] = {}
        if wanted != before.agents:
            changes["agents", AVAILABLE] = list(wanted)
        if as_skills != before.skills:
            changes["agents", SKILLS] = list(as_skills)
        require_offered(asked, wanted)
        offered_now = {row.key for row in offered(wanted)}
        integrated = tuple(key for key in dict.fromkeys(integrations) if key in offered_now or key not in INTEGRATIONS)
        if integrated != before.integrations:
            changes["agents", INTEGRATED] = list(integrated)
        _refuse_unusable(project, asked, integrated, wanted, version)
        config = settings.change(repo, project, changes, "configure agents") if changes else before
        synced = sync(repo, project, version)
    added = tuple(key for key in wanted if key not in before.agents)
    removed = tuple(key for key in before.agents if key not in wanted)
    return Configured(project, config, added, removed, bool(changes) or synced.changed, synced)


def _refuse_unusable(
    project: Path, asked: Sequence[str], integrations: Sequence[str], agents: Sequence[str], version: str
) -> None:
    if not asked:
        return
    manifest = read_manifest(project) or Manifest()
    for shared in shared_files(project, integrations, agents, manifest, version):
        if shared.problem is not None:
            raise shared.problem


def _refuse_without_skills(keys: Sequence[str]) -> None:
    without = [key for key in keys if key in AGENTS and AGENTS[key].skills is None]
    if without:
        raise Refused(
            f"these agents read no skills: {', '.join(without)}",
            "NO_SKILLS",
            hint=spec_kitty("agent config add", ",".join(without)),
        )


def _only_skills(key: str) -> bool:
    """Whether an agent reads nothing but skills, so that there is nothing to choose."""
    return AGENTS[key].format is Format.SKILL


def _flag(value: str) -> bool:
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    if value.strip().lower() not in words:
        raise _invalid(f"{AUTO_COMMIT} is {value!r}, expected true or false")
    return words[value.strip().lower()]


def _invalid(message: str) -> UsageError:
    return UsageError(message, "INVALID_SETTING", hint=spec_kitty("agent config set", "--help"))
