"""Mission types are data: found in project, user folder or package, and checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from specify_cli.core.documents import shortcomings
from specify_cli.core.mission_types import (
    NEEDS,
    StepKind,
    list_types,
    load_mission_type,
    parse_mission_type,
)
from specify_cli.core.project_resolver import PACKAGE, user_folder
from specify_cli.core.templates import command_template, template
from specify_cli.kernel import yaml
from specify_cli.kernel.errors import NotFound, Refused
from specify_cli.kernel.paths import Repository
from tests.support.process import modules_after

MINIMAL = """key: tea
title: Tea
description: Make tea.
steps:
  - name: brew
    kind: document
    title: Brew
    goal: Have tea.
    command: plan
    document: tea.md
    needs: [headings]
    headings: [Leaves]
  - {name: accept, kind: accept, title: Taste, goal: Like it., command: accept}
"""
SHIPPED = ("documentation", "plan", "research", "software-dev")


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    folder = tmp_path / "project"
    (folder / ".kittify").mkdir(parents=True)
    return Repository(folder, None, None, None)


def install(folder: Path, text: str = MINIMAL, key: str = "tea") -> Path:
    path = folder / "missions" / key / "mission.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_software_dev_has_its_steps_in_order(repo: Repository) -> None:
    found = load_mission_type("software-dev", repo)

    assert [step.name for step in found.steps] == [
        "specify",
        "plan",
        "tasks_outline",
        "tasks_packages",
        "tasks_finalize",
        "implement",
        "review",
        "accept",
    ]
    assert [step.name for step in found.planning_steps] == [step.name for step in found.steps[:5]]
    assert found.first_document == "spec.md"
    assert found.required_artifacts == ("spec.md", "plan.md", "tasks.md", "lanes.json")
    assert [step.action for step in found.steps] == [step.name for step in found.steps]
    work = found.of_kind(StepKind.WORK)
    assert work is not None
    assert work.command == "implement"
    assert found.of_kind(StepKind.FINALIZE) is not None
    assert found.step("nothing") is None


def test_these_types_are_shipped(repo: Repository) -> None:
    assert list_types(repo) == list(SHIPPED)
    assert [key for key in SHIPPED if not load_mission_type(key, repo).has_packages] == ["plan"]


@pytest.mark.parametrize("key", SHIPPED)
def test_its_parts_exist_and_its_headings_are_those_of_its_scaffolds(repo: Repository, key: str) -> None:
    for step in load_mission_type(key, repo).steps:
        assert command_template(repo, key, step.command)
        text = template(repo, key, step.template) if step.template else ""
        assert all(f"\n## {heading}\n" in text for heading in step.headings), step.name
        assert (step.kind is StepKind.DOCUMENT) <= bool(text)


@pytest.mark.parametrize("key", SHIPPED)
def test_a_scaffold_is_not_taken_for_a_document(repo: Repository, key: str) -> None:
    for step in load_mission_type(key, repo).steps:
        if step.kind is StepKind.DOCUMENT:
            scaffold = template(repo, key, str(step.template))
            found = {each.code for each in shortcomings(step, scaffold, scaffold)}
            assert found == {"PLACEHOLDER_LEFT"}, step.name


@pytest.mark.parametrize("key", SHIPPED)
def test_expected_artifacts_agree_with_the_type(repo: Repository, key: str) -> None:
    found = load_mission_type(key, repo)
    text = (PACKAGE / key / "expected-artifacts.yaml").read_text()
    expected = yaml.mapping(text, "expected-artifacts.yaml")

    assert expected["mission_type"] == key
    assert expected["manifest_version"] == "1"
    by_step = expected["required_by_step"]
    assert isinstance(by_step, dict)
    names = {step.name for step in found.steps}
    assert set(by_step) <= names
    blocking = {entry["path_pattern"] for entries in by_step.values() for entry in entries if entry["blocking"]}
    assert set(found.required_artifacts) <= blocking


def test_shipped_types_are_read_without_a_yaml_library() -> None:
    source = (
        "from pathlib import Path\n"
        "from specify_cli.core.mission_types import load_mission_type\n"
        "from specify_cli.kernel.paths import Repository\n"
        f"for key in {SHIPPED}:\n"
        "    load_mission_type(key, Repository(Path('/nowhere'), None, None, None))\n"
    )
    loaded = modules_after(source)

    assert "specify_cli.core.mission_types" in loaded
    assert not {"ruamel.yaml", "pydantic", "rich", "typer", "ulid", "filelock"} & loaded


def test_a_project_and_a_user_can_have_types_of_their_own(repo: Repository) -> None:
    user = user_folder()
    assert user is not None
    install(user, MINIMAL.replace("title: Tea", "title: Users"))
    assert load_mission_type("tea", repo).title == "Users"

    install(repo.checkout / ".kittify")
    assert load_mission_type("tea", repo).title == "Tea"
    assert list_types(repo) == [*SHIPPED, "tea"]


def test_a_linked_worktree_uses_the_types_of_the_main_one(tmp_path: Path) -> None:
    main, lane = tmp_path / "main", tmp_path / "lane"
    install(main / ".kittify")
    install(lane / ".kittify", MINIMAL.replace("title: Tea", "title: Old copy"))

    assert load_mission_type("tea", Repository(lane, lane, main, main)).title == "Tea"


@pytest.mark.parametrize("key", ["nope", "../software-dev", "Software-Dev", ""])
def test_an_unknown_type_names_the_known_ones(repo: Repository, key: str) -> None:
    with pytest.raises(NotFound, match="software-dev") as caught:
        load_mission_type(key, repo)

    assert caught.value.code == "UNKNOWN_MISSION_TYPE"


def test_a_link_out_of_the_project_is_refused(repo: Repository, tmp_path: Path) -> None:
    elsewhere = install(tmp_path / "elsewhere")
    (repo.checkout / ".kittify" / "missions").mkdir()
    (repo.checkout / ".kittify" / "missions" / "tea").symlink_to(elsewhere.parent)

    with pytest.raises(Refused) as caught:
        load_mission_type("tea", repo)

    assert caught.value.code == "SYMLINK_REFUSED"


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("key: tea", "key: coffee", 1, "name of its folder"),
        ("title: Tea\n", "", 1, "'title' must be a text"),
        ("description: Make tea.", "description: 7", 3, "'description' must be a text"),
        ("goal: Like it.", "goal: 7", 13, "'goal' must be a text"),
        ("name: accept", "name: taste", 13, "these names are fixed"),
        ("name: brew", "name: merge", 5, "these names are fixed"),
        ("kind: accept", "kind: work", 13, "these names are fixed"),
        ("name: brew", "name: accept", 5, "these names are fixed"),
        ("kind: document", "kind: ritual", 6, "known: document"),
        ("needs: [headings]", "needs: [headings, magic]", 11, "'magic'"),
        ("document: tea.md", "document: ../tea.md", 10, "relative path inside the mission"),
        ("document: tea.md", "document: /tea.md", 10, "relative path inside the mission"),
        ("    document: tea.md\n", "", 5, "names none"),
        ("command: plan", "command: ../plan", 9, "not the name of a command template"),
        ("goal: Have tea.", "gaol: Have tea.", 8, "unknown key 'gaol'"),
        ("headings: [Leaves]", "headings: Leaves", 12, "list of texts"),
        ("title: Tea\n", "title: Tea\nrun: rm -rf\n", 3, "unknown key 'run'"),
        ("  - {name: accept, kind: accept, title: Taste, goal: Like it., command: accept}\n", "", 4, "kind accept"),
    ],
)
def test_a_mistake_is_reported_with_file_and_line(old: str, new: str, line: int, reason: str) -> None:
    assert old in MINIMAL
    with pytest.raises(Refused, match=reason) as caught:
        parse_mission_type(MINIMAL.replace(old, new), "tea", "missions/tea/mission.yaml")

    assert caught.value.code == "MISSION_TYPE_INVALID"
    path = "missions/tea/mission.yaml"
    assert caught.value.details == {"path": path, "line": line, "edit": path}
    assert f"missions/tea/mission.yaml line {line}:" in caught.value.message


@pytest.mark.parametrize("steps", ["steps: []", "steps: brew", "steps: [brew]", "other: 1"])
def test_steps_must_be_a_list_of_mappings(steps: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_mission_type(f"key: tea\ntitle: T\ndescription: D\n{steps}\n", "tea", "m.yaml")

    assert caught.value.code == "MISSION_TYPE_INVALID"


STEP = "  - {name: NAME, kind: KIND, title: T, goal: G, command: plan}\n"


def with_step(name: str, kind: str, text: str = MINIMAL) -> str:
    """The type with a further step at its end."""
    return text + STEP.replace("NAME", name).replace("KIND", kind)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (with_step("accept", "accept"), "stands there twice"),
        (with_step("steep", "packages"), "'steep' must come before 'accept'"),
        (MINIMAL.replace("  - {name: accept", STEP.replace("KIND", "packages") + "  - {name: accept"), "also take"),
        (
            MINIMAL.replace("  - {name: accept", 2 * STEP.replace("KIND", "packages") + "  - {name: accept").replace(
                "NAME", "one", 1
            ),
            "second step of kind packages",
        ),
    ],
)
def test_a_type_that_could_not_be_driven_to_its_end_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        parse_mission_type(text, "tea", "m.yaml")


def test_a_step_cannot_stand_there_twice() -> None:
    step = MINIMAL.partition("steps:\n")[2].partition("  - {name: accept")[0]
    twice = MINIMAL.replace(step, step + step)

    with pytest.raises(Refused, match="twice"):
        parse_mission_type(twice, "tea", "m.yaml")


def test_malformed_yaml_has_line_and_column() -> None:
    with pytest.raises(Refused) as caught:
        parse_mission_type("key: [tea\n", "tea", "m.yaml")

    assert caught.value.code == "MALFORMED_YAML"
    assert {"line", "column"} <= caught.value.details.keys()


def test_every_need_is_used_by_a_shipped_type_or_known(repo: Repository) -> None:
    used = {need for key in list_types(repo) for step in load_mission_type(key, repo).steps for need in step.needs}

    assert used <= NEEDS


def test_a_type_as_json(repo: Repository) -> None:
    shape = load_mission_type("software-dev", repo).to_dict()

    assert shape["key"] == "software-dev"
    assert isinstance(shape["steps"], list)
    assert shape["steps"][0] == {"name": "specify", "title": "Write the specification", "document": "spec.md"}
