"""Faults amid a merge: conflicts, interruptions, remotes and hosts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from specify_cli.home import MissionPlace
from specify_cli.merge import engine, preparing
from specify_cli.merge.case import Case
from specify_cli.merge.conflict import Stopped
from specify_cli.merge.engine import Examined
from specify_cli.merge.intent import Intent
from specify_cli.status.emit import Writer
from specify_cli.status.models import Lane
from tests.hints.scenes_finish import ACCEPT, CUP, MERGE, accepted, cup
from tests.support.cli import Result
from tests.support.git import Repo
from tests.support.github import Host, hosted
from tests.support.project import Task
from tests.support.scenes import Scene, Then, World
from tests.support.stories import one, story

BOTH = "from both\n"
TIDY = "doctor merge"


def resolve(world: World) -> None:
    """Do what a person does in every worktree with a conflict, and commit it in those of lanes."""
    for folder in (world.path / ".worktrees").iterdir():
        tree = Repo(folder)
        if (folder / ".git").exists() and tree("ls-files", "--unmerged"):
            tree.write("shared.txt", BOTH)
            tree("add", "shared.txt")
            if "lane-" in folder.name:
                tree("commit", "-q", "--no-edit")


def rivals(world: World) -> None:
    """Two work packages wrote the same file."""
    found = story(world.project, Task("WP01", owns=("a/**",)), Task("WP02", owns=("b/**",)), name="cup")
    found.work("WP01", {"shared.txt": "a\n", "a/f.txt": "a\n"})
    found.work("WP02", {"shared.txt": "b\n", "b/f.txt": "b\n"})


def contested(world: World) -> None:
    """The target has changed the same line since the acceptance."""
    found = one(world.project, {"shared.txt": "from the lane\n", "a/f.txt": "a\n"}, name="cup")
    found.git.commit("meanwhile", shared_txt="from the target\n")


def stopped(world: World) -> None:
    contested(world)
    cup(world).merge().failed("MERGE_CONFLICT")


def resolved_by_claude(world: World) -> None:
    """Claude resolves a conflict where every review is somebody else's."""
    config = world.path / ".kittify" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("{by: any", "{by: other"), encoding="utf-8")
    world.git.commit("reviews are by others")
    world.patch.setenv("SPEC_KITTY_AGENT", "claude")
    stopped(world)
    resolve(world)


def another(world: World) -> None:
    """Somebody else has looked."""
    world.patch.setenv("SPEC_KITTY_AGENT", "codex")


def guarded(world: World, line: str) -> Result:
    """Merge, with a hook of git's for the moment at which references move."""
    hook = world.path / ".git" / "hooks" / "reference-transaction"
    hook.write_text(f"#!/bin/sh\n{line}\nexit 0\n", encoding="utf-8")
    hook.chmod(0o755)
    try:
        return world.run(f"{MERGE} --keep-worktree")
    finally:
        hook.unlink()


def merge_while_a_branch_moves(world: World) -> Result:
    """Somebody commits on the target in the last moment."""
    real = preparing.prepare

    def prepare(case: Case, log: Writer) -> Intent:
        made = real(case, log)
        world.git.commit("in between", between_txt="between\n")
        return made

    with world.patch.context() as patch:
        patch.setattr(preparing, "prepare", prepare)
        return world.run(MERGE)


def locked_late(world: World) -> Result:
    """The index is locked right after the references have moved."""
    lock = world.path / ".git" / "index.lock"
    return guarded(world, f"grep -q refs/heads/main && test \"$1\" = committed && touch '{lock}'")


def killed(world: World) -> Result:
    """Git is killed amid its transaction and leaves its locks."""
    return guarded(world, 'grep -q refs/heads/main && test "$1" = prepared && kill -9 "$PPID"')


def unlock(world: World) -> None:
    for lock in (world.path / ".git").rglob("*.lock"):
        if "locks" not in lock.parts:
            lock.unlink()


def merge_while_it_moves(world: World) -> Result:
    """Somebody takes approved work back while the merge is computed."""
    real: Callable[..., Examined] = engine.examine

    def examine(place: MissionPlace, stopped: Stopped | None = None) -> Examined:
        seen = real(place, stopped)
        cup(world).mission.force("WP01", Lane.PLANNED)
        return seen

    with world.patch.context() as patch:
        patch.setattr(engine, "examine", examine)
        return world.run(f"{MERGE} --keep-worktree")


def unpushed(world: World) -> None:
    """The merge is made, and the remote refuses it."""
    accepted(world)
    remote = world.scratch / "remote.git"
    world.git("init", "-q", "--bare", "-b", "main", str(remote))
    world.git("remote", "add", "origin", str(remote))
    hook = remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    cup(world).merge("--push").failed("PUSH_REJECTED")
    hook.unlink()


def entangled(world: World) -> None:
    """This clone does not know where the commits of WP02 end."""
    found = story(world.project, Task("WP01", owns=("a/**",)), Task("WP02", owns=("b/**",)), name="cup")
    found.work("WP01", {"a/f.txt": "a\n"})
    found.work("WP02", {"b/f.txt": "b\n"}).commit("after the review", late_txt="late\n")
    found.review_again("WP02", known=False)
    found.accept().ok()


def left_over(world: World) -> None:
    """A lane holds a note in its copy of the mission."""
    accepted(world)
    cup(world).worktree("WP01").write(f"kitty-specs/{CUP}/mine.md", "a note in the copy\n")


def drop(world: World) -> None:
    (cup(world).worktree("WP01").path / "kitty-specs" / CUP / "mine.md").unlink()


def unsigned(world: World) -> None:
    """The signer fails."""
    accepted(world)
    signer = world.scratch / "signer"
    signer.write_text("#!/bin/sh\necho 'no secret key' >&2\nexit 1\n", encoding="utf-8")
    signer.chmod(0o755)
    world.git("config", "gpg.program", str(signer))
    world.git("config", "commit.gpgSign", "true")


def no_signing(world: World) -> None:
    world.git("config", "commit.gpgSign", "false")


def apart(world: World) -> None:
    """A mission is merged into a branch of its own."""
    config = world.path / ".kittify" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8") + "missions: {start_branch: true}\n", encoding="utf-8")
    world.git.commit("missions have branches of their own")
    accepted(world)
    cup(world).merge().ok()


def host(world: World) -> Host:
    """The host of the project's remote."""
    folder = world.scratch / "host"
    return Host(folder / "origin.git", Repo(folder / "clone"), folder)


def with_host(world: World) -> None:
    accepted(world)
    hosted(world.git, world.scratch / "host", world.patch)


def asked_for(world: World) -> None:
    with_host(world)
    world.run(f"{ACCEPT} --mode pr").ok()


def broken_gh(world: World) -> None:
    with_host(world)
    host(world).breaks("To get started with GitHub CLI, please run:  gh auth login\n")


def on_develop(world: World) -> None:
    """The mission goes into a branch that the remote lacks."""
    hosted(world.git, world.scratch / "host", world.patch)
    world.git("switch", "-q", "-c", "develop", "--no-track")
    accepted(world)


def unreachable(world: World) -> None:
    with_host(world)
    world.git("remote", "set-url", "origin", str(world.scratch / "gone.git"))


def reachable(world: World) -> None:
    world.git("remote", "set-url", "origin", str(Path(host(world).origin)))


SCENES = (
    Scene("MERGE_CONFLICT", ACCEPT, rivals, stops=True, after=resolve),
    Scene("MERGE_CONFLICT", MERGE, contested, before=resolve),
    Scene("MERGE_UNRESOLVED", f"{MERGE} --resume", stopped, Then.SHOWS, after=resolve),
    Scene("MERGE_UNDER_WAY", MERGE, stopped, before=resolve),
    Scene("RESOLUTION_UNREVIEWED", f"{MERGE} --resume", resolved_by_claude, Then.SHOWS, after=another, remains=True),
    Scene("MERGE_ALREADY_MADE", f"{MERGE} --abort", unpushed),
    Scene("MERGE_INCOMPLETE", locked_late, accepted, corrected=MERGE),
    Scene("REFS_MOVED", merge_while_a_branch_moves, accepted, Then.SHOWS, corrected=MERGE),
    Scene("REFS_LOCKED", killed, accepted, Then.SHOWS, corrected=MERGE, after=unlock),
    Scene("MISSION_MOVED", merge_while_it_moves, accepted, Then.INSTEAD),
    Scene("REBASE_NOT_LINEAR", f"{MERGE} --strategy rebase", entangled),
    Scene("WORKTREE_KEPT", MERGE, left_over, Then.SHOWS, after=drop),
    Scene("BRANCH_KEPT", MERGE, left_over, Then.SHOWS, after=drop),
    Scene("SIGNING_FAILED", MERGE, unsigned, Then.SHOWS, stops=True, after=no_signing),
    Scene("NOT_LANDED", TIDY, apart),
    Scene("PULL_REQUEST_OPEN", MERGE, asked_for, before=lambda world: host(world).merges()),
    Scene("PULL_REQUEST_FAILED", f"{ACCEPT} --mode pr", broken_gh, before=lambda world: host(world).mends()),
    Scene("BASE_NOT_ON_REMOTE", f"{ACCEPT} --mode pr", on_develop),
    Scene("REMOTE_UNREACHABLE", f"{ACCEPT} --mode pr", unreachable, Then.SHOWS, stops=True, after=reachable),
)
