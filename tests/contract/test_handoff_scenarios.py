"""The four scenarios of `setup-plan` that the handoff package vouches for (seed 045); its `verification.md` names them.

`python -m scripts.release.handoff` runs these and writes down how each ended.
"""

from __future__ import annotations

import pytest

from tests.support.cli import Result
from tests.support.project import SPEC, Project


def setup_plan(project: Project, *selector: str) -> Result:
    return project.run("agent", "mission", "setup-plan", *selector, "--json")


def test_several_missions_and_none_named_is_ambiguous(project: Project) -> None:
    both = [project.create("tea-timer"), project.create("tea-cup")]
    told = setup_plan(project).failed("MISSION_AMBIGUOUS", 1).json()
    assert told["details"]["candidates"] == both


def test_a_named_mission_gets_its_plan(project: Project) -> None:
    project.create("tea-timer")
    slug = project.create("tea-cup")
    (project.folder(slug) / "spec.md").write_text(SPEC, encoding="utf-8")
    told = setup_plan(project, "--mission", slug).ok().json()
    assert (told["mission_slug"], told["plan_written"]) == (slug, True)
    assert (project.folder(slug) / "plan.md").is_file()


def test_without_a_specification_there_is_no_plan(project: Project) -> None:
    slug = project.create("tea-timer")
    (project.folder(slug) / "spec.md").unlink()
    setup_plan(project, "--mission", slug).failed("SPEC_MISSING", 1)
    assert not (project.folder(slug) / "plan.md").exists()


@pytest.mark.parametrize("slug", ["Tea Timer", "../tea-timer", "tea--timer"])
def test_a_bad_slug_is_named_as_such(slug: str, project: Project) -> None:
    project.create("tea-timer")
    setup_plan(project, "--mission", slug).failed("INVALID_SLUG", 2)
