from __future__ import annotations

from dataclasses import replace

import pytest

from specify_cli.doctor.findings import Severity
from specify_cli.doctor.sections import examine, subject_of
from specify_cli.kernel.paths import discover
from specify_cli.merge.intent import Intent, Push, folder, write
from tests.support.examining import findings_in, only
from tests.support.missions import finalized_mission
from tests.support.project import Project


def test_no_merge_under_way_is_well(project: Project) -> None:
    assert [each.severity for each in findings_in(project.path, "merge")] == [Severity.OK]


@pytest.mark.parametrize(
    ("made", "push", "code"),
    [(False, None, "MERGE_INTERRUPTED"), (True, Push("origin", "main"), "MERGE_NOT_PUSHED")],
)
def test_a_merge_that_did_not_end_is_named_with_the_way_on(
    made: bool, push: Push | None, code: str, project: Project
) -> None:
    mission = finalized_mission(project)
    write_intent(project, mission.slug, made=made, push=push)
    found = only(findings_in(project.path, "merge"), code)
    assert found.severity is Severity.WARNING
    assert found.fix == f"spec-kitty merge --resume --mission {mission.slug}"


def test_a_merge_of_another_mission_is_not_told_where_one_was_named(project: Project) -> None:
    mission = finalized_mission(project)
    write_intent(project, "009-other", made=False, push=None)
    subject = subject_of(discover(project.path), mission.place)
    assert [each.code for each in examine(subject, ("merge",))] == ["MERGES"]


def test_an_intent_that_cannot_be_read_is_an_error(project: Project) -> None:
    place = folder(discover(project.path))
    place.mkdir(parents=True)
    (place / "x.json").write_text('{"version": 99}', encoding="utf-8")
    assert only(findings_in(project.path, "merge"), "MERGE_INTENT_INVALID").severity is Severity.ERROR


def write_intent(project: Project, slug: str, *, made: bool, push: Push | None) -> None:
    head = project.git.head()
    intent = Intent("key", slug, None, "main", str(project.path), head, head, "refs/spec-kitty/merging/x", ())
    write(discover(project.path), replace(intent, made=made, push=push))
