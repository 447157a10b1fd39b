"""The story is sound: its program works, its documents lack nothing, its plan gives the lanes that are promised."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from specify_cli.core.dependency_parser import parse_dependencies_from_tasks_md
from specify_cli.core.documents import functional_requirements, shortcomings
from specify_cli.core.mission_types import load_mission_type
from specify_cli.demo import documents
from specify_cli.demo.start import START
from specify_cli.demo.story import (
    BY_ID,
    LANES_AT_ONCE,
    ON_PAPER,
    ORDERED,
    PACKAGES,
    REQUIREMENTS,
    SENT_BACK,
    TEST_COMMAND,
    Package,
)
from specify_cli.demo.tool import interpreted
from specify_cli.kernel import frontmatter
from specify_cli.kernel.paths import discover
from specify_cli.lanes.compute import compute_lanes
from specify_cli.lanes.ownership import ExecutionMode, OwnershipManifest
from tests.support.git import Repo


def write(folder: Path, *parts: Mapping[str, str]) -> Path:
    for files in parts:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return folder


def shown(command: str, folder: Path) -> tuple[int, str]:
    done = subprocess.run(interpreted(command), cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout + done.stderr).strip()


def before(package: Package) -> Iterable[Package]:
    """All that must be there before a work package."""
    for need in package.needs:
        yield from before(BY_ID[need])
        yield BY_ID[need]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.id)
def test_every_work_package_alone_passes_the_tests_and_its_criteria(package: Package, tmp_path: Path) -> None:
    needed = [each.files for each in before(package)]
    folder = write(tmp_path, START, *needed, package.files)
    code, said = shown(TEST_COMMAND, folder)
    assert code == 0, said
    for criterion in package.criteria:
        assert shown(criterion.command, folder)[1] == criterion.shows
    assert set(package.files) == set(package.attempt(after_review=True))


def test_the_hasty_attempt_passes_its_own_tests_and_fails_a_criterion(tmp_path: Path) -> None:
    package = BY_ID[SENT_BACK]
    folder = write(tmp_path, START, package.attempt(after_review=False))
    assert shown(TEST_COMMAND, folder)[0] == 0
    assert shown(package.criteria[0].command, folder)[1] != package.criteria[0].shows
    assert package.criteria[0].advice


def test_the_documents_lack_nothing(git: Repo) -> None:
    steps = {step.name: step for step in load_mission_type("software-dev", discover(git.path)).planning_steps}
    texts = {"specify": documents.specification(), "plan": documents.plan(), "tasks_outline": documents.outline()}
    assert {name: shortcomings(steps[name], text) for name, text in texts.items()} == {name: [] for name in texts}
    assert functional_requirements(texts["specify"]) == list(REQUIREMENTS)
    covered = {name for package in PACKAGES for name in package.requirements}
    assert covered == set(REQUIREMENTS)


def test_outline_and_prompts_agree() -> None:
    outline = parse_dependencies_from_tasks_md(documents.outline())
    assert outline == {package.id: list(package.needs) for package in PACKAGES}
    for name, text in documents.prompts().items():
        read = frontmatter.parse(text, name)
        package = BY_ID[str(read.fields["work_package_id"])]
        assert read.fields["dependencies"] == list(package.needs)
        assert read.fields["owned_files"] == list(package.owned)
        assert read.fields["subtasks"] == list(package.subtasks)


def test_the_plan_gives_lanes_that_can_begin_together_and_one_ordered_pair() -> None:
    manifest = compute_lanes(
        {package.id: list(package.needs) for package in PACKAGES},
        {
            package.id: OwnershipManifest(ExecutionMode(package.mode), package.owned, package.surface)
            for package in PACKAGES
        },
        "001-calculator",
    )
    assert [(edge.before, edge.after) for edge in manifest.ordering_edges] == [ORDERED]
    assert manifest.planning_artifact_wps == (ON_PAPER,)
    waiting = {after for _, after in [ORDERED]}
    heads = [BY_ID[lane.wp_ids[0]] for lane in manifest.lanes if not lane.is_planning]
    assert len([head for head in heads if not head.needs and head.id not in waiting]) >= LANES_AT_ONCE
