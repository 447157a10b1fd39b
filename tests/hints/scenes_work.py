"""Faults of claims, moves, reviews and steps."""

from __future__ import annotations

from specify_cli.status.models import Lane
from tests.support.git import Repo
from tests.support.scenes import TEA, Scene, Then, World

AT = f"--mission {TEA}"
CLAUDE, CODEX = f"--agent claude --session s1 {AT}", f"--agent codex {AT}"
NO_REVIEWER = '{"review": {}}'
MOVE = "agent tasks move-task WP01 --to"


def held(world: World) -> Repo:
    """Claude works on WP01."""
    return Repo(world.tea.claim("WP01", actor="claude", session="s1").workspace.path)


def dirty(world: World) -> None:
    held(world).write("src/wp01/a.py", "a = 1\n")
    ticked(world)


def ticked(world: World) -> None:
    world.run(f"agent tasks mark-status T001 T002 --status done {CLAUDE}").ok()


def idle(world: World) -> None:
    held(world)
    ticked(world)


def committed(world: World) -> None:
    repo = held(world)
    repo.write("src/wp01/a.py", "a = 1\n")
    repo.commit("the work")


def handed_over(world: World) -> None:
    committed(world)
    ticked(world)
    world.run(f"{MOVE} for_review {CLAUDE}").ok()


def in_review(world: World) -> None:
    handed_over(world)
    world.run(f"agent action review WP01 {CODEX}").ok()


def review_step(world: World) -> None:
    handed_over(world)
    assert world.run(f"next {CODEX}").ok().json()["action"] == "review"


def other_branch(world: World) -> None:
    committed(world)
    ticked(world)
    held(world)("switch", "-q", "-c", "mine")


def rebasing(world: World) -> None:
    committed(world)
    ticked(world)
    repo = held(world)
    repo.commit("more", b_txt="b\n")
    world.patch.setenv("GIT_SEQUENCE_EDITOR", "sed -i -e s/^pick/edit/")
    repo("rebase", "-q", "-i", "HEAD~1")


def redirected(world: World) -> None:
    """The worktree's git file leads to a repository that somebody made."""
    committed(world)
    ticked(world)
    other, repo = world.scratch / "other", held(world)
    other.mkdir()
    Repo(other)("init", "-q")
    (repo.path / ".git").write_text(f"gitdir: {other}/.git\n", encoding="utf-8")


def among_others(world: World) -> None:
    """Work is reviewed by others."""
    config = world.path / ".kittify" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("{by: any", "{by: other"), encoding="utf-8")
    handed_over(world)


def blocked(world: World) -> None:
    held(world)
    world.run(f"{MOVE} blocked --note 'which way?' {CLAUDE}").ok()


def by_another(world: World) -> None:
    world.run(f"next --agent claude --session s1 {AT}").ok()


def no_workspace(world: World) -> None:
    world.tea.walk("WP01", Lane.IN_PROGRESS)


SCENES = (
    Scene(
        "WP_NOT_FOUND",
        f"{MOVE.replace('WP01', 'WP77')} blocked --note x {CODEX}",
        then=Then.SHOWS,
        corrected=f"{MOVE} blocked --note x {CODEX}",
    ),
    Scene("WP_ALREADY_CLAIMED", f"agent action implement WP01 {CODEX}", held, Then.INSTEAD),
    Scene("WP_NOT_CLAIMABLE", f"agent action implement WP01 {CODEX}", handed_over, Then.INSTEAD),
    Scene("WP_NOT_FOR_REVIEW", f"agent action review WP01 {CODEX}", then=Then.INSTEAD),
    Scene("DEPENDENCIES_NOT_SATISFIED", f"agent action implement WP02 {CODEX}", then=Then.INSTEAD),
    Scene("DECISION_OPEN", f"why WP01 {AT}", blocked),
    Scene("SELF_REVIEW", f"agent action review WP01 {CLAUDE}", among_others, Then.INSTEAD),
    Scene("TRANSITION_REJECTED", f"{MOVE} done {CLAUDE}", held, Then.INSTEAD),
    Scene(
        "FEEDBACK_REQUIRED",
        f"{MOVE} planned {CODEX}",
        in_review,
        Then.INSTEAD,
        fill={"FILE": "feedback.md"},
        before=lambda world: world.git.write("feedback.md", "Not yet: the tea is cold.\n"),
    ),
    Scene(
        "INVALID_EVIDENCE",
        f"agent status emit WP01 --to done --actor codex --evidence-json '{NO_REVIEWER}' {AT}",
        then=Then.INSTEAD,
    ),
    Scene(
        "SUBTASK_NOT_FOUND",
        f"agent tasks mark-status T099 --status done {CLAUDE}",
        held,
        Then.SHOWS,
        corrected=f"agent tasks mark-status T001 --status done {CLAUDE}",
    ),
    Scene("SUBTASKS_OPEN", f"{MOVE} for_review {CLAUDE}", committed, ticks=True),
    Scene("WORKTREE_DIRTY", f"{MOVE} for_review {CLAUDE}", dirty, Then.INSTEAD),
    Scene(
        "NO_NEW_COMMIT",
        f"{MOVE} for_review {CLAUDE}",
        idle,
        Then.INSTEAD,
        before=lambda world: held(world).write("src/wp01/a.py", "a = 1\n"),
    ),
    Scene("WORKTREE_WRONG_BRANCH", f"{MOVE} for_review {CLAUDE}", other_branch),
    Scene("WORKTREE_BUSY", f"{MOVE} for_review {CLAUDE}", rebasing),
    Scene("WORKTREE_REDIRECTED", f"{MOVE} for_review {CLAUDE}", redirected),
    Scene("WORKSPACE_MISSING", f"{MOVE} for_review --agent claude {AT}", no_workspace),
    Scene("NOT_IN_PROGRESS", f"{MOVE} for_review {CODEX}", then=Then.INSTEAD),
    Scene("REVIEW_MISSING", f"why WP01 {AT}", handed_over),
    Scene("REVIEW_VERDICT_MISSING", f"next --result success {CODEX}", review_step, Then.INSTEAD),
    Scene("STEP_NOT_FOUND", f"next --result success --step-id 01M7ZNBDQ00ZWF92B60MHFGKEQ {CODEX}", then=Then.INSTEAD),
    Scene("NOT_HELD", f"doctor --reap WP01 {AT}", then=Then.INSTEAD),
    Scene("LEASE_ACTIVE", f"doctor --reap WP01 {AT}", held, Then.INSTEAD),
    Scene("NOTHING_READY", f"agent action review {CODEX}", then=Then.INSTEAD),
    Scene("DECISION_NOT_FOUND", f"next --answer yes --decision-id WP01-blocked-1 {CODEX}", then=Then.INSTEAD),
    Scene("SESSION_UNKNOWN", f"next {CODEX}", then=Then.INSTEAD),
    Scene("NOT_A_WORKSPACE", "context info", then=Then.SHOWS, corrected="context list"),
    Scene("WP_NOT_APPROVED", f"accept {AT}", then=Then.INSTEAD),
)
