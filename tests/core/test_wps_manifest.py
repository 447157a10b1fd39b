from __future__ import annotations

import pytest

from specify_cli.core.wps_manifest import parse_wps_yaml
from specify_cli.kernel.errors import Refused

GOOD = """# the plan
work_packages:
  - {id: WP01, title: Clock, dependencies: [], owned_files: ["src/**"], requirement_refs: [FR-001],
     subtasks: [T001, "T002 Test it"], prompt_file: tasks/WP01-clock.md}
  - id: WP02
    title: " Bell "
    execution_mode: planning_artifact
    authoritative_surface: docs/
"""


def test_what_is_stated_is_told_apart_from_what_is_not() -> None:
    manifest = parse_wps_yaml(GOOD, "wps.yaml")
    assert (manifest.problems, manifest.notices) == ((), ())
    first, second = manifest.entries
    assert (first.id, first.title, first.prompt_file, first.line) == ("WP01", "Clock", "tasks/WP01-clock.md", 3)
    assert first.fields == {
        "title": "Clock",
        "dependencies": [],
        "owned_files": ["src/**"],
        "requirement_refs": ["FR-001"],
        "subtasks": ["T001", "T002"],
    }
    assert first.subtasks == (("T001", ""), ("T002", "Test it"))
    assert second.fields == {"title": "Bell", "execution_mode": "planning_artifact", "authoritative_surface": "docs/"}
    assert second.prompt_file is None


def test_every_mistake_is_explained_with_its_line() -> None:
    text = """work_packages:
  - {id: WP1, title: Clock, dependencies: WP01}
  - id: WP02
    execution_mode: code
    prompt_file: ../x.md
    subtasks: [write]
  - title: 5
  - WP03
"""
    problems = parse_wps_yaml(text, "kitty-specs/x/wps.yaml").problems
    assert {problem.code for problem in problems} == {"WPS_INVALID"}
    assert [(problem.line, problem.message.partition(": ")[2]) for problem in problems] == [
        (2, "work_packages[0].id is 'WP1', expected an id such as WP01"),
        (2, "work_packages[0].dependencies is 'WP01', expected a list of ids such as WP01"),
        (3, "work_packages[1].title is missing: a title"),
        (4, "work_packages[1].execution_mode is 'code', expected code_change or planning_artifact"),
        (5, "work_packages[1].prompt_file is '../x.md', expected a path such as tasks/WP01-clock.md"),
        (6, "work_packages[1].subtasks[0] is 'write', expected a list of texts such as `T001 Write it`"),
        (7, "work_packages[2].id is missing: an id such as WP01"),
        (7, "work_packages[2].title is 5, expected a title"),
        (8, "work_packages[3] is 'WP03', expected a mapping with id and title"),
    ]
    assert problems[0].file == "kitty-specs/x/wps.yaml"


def test_an_id_stands_once() -> None:
    manifest = parse_wps_yaml("work_packages:\n- {id: WP01, title: x}\n- {id: WP01, title: y}\n", "wps.yaml")
    assert manifest.entries == ()
    assert [(problem.line, problem.message) for problem in manifest.problems] == [
        (3, "wps.yaml line 3: work_packages[1].id is WP01, which is there twice")
    ]


def test_a_key_that_means_nothing_is_told() -> None:
    manifest = parse_wps_yaml("work_packages:\n- id: WP01\n  title: x\n  depandencies: [WP02]\n  zzz: 1\n", "wps.yaml")
    assert [notice.message for notice in manifest.notices] == [
        "wps.yaml line 4: depandencies means nothing here; dependencies was meant?",
        "wps.yaml line 5: zzz means nothing here",
    ]
    assert len(manifest.entries) == 1


@pytest.mark.parametrize("text", ["", "other: 1", "work_packages: 3"])
def test_it_holds_a_list_of_work_packages(text: str) -> None:
    problems = parse_wps_yaml(text, "wps.yaml").problems
    assert len(problems) == 1
    assert "a list of work packages" in problems[0].message


def test_broken_yaml_is_told_with_line_and_column() -> None:
    with pytest.raises(Refused, match="line 3, column") as caught:
        parse_wps_yaml("work_packages:\n- {id: WP01\n", "wps.yaml")
    assert caught.value.code == "MALFORMED_YAML"
