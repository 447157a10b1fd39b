"""What is merged is what was reviewed: each way in which a commit went past its reviewer, and the way on from there."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from specify_cli.status.models import Lane
from tests.support.cli import Result
from tests.support.git import Repo
from tests.support.project import Project, Task
from tests.support.stories import Story, one, story

CHAIN = (Task("WP01", owns=("a/**",)), Task("WP02", needs=("WP01",), owns=("b/**",)))


def refusals(said: Result, code: str = "UNREVIEWED_COMMITS") -> list[dict[str, str]]:
    """The unmet conditions of one code."""
    unmet: list[dict[str, str]] = said.failed().json()["details"]["unmet"]
    return [each for each in unmet if each["code"] == code]


def refused_by_both(found: Story, why: str, subject: str | None) -> None:
    """Neither accept nor merge, nor its rehearsal, lets the commits pass; each says why, and who has to review."""
    for said in (found.accept(), found.merge()):
        (told,) = refusals(said)
        assert why in told["what"]
        assert told["subject"] == subject
    forecast = found.merge("--dry-run").json()
    assert "UNREVIEWED_COMMITS" in [each["code"] for each in forecast["unmet"]]
    assert {each["review"] or each["before"] for each in forecast["unreviewed"]} == {subject}
    doctor = found.project.run("doctor", "merge", "--json").json()["findings"]
    assert [each["code"] for each in doctor if each["severity"] == "warning"] == ["UNREVIEWED_COMMITS"]
    assert "UNREVIEWED_COMMITS" in [each["code"] for each in found.run("why").ok().json()["unmet"]]


def test_a_commit_after_the_approval(project: Project) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    found.worktree("WP01").commit("one more thing", late_txt="late\n")
    refused_by_both(found, "(one more thing, Ada <ada@example.org>): after the approval of WP01", "WP01")
    assert refusals(found.accept())[0]["fix"].startswith("spec-kitty agent tasks move-task WP01 --to for_review")
    found.review_again("WP01")
    found.accept().ok()
    found.merge().ok()
    assert found.files()["late.txt"] == "late"


def test_a_commit_during_the_review(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)))
    lane = found.do("WP01", approve=False, a__f_txt="a\n")
    words = ("--mission", found.slug, "--json")
    project.run("agent", "tasks", "move-task", "WP01", "--to", "for_review", "--agent", "claude", *words).ok()
    project.run("agent", "action", "review", "WP01", "--agent", "codex", *words).ok()
    lane.commit("while somebody reads", late_txt="late\n")
    project.run("agent", "tasks", "move-task", "WP01", "--to", "approved", "--agent", "codex", *words)
    assert refusals(found.accept()) or found.mission.lane("WP01") is not Lane.APPROVED


def test_an_amended_commit_is_another_one(project: Project) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    found.worktree("WP01")("commit", "-q", "--amend", "-m", "the same in other words")
    (told,) = refusals(found.accept())
    assert "the same tree as" in told["what"]
    found.review_again("WP01")
    found.accept().ok()
    found.merge().ok()


@pytest.mark.parametrize("first", [True, False])
def test_the_work_of_a_canceled_package_in_a_lane_of_others(project: Project, first: bool) -> None:
    found = story(project, *CHAIN)
    found.do("WP01", a__f_txt="a\n")
    found.do("WP02", b__f_txt="b\n")
    found.mission.force("WP01" if first else "WP02", Lane.CANCELED)
    if first:
        refused_by_both(found, "work of WP01, which is canceled", "WP02")
        review = refusals(found.accept())[0]["fix"]
        assert review.startswith("spec-kitty agent tasks move-task WP02 --to for_review")
        found.run(*shlex.split(review)[1:-2]).ok()
        said = found.run("agent", "action", "review", "WP02", "--agent", "codex").ok().json()
        prompt = Path(said["prompt_file"]).read_text(encoding="utf-8")
        assert ("a/f.txt" in prompt, "b/f.txt" in prompt) == (True, True)
        found.run("agent", "tasks", "move-task", "WP02", "--to", "approved", "--agent", "codex").ok()
        found.accept().ok()
        found.merge().ok()
        assert found.files()["a/f.txt"] == "a"
    else:
        refused_by_both(found, "work of WP02, which is canceled", "WP01")
        found.worktree("WP02")("revert", "--no-edit", "HEAD")
        found.review_again("WP01")
        found.accept().ok()
        found.merge().ok()
        assert "b/f.txt" not in found.files()


def test_a_commit_on_the_mission_branch_itself(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)))
    found.do("WP01", a__f_txt="a\n")
    branch = f"kitty/mission-{found.slug}"
    project.git("worktree", "add", "-q", str(project.path / ".worktrees/aside"), branch)
    Repo(project.path / ".worktrees/aside").commit("straight in", late_txt="late\n")
    refused_by_both(found, f"on {branch} itself", None)
    subprocess.run(["/bin/sh", "-c", refusals(found.accept())[0]["fix"]], cwd=project.path, check=True)
    refused_by_both(found, "after the approval of WP01", "WP01")
    found.review_again("WP01")
    found.accept().ok()
    found.merge().ok()
    assert found.files()["late.txt"] == "late"


def test_work_that_is_canceled_below_is_in_the_review_of_what_was_built_on_it(project: Project) -> None:
    found = story(project, *CHAIN)
    found.do("WP01", a__f_txt="a\n")
    found.do("WP02", approve=False, b__f_txt="b\n")
    began = found.worktree("WP02").head("HEAD~1")
    found.run("agent", "tasks", "move-task", "WP01", "--to", "canceled", "--agent", "claude", "--note", "no").ok()
    found.run("agent", "tasks", "move-task", "WP02", "--to", "for_review", "--agent", "claude").ok()
    handed = found.mission.status.events[-1].workspace or {}
    assert (handed["base"], handed["start"]) == (found.git.head(f"kitty/mission-{found.slug}"), began)
    said = found.run("agent", "action", "review", "WP02", "--agent", "codex").ok().json()
    assert "a/f.txt" in Path(said["prompt_file"]).read_text(encoding="utf-8")
    found.run("agent", "tasks", "move-task", "WP02", "--to", "approved", "--agent", "codex").ok()
    found.accept().ok()


@pytest.mark.parametrize("where", ["nowhere", "info/grafts", "shallow", "refs/replace"])
def test_no_history_that_only_this_clone_tells_hides_a_commit(project: Project, where: str) -> None:
    found = story(project, *CHAIN)
    lane = found.do("WP01", a__f_txt="a\n")
    stray = lane.commit("nobody read this", stray_txt="stray\n")
    begun = found.do("WP02", approve=False, b__f_txt="b\n").head()
    found.git.commit("meanwhile", other_txt="other\n")
    lane("merge", "-q", "--no-edit", "main")
    where_done = {"lane_id": found.lane("WP02").lane_id, "branch": found.branch("WP02")}
    found.approve("WP02", workspace={**where_done, "base": stray, "head": lane.head()})
    if where == "refs/replace":
        found.git("replace", "--graft", begun)
    elif where != "nowhere":
        found.git.write(f".git/{where}", f"{begun}\n")
    if where == "shallow":
        told = found.accept().failed("HISTORY_CUT_OFF").json()
        assert (told["details"]["commits"], told["hint"]) == ([begun], None)
        assert "HISTORY_CUT_OFF" in found.project.run("doctor", "merge", "--json").out
    else:
        (told,) = refusals(found.accept())
        assert "nobody read this" in told["what"]


def test_a_history_that_is_cut_off_in_a_lane_is_named_before_git_is_asked_to_merge_it(project: Project) -> None:
    found = story(project, *CHAIN)
    cut = found.do("WP01", a__f_txt="a\n").head()
    found.do("WP02", b__f_txt="b\n")
    found.git.write(".git/shallow", f"{cut}\n")
    for words in (("accept",), ("why",), ("merge", "--dry-run")):
        told = found.run(*words).failed("HISTORY_CUT_OFF", 1).json()
        assert "(.git/shallow)" in told["error"]


def test_what_git_merges_by_itself_needs_no_review(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)), Task("WP02", owns=("b/**",)))
    found.do("WP01", a__f_txt="a\n")
    found.do("WP02", b__f_txt="b\n")
    found.git.commit("meanwhile", other_txt="other\n")
    found.worktree("WP01")("merge", "-q", "--no-edit", "main")
    found.worktree("WP01")("merge", "-q", "--no-edit", found.branch("WP02"))
    found.accept().ok()
    found.merge().ok()


def test_a_clean_merge_that_says_more_than_its_sides_needs_one(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)))
    lane = found.do("WP01", a__f_txt="a\n")
    found.git.commit("meanwhile", other_txt="other\n")
    lane("merge", "-q", "--no-commit", "--no-ff", "main")
    lane.commit("a merge with something in it", sneaked_txt="in\n")
    refused_by_both(found, "a merge that holds more than git makes of its sides", "WP01")


def test_a_lanes_copy_of_the_missions_folder_does_not_count(project: Project) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    lane = found.worktree("WP01")
    lane.write(f"kitty-specs/{found.slug}/notes.md", "mine\n")
    lane.commit("a note that no merge takes")
    lane("commit", "-q", "--allow-empty", "-m", "nothing at all")
    found.accept().ok()
    found.merge().ok()


def test_an_approval_of_an_older_version_names_no_head(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)))
    found.do("WP01", approve=False, a__f_txt="a\n")
    found.approve("WP01", workspace=None)
    refused_by_both(found, "WP01, which was approved without a recorded head", "WP01")
    told = {each["code"]: each for each in project.run("upgrade", "--json").ok().json()["warnings"]}
    assert "WP01 approved without a recorded commit" in told["APPROVAL_WITHOUT_HEAD"]["message"]
    found.review_again("WP01")
    found.accept().ok()


def receipt_of(found: Story) -> dict[str, Any]:
    """The mission's receipt."""
    data: dict[str, Any] = json.loads((found.mission.folder / "merge-receipt.json").read_text(encoding="utf-8"))
    return data


def test_accept_and_receipt_list_what_was_reviewed_and_what_was_forced(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)), Task("WP02", owns=("b/**",)))
    lane = found.do("WP01", a__f_txt="a\n")
    found.do("WP02", approve=False, b__f_txt="b\n")
    base = found.git.head(f"kitty/mission-{found.slug}")
    found.approve("WP02", verdict={"force": True, "reason": "a hurry", "review_ref": "https://example.org/review/2"})
    accepted = found.accept().ok().json()
    assert accepted["reviewed"][0] == {
        "wp_id": "WP01", "base": base, "head": lane.head(), "by": "ada", "forced": False,
    }  # fmt: skip
    assert [each["wp_id"] for each in accepted["reviewed"] if each["forced"]] == accepted["forced"] == ["WP02"]
    assert "APPROVED_BY_FORCE" in [each["code"] for each in accepted["warnings"]]
    merged = found.merge().ok().json()
    receipt = receipt_of(found)
    assert receipt["reviewed"] == accepted["reviewed"] == merged["reviewed"]
    assert (receipt["forced"], receipt["unreviewed"], receipt["resolved"]) == (["WP02"], [], [])


@pytest.mark.parametrize("way", ["--squash", "--no-ff"])
def test_what_a_host_merged_unreviewed_is_told(project: Project, way: str) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    late = found.worktree("WP01").commit("asked for on the pull request", late_txt="late\n")
    found.git("merge", "-q", "--no-edit", way, found.branch("WP01"))
    if way == "--squash":
        found.git("commit", "-q", "-m", "pull request")
    done = found.merge().ok().json()
    assert [each["code"] for each in done["warnings"]] == ["MERGED_UNREVIEWED"]
    told = receipt_of(found)["unreviewed"]
    assert [(each["commit"], each["lane_id"], each["review"]) for each in told] == [(late, "lane-a", "WP01")]


@pytest.mark.parametrize("other", [False, True])
def test_a_conflict_that_is_resolved_while_merging_is_told(
    project: Project, monkeypatch: pytest.MonkeyPatch, other: bool
) -> None:
    if other:
        config = project.path / ".kittify/config.yaml"
        lines = config.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if not line.startswith("review:")]
        config.write_text("\n".join([*kept, "review: {by: other}", ""]), encoding="utf-8")
        project.git.commit("reviews are by others")
    found = one(project, {"shared.txt": "from the lane\n"})
    found.git.commit("meanwhile", shared_txt="from the target\n")
    tree = Repo(Path(found.merge().failed("MERGE_CONFLICT").json()["details"]["worktree"]))
    tree.write("shared.txt", "from both\n")
    tree.write("a/other.txt", "nobody was asked\n")
    tree("add", "shared.txt", "a/other.txt")
    monkeypatch.setenv("SPEC_KITTY_AGENT", "claude")
    said = found.merge("--resume")
    if other:
        monkeypatch.setenv("SPEC_KITTY_AGENT", "Claude")
        hint = found.merge("--resume").failed("RESOLUTION_UNREVIEWED").json()["hint"]
        shown = subprocess.run(["/bin/sh", "-c", hint], cwd=project.path, capture_output=True, check=True)
        assert b"+from both" in shown.stdout
        monkeypatch.setenv("SPEC_KITTY_AGENT", "codex")
        said = found.merge("--resume")
    done = said.ok().json()
    (said_of_it,) = [each["message"] for each in done["warnings"] if each["code"] == "RESOLUTION_UNREVIEWED"]
    assert "a/other.txt" in said_of_it
    (told,) = receipt_of(found)["resolved"]
    assert (told["step"], told["files"], told["by"]) == ("target", ["shared.txt"], "claude")
    assert (told["beside"], told["reviewed"], told["tested"]) == (["a/other.txt"], False, False)
    assert done["resolved"] == [told]


@pytest.mark.parametrize("all_of_it", [True, False])
def test_a_lane_that_lost_approved_commits_is_not_accepted(project: Project, all_of_it: bool) -> None:
    found = story(project, *CHAIN)
    found.do("WP01", a__f_txt="a\n")
    lane = found.do("WP02", b__f_txt="b\n")
    lane("reset", "-q", "--hard", "main" if all_of_it else "HEAD~1")
    lost = [each["subject"] for each in refusals(found.accept(), "APPROVED_COMMIT_MISSING")]
    assert lost == (["WP01", "WP02"] if all_of_it else ["WP02"])


def test_force_alone_approves_nothing_that_is_accepted(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)))
    found.do("WP01", approve=False, a__f_txt="a\n")
    words = ("agent", "tasks", "move-task", "WP01", "--mission", found.slug, "--json", "--agent", "claude", "--to")
    project.run(*words, "for_review").ok()
    project.run(*words, "approved", "--force", "--note", "a hurry").ok()
    assert found.mission.lane("WP01") is Lane.APPROVED, "force makes the move"
    refused_by_both(found, "WP01, which was approved by force without a review reference", "WP01")


def test_an_approval_is_refused_while_what_lies_below_it_was_not_reviewed(project: Project) -> None:
    found = story(project, *CHAIN)
    found.do("WP01", a__f_txt="a\n")
    found.do("WP02", approve=False, b__f_txt="b\n")
    words = ("agent", "tasks", "move-task", "WP02", "--mission", found.slug, "--json", "--to")
    project.run(*words, "for_review", "--agent", "claude").ok()
    found.mission.force("WP01", Lane.CANCELED)
    (told,) = refusals(project.run(*words, "approved", "--agent", "codex"))
    assert "work of WP01, which is canceled" in told["what"]
    # Its range has to begin below: it is sent back, taken up again, and reviewed with all that is in it.
    feedback = project.path.parent / "feedback.md"
    feedback.write_text("WP01 was canceled: take its work out.\n", encoding="utf-8")
    fix = told["fix"].replace("FILE", str(feedback))
    assert f"move-task WP02 --to planned --review-feedback-file {feedback}" in fix
    project.run(*words, "planned", "--review-feedback-file", str(feedback), "--agent", "codex").ok()
    found.mission.force("WP01", Lane.APPROVED)
    found.mission.claim("WP02")
    found.worktree("WP02")("revert", "--no-edit", "HEAD~1")
    project.run(*words, "for_review", "--agent", "claude").ok()
    found.mission.force("WP01", Lane.CANCELED)
    project.run(*words, "approved", "--agent", "codex").ok()
    found.accept().ok()
    found.merge().ok()
    assert "a/f.txt" not in found.files()


def test_a_target_whose_whole_history_was_rewritten_is_named_and_the_mission_moves_to_the_new_one(
    project: Project,
) -> None:
    found = story(project, Task("WP01", owns=("a/**",)))
    lane = found.do("WP01", a__f_txt="a\n")
    old, tip = project.git.head(), project.git.head()
    made: list[str] = []
    for commit in reversed(project.git("rev-list", "--first-parent", tip).split()):
        parents = ("-p", made[-1]) if made else ()
        made.append(project.git("commit-tree", f"{commit}^{{tree}}", *parents, "-m", "rewritten"))
    project.git("reset", "-q", "--hard", made[-1])
    said = found.accept().failed("HISTORY_REWRITTEN").json()
    assert said["hint"] is None

    base = lane("merge-base", "HEAD", old)
    project.git("branch", "-q", "--force", f"kitty/mission-{found.slug}", made[-1])
    lane("rebase", "-q", "--onto", made[-1], base)

    assert refusals(found.accept())[0]["fix"].startswith("spec-kitty agent tasks move-task WP01 --to for_review")
    found.review_again("WP01")
    found.accept().ok()
    found.merge().ok()
    assert found.files()["a/f.txt"] == "a"
