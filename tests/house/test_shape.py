"""Modules fit in the head, and imports go round in no circle."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from specify_cli.version import VERSION
from tests.support.source import PACKAGE, ROOT, modules, nodes

# A module is one subject; this is the wall.
MODULE_LINES = 600


def test_a_module_fits_in_the_head() -> None:
    long = {str(module): len(module.path.read_text(encoding="utf-8").splitlines()) for module in modules()}
    assert not {name: lines for name, lines in long.items() if lines > MODULE_LINES}


def test_imports_go_round_in_no_circle() -> None:
    names = {f"specify_cli.{module.name}".rstrip(".") for module in modules()}
    graph = {
        f"specify_cli.{module.name}".rstrip("."): {name for name, _ in module.imports() if name in names}
        for module in modules()
    }
    # `from package import part` names the package too; what is meant is the part.
    parts = {
        name: {one for one in needs if one != name and not any(other.startswith(f"{one}.") for other in needs)}
        for name, needs in graph.items()
    }
    try:
        TopologicalSorter(parts).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_every_module_says_what_it_is_for() -> None:
    assert not [str(module) for module in modules() if not ast.get_docstring(module.tree)]


def test_every_module_reads_annotations_late() -> None:
    late = "from __future__ import annotations"
    assert not [
        str(module)
        for module in modules()
        if any(isinstance(node, ast.Import | ast.ImportFrom) for node in module.tree.body)
        and late not in module.path.read_text(encoding="utf-8")
    ]


def test_what_is_imported_by_name_exists() -> None:
    missing = []
    for module in modules():
        for name, call in module.calls():
            if name == "load" and call.args and isinstance(call.args[0], ast.Constant):
                target = str(call.args[0].value).partition(":")[0]
                if target.startswith("specify_cli."):
                    path = PACKAGE.joinpath(*target.split(".")[1:])
                    if not path.with_suffix(".py").exists() and not (path / "__init__.py").exists():
                        missing.append(f"{module.at(call)} {target}")
    assert not missing


def test_no_check_is_switched_off() -> None:
    marks = ("# type: " + "ignore", "# no" + "qa", "# pragma: no " + "cover", "TO" + "DO", "FIX" + "ME")
    folders = (PACKAGE, ROOT / "tests", ROOT / "scripts", ROOT / "benchmarks")
    found = [
        f"{path.relative_to(ROOT)}:{number} {mark}"
        for folder in folders
        for path in sorted(folder.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for mark in marks
        if mark in line
    ]
    assert not found


def test_a_frozen_value_is_made_the_cheap_way() -> None:
    assert not [
        f"{module.at(node)} {node.name}: use kernel.values.frozen"
        for module in modules()
        for node in nodes(module.tree)
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(one).startswith("dataclass(frozen=True") for one in node.decorator_list)
    ]


def test_every_dependency_has_an_upper_bound() -> None:
    project = _pyproject()["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    calendar = {"packaging"}  # its versions are years
    assert not [one for one in wanted if "<" not in one and "==" not in one and one.split(">")[0] not in calendar]


def test_the_lock_names_versions_within_the_bounds_and_nothing_else() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()[1:]
    assert all(line.count("==") == 1 and "://" not in line and " " not in line for line in lines)
    locked = dict(line.split("==") for line in lines)
    assert list(locked) == sorted(locked)
    project = _pyproject()["project"]
    for text in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        wanted = Requirement(text)
        assert locked[wanted.name.replace(".", "-")] in wanted.specifier


def test_the_version_is_told_and_built_as_one() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.findall(r'^version = "(.*)"$', pyproject, re.MULTILINE) == [VERSION]


def test_the_version_is_in_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{VERSION}]" in changelog
    assert "## [Unreleased]" in changelog


def test_every_ignored_rule_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("ignore = [")[2]
    rows = [line.strip() for line in text.partition("[tool.ruff.lint.flake8")[0].splitlines()]
    assert not [row for row in rows if re.match(r'"[A-Z]+[0-9]*",', row) and "#" not in row]


def test_every_data_file_is_well_formed() -> None:
    for path in sorted(PACKAGE.rglob("*.json")):
        json.loads(path.read_text(encoding="utf-8"))


def _pyproject() -> dict[str, dict[str, dict[str, list[str]]]]:
    with Path(ROOT / "pyproject.toml").open("rb") as source:
        return tomllib.load(source)
