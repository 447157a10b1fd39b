"""A mission never reads as empty where its files can be seen, and is changed only where they belong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.git import Repo
from tests.support.missions import Mission, finalized_mission
from tests.support.project import Project, Task
from tests.support.stories import obey, one, story

TARGET = "feat/tea"
READERS = (
    "status", "agent tasks status", "agent tasks list-tasks", "mission info", "next", "agent status validate", "why",
    "agent context resolve --action implement",
)  # fmt: skip
WRITERS = (
    "next --agent ada", "agent action implement WP01 --agent ada", "agent action review WP01 --agent ada",
    "agent tasks move-task WP01 --to blocked --agent ada", "agent tasks add-history WP01 --note x --agent ada",
    "agent status emit WP01 --to claimed --actor ada", "agent mission finalize-tasks", "agent mission setup-plan",
    "materialize", "accept", "accept --mode checklist", "merge", "merge --dry-run", "mission promote",
    "agent tasks map-requirements --wp WP01 --refs FR-001", "doctor --reap WP01", "plan", "tasks", "research",
)  # fmt: skip
MOVING = (
    "start-implementation --wp WP01 --actor ada", "transition --wp WP01 --to blocked --actor ada --note x",
    "append-history --wp WP01 --actor ada --note x", "accept-mission --actor ada", "merge-mission",
)  # fmt: skip


@pytest.fixture
def mission(project: Project) -> Mission:
    """A mission planned on a branch of its own, `feat/tea`."""
    project.git("switch", "-q", "-c", TARGET)
    return finalized_mission(project)


def copied_to_main(mission: Mission) -> None:
    """Bring the mission into main as a host does that squashes."""
    git = mission.project.git
    git("switch", "-q", "main")
    git("merge", "-q", "--squash", TARGET)
    git("commit", "-qm", "Tea (#1)")


def deleted(mission: Mission) -> Project:
    """A host squash-merged the branch and deleted it; this is the clone that planned the mission."""
    copied_to_main(mission)
    mission.project.git("branch", "-q", "-D", TARGET)
    return mission.project


def cloned_afterwards(mission: Mission) -> Project:
    """The same, seen from a clone that was made afterwards."""
    return clone(deleted(mission))


def renamed(mission: Mission) -> Project:
    mission.project.git("branch", "-m", TARGET, "feat/coffee")
    return mission.project


def on_the_remote(mission: Mission) -> Project:
    """A clone of all branches that has never checked the mission's out."""
    mission.project.git("switch", "-q", "main")
    return clone(mission.project)


def merged_and_on_the_remote(mission: Mission) -> Project:
    """A clone whose main has an old copy of the mission, too."""
    git = mission.project.git
    copied_to_main(mission)
    git("switch", "-q", TARGET)
    git.write(f"kitty-specs/{mission.slug}/quickstart.md", "# More\n")
    git.commit("more")
    git("switch", "-q", "main")
    return clone(mission.project)


def single_branch(mission: Mission) -> Project:
    """A clone of main alone, which has a copy of the mission."""
    copied_to_main(mission)
    return clone(mission.project, "--single-branch")


def other_branch(mission: Mission) -> Project:
    """The target is there and never had the mission; the branch that one stands on has it."""
    git = mission.project.git
    git("switch", "-q", "-c", "draft")
    git("branch", "-q", "-f", TARGET, "main")
    return mission.project


def sparse(mission: Mission) -> Project:
    mission.project.git("sparse-checkout", "set", "--cone", "src")
    return mission.project


def deleted_in_the_home(mission: Mission) -> Project:
    mission.project.git("rm", "-rq", f"kitty-specs/{mission.slug}")
    return mission.project


def clone(project: Project, *words: str) -> Project:
    path = project.path.with_name("clone")
    project.git("clone", "-q", *words, project.path.as_uri(), str(path))
    return Project(path, Repo(path))


CASES: dict[Callable[[Mission], Project], tuple[str, str]] = {
    deleted: ("checkout", "TARGET_GONE"),
    cloned_afterwards: ("checkout", "TARGET_GONE"),
    renamed: ("checkout", "TARGET_GONE"),
    on_the_remote: ("remote", "TARGET_GONE"),
    merged_and_on_the_remote: ("remote", "TARGET_GONE"),
    single_branch: ("checkout", "TARGET_GONE"),
    other_branch: ("checkout", "TARGET_GONE"),
    sparse: ("target", "SPARSE_CHECKOUT"),
    deleted_in_the_home: ("target", "MISSION_FOLDER_MISSING"),
}
MENDED_BY_NOTHING = {cloned_afterwards}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_it_is_read_wherever_it_is_and_changed_only_after_the_hint(
    mission: Mission, case: Callable[[Mission], Project]
) -> None:
    source, code = CASES[case]
    slug, project = mission.slug, case(mission)
    git = project.git
    whole = case in (deleted, sparse)  # the others differ in where it is found, not in who asks
    for words in READERS if whole else READERS[:1]:
        answer = project.run(*words.split(), "--mission", slug, "--json")
        assert answer.ok().json()["read_from"]["source"] == source, str(answer)
        assert "Warning: " in answer.err, str(answer)
    board = project.run("status", "--mission", slug, "--json").json()
    assert (board["total_wps"], board["by_lane"]["planned"]) == (1, ["WP01"])
    assert "Read from" in project.run("status", "--mission", slug).out
    state = project.run("orchestrator-api", "mission-state", "--mission", slug).ok().json()["data"]
    assert ([each["wp_id"] for each in state["work_packages"]], state["read_from"]["source"]) == (["WP01"], source)
    before, refs = state_of(project), git("for-each-ref")
    for words in WRITERS if whole else WRITERS[:1]:
        refused = project.run(*words.split(), "--mission", slug, "--json").failed(code, 1)
        assert (refused.json()["hint"] is not None) is (case not in MENDED_BY_NOTHING), str(refused)
    for words in MOVING if whole else ():
        refused = project.run("orchestrator-api", *words.split(), "--mission", slug)
        if "policy" not in refused.out:
            assert refused.json()["data"]["reason"] == code, str(refused)
    assert (state_of(project), git("for-each-ref")) == (before, refs)
    told = {each["code"]: each for each in project.run("doctor", "--mission", slug, "--json").json()["findings"]}
    assert told[code]["severity"] == ("warning" if case in MENDED_BY_NOTHING else "error")
    if case not in MENDED_BY_NOTHING:
        obey(project.run("next", "--agent", "ada", "--mission", slug, "--json").failed(code), project.path)
        found = project.run("next", "--agent", "ada", "--mission", slug, "--json").ok().json()
        assert (found["action"], found["wp_id"], found["read_from"]["source"]) == (
            "implement", "WP01", "target" if case is single_branch else "home",
        )  # fmt: skip


def test_what_is_not_published_waits_until_the_mission_can_be_changed(mission: Mission) -> None:
    mission.claim("WP01")
    project, named = deleted(mission), ("--mission", mission.slug, "--json")
    refused = project.run("materialize", *named).failed("TARGET_GONE", 1)
    for words in (("doctor", "log"), ("agent", "status", "validate")):
        found = {each["code"]: each for each in project.run(*words, *named).json()["findings"]}
        assert found["UNPUBLISHED"]["fix"] == refused.json()["hint"]


def state_of(project: Project) -> dict[str, bytes]:
    """What is recorded of missions."""
    folder = project.path / ".git" / "spec-kitty"
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix == ".jsonl"}


def test_what_was_recorded_counts_wherever_the_documents_are(mission: Mission) -> None:
    mission.project.run("agent", "tasks", "move-task", "WP01", "--to", "blocked", "--agent", "ada", "--json").ok()
    project = deleted(mission)
    board = project.run("status", "--json").ok().json()
    assert (board["by_lane"]["blocked"], board["unpublished_events"] > 0) == (["WP01"], True)
    assert [each["read_from"]["source"] for each in project.run("mission", "list", "--json").json()["missions"]] == [
        "checkout"
    ]
    assert "only to be read, " in project.run("mission", "list").out


def test_two_places_that_differ_are_named(mission: Mission) -> None:
    project = merged_and_on_the_remote(mission)
    told = project.run("status", "--mission", mission.slug, "--json").json()["read_from"]
    assert told == {
        "source": "remote",
        "ref": f"origin/{TARGET}",
        "path": None,
        "differs": [{"source": "checkout", "ref": "main", "path": str(project.path)}],
    }
    assert "which differs from" in project.run("status", "--mission", mission.slug).out
    project.git("switch", "-q", TARGET)
    project.git.write(f"kitty-specs/{mission.slug}/quickstart.md", "# Mine\n")
    project.git.commit("mine")
    assert "differs" not in project.run("status", "--mission", mission.slug, "--json").json()["read_from"]
    project.git("switch", "-q", "main")
    differs = project.run("status", "--mission", mission.slug, "--json").json()["read_from"]["differs"]
    assert [each["source"] for each in differs] == ["remote", "checkout"]


def test_a_branch_that_was_deleted_before_it_was_merged_comes_back(mission: Mission) -> None:
    git = mission.project.git
    tip = git.head()
    git("switch", "-q", "main")
    git("branch", "-q", "-D", TARGET)
    refused = mission.project.run("status", "--mission", "tea-timer", "--json").failed("MISSION_NOT_FOUND", 1)
    assert refused.json()["hint"] == f"git -C {mission.project.path} switch -c {TARGET} {tip}"
    obey(refused, mission.project.path)
    assert mission.project.run("status", "--json").ok().json()["total_wps"] == 1


@pytest.mark.parametrize("beside_another", [False, True])
def test_a_mission_whose_branch_was_deleted_is_named_by_all_that_list_missions(
    mission: Mission, *, beside_another: bool
) -> None:
    project, git = mission.project, mission.project.git
    mission.claim("WP01")
    git("switch", "-q", "main")
    git("branch", "-q", "-D", TARGET)
    if beside_another:
        finalized_mission(project, name="other")
    for words in ("status", "mission list", "context list", "context cleanup"):
        answer = project.run(*words.split(), "--json")
        if answer.code == 0:
            assert [each["mission_slug"] for each in answer.json()["broken"]] == [mission.slug], str(answer)
        else:
            assert answer.json()["error_code"] == "MISSION_NOT_FOUND", str(answer)
        shown = project.run(*words.split())
        assert mission.slug in shown.out + shown.err, str(shown)
    found = project.run("doctor", "--json").json()["findings"]
    assert [each["code"] for each in found if mission.slug in each["message"]] == ["MISSION_NOT_FOUND"]


def test_a_mission_that_was_finished_or_removed_is_not_missed(mission: Mission) -> None:
    project, git = mission.project, mission.project.git
    journal = mission.place.journal
    git("switch", "-q", "main")
    git("branch", "-q", "-D", TARGET)
    for path in journal.parent.glob(f"{journal.stem}.*"):
        path.unlink()
    assert project.run("mission", "list", "--json").ok().json()["broken"] == []
    git("switch", "-q", "-c", "feat/merged")
    one(project, {"a/b.py": "b\n"}, name="merged").merge().ok()
    git("switch", "-q", "main")
    git("branch", "-q", "-D", "feat/merged")
    assert project.run("mission", "list", "--json").ok().json()["broken"] == []


def test_with_several_remotes_the_hint_says_which(mission: Mission) -> None:
    project = on_the_remote(mission)
    project.git("remote", "add", "fork", mission.project.path.as_uri())
    project.git("fetch", "-q", "--all")
    refused = project.run("next", "--agent", "ada", "--mission", mission.slug, "--json").failed("TARGET_GONE")
    assert refused.json()["hint"] == f"git -C {project.path} switch --track origin/{TARGET}"
    obey(refused, project.path)
    project.run("next", "--agent", "ada", "--mission", mission.slug, "--json").ok()


def test_a_mission_that_moved_to_a_renamed_branch_is_found_from_any_other(mission: Mission) -> None:
    git, meta = mission.project.git, mission.folder / "meta.json"
    git("branch", "-m", TARGET, "feat/coffee")
    meta.write_text(meta.read_text(encoding="utf-8").replace(TARGET, "feat/coffee"), encoding="utf-8")
    git.commit("the branch has another name")
    git("switch", "-q", "main")
    board = mission.project.run("status", "--json").ok().json()
    assert (board["total_wps"], board["read_from"]["ref"]) == (1, "feat/coffee")
    mission.project.run("next", "--agent", "ada", "--mission", mission.slug, "--json").ok()


def test_the_hint_tracks_the_remote_that_has_the_mission(mission: Mission) -> None:
    project = on_the_remote(mission)
    project.git("remote", "add", "fork", mission.project.path.as_uri())
    project.git("fetch", "-q", "--all")
    project.git("update-ref", f"refs/remotes/origin/{TARGET}", "main")
    refused = project.run("next", "--agent", "ada", "--mission", mission.slug, "--json").failed("TARGET_GONE")
    assert refused.json()["hint"] == f"git -C {project.path} switch --track fork/{TARGET}"
    obey(refused, project.path)
    project.run("next", "--agent", "ada", "--mission", mission.slug, "--json").ok()


def test_a_bare_repository_gets_a_working_tree(mission: Mission) -> None:
    project = clone(mission.project, "--bare")
    looked = project.run("doctor", "setup", "--json").json()["findings"]
    assert "GIT_FAILED" not in [each["code"] for each in looked]
    said = project.run("accept", "--mission", mission.slug, "--json").failed("TARGET_NOT_CHECKED_OUT")
    project.run("next", "--agent", "ada", "--mission", mission.slug, "--json").ok()  # a worktree of a lane is no home
    again = project.run("accept", "--mission", mission.slug, "--json").failed("TARGET_NOT_CHECKED_OUT")
    assert again.json()["hint"] == said.json()["hint"]
    obey(again, project.path)
    assert project.run("status", "--json").ok().json()["read_from"]["source"] == "home"


def test_a_remote_may_have_a_slash_in_its_name(mission: Mission) -> None:
    mission.project.git("switch", "-q", "main")
    project = clone(mission.project, "--origin", "team/tea")
    board = project.run("status", "--json").ok().json()
    assert (board["total_wps"], board["read_from"]["ref"]) == (1, f"team/tea/{TARGET}")
    obey(project.run("next", "--agent", "ada", "--mission", mission.slug, "--json").failed("TARGET_GONE"), project.path)
    project.run("next", "--agent", "ada", "--mission", mission.slug, "--json").ok()


def test_a_merge_does_not_begin_where_a_sparse_checkout_does_not_keep_the_mission(project: Project) -> None:
    found = story(project, Task("WP01", owns=("src/a/**",)))
    found.do("WP01", src__a__f_txt="a\n")
    found.accept().ok()
    # As where the mission was created there: its files are there until the next switch.
    project.git("config", "core.sparseCheckout", "true")
    project.git("config", "core.sparseCheckoutCone", "true")
    project.git.write(".git/info/sparse-checkout", "/*\n!/*/\n/src/\n")
    refused = found.merge().failed("SPARSE_CHECKOUT", 1)
    assert "SPARSE_CHECKOUT" in found.run("merge", "--dry-run").out
    obey(refused, project.path)
    found.merge().ok()
