from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

import pytest

from specify_cli.core.mission_creation import (
    KEBAB_CASE_PATTERN,
    MissionCreationError,
    check_slug,
    create_mission_core,
)
from specify_cli.core.project_resolver import PACKAGE
from specify_cli.kernel.errors import Conflict, Refused, SpecKittyError, UsageError
from specify_cli.mission_metadata import validate_meta
from specify_cli.status.reading import read_status
from tests.support.git import Repo, make_repo
from tests.support.limits import run_python
from tests.support.project import Project


class Options(TypedDict, total=False):
    """What a mission may be created with."""

    target_branch: str
    start_branch: str
    base: str
    number: int


SCAFFOLD = PACKAGE / "software-dev" / "templates" / "spec.md"
TEA = """key: tea
title: Tea
description: Make tea.
steps:
  - {name: brew, kind: document, title: Brew, goal: Have tea., command: plan, document: tea.md}
  - {name: accept, kind: accept, title: Taste, goal: Like it., command: accept}
"""
Spoil = Callable[[Repo], None]

CREATE = """
import sys
from pathlib import Path
from specify_cli.core.mission_creation import create_mission_core
from specify_cli.kernel.errors import SpecKittyError
try:
    made = create_mission_core(Path.cwd(), sys.argv[1], start_branch=(sys.argv[2:] or [None])[0])
    print("made", made.mission_slug)
except SpecKittyError as error:
    print(error.code)
"""
KILLED = """
import os
import subprocess
from specify_cli.kernel import files
files.move = lambda *_: os.kill(os.getpid(), 9)
"""


def missions(project: Project) -> list[str]:
    return sorted(path.name for path in (project.path / "kitty-specs").iterdir() if path.is_dir())


def test_a_mission_is_a_folder_an_event_and_a_commit(project: Project) -> None:
    made = create_mission_core(project.path, "tea-timer", actor="claude", session="s1")
    assert (made.mission_slug, made.mission_number, made.target_branch, made.current_branch) == (
        "001-tea-timer",
        "001",
        "main",
        "main",
    )
    folder = project.folder("001-tea-timer")
    assert made.feature_dir == folder
    assert made.created_files == [folder / "meta.json", folder / "spec.md"]
    assert sorted(path.name for path in folder.iterdir()) == ["meta.json", "mission-events.jsonl", "spec.md"]
    assert validate_meta(made.meta) == []
    assert json.loads((folder / "meta.json").read_text()) == made.meta
    assert (made.meta["friendly_name"], made.meta["slug"], made.meta["vcs"]) == ("Tea timer", "tea-timer", "git")
    assert "{{" not in (folder / "spec.md").read_text()
    event = read_status(made.place).mission_events[0]
    assert (event.type, event.actor, event.session) == ("mission_created", "claude", "s1")
    assert event.data["mission_slug"] == "001-tea-timer"
    assert made.committed.commit == project.git.head()
    assert project.git("log", "-1", "--format=%s") == "spec-kitty(001-tea-timer): create mission"
    assert project.git.status() == ""
    assert made.place.mission_journal.exists()


def test_without_an_actor_it_is_the_git_user(project: Project) -> None:
    made = create_mission_core(project.path, "tea-timer")
    assert read_status(made.place).mission_events[0].actor == "user:Ada"


def test_the_document_is_that_of_the_mission_type(project: Project) -> None:
    folder = project.path / ".kittify" / "missions" / "tea"
    project.git.write(".kittify/missions/tea/mission.yaml", TEA)
    before = project.git.status()
    for kind, code in (("tea", "TEMPLATE_NOT_FOUND"), ("no-such-type", "UNKNOWN_MISSION_TYPE")):
        with pytest.raises(SpecKittyError) as told:
            create_mission_core(project.path, "leaves", mission=kind)
        assert told.value.code == code
        assert (missions(project), project.git.status()) == ([], before)
    (folder / "templates").mkdir()
    (folder / "templates" / "tea.md").write_text("# {{title}} ({{mission_slug}})\n")
    made = create_mission_core(project.path, "black-leaves", mission="tea")
    assert made.created_files[1].name == "tea.md"
    assert made.created_files[1].read_text() == "# Black leaves (001-black-leaves)\n"
    assert made.meta["mission_type"] == "tea"


# -- slugs and numbers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", ["a", "tea-timer", "2nd-cup", "a-1-b", "x" * 60, "lane-a", "merge"])
def test_slugs(slug: str) -> None:
    check_slug(slug)
    assert KEBAB_CASE_PATTERN.match(slug)


@pytest.mark.parametrize(
    ("slug", "better"),
    [
        ("", "my-mission"),
        ("Tea Timer", "tea-timer"),
        ("tea--timer", "tea-timer"),
        ("-tea", "tea"),
        ("tea-", "tea"),
        ("../etc/passwd", "etc-passwd"),
        ("..", "my-mission"),
        ("a/b", "a-b"),
        ("th\u00e9", "th"),
        ("tea\n", "tea"),
        ("tea_timer", "tea-timer"),
        ("x" * 61, "x" * 60),
        ("tea-lane-a", "tea"),
        ("tea-merge", "tea"),
        ("tea-orchestrator", "tea"),
        ("$(rm -rf)", "rm-rf"),
    ],
)
def test_what_cannot_name_a_folder_and_a_branch_is_refused(slug: str, better: str, project: Project) -> None:
    before = project.git.head()
    with pytest.raises(UsageError) as told:
        create_mission_core(project.path, slug)
    assert told.value.code == "INVALID_SLUG"
    assert told.value.hint == f"spec-kitty agent mission create {better}"
    check_slug(better)
    assert missions(project) == []
    assert (project.git.head(), project.git.status()) == (before, "")


def test_numbers_go_up_whatever_the_slug(project: Project) -> None:
    assert [create_mission_core(project.path, "tea").mission_slug for _ in range(2)] == ["001-tea", "002-tea"]
    assert create_mission_core(project.path, "cup", number=41).mission_slug == "041-cup"
    assert create_mission_core(project.path, "cup").mission_slug == "042-cup"
    (project.path / "kitty-specs" / "999-by-hand").mkdir()
    assert create_mission_core(project.path, "pot").mission_slug == "1000-pot"


@pytest.mark.parametrize(
    "ref",
    [
        "refs/heads/kitty/mission-007-tea-lane-a",
        "refs/remotes/origin/kitty/mission-007-tea",
        "refs/spec-kitty/merged/kitty/mission-007-tea-lane-a",
    ],
)
def test_a_number_that_a_branch_carries_is_taken(ref: str, project: Project) -> None:
    project.git("update-ref", ref, "HEAD")
    assert create_mission_core(project.path, "cup").mission_number == "008"


@pytest.mark.parametrize("ref", ["refs/heads/elsewhere", "refs/remotes/origin/main"])
def test_a_number_that_lives_on_another_branch_is_taken(ref: str, project: Project) -> None:
    git = project.git
    git("switch", "-q", "-c", "elsewhere")
    git.write("kitty-specs/011-pot/meta.json", "{}")
    git.commit("pot")
    git("switch", "-q", "main")
    git("branch", "-q", "-m", "elsewhere", "scratch")
    git("update-ref", ref, "scratch")
    git("branch", "-q", "-D", "scratch")
    assert create_mission_core(project.path, "cup").mission_number == "012"


def test_a_number_can_be_asked_for_once(project: Project) -> None:
    create_mission_core(project.path, "tea", number=5)
    with pytest.raises(Conflict, match="kitty-specs/005-tea exists already") as told:
        create_mission_core(project.path, "tea", number=5)
    assert told.value.code == "MISSION_EXISTS"
    with pytest.raises(Conflict, match="number 005 is taken by 005-tea") as told:
        create_mission_core(project.path, "cup", number=5)
    assert told.value.code == "MISSION_NUMBER_TAKEN"
    assert not (project.path / "kitty-specs" / "005-cup").exists()
    assert create_mission_core(project.path, "cup", number=4).mission_number == "004"


@pytest.mark.parametrize("ref", ["refs/heads/kitty/mission-011-lost", "refs/remotes/origin/elsewhere"])
def test_a_number_that_another_branch_has_cannot_be_asked_for(ref: str, project: Project) -> None:
    project.git("switch", "-q", "-c", "scratch")
    project.git.commit("there", **{"kitty-specs/011-there/x": "x"})
    project.git("switch", "-q", "main")
    project.git("update-ref", ref, "scratch")
    project.git("branch", "-q", "-D", "scratch")
    with pytest.raises(Conflict) as told:
        create_mission_core(project.path, "cup", number=11)
    assert told.value.code == "MISSION_NUMBER_TAKEN"


# -- targets -----------------------------------------------------------------------------------------------------


def test_the_folder_is_written_where_the_target_is(project: Project, tmp_path: Path) -> None:
    project.git("worktree", "add", "-q", "-b", "side", "../side")
    made = create_mission_core(project.path, "tea", target_branch="side")
    assert made.feature_dir == tmp_path / "side" / "kitty-specs" / "001-tea"
    assert (made.target_branch, made.current_branch) == ("side", "main")
    assert made.committed.commit == project.git.head("side")
    assert missions(project) == []
    assert (project.git.status(), Repo(tmp_path / "side").status()) == ("", "")


def test_a_branch_can_be_started_for_it(project: Project) -> None:
    first = project.git.head()
    project.git.write("README.md", "my own change\n")
    made = create_mission_core(project.path, "tea", start_branch="feature/tea")
    assert (made.target_branch, made.current_branch) == ("feature/tea", "feature/tea")
    assert project.git("branch", "--show-current") == "feature/tea"
    assert project.git.head("main") == first
    assert project.git.head("feature/tea~1") == first
    assert project.git.status() == " M README.md"


def test_from_a_subfolder_and_from_a_linked_tree_it_is_the_same(project: Project, tmp_path: Path) -> None:
    (project.path / "src").mkdir()
    assert create_mission_core(project.path / "src", "tea").feature_dir == project.folder("001-tea")
    project.git("worktree", "add", "-q", "--detach", "../side")
    made = create_mission_core(tmp_path / "side", "cup", target_branch="main")
    assert made.feature_dir == project.folder("002-cup")


def test_spaces_and_unicode_in_names(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "mes th\u00e9s \u8336")
    repo.write(".kittify/config.yaml", "agents: {available: [claude]}\n")
    repo("switch", "-q", "-c", "th\u00e9/\u8336")
    repo.commit("project")
    made = create_mission_core(repo.path, "tea")
    assert made.target_branch == "th\u00e9/\u8336"
    assert made.committed.commit == repo.head()
    assert repo.status() == ""


def _nothing(git: Repo) -> None:
    pass


def _detach(git: Repo) -> None:
    git("switch", "-q", "--detach")


def _kitty(git: Repo) -> None:
    git("branch", "kitty")


def _below(git: Repo) -> None:
    git("branch", "kitty/mission-005-tea/mine")


def _orphan(git: Repo) -> None:
    git("switch", "-q", "--orphan", "island")


def _lane(git: Repo) -> None:
    git("switch", "-q", "-c", "kitty/mission-001-x-lane-a")


def _other(git: Repo) -> None:
    git("branch", "other")


def _protect(git: Repo) -> None:
    git.write(".kittify/config.yaml", "protected: [main]\n")
    git.commit("protect")


def _far(git: Repo) -> None:
    git("update-ref", "refs/remotes/origin/far", "HEAD")


def _malform(git: Repo) -> None:
    git.write(".kittify/config.yaml", "agents: [x\nb: 1\n")
    git.commit("malform")


def _bare_of_project(git: Repo) -> None:
    git("rm", "-q", "-r", ".kittify")
    git.commit("no project")


def _link(git: Repo) -> None:
    git("rm", "-q", "-r", "kitty-specs")
    (git.path.parent / "outside").mkdir()
    (git.path / "kitty-specs").symlink_to(git.path.parent / "outside")
    git.commit("link")


REFUSALS: list[tuple[Spoil, Options, str, str]] = [
    (_detach, {}, "DETACHED_HEAD", "git -C "),
    (_kitty, {}, "BRANCH_EXISTS", "git branch -m kitty old-kitty"),
    (_below, {"number": 5}, "BRANCH_EXISTS", "git branch -m kitty/mission-005-tea/mine"),
    (_orphan, {}, "NO_COMMITS", "git add -A"),
    (_lane, {}, "TARGET_IS_A_LANE", "cd "),
    (_other, {"target_branch": "other"}, "TARGET_NOT_CHECKED_OUT", "git switch other"),
    (_nothing, {"target_branch": "$(id)"}, "BRANCH_NOT_FOUND", "git branch '$(id)'"),
    (_far, {"target_branch": "far"}, "BRANCH_NOT_FOUND", "git -C "),
    (_far, {"base": "far"}, "BRANCH_NOT_FOUND", "git -C "),
    (_other, {"start_branch": "other"}, "BRANCH_EXISTS", "git -C "),
    (_nothing, {"start_branch": "a..b"}, "INVALID_BRANCH", "git "),
    (_protect, {}, "PROTECTED_BRANCH", "spec-kitty agent mission create"),
    (_malform, {}, "MALFORMED_YAML", "git diff"),
    (_bare_of_project, {}, "NOT_INITIALIZED", "spec-kitty init"),
    (_link, {}, "SYMLINK_REFUSED", "ls -l "),
]


@pytest.mark.parametrize(("spoil", "options", "code", "hint"), REFUSALS, ids=[f"{row[2]}-{row[1]}" for row in REFUSALS])
def test_what_stands_in_the_way_is_told_and_nothing_is_left(
    spoil: Spoil, options: Options, code: str, hint: str, project: Project
) -> None:
    spoil(project.git)
    before = (project.git("for-each-ref"), project.git("status", "--porcelain", "--branch"))
    with pytest.raises(SpecKittyError) as told:
        create_mission_core(project.path, "tea", **options)
    assert told.value.code == code
    assert str(told.value.hint).startswith(hint)
    assert (project.git("for-each-ref"), project.git("status", "--porcelain", "--branch")) == before


@pytest.mark.parametrize("spoil", [_kitty, _bare_of_project, _malform, _link])
def test_a_branch_to_start_is_made_only_when_all_is_well(spoil: Spoil, project: Project) -> None:
    spoil(project.git)
    before = (project.git("for-each-ref"), project.git("status", "--porcelain", "--branch"))
    with pytest.raises(SpecKittyError):
        create_mission_core(project.path, "tea", start_branch="feature/tea")
    assert (project.git("for-each-ref"), project.git("status", "--porcelain", "--branch")) == before


def test_no_git_no_commits_no_identity(tmp_path: Path, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(Refused, match="not in a git repository") as told:
        create_mission_core(tmp_path / "plain", "tea")
    assert told.value.code == "NOT_A_GIT_REPOSITORY"
    new = make_repo(tmp_path / "new", commit=False)
    with pytest.raises(MissionCreationError) as told:
        create_mission_core(new.path, "tea")
    assert told.value.code == "NO_COMMITS"
    project.git("clone", "-q", "--bare", str(project.path), str(tmp_path / "bare.git"))
    with pytest.raises(MissionCreationError) as told:
        create_mission_core(tmp_path / "bare.git", "tea")
    assert told.value.code == "NO_WORKING_TREE"
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "no settings"))
    with pytest.raises(Refused) as told:
        create_mission_core(project.path, "tea")
    assert told.value.code == "NO_GIT_IDENTITY"
    assert "git config --global user.email" in str(told.value.hint)
    assert missions(project) == []


# -- half-way ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", [0, 100, 300, 700, 1500])
@pytest.mark.parametrize("start", [(), ("feature/tea",)])
def test_a_full_disk_leaves_a_whole_mission_or_none(room: int, start: tuple[str, ...], project: Project) -> None:
    before = (project.git("for-each-ref"), project.git("branch", "--show-current"))
    said = run_python(CREATE, "tea", *start, cwd=project.path, room=room)
    assert said.returncode == 0, said.stderr
    if said.stdout == "made 001-tea\n":
        written = {path.name: path.read_text() for path in project.folder("001-tea").iterdir()}
        assert validate_meta(json.loads(written["meta.json"])) == []
        assert written["spec.md"].endswith(SCAFFOLD.read_text().splitlines()[-1] + "\n")
        return
    assert said.stdout == "DISK_FULL\n"
    assert missions(project) == []
    assert (project.git("for-each-ref"), project.git("branch", "--show-current")) == before
    assert project.git.status() == ""
    assert not list((project.path / ".kittify").rglob("creating-*"))


def test_the_draft_of_one_that_was_killed_goes_with_the_next(project: Project) -> None:
    assert run_python(KILLED + CREATE, "tea", cwd=project.path).returncode == -9
    runtime = project.path / ".kittify" / "runtime"
    (draft,) = runtime.glob("creating-*")
    (runtime / "creating-link").symlink_to(draft)
    create_mission_core(project.path, "tea")
    assert not draft.exists()
    assert missions(project) == ["001-tea"]


@pytest.mark.parametrize("start", [None, "feature/tea"])
def test_a_journal_that_cannot_be_written_leaves_nothing(start: str | None, project: Project) -> None:
    journal = project.path / ".git" / "spec-kitty" / "journal"
    journal.parent.mkdir()
    journal.write_text("no folder")
    with pytest.raises(SpecKittyError):
        create_mission_core(project.path, "tea", start_branch=start)
    assert missions(project) == []
    assert project.git.status() == ""
    assert project.git("branch", "--format=%(refname:short)") == "main"
    journal.unlink()
    assert create_mission_core(project.path, "tea", start_branch=start).mission_slug == "001-tea"


def test_a_read_only_project_is_told(project: Project) -> None:
    locked = [project.path / "kitty-specs", project.path / ".kittify"]
    for folder in locked:
        folder.chmod(0o555)
    said = run_python(CREATE, "tea", cwd=project.path, mortal=True)
    for folder in locked:
        folder.chmod(0o755)
    assert said.stdout == "STATE_READ_ONLY\n", said.stderr
    assert missions(project) == []


def test_a_mission_without_commits_of_ours(project: Project) -> None:
    project.git.write(".kittify/config.yaml", "agents: {auto_commit: false}\n")
    project.git.commit("no commits")
    head = project.git.head()
    made = create_mission_core(project.path, "tea")
    assert made.committed.commit is None
    assert made.committed.warnings == ()
    assert project.git.head() == head
    assert "mission-events.jsonl" in project.git.status()


def test_a_hook_that_refuses_is_a_warning(project: Project) -> None:
    hook = project.path / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no missions on Fridays >&2\nexit 1\n")
    hook.chmod(0o755)
    made = create_mission_core(project.path, "tea")
    assert made.committed.commit is None
    assert [notice.code for notice in made.committed.warnings] == ["COMMIT_FAILED"]
    assert "no missions on Fridays" in made.committed.warnings[0].message
    assert made.feature_dir.is_dir()


@pytest.mark.parametrize("words", [("--target-branch",), ("--base",)])
def test_a_branch_that_only_a_remote_has_is_brought_here_by_the_hint(
    project: Project, tmp_path: Path, words: tuple[str, ...]
) -> None:
    project.git("branch", "far")
    subprocess.run(["git", "clone", "-q", str(project.path), str(tmp_path / "clone")], check=True)
    clone = Project(tmp_path / "clone", Repo(tmp_path / "clone"))
    create = ("agent", "mission", "create", "tea", *words, "far", "--json")
    error = clone.run(*create).failed("BRANCH_NOT_FOUND", 1).json()
    assert "only on a remote, as origin/far" in error["error"]
    subprocess.run(["/bin/sh", "-c", error["hint"]], cwd=clone.path, check=True)
    clone.run(*create).ok()
