"""The receipt of a merge is computed again: what is right, what is not, and what cannot be told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specify_cli.context.missions import place_of
from specify_cli.kernel.paths import discover
from specify_cli.merge.verifying import Verdict, Verified, verify
from specify_cli.status.models import Lane
from tests.support.git import Repo
from tests.support.limits import run_limited
from tests.support.project import Project, Task, make_project
from tests.support.stories import Story, one, ready, story

Edit = Callable[[dict[str, Any]], object]


def verdicts(found: Story, where: Path | None = None) -> list[Verdict]:
    return [each.verdict for each in verified(found, where)]


def verified(found: Story, where: Path | None = None) -> list[Verified]:
    place = place_of(discover(where or found.project.path), found.slug)
    assert place is not None
    return verify(place)


def edit(found: Story, change: Edit) -> None:
    path = found.mission.folder / "merge-receipt.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


@pytest.mark.parametrize("strategy", ["merge", "squash", "rebase"])
def test_a_receipt_of_every_strategy_is_right(project: Project, strategy: str) -> None:
    found = ready(project)
    assert verified(found) == []
    found.git.commit("meanwhile", other_txt="other\n")
    found.merge("--strategy", strategy).ok()
    objects = found.git("count-objects")
    assert verdicts(found) == [Verdict.RIGHT]
    assert found.git("count-objects") == objects, "what is computed again leaves no objects"
    said = found.project.run("doctor", "merge").ok()
    assert "1 receipt computed again: the same merge" in said.out


def test_a_merge_with_a_resolved_conflict_is_right(project: Project) -> None:
    found = one(project, {"shared.txt": "lane\n", "a/f.txt": "a\n"})
    found.git.commit("meanwhile", shared_txt="target\n")
    tree = Repo(Path(found.merge("--strategy", "merge").failed("MERGE_CONFLICT").json()["details"]["worktree"]))
    tree.write("shared.txt", "both\n")
    tree("add", "shared.txt")
    found.merge("--resume").ok()
    assert verdicts(found) == [Verdict.RIGHT]


def test_work_that_a_host_merged_is_right(project: Project) -> None:
    found = ready(project)
    for wp_id in ("WP03", "WP02", "WP05"):
        found.git("merge", "-q", "--no-edit", "--no-ff", found.branch(wp_id))
    found.merge().ok()
    assert verdicts(found) == [Verdict.RIGHT]


def test_a_second_merge_of_a_mission_is_right(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)), Task("WP02", owns=("b/**",)))
    found.do("WP01", a__f_txt="first\n")
    found.do("WP02", b__f_txt="first\n")
    found.accept().ok()
    found.merge().ok()
    found.mission.force("WP01", Lane.PLANNED)
    found.do("WP01", a__f_txt="second\n")
    found.accept().ok()
    found.merge().ok()
    assert verdicts(found) == [Verdict.RIGHT]


def _tree(data: dict[str, Any]) -> None:
    data["result"]["tree"] = "0" * 40


def _lane_tree(data: dict[str, Any]) -> None:
    data["lanes"][1]["merged_tree"] = data["lanes"][0]["tree"]


def _tip(data: dict[str, Any]) -> None:
    data["lanes"][0]["tip"] = data["target"]["before"]


def _commit(data: dict[str, Any]) -> None:
    data["result"]["commit"] = data["target"]["before"]


def _before(data: dict[str, Any]) -> None:
    data["target"]["before"] = data["lanes"][0]["tip"]


def _contained(data: dict[str, Any]) -> None:
    data["result"]["outcome"] = "contained"


def _without_a_lane(data: dict[str, Any]) -> None:
    gone = data["order"].pop()
    data["lanes"] = [lane for lane in data["lanes"] if lane["lane_id"] != gone]


def _strategy(data: dict[str, Any]) -> None:
    data["strategy"] = "merge"


def _other_mission(data: dict[str, Any]) -> None:
    data["mission_slug"] = "009-other"


@pytest.mark.parametrize(
    "change",
    [_tree, _lane_tree, _tip, _commit, _before, _contained, _without_a_lane, _strategy, _other_mission],
)
def test_a_forged_receipt_is_found_out(project: Project, change: Edit) -> None:
    found = ready(project)
    found.git.commit("meanwhile", other_txt="other\n")
    found.merge().ok()
    edit(found, change)
    assert set(verdicts(found)) == {Verdict.MISMATCH}
    data = found.project.run("doctor", "merge", "--json").failed(exit_code=1).json()
    bad = [each for each in data["findings"] if each["severity"] == "error"]
    assert {each["code"] for each in bad} == {"RECEIPT_MISMATCH"}
    assert bad[0]["fix"].startswith("git ")


def test_a_merge_commit_with_something_else_in_it_is_found_out(project: Project) -> None:
    """Commit and receipt agree with each other, and not with what the lanes give."""
    found = one(project, {"a/f.txt": "a\n"})
    found.merge("--strategy", "merge").ok()
    receipt = json.loads((found.mission.folder / "merge-receipt.json").read_text())
    git = found.git
    git.write("evil.txt", "evil\n")
    git("add", "evil.txt")
    tree = git("write-tree")
    first, second = git("rev-parse", f"{receipt['result']['commit']}^1", f"{receipt['result']['commit']}^2").split()
    forged = git("commit-tree", tree, "-p", first, "-p", second, "-m", "merge")

    def change(data: dict[str, Any]) -> None:
        data["result"] |= {"commit": forged, "tree": tree}

    edit(found, change)
    assert "changed by hand" in " ".join(each.said for each in verified(found))


DAMAGES: list[Edit] = [
    lambda data: data.clear(),
    lambda data: data.update(version=9),
    lambda data: data.update(lanes=3),
    lambda data: data.update(order=["lane-z"]),
    lambda data: data["order"].pop(),
    lambda data: data["result"].update(commit="--upload-pack=touch evil"),
    lambda data: data["target"].update(before="HEAD"),
    lambda data: data["lanes"][0].update(tip=["x"]),
    lambda data: data["lanes"][0].update(outcome="$(touch evil)"),
    lambda data: data.update(picks=[{"commit": "main"}]),
    lambda data: data.update(strategy={"run": "touch evil"}),
    lambda data: data.update(result=None),
]


@pytest.mark.parametrize("change", DAMAGES)
def test_a_damaged_receipt_is_told_and_nothing_in_it_is_run(project: Project, change: Edit) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    found.merge().ok()
    edit(found, change)
    assert verdicts(found) == [Verdict.INVALID]
    found.project.run("doctor", "merge", "--json").failed(exit_code=1)
    assert not list(project.path.rglob("evil"))


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "<<<<<<< ours\n{}\n", "\0"])
def test_a_receipt_that_is_no_object_is_told(project: Project, text: str) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    found.merge().ok()
    (found.mission.folder / "merge-receipt.json").write_text(text)
    assert verdicts(found) == [Verdict.INVALID]


@pytest.mark.parametrize("how", ["squash", "rebase", "amend"])
def test_a_history_that_was_rewritten_afterwards_is_no_alarm(project: Project, how: str) -> None:
    found = one(project, {"a/f.txt": "a\n"})
    base = found.git.head()
    found.git.commit("meanwhile", other_txt="other\n")
    found.merge().ok()
    if how == "amend":
        found.git("commit", "-q", "--amend", "-m", "my own words")
    elif how == "squash":
        found.git("reset", "-q", "--soft", base)
        found.git("commit", "-q", "-m", "all in one")
    else:
        found.git("switch", "-q", "-c", "side", base)
        found.git.commit("side", side_txt="side\n")
        found.git("switch", "-q", "main")
        found.git("rebase", "-q", "side")
    wanted = Verdict.RIGHT if how == "amend" else Verdict.REWRITTEN
    assert verdicts(found) == [wanted]
    found.git("reflog", "expire", "--expire=now", "--all")
    found.git("gc", "-q", "--prune=now")
    assert verdicts(found) == [wanted]
    found.project.run("doctor", "merge").ok()


def test_lanes_that_git_has_forgotten_cannot_be_checked(project: Project) -> None:
    found = ready(project)
    found.merge().ok()
    for ref in found.refs():
        if ref.startswith("refs/spec-kitty/merged/"):
            found.git("update-ref", "-d", ref)
    found.git("reflog", "expire", "--expire=now", "--all")
    found.git("gc", "-q", "--prune=now")
    assert verdicts(found) == [Verdict.UNCHECKABLE]
    found.project.run("doctor", "merge").ok()


def test_in_a_clone_that_never_had_the_lanes_it_cannot_be_checked(project: Project, tmp_path: Path) -> None:
    found = ready(project)
    found.merge().ok()
    found.git("clone", "-q", "--no-local", str(project.path), str(tmp_path / "clone"))
    assert verdicts(found, tmp_path / "clone") == [Verdict.UNCHECKABLE]


def test_a_merge_with_history_can_be_checked_anywhere(project: Project, tmp_path: Path) -> None:
    found = ready(project)
    found.merge("--strategy", "merge").ok()
    found.git("clone", "-q", "--no-local", str(project.path), str(tmp_path / "clone"))
    assert verdicts(found, tmp_path / "clone") == [Verdict.RIGHT]


def test_it_is_checked_where_nothing_can_be_written(project: Project) -> None:
    found = ready(project)
    found.merge().ok()
    for path in [project.path, *project.path.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o555)
    try:
        said = run_limited("doctor", "merge", "--json", cwd=project.path, mortal=True)
    finally:
        for path in [project.path, *project.path.rglob("*")]:
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
    assert "RECEIPTS" in {each["code"] for each in said.ok().json()["findings"]}


def test_a_receipt_of_nobodys_code(project: Project) -> None:
    found = story(
        make_project(project.path.parent / "second"), Task("WP01", owns=("docs/**",), mode="planning_artifact")
    )
    found.mission.claim("WP01")
    found.git.commit("docs", guide_md="# Guide\n")
    found.approve("WP01")
    found.accept().ok()
    found.merge().ok()
    assert verdicts(found) == [Verdict.RIGHT]
