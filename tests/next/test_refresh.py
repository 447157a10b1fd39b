"""`spec-kitty sync workspace`: what the work builds on, brought into its worktree once more."""

from __future__ import annotations

from specify_cli.status.models import Lane
from tests.support.project import Project, Task
from tests.support.stories import Story, story

TASKS = (Task("WP01"), Task("WP02"), Task("WP03", needs=("WP01", "WP02")))


def begun(project: Project) -> Story:
    """WP03 is under way in the lane of WP01, and needs WP02 of another lane."""
    told = story(project, *TASKS)
    told.do("WP01", src__wp01__a_py="a = 1\n")
    told.do("WP02", src__wp02__b_py="b = 2\n")
    told.mission.claim("WP03")
    return told


def test_what_moved_on_is_brought_once(project: Project) -> None:
    told = begun(project)
    here = told.worktree("WP03")
    here.commit("WP03: c", c_py="c = 3\n")
    told.worktree("WP02").commit("WP02: mended", b_py="b = 4\n")
    early = project.run("sync", "workspace", "--json", cwd=here.path).ok().json()
    assert early["changed"] is False, "nobody has approved it"
    told.review_again("WP02")
    done = project.run("sync", "workspace", "--json", cwd=here.path).ok().json()
    assert (done["changed"], done["wp_id"], done["lane_id"]) == (True, "WP03", "lane-a")
    assert done["brought"] == [f"WP02 ({told.branch('WP02')})"]
    assert (here.path / "b.py").read_text(encoding="utf-8") == "b = 4\n"
    assert (here.path / "c.py").exists()
    assert here.status() == ""
    again = project.run("sync", "workspace", "--json", cwd=here.path / "src").ok().json()
    assert (again["changed"], again["brought"]) == (False, [])
    assert "already" in project.run("sync", "workspace", cwd=here.path).ok().out


def test_a_conflict_changes_nothing_and_names_the_merge(project: Project) -> None:
    told = begun(project)
    here = told.worktree("WP03")
    here.commit("WP03: shared", shared_py="mine\n")
    told.worktree("WP02").commit("WP02: shared", shared_py="theirs\n")
    told.review_again("WP02")
    head = here.head()
    failed = project.run("sync", "workspace", "--json", cwd=here.path).failed("DEPENDENCY_CONFLICT").json()
    assert failed["details"]["files"] == ["shared.py"]
    assert failed["hint"] == f"git -C {here.path} merge {told.git.head(told.branch('WP02'))[:12]}"
    assert (here.head(), here.status()) == (head, "")


def test_uncommitted_work_is_not_touched(project: Project) -> None:
    told = begun(project)
    told.worktree("WP02").commit("WP02: mended", b_py="b = 4\n")
    told.review_again("WP02")
    here = told.worktree("WP03")
    here.write("draft.py", "half\n")
    project.run("sync", "workspace", "--json", cwd=here.path).failed("WORKTREE_DIRTY")
    assert (here.path / "draft.py").read_text(encoding="utf-8") == "half\n"


def test_a_lane_in_which_nothing_is_under_way_is_left(project: Project) -> None:
    told = begun(project)
    told.mission.force("WP03", Lane.FOR_REVIEW)
    told.worktree("WP02").commit("WP02: mended", b_py="b = 4\n")
    told.review_again("WP02")
    here = told.worktree("WP03")
    done = project.run("sync", "workspace", "--json", cwd=here.path).ok().json()
    assert (done["changed"], done["wp_id"]) == (False, None)
    assert not (here.path / "b.py").exists()


def test_outside_of_a_lane_there_is_nothing_to_bring(project: Project) -> None:
    begun(project)
    project.run("sync", "workspace", "--json").failed("NOT_A_WORKSPACE")
