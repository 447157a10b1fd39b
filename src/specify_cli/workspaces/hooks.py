"""Setting a new worktree up: files copied into it and the project's hook run in it, as far as this clone trusts them.

Done once for a worktree. What was done is noted in the worktree's own git folder and goes with it, so that a crash, or
a trust that came later, is made up for by the next claim. No failure here stops the claim.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from specify_cli.home import MissionPlace, runtime_folder
from specify_cli.kernel import clock, files, locks, process
from specify_cli.kernel.commands import command, spec_kitty
from specify_cli.kernel.config import Config
from specify_cli.kernel.errors import SpecKittyError, Unavailable
from specify_cli.kernel.git import Git
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.paths import WORKTREES
from specify_cli.kernel.values import frozen
from specify_cli.lanes.branch_naming import lane_index
from specify_cli.workspaces.lookup import ROOT, Workspace
from specify_cli.workspaces.trust import COPY, HOOK, HOOK_PATH, TrustState, Wish, leads_to, project_of, wishes

TIME_LIMIT = 600.0  # seconds

_RUNNING, _DONE, _FAILED = "running", "done", "failed"

# What a hook is given of the environment: who and where one is, the language, the proxies. Keys and tokens are not.
_KEPT = re.compile("HOME|USER|LOGNAME|SHELL|PATH|TERM|NO_COLOR|TZ|TMPDIR|LANG|LANGUAGE|LC_[A-Z]+|GOPATH|SSL_CERT_FILE")
_FOLDER = re.compile("(?!GIT_)[A-Z0-9_]+_(HOME|ROOT|DIR)")
_PROXY = re.compile("(http|https|all|no)_proxy", re.IGNORECASE)


@frozen
class SetUp:
    """How the set-up of a worktree went.

    Args:
        warnings: what was not done, and why.
        log: the output of the hook, where it ran.
        failed: whether it ran in vain.
        done: what was done there, by this run or an earlier one: `worktree.copy`, `worktree-setup`.
    """

    warnings: tuple[Notice, ...] = ()
    log: Path | None = None
    failed: bool = False
    done: tuple[str, ...] = ()


def set_up(
    place: MissionPlace, config: Config, workspace: Workspace, *, index: int | None = None, limit: float = TIME_LIMIT
) -> SetUp:
    """Copy and run what is trusted, where that was not done yet; what hinders it is told and never raised.

    Args:
        index: the number that the hook is given for ports and the like; None for that of the lane.
        limit: seconds that the hook may take.
    """
    found = place.repo.checkout_at(workspace.path)
    if workspace.kind == ROOT or found is None:
        return SetUp()
    try:
        project = project_of(place.repo, place.home)
        asked = [wish for wish in wishes(place.repo, project, config) if wish.state is not TrustState.MISSING]
        number = lane_index(workspace.lane_id) if index is None else index
        site = _Site(place, workspace, project, found.git_dir / "spec-kitty" / "setup.json", number, limit)
        return site.fulfil(asked) if asked else SetUp()
    except (SpecKittyError, OSError) as error:
        known = error if isinstance(error, SpecKittyError) else files.explain(error, workspace.path)
        said = f"{workspace.path} was not set up: {known.message}"
        return SetUp((Notice("HOOK_FAILED", said, known.hint),))


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """What a hook gets to see of an environment (pure)."""
    return {
        name: value
        for name, value in given.items()
        if _KEPT.fullmatch(name)
        or (_FOLDER.fullmatch(name) and value.startswith("/"))
        or (_PROXY.fullmatch(name) and "@" not in value)
    }


@frozen
class _Site:
    """A worktree that is set up, and the note of what was done there."""

    place: MissionPlace
    workspace: Workspace
    project: Path
    notes: Path
    index: int
    limit: float

    def fulfil(self, asked: Sequence[Wish]) -> SetUp:
        waiting = [wish for wish in asked if not self._was_done(wish)]
        warnings = [_skipped(wish, self.workspace) for wish in waiting if not wish.trusted]
        if any(wish.trusted for wish in waiting):
            lock = self.place.state / "locks" / f"setup-{self.place.key}-{self.workspace.lane_id}.lock"
            with locks.held(lock, timeout=self.limit, doing=f"set up {self.workspace.path}"):
                for wish in waiting:
                    if wish.trusted and not self._was_done(wish):
                        warnings += self._copy(wish) if wish.name == COPY else self._run(wish)
        state = self._noted(HOOK).get("state")
        done = tuple(wish.name for wish in asked if self._noted(wish.name).get("state") == _DONE)
        log = self._log if state and self._log.is_file() else None
        return SetUp(tuple(warnings), log, state == _FAILED, done)

    def _noted(self, name: str) -> dict[str, object]:
        entry = (files.read_json(self.notes) or {}).get(name)
        return entry if isinstance(entry, dict) else {}

    def _note(self, wish: Wish, state: str, pid: int | None = None) -> None:
        entry = {"sha256": wish.sha256, "state": state, "pid": pid, "at": clock.stamp()}
        files.make_private(self.notes.parent)
        files.write_json(self.notes, {**(files.read_json(self.notes) or {}), wish.name: entry})

    def _was_done(self, wish: Wish) -> bool:
        """A list is done again when it has changed, a hook only when it failed and has changed since."""
        entry = self._noted(wish.name)
        ended = entry.get("state") in (_DONE, _FAILED) and entry.get("sha256") == wish.sha256
        return ended or (wish.name == HOOK and entry.get("state") == _DONE)

    # -- files ---------------------------------------------------------------------------------------------------

    def _copy(self, wish: Wish) -> list[Notice]:
        refused = [f"{name} ({reason})" for name in wish.lines if (reason := self._copy_one(name))]
        self._note(wish, _DONE)
        said = f"not copied into {self.workspace.path}: {', '.join(refused)}"
        return [Notice("COPY_SKIPPED", said, spec_kitty("hooks list"))] if refused else []

    def _copy_one(self, name: str) -> str:
        """Copy one file; why it was not copied, empty where it stands there now."""
        source, problem = leads_to(self.project, name)
        root, target = self.workspace.path, self.workspace.path / name
        if problem:
            return problem
        if not target.parent.resolve().is_relative_to(root.resolve()):
            return "it leads out of the worktree"
        if not Git(root).is_ignored(name):
            return "git does not ignore it"
        if target.is_symlink() or target.exists():
            same = not target.is_symlink() and target.is_file() and files.read_bytes(target) == files.read_bytes(source)
            return "" if same else "something else stands there"
        # Half a file must never stand in the worktree, nor one of ours that git would see there.
        scratch = self.place.repo.root / WORKTREES / f".{root.name}.copy"
        try:
            files.copy(source, scratch)
            files.make_folder(target.parent)
            files.move(scratch, target)
        except SpecKittyError as error:
            return error.message
        finally:
            files.remove(scratch)
        return ""

    # -- the hook ------------------------------------------------------------------------------------------------

    @property
    def _log(self) -> Path:
        return self.place.runtime / "logs" / f"{HOOK}-{self.workspace.path.name}.log"

    def _run(self, wish: Wish) -> list[Notice]:
        survivor = self._survivor()
        if survivor is not None:
            said = f"{HOOK_PATH} is still at work in {self.workspace.path}, begun by a killed command (pid {survivor})"
            return [Notice("HOOK_FAILED", said)]
        outcome = self._outcome(wish)
        self._note(wish, _FAILED if outcome else _DONE)
        said = f"{HOOK_PATH} failed ({outcome}); its output is in {self._log}"
        return [Notice("HOOK_FAILED", said)] if outcome else []

    def _outcome(self, wish: Wish) -> str:
        """Run the hook; what went wrong, empty where it ended well."""
        runtime_folder(self.place, "logs")
        files.atomic_write(self._log, f"$ {command('cd', self.workspace.path).then(wish.path)}\n")
        own = {
            "SPEC_KITTY_MISSION": self.place.slug,
            "SPEC_KITTY_WP": self.workspace.wp_id,
            "SPEC_KITTY_LANE": self.workspace.lane_id,
            "SPEC_KITTY_LANE_INDEX": str(self.index),
        }
        env, before = {**environment(os.environ), **own}, clock.monotonic()
        try:
            running = process.start((str(wish.path),), cwd=self.workspace.path, env=env, output=self._log)
        except Unavailable as error:
            return f"{error.message}; its first line names the program that runs it, such as #!/bin/sh"
        try:
            self._note(wish, _RUNNING, running.handle.pid)
            code = running.wait(self.limit)
        finally:
            running.kill()
        if code < 0:
            ended = clock.monotonic() - before >= self.limit
            return f"it took longer than {self.limit:g} s and was ended" if ended else f"it was ended by signal {-code}"
        return f"exit code {code}" if code else ""

    def _survivor(self) -> int | None:
        """The process of a hook whose command was killed, while it may still be at work."""
        entry = self._noted(HOOK)
        pid = entry.get("pid")
        with suppress(ValueError):
            young = clock.epoch() - clock.parse(str(entry.get("at"))).timestamp() < self.limit
            return pid if isinstance(pid, int) and young and process.is_running(pid) else None
        return None


def _skipped(wish: Wish, workspace: Workspace) -> Notice:
    what = f"{HOOK_PATH} was not run" if wish.name == HOOK else f"{COPY} ({', '.join(wish.lines)}) was not done"
    return Notice("HOOK_UNTRUSTED", f"{what} in {workspace.path}: {wish.why}", wish.hint)
