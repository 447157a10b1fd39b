"""Faults of the set-up, of missions and of their documents."""

from __future__ import annotations

import json
import shutil

from tests.support.scenes import TEA, Scene, Then, World

AT = f"--mission {TEA}"
STATUS = f"status {AT}"
SLUG = {"SLUG": "cup", "feature/SLUG": "feature/cup", "TYPE": "research"}


def no_project(world: World) -> None:
    shutil.rmtree(world.path / ".kittify")
    shutil.rmtree(world.path / "kitty-specs")
    world.git.commit("away with it")


def no_commits(world: World) -> None:
    world.git("update-ref", "-d", "refs/heads/main")
    world.git("rm", "-r", "-q", "--cached", ".")


def no_identity(world: World) -> None:
    for name in ("user.name", "user.email"):
        world.git("config", "--global", "--unset-all", name, check=False)
        world.git("config", "--unset-all", name, check=False)
    world.git("config", "user.useConfigOnly", "true")
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"):
        world.patch.delenv(name, raising=False)


def detached(world: World) -> None:
    world.git("switch", "-q", "--detach")


def elsewhere(world: World) -> None:
    world.git("switch", "-q", "-c", "other")


def other_branch(world: World) -> None:
    world.git("branch", "cup")


def in_the_way(world: World) -> None:
    world.git("branch", "kitty")


def protected(world: World) -> None:
    config = world.path / ".kittify" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8") + "protected: [main]\n", encoding="utf-8")


def older(world: World) -> None:
    meta = world.tea.folder / "meta.json"
    found = json.loads(meta.read_text(encoding="utf-8"))
    del found["mission_id"]
    meta.write_text(json.dumps(found), encoding="utf-8")
    world.git.commit("as an older version wrote it")


def spoil_config(world: World) -> None:
    (world.path / ".kittify" / "config.yaml").write_text("agents: [x\nb: 1\n", encoding="utf-8")


def no_spec(world: World) -> None:
    world.run("agent mission create cup").ok()
    (world.project.folder("003-cup") / "spec.md").unlink()


def two_roots(world: World) -> None:
    (world.path / "sub").mkdir()


def lock_index(world: World) -> None:
    world.git.write(".git/index.lock", "")


def no_lanes(world: World) -> None:
    (world.tea.folder / "lanes.json").unlink()
    world.git.commit("without lanes")


def bad_lanes(world: World) -> None:
    (world.tea.folder / "lanes.json").write_text('{"lanes": 7}', encoding="utf-8")


def charter(world: World) -> None:
    world.run("charter init --defaults").ok()


def unstarted_plan(world: World) -> None:
    world.run("agent mission create cup").ok()


def no_tasks(world: World) -> None:
    world.run("agent mission create cup").ok()
    (world.project.folder("003-cup") / "spec.md").write_text("# Cup\n\n- **FR-001**: Holds.\n", encoding="utf-8")


SCENES = (
    Scene("NOT_INITIALIZED", "agent mission create cup", no_project),
    Scene("MISSION_NOT_FOUND", "status --mission 077", then=Then.SHOWS, corrected=STATUS),
    Scene("MISSION_AMBIGUOUS", "accept", fill={"MISSION": TEA}, then=Then.INSTEAD),
    Scene("MISSION_NUMBER_TAKEN", "agent mission create cup --number 1", then=Then.INSTEAD),
    Scene("MISSION_ID_MISSING", "doctor log", older),
    Scene("NO_COMMITS", "agent mission create cup", no_commits),
    Scene("NO_GIT_IDENTITY", "agent mission create cup", no_identity, fill={"Your Name": "Ada"}),
    Scene("DETACHED_HEAD", "agent mission create cup", detached),
    Scene("TARGET_NOT_CHECKED_OUT", f"agent mission finalize-tasks {AT}", elsewhere),
    Scene("BRANCH_NOT_FOUND", "agent mission create cup --target-branch gone"),
    Scene("BRANCH_EXISTS", "agent mission create cup", in_the_way),
    Scene("INVALID_SLUG", "agent mission create 'My Cup!'", then=Then.INSTEAD),
    Scene(
        "INVALID_BRANCH",
        "agent mission create cup --start-branch a..b",
        then=Then.SHOWS,
        corrected="agent mission create cup --start-branch a-b",
    ),
    Scene("PROTECTED_BRANCH", "agent mission create cup", protected, Then.INSTEAD, fill=SLUG),
    Scene(
        "UNKNOWN_MISSION_TYPE",
        "agent mission create cup --mission-type poem",
        then=Then.SHOWS,
        corrected="agent mission create cup --mission-type research",
    ),
    Scene("SIZE_UNSUITABLE", "agent mission create cup --mission-type plan --size tiny", then=Then.INSTEAD, fill=SLUG),
    Scene("LANES_MALFORMED", f"agent action implement WP01 --agent codex {AT}", bad_lanes),
    Scene("LANES_MISSING", f"agent action implement WP01 --agent codex {AT}", no_lanes),
    Scene("CHARTER_MISSING", "charter show"),
    Scene("CHARTER_EXISTS", "charter init --defaults", charter, Then.INSTEAD),
    Scene("CONFIRMATION_REQUIRED", "charter init", then=Then.INSTEAD),
    Scene(
        "UNKNOWN_ACTION",
        "charter context --action cook",
        then=Then.SHOWS,
        corrected="charter context --action implement",
    ),
    Scene("NOT_REPOSITORY_ROOT", "init --ai claude", two_roots, Then.INSTEAD, cwd="sub"),
    Scene("AGENT_REQUIRED", "init --non-interactive fresh", then=Then.INSTEAD),
    Scene("UNKNOWN_AGENT", "agent config add parrot", then=Then.SHOWS, corrected="agent config add gemini"),
    Scene("AGENT_NOT_CONFIGURED", "agent config set skills gemini", then=Then.MENDS),
    Scene(
        "UNKNOWN_INTEGRATION",
        "agent config integrate parrot",
        then=Then.SHOWS,
        corrected="agent config integrate agents-md",
    ),
    Scene(
        "INVALID_SETTING",
        "agent config set colour blue",
        then=Then.SHOWS,
        corrected="agent config set auto_commit true",
    ),
    Scene("INVALID_NAME", "init '' --ai claude", then=Then.INSTEAD),
    Scene("UNKNOWN_SECTION", "doctor attic", then=Then.INSTEAD),
    Scene("TASKS_MISSING", "agent mission finalize-tasks --mission cup", no_tasks, Then.INSTEAD),
    Scene("SPEC_MISSING", "agent mission setup-plan --mission cup", no_spec, Then.INSTEAD),
    Scene("FOLDER_MISSING", STATUS, lambda world: world.patch.setenv("SPECIFY_REPO_ROOT", "/no/such/place")),
    Scene(
        "USAGE_ERROR",
        "agent tasks move-task",
        then=Then.SHOWS,
        corrected=f"agent tasks move-task WP01 --to blocked --note x --agent codex {AT}",
    ),
    Scene("UNKNOWN_LANE", f"agent status emit WP01 --to somewhere --actor codex {AT}", then=Then.INSTEAD),
)
