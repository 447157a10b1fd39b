"""Evidence for an acceptance: commands run on the forecast merge of all lanes with the target."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from specify_cli.conditions.accept_rules import TestRun
from specify_cli.home import MissionPlace, runtime_folder
from specify_cli.kernel import clock, files, locks, process
from specify_cli.workspaces.lookup import worktrees_folder

TIME_LIMIT = 3600.0  # seconds for one command
_TAKEN_TOO_LONG = -9


def run_tests(place: MissionPlace, commit: str, commands: Sequence[str]) -> tuple[TestRun, ...]:
    """Run commands in a throw-away worktree of a commit, one after another; every one runs, whatever the others say.

    A command is a line as one types it, so a shell reads it. It was typed by the user of this very command: no file
    of the repository is ever asked for one.

    Args:
        place: the mission.
        commit: what to check out.
        commands: command lines.
    """
    if not commands:
        return ()
    path = worktrees_folder(place.repo) / f"{place.slug}-accept"
    logs = runtime_folder(place, "logs")
    with locks.held(place.state / "locks" / f"{place.key}.accept.lock", timeout=1.0, doing=f"accept {place.slug}"):
        place.git.discard_worktree(path)
        try:
            place.git.add_detached_worktree(path, commit)
            named = [(logs / f"accept-{place.slug}-{number}.log", line) for number, line in enumerate(commands, 1)]
            return tuple(_run(path, line, log) for log, line in named)
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
