"""A conflict known before acceptance has a way out: settle it in the lane, have that reviewed, then accept it."""

from __future__ import annotations

import shlex
import subprocess

from tests.support.project import Project, Task
from tests.support.stories import Story, story


def test_the_fix_that_accept_names_leads_to_the_merge(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)))
    found.do("WP01", shared_txt="from the lane\n", a__f_txt="a\n")
    found.git.commit("meanwhile", shared_txt="from the target\n")

    unmet = found.accept().failed("NOT_ACCEPTABLE").json()["details"]["unmet"]

    assert [each["code"] for each in unmet] == ["MERGE_CONFLICT"]
    lane = found.worktree("WP01")
    done = subprocess.run(shlex.split(unmet[0]["fix"]), cwd=project.path, capture_output=True, check=False)
    assert done.returncode == 1, "git stops for a person"
    lane.write("shared.txt", "from both\n")
    lane.commit("settle")
    _reviewed(found, "WP01")
    found.accept().ok()
    found.merge().ok()
    assert (project.path / "shared.txt").read_text(encoding="utf-8") == "from both\n"


def test_two_lanes_in_conflict_are_brought_together_in_one_of_them(project: Project) -> None:
    found = story(project, Task("WP01", owns=("a/**",)), Task("WP02", owns=("b/**",)))
    found.do("WP01", shared_txt="one\n", a__f_txt="a\n")
    found.do("WP02", shared_txt="two\n", b__f_txt="b\n")

    unmet = found.accept().failed("NOT_ACCEPTABLE").json()["details"]["unmet"]

    assert found.branch("WP01") in unmet[0]["fix"]
    subprocess.run(shlex.split(unmet[0]["fix"]), cwd=project.path, capture_output=True, check=False)
    lane = found.worktree("WP02")
    lane.write("shared.txt", "one and two\n")
    lane.commit("settle")
    _reviewed(found, "WP02")
    found.accept().ok()
    found.merge().ok()
    assert (project.path / "shared.txt").read_text(encoding="utf-8") == "one and two\n"


def _reviewed(found: Story, wp_id: str) -> None:
    """What a person settled is reviewed like any other work."""
    unmet = found.accept().failed("NOT_ACCEPTABLE").json()["details"]["unmet"]
    assert [(each["code"], each["subject"]) for each in unmet] == [("UNREVIEWED_COMMITS", wp_id)]
    found.review_again(wp_id)
