"""The files around the code do what they say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.measure import Row, cost
from scripts import lock
from tests.support.source import ROOT

REQUIREMENTS = ROOT / "scripts" / "requirements.sh"


def check(python: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **({"PATH": path} if path else {})}
    return subprocess.run(["/bin/sh", str(REQUIREMENTS), python], env=env, capture_output=True, text=True, check=False)


def fake(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_machine_that_runs_the_tests_has_what_is_needed() -> None:
    done = check("")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("python3")


@pytest.mark.parametrize(
    ("version", "accepted"),
    [("2.38.0", True), ("2.39.5", True), ("3.0.1", True), ("2.37.9", False), ("1.99.0", False)],
)
def test_git_must_be_new_enough(version: str, accepted: bool, tmp_path: Path) -> None:
    fake(tmp_path / "bin", "git", f"echo 'git version {version} (Some Git-1)'")
    done = check(shutil.which("python3") or "python3", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert (done.returncode == 0) is accepted
    assert accepted or "git 2.38 or newer is needed; this one is" in done.stderr
    assert accepted or "Fix: " in done.stderr


def test_python_must_be_new_enough(tmp_path: Path) -> None:
    old = fake(tmp_path / "bin", "python3", "exit 1")
    done = check(str(old))
    assert done.returncode == 1
    assert f"Python 3.11 or newer is needed; {old} is not" in done.stderr
    for tool in ("sed", "git"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    assert "none was found" in check("", str(tmp_path / "bin")).stderr


def test_a_name_that_starts_nothing_is_passed_over(tmp_path: Path) -> None:
    fake(tmp_path / "bin", "python3", "exit 127")
    (tmp_path / "bin" / "python3.11").symlink_to(sys.executable)
    for tool in ("sed", "git"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    assert check("", str(tmp_path / "bin")).stdout == "python3.11\n"


def test_continuous_integration_runs_what_a_developer_runs() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_says_what_can_be_made() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("demo", "test", "lint", "bench", "soak", "agents", "docs", "lock", "clean"):
        assert f"make {target} " in done.stdout


def test_the_lock_holds_what_is_needed_and_not_the_project_itself() -> None:
    found = lock.closure(lock.PROJECT, frozenset({"dev"}))
    assert {"typer", "rich", "pytest", "ruamel-yaml"} <= set(found)
    assert lock.PROJECT not in found


def test_a_measure_holds_its_bar_or_does_not(tmp_path: Path) -> None:
    assert Row("x", 1.0, 1.0, "x").passed
    assert not Row("x", 1.1, 1.0, "x").passed
    done = cost(["sh", "-c", "exit 3"], tmp_path)
    assert done.code == 3
    assert done.memory > 0
