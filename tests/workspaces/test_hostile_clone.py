"""What a cloned repository tries to make the tool run, copy, read or write outside of it: none of it happens.

Filters of `.gitattributes`, hooks of `.git/hooks` and `core.hooksPath` are git's own business: they need settings of
the clone, which no commit brings.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from specify_cli.status.emit import writing
from specify_cli.status.models import Lane
from tests.support.cli import Result
from tests.support.environment import isolate
from tests.support.git import Repo
from tests.support.loop import tree_of
from tests.support.missions import finalized_mission
from tests.support.project import Project, Task, make_project

SECRET = "s3cret-of-the-user"
SLUG = "001-tea-timer"
FOLDER = f"kitty-specs/{SLUG}"

# All a person or an agent may type after a clone, through a whole mission of it.
COMMANDS = """
status
status --mission {slug}
mission list
mission info --mission {slug}
mission types
hooks list
why WP01 --mission {slug}
doctor
agent status doctor --mission {slug}
agent status validate --mission {slug}
agent tasks list-tasks --mission {slug}
agent context resolve --action implement --wp-id WP01 --mission {slug}
next --mission {slug}
next --agent claude --mission {slug}
agent action implement WP01 --agent claude --mission {slug}
context list
agent tasks mark-status T001 --status done --mission {slug}
agent tasks move-task WP01 --to for_review --agent claude --mission {slug} --force --note x
agent action review WP01 --agent codex --mission {slug}
agent tasks move-task WP01 --to approved --agent codex --mission {slug} --force --approval-ref R1 --note x
materialize --mission {slug}
doctor --fix
agent mission setup-plan --mission {slug}
agent mission finalize-tasks --mission {slug}
accept --mission {slug} --test true
merge --dry-run --mission {slug}
merge --mission {slug}
merge --abort --mission {slug}
context cleanup
agent mission create other
init --ai claude --non-interactive
"""


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a mission that is ready to be worked on."""
    folder = tmp_path_factory.mktemp("origin")
    with pytest.MonkeyPatch.context() as patch:
        isolate(folder / "home", patch)
        project = make_project(folder / "project")
        finalized_mission(project, Task("WP01", subtasks=("T001",)))
    return project.path


@pytest.fixture
def clone(origin: Path, tmp_path: Path) -> Project:
    """A clone of it, beside the user's own files."""
    outside = tmp_path / "outside"
    (outside / "folder").mkdir(parents=True)
    (outside / "id_rsa").write_text(f"{SECRET}\n", encoding="utf-8")
    (outside / "folder" / "kept.txt").write_text("kept\n", encoding="utf-8")
    path = tmp_path / "in" / "clone"
    shutil.copytree(origin, path, symlinks=True)
    return Project(path, Repo(path))


Attack = Callable[[Project, Path], None]


def link(name: str, target: str = "id_rsa") -> Attack:
    """A file or folder of the repository that is really the user's."""

    def put(project: Project, outside: Path) -> None:
        path = project.path / name
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(outside / target)

    return put


def text(name: str, content: str, *, mode: int = 0o644) -> Attack:
    """A file of the repository."""

    def put(project: Project, outside: Path) -> None:
        path = project.git.write(name, content.replace("OUTSIDE", str(outside)))
        path.chmod(mode)

    return put


def both(*attacks: Attack) -> Attack:
    def put(project: Project, outside: Path) -> None:
        for each in attacks:
            each(project, outside)

    return put


def meta(**changes: str) -> Attack:
    """Something else in meta.json."""

    def put(project: Project, outside: Path) -> None:
        path = project.path / FOLDER / "meta.json"
        path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")

    return put


def lanes(change: Callable[[str], str]) -> Attack:
    """Something else in lanes.json."""

    def put(project: Project, outside: Path) -> None:
        path = project.path / FOLDER / "lanes.json"
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")

    return put


def event(type: str, data: dict[str, object]) -> Attack:
    """An event in the mission log that came with the clone."""
    told = {
        "event_id": "01M7X4HYBJA6ZXYGFCFYAWT0A0", "at": "2026-11-20T12:00:00+00:00", "actor": "x", "session": None,
        "mission_id": None, "mission_slug": SLUG, "wp_id": "WP01", "type": type, "data": data,
    }  # fmt: skip
    return text(f"{FOLDER}/mission-events.jsonl", json.dumps(told) + "\n")


def branch(name: str) -> Attack:
    """A target branch of a strange name, which there is."""

    def put(project: Project, outside: Path) -> None:
        project.git("update-ref", f"refs/heads/{name}", "HEAD")
        meta(target_branch=name)(project, outside)

    return put


PWN = "touch OUTSIDE/pwned"
TYPE = "key: evil\ntitle: Evil\ndescription: x\nsteps: [{name: specify, kind: document, title: t, goal: g,"
OWNED = 'work_package_id: WP01\ntitle: x\ndependencies: []\nowned_files: ["/etc/**", "../../**", "--output=x"]'

ATTACKS: dict[str, Attack] = {
    "hook": text(".kittify/hooks/worktree-setup", f"#!/bin/sh\n{PWN}\n", mode=0o755),
    "copy": text(
        ".kittify/config.yaml",
        "agents: {available: [claude]}\nworktree: {copy: [../../outside/id_rsa, OUTSIDE/id_rsa, linked, .env]}\n",
    ),
    "copied link": both(link("linked"), text(".kittify/config.yaml", "worktree: {copy: [linked]}\n")),
    "mission type": both(
        text(".kittify/missions/evil/mission.yaml", f'{TYPE} command: "{PWN}", run: "{PWN}", document: spec.md}}]\n'),
        meta(mission_type="evil"),
    ),
    "mission type outside": both(
        text(".kittify/missions/evil/mission.yaml", f"{TYPE} command: specify, document: ../../../outside/new.md}}]\n"),
        meta(mission_type="evil"),
    ),
    "mission type by path": meta(mission_type="../../../outside"),
    "template": text(".kittify/overrides/command-templates/implement.md", f"---\nrun: {PWN}\n---\n!`{PWN}`\n"),
    "receipt": text(
        f"{FOLDER}/merge-receipt.json", json.dumps({"tests": [{"command": PWN}], "lanes": [{"tip": "-x"}]})
    ),
    "acceptance": event("accepted", {"tests": [{"command": PWN}]}),
    "feedback": event(
        "review_finding",
        {"file": "../../../../outside/new.md", "text": "x", "cycle": 1, "reference": "r", "reviewer": "x"},
    ),
    "rescue": event("note", {"rescue": {"ref": "--output=OUTSIDE/new", "commit": "a" * 40}}),
    "attributes": text(".gitattributes", "* filter=evil diff=evil merge=evil\n"),
    "target is an option": branch("--output=x"),
    "target is a path": meta(target_branch="../../../outside/new"),
    "id is a path": meta(mission_id="../../../../outside/new"),
    "slug is a path": meta(mission_slug="../../../outside/new", slug="../../new"),
    "lane is a path": lanes(lambda told: told.replace("lane-a", "../../outside/new")),
    "lane is an option": lanes(lambda told: told.replace("lane-a", "--force")),
    "branch is an option": lanes(lambda told: told.replace("kitty/mission-", "--exec=")),
    "folder is an option": both(text("kitty-specs/--help/spec.md", "x\n"), text("kitty-specs/-rf/meta.json", "{}")),
    "owned files": text(f"{FOLDER}/tasks/WP01-work.md", f"---\n{OWNED}\n---\n"),
    # Links that stop nothing, each kind together.
    "beside": both(
        *(link(f"{FOLDER}/{name}") for name in ("mission.md", "quickstart.md", "status.json", "merge-receipt.json")),
        *(link(f"kitty-specs/{name}") for name in (".gitattributes", ".gitignore")),
        *(link(f".kittify/{name}") for name in (".gitignore", "metadata.yaml", "manifest.json", "runtime/.gitignore")),
        *(link(name, "folder") for name in (".claude", f".worktrees/{SLUG}-merge", ".kittify/hooks")),
        *(link(f".kittify/{name}", "folder") for name in ("missions", "overrides", "charter")),
    ),
}
ATTACKS |= {
    f"{name} is the user's": link(name)
    for name in (
        *(f"{FOLDER}/{each}" for each in ("meta.json", "spec.md", "plan.md", "tasks.md", "lanes.json", "wps.yaml")),
        *(f"{FOLDER}/{each}" for each in ("status.events.jsonl", "mission-events.jsonl", "tasks/WP01-work.md")),
        *(f".kittify/{each}" for each in ("config.yaml", "charter/charter.md")),
        *(".kittify/overrides/command-templates/implement.md", ".kittify/overrides/templates/plan.md"),
        *(".kittify/hooks/worktree-setup", ".worktrees/.gitignore"),
    )
}
ATTACKS |= {
    f"{name} is a folder of the user's": link(name, "folder")
    for name in (
        *(".kittify", "kitty-specs", ".worktrees", FOLDER, f"{FOLDER}/tasks", f"{FOLDER}/tasks/WP01-work"),
        *(f".kittify/runtime{each}" for each in ("", "/prompts", f"/prompts/{SLUG}", "/logs")),
        *(f".worktrees/{SLUG}-{each}" for each in ("lane-a", "accept")),
    )
}


def all_commands(clone: Project, check: Callable[[Result], None]) -> None:
    """Run everything, for people and for programs in turn."""
    for number, line in enumerate(COMMANDS.strip().splitlines()):
        check(clone.run(*line.format(slug=SLUG).split(), *(("--json",) if number % 2 else ())))


def test_without_an_attack_the_mission_is_merged(clone: Project) -> None:
    codes: dict[tuple[str, ...], int] = {}
    all_commands(clone, lambda done: codes.update({done.argv: done.code}))
    assert {argv[0] for argv, code in codes.items() if code != 0} == {"merge"}, "there is nothing to abort"
    assert json.loads((clone.path / FOLDER / "meta.json").read_text(encoding="utf-8"))["merged_at"]


@pytest.mark.parametrize("name", ATTACKS)
def test_a_hostile_clone_runs_copies_reads_and_writes_nothing_outside(
    name: str, clone: Project, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    clone.git.write(".env", "MINE=1\n")
    clone.git.write(".gitignore", ".env\nid_rsa\nlinked\n")
    ATTACKS[name](clone, outside)
    clone.git("add", "-Af", ":!.env")
    clone.git("commit", "-qm", "harmless")
    before = tree_of(outside, tmp_path / "home")

    def check(done: Result) -> None:
        assert done.code in {0, 1, 2}, str(done)
        assert SECRET not in done.out + done.err, str(done)
        assert tree_of(outside, tmp_path / "home") == before, str(done)

    all_commands(clone, check)
    inside = [path for path in (tmp_path / "in").rglob("*") if path.is_file() and not path.is_symlink()]
    assert [path for path in inside if SECRET.encode() in path.read_bytes()] == []
    assert [path for path in inside if path.name == ".env" and ".worktrees" in path.parts] == []
    assert {path.name for path in (tmp_path / "in").iterdir()} == {"clone"}


def test_tests_and_conflicts_are_not_laid_out_through_a_link(project: Project, tmp_path: Path) -> None:
    mission = finalized_mission(project, Task("WP01", mode="planning_artifact", owns=("docs/**",)))
    (tmp_path / "outside").mkdir()
    (project.path / ".worktrees").symlink_to(tmp_path / "outside")
    project.git.commit("harmless")
    head = project.git.head()
    record = {"lane_id": "lane-planning", "branch": "main", "base": head, "head": head}
    with writing(mission.place) as log:
        for lane in (Lane.FOR_REVIEW, Lane.APPROVED):
            log.move("WP01", lane, actor="codex", force=True, reason="read", review_ref="REF-1", workspace=record)
    project.run("accept", "--mission", mission.slug, "--test", "true", "--json").failed("SYMLINK_REFUSED", 1)
    assert list((tmp_path / "outside").iterdir()) == []
