"""Faults of the repository, of the installation, of projects of older versions, and of the machine."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from specify_cli.core import manifest as manifests
from specify_cli.upgrade import runner
from specify_cli.upgrade.plan import Plan
from tests.hints.scenes_work import held
from tests.support.cli import Result
from tests.support.legacy import SLUG, build
from tests.support.scenes import Scene, Then, World

CREATE = "agent mission create cup"
OLD = "../old"
PROGRAMS = os.environ["PATH"]
PLAN = ".claude/commands/spec-kitty.plan.md"


def no_git(world: World) -> None:
    shutil.rmtree(world.path / ".git")


def bare(world: World) -> None:
    world.git("clone", "-q", "--bare", str(world.path), str(world.scratch / "bare.git"))


def no_missions(world: World) -> None:
    shutil.rmtree(world.path / "kitty-specs")
    world.git.commit("no mission")


def not_committed(world: World) -> None:
    """The set-up of the project is in no commit, and missions get worktrees."""
    no_missions(world)
    config = world.path / ".kittify" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8") + "missions: {start_branch: true}\n", encoding="utf-8")
    world.git("rm", "-q", "-r", "--cached", ".kittify")
    world.git("commit", "-q", "-m", "without it")


def incomplete(world: World) -> None:
    for name in ("metadata.yaml", "manifest.json"):
        (world.path / ".kittify" / name).unlink()


def outdated(world: World) -> None:
    """A command file is as another version wrote it."""
    manifest = world.path / manifests.PATH
    document = json.loads(manifest.read_text(encoding="utf-8"))
    world.git.write(PLAN, "as it was\n")
    document["files"][PLAN] = {"sha256": manifests.digest(b"as it was\n"), "version": "0.1.0"}
    manifest.write_text(json.dumps(document), encoding="utf-8")


def edited(world: World) -> None:
    """Somebody has edited it."""
    outdated(world)
    world.git.write(PLAN, "mine\n")


def offered(world: World) -> None:
    """The newer text waits beside it."""
    edited(world)
    world.run("doctor files --fix").ok()


def taken_over(world: World) -> None:
    """A person takes the newer text."""
    (world.path / f"{PLAN}.new").replace(world.path / PLAN)


def without_git(world: World) -> None:
    (world.scratch / "bin").mkdir()
    world.patch.setenv("PATH", str(world.scratch / "bin"))


def with_git(world: World) -> None:
    world.patch.setenv("PATH", PROGRAMS)


def old(world: World) -> Path:
    """A project of an older version."""
    return build("2.1.3", world.scratch / "old").path


def torn(world: World) -> None:
    (old(world) / "kitty-specs" / SLUG / "status.events.jsonl").write_bytes(b'{"event_id": "01')


def two_prompts(world: World) -> None:
    folder = old(world) / "kitty-specs" / SLUG / "tasks"
    for lane in ("doing", "for_review"):
        (folder / lane).mkdir()
        (folder / lane / "WP07-x.md").write_text("# WP07\n", encoding="utf-8")


def one_prompt(world: World) -> None:
    (world.scratch / "old" / "kitty-specs" / SLUG / "tasks" / "doing" / "WP07-x.md").unlink()


def something_else(world: World) -> None:
    """A folder stands where a command file belongs."""
    path = old(world) / PLAN
    path.unlink(missing_ok=True)
    path.mkdir(parents=True)


def two_charters(world: World) -> None:
    folder = old(world)
    for name in (".kittify/memory/charter.md", "memory/constitution.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{name}\n", encoding="utf-8")


def upgraded(world: World) -> Path:
    """It is upgraded; the backup."""
    return Path(world.run("upgrade", cwd=old(world)).ok().json()["backup"])


def spoilt_backup(world: World) -> None:
    backup = upgraded(world) / "backup.json"
    shutil.copy(backup, world.scratch / "backup.json")
    backup.write_text('{"version": 99}', encoding="utf-8")


def mended_backup(world: World) -> None:
    folder = next((world.scratch / "old" / ".kittify" / "backups").glob("2*"))
    shutil.copy(world.scratch / "backup.json", folder / "backup.json")


def interrupted(world: World) -> None:
    backup = upgraded(world)
    told = json.dumps({"version": 1, "backup": backup.name})
    (world.scratch / "old" / ".git" / "spec-kitty" / "upgrade.json").write_text(told, encoding="utf-8")


def upgrade_while_it_changes(world: World) -> Result:
    """Somebody edits a prompt between plan and swap."""
    real: Callable[..., Plan] = vars(runner)["make_plan"]
    prompt = next((world.scratch / "old" / "kitty-specs" / SLUG / "tasks").glob("WP03*.md"))

    def plan(*words: object, **more: object) -> Plan:
        made = real(*words, **more)
        prompt.write_text(prompt.read_text(encoding="utf-8") + "More.\n", encoding="utf-8")
        return made

    with world.patch.context() as patch:
        patch.setattr(runner, "make_plan", plan)
        return world.run("upgrade", cwd=world.scratch / "old")


def upgrade(world: World) -> Result:
    """Upgrade it once more."""
    return world.run("upgrade", cwd=world.scratch / "old")


def old_git(world: World) -> None:
    folder = world.scratch / "bin"
    folder.mkdir()
    real = shutil.which("git")
    script = folder / "git"
    line = f'case "$*" in *--version*) echo git version 2.20.1 ;; *) exec {real} "$@" ;; esac'
    script.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    script.chmod(0o755)
    world.patch.setenv("PATH", str(folder), prepend=":")


def new_git(world: World) -> None:
    (world.scratch / "bin" / "git").unlink()


def home_is_a_project(world: World) -> None:
    world.patch.delenv("SPEC_KITTY_HOME", raising=False)
    world.patch.setenv("HOME", str(world.path))


def full(world: World) -> None:
    world.git.write("demo/mine.txt", "mine\n")


SCENES = (
    Scene("NOT_A_GIT_REPOSITORY", CREATE, no_git),
    Scene("BARE_REPOSITORY", "init --ai claude", bare, Then.INSTEAD, cwd="../bare.git"),
    Scene("NO_WORKING_TREE", CREATE, bare, Then.INSTEAD, cwd="../bare.git"),
    Scene("MISSION_REQUIRED", "accept", no_missions, Then.INSTEAD),
    Scene("PROJECT_NOT_COMMITTED", CREATE, not_committed),
    Scene("TARGET_IS_A_LANE", CREATE, held, cwd=".worktrees/001-tea-timer-lane-a"),
    Scene("NO_SKILLS", "agent config add tabnine --skills", then=Then.INSTEAD),
    Scene("SETUP_INCOMPLETE", "doctor setup", incomplete),
    Scene("UPGRADE_NEEDED", "doctor setup", old, cwd=OLD),
    Scene("LOG_TORN", "upgrade", torn, cwd=OLD),
    Scene("WP_DUPLICATE", "upgrade", two_prompts, Then.SHOWS, stops=True, after=one_prompt, cwd=OLD),
    Scene("FILE_UNUSABLE", "upgrade", something_else, cwd=OLD),
    Scene("PLACE_TAKEN", "upgrade", two_charters, Then.SHOWS, stops=True, cwd=OLD),
    Scene("BACKUP_INVALID", "upgrade --rollback", spoilt_backup, Then.SHOWS, after=mended_backup, cwd=OLD),
    Scene("UPGRADE_INTERRUPTED", "upgrade --dry-run", interrupted, cwd=OLD),
    Scene("CHANGED_MEANWHILE", upgrade_while_it_changes, old, corrected=upgrade, cwd=OLD),
    Scene("FILE_OUTDATED", "init --ai claude", outdated),
    Scene("FILE_EDITED", "doctor files --fix", edited, Then.SHOWS, stops=True, after=taken_over),
    Scene("FILE_OFFERED", "doctor files", offered, Then.SHOWS, stops=True, after=taken_over),
    Scene("GIT_MISSING", "doctor setup", without_git, Then.SHOWS, stops=True, after=with_git),
    Scene("GIT_TOO_OLD", "doctor setup", old_git, Then.SHOWS, after=new_git),
    Scene(
        "HOME_IS_A_PROJECT",
        "migrate",
        home_is_a_project,
        fill={"SPEC_KITTY_HOME=/path/to/another/folder": "SPEC_KITTY_HOME=../all-projects"},
    ),
    Scene("FOLDER_NOT_EMPTY", "demo --dir demo", full, Then.INSTEAD),
)
