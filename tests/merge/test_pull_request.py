"""Missions that go into their target by a pull request: pushed, opened once, merged by the host, recorded here."""

from __future__ import annotations

import json
import shlex
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from specify_cli.kernel.errors import Unavailable
from specify_cli.merge import github
from specify_cli.status.models import Lane
from tests.support.github import Host, hosted
from tests.support.missions import Mission
from tests.support.project import Project, Task, write_documents
from tests.support.stories import Story, ready, story

ONE = Task("WP01", owns=("src/**",))


@pytest.fixture
def host(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    return hosted(project.git, tmp_path / "host", monkeypatch)


def one(project: Project) -> Story:
    """A mission of one approved work package, whose target is main."""
    found = story(project, ONE)
    found.do("WP01", src__a_py="a = 1\n")
    return found


def started(project: Project, branch: str = "feature/tea") -> Story:
    """The same on a branch that was started for it."""
    created = project.run("agent", "mission", "create", "tea-timer", "--start-branch", branch, "--json").ok().json()
    slug = str(created["mission_slug"])
    write_documents(project.folder(slug), (ONE,))
    project.run("agent", "mission", "finalize-tasks", "--mission", slug, "--json").ok()
    found = Story(Mission(project, slug))
    found.do("WP01", src__a_py="a = 1\n")
    return found


def protect(project: Project, branch: str = "main") -> None:
    config = project.path / ".kittify/config.yaml"
    config.write_text(config.read_text() + f"protected: [{branch}]\n")
    project.git.commit("protect")


def head_of(found: Story) -> str:
    return f"kitty/mission-{found.slug}"


def test_a_branch_with_all_of_the_mission_is_pushed_and_its_pull_request_opened(project: Project, host: Host) -> None:
    found = ready(project, accepted=False)
    before = found.refs()
    data = found.accept("--mode", "pr", "--test", "true").ok().json()

    pull = data["pull_request"]
    assert (data["accepted"], data["mode"], pull["stage"], pull["pushed"]) == (True, "pr", "opened", True)
    assert (pull["head"], pull["base"], pull["remote"]) == (head_of(found), "main", "origin")
    assert pull["url"] == "https://github.example/ada/tea/pull/1"
    assert data["next_step"] == f"git pull --no-rebase && spec-kitty merge --mission {found.slug}"
    assert host.tip(head_of(found)) == pull["commit"]
    tree = found.files(pull["commit"])
    assert {"src/one/a.py", "src/two/a.py", "src/three/a.py", "src/five/a.py", "guide.md"} <= set(tree)
    meta = json.loads(found.git("show", f"{pull['commit']}:kitty-specs/{found.slug}/meta.json"))
    assert meta["acceptance_mode"] == "pr", "the record of the acceptance goes along"
    (opened,) = host.pulls()
    assert (opened["baseRefName"], opened["title"]) == ("main", "Tea timer")
    assert "- WP03 Work of WP03, reviewed by `ada`\n" in opened["body"]
    assert "`true`: passed" in opened["body"]
    assert Path(pull["body_file"]).read_text(encoding="utf-8") == opened["body"]
    assert found.git.status() == ""
    changed = {name for name, tip in found.refs().items() if before.get(name) != tip}
    assert changed == {"refs/heads/main", f"refs/remotes/origin/{head_of(found)}", f"refs/spec-kitty/pull/{found.slug}"}


@pytest.mark.parametrize("way", ["merge", "squash"])
def test_what_the_host_merged_is_recorded_and_cleaned_up(project: Project, host: Host, way: str) -> None:
    found = ready(project, accepted=False)
    found.accept("--mode", "pr").ok()
    error = found.merge().failed("PULL_REQUEST_OPEN", 1).json()
    assert "git -C" in error["hint"]
    host.merges(way=way)
    project.git("pull", "-q", "--no-rebase", "--no-edit")

    done = found.merge().ok().json()

    assert done["merged_wps"] == ["WP01", "WP02", "WP03", "WP04", "WP05"]
    assert done["pull_request"] is None
    assert found.mission.lane("WP03") is Lane.DONE
    assert not [name for name in found.refs() if name.startswith(("refs/heads/kitty/", "refs/spec-kitty/pull/"))]
    assert found.files()["src/three/a.py"] == "three = 3"


def test_what_others_changed_after_a_squash_is_no_conflict_with_it(project: Project, host: Host) -> None:
    found = one(project)
    found.accept("--mode", "pr").ok()
    host.merges(way="squash")
    host.clone.write("src/a.py", "a = 'changed since'\n")
    host.clone.commit("the next one")
    host.clone("push", "-q", "origin", "main")
    project.git("pull", "-q", "--no-rebase", "--no-edit")
    assert found.merge("--dry-run").ok().json()["clean"] is True
    found.merge().ok()
    assert found.files()["src/a.py"] == "a = 'changed since'"
    assert found.mission.lane("WP01") is Lane.DONE


def test_work_after_the_pull_request_is_not_taken_for_merged(project: Project, host: Host) -> None:
    found = one(project)
    found.accept("--mode", "pr").ok()
    host.merges(way="squash")
    project.git("pull", "-q", "--no-rebase", "--no-edit")
    found.worktree("WP01").commit("too late", late_txt="late\n")
    assert "PULL_REQUEST_OPEN" in [each["code"] for each in found.merge().failed().json()["details"]["unmet"]]
    found.review_again("WP01")
    second = found.accept("--mode", "pr").ok().json()["pull_request"]
    assert (second["stage"], second["url"]) == ("opened", "https://github.example/ada/tea/pull/2")


def test_delivering_twice_pushes_and_opens_nothing(project: Project, host: Host) -> None:
    found = one(project)
    first = found.accept("--mode", "pr").ok().json()["pull_request"]
    again = found.accept().ok().json()
    assert again["already_accepted"] is True
    assert again["mode"] == "pr", "without a mode the last one counts"
    assert (again["pull_request"]["stage"], again["pull_request"]["pushed"]) == ("open", False)
    assert (again["pull_request"]["url"], again["pull_request"]["commit"]) == (first["url"], first["commit"])
    assert len(host.pulls()) == 1


@pytest.mark.parametrize(("when", "stage"), [("before", "opened"), ("after", "open")])
def test_killed_while_it_is_opened_it_is_opened_once(project: Project, host: Host, when: str, stage: str) -> None:
    found = one(project)
    words = ("accept", "--mode", "pr", "--mission", found.slug, "--json")
    host.kills(when)
    assert project.run_installed(*words).code == -9
    host.spares()
    assert project.run_installed(*words).ok().json()["pull_request"]["stage"] == stage
    assert len(host.pulls()) == 1


def test_of_several_at_once_one_opens_it(project: Project, host: Host) -> None:
    found = one(project)
    words = ("accept", "--mode", "pr", "--mission", found.slug, "--json")
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: project.run_installed(*words), range(4)))
    stages = sorted(result.ok().json()["pull_request"]["stage"] for result in results)
    assert stages == ["open", "open", "open", "opened"]
    assert len(host.pulls()) == 1
    assert {result.json()["pull_request"]["commit"] for result in results} == {host.tip(head_of(found))}
    assert [each.type for each in found.mission.status.mission_events].count("accepted") == 1


def test_later_work_is_pushed_onto_the_same_branch(project: Project, host: Host) -> None:
    found = one(project)
    first = found.accept("--mode", "pr").ok().json()["pull_request"]["commit"]
    found.worktree("WP01").commit("what the pull request's readers asked for", src_b_py="b = 2\n")
    found.review_again("WP01")
    project.git.commit("meanwhile on main", other_txt="other\n")
    second = found.accept("--mode", "pr").ok().json()["pull_request"]
    assert (second["stage"], second["pushed"]) == ("open", True)
    assert project.git("merge-base", first, second["commit"]) == first, "a fast-forward"
    assert {"src.b.py", "other.txt"} <= set(found.files(second["commit"]))
    assert len(host.pulls()) == 1


def test_canceled_work_leaves_the_pull_request(project: Project, host: Host) -> None:
    found = story(project, Task("WP01", owns=("a/**",)), Task("WP02", owns=("b/**",)))
    found.do("WP01", a__f_txt="a\n")
    found.do("WP02", b__f_txt="b\n")
    first = found.accept("--mode", "pr").ok().json()["pull_request"]["commit"]
    assert {"a/f.txt", "b/f.txt"} <= set(found.files(first))
    found.mission.force("WP02", Lane.CANCELED)
    second = found.accept("--mode", "pr").ok().json()["pull_request"]["commit"]
    assert "b/f.txt" not in found.files(second)
    assert project.git("merge-base", first, second) == first


def test_without_gh_the_text_is_kept_and_the_way_told(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = hosted(project.git, tmp_path / "host", monkeypatch, gh=False)
    found = one(project)
    data = found.accept("--mode", "pr").ok().json()["pull_request"]
    assert (data["stage"], data["url"]) == ("pushed", None), "the remote is a folder, which has no page"
    assert host.has(head_of(found))
    said = project.run("accept", "--mission", found.slug).out
    line = next(each for each in said.splitlines() if "open it" in each)
    words = shlex.split(line.partition("open it")[2])
    assert words[:3] == ["gh", "pr", "create"]
    assert f"--body-file={data['body_file']}" in words


def test_gh_that_fails_is_told_and_nothing_is_lost(project: Project, host: Host) -> None:
    found = one(project)
    host.breaks("To get started with GitHub CLI, please run:  gh auth login\n")
    error = found.accept("--mode", "pr").failed("PULL_REQUEST_FAILED", 1).json()
    assert "gh auth login" in error["error"]
    assert error["hint"].startswith("gh pr create --base=main")
    assert host.has(head_of(found))
    assert found.mission.place.meta["acceptance_mode"] == "pr"
    host.mends()
    assert found.accept().ok().json()["pull_request"]["stage"] == "opened"


def test_gh_of_another_host_is_as_none(project: Project, host: Host) -> None:
    found = one(project)
    host.breaks("none of the git remotes configured for this repository point to a known GitHub host\n")
    assert found.accept("--mode", "pr").ok().json()["pull_request"]["stage"] == "pushed"


def test_a_pull_request_that_somebody_opened_in_this_moment_is_found(project: Project, host: Host) -> None:
    found = one(project)
    wanted = github.Wanted("main", head_of(found), "", "Tea", found.mission.folder / "spec.md")
    first = github.pull_request(project.path, wanted)
    assert first is not None
    assert github._open(project.path, wanted) == github.Found(first.url)


@pytest.mark.parametrize("answer", ["nonsense", "{}", "[1]", '[{"url": "x"}]'])
def test_an_answer_of_gh_that_means_nothing(project: Project, tmp_path: Path, answer: str) -> None:
    script = tmp_path / "gh"
    script.write_text(f"#!/bin/sh\necho '{answer}'\n")
    with pytest.MonkeyPatch.context() as patched:
        script.chmod(0o755)
        patched.setenv("PATH", str(tmp_path))
        wanted = github.Wanted("main", "topic", "c1", "Tea", tmp_path / "body.md")
        if answer == "{}":
            assert github.pull_request(project.path, wanted) == github.Found("", opened=True)
        else:
            with pytest.raises(Unavailable, match="cannot be read"):
                github.pull_request(project.path, wanted)


def test_hostile_words_stay_words(project: Project, host: Host) -> None:
    found = story(project, ONE)
    spec = found.mission.folder / "spec.md"
    spec.write_text("# Spec\n\n```\n## Goal\n$(touch /tmp/x) `rm` <!-- \x1b[31m\n\n" + spec.read_text(), "utf-8")
    meta = found.mission.folder / "meta.json"
    data = json.loads(meta.read_text())
    data["friendly_name"] = '--web\n"; $(touch owned) `touch owned` \u202e' + "x" * 300
    meta.write_text(json.dumps(data))
    found.do("WP01", src__a_py="a = 1\n")
    found.accept("--mode", "pr", "--lenient").ok()
    (opened,) = host.pulls()
    assert opened["title"].startswith('--web "; $(touch owned)')
    assert "\n" not in opened["title"]
    assert len(opened["title"]) <= 120
    assert not any(mark in opened["title"] + opened["body"] for mark in ("\x1b", "\u202e"))
    assert not list(project.path.rglob("owned"))


@pytest.mark.parametrize("protected", [True, False])
def test_without_a_remote_nothing_is_recorded(project: Project, protected: bool) -> None:
    found = one(project)
    if protected:
        protect(project)
    found.accept(*(() if protected else ("--mode", "pr"))).failed("NO_REMOTE", 1)
    assert not found.mission.place.meta.get("accepted_at")


def test_a_remote_that_does_not_answer(project: Project, host: Host) -> None:
    found = one(project)
    project.git("remote", "set-url", "origin", str(host.folder / "gone.git"))
    found.accept("--mode", "pr").failed("REMOTE_UNREACHABLE", 1)
    assert found.mission.place.meta["acceptance_mode"] == "pr"


def test_a_target_that_the_remote_does_not_have(project: Project, host: Host) -> None:
    project.git("switch", "-q", "-c", "develop", "--no-track")
    found = one(project)
    error = found.accept("--mode", "pr").failed("BASE_NOT_ON_REMOTE", 1).json()
    assert error["hint"].endswith("push origin develop")
    project.git("push", "-q", "origin", "develop")
    assert found.accept().ok().json()["pull_request"]["base"] == "develop"


def test_commits_of_others_on_the_branch_are_not_overwritten(project: Project, host: Host) -> None:
    found = one(project)
    found.accept("--mode", "pr").ok()
    theirs = host.clone
    theirs("fetch", "-q")
    theirs("switch", "-q", head_of(found))
    theirs.commit("a suggestion", suggestion_txt="x\n")
    theirs("push", "-q", "origin", head_of(found))
    found.worktree("WP01").commit("more", more_txt="more\n")
    found.review_again("WP01")
    error = found.accept("--mode", "pr").failed("PUSH_REJECTED", 1).json()
    assert "fetch origin" in error["hint"]
    assert host.tip(head_of(found)) == theirs.head()


def test_a_protected_target_is_merged_by_the_host_alone(project: Project, host: Host) -> None:
    found = one(project)
    protect(project)
    project.git("push", "-q", "origin", "main")
    found.accept("--mode", "local").ok()
    error = found.merge().failed("PROTECTED_BRANCH", 1).json()
    assert error["hint"] == f"spec-kitty accept --mode pr --mission {found.slug}"
    forecast = found.merge("--dry-run").ok().json()
    assert [each["code"] for each in forecast["unmet"]] == ["PROTECTED_BRANCH"]
    found.accept("--mode", "pr").ok()
    found.merge().failed("PULL_REQUEST_OPEN")
    host.merges()
    project.git("pull", "-q", "--no-rebase", "--no-edit")
    found.merge().ok()
    assert found.mission.lane("WP01") is Lane.DONE


def test_on_a_protected_target_the_way_is_clear_without_a_mode(project: Project, host: Host) -> None:
    found = one(project)
    protect(project)
    assert found.accept().ok().json()["pull_request"]["stage"] == "opened"


def test_a_pull_request_can_be_given_up_for_a_merge_here(project: Project, host: Host) -> None:
    found = one(project)
    found.accept("--mode", "pr").ok()
    assert found.accept("--mode", "local").ok().json()["pull_request"] is None
    found.merge().ok()


def test_a_branch_that_was_started_for_the_mission(project: Project, host: Host) -> None:
    found = started(project)
    data = found.accept("--mode", "pr").ok().json()
    assert (data["pull_request"]["stage"], data["next_step"]) == (
        "unmerged",
        f"spec-kitty merge --mission {found.slug}",
    )
    assert host.pulls() == []

    done = found.merge().ok().json()

    pull = done["pull_request"]
    assert (pull["stage"], pull["head"], pull["base"]) == ("opened", "feature/tea", "main")
    assert host.tip("feature/tea") == found.git.head("feature/tea") == pull["commit"]
    meta = json.loads(found.git("show", f"{pull['commit']}:kitty-specs/{found.slug}/meta.json"))
    assert meta["merged_into"] == "feature/tea"
    assert found.git.head("main") == host.tip("main")
    again = found.merge().ok().json()["pull_request"]
    assert (again["stage"], again["pushed"], len(host.pulls())) == ("open", False, 1)
    host.merges(way="squash")
    assert found.merge().ok().json()["pull_request"]["stage"] == "merged"
    project.git("switch", "-q", "main")
    project.git("pull", "-q")
    project.git("branch", "-q", "-D", "feature/tea")
    board = found.run("status").ok().json()
    assert (board["merged_at"] is not None, board["by_lane"]["done"], board["unpublished_events"]) == (
        True,
        ["WP01"],
        0,
    )
    assert [each["state"] for each in project.run("mission", "list", "--json").json()["missions"]] == ["merged"]
    assert project.git.status() == ""


def test_a_started_branch_that_was_merged_without_a_word_of_it(project: Project, host: Host) -> None:
    found = started(project)
    found.accept().ok()
    assert found.merge().ok().json()["pull_request"] is None
    assert not host.has("feature/tea")
    assert found.accept("--mode", "pr").ok().json()["pull_request"]["stage"] == "opened"
    assert host.has("feature/tea")


def test_a_started_branch_of_a_protected_one_goes_by_a_pull_request(project: Project, host: Host) -> None:
    protect(project)
    project.git("push", "-q", "origin", "main")
    project.run("agent", "mission", "create", "tea-timer", "--json").failed("PROTECTED_BRANCH")
    found = started(project)
    assert found.accept().ok().json()["mode"] == "pr"
    assert found.merge().ok().json()["pull_request"]["base"] == "main"


def test_a_branch_started_where_the_remote_has_none_goes_into_its_default(project: Project, host: Host) -> None:
    project.git("switch", "-q", "-c", "mine")
    found = started(project)
    found.accept("--mode", "pr").ok()
    assert found.merge().ok().json()["pull_request"]["base"] == "main"


def test_a_push_that_is_refused_after_the_merge_is_made_good_later(project: Project, host: Host) -> None:
    found = started(project)
    found.accept("--mode", "pr").ok()
    hook = host.origin / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho policy says no >&2\nexit 1\n")
    hook.chmod(0o755)
    error = found.merge().failed("PUSH_REJECTED").json()
    assert "policy says no" in error["error"]
    assert found.mission.lane("WP01") is Lane.DONE
    hook.unlink()
    assert found.merge().ok().json()["pull_request"]["stage"] == "opened"


def test_a_branch_is_pushed_under_its_own_name_whatever_it_follows(project: Project, host: Host) -> None:
    project.git("switch", "-q", "-c", "topic", "--track", "origin/main")
    found = one(project)
    before = host.tip("main")
    found.accept().ok()
    assert found.merge("--push").ok().json()["pushed"] is True
    assert host.tip("main") == before
    assert host.tip("topic") == found.git.head("topic")


def test_people_are_told_what_happened(project: Project, host: Host) -> None:
    found = one(project)
    said = project.run("accept", "--mode", "pr", "--mission", found.slug).ok().out
    assert "pull request opened: https://github.example/ada/tea/pull/1" in said
    assert f"Once it is merged there: git pull --no-rebase && spec-kitty merge --mission {found.slug}" in said


def test_a_self_review_is_told_to_the_readers(project: Project, host: Host) -> None:
    found = story(project, ONE)
    found.do("WP01", approve=False, src__a_py="a = 1\n")
    config = project.path / ".kittify/config.yaml"
    config.write_text(config.read_text().replace("self: false", "self: true"))
    project.git.commit("alone")
    words = ("--mission", found.slug, "--agent", "claude")
    project.run("agent", "tasks", "move-task", "WP01", "--to", "for_review", *words).ok()
    project.run("agent", "tasks", "move-task", "WP01", "--to", "approved", *words).ok()
    data = found.accept("--mode", "pr").ok().json()
    assert data["self_reviewed"] == ["WP01"]
    assert "reviewed by `claude` (who also wrote it)" in host.pulls()[0]["body"]


def next_of(found: Story) -> list[str]:
    """What the loop, the board and the overview name after an acceptance."""
    words = ("--mission", found.slug)
    decision = found.mission.project.run("next", "--agent", "claude", *words, "--json").ok().json()
    assert decision["kind"] == "terminal"
    shown = found.mission.project.run("next", "--agent", "claude", *words).ok().out
    board = found.mission.project.run("status", *words).ok().out
    listed = found.mission.project.run("mission", "info", *words).ok().out
    return [decision["reason"], *(each.splitlines()[-1] for each in (shown, board, listed))]


@pytest.mark.parametrize("auto", [False, True])
def test_what_a_host_merges_is_pulled_before_it_is_recorded(host: Host, project: Project, auto: bool) -> None:
    found = one(project)
    if auto:
        config = project.path / ".kittify/config.yaml"
        config.write_text(config.read_text().replace("auto: false", "auto: true"))
        project.git.commit("merge by itself")
    found.accept("--mode", "pr").ok()
    told = f"git pull --no-rebase && spec-kitty merge --mission {found.slug}"
    assert [said for said in next_of(found) if not said.endswith(told)] == []


def test_a_branch_of_its_own_is_merged_into_before_it_is_pushed(host: Host, project: Project) -> None:
    found = started(project)
    found.accept("--mode", "pr").ok()
    told = next_of(found)
    assert [said for said in told if not said.endswith(f" spec-kitty merge --mission {found.slug}")] == []
    assert "git pull" not in "".join(told)
