"""Making a folder a spec-kitty project: files are created, and nothing else happens.

No git command runs, nothing is staged or committed, and no file that somebody else wrote is changed. All files are
prepared first and written then; when one cannot be written, those this run made are taken away again.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path

from specify_cli.core import manifest as manifests
from specify_cli.core.agent_table import AGENTS, SHARED_SKILLS, Agent
from specify_cli.core.agents import laid_out, render, rules_of
from specify_cli.core.identity import mint
from specify_cli.core.integrations import Shared, Stand, require_offered, shared_files, whole_files
from specify_cli.core.mission_types import DEFAULT_TYPE
from specify_cli.core.project_files import CONFIG, FIXED, METADATA, config_text, metadata_text
from specify_cli.core.project_version import refuse_newer
from specify_cli.core.settings import config_at, locked
from specify_cli.core.templates import command_template, shipped_commands
from specify_cli.home import refuse_left_out
from specify_cli.kernel import clock, files, lazy, locks
from specify_cli.kernel.commands import Command, command, git_command, spec_kitty
from specify_cli.kernel.errors import Refused, SpecKittyError, UsageError
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import Repository, discover
from specify_cli.kernel.strays import sweep
from specify_cli.kernel.text import plural
from specify_cli.kernel.values import frozen
from specify_cli.version import VERSION


@frozen
class SetUp:
    """What a set-up did. Paths are relative to the project, POSIX.

    Args:
        project: its folder.
        agents: all agents the project is configured for now.
        layouts: those of them that this version knows, as they are installed here.
        created: files that are new.
        updated: files of ours that now say more: config and manifest.
        kept: files that stood there already and say something else than ours would; not touched.
        has_git: whether the project is in a git repository.
        shared: files of somebody else that something was put into, and those of integrations that are ours.
        warnings: what should be known although it worked.
    """

    project: Path
    agents: tuple[str, ...]
    layouts: tuple[Agent, ...]
    created: tuple[str, ...]
    updated: tuple[str, ...]
    kept: tuple[str, ...]
    has_git: bool
    shared: tuple[str, ...] = ()
    warnings: tuple[Notice, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return bool(self.created or self.updated)


def configured_agents(project: Path) -> tuple[str, ...]:
    """The agents a folder is configured for already; empty where it is no project.

    Raises:
        Refused: its config is malformed.
    """
    return config_at(project).agents


def command_files(repo: Repository, agents: Sequence[str], skills: Collection[str] = ()) -> dict[str, str]:
    """What is installed for some agents, as this version writes it: path in the project -> text.

    Args:
        repo: the project, whose own templates count.
        agents: keys; one that this version does not know has no files.
        skills: those among them whose commands are wanted as skills.

    Raises:
        Refused: a template is malformed.
    """
    commands = shipped_commands(DEFAULT_TYPE)
    templates = {command: command_template(repo, DEFAULT_TYPE, command) for command in commands}
    layouts = laid_out(agents, skills)
    found = {
        agent.path(command): render(agent, template, f"{command}.md")
        for agent in layouts
        for command, template in templates.items()
    }
    return found | {path: text for agent in layouts for path, text in rules_of(agent).items()}


def set_up(
    project: Path,
    agents: Sequence[str],
    version: str,
    *,
    skills: bool | None = None,
    integrations: Sequence[str] = (),
) -> SetUp:
    """Make a folder a project, or add agents to one; again it changes nothing.

    Args:
        project: the folder; made if it is missing.
        agents: keys of the agents to install commands for, besides those already configured.
        version: of this program.
        skills: whether the commands of these agents are skills, where they read both; None leaves it as it is.
        integrations: keys of those that are wanted besides those that the settings name.

    Raises:
        UsageError: `AGENT_REQUIRED`, no agent is given and none configured.
        Refused: not the root of its repository (`NOT_REPOSITORY_ROOT`), a bare one, a project of an older version
            (`UPGRADE_NEEDED`), a link out of the project, or a folder that cannot be written.
    """
    project = project.resolve()
    repo = _repository(project)
    refuse_older(project, version)
    # No git state is touched for a lock: where there is none yet, those who set up wait for each other alone.
    with (
        locks.alone_in(project if project.is_dir() else project.parent),
        locked(repo, "set up the project") if (repo.state / "locks").is_dir() else nullcontext(),
    ):
        config = config_at(project)
        wanted = tuple(dict.fromkeys([*config.agents, *agents]))
        if not wanted:
            raise UsageError(
                f"name at least one agent: {', '.join(AGENTS)}",
                "AGENT_REQUIRED",
                hint=spec_kitty("init", "--ai", "claude"),
            )
        require_offered(integrations, wanted, lambda agent: _with_agent([*wanted, agent], integrations))
        every = tuple(dict.fromkeys([*config.integrations, *integrations]))
        as_skills = _as_skills(config.skills, agents, skills=skills)
        return _Plan(project, repo, version, wanted, as_skills, every, tuple(integrations)).carry_out()


def _with_agent(agents: Sequence[str], integrations: Sequence[str]) -> Command:
    return spec_kitty("init", "--ai", ",".join(agents), "--integrate", ",".join(integrations))


def _as_skills(before: Sequence[str], agents: Sequence[str], *, skills: bool | None) -> tuple[str, ...]:
    """The agents whose commands are skills, of those that read both."""
    both = [key for key in agents if AGENTS[key].skills is not None]
    kept = [key for key in before if skills is None or key not in both]
    return tuple(dict.fromkeys([*kept, *(both if skills else [])]))


def _repository(project: Path) -> Repository:
    """The repository a folder is the root of; without git, the folder alone.

    Raises:
        Refused: it lies below the root of a repository, or is a bare one.
    """
    if all((project / name).exists() for name in ("HEAD", "objects", "refs")):
        raise Refused(
            f"{project} is a git folder and has no working tree",
            "BARE_REPOSITORY",
            hint=git_command(project, "worktree", "add", f"../{project.stem}-main"),
        )
    repo = discover(project)
    if not repo.has_git:
        return Repository(project, None, None, None)
    if repo.checkout != project:
        raise Refused(
            f"{project} lies inside the git repository {repo.checkout}; a project is set up at its root",
            "NOT_REPOSITORY_ROOT",
            hint=command("cd", repo.checkout).then("spec-kitty", "init"),
            details={"root": str(repo.checkout)},
        )
    if (here := repo.here()) is not None:
        refuse_left_out(here)
    return repo


def refuse_older(project: Path, version: str = VERSION) -> None:
    """A project that a version without a manifest made is not mixed with files of this one.

    Raises:
        Refused: `UPGRADE_NEEDED`; or `PROJECT_NEWER`.
    """
    refuse_newer(project, version=version)
    if (project / METADATA).exists() and not (project / manifests.PATH).exists():
        raise Refused(
            f"{project} was set up by an older version of spec-kitty",
            "UPGRADE_NEEDED",
            hint=spec_kitty("upgrade"),
            details={"project": str(project)},
        )


@frozen
class _Plan:
    project: Path
    repo: Repository
    version: str
    agents: tuple[str, ...]
    skills: tuple[str, ...]
    integrations: tuple[str, ...]
    asked: tuple[str, ...]

    def carry_out(self) -> SetUp:
        """Prepare everything, then write."""
        wanted = self.contents()
        found = {path: self.existing(path) for path in [*wanted, manifests.PATH]}
        before = manifests.read_manifest(self.project) or manifests.Manifest()
        writes = {
            path: content
            for path, content in wanted.items()
            if found[path] is None or (path == CONFIG and content != found[path])
        }
        kept = [path for path in wanted if path not in writes and self.is_foreign(path, wanted, found, before)]
        shared = self.shared(before)
        found |= {each.path: each.before for each in shared}
        writes |= {each.path: each.after for each in shared if each.after is not None}
        after = before
        for each in shared:
            after = after.with_part(each.path, each.part)
        for path in wanted.keys() - set(kept):
            if path == CONFIG and before.is_edited(path, found[path] or b"") and found[path] is not None:
                continue  # A person's settings stay theirs, also when we put a line in.
            if path in writes or path not in before.files:
                after = after.with_file(path, wanted[path], self.version)
        if after != before:
            # First, so that after a crash the next run knows which files were meant to be there.
            writes = {manifests.PATH: files.encode(files.dump_json(after.to_dict())), **writes}
        _write_all(self.project, writes, found)
        created = tuple(sorted(path for path in writes if found[path] is None))
        updated = tuple(sorted(writes.keys() - set(created)))
        return SetUp(
            self.project,
            self.agents,
            tuple(laid_out(self.agents, self.skills)),
            created,
            updated,
            tuple(kept),
            self.repo.has_git,
            (*(each.path for each in shared), *whole_files(self.integrations, self.agents)),
            (
                *self.warnings(),
                *_outdated(wanted, found, {*writes, *kept, CONFIG, METADATA}),
                *_left_over(wanted, before),
            ),
        )

    def shared(self, before: manifests.Manifest) -> list[Shared]:
        """The files of somebody else that something is put into: what is missing there, and nothing else.

        Raises:
            SpecKittyError: something was asked for that cannot be put there.
        """
        every = shared_files(self.project, self.integrations, self.agents, before, self.version)
        if self.asked and (problem := next((each.problem for each in every if each.problem), None)):
            raise problem
        changed = [each for each in every if each.before != each.after]
        return [each for each in changed if not each.has(Stand.OUTDATED, Stand.ORPHAN)]

    def is_foreign(
        self,
        path: str,
        wanted: Mapping[str, bytes],
        found: Mapping[str, bytes | None],
        before: manifests.Manifest,
    ) -> bool:
        """Whether a standing file says something that we did not write. Config is everybody's, metadata has a date."""
        standing = found[path]
        if standing is None or standing == wanted[path] or (path in {CONFIG, METADATA} and path in before.files):
            return False
        return before.is_edited(path, standing)

    def contents(self) -> dict[str, bytes]:
        """Path -> what should stand there."""
        texts = {CONFIG: self.config(), METADATA: metadata_text(self.version, clock.stamp(), environment()), **FIXED}
        own = command_files(self.repo, self.agents, self.skills)
        # What is not one agent's alone is written only by `agent config`, where somebody asked for it by name.
        texts |= {path: text for path, text in own.items() if not path.startswith(f"{SHARED_SKILLS}/")}
        texts |= whole_files(self.integrations, self.agents)
        return {path: files.encode(text) for path, text in texts.items()}

    def config(self) -> str:
        """A new config, or the standing one with what it lacks put in; comments and unknown keys stay."""
        text = files.read_text(self.project / CONFIG)
        names = mint(self.repo, self.project)
        if text is None:
            return config_text(names, self.agents, self.skills, self.integrations)
        config = config_at(self.project)
        changes: dict[tuple[str, ...], object] = {}
        if config.agents != self.agents:
            changes["agents", "available"] = list(self.agents)
        if config.skills != self.skills:
            changes["agents", "skills"] = list(self.skills)
        if config.integrations != self.integrations:
            changes["agents", "integrations"] = list(self.integrations)
        if config.project_uuid is None:
            changes["project", "uuid"] = names.uuid
            if config.project_slug is None:
                changes["project", "slug"] = names.slug
            if config.repo_slug is None:
                changes["project", "repo_slug"] = names.repo_slug
        if not changes:
            return text
        return str(lazy.load("specify_cli.kernel.yaml_round_trip:edit")(text, changes, str(self.project / CONFIG)))

    def existing(self, path: str) -> bytes | None:
        """What stands at a path now; a link is followed to read it, never to write.

        Raises:
            Refused: `SYMLINK_REFUSED`, a folder on the way is a link out of the project.
        """
        target = self.project / path
        files.refuse_links(self.project, target.parent)
        content = files.read_bytes(target)
        return b"" if content is None and target.is_symlink() else content

    def warnings(self) -> tuple[Notice, ...]:
        """Agents in the config that this version does not know."""
        unknown = [key for key in self.agents if key not in AGENTS]
        return tuple(
            Notice("UNKNOWN_AGENT", f"{CONFIG} names the agent {key!r}, which this version does not know", None)
            for key in unknown
        )


def environment() -> dict[str, str]:
    """What `metadata.yaml` says of the machine that a set-up ran on."""
    return {
        "python_version": platform.python_version(),
        "platform": sys.platform,
        "platform_version": platform.version(),
    }


def _outdated(wanted: Mapping[str, bytes], found: Mapping[str, bytes | None], others: Collection[str]) -> list[Notice]:
    """That files are as another version wrote them, which a set-up leaves alone."""
    old = [
        path
        for path in wanted.keys() - set(others)
        if manifests.digest(found[path] or b"") != manifests.digest(wanted[path])
    ]
    message = f"another version wrote {plural(len(old), 'file')} of the set-up, and init leaves what is there"
    return [Notice("FILE_OUTDATED", message, spec_kitty("agent config sync"))] if old else []


def _left_over(wanted: Mapping[str, bytes], before: manifests.Manifest) -> list[Notice]:
    """That command files of another layout are left, which a set-up leaves alone."""
    old = [
        path
        for path in before.files.keys() - wanted.keys()
        if manifests.is_command_file(path) and not path.startswith(f"{SHARED_SKILLS}/")
    ]
    message = f"{plural(len(old), 'command file')} of another layout or agent left, and init removes nothing"
    return [Notice("FILE_OUTDATED", message, spec_kitty("agent config sync"))] if old else []


def _write_all(project: Path, writes: Mapping[str, bytes], before: Mapping[str, bytes | None]) -> None:
    """Write all files, or none: after a failure what was new is removed and what was changed is put back."""
    folders = _missing_folders(project, writes)
    done: list[str] = []
    for place in {(project / path).parent for path in writes}:
        sweep(place)
    try:
        for path, content in writes.items():
            done.append(path)
            files.atomic_write(project / path, content, mkdir=True)
    except BaseException:
        for path in reversed(done):
            _take_back(project / path, before[path])
        for folder in folders:
            with suppress(OSError):
                folder.rmdir()
        raise


def _missing_folders(project: Path, paths: Mapping[str, bytes]) -> list[Path]:
    """Folders that writing will make, the deepest first."""
    found: set[Path] = set()
    for path in paths:
        folder = (project / path).parent
        while not folder.exists() and folder not in found:
            found.add(folder)
            folder = folder.parent
    return sorted(found, key=lambda folder: len(folder.parts), reverse=True)


def _take_back(path: Path, content: bytes | None) -> None:
    with suppress(SpecKittyError):
        if content is None:
            files.remove(path)
        else:
            files.atomic_write(path, content)
