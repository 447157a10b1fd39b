"""Faults of worktrees, of acceptance and of merges."""

from __future__ import annotations

import json
import shutil

from specify_cli.status.models import Lane
from tests.support.git import Repo
from tests.support.missions import Mission
from tests.support.project import Task
from tests.support.scenes import TEA, Scene, Then, World
from tests.support.stories import Story, one, story

CUP = "003-cup"
AT, TEA_AT = f"--mission {CUP}", f"--mission {TEA}"
ACCEPT, MERGE = f"accept {AT}", f"merge {AT}"


def cup(world: World) -> Story:
    """The accepted mission of this project."""
    return Story(Mission(world.project, CUP))


def accepted(world: World) -> Story:
    """A mission of one work package is accepted."""
    return one(world.project, {"a/f.txt": "a\n"}, name="cup")


def approved(world: World) -> Story:
    """The same, not accepted yet."""
    found = story(world.project, Task("WP01", owns=("a/**",)), name="cup")
    found.work("WP01", {"a/f.txt": "a\n"})
    return found


def stale(world: World) -> None:
    found = accepted(world)
    found.worktree("WP01").commit("more", more_txt="more\n")
    found.review_again("WP01")


def reset(world: World) -> None:
    accepted(world).worktree("WP01")("reset", "-q", "--hard", "HEAD~1")


def no_branch(world: World) -> None:
    found = approved(world)
    found.worktree("WP01")("switch", "-q", "--detach")
    world.git("branch", "-q", "-D", found.branch("WP01"))


def no_home(world: World) -> None:
    accepted(world)
    world.git("switch", "-q", "-c", "other")


def locked(world: World) -> None:
    accepted(world)
    world.git.write(".git/index.lock", "")


def merging(world: World) -> None:
    accepted(world)
    world.git("switch", "-q", "-c", "side")
    world.git.commit("aside", side_txt="side\n")
    world.git("switch", "-q", "main")
    world.git.commit("here", here_txt="here\n")
    world.git("merge", "-q", "--no-commit", "side")


def overlap(world: World) -> None:
    accepted(world)
    world.git.write("a/f.txt", "mine\n")


def remote(world: World) -> Repo:
    """A remote that somebody else has pushed to."""
    path = world.scratch / "remote.git"
    world.git("init", "-q", "--bare", "-b", "main", str(path))
    world.git("remote", "add", "origin", str(path))
    world.git("push", "-q", "-u", "origin", "main")
    world.git("clone", "-q", str(path), str(world.scratch / "other"))
    return Repo(world.scratch / "other")


def behind(world: World) -> None:
    accepted(world)
    other = remote(world)
    other.commit("theirs", theirs_txt="theirs\n")
    other("push", "-q")
    world.git("fetch", "-q")


def late(world: World) -> None:
    accepted(world)
    other = remote(world)
    other.commit("theirs", theirs_txt="theirs\n")
    other("push", "-q")


def other_target(world: World) -> None:
    accepted(world)
    world.git("branch", "other")


def no_plan(world: World) -> None:
    (approved(world).mission.folder / "plan.md").unlink()


def unanswered(world: World) -> None:
    approved(world)


def tested(world: World) -> None:
    found = approved(world)
    found.accept("--test", "true").ok()
    found.worktree("WP01").commit("more", more_txt="more\n")
    found.review_again("WP01")


def closed(world: World) -> None:
    found = approved(world)
    with_force = {"WP01": Lane.DONE}
    for wp_id, lane in with_force.items():
        found.mission.force(wp_id, lane)
    meta = found.mission.folder / "meta.json"
    told = json.loads(meta.read_text(encoding="utf-8"))
    meta.write_text(json.dumps({**told, "merged_at": "2026-01-01T00:00:00+00:00"}), encoding="utf-8")


def unmapped(world: World) -> None:
    spec = world.tea.folder / "spec.md"
    spec.write_text(spec.read_text(encoding="utf-8") + "- **FR-004**: It rings.\n", encoding="utf-8")


def dirty_lane(world: World) -> None:
    approved(world).worktree("WP01").write("a/left.txt", "left\n")


def vanished(world: World) -> None:
    shutil.rmtree(world.tea.claim("WP01").workspace.path)


def orphan(world: World) -> None:
    path = world.path / ".worktrees" / "009-gone-lane-a"
    world.git("worktree", "add", "-q", "-b", "kitty/mission-009-gone-lane-a", str(path))


def stray(world: World) -> None:
    world.git.write(".worktrees/notes/mine.txt", "mine\n")


def in_the_way(world: World) -> None:
    world.git.write(f".worktrees/{TEA}-lane-a/mine.txt", "mine\n")


def in_use(world: World) -> None:
    path = world.tea.claim("WP01").workspace.path
    branch = Repo(path)("branch", "--show-current")
    world.git("worktree", "remove", "--force", str(path))
    world.git("switch", "-q", branch)


def kept(world: World) -> None:
    accepted(world).merge("--keep-worktree").ok()


def wrong_branch(world: World) -> None:
    tree = Repo(world.tea.claim("WP01").workspace.path)
    tree("switch", "-q", "-c", "mine")


def untrusted(world: World) -> None:
    config = world.path / ".kittify" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8") + "worktree:\n  copy: [.env]\n", encoding="utf-8")
    world.git.write(".gitignore", ".env\n")
    world.git.commit("copy it")
    world.git.write(".env", "KEY=1\n")


SCENES = (
    Scene("NOT_ACCEPTED", MERGE, approved),
    Scene("ACCEPTANCE_STALE", MERGE, stale),
    Scene("APPROVED_COMMIT_MISSING", MERGE, reset),
    Scene("LANE_BRANCH_MISSING", ACCEPT, no_branch),
    Scene("TARGET_NOT_CHECKED_OUT", MERGE, no_home),
    Scene("INDEX_LOCKED", MERGE, locked),
    Scene("CHECKOUT_BUSY", MERGE, merging),
    Scene("DIRTY_OVERLAP", MERGE, overlap),
    Scene("TARGET_BEHIND_REMOTE", MERGE, behind),
    Scene("PUSH_REJECTED", f"{MERGE} --push", late, Then.INSTEAD),
    Scene("NO_REMOTE", f"{MERGE} --push", accepted, fill={"URL": "/no/such/place"}),
    Scene("TARGET_DIFFERS", f"{MERGE} --target other", other_target, Then.INSTEAD),
    Scene("NO_MERGE_UNDER_WAY", f"{MERGE} --resume", accepted, Then.INSTEAD),
    Scene("MISSION_CLOSED", ACCEPT, closed, Then.INSTEAD),
    Scene("ARTIFACT_MISSING", ACCEPT, no_plan),
    Scene("TESTS_NOT_REPEATED", ACCEPT, tested, Then.INSTEAD, fill={"TEXT": "true"}),
    Scene("REQUIREMENT_UNMAPPED", f"accept {TEA_AT}", unmapped, fill={"WP": "WP02"}),
    Scene("WORKTREE_DIRTY", ACCEPT, dirty_lane),
    Scene("SUBTASKS_OPEN", f"accept {TEA_AT}", then=Then.INSTEAD),
    Scene("WORKTREE_VANISHED", "doctor worktrees", vanished),
    Scene("WORKTREE_ORPHAN", "doctor worktrees", orphan),
    Scene("WORKTREE_STRAY", "doctor worktrees", stray),
    Scene("WORKTREE_NOT_NEEDED", "doctor worktrees", kept),
    Scene("WORKTREE_WRONG_BRANCH", "doctor worktrees", wrong_branch),
    Scene("WORKSPACE_BLOCKED", f"agent action implement WP01 --agent codex {TEA_AT}", in_the_way),
    Scene("LANE_BRANCH_IN_USE", f"agent action implement WP01 --agent claude {TEA_AT}", in_use),
    Scene(
        "BASE_NOT_FOUND",
        f"agent action implement WP01 --agent codex --base nowhere {TEA_AT}",
        then=Then.SHOWS,
        corrected=f"agent action implement WP01 --agent codex {TEA_AT}",
    ),
    Scene("HOOK_UNTRUSTED", f"agent action implement WP01 --agent codex {TEA_AT}", untrusted, Then.INSTEAD),
    Scene("CONFIRMATION_REQUIRED", "hooks trust", untrusted, Then.INSTEAD),
)
