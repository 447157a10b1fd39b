"""`spec-kitty config`: settings, and where mission types and templates come from."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from specify_cli.core.project_resolver import PACKAGE, user_folder
from tests.support.project import Project


def origins(project: Project, *more: str) -> dict[tuple[str, str], dict[str, Any]]:
    """(kind, name) -> what `--show-origin` tells of it."""
    told = project.run("config", "--show-origin", *more, "--json").json()
    return {(each["kind"], each["name"]): each for each in told["assets"]}


def test_settings_are_shown_with_what_is_not_said(project: Project) -> None:
    told = project.run("config", "--json").ok().json()
    assert told["path"] == str(project.path / ".kittify" / "config.yaml")
    assert told["settings"]["agents.available"] == ["claude", "codex"]
    assert told["settings"]["leases.quiet_minutes"] == 15
    shown = project.run("config").ok().out
    assert "worktree.copy" in shown
    assert "default" in shown
    assert max(map(len, shown.splitlines()[1:])) <= 80


def test_every_tier_is_shown_and_the_first_one_counts(project: Project) -> None:
    user = user_folder()
    assert user is not None
    kittify = project.path / ".kittify"
    expected = [("package", PACKAGE / "software-dev" / "templates" / "plan.md")]
    for tier, folder in (
        ("user", user / "templates"),
        ("user", user / "missions" / "software-dev" / "templates"),
        ("project", kittify / "templates"),
        ("project", kittify / "missions" / "software-dev" / "templates"),
        ("override", kittify / "overrides" / "templates"),
    ):
        folder.mkdir(parents=True)
        (folder / "plan.md").write_text("# Ours\n")
        expected.insert(0, (tier, folder / "plan.md"))
        found = origins(project)["templates", "plan.md"]
        assert [(found["tier"], found["path"]), *((each["tier"], each["path"]) for each in found["hides"])] == [
            (tier, str(path)) for tier, path in expected
        ]
    shown = project.run("config", "--show-origin").ok().out
    assert "hides: project, project, user, user" in shown


@pytest.mark.parametrize("kind", ["software-dev", "research", "documentation", "plan"])
def test_each_type_shows_all_that_it_is_made_of(project: Project, kind: str) -> None:
    found = origins(project, "--mission-type", kind)
    assert {("mission type", "mission.yaml"), ("mission type", "expected-artifacts.yaml")} <= found.keys()
    assert {("templates", "spec.md"), ("command-templates", "implement.md")} <= found.keys()
    assert {each["tier"] for each in found.values()} == {"package"}
    assert all(Path(each["path"]).is_file() and each["problem"] is None for each in found.values())
    shown = project.run("config", "--mission-type", kind).ok().out
    assert max(len(line) for line in shown.splitlines() if str(PACKAGE) not in line) <= 80


def test_a_mistake_is_shown_with_its_line_and_hides_nothing(project: Project) -> None:
    project.git.write(".kittify/overrides/command-templates/plan.md", "---\ndescription: x\n---\n{{misson}}\n")
    project.git.write(".kittify/missions/software-dev/mission.yaml", "key: software-dev\ntitle: 7\n")
    told = project.run("config", "--show-origin", "--json")
    assert told.code == 1
    problems = [each["problem"] for each in told.json()["assets"] if each["problem"]]
    assert ["line 2" in problems[0], "line 4" in problems[1], len(problems)] == [True, True, 2]
    assert project.run("config", "--show-origin").out.count("wrong  ") == 2


def test_a_template_that_a_type_names_and_nobody_has_is_told(project: Project) -> None:
    shipped = (PACKAGE / "plan" / "mission.yaml").read_text(encoding="utf-8")
    ours = shipped.replace("command: challenge", "command: attack")
    project.git.write(".kittify/missions/plan/mission.yaml", ours)
    told = project.run("config", "--mission-type", "plan", "--json")
    assert told.code == 1
    assert "'attack.md'" in told.json()["assets"][0]["problem"]


def test_an_unknown_type_names_the_known_ones(project: Project) -> None:
    project.run("config", "--mission-type", "nope", "--json").failed("UNKNOWN_MISSION_TYPE", 1)


def test_migrate_installs_once_and_keeps_what_was_edited(project: Project) -> None:
    user = user_folder()
    assert user is not None
    planned = project.run("migrate", "--dry-run", "--json").ok().json()
    assert not user.exists()
    done = project.run("migrate", "--json").ok().json()
    assert (done["created"], done["changed"]) == (planned["created"], True)
    assert {"templates/tasks.md", "command-templates/next.md", "missions/research/mission.yaml"} <= set(done["created"])
    assert {each["tier"] for each in origins(project).values()} == {"user"}
    before = {path: path.read_bytes() for path in user.rglob("*") if path.is_file()}

    again = project.run("migrate", "--json").ok().json()
    assert (again["created"], again["updated"], again["changed"]) == ([], [], False)
    assert before == {path: path.read_bytes() for path in user.rglob("*") if path.is_file()}

    (user / "templates" / "tasks.md").write_text("# Mine\n")
    (user / "templates" / "task-prompt.md").unlink()
    kept = project.run("migrate", "--json").ok().json()
    assert (kept["kept"], kept["created"]) == (["templates/tasks.md"], ["templates/task-prompt.md"])
    assert (user / "templates" / "tasks.md").read_text() == "# Mine\n"
    assert "templates/tasks.md" in project.run("migrate").ok().out


def test_a_copy_of_another_version_never_hides_what_this_one_brings(project: Project) -> None:
    user = user_folder()
    assert user is not None
    project.run("migrate", "--json").ok()
    text = "---\ndescription: As an older version had it.\n---\n"
    manifest = json.loads((user / "manifest.json").read_text())
    for name in ("command-templates/next.md", "missions/plan/command-templates/gone.md"):
        (user / name).write_text(text)
        manifest["files"][name] = {"sha256": hashlib.sha256(text.encode()).hexdigest(), "version": "0.0.1"}
    (user / "manifest.json").write_text(json.dumps(manifest))
    (user / "templates" / "tasks.md").write_text("# Mine\n")

    found = origins(project, "--mission-type", "plan")
    assert ("command-templates", "gone.md") not in found
    assert found["templates", "tasks.md"]["tier"] == "user"
    assert found["command-templates", "next.md"]["tier"] == "package"
    assert found["command-templates", "next.md"]["outdated"] == [str(user / "command-templates" / "next.md")]
    assert "older copy, passed over" in project.run("config", "--show-origin").ok().out

    done = project.run("migrate", "--json").ok().json()
    assert (done["updated"], done["kept"]) == (["command-templates/next.md"], ["templates/tasks.md"])
    assert {each["tier"] for each in origins(project).values()} == {"user"}


def test_a_kill_in_the_middle_of_migrate_is_made_up_for(project: Project) -> None:
    """Some files are new, some still old, and the manifest says what was there before."""
    user = user_folder()
    assert user is not None
    project.run("migrate", "--json").ok()
    whole = {path: path.read_bytes() for path in user.rglob("*.*") if path.suffix in {".md", ".yaml", ".json"}}
    old = b"# As an older version had it\n"
    manifest = json.loads((user / "manifest.json").read_text())
    for number, name in enumerate(("templates/tasks.md", "templates/mission.md", "templates/research.md")):
        manifest["files"][name] = {"sha256": hashlib.sha256(old).hexdigest(), "version": "0.0.1"}
        if number:
            (user / name).write_bytes(old)
    (user / "manifest.json").write_text(json.dumps(manifest))

    done = project.run("migrate", "--json").ok().json()

    assert (done["updated"], done["kept"]) == (["templates/mission.md", "templates/research.md"], [])
    assert all(path.read_bytes() == content for path, content in whole.items() if path.suffix != ".json")


def test_many_migrate_at_once(project: Project) -> None:
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(project.run_installed, "migrate", "--json") for _ in range(4)]
        done = [each.result().ok().json() for each in asked]
    assert [each["kept"] for each in done] == [[]] * 4
    assert project.run("migrate", "--json").ok().json()["changed"] is False


def test_a_folder_that_leads_out_of_the_project_is_not_looked_through(project: Project) -> None:
    (project.path / ".kittify" / "templates").symlink_to("/")
    project.run("config", "--show-origin", "--json").failed("SYMLINK_REFUSED", 1)


def test_what_all_projects_share_is_not_put_into_a_project(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEC_KITTY_HOME", str(project.path / ".kittify"))
    project.run("migrate", "--json").failed("HOME_IS_A_PROJECT", 1)
    assert project.git.status() == ""


def test_what_a_version_without_a_manifest_left_in_the_home_does_not_count(project: Project) -> None:
    user = user_folder()
    assert user is not None
    folder = user / "missions" / "software-dev"
    (folder / "command-templates").mkdir(parents=True)
    (folder / "mission.yaml").write_text("name: Software Dev Kitty\nversion: 1.0.0\nworkflow: {phases: []}\n")
    (folder / "command-templates" / "plan.md").write_text("Run {SCRIPT}.\n")
    (user / "missions" / "old-own").mkdir()
    (user / "missions" / "old-own" / "mission.yaml").write_text("name: Old\n")
    assert "old-own" not in project.run("mission", "types", "--json").ok().out
    for _ in range(2):
        found = origins(project)
        assert found["mission type", "mission.yaml"]["tier"] == "package"
        assert found["command-templates", "plan.md"]["tier"] in {"package", "user"}
        assert found["command-templates", "plan.md"]["path"] != str(folder / "command-templates" / "plan.md")
        project.run("agent", "mission", "create", f"tea-{len(list(user.iterdir()))}", "--json").ok()
        kept = project.run("migrate", "--json").ok().json()["kept"]
        assert kept == ["missions/software-dev/mission.yaml"]


def test_a_broken_manifest_makes_every_file_the_users_own(project: Project) -> None:
    user = user_folder()
    assert user is not None
    project.run("migrate", "--json").ok()
    (user / "manifest.json").write_text("{")
    assert origins(project)["templates", "tasks.md"]["tier"] == "user"
    project.run("migrate", "--json").failed("MALFORMED_JSON")


def test_it_is_said_once_that_there_is_nothing_of_the_users(project: Project) -> None:
    """Only by a command that writes, only to a project with templates of its own, only before `migrate`."""

    def warned(slug: str) -> list[str]:
        made = project.run("agent", "mission", "create", slug, "--json").ok().json()
        return [each["code"] for each in made["warnings"]]

    assert warned("one") == []
    project.git.write(".kittify/templates/plan.md", "# Ours\n")
    before = sorted(project.path.rglob("*"))
    project.run("config", "--show-origin").ok()
    project.run("mission", "types").ok()
    assert sorted(project.path.rglob("*")) == before
    assert warned("two") == ["GLOBAL_RUNTIME_MISSING"]
    assert warned("three") == []


def test_after_migrate_nothing_is_said(project: Project) -> None:
    project.git.write(".kittify/templates/plan.md", "# Ours\n")
    project.run("migrate").ok()
    made = project.run("agent", "mission", "create", "one", "--json").ok().json()
    assert made["warnings"] == []
