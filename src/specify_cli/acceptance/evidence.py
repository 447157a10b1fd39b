"""Evidence for an acceptance: commands run on the forecast merge of all lanes with the target."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from specify_cli.conditions.accept_rules import TestRun
from specify_cli.home import MissionPlace, runtime_folder, worktrees_folder
from specify_cli.kernel import clock, files, locks, process
from specify_cli.kernel.config import Config
from specify_cli.kernel.notices import Notice
from specify_cli.lanes.models import LanesManifest
from specify_cli.workspaces.hooks import set_up
from specify_cli.workspaces.lookup import THROW_AWAY, Workspace

TIME_LIMIT = 3600.0  # seconds for one command
_TAKEN_TOO_LONG = -9


def run_tests(
    place: MissionPlace, config: Config, manifest: LanesManifest, commit: str, commands: Sequence[str]
) -> tuple[tuple[TestRun, ...], tuple[Notice, ...]]:
    """Run commands in a throw-away worktree of a commit, one after another; every one runs, whatever the others say.

    The worktree is set up like those of the lanes, as the tests need the same files and packages there.

    A command is a line as one types it, so a shell reads it. It was typed by the user of this very command: no file
    of the repository is ever asked for one.

    Args:
        place: the mission.
        config: the project's settings.
        manifest: its lanes; the hook is given a number that none of them has.
        commit: what to check out.
        commands: command lines.

    Returns:
        The runs, and what was not set up.
    """
    if not commands:
        return (), ()
    path = worktrees_folder(place.repo) / f"{place.slug}-accept"
    logs = runtime_folder(place, "logs")
    with locks.held(place.state / "locks" / f"{place.key}.accept.lock", timeout=1.0, doing=f"accept {place.slug}"):
        place.git.discard_worktree(path)
        try:
            place.git.add_detached_worktree(path, commit)
            bay = Workspace("", "accept", path, "", commit, THROW_AWAY)
            ready = set_up(place, config, bay, index=len(manifest.lanes))
            named = [(logs / f"accept-{place.slug}-{number}.log", line) for number, line in enumerate(commands, 1)]
            return tuple(_run(path, line, log) for log, line in named), ready.warnings
        finally:
            place.git.discard_worktree(path)


def _run(path: Path, command: str, log: Path) -> TestRun:
    files.remove(log)
    files.scribble(log, f"$ {command}\n")
    before = clock.monotonic()
    env = process.environment(**_NO_GIT)
    code = process.start(("sh", "-c", command), cwd=path, env=env, output=log).wait(TIME_LIMIT)
    if code == _TAKEN_TOO_LONG:
        files.append(log, f"\nended after {TIME_LIMIT:g} seconds, or killed\n".encode(), private=False)
    return TestRun(command, code, clock.monotonic() - before, str(log))


# Variables by which a calling git (a hook, an alias) would bend the git commands of a test to another repository.
_NO_GIT = dict.fromkeys(("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR"))
