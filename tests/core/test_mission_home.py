"""Missions on branches and in worktrees of their own: whole or not there, and never one on top of another."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.core.test_mission_creation_concurrent import create_at_once
from tests.support import killing, soak
from tests.support.git import Repo
from tests.support.project import Project, Task, write_documents

CREATE = ("agent", "mission", "create", "tea", "--json")


@pytest.fixture
def own(project: Project) -> Project:
    """A project whose missions get branches of their own."""
    give_own_branches(project)
    return project


def give_own_branches(project: Project) -> None:
    config = project.path / ".kittify/config.yaml"
    config.write_text(config.read_text() + "missions: {start_branch: true}\n")
    project.git.commit("missions have branches of their own")


def homes(project: Project) -> dict[str, str]:
    """Folder below `.worktrees` -> branch."""
    listed = project.git("worktree", "list", "--porcelain").split("\n\n")[1:]
    words = (dict(line.split(" ", 1) for line in each.splitlines() if " " in line) for each in listed)
    return {Path(each["worktree"]).name: each.get("branch", "").removeprefix("refs/heads/") for each in words}


def branches(project: Project) -> list[str]:
    return project.git("for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines()


def assert_whole(project: Project, slug: str, base: str = "main") -> None:
    home = Repo(project.path / ".worktrees" / f"{slug}-home")
    folder = home.path / "kitty-specs" / slug
    meta = json.loads((folder / "meta.json").read_text())
    assert (meta["target_branch"], meta["started_from"]) == (f"mission/{slug}", base)
    assert home("log", "--format=%s", f"{base}..HEAD") == f"spec-kitty({slug}): create mission"
    assert home.status() == ""
    events = [json.loads(line) for line in (folder / "mission-events.jsonl").read_text().splitlines()]
    assert [(event["type"], event["data"]["started_from"]) for event in events] == [("mission_created", base)]


def test_two_missions_begin_at_the_branch_one_stands_on_and_neither_switches_it(own: Project) -> None:
    own.git.write("README.md", "my own change\n")
    before = own.git.head()
    first = own.run(*CREATE).ok().json()
    second = own.run("specify", "cup", "--json").ok().json()
    assert first["home"] == str(own.path / ".worktrees/001-tea-home")
    assert (first["target_branch"], first["started_from"]) == ("mission/001-tea", "main")
    assert (first["current_branch"], first["branch_matches_target"]) == ("main", False)
    assert second["mission_slug"] == "002-cup"
    assert homes(own) == {"001-tea-home": "mission/001-tea", "002-cup-home": "mission/002-cup"}
    assert (own.git("branch", "--show-current"), own.git.head()) == ("main", before)
    assert own.git.status() == " M README.md"
    assert_whole(own, "001-tea")
    assert_whole(own, "002-cup")


@pytest.mark.parametrize("config", [False, True])
def test_a_mission_is_not_begun_on_top_of_the_one_whose_home_one_stands_in(project: Project, config: bool) -> None:
    made = project.run(*CREATE, "--start-branch", "feature/tea").ok().json()
    assert project.git("branch", "--show-current") == "feature/tea"
    words = () if config else ("--start-branch", "feature/cup")
    if config:
        path = project.path / ".kittify/config.yaml"
        path.write_text(path.read_text() + "missions: {start_branch: true}\n")
    second = project.run("specify", "cup", *words, "--json").ok().json()
    assert second["started_from"] == "main"
    assert second["target_branch"] == ("mission/002-cup" if config else "feature/cup")
    assert project.git("branch", "--show-current") == "feature/tea", "the first keeps its home"
    assert Path(made["feature_dir"]).is_dir()
    assert project.git("merge-base", "main", second["target_branch"]) == project.git.head("main")
    words = () if config else ("--start-branch", "feature/pot")
    third = project.run("specify", "pot", *words, "--json", cwd=Path(second["home"])).ok().json()
    assert third["started_from"] == "main"


def test_a_mission_is_begun_on_another_where_one_says_so(own: Project) -> None:
    own.run(*CREATE).ok()
    own.run("specify", "cup", "--base", "mission/001-tea", "--json").ok()
    assert_whole(own, "002-cup", "mission/001-tea")
    own.run("specify", "pot", "--base", "no-such", "--json").failed("BRANCH_NOT_FOUND")
    own.run("specify", "pot", "--base", "main", "--target-branch", "main", "--json").failed("USAGE_ERROR", 2)
    plain = own.run("specify", "pot", "--target-branch", "main", "--json").ok().json()
    assert (plain["target_branch"], plain["started_from"]) == ("main", None)


def test_what_stands_in_the_way_is_told_and_nothing_is_left(own: Project) -> None:
    blocked = own.path / ".worktrees/001-tea-home"
    blocked.mkdir(parents=True)
    (blocked / "mine.txt").write_text("mine\n")
    own.run(*CREATE).failed("WORKSPACE_BLOCKED")
    (blocked / "mine.txt").unlink()
    own.git("branch", "mission")
    own.run(*CREATE).failed("BRANCH_EXISTS")
    own.git("branch", "-D", "mission")
    own.git("switch", "-q", "--detach")
    own.run(*CREATE).failed("DETACHED_HEAD")
    own.git("switch", "-q", "main")
    own.git("rm", "-q", "--cached", ".kittify/config.yaml")
    own.git("commit", "-q", "-m", "without the config")
    own.run(*CREATE).failed("PROJECT_NOT_COMMITTED")
    assert (branches(own), homes(own)) == (["main"], {})
    assert not (own.path / ".git/spec-kitty/creating.json").exists()
    own.git("add", ".kittify")
    own.git.commit("with it")
    own.run(*CREATE).ok()


def test_a_protected_branch_is_a_base(own: Project) -> None:
    config = own.path / ".kittify/config.yaml"
    config.write_text(config.read_text() + "protected: [main]\n")
    own.git.commit("protect")
    assert own.run(*CREATE).ok().json()["target_branch"] == "mission/001-tea"


def test_the_mission_is_found_from_everywhere(own: Project) -> None:
    own.run(*CREATE).ok()
    made = own.run("specify", "cup", "--json").ok().json()
    home = Path(made["home"])
    write_documents(Path(made["feature_dir"]), (Task("WP01"),))
    config = home / ".kittify/config.yaml"
    config.write_text(config.read_text() + "protected: [main]\n")
    done = own.run("agent", "mission", "finalize-tasks", "--json", cwd=home).ok().json()
    assert done["detection_method"] == "the folder you are in"
    taken = own.run("agent", "action", "implement", "WP01", "--mission", "2", "--agent", "ada", "--json").ok().json()
    lane = Path(taken["workspace_path"])
    assert lane == own.path / ".worktrees/002-cup-lane-a"
    assert str(home) in Path(taken["prompt_file"]).read_text()
    for folder in (home, lane, lane / "src", home / "kitty-specs/002-cup"):
        folder.mkdir(exist_ok=True)
        assert own.run("status", "--json", cwd=folder).ok().json()["mission_slug"] == "002-cup"
    listed = own.run("mission", "list", "--json").ok().json()
    assert [(each["mission_slug"], each["home"]) for each in listed["missions"]] == [
        ("001-tea", str(own.path / ".worktrees/001-tea-home")),
        ("002-cup", str(home)),
    ]


def test_eight_at_once(own: Project) -> None:
    made = create_at_once(*((own.path, f"tea{number}") for number in range(8)))
    assert sorted(slug[:3] for slug, *_ in made) == [f"00{number}" for number in range(1, 9)]
    for slug, *_ in made:
        assert_whole(own, slug)
    assert own.git.status() == ""


KINDS = {
    "own": ((), ()),
    "target": (("--target-branch", "main"), ("--target-branch", "main")),
    "start": (("--start-branch", "feature/tea"), ("--start-branch", "feature/cup")),
}


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_creation_is_finished_or_cleared_by_the_next(project: Project, tmp_path: Path, kind: str) -> None:
    """At any point: what comes next makes one whole mission, and no branch or worktree is left over."""
    if kind == "own":
        give_own_branches(project)
    asked, other = KINDS[kind]
    words = (*CREATE, "--request", "Tea, please", *asked)
    template = tmp_path / "template"
    shutil.copytree(project.path, template, symlinks=True)
    whole = killing.run(*words, cwd=project.path, scratch=tmp_path)
    assert whole.code == 0, whole.said
    every = [(point, how) for point in whole.points for how in point.hows]
    # Behind this nothing is left to be finished: the same command again makes another mission, as it always does.
    last = max(point.number for point in whole.points if point.kind == "unlink spec-kitty/creating.json")
    for count, (point, how) in enumerate(every if soak.FULL else every[len(every) % 15 :: 15]):
        finished = point.number > last or (point.number == last and how == "after")
        shutil.rmtree(project.path)
        subprocess.run(["cp", "-a", str(template), str(project.path)], check=True)
        ended = killing.run(*words, cwd=project.path, scratch=tmp_path, at=point.number, how=how)
        where = f"{how} {point.number} {point.kind}"
        assert ended.killed, f"{where}\n{ended.said}"
        same = count % 3 < 2 and not finished
        again = project.run(*words) if same else project.run("specify", "cup", *words[4:7], *other)
        if how == "survivor":
            killing.wait_for_survivor(tmp_path)
        made = again.ok().json()["mission_slug"]
        listed = project.run("mission", "list", "--json").ok().json()["missions"]
        slugs = {each["mission_slug"]: each["target_branch"] for each in listed}
        assert made == "001-tea" if same else slugs.keys() <= {"001-tea", made}, where
        assert set(branches(project)) == {"main", *slugs.values()}, where
        if kind == "own":
            assert_whole(project, made)
            assert homes(project) == {f"{slug}-home": f"mission/{slug}" for slug in slugs}, where
        for slug in slugs:
            told = project.run("mission", "info", "--mission", slug, "--json").ok().json()
            assert told["request"] == "Tea, please", where
            assert told["home"], where
        assert not (project.path / ".git/spec-kitty/creating.json").exists(), where
