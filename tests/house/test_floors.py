"""The floors of the house: what stands where, and that the linter which holds them knows every package."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.support.source import PACKAGE, ROOT, modules

DATA = {"missions"}


def floors() -> list[set[str]]:
    """The packages of each floor, from the top, as pyproject.toml tells the linter."""
    with (ROOT / "pyproject.toml").open("rb") as source:
        contracts = tomllib.load(source)["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one["id"] == "floors")
    return [set(re.findall(r"\w+", layer)) for layer in layers]


def test_every_package_has_a_floor() -> None:
    here = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert here - {"__init__"} - DATA <= set().union(*floors())


def test_a_package_that_exists_is_not_marked_as_missing() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    absent = set(re.findall(r"\((\w+)\)", text.partition("layers = [")[2].partition("]")[0]))
    assert not {name for name in absent if (PACKAGE / name).exists()}


def test_an_import_goes_down() -> None:
    height = {name: -number for number, floor in enumerate(floors()) for name in floor}
    upward = []
    for module in modules():
        for name, node in module.imports():
            parts = name.split(".")
            if parts[0] != "specify_cli" or len(parts) < 2 or parts[1] not in height or not module.floor:
                continue
            if parts[1] != module.floor and height[parts[1]] >= height[module.floor]:
                upward.append(f"{module.at(node)} {name}")
    assert not upward


def test_the_linter_agrees() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
