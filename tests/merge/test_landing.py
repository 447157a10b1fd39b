"""Missions on a branch of their own land on the one that it began at: one commit, what was merged and nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from specify_cli.merge import intent
from specify_cli.status.models import Lane
from tests.support.git import Repo
from tests.support.github import hosted
from tests.support.project import Project, Task
from tests.support.stories import Story, obey, ready, story


@pytest.fixture
def own(project: Project) -> Project:
    """A project whose missions get branches of their own."""
    config = project.path / ".kittify/config.yaml"
    config.write_text(config.read_text() + "missions: {start_branch: true}\n")
    project.git.commit("missions have branches of their own")
    return project


def home(found: Story) -> Repo:
    return Repo(found.project.path / ".worktrees" / f"{found.slug}-home")


def small(project: Project, name: str = "tea-timer", path: str = "a/f.txt", *, merged: bool = True) -> Story:
    found = story(project, Task("WP01", owns=(f"{path.split('/', maxsplit=1)[0]}/**",)), name=name)
    found.work("WP01", {path: f"{name}\n"})
    found.accept().ok()
    if merged:
        found.merge().ok()
    return found


def subjects(project: Project, span: str = "main") -> list[str]:
    return project.git("log", "--format=%s", span).splitlines()


def assert_over(found: Story) -> None:
    """Nothing of its branches, worktrees and half-made steps is left."""
    kept = ("refs/heads/main", "refs/remotes/", "refs/spec-kitty/merged/", "refs/spec-kitty/canceled/")
    assert [ref for ref in found.refs() if not ref.startswith(kept)] == []
    assert found.git("worktree", "list").count("\n") == 0
    assert intent.pending(found.mission.place.repo) == []
    assert found.git.status() == ""


def test_it_lands_as_one_commit_with_code_and_documents(own: Project) -> None:
    found = ready(own)
    before = subjects(own)
    first = found.merge("--dry-run", "--into", "main").ok().json()
    assert (first["clean"], first["target_branch"], first["unmet"]) == (True, "main", [])
    merged = found.merge().ok().json()
    assert merged["next_step"] == f"spec-kitty merge --into main --mission {found.slug}"
    assert subjects(own) == before, "the user's branch is left alone"
    tip = found.git.head(f"mission/{found.slug}")
    assert found.merge("--into", "main", "--dry-run").ok().json()["unmet"] == []

    done = found.merge("--into", "main").ok().json()

    assert subjects(own) == ["Tea timer", *before]
    changed = [f"kitty-specs/{found.slug}/{name}" for name in ("landing-receipt.json", "meta.json")]
    changed += ["guide.md", f"kitty-specs/{found.slug}/mission-events.jsonl"]
    assert sorted(found.git("diff", "--name-only", tip, "main").splitlines()) == sorted(changed)
    assert (done["landed"], done["landed_from"], done["target_branch"]) == (True, f"mission/{found.slug}", "main")
    assert done["merged_commit"] == found.git.head()
    assert found.git.head(f"refs/spec-kitty/merged/{found.slug}/landed") == tip
    assert_over(found)
    meta = json.loads((own.folder(found.slug) / "meta.json").read_text())
    assert (meta["landed_into"], meta["landed_strategy"]) == ("main", "squash")
    assert found.mission.lane("WP03") is Lane.DONE
    told = found.run("status").ok().json()
    assert (told["lands_on"], told["landed_into"], told["unpublished_events"]) == (None, "main", 0)
    assert own.run("doctor", "merge", "--json").ok().json()["findings"][-1]["code"] == "RECEIPTS"
    again = found.merge("--into", "main").ok().json()
    assert (again["already_merged"], again["landed"]) == (True, True)


def test_one_call_merges_and_lands_as_two_recorded_steps(own: Project) -> None:
    found = ready(own, accepted=False)
    before = found.refs()
    found.merge("--into", "main").failed("NOT_ACCEPTED")
    assert found.refs() == before
    found.accept().ok()
    done = found.merge("--into", "main").ok().json()
    assert done["merged_wps"] == ["WP01", "WP02", "WP03", "WP04", "WP05"]
    folder = own.folder(found.slug)
    receipts = [json.loads((folder / f"{name}-receipt.json").read_text()) for name in ("merge", "landing")]
    assert [each["target"]["branch"] for each in receipts] == [f"mission/{found.slug}", "main"]
    events = [json.loads(line) for line in (folder / "mission-events.jsonl").read_text().splitlines()]
    closed = [event["data"]["outcome"] for event in events if event["type"] == "mission_closed"]
    assert closed == ["merged", "landed"]
    assert_over(found)


def test_with_the_strategy_merge_the_history_goes_along(own: Project) -> None:
    found = small(own)
    tip = found.git.head(f"mission/{found.slug}")
    found.merge("--into", "main", "--strategy", "rebase").failed("USAGE_ERROR", 2)
    found.merge("--into", "main", "--strategy", "merge").ok()
    assert found.git("rev-parse", "main^2") == tip
    assert_over(found)


@pytest.mark.parametrize("stand", ["elsewhere", "home", "moved"])
def test_wherever_one_stands_and_whatever_else_is_open(own: Project, tmp_path: Path, stand: str) -> None:
    first, second = small(own, "tea", "a/f.txt"), small(own, "cup", "b/f.txt")
    if stand == "elsewhere":
        own.git("switch", "-q", "-c", "other")
    where = home(first).path if stand == "home" else own.path
    own.git.write("mine.txt", "the user's own\n")
    for found in (first, second):
        found.run("merge", "--into", "main", cwd=where if where.exists() else own.path).ok()
    assert subjects(own)[:2] == ["Cup", "Tea"]
    assert set(first.files()) >= {"a/f.txt", "b/f.txt"}
    assert own.git.status() == "?? mine.txt"
    assert own.git("branch", "--format=%(refname:short)").split() == (
        ["main", "other"] if stand == "elsewhere" else ["main"]
    )


def test_what_nobody_reviewed_does_not_land(own: Project) -> None:
    found = small(own)
    repo = home(found)
    repo.commit("a word in the documents", **{f"kitty-specs/{found.slug}/notes.md": "a note\n"})
    repo.commit("slipped in", sly_txt="sly\n")
    own.git.commit("meanwhile", main_txt="main\n")
    repo("merge", "-q", "--no-edit", "main")
    error = found.merge("--into", "main").failed("UNREVIEWED_COMMITS").json()
    assert "slipped in, Ada" in error["details"]["unmet"][0]["what"]
    assert "sly.txt" in error["details"]["unmet"][0]["what"]
    told = found.run("why").ok().json()
    assert [each["code"] for each in told["unmet"]] == ["UNREVIEWED_COMMITS"]
    assert found.merge("--into", "main", "--dry-run").ok().json()["unmet"][0]["code"] == "UNREVIEWED_COMMITS"
    assert error["hint"].startswith(f"git -C {repo.path} revert --no-edit ")
    repo(*error["hint"].split()[3:])
    found.merge("--into", "main").ok()
    assert "sly.txt" not in found.files()
    assert found.git("show", f"main:kitty-specs/{found.slug}/notes.md") == "a note"


def test_a_merge_resolved_by_hand_and_a_change_before_the_merge_do_not_land_unseen(own: Project) -> None:
    found = story(own, Task("WP01", owns=("a/**",)), Task("WP02", owns=("docs/**",), mode="planning_artifact"))
    found.work("WP01", {"a/f.txt": "a\n"})
    found.mission.claim("WP02")
    home(found).commit("the guide", **{"docs/guide.md": "# Guide\n"})
    found.approve("WP02")
    own.git.commit("meanwhile", readme_txt="main\n")
    home(found).commit("mine", readme_txt="mission\n")
    home(found)("merge", "-q", "--no-edit", "-s", "ours", "main")
    found.accept().ok()
    found.merge().ok()
    error = found.merge("--into", "main").failed("UNREVIEWED_COMMITS").json()
    what = error["details"]["unmet"][0]["what"]
    assert "readme.txt" in what
    assert "guide" not in what


def test_a_change_that_is_on_the_branch_already_is_no_matter(own: Project) -> None:
    found = small(own)
    repo = home(found)
    repo.commit("useful", useful_txt="useful\n")
    found.merge("--into", "main").failed("UNREVIEWED_COMMITS")
    own.git("cherry-pick", repo.head())
    found.merge("--into", "main").ok()
    assert_over(found)


def test_a_conflict_is_resolved_in_a_worktree_of_its_own(own: Project) -> None:
    found = small(own)
    own.git.commit("meanwhile", **{"a/f.txt": "the target's\n"})
    before = found.refs()
    assert found.merge("--into", "main", "--dry-run").failed("MERGE_CONFLICT").json()["clean"] is False
    error = found.merge("--into", "main").failed("MERGE_CONFLICT").json()
    assert {ref: tip for ref, tip in found.refs().items() if "merging" not in ref} == before
    found.merge("--into", "main").failed("MERGE_UNDER_WAY")
    found.merge("--abort").ok()
    assert found.refs() == before
    tree = Repo(Path(found.merge("--into", "main").failed("MERGE_CONFLICT").json()["details"]["worktree"]))
    assert error["details"]["worktree"] == str(tree.path)
    found.merge("--resume").failed("MERGE_UNRESOLVED")
    tree.write("a/f.txt", "both\n")
    tree("add", "a/f.txt")
    own.git.commit("and more", more_txt="more\n")
    done = found.merge("--resume").ok().json()
    assert done["landed"] is True
    assert subjects(own)[:3] == ["Tea timer", "and more", "meanwhile"]
    assert found.files()["a/f.txt"] == "both"
    assert_over(found)
    own.run("doctor", "merge", "--json").ok()


def test_what_stands_in_the_way_comes_all_at_once(own: Project) -> None:
    found = small(own)
    (home(found).path / f"kitty-specs/{found.slug}/spec.md").write_text("changed\n")
    own.git.write(".kittify/config.yaml", own.git("show", "main:.kittify/config.yaml") + "\nprotected: [main]\n")
    home(found).write(".kittify/config.yaml", own.git("show", "main:.kittify/config.yaml") + "\nprotected: [main]\n")
    error = found.merge("--into", "main").failed("MERGE_REFUSED").json()
    assert {each["code"] for each in error["details"]["unmet"]} == {"WORKTREE_DIRTY", "PROTECTED_BRANCH"}
    home(found)("checkout", "-q", ".")
    found.merge("--into", "other").failed("TARGET_DIFFERS")
    own.git("checkout", "-q", ".")
    own.git.write("a/f.txt", "the user's\n")
    found.merge("--into", "main").failed("DIRTY_OVERLAP")
    (own.path / "a/f.txt").unlink()
    home(found).write("left.txt", "left in the home\n")
    done = found.merge("--into", "main").ok().json()
    assert [each["code"] for each in done["warnings"]] == ["WORKTREE_KEPT", "BRANCH_KEPT"]
    assert (home(found).path / "left.txt").exists()
    noted = own.run("doctor", "merge", "--json").ok().json()["findings"]
    (home(found).path / "left.txt").unlink()
    assert [each["fix"] for each in noted if each["code"] == "WORKTREE_NOT_NEEDED"] == [
        f"spec-kitty merge --into main --mission {found.slug}"
    ]
    found.merge("--into", "main").ok()
    assert_over(found)
    assert subjects(own).count("Tea timer") == 1


@pytest.mark.parametrize("remote", ["origin", "team/tea"])
@pytest.mark.parametrize("stand", ["main", "other"])
def test_a_branch_that_lacks_what_its_remote_has_is_brought_forward(
    own: Project, tmp_path: Path, stand: str, remote: str
) -> None:
    own.git("init", "-q", "--bare", "-b", "main", str(tmp_path / "remote.git"))
    own.git("remote", "add", remote, str(tmp_path / "remote.git"))
    own.git("push", "-q", "-u", remote, "main")
    found = small(own)
    own.git("clone", "-q", str(tmp_path / "remote.git"), str(tmp_path / "other"))
    other = Repo(tmp_path / "other")
    other.commit("theirs", theirs_txt="theirs\n")
    other("push", "-q")
    own.git("fetch", "-q", remote)
    if stand == "other":
        own.git("switch", "-q", "-c", "other")
    obey(found.merge("--into", "main").failed("TARGET_BEHIND_REMOTE"), own.path)
    found.merge("--into", "main").ok()
    assert {"a/f.txt", "theirs.txt"} <= found.files("main").keys()


def test_a_branch_that_was_protected_meanwhile_is_not_landed_on(own: Project) -> None:
    found = small(own, merged=False)
    before = found.refs()
    config = own.path / ".kittify/config.yaml"
    config.write_text(config.read_text() + "protected: [main]\n")
    found.merge("--into", "main").failed("PROTECTED_BRANCH")
    assert found.refs() == before, "it is not merged into its own branch either"


def test_a_home_that_was_removed_comes_back(own: Project) -> None:
    found = story(own, Task("WP01", owns=("a/**",)))
    found.work("WP01", {"a/f.txt": "a\n"})
    found.git("worktree", "remove", str(home(found).path))
    told = found.run("accept").failed("TARGET_NOT_CHECKED_OUT").json()
    assert " worktree add --force " in told["hint"]
    own.git(*told["hint"].split()[3:])
    found.accept().ok()
    shutil.rmtree(home(found).path)
    own.git(*found.run("accept").failed("TARGET_NOT_CHECKED_OUT").json()["hint"].split()[3:])
    found.merge("--into", "main").ok()
    assert_over(found)


def test_a_mission_without_a_branch_of_its_own_does_not_land_elsewhere(project: Project) -> None:
    found = small(project, merged=False)
    project.git("branch", "other")
    error = found.merge("--into", "other").failed("TARGET_DIFFERS").json()
    assert error["hint"] == f"spec-kitty merge --mission {found.slug}"
    found.merge("--into", "main").ok()


def test_the_step_that_is_left_is_named_everywhere(own: Project) -> None:
    found = small(own)
    command = f"spec-kitty merge --into main --mission {found.slug}"
    assert found.run("status").ok().json()["lands_on"] == "main"
    assert own.run("status", "--json").ok().json()["missions"][0]["lands_on"] == "main"
    listed = own.run("mission", "list").ok().out
    assert f"{found.slug} is merged into mission/{found.slug}; it lands on main by:\n    {command}" in listed
    asked = found.run("next", "--agent", "claude").ok().json()
    assert asked["kind"] == "terminal"
    assert asked["reason"] == f"the mission is merged into mission/{found.slug}; it lands on main by: {command}"
    noted = own.run("doctor", "merge", "--json").ok().json()["findings"]
    assert [each["fix"] for each in noted if each["code"] == "NOT_LANDED"] == [command]
    told = found.run("why").ok().json()
    assert (told["next_move"], told["next_step"]) == ("merge --into main", command)


def test_acceptance_says_the_one_command_that_lands_it(own: Project) -> None:
    found = small(own, merged=False)
    command = f"spec-kitty merge --into main --mission {found.slug}"
    assert found.accept().ok().json()["next_step"] == command
    assert f"Next: {command}" in own.run("accept", "--mission", found.slug).ok().out
    asked = found.run("next", "--agent", "claude").ok().json()
    assert asked["reason"] == f"accepted; merging is a person's decision: {command}"
    own.run(*command.split()[1:]).ok()
    assert_over(found)


def test_where_the_loop_merges_it_lands_too(own: Project) -> None:
    config = own.path / ".kittify/config.yaml"
    text = config.read_text()
    assert text.count("auto: false") == 1
    config.write_text(text.replace("auto: false", "auto: true"))
    own.git.commit("the loop merges")
    found = small(own, merged=False)
    agent = ("next", "--agent", "claude", "--session", "s1")
    step = found.run(*agent).ok().json()
    assert step["action"] == "merge"
    command = f"spec-kitty merge --into main --mission {found.slug} --actor claude --session s1"
    prompt = Path(step["prompt_file"]).read_text(encoding="utf-8")
    assert f"    {command}\n" in prompt
    assert f"spec-kitty merge --mission {found.slug} --actor claude --session s1 --json" in prompt
    found.merge().ok()
    again = found.run(*agent, "--result", "success").ok().json()
    assert (again["action"], again["guard_failures"]) == ("merge", [f"not landed on main yet: {command}"])
    found.merge("--into", "main").ok()
    assert found.run(*agent, "--result", "success").ok().json()["kind"] == "terminal"


def test_the_branches_of_a_mission_on_its_own_are_told(own: Project) -> None:
    ask = ("agent", "mission", "branch-context")
    assert own.run(*ask).ok().out == "on main, missions get a branch of their own and land on main\n"
    assert own.run(*ask, "--json").ok().json()["started_from"] == "main"
    assert own.run(*ask, "--target-branch", "main", "--json").ok().json()["started_from"] is None
    found = story(own, Task("WP01", owns=("a/**",)))
    told = found.run(*ask).ok().json()
    assert (told["current_branch"], told["target_branch"]) == ("main", f"mission/{found.slug}")
    assert told["started_from"] == "main"
    said = own.run(*ask, "--mission", found.slug).ok().out
    assert said == (
        f"on main, missions land on mission/{found.slug}, and from there on main\n  Next: cd {home(found).path}\n"
    )


def test_it_is_pushed_and_a_refused_push_is_gone_on_with(own: Project, tmp_path: Path) -> None:
    own.git("init", "-q", "--bare", "-b", "main", str(tmp_path / "remote.git"))
    own.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    own.git("push", "-q", "-u", "origin", "main")
    found = small(own)
    hook = tmp_path / "remote.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    found.merge("--into", "main", "--push").failed("PUSH_REJECTED")
    hook.unlink()
    done = found.merge("--resume").ok().json()
    assert (done["landed"], done["pushed"]) == (True, True)
    assert Repo(tmp_path / "remote.git").head("main") == own.git.head()
    assert_over(found)


@pytest.mark.parametrize("way", ["merge", "squash"])
def test_what_a_host_has_merged_is_only_cleaned_up(
    own: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    host = hosted(own.git, tmp_path / "host", monkeypatch)
    found = story(own, Task("WP01", owns=("a/**",)))
    found.work("WP01", {"a/f.txt": "a\n"})
    found.accept("--mode", "pr").ok()
    found.merge().ok()
    found.merge("--into", "main").failed("PULL_REQUEST_OPEN")
    host.merges(way=way)
    own.git("pull", "-q", "--no-rebase", "--no-edit")
    head = own.git.head()
    done = found.merge("--into", "main").ok().json()
    assert (done["already_merged"], done["worktrees_removed"]) == (True, [str(home(found).path)])
    assert own.git.head() == head, "the host's merge is the record"
    assert_over(found)


def test_without_commits_of_ours_the_record_is_left_to_the_user(own: Project) -> None:
    config = own.path / ".kittify/config.yaml"
    config.write_text(config.read_text().replace("auto_commit: true", "auto_commit: false"))
    assert "auto_commit: false" in config.read_text()
    own.git.commit("no commits of ours")
    found = story(own, Task("WP01", owns=("a/**",)))
    found.work("WP01", {"a/f.txt": "a\n"})
    found.accept().ok()
    home(found).commit("documents")
    found.merge().ok()
    error = found.merge("--into", "main").failed("WORKTREE_DIRTY").json()
    assert " add -- " in error["hint"]
    home(found).commit("documents")
    found.merge("--into", "main").ok()
    assert subjects(own)[0] == "Tea timer"
    assert "landing-receipt.json" in own.git.status()
