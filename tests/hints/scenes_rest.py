"""Faults of files, logs, the set-up, other tools and servers that nobody has named."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support.scenes import TEA, Scene, Then, World

AT = f"--mission {TEA}"
TINY = "003-cup"


def journal(world: World) -> Path:
    """The live status log of the mission."""
    return next((world.path / ".git" / "spec-kitty" / "journal").glob(f"{world.tea.place.mission_id}*"))


def corrupt(world: World) -> None:
    log = world.tea.folder / "status.events.jsonl"
    log.write_text(log.read_text(encoding="utf-8") + "{nonsense\n", encoding="utf-8")


def marked(world: World) -> None:
    log = world.tea.folder / "status.events.jsonl"
    log.write_text(log.read_text(encoding="utf-8") + "<<<<<<< HEAD\n=======\n>>>>>>> other\n", encoding="utf-8")


def unpublished(world: World) -> None:
    world.run(f"agent tasks add-history WP01 --note 'so far' --agent codex {AT}").ok()


def bad_yaml(world: World) -> None:
    (world.path / ".kittify" / "config.yaml").write_text("agents: [x\nb: 1\n", encoding="utf-8")


def restore(world: World) -> None:
    world.git("restore", ".")


def bad_manifest(world: World) -> None:
    (world.path / ".kittify" / "manifest.json").write_text('{"files": 7}', encoding="utf-8")


def linked(world: World) -> None:
    shutil.move(world.path / ".kittify", world.scratch / "kittify")
    (world.path / ".kittify").symlink_to(world.scratch / "kittify")


def no_config(world: World) -> None:
    (world.path / ".kittify" / "config.yaml").unlink()


def no_command_file(world: World) -> None:
    next((world.path / ".claude" / "commands").glob("*.md")).unlink()


def no_folder(world: World) -> None:
    shutil.rmtree(world.path / ".kittify" / "memory", ignore_errors=True)
    (world.path / ".kittify" / "manifest.json").unlink()


def no_agents(world: World) -> None:
    config = world.path / ".kittify" / "config.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(
        text.replace("[claude, codex]", "[]").replace("  - claude\n  - codex\n", " []\n"), encoding="utf-8"
    )


def strange_agent(world: World) -> None:
    config = world.path / ".kittify" / "config.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("claude", "parrot", 1), encoding="utf-8")


def strange_integration(world: World) -> None:
    config = world.path / ".kittify" / "config.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("agents:\n", "agents:\n  integrations: [agents-md, parrot, gemini-tools]\n", 1))


def busy(world: World) -> None:
    world.git("switch", "-q", "-c", "side")
    world.git.commit("aside", side_txt="side\n")
    world.git("switch", "-q", "main")
    world.git.commit("here", here_txt="here\n")
    world.git("merge", "-q", "--no-commit", "side")


def no_prompt(world: World) -> None:
    next((world.tea.folder / "tasks").glob("WP01*.md")).unlink()


def begun_and_gone(world: World) -> None:
    world.tea.claim("WP01")
    no_prompt(world)
    tasks = world.tea.folder / "tasks.md"
    text = tasks.read_text(encoding="utf-8")
    tasks.write_text("# Work packages\n\n" + text[text.index("## WP02") :], encoding="utf-8")
    prompt = next((world.tea.folder / "tasks").glob("WP02*.md"))
    prompt.write_text(prompt.read_text(encoding="utf-8").replace("[WP01]", "[]"), encoding="utf-8")


def tiny(world: World) -> None:
    world.run("agent mission create cup --size tiny").ok()


def overridden(world: World) -> None:
    world.git.write(".kittify/overrides/templates/spec-template.md", "# Ours\n")


def kiro(world: World) -> None:
    world.git.write(".specify/memory/constitution.md", "# Ours\n")
    world.git.write("specs/001-cup/spec.md", "# Cup\n\n- **FR-001**: Holds.\n")
    world.git.write("specs/001-cup/tasks.md", "# Tasks\n\n- [ ] T001 Make it in src/cup.py\n")


def sync_on(world: World) -> None:
    world.patch.setenv("SPEC_KITTY_ENABLE_SAAS_SYNC", "1")


SCENES = (
    Scene("CORRUPT_LINE", f"doctor log {AT}", corrupt),
    Scene("CONFLICT_MARKER", f"doctor log {AT}", marked),
    Scene("UNPUBLISHED", f"doctor log {AT}", unpublished),
    Scene("MALFORMED_YAML", f"agent mission setup-plan {AT}", bad_yaml, Then.SHOWS, after=restore),
    Scene("MANIFEST_INVALID", "agent config sync", bad_manifest, Then.SHOWS, after=restore),
    Scene(
        "FILE_NOT_FOUND",
        f"agent tasks add-history WP01 --note @gone.txt --agent codex {AT}",
        then=Then.SHOWS,
        corrected=f"agent tasks add-history WP01 --note seen --agent codex {AT}",
    ),
    Scene("CONFIG_MISSING", "doctor setup", no_config),
    Scene("FILE_MISSING", "doctor files", no_command_file),
    Scene("NO_AGENTS", "doctor setup", no_agents),
    Scene("UNKNOWN_AGENT", "doctor setup", strange_agent),
    Scene("UNKNOWN_INTEGRATION", "doctor setup", strange_integration),
    Scene("AGENT_NOT_CONFIGURED", "doctor setup", strange_integration),
    Scene("BUSY", "doctor setup", busy, Then.SHOWS, after=lambda world: world.git("merge", "--abort")),
    Scene("DETACHED_HEAD", "doctor setup", lambda world: world.git("switch", "-q", "--detach")),
    Scene("PROMPT_MISSING", f"agent status doctor {AT}", no_prompt),
    Scene("WP_REMOVED", f"agent mission finalize-tasks {AT}", begun_and_gone, fill={"NAME": "claude"}),
    Scene("MISSION_IS_TINY", f"agent mission setup-plan --mission {TINY}", tiny),
    Scene("GLOBAL_RUNTIME_MISSING", "agent mission create cup", overridden, Then.INSTEAD),
    Scene("IMPORT_SOURCE_NOT_FOUND", "import --from kiro .", kiro, Then.INSTEAD),
    Scene("INVALID_TARGET", "upgrade --target 99.0.0", then=Then.INSTEAD),
    Scene("NOTHING_TO_ROLL_BACK", "upgrade --rollback", then=Then.INSTEAD),
    Scene("SYNC_DISABLED", "sync now"),
    Scene("SERVER_NOT_SET", "sync now", sync_on, fill={"https://example.com": "https://127.0.0.1:9"}),
    Scene(
        "UNKNOWN_PROVIDER",
        "tracker bind --provider abacus",
        then=Then.SHOWS,
        corrected="tracker bind --provider beads --workspace w",
    ),
    Scene("TRACKER_NOT_BOUND", "tracker sync pull", then=Then.INSTEAD),
    Scene("WORKSPACE_REQUIRED", "tracker bind --provider beads", then=Then.INSTEAD),
)
