"""Evidence for an acceptance: commands run on the forecast merge of all lanes with the target."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from specify_cli.conditions.accept_rules import TestRun
from specify_cli.core.agent_programs import own_session
from specify_cli.home import MissionPlace, runtime_folder, worktrees_folder
from specify_cli.kernel import clock, files, lazy, locks, process
from specify_cli.kernel.commands import Command, spec_kitty
from specify_cli.kernel.config import Config
from specify_cli.kernel.digests import sha256
from specify_cli.kernel.errors import Unavailable, Unmet
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import some
from specify_cli.kernel.values import frozen, replace
from specify_cli.lanes.models import LanesManifest
from specify_cli.workspaces.hooks import set_up
from specify_cli.workspaces.lookup import THROW_AWAY, Workspace

TIME_LIMIT = 3600.0  # seconds for one command
_TAKEN_TOO_LONG = -9
_NOT_FOUND = 127  # what a shell says of a program that is not there
OPTION, CONFIG = "option", "config"


@frozen
class TestCommand:
    """A test as it is asked for.

    Args:
        text: as one would type it.
        argv: the program and its arguments; None for a line that the user of this very command typed, which a shell
                reads. No file of the repository is ever asked for one.
    """

    __test__ = False

    text: str
    argv: tuple[str, ...] | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """What is started."""
        return self.argv if self.argv is not None else ("sh", "-c", self.text)

    @property
    def source(self) -> str:
        """Where it was asked for."""
        return OPTION if self.argv is None else CONFIG


@frozen
class Evidence:
    """What came of the tests.

    Args:
        runs: the commands that ran.
        unmet: why they did not run, though all other conditions hold.
        warnings: what was not set up, and what could not be looked into.
        bare: whether nothing was set up in the worktree in which they ran.
    """

    runs: tuple[TestRun, ...] = ()
    unmet: tuple[Unmet, ...] = ()
    warnings: tuple[Notice, ...] = ()
    bare: bool = False


def run_tests(
    place: MissionPlace,
    config: Config,
    manifest: LanesManifest,
    commit: str,
    tree: str,
    commands: Sequence[TestCommand],
) -> Evidence:
    """Run commands in a throw-away worktree of a commit, one after another; every one runs, whatever the others say.

    The worktree is set up like those of the lanes, as the tests need the same files and packages there. None runs where
    one of them would test another checkout instead: it would prove nothing.

    Args:
        place: the mission.
        config: the project's settings.
        manifest: its lanes; the hook is given a number that none of them has.
        commit, tree: what to check out.
        commands: what to run.
    """
    path = worktrees_folder(place.repo) / f"{place.slug}-accept"
    with locks.held(place.state / "locks" / f"{place.key}.accept.lock", timeout=1.0, doing=f"accept {place.slug}"):
        place.git.discard_worktree(path)
        try:
            place.git.add_detached_worktree(path, commit)
            bay = Workspace("", "accept", path, "", commit, THROW_AWAY)
            ready = set_up(place, config, bay, index=len(manifest.lanes))
            unmet, notices = _looked_at(place, path, commands)
            runs = () if unmet else tuple(_run(place, path, tree, test) for test in commands)
            return Evidence(runs, unmet, (*ready.warnings, *notices), bare=not ready.done)
        finally:
            place.git.discard_worktree(path)


def accept_with(slug: str, tests: Sequence[str]) -> Command:
    """The command that accepts with these tests; in an agent's session they come first, so that somebody is asked."""
    words = [word for line in tests for word in ("--test", line)]
    mission = ["--mission", slug]
    return spec_kitty("accept", *(words + mission if own_session() else mission + words))


def _looked_at(
    place: MissionPlace, path: Path, commands: Sequence[TestCommand]
) -> tuple[tuple[Unmet, ...], tuple[Notice, ...]]:
    """Whether the commands test what is in the worktree."""
    installs = "specify_cli.workspaces.installs"
    unmet: list[Unmet] = []
    blind: list[str] = []
    mended: dict[str, str] = {}
    for test in commands:
        found = lazy.load(f"{installs}:look")(place.repo, path, [test.argv or test.text], os.environ)
        blind += found.blind
        if found.leaks:
            said = f"`{test.text}` would test another checkout: {'; '.join(each.what for each in found.leaks)}"
            way = f"{said}. {lazy.load(f'{installs}:way_out')(found.leaks)}"
            unmet.append(Unmet("TESTS_SEE_ANOTHER_CHECKOUT", way, None, test.text))
            if test.argv is None and (line := lazy.load(f"{installs}:mended")(test.text, found.leaks)):
                mended[test.text] = line
    typed = [mended.get(test.text, test.text) for test in commands if test.argv is None]
    again = accept_with(place.slug, typed)
    unmet = [replace(each, fix=again) if each.subject in mended else each for each in unmet]
    if not blind:
        return tuple(unmet), ()
    said = f"nobody can tell by looking at files which code these test: {some(list(dict.fromkeys(blind)))}"
    return tuple(unmet), (Notice("TESTS_NOT_EXAMINED", said, None),)


def _run(place: MissionPlace, path: Path, tree: str, test: TestCommand) -> TestRun:
    log = _new_log(place, tree, test)
    before = clock.monotonic()
    env = process.environment(**_NO_GIT)
    try:
        code = process.start(test.words, cwd=path, env=env, output=log).wait(TIME_LIMIT)
    except Unavailable as error:
        code = _NOT_FOUND
        files.append(log, f"{error.message}\n".encode(), private=False)
    if code == _TAKEN_TOO_LONG:
        files.append(log, f"\nended after {TIME_LIMIT:g} seconds, or killed\n".encode(), private=False)
    took = clock.monotonic() - before
    return TestRun(
        test.text,
        code,
        took,
        str(log),
        argv=test.argv,
        source=test.source,
        log_sha256=sha256(files.read_bytes(log) or b""),
    )


def _new_log(place: MissionPlace, tree: str, test: TestCommand) -> Path:
    """A log named after what it proves: this command on this tree. One that is there already is evidence, and stays."""
    folder = runtime_folder(place, "logs")
    name = f"accept-{place.slug}-{sha256(repr((tree, *test.words)).encode())[:16]}"
    path, number = folder / f"{name}.log", 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}.log"
    files.scribble(path, f"$ {test.text}\n")
    return path


# Variables by which a calling git (a hook, an alias) would bend the git commands of a test to another repository.
_NO_GIT = dict.fromkeys(("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR"))
