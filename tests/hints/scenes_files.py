"""Faults of files that somebody damaged: documents, logs, records, settings."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from specify_cli.status.models import Lane
from tests.hints.scenes_finish import ACCEPT, CUP, approved, cup
from tests.hints.scenes_work import AT, CODEX, held
from tests.support.scenes import Scene, Then, World
from tests.support.tiny import TEXT

BLOCK = f"agent tasks move-task WP01 --to blocked --note x {CODEX}"
LOG = f"doctor log {AT}"


def log_of(world: World) -> Path:
    """The published status log of the mission."""
    return world.tea.folder / "status.events.jsonl"


def restore(world: World) -> None:
    world.git("checkout", "-q", "HEAD", "--", "kitty-specs")


def no_json(world: World) -> None:
    (world.tea.folder / "lanes.json").write_text("{", encoding="utf-8")


def no_trust(world: World) -> None:
    path = world.path / ".git" / "spec-kitty" / "trust.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text("{", encoding="utf-8")


def no_toml(world: World) -> None:
    home = world.scratch / "home" / ".spec-kitty"
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.toml").write_text("nonsense", encoding="utf-8")
    world.patch.setenv("SPEC_KITTY_STATE_HOME", str(home))
    world.patch.setenv("SPEC_KITTY_ENABLE_SAAS_SYNC", "1")


def older_field(world: World) -> None:
    """meta.json lacks a field, as an older version wrote it."""
    approved(world)
    meta = cup(world).mission.folder / "meta.json"
    text = json.loads(meta.read_text(encoding="utf-8"))
    del text["created_at"]
    meta.write_text(json.dumps(text), encoding="utf-8")
    world.git.commit("as an older version wrote it")


def no_meta(world: World) -> None:
    (world.tea.folder / "meta.json").unlink()
    world.git.commit("without it")


def twin(world: World) -> None:
    shutil.copytree(world.pot.folder, world.pot.folder.with_name("003-copy"))


def no_twin(world: World) -> None:
    shutil.rmtree(world.pot.folder.with_name("003-copy"))


def folder_of_log(world: World) -> None:
    log_of(world).unlink()
    log_of(world).mkdir()


def append(world: World, **changes: object) -> None:
    """Add a copy of the log's last event, changed."""
    last = json.loads(log_of(world).read_text(encoding="utf-8").splitlines()[-1])
    with log_of(world).open("a", encoding="utf-8") as sink:
        sink.write(json.dumps(last | changes) + "\n")


def conflicting(world: World) -> None:
    append(world, actor="mallory")


def invalid(world: World) -> None:
    append(world, event_id="01M7ZNBDQ00ZWF92B60MHFGKEQ", to_lane="nowhere")


def foreign(world: World) -> None:
    append(world, event_id="01M7ZNBDQ00ZWF92B60MHFGKEQ", mission_id=world.pot.place.mission_id)


def not_pulled(world: World) -> None:
    """Another clone's event is here, and the one that it builds on is only at the remote."""
    path = world.scratch / "remote.git"
    world.git("init", "-q", "--bare", "-b", "main", str(path))
    world.git("remote", "add", "origin", str(path))
    world.tea.walk("WP01", Lane.IN_PROGRESS)
    world.run(f"materialize {AT}").ok()
    base = world.git.head("HEAD~1")
    text = log_of(world).read_text(encoding="utf-8").splitlines(keepends=True)
    world.git("push", "-q", "-u", "origin", "main")
    world.git("reset", "-q", "--hard", base)
    log_of(world).write_text("".join([*text[:-2], text[-1]]), encoding="utf-8")
    world.git.commit("a part of it")
    shutil.rmtree(world.path / ".git" / "spec-kitty")


def unplanned(world: World) -> None:
    """WP02 was taken out of the plan, and the log knows it."""
    next((world.tea.folder / "tasks").glob("WP02*.md")).unlink()
    tasks = world.tea.folder / "tasks.md"
    tasks.write_text(tasks.read_text(encoding="utf-8").partition("## WP02")[0], encoding="utf-8")


def manifest(world: World) -> None:
    """A wps.yaml beside a tasks.md that people wrote."""
    told = "work_packages:\n- {id: WP01, title: One}\n- {id: WP02, title: Two, dependencies: [WP01]}\n"
    (world.tea.folder / "wps.yaml").write_text(told, encoding="utf-8")


def tiny(world: World) -> None:
    world.run("agent mission create cup --size tiny").ok()
    (world.project.folder(CUP) / "mission.md").write_text(TEXT, encoding="utf-8")


def without_its_document(world: World) -> None:
    tiny(world)
    world.git.commit("the mission")
    (world.project.folder(CUP) / "mission.md").unlink()


def with_another_plan(world: World) -> None:
    tiny(world)
    (world.project.folder(CUP) / "spec.md").write_text("mine\n", encoding="utf-8")


def linked(world: World) -> None:
    shutil.move(world.tea.folder / "tasks", world.scratch / "tasks")
    (world.tea.folder / "tasks").symlink_to(world.scratch / "tasks")


def unlinked(world: World) -> None:
    (world.tea.folder / "tasks").unlink()
    shutil.move(world.scratch / "tasks", world.tea.folder / "tasks")


def bad_record(world: World) -> None:
    held(world)
    record = world.tea.place.state / "workspaces" / world.tea.place.key / "lane-a.json"
    record.write_text("{}", encoding="utf-8")  # a field that is wrong is FIELD_INVALID


def journal_lost(world: World) -> None:
    held(world)
    for path in world.tea.place.journal.parent.glob(f"{world.tea.place.key}.*"):
        path.unlink()


def taken_number(world: World) -> None:
    world.run("agent mission create cup --number 5").ok()


def sparse(world: World) -> None:
    world.git.status()  # the index of a copied folder is not up to date, and what is not stays
    world.git("sparse-checkout", "set", "--cone", "src")


def deleted(world: World) -> None:
    world.git("rm", "-r", "-q", f"kitty-specs/{world.tea.slug}")


def branch_deleted(world: World) -> None:
    """A host squash-merged the mission's target and deleted it."""
    world.git("switch", "-q", "-c", "feat")
    approved(world)
    world.git("switch", "-q", "main")
    world.git("merge", "-q", "--squash", "feat")
    world.git("commit", "-q", "-m", "Cup (#1)")
    world.git("branch", "-q", "-D", "feat")


SCENES = (
    Scene("SPARSE_CHECKOUT", f"agent mission finalize-tasks {AT}", sparse),
    Scene("MISSION_FOLDER_MISSING", BLOCK, deleted),
    Scene("TARGET_GONE", f"accept --mission {CUP}", branch_deleted),
    Scene("MALFORMED_JSON", f"agent action implement WP01 {CODEX}", no_json, Then.SHOWS, after=restore),
    Scene("MALFORMED_JSON", "hooks list", no_trust),
    Scene("MALFORMED_TOML", "sync server https://example.com", no_toml),
    Scene("META_INVALID", ACCEPT, older_field),
    Scene("MISSION_META_MISSING", f"status {AT}", no_meta),
    Scene("MISSION_ID_TWICE", "doctor log", twin, Then.SHOWS, after=no_twin),
    Scene("MISSION_EXISTS", "agent mission create cup --number 5", taken_number, Then.INSTEAD),
    Scene("LOG_NOT_A_FILE", LOG, folder_of_log),
    Scene("EVENT_ID_CONFLICT", LOG, conflicting, Then.SHOWS, after=restore),
    Scene("INVALID_EVENT", LOG, invalid, Then.SHOWS, after=restore),
    Scene("FOREIGN_MISSION", f"agent status validate {AT}", foreign, Then.SHOWS, after=restore),
    Scene("MISSING_PREDECESSOR", f"agent status validate {AT}", not_pulled),
    Scene("UNKNOWN_WORK_PACKAGE", f"agent status validate {AT}", unplanned, remains=True),
    Scene("TASKS_REGENERATED", f"agent mission finalize-tasks {AT}", manifest, Then.SHOWS),
    Scene("DOCUMENT_MISSING", f"mission promote --mission {CUP}", without_its_document, Then.SHOWS, after=restore),
    Scene("DOCUMENT_IN_THE_WAY", f"mission promote --mission {CUP}", with_another_plan),
    Scene("SYMLINK_REFUSED", f"status {AT}", linked, Then.SHOWS, after=unlinked),
    Scene("JOURNAL_LOST", "doctor log", journal_lost),
    Scene("RECORD_INVALID", "doctor worktrees", bad_record),
)
