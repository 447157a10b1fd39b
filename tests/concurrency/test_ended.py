"""A command that is ended in mid-commit leaves nothing behind, neither in the index nor at work, and is run again."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.cli import SCRIPT
from tests.support.project import Project

# A hook that a user would lose patience with; it says that it runs.
HOOK = """#!/bin/sh
: > "{mark}"
sleep 300
"""


def hooked(project: Project, scratch: Path) -> Path:
    """Make every commit slow; gives the file that says that one has begun."""
    mark = scratch / "begun"
    hook = project.path / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(HOOK.format(mark=mark), encoding="utf-8")
    hook.chmod(0o755)
    return mark


def ended(project: Project, sign: signal.Signals, mark: Path, *words: str, everybody: bool) -> int:
    """Run a command, end it while its commit runs, and give its exit code."""
    before = signal.signal(sign, signal.SIG_DFL)  # tests that `nohup` runs hand on that HUP is ignored
    try:
        running = subprocess.Popen(
            [str(SCRIPT), *words],
            cwd=project.path,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    finally:
        signal.signal(sign, before)
    until = time.monotonic() + 60
    while not mark.exists():
        assert time.monotonic() < until
        time.sleep(0.02)
    time.sleep(0.5)  # a shell that is about to start a program outlives Ctrl-C
    (os.killpg if everybody else os.kill)(running.pid, sign)
    try:
        code = running.wait(120)  # far less than the hook takes, and longer than a slow disk
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        raise
    finally:
        running.wait()
    left = subprocess.run(["ps", "-o", "args=", "-s", str(running.pid)], capture_output=True, text=True, check=False)
    assert [line for line in left.stdout.splitlines() if "defunct" not in line] == []
    return code


@pytest.mark.parametrize(
    ("sign", "everybody"),
    [(signal.SIGINT, True), (signal.SIGTERM, False), (signal.SIGTERM, True), (signal.SIGHUP, False)],
)
def test_a_creation_that_is_ended(project: Project, tmp_path: Path, sign: signal.Signals, everybody: bool) -> None:
    mark = hooked(project, tmp_path)
    words = ("agent", "mission", "create", "cup")
    assert ended(project, sign, mark, *words, everybody=everybody) == 128 + sign
    assert not (project.path / ".git" / "index.lock").exists()
    assert "A kitty-specs" not in project.git("status", "--short")
    project.git("stash", "--include-untracked")
    project.git("stash", "pop")
    (project.path / ".git" / "hooks" / "pre-commit").unlink()
    assert "001-cup created" in project.run_installed(*words).ok().out
    assert [path.name for path in (project.path / "kitty-specs").iterdir() if path.is_dir()] == ["001-cup"]
    assert project.git.status() == ""


def test_a_lock_that_a_killed_git_left_is_named_with_its_mend(project: Project) -> None:
    lock = project.path / ".git" / "index.lock"
    lock.write_text("", encoding="utf-8")
    (warning,) = project.run("agent", "mission", "create", "cup", "--json").ok().json()["warnings"]
    mend = f"rm {lock} && spec-kitty materialize --mission 001-cup"
    assert (warning["code"], warning["hint"]) == ("COMMIT_FAILED", mend)
    lock.unlink()
    project.run("materialize", "--mission", "001-cup").ok()
    assert project.git.status() == ""
