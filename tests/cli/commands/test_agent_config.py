"""`agent config …`: the settings say which agents, the files follow, and nobody's edit is lost."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from specify_cli.core import manifest as manifests
from specify_cli.core.agent_table import AGENTS
from specify_cli.core.agents import render
from specify_cli.core.mission_types import DEFAULT_TYPE
from specify_cli.core.templates import shipped_commands
from specify_cli.kernel.config import parse_config
from tests.support import killing
from tests.support.project import Project

COMMANDS = shipped_commands(DEFAULT_TYPE)
PLAN = ".claude/commands/spec-kitty.plan.md"
FORMER = ".codex/prompts/spec-kitty.{command}.md"
OVERRIDE = ".kittify/overrides/command-templates/plan.md"


def config(project: Project, *words: str) -> dict[str, Any]:
    """Run `agent config …`."""
    return project.run("agent", "config", *words, "--json").ok().json()


def agents(project: Project) -> tuple[str, ...]:
    """What the settings say."""
    return parse_config((project.path / ".kittify/config.yaml").read_text(encoding="utf-8")).agents


def installed(project: Project) -> set[str]:
    """Every command file in the project."""
    found = (path.relative_to(project.path) for path in project.path.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if path.parts[0] not in {".git", ".kittify", "kitty-specs", "README.md"}}


def expected(*keys: str, skills: tuple[str, ...] = ()) -> set[str]:
    """Every command file that some agents have."""
    rows = [AGENTS[key].as_skills() if key in skills else AGENTS[key] for key in keys]
    return {row.path(command) for row in rows for command in COMMANDS} | {row.rules for row in rows if row.rules}


def news(project: Project, text: str = "# News\n", agent: str = "claude") -> str:
    """Change the template of a command; what its file says then."""
    template = f"---\ndescription: Ours.\n---\n{text}"
    project.git.write(OVERRIDE, template)
    return render(AGENTS[agent], template, "plan.md")


def version_before(project: Project) -> None:
    """Give the project the files that the version before this one wrote for Codex."""
    held = project.path / manifests.PATH
    document = json.loads(held.read_text())
    for path in expected("codex"):
        del document["files"][path]
    shutil.rmtree(project.path / ".codex")
    for command in COMMANDS:
        path, text = FORMER.format(command=command), f"# {command}\n"
        project.git.write(path, text)
        document["files"][path] = {"sha256": manifests.digest(text.encode()), "version": "3.1.0"}
    held.write_text(json.dumps(document))


def test_an_agent_is_added_with_its_files_and_removed_with_them(project: Project) -> None:
    answer = config(project, "add", "gemini,claude")

    assert (answer["added"], answer["agents"], answer["changed"]) == (["gemini"], ["claude", "codex", "gemini"], True)
    assert installed(project) == expected("claude", "codex", "gemini")
    assert not config(project, "add", "gemini")["changed"]
    gone = config(project, "remove", "gemini,codex")
    assert gone["removed"] == ["codex", "gemini"]
    assert installed(project) == expected("claude")
    assert not (project.path / ".gemini").exists()
    assert agents(project) == ("claude",)
    assert not config(project, "remove", "gemini")["changed"]


def test_the_settings_keep_comments_and_unknown_keys(project: Project) -> None:
    path = project.path / ".kittify/config.yaml"
    path.write_text(path.read_text() + "mine: {a: 1}  # ours\n", encoding="utf-8")

    config(project, "add", "opencode")

    text = path.read_text()
    assert "  available: [claude, codex, opencode]\n" in text
    assert text.endswith("mine: {a: 1}  # ours\n")
    assert "# false: spec-kitty never commits" in text


def test_settings_that_we_changed_are_not_edited_and_those_of_a_person_are(project: Project) -> None:
    def edited() -> bool:
        manifest = manifests.read_manifest(project.path)
        assert manifest
        return manifest.is_edited(".kittify/config.yaml", (project.path / ".kittify/config.yaml").read_bytes())

    config(project, "add", "gemini")
    config(project, "set", "auto_commit", "false")
    assert not edited()
    path = project.path / ".kittify/config.yaml"
    path.write_text(path.read_text() + "# mine\n", encoding="utf-8")
    config(project, "remove", "gemini")
    assert edited()
    project.run("init", "--ai", "opencode", "--json").ok()
    assert edited()


def test_skills_are_installed_on_request_alone_and_shared(project: Project) -> None:
    assert not (project.path / ".agents").exists()

    config(project, "add", "amp", "--skills")

    assert installed(project) == expected("claude", "codex", "amp", skills=("amp",))
    assert config(project, "add", "letta,agents")["created_files"] == [], "the same files"
    config(project, "remove", "amp")
    assert installed(project) == expected("claude", "codex", "letta")
    config(project, "set", "skills", "claude")
    assert installed(project) == expected("claude", "codex", "letta", skills=("claude",))
    config(project, "set", "skills", "none")
    assert installed(project) == expected("claude", "codex", "letta")
    project.run("agent", "config", "set", "skills", "gemini", "--json").failed("AGENT_NOT_CONFIGURED", 1)
    project.run("agent", "config", "add", "tabnine", "--skills", "--json").failed("NO_SKILLS", 1)
    assert agents(project) == ("claude", "codex", "letta", "agents")


def test_an_agent_that_has_come_to_read_only_skills_is_asked_for_no_choice(project: Project) -> None:
    path = project.path / ".kittify/config.yaml"
    path.write_text(path.read_text().replace("[claude, codex]", "[claude, codex]\n  skills: [codex, claude]"))

    assert config(project, "add", "gemini")["skills"] == ["claude"]


def test_init_keeps_to_the_layout_that_was_chosen(project: Project) -> None:
    config(project, "add", "claude", "--skills")
    path = project.path / AGENTS["claude"].as_skills().path("plan")
    path.unlink()

    project.run("init", "--json").ok()

    assert installed(project) == expected("claude", "codex", skills=("claude",))


def test_files_of_a_former_layout_are_replaced_and_edited_ones_kept_and_named(project: Project) -> None:
    version_before(project)
    edited = project.path / FORMER.format(command="plan")
    edited.write_text("mine\n", encoding="utf-8")

    answer = config(project, "sync")

    assert set(answer["edited_files"]) == {str(edited)}
    assert installed(project) == expected("claude", "codex") | {FORMER.format(command="plan")}
    assert edited.read_text() == "mine\n"


def test_upgrade_replaces_them_as_well(project: Project) -> None:
    version_before(project)
    edited = project.path / FORMER.format(command="plan")
    edited.write_text("mine\n", encoding="utf-8")
    gone = project.path / FORMER.format(command="merge")
    gone.unlink()
    project.git.commit("A project of the version before")

    answer = project.run("upgrade", "--json").ok().json()

    assert installed(project) == expected("claude", "codex") | {FORMER.format(command="plan")}
    assert "OLD_COMMANDS_KEPT" in {each["code"] for each in answer["warnings"]}
    assert project.run("agent", "config", "sync", "--json").ok().json()["changed"] is False
    assert project.run("upgrade", "--json").ok().json()["changed"] is False


def test_what_to_type_and_what_was_seen_is_listed(project: Project) -> None:
    config(project, "add", "cline")

    rows = {row["key"]: row for row in config(project, "list")["agents"]}

    assert rows["codex"]["typed"] == "$spec-kitty-specify"
    assert rows["codex"]["rules"] == ".codex/rules/spec-kitty.rules"
    assert rows["claude"]["verified"] == AGENTS["claude"].verified
    told = project.run("agent", "config", "list").ok().out
    assert "$spec-kitty-specify" in told
    assert all(len(line) <= 80 for line in told.splitlines())


def test_set_makes_it_exactly_these_agents(project: Project) -> None:
    answer = config(project, "set", "available", "opencode,claude")

    assert (answer["added"], answer["removed"]) == (["opencode"], ["codex"])
    assert agents(project) == ("opencode", "claude")
    assert installed(project) == expected("claude", "opencode")


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        (("add", "emacs"), "UNKNOWN_AGENT", 2),
        (("remove", "emacs"), "UNKNOWN_AGENT", 2),
        (("set", "available", "emacs"), "UNKNOWN_AGENT", 2),
        (("set", "colour", "green"), "INVALID_SETTING", 2),
        (("set", "auto_commit", "perhaps"), "INVALID_SETTING", 2),
    ],
)
def test_a_wrong_word_is_refused_and_changes_nothing(
    project: Project, words: tuple[str, ...], code: str, exit_code: int
) -> None:
    project.run("agent", "config", *words, "--json").failed(code, exit_code)
    assert project.git.status() == ""


@pytest.mark.parametrize(("word", "wanted"), [("false", False), ("OFF", False), ("yes", True)])
def test_whether_the_tool_commits_is_set(project: Project, word: str, wanted: bool) -> None:
    answer = config(project, "set", "auto-commit", word)

    assert (answer["auto_commit"], answer["changed"]) == (wanted, not wanted)
    assert parse_config((project.path / ".kittify/config.yaml").read_text()).auto_commit is wanted


def test_an_agent_of_another_version_can_be_removed(project: Project) -> None:
    path = project.path / ".kittify/config.yaml"
    path.write_text(path.read_text().replace("[claude, codex]", "[claude, future]"), encoding="utf-8")

    assert config(project, "list")["unknown"] == ["future"]
    assert "not known to this version" in project.run("agent", "config", "list").ok().out
    assert config(project, "remove", "future")["agents"] == ["claude"]


def test_removing_an_agent_keeps_what_was_edited(project: Project) -> None:
    mine = project.path / ".codex/skills/spec-kitty-plan/SKILL.md"
    mine.write_text("mine\n", encoding="utf-8")
    project.git.write(".codex/skills/other/SKILL.md", "not ours\n")

    answer = config(project, "remove", "codex")

    assert answer["edited_files"] == [str(mine)]
    assert installed(project) - expected("claude") == {
        ".codex/skills/other/SKILL.md",
        ".codex/skills/spec-kitty-plan/SKILL.md",
    }
    assert "left alone: .codex/skills/spec-kitty-plan/SKILL.md" in project.run("agent", "config", "sync").ok().out


def test_an_edited_file_is_offered_the_news_once_and_never_overwritten(project: Project) -> None:
    path, offer = project.path / PLAN, project.path / f"{PLAN}.new"
    path.write_text("mine\n", encoding="utf-8")
    assert not config(project, "sync")["changed"], "nothing is new"
    text = news(project)

    said = project.run("agent", "config", "sync").ok()
    assert f"{PLAN} was edited and stays" in said.err
    assert f"diff {PLAN} {PLAN}.new" in said.err
    assert (path.read_text(), offer.read_text()) == ("mine\n", text)
    assert (project.path / ".codex/skills/spec-kitty-plan/SKILL.md").read_text() == news(project, agent="codex")

    assert not config(project, "sync")["changed"]
    newer = news(project, "# Newer\n")
    config(project, "sync")
    assert offer.read_text() == newer, "the offer is kept up to date"
    offer.unlink()
    assert not config(project, "sync")["changed"], "what somebody decided against is not offered again"
    assert path.read_text() == "mine\n"


def test_taking_the_news_removes_the_offer(project: Project) -> None:
    path, offer = project.path / PLAN, project.path / f"{PLAN}.new"
    path.write_text("mine\n", encoding="utf-8")
    news(project)
    assert config(project, "sync")["offered_files"] == [str(offer)]

    shutil.copy(offer, path)

    assert config(project, "sync")["removed_files"] == [str(offer)]
    assert config(project, "status")["agents"][0]["edited"] == []


def test_an_offer_that_somebody_edited_is_theirs(project: Project) -> None:
    offer = project.path / f"{PLAN}.new"
    (project.path / PLAN).write_text("mine\n", encoding="utf-8")
    news(project)
    config(project, "sync")
    offer.write_text("half merged\n", encoding="utf-8")
    news(project, "# Newer\n")

    answer = config(project, "sync")

    assert offer.read_text() == "half merged\n"
    assert set(answer["edited_files"]) == {str(project.path / PLAN), str(offer)}


def test_a_file_of_a_person_in_our_place_is_theirs(project: Project) -> None:
    mine = project.git.write(".gemini/commands/spec-kitty.plan.toml", "prompt = 'mine'\n")

    answer = config(project, "add", "gemini")

    assert mine.read_text() == "prompt = 'mine'\n"
    assert answer["offered_files"] == [f"{mine}.new"]
    assert not config(project, "sync")["changed"]
    config(project, "remove", "gemini")
    assert mine.exists()
    assert not Path(f"{mine}.new").exists()


def test_a_dry_run_tells_and_changes_nothing(project: Project) -> None:
    (project.path / PLAN).unlink()
    project.git.commit("gone")

    answer = config(project, "sync", "--dry-run")

    assert (answer["dry_run"], answer["created_files"]) == (True, [str(project.path / PLAN)])
    assert "would be created  .claude/commands: 1 file" in project.run("agent", "config", "sync", "--dry-run").ok().out
    assert project.git.status() == ""


def test_settings_written_by_hand_are_followed(project: Project) -> None:
    path = project.path / ".kittify/config.yaml"
    path.write_text(path.read_text().replace("[claude, codex]", "[claude, vibe]"), encoding="utf-8")

    config(project, "sync")

    assert installed(project) == expected("claude", "vibe")


def test_status_counts_files_and_programs(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("claude", "gemini"):
        (programs / name).symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(programs))
    (project.path / PLAN).write_text("mine\n", encoding="utf-8")
    gone = project.path / ".codex/skills/spec-kitty-plan/SKILL.md"
    gone.unlink()

    answer = config(project, "status")

    claude, codex = answer["agents"]
    assert (claude["edited"], claude["missing"], claude["program_found"]) == ([str(project.path / PLAN)], [], True)
    assert (codex["missing"], codex["program_found"]) == ([str(gone)], False)
    assert (claude["files"], codex["files"]) == (len(COMMANDS), len(COMMANDS) + 1)
    assert answer["found_programs"] == ["gemini"]
    told = project.run("agent", "config", "status").ok().out
    assert "codex is not on PATH" in told
    assert "Next: spec-kitty agent config sync" in told
    assert all(len(line) <= 80 for line in told.splitlines())


def test_status_names_files_of_agents_that_were_given_up(project: Project) -> None:
    path = project.path / ".kittify/config.yaml"
    path.write_text(path.read_text().replace("[claude, codex]", "[claude]"), encoding="utf-8")

    answer = config(project, "status")

    assert [(each["key"], each["configured"]) for each in answer["agents"]] == [("claude", True), ("codex", False)]
    assert len(answer["left_over"]) == len(COMMANDS) + 1
    told = project.run("agent", "config", "status").ok().out
    assert f"codex        {len(COMMANDS) + 1} files left over, not configured" in told
    assert "Next: spec-kitty agent config sync" in told


def test_a_project_of_an_older_version_is_not_mixed(project: Project) -> None:
    (project.path / ".kittify/manifest.json").unlink()
    for words in (("sync",), ("add", "gemini")):
        project.run("agent", "config", *words, "--json").failed("UPGRADE_NEEDED", 1)
    assert agents(project) == ("claude", "codex")


def test_a_link_out_of_the_project_is_not_written_through(project: Project, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (project.path / ".gemini").symlink_to(tmp_path / "outside")

    project.run("agent", "config", "add", "gemini", "--json").failed("SYMLINK_REFUSED", 1)

    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize(
    "path", ["../outside/spec-kitty.md", "/etc/spec-kitty", ".git/spec-kitty", "a/../../spec-kitty"]
)
def test_a_forged_manifest_removes_nothing_outside(project: Project, path: str) -> None:
    held = project.path / manifests.PATH
    document = json.loads(held.read_text())
    document["files"][path] = {"sha256": manifests.digest(b"x"), "version": "1"}
    held.write_text(json.dumps(document))

    for words in (("agent", "config", "sync"), ("uninstall",)):
        project.run(*words, "--json").failed("MANIFEST_INVALID", 1)


def test_from_a_lane_or_a_subfolder_it_is_the_same_project(project: Project) -> None:
    (project.path / "src").mkdir()

    project.run("agent", "config", "add", "gemini", "--json", cwd=project.path / "src").ok()

    assert agents(project) == ("claude", "codex", "gemini")


def test_eight_at_once_all_count(project: Project) -> None:
    keys = [key for key in AGENTS if key not in {"claude", "codex"}][:5]
    lines = [*(("add", key) for key in keys), ("remove", "codex"), ("sync",), ("sync",)]

    with ThreadPoolExecutor(8) as pool:
        for done in pool.map(lambda words: project.run_installed("agent", "config", *words, "--json"), lines):
            done.ok()

    assert set(agents(project)) == {"claude", *keys}
    assert installed(project) == expected("claude", *keys)
    assert config(project, "sync")["changed"] is False


def test_a_file_for_git_that_somebody_edited_stays_alone(project: Project) -> None:
    project.git.write("kitty-specs/.gitignore", "*.tmp\n")

    assert config(project, "sync")["edited_files"] == [str(project.path / "kitty-specs/.gitignore")]
    assert not (project.path / "kitty-specs/.gitignore.new").exists()
    (project.path / "kitty-specs/.gitignore").unlink()
    assert config(project, "sync")["created_files"] == [str(project.path / "kitty-specs/.gitignore")]


@pytest.mark.parametrize("words", [("add", "gemini"), ("remove", "codex"), ("set", "skills", "claude")])
def test_killed_anywhere_the_next_run_finishes(project: Project, tmp_path: Path, words: tuple[str, ...]) -> None:
    (project.path / PLAN).write_text("mine\n", encoding="utf-8")
    news(project)
    whole = Project(tmp_path / "whole", project.git)
    shutil.copytree(project.path, whole.path)
    points = killing.run("agent", "config", *words, cwd=whole.path, scratch=tmp_path).points
    last = {point.kind.split()[0]: point.number for point in points}
    for number in sorted({*last.values(), len(points) // 3, len(points) // 2}):
        cut = Project(tmp_path / f"cut-{number}", project.git)
        shutil.copytree(project.path, cut.path)
        ended = killing.run("agent", "config", *words, cwd=cut.path, scratch=tmp_path, at=number, how="after")
        assert ended.killed
        config(cut, *words)
        assert installed(cut) == installed(whole)
        assert agents(cut) == agents(whole)
        assert (cut.path / PLAN).read_text() == "mine\n"
        assert config(cut, "sync")["changed"] is False
