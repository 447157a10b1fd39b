"""Faults of steps, sessions, leases and worktrees while work is under way."""

from __future__ import annotations

import json
import shutil

from specify_cli.kernel.ancestors import Process
from specify_cli.status.models import Lane
from tests.hints.scenes_work import AT, CLAUDE, MOVE, held, ticked
from tests.support.cli import Result
from tests.support.git import Repo
from tests.support.loop import later
from tests.support.project import Task
from tests.support.scenes import Scene, Then, World
from tests.support.stories import story
from tests.support.trusting import trust_all

CUP = "003-cup"
IMPLEMENT = f"agent action implement WP01 --agent claude {AT}"
NEXT = f"next --agent claude --session s1 {AT}"


def gone_elsewhere(world: World) -> None:
    """Somebody in another clone works on it."""
    world.tea.walk("WP01", Lane.IN_PROGRESS)


def gone_quiet(world: World) -> None:
    """Whoever holds it was last seen long ago."""
    held(world)
    world.stack.enter_context(later(20))


def killed(world: World) -> None:
    """The program of whoever holds it has ended just now."""
    held(world)
    path = next((world.path / ".git/spec-kitty/leases").rglob("WP01.json"))
    process = Process(pid=1, boot_id="boot", pid_namespace="pid:[1]", start_time=1)
    lease = json.loads(path.read_text(encoding="utf-8")) | {"process": process.to_dict()}
    path.write_text(json.dumps(lease), encoding="utf-8")
    world.patch.setattr(Process, "has_ended", lambda _: True)


def a_moment_later(world: World) -> None:
    """Two minutes have passed."""
    world.stack.enter_context(later(2))


def astray(world: World) -> None:
    """Work was written into the main checkout."""
    world.git.write("src/wp01/old.py", "old = 1\n")
    world.git.commit("before the work")
    begun(world)
    world.git.write("src/wp01/old.py", "old = 2\n")
    world.git.write("src/wp01/in it/new.py", "new = 1\n")
    world.git.write("src/wp01/staged.py", "staged = 1\n")
    world.git("add", "src/wp01/staged.py")


def taken(world: World) -> None:
    world.run(f"next --agent claude {AT}").ok()


def report_what_is_lost(world: World) -> Result:
    """Report a step that another session has taken over."""
    step = world.run(NEXT).ok().json()["step_id"]
    world.stack.enter_context(later(20))
    world.run(f"next --agent claude --session s2 {AT}").ok()
    return world.run(f"{NEXT} --result success --step-id {step}")


def begun(world: World) -> None:
    world.run(NEXT).ok()


def in_vain(world: World) -> None:
    """A step was reported as done twice, and nothing was done."""
    begun(world)
    for _ in range(2):
        world.run(f"{NEXT} --result success")


def created(world: World) -> None:
    world.run("agent mission create cup").ok()


def turned_round(world: World) -> None:
    """Work under way depends on another work package by now."""
    held(world)
    for wp_id, needs in (("WP01", "WP02"), ("WP02", "")):
        prompt = next((world.tea.folder / "tasks").glob(f"{wp_id}*.md"))
        text = prompt.read_text(encoding="utf-8")
        old = "dependencies: [WP01]" if wp_id == "WP02" else "dependencies: []"
        prompt.write_text(text.replace(old, f"dependencies: [{needs}]"), encoding="utf-8")
    tasks = world.tea.folder / "tasks.md"
    text = tasks.read_text(encoding="utf-8").replace("Dependencies: None", "Depends on WP02")
    head, _, tail = text.partition("## WP02")
    tasks.write_text(f"{head}## WP02{tail.replace('Depends on WP01', 'Dependencies: None')}", encoding="utf-8")


def one_after_another(world: World) -> None:
    found = story(world.project, Task("WP01"), Task("WP02", needs=("WP01",)), name="cup")
    found.work("WP01", {"src/wp01/a.py": "a = 1\n"})


def diamond(world: World) -> None:
    """What a work package builds on conflicts."""
    tasks = (Task("WP01"), Task("WP02"), Task("WP03", needs=("WP01", "WP02")))
    found = story(world.project, *tasks, name="cup")
    found.work("WP01", {"shared.txt": "one\n"})
    found.work("WP02", {"shared.txt": "two\n"})


def spoilt_notes(world: World) -> None:
    """What is noted of the set-up of a worktree cannot be read."""
    copying(world)
    held(world)
    notes = next((world.path / ".git" / "worktrees").glob(f"*{world.tea.slug}*")) / "spec-kitty" / "setup.json"
    notes.parent.mkdir(exist_ok=True)
    notes.write_text("{", encoding="utf-8")


def copying(world: World) -> None:
    config = world.path / ".kittify" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8") + "worktree:\n  copy: [.env]\n", encoding="utf-8")
    world.git.commit("copy it")
    trust_all(world.path)


def not_ignored(world: World) -> None:
    """What is to be copied into worktrees is not ignored by git."""
    copying(world)
    world.git.write(".env", "KEY=1\n")


def refusing(world: World) -> None:
    """A hook of git's refuses every commit."""
    held(world).write("src/wp01/a.py", "a = 1\n")
    ticked(world)
    hook = world.path / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\necho 'not on a Friday' >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)


def no_hook(world: World) -> None:
    (world.path / ".git" / "hooks" / "pre-commit").unlink()


def merged_and_gone(world: World) -> None:
    """The worktree of a merged lane was kept, and somebody removed it."""
    found = story(world.project, Task("WP01", owns=("a/**",)), name="cup")
    found.work("WP01", {"a/f.txt": "a\n"})
    found.accept().ok()
    found.merge("--keep-worktree").ok()
    world.git("worktree", "remove", "--force", str(found.worktree("WP01").path))


def orphan(world: World) -> None:
    world.git("branch", "kitty/mission-009-gone-lane-a")


def no_orphan(world: World) -> None:
    world.git("branch", "-D", "kitty/mission-009-gone-lane-a")


def two_clones(world: World) -> None:
    """Two clones claimed the same work package."""
    other = world.scratch / "clone"
    shutil.copytree(world.path, other, symlinks=True)
    held(world)
    world.run(f"materialize {AT}").ok()
    world.git.commit("claimed here")
    there = Repo(other)
    world.run(f"agent action implement WP01 --agent gemini {AT}", cwd=other).ok()
    world.run(f"materialize {AT}", cwd=other).ok()
    there("add", "-A", "kitty-specs")
    there("commit", "-q", "--allow-empty", "-m", "claimed there")
    world.git("pull", "-q", "--no-rebase", "--no-edit", str(other), "main")


SCENES = (
    Scene("LANE_BUSY", f"why WP02 {AT}", held, Then.INSTEAD),
    Scene("LEASE_ELSEWHERE", f"doctor --reap WP01 {AT}", gone_elsewhere, Then.INSTEAD),
    Scene("LEASE_QUIET", "doctor leases", gone_quiet),
    Scene("HOLDER_ENDED", f"next --agent codex --session x1 {AT}", killed, Then.INSTEAD, before=a_moment_later),
    Scene("WORK_ASTRAY", NEXT, astray),
    Scene("STEP_ALREADY_OPEN", f"next --agent claude {AT}", taken, Then.INSTEAD),
    Scene("STEP_TAKEN", report_what_is_lost, then=Then.INSTEAD),
    Scene("STEP_UNFINISHED", f"why --mission {CUP}", created, Then.INSTEAD),
    Scene("NOTHING_REPORTED", f"next --agent claude --session s2 --result success {AT}", begun, Then.INSTEAD),
    Scene("LOOP_ALARM", f"{NEXT} --result success", in_vain, Then.INSTEAD),
    Scene("EDGE_NOT_ENFORCED", f"agent mission finalize-tasks {AT}", turned_round, Then.INSTEAD),
    Scene(
        "BASE_INVALID",
        f"agent action implement WP02 --agent codex --base main --mission {CUP}",
        one_after_another,
        Then.SHOWS,
        corrected=f"agent action implement WP02 --agent codex --mission {CUP}",
    ),
    Scene("DEPENDENCY_CONFLICT", f"agent action implement WP03 --agent codex --mission {CUP}", diamond),
    Scene("HOOK_FAILED", IMPLEMENT.replace("--agent claude", "--agent claude --session s1"), spoilt_notes),
    Scene("COPY_SKIPPED", IMPLEMENT, not_ignored, Then.SHOWS),
    Scene("COMMIT_FAILED", f"{MOVE} for_review --commit 'the work' {CLAUDE}", refusing, Then.SHOWS, after=no_hook),
    Scene("WORKTREE_ABSENT", "doctor worktrees", merged_and_gone),
    Scene("BRANCH_ORPHAN", "doctor worktrees", orphan, Then.SHOWS, after=no_orphan),
    Scene("LOST_CLAIM", f"agent status validate {AT}", two_clones),
)
