"""Section `setup`: what every command needs before it can do anything."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from specify_cli.context.missions import standing_checkouts
from specify_cli.core import manifest as manifests
from specify_cli.core.agent_table import AGENTS, DEFAULT_AGENT
from specify_cli.core.agents import installed
from specify_cli.core.commits import ignored
from specify_cli.core.integrations import require_offered
from specify_cli.core.project_files import CONFIG, FIXED, METADATA
from specify_cli.core.project_version import require_not_newer
from specify_cli.doctor.findings import Finding, Severity, Subject, of_error
from specify_cli.home import is_sparse, left_out, outside_rules, widening
from specify_cli.kernel import files
from specify_cli.kernel.commands import Command, command, git_command, spec_kitty
from specify_cli.kernel.config import Config, parse_config
from specify_cli.kernel.errors import SpecKittyError, Unavailable
from specify_cli.kernel.git import Git
from specify_cli.kernel.git_run import introduction
from specify_cli.kernel.legacy import is_older
from specify_cli.kernel.paths import KITTIFY, SPECS, Checkout
from specify_cli.kernel.text import plural, some
from specify_cli.version import VERSION

SECTION = "setup"
PYTHON = (3, 11)
GIT = (2, 38)
FOLDERS = (KITTIFY, SPECS)
_VERSION = re.compile(r"(\d+)\.(\d+)")


def examine(subject: Subject) -> list[Finding]:
    """Python, git, who commits, the repository, the files of `.kittify`, the settings and the agents."""
    git = _git(subject)
    found = [_python(), git]
    if git.severity is not Severity.ERROR:
        found += [*_repository(subject), *_uncommitted(subject), *_ignored(subject)]
    return [*found, *_project(subject), *_state(subject)]


def _python() -> Finding:
    version = platform.python_version()
    if sys.version_info >= PYTHON:
        return _ok("PYTHON", f"Python {version}")
    wanted = ".".join(map(str, PYTHON))
    return _error(
        "PYTHON_TOO_OLD", f"Python {version}, and {wanted} is needed", command("uv", "python", "install", wanted)
    )


def _git(subject: Subject) -> Finding:
    wanted = ".".join(map(str, GIT))
    try:
        said = Git(subject.repo.checkout).call("--version").out.strip()
    except Unavailable as error:
        return _error("GIT_MISSING", f"{error.message}; git {wanted} or newer is needed", command("git", "--version"))
    match = _VERSION.search(said)
    if match is None or (int(match[1]), int(match[2])) < GIT:
        return _error(
            "GIT_TOO_OLD", f"{said or 'git'}, and git {wanted} or newer is needed", command("git", "--version")
        )
    return _ok("GIT", said)


def _repository(subject: Subject) -> list[Finding]:
    repo = subject.repo
    if not repo.has_git:
        return [_error("NOT_A_GIT_REPOSITORY", f"{repo.checkout} is not in a git repository", command("git", "init"))]
    git = Git(repo.checkout)
    found = []
    identity = git.identity()
    if identity is None:
        said = "git does not know who you are, and commits need a name and a mail"
        found.append(_error("NO_GIT_IDENTITY", said, introduction(repo.checkout)))
    else:
        found.append(_ok("IDENTITY", f"commits are by {identity}"))
    here = repo.here()
    if git.resolve("HEAD") is None:
        fix = command("git", "add", "-A").then("git", "commit", "-m", "Start")
        found.append(_warning("NO_COMMITS", f"{repo.checkout} has no commit yet, and missions need one", fix))
    elif here is not None and here.busy:
        message = f"{here.path} is in the middle of a {here.busy}: what is recorded is committed after it"
        found.append(_note("BUSY", message, git_command(here.path, "status")))
    elif here is not None and here.branch is None:
        message = f"{here.path} is on no branch (detached HEAD), so no mission can be created from there"
        found.append(_note("DETACHED_HEAD", message, git_command(here.path, "switch", "main")))
    return [*found, *(finding for each in standing_checkouts(repo) for finding in _sparse(each))]


def _sparse(checkout: Checkout) -> list[Finding]:
    """What a sparse checkout does to our files: they are not there, or the next switch takes them away."""
    if not is_sparse(checkout):
        return []
    fix = widening(checkout)
    missing = left_out(checkout, *FOLDERS)
    if missing:
        said = f"{checkout.path} is a sparse checkout without {plural(len(missing), 'file')} of ours: {some(missing)}"
        return [_error("SPARSE_CHECKOUT", said, fix)]
    outside = sorted({path.partition("/")[0] for path in outside_rules(checkout, *FOLDERS)})
    if not outside:
        return []
    said = f"{checkout.path} is a sparse checkout without {' and '.join(outside)}: the next switch takes them away"
    return [_warning("SPARSE_CHECKOUT", said, fix)]


def _project(subject: Subject) -> list[Finding]:
    folder = subject.project
    here = subject.repo.checkout_at(folder)
    if not (folder / CONFIG).exists():
        if here is not None and left_out(here, CONFIG):
            return []  # told of the repository
        if is_older(folder) and _made_by(folder) != VERSION:
            return [_older(folder)]
        if (folder / METADATA).exists():
            return [_error("CONFIG_MISSING", f"{folder / CONFIG} is missing", git_command(folder, "restore", CONFIG))]
        message = f"{folder} is not a spec-kitty project yet"
        return [_error("NOT_INITIALIZED", message, spec_kitty("init", "--ai", DEFAULT_AGENT))]
    found = []
    missing = [name for name in (METADATA, manifests.PATH, *FIXED) if not (folder / name).exists()]
    if manifests.PATH in missing and METADATA not in missing:
        found.append(_older(folder))
    elif missing:
        found.append(_warning("SETUP_INCOMPLETE", f"missing in {folder}: {', '.join(missing)}", spec_kitty("init")))
    try:
        config = parse_config(files.read_text(folder / CONFIG), str(folder / CONFIG))
    except SpecKittyError as error:
        return [*found, of_error(SECTION, error)]
    return [*found, _ok("CONFIG", f"{CONFIG} can be read"), *agents_of(config)]


def _made_by(folder: Path) -> str:
    with suppress(SpecKittyError):
        return require_not_newer(folder)
    return ""


def _older(folder: Path) -> Finding:
    try:
        require_not_newer(folder)
    except SpecKittyError as error:
        return of_error(SECTION, error)
    message = f"{folder} was set up by an older version: {manifests.PATH} is missing"
    return _warning("UPGRADE_NEEDED", message, spec_kitty("upgrade"))


def _ignored(subject: Subject) -> list[Finding]:
    """Rules of git that hide missions, or what is recorded of them."""
    if not subject.repo.has_git:
        return []
    notice = ignored(Git(subject.project), f"{SPECS}/000-any")
    if notice is None:
        return []
    severity = Severity.ERROR if notice.code == "LOG_IGNORED" else Severity.NOTE
    return [Finding(SECTION, severity, notice.code, notice.message.replace(f"{SPECS}/000-any", SPECS))]


def _uncommitted(subject: Subject) -> list[Finding]:
    """Files of the set-up that git does not know: other worktrees and clones lack them."""
    if subject.repo.git_dir is None:  # Without git, or bare.
        return []
    git = Git(subject.project)
    new = [change.path for change in git.changes(".kittify", *FIXED) if change.state == "??"]
    if not new:
        return []
    fix = git_command(subject.project, "add", ".kittify", "kitty-specs").then(
        "git", "commit", "-m", "Set up spec-kitty"
    )
    message = f"{plural(len(new), 'file')} of the set-up not committed, so other clones lack them: {some(new, 4)}"
    return [_note("SETUP_UNCOMMITTED", message, fix)]


def agents_of(config: Config, find: Callable[[], Sequence[str]] = installed) -> list[Finding]:
    """Whether the configured agents and integrations are known, and the agents' programs on PATH.

    Args:
        config: the project's settings.
        find: keys of the agents whose program is there.
    """
    if not config.agents:
        return [_warning("NO_AGENTS", "no agent is configured", spec_kitty("init", "--ai", DEFAULT_AGENT))]
    there = find()
    found = []
    for key in config.agents:
        if key not in AGENTS:
            message = f"{CONFIG} names the agent {key!r}, which this version does not know"
            found.append(_warning("UNKNOWN_AGENT", message, spec_kitty("agent config remove", key)))
        elif AGENTS[key].program and key not in there:
            program = AGENTS[key].program
            found.append(
                _note("AGENT_NOT_FOUND", f"{AGENTS[key].name} is configured and {program} is not on PATH", None)
            )
    for key in config.integrations:
        try:
            require_offered([key], config.agents)
        except SpecKittyError as error:
            mend = spec_kitty("agent config integrate", key, "--remove")
            found.append(_warning(error.code, f"{CONFIG}: {error.message}", mend))
    return found or [_ok("AGENTS", f"agents: {', '.join(config.agents)}")]


def _state(subject: Subject) -> list[Finding]:
    """Whether this process may write where the journal is; a sandbox often forbids it."""
    if subject.repo.common_dir is None:
        return []
    state = subject.repo.state
    folder = state if state.is_dir() else subject.repo.common_dir
    message = f"{folder} cannot be written by this process, so nothing can be recorded"
    if files.is_sealed(subject.repo.common_dir / "HEAD"):
        return [Finding(SECTION, Severity.ERROR, "STATE_READ_ONLY", f"{message}; {files.UNSEAL}")]
    if os.access(folder, os.W_OK):
        return []
    return [_error("STATE_READ_ONLY", message, command("chmod", "u+rwx", folder))]


def _ok(code: str, message: str) -> Finding:
    return Finding(SECTION, Severity.OK, code, message)


def _note(code: str, message: str, fix: Command | None) -> Finding:
    return Finding(SECTION, Severity.NOTE, code, message, fix)


def _warning(code: str, message: str, fix: Command) -> Finding:
    return Finding(SECTION, Severity.WARNING, code, message, fix)


def _error(code: str, message: str, fix: Command) -> Finding:
    return Finding(SECTION, Severity.ERROR, code, message, fix)
