"""A half merge never gets past accept and merge, and the commands that are printed end it well."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from specify_cli.status.models import Lane
from tests.support.cli import SCRIPT, Result
from tests.support.git import Repo
from tests.support.project import Project, Task
from tests.support.stories import Story, story

LEFT = "<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> other\n"
WHOLE = "one\ntwo\nthree\n"


def _unmet(found: Story) -> dict[str, dict[str, Any]]:
    return {each["code"]: each for each in found.accept("--allow-fail").ok().json()["unmet"]}


def _shell(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PATH": f"{SCRIPT.parent}:{os.environ['PATH']}"}
    return subprocess.run(["/bin/sh", "-c", command], cwd=cwd, env=env, check=False, capture_output=True, text=True)


def _rivals(project: Project, count: int) -> Story:
    """Work packages side by side that all wrote the same file."""
    ids = [f"WP0{number}" for number in range(1, count + 1)]
    found = story(project, *(Task(wp_id, owns=(f"{wp_id.lower()}/**",)) for wp_id in ids))
    for wp_id in ids:
        found.work(wp_id, {"shared.txt": f"{wp_id}\n", f"{wp_id.lower()}/f.txt": "x\n"})
    return found


def test_a_half_merge_is_named_and_its_markers_are_accepted_by_nobody(project: Project) -> None:
    found = _rivals(project, 2)
    _shell(_unmet(found)["MERGE_CONFLICT"]["fix"], project.path)
    busy = _unmet(found)["WORKTREE_BUSY"]
    assert "shared.txt is not resolved" in busy["what"]
    assert "merge --abort" in busy["what"]
    assert " add -- shared.txt` and " in busy["what"]
    assert busy["fix"].endswith(" status")
    tree = found.worktree("WP02")
    tree("add", "-A")
    assert _unmet(found)["WORKTREE_BUSY"]["fix"].endswith(" status"), "added with its markers it is not resolved"
    tree("commit", "-q", "--no-edit")

    marked = _unmet(found)["CONFLICT_MARKERS"]
    assert (marked["subject"], "shared.txt:1" in marked["what"], "lane-b (WP02)" in marked["what"]) == (
        "shared.txt", True, True,
    )  # fmt: skip
    assert "<<<<<<<" in _shell(marked["fix"], project.path).stdout
    told = project.run_installed("accept", "--mission", found.slug)
    assert told.code == 1
    assert "shared.txt:1" in told.out
    codes = {each["code"] for each in found.merge().failed().json()["details"]["unmet"]}
    assert {"CONFLICT_MARKERS", "NOT_ACCEPTED"} <= codes
    assert "CONFLICT_MARKERS" in {each["code"] for each in found.merge("--dry-run").json()["unmet"]}
    assert "CONFLICT_MARKERS" in {each["code"] for each in found.run("why").json()["unmet"]}

    tree.commit("mended", shared_txt=WHOLE)
    assert "CONFLICT_MARKERS" not in _unmet(found)


def test_markers_that_came_after_acceptance_are_not_merged(project: Project) -> None:
    found = _rivals(project, 1)
    found.accept().ok()
    found.worktree("WP01").commit("later", late_txt=LEFT)
    codes = {each["code"] for each in found.merge().failed().json()["details"]["unmet"]}
    assert {"ACCEPTANCE_STALE", "CONFLICT_MARKERS"} <= codes


def test_the_lane_of_a_conflict_is_looked_into_too(project: Project) -> None:
    found = _rivals(project, 2)
    found.worktree("WP02").commit("later", late_txt=LEFT)
    assert {"MERGE_CONFLICT", "CONFLICT_MARKERS"} <= set(_unmet(found))


def test_markers_in_lane_planning_are_named_and_those_of_others_are_not(project: Project) -> None:
    found = story(project, Task("WP01", owns=("docs/**",), mode="planning_artifact"))
    found.git.commit("somebody's own", notes_md=LEFT)
    found.mission.claim("WP01")
    found.git.write("docs/guide.md", LEFT)
    found.git.commit("the guide")
    found.approve("WP01")
    assert _unmet(found)["CONFLICT_MARKERS"]["subject"] == "docs/guide.md"


def test_what_only_looks_like_a_conflict_is_accepted(project: Project) -> None:
    project.git.write(".gitattributes", "example.md conflict-marker-size=32\n")
    project.git.commit("a guide to merges", guide_md=LEFT, old_md=f"{LEFT}more\n")
    found = story(project, Task("WP01", owns=("a/**",)))
    work = {
        "guide.md": f"# A guide\n\n{LEFT}",
        "old.md": None,
        "new.md": f"{LEFT}more\n",
        "page.rst": "=======\nHeading\n=======\n",
        "example.md": LEFT,
    }
    found.work("WP01", work)
    found.accept().ok()
    found.merge().ok()


def test_a_lanes_own_attribute_does_not_turn_a_conflict_into_an_example(project: Project) -> None:
    found, tree = _handed_over(project, LEFT)
    tree.write(".gitattributes", "* conflict-marker-size=32\n")
    tree.commit("it is meant")
    assert "CONFLICT_MARKERS" in _move(found, "for_review", "claude").failed().out
    found.approve("WP01")
    assert _unmet(found)["CONFLICT_MARKERS"]["subject"] == "shared.txt"
    tree("checkout", "-q", "HEAD~1", "--", ".")
    tree("rm", "-q", "-f", ".gitattributes")
    tree.commit("not in the lane")
    found.git.write(".gitattributes", "shared.txt conflict-marker-size=32\n")
    found.git.commit("it is an example")
    assert "CONFLICT_MARKERS" not in _unmet(found)


def test_every_printed_fix_of_three_rivals_brings_something_in_and_the_last_one_is_accepted(project: Project) -> None:
    found = _rivals(project, 3)
    said: list[str] = []
    for _ in range(12):
        answer = found.accept()
        if answer.code == 0:
            break
        for each in answer.json()["unmet"]:
            if each["code"] == "UNREVIEWED_COMMITS":
                found.review_again(each["subject"])
        unmet = [each for each in answer.json()["unmet"] if each["code"] != "UNREVIEWED_COMMITS"]
        for fix in dict.fromkeys(each["fix"] for each in unmet):
            assert "add -A" not in fix
            said.append(fix)
            done = _shell(fix.replace("NAME", "codex"), project.path)
            assert "up to date" not in done.stdout, f"{fix} brings in what is there already"
            _resolve(project)
    else:
        pytest.fail("\n".join(said))
    assert [each.rpartition("-C ")[2] for each in said if " merge " in each] == [
        f"{found.worktree('WP02').path} merge {found.branch('WP01')}",
        f"{found.worktree('WP03').path} merge {found.branch('WP02')}",
    ]
    found.merge().ok()
    assert found.files()["shared.txt"] == WHOLE.strip()


def _resolve(project: Project) -> None:
    """Do what a person does in every worktree with a conflict."""
    for folder in (project.path / ".worktrees").iterdir():
        tree = Repo(folder)
        if (folder / ".git").exists() and tree("ls-files", "--unmerged"):
            tree.write("shared.txt", WHOLE)
            tree("add", "shared.txt")
            tree("commit", "-q", "--no-edit")


def test_with_two_rivals_that_do_not_know_each_other_the_one_still_out_is_named(project: Project) -> None:
    ids = ("WP01", "WP02", "WP03")
    lines = [str(number) for number in range(20)]
    project.git.commit("a list", shared_txt="\n".join(lines) + "\n")
    found = story(project, *(Task(wp_id, owns=(f"{wp_id.lower()}/**",)) for wp_id in ids))
    text = ""
    for wp_id, changed in (("WP01", [0]), ("WP02", [19]), ("WP03", [0, 19])):
        text = "\n".join(wp_id if number in changed else line for number, line in enumerate(lines)) + "\n"
        found.work(wp_id, {"shared.txt": text})
    tree = found.worktree("WP03")
    for other in ("WP01", "WP02"):
        fix = _unmet(found)["MERGE_CONFLICT"]["fix"]
        assert fix == f"git -C {tree.path} merge {found.branch(other)}"
        _shell(fix, project.path)
        tree.write("shared.txt", text)
        tree("add", "shared.txt")
        tree("commit", "-q", "--no-edit")
    assert "MERGE_CONFLICT" not in _unmet(found)


def test_a_lane_without_a_worktree_gets_one_before_anything_is_merged(project: Project) -> None:
    found = _rivals(project, 2)
    path = found.worktree("WP02").path
    found.git("worktree", "remove", str(path))
    _shell(_unmet(found)["MERGE_CONFLICT"]["fix"], project.path)
    assert path.is_dir()
    assert _unmet(found)["MERGE_CONFLICT"]["fix"] == f"git -C {path} merge {found.branch('WP01')}"


@pytest.mark.parametrize(
    ("begin", "ended_by"),
    [
        (("merge", "main"), "merge --continue"),
        (("rebase", "main"), "rebase --continue"),
        (("cherry-pick", "main"), "cherry-pick --continue"),
        (("revert", "HEAD~1"), "revert --continue"),
        (("bisect", "start", "HEAD", "HEAD~2"), "bisect reset"),
    ],
)
def test_what_is_under_way_in_a_worktree_is_ended_by_its_own_command(
    project: Project, begin: tuple[str, ...], ended_by: str
) -> None:
    found = story(project, Task("WP01", owns=("a/**",)))
    tree = Repo(found.mission.claim("WP01").workspace.path)
    tree.commit("first", shared_txt="first\n")
    tree.commit("second", shared_txt="second\n")
    found.git.commit("meanwhile", shared_txt="other\n")
    tree(*begin, check=False)
    told = _unmet(found)["WORKTREE_BUSY"]
    assert "add -A" not in told["fix"]
    if begin[0] != "bisect":
        move = (
            "agent",
            "tasks",
            "move-task",
            "WP01",
            "--to",
            "for_review",
            "--agent",
            "claude",
            "--commit",
            "all of it",
        )
        assert "WORKTREE_BUSY" in found.run(*move).failed().out
        assert told["fix"].endswith(" status")
        for _ in range(3):
            if "shared.txt" in tree("diff", "--name-only", "--diff-filter=U"):
                tree.write("shared.txt", WHOLE)
                tree("add", "shared.txt")
                told = _unmet(found)["WORKTREE_BUSY"]
                assert told["fix"].endswith(f" {ended_by}")
                assert _shell(told["fix"], project.path).returncode == 0 or begin[0] == "rebase"
    else:
        assert told["fix"].endswith(ended_by)
        _shell(told["fix"], project.path)
    assert "WORKTREE_BUSY" not in _unmet(found)


def test_files_in_conflict_without_a_merge_are_named_too(project: Project) -> None:
    found = _rivals(project, 1)
    tree = found.worktree("WP01")
    tree.write("shared.txt", "put aside\n")
    tree("stash", "-q")
    tree.commit("meanwhile", shared_txt="meanwhile\n")
    tree("stash", "pop", "-q", check=False)
    told = _unmet(found)["WORKTREE_BUSY"]
    assert "has files in conflict: shared.txt is not resolved" in told["what"]
    assert "reset --merge" in told["what"]


def test_a_resolution_with_half_a_marker_left_is_not_resumed(project: Project) -> None:
    found = _rivals(project, 1)
    found.accept().ok()
    found.git.commit("meanwhile", shared_txt="other\n")
    tree = Repo(Path(found.merge().failed("MERGE_CONFLICT").json()["details"]["worktree"]))
    text = (tree.path / "shared.txt").read_text()
    for half in (text, text.replace("=======\n", ""), text[: text.index(">>>>>>>")]):
        tree.write("shared.txt", half)
        tree("add", "shared.txt")
        assert found.merge("--resume").failed("MERGE_UNRESOLVED").json()["details"]["files"] == ["shared.txt"]
    tree.write("shared.txt", WHOLE)
    tree("add", "shared.txt")
    found.merge("--resume").ok()


def _handed_over(project: Project, text: str) -> tuple[Story, Repo]:
    found = story(project, Task("WP01", owns=("a/**",)))
    tree = Repo(found.mission.claim("WP01").workspace.path)
    tree.commit("work", a__f_txt="x\n", shared_txt=text)
    return found, tree


def _move(found: Story, to: str, agent: str, *more: str) -> Result:
    return found.run("agent", "tasks", "move-task", "WP01", "--to", to, "--agent", agent, *more)


def test_work_with_markers_is_neither_handed_over_nor_approved(project: Project) -> None:
    found, tree = _handed_over(project, LEFT)
    told = _move(found, "for_review", "claude").failed("TRANSITION_REJECTED").json()
    assert [each["code"] for each in told["details"]["unmet"]] == ["CONFLICT_MARKERS"]
    assert "shared.txt:1" in told["error"]
    words = ("agent", "status", "emit", "WP01", "--to", "for_review", "--actor", "claude", "--subtasks-complete")
    assert "CONFLICT_MARKERS" in found.run(*words, "--implementation-evidence-present").failed().out
    assert "CONFLICT_MARKERS" in {each["code"] for each in found.run("why", "WP01").ok().json()["unmet"]}
    tree.commit("mended", shared_txt=WHOLE)
    _move(found, "for_review", "claude").ok()
    found.run("agent", "action", "review", "WP01", "--agent", "codex").ok()
    tree.commit("marked again", shared_txt=LEFT)
    assert "CONFLICT_MARKERS" in _move(found, "approved", "codex").failed().out
    assert found.mission.lane("WP01") is Lane.IN_REVIEW


def test_markers_that_the_target_has_do_not_stop_work_that_takes_it_in(project: Project) -> None:
    found, tree = _handed_over(project, "x\n")
    found.git.commit("a guide to merges", guide_md=LEFT)
    tree("merge", "-q", "--no-edit", "main")
    _move(found, "for_review", "claude").ok()
