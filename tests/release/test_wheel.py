"""The wheel holds everything: built here, installed elsewhere, it sets projects up for every agent. No network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from specify_cli.core.agent_table import AGENTS
from specify_cli.version import VERSION
from tests.support.source import PACKAGE, ROOT

LARGEST = 1_200_000


def python(*words: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    """Run this interpreter; its output."""
    argv = [sys.executable, *map(str, words)]
    done = subprocess.run(
        argv, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of these sources."""
    folder = tmp_path_factory.mktemp("dist")
    python("-m", "hatchling", "build", "-t", "wheel", "-d", folder)
    return next(folder.glob("*.whl"))


def test_it_holds_every_file_of_the_package_and_is_small(wheel: Path) -> None:
    assert wheel.name == f"spec_kitty_cli-{VERSION}-py3-none-any.whl"
    assert wheel.stat().st_size < LARGEST
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if name.startswith("specify_cli/")}
    files = {path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert held == {path.relative_to(PACKAGE.parent).as_posix() for path in files}
    assert {Path(name).suffix for name in held} >= {".md", ".yaml", ".json", ".typed"}


def test_installed_elsewhere_it_sets_up_for_every_agent(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "site"
    python("-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-compile", "--target", place, wheel)
    env = {"PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    where = python("-c", "import specify_cli; print(specify_cli.__file__)", cwd=tmp_path, env=env).strip()
    assert Path(where) == place / "specify_cli" / "__init__.py"
    script = place / ("Scripts" if os.name == "nt" else "bin") / "spec-kitty"
    if os.name != "nt":  # the launcher there is a program of its own
        assert python(script, "--version", cwd=tmp_path, env=env) == f"spec-kitty {VERSION}\n"
    words = ("init", "tea", "--ai", ",".join(AGENTS), "--non-interactive", "--json")
    told = json.loads(python("-m", "specify_cli", *words, cwd=tmp_path, env=env))
    written = json.loads((tmp_path / "tea" / ".kittify" / "manifest.json").read_text(encoding="utf-8"))["files"]
    assert told["agents"] == list(AGENTS)
    assert all((tmp_path / "tea" / name).stat().st_size for name in written)
    assert len(written) > len(AGENTS) * 10
