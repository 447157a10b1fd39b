"""A program or an npm that is missing, old, hangs or fails is said in one line."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.agents import FILES, LOCKED
from tests.agents import bench
from tests.agents.bench import make_bench, processes_of
from tests.agents.programs import PROGRAMS
from tests.support.scripts import script

ROOT = LOCKED.parent.parent
OF_NPM = (
    'echo "$@" >> calls',
    '[ ! -e "no-$1" ] || { echo "npm error code ENOTFOUND" >&2; echo "npm error network no registry" >&2; exit 1; }',
    "[ $1 = view ] || { mkdir -p node_modules && : > node_modules/.package-lock.json; }",
)


def installed(folder: Path, path: Path) -> tuple[int, str]:
    """Install the programs into a folder, with what is on a path; the exit code, and what was said."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.agents"], cwd=ROOT, env={"PATH": str(path), "SPEC_KITTY_AGENTS": str(folder)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_without_npm_one_line_says_so(tmp_path: Path) -> None:
    code, said = installed(tmp_path / "agents", tmp_path)
    assert (code, said.count("\n")) == (1, 1)
    assert "npm" in said
    assert not (tmp_path / "agents").exists()


@pytest.mark.parametrize("step", ["view", "install"])
def test_an_installation_that_fails_says_why_in_one_line_and_is_tried_again(step: str, tmp_path: Path) -> None:
    folder, tools = tmp_path / "agents", tmp_path / "bin"
    script(tools / "npm", *OF_NPM)
    for name in ("sh", "mkdir"):
        (tools / name).symlink_to(str(shutil.which(name)))
    folder.mkdir()
    (folder / f"no-{step}").touch()
    code, said = installed(folder, tools)
    assert (code, said.count("\n")) == (1, 1)
    assert "ENOTFOUND: network no registry" in said
    (folder / f"no-{step}").unlink()
    assert [installed(folder, tools), installed(folder, tools)] == [(0, ""), (0, "")]
    calls = (folder / "calls").read_text(encoding="utf-8").split("\n")
    assert sum(call.startswith("install") for call in calls) == (1 if step == "view" else 2)
    assert [(folder / name).read_bytes() for name in FILES] == [(LOCKED / name).read_bytes() for name in FILES]


def test_programs_that_are_missing_or_old_are_named_in_one_line(tmp_path: Path) -> None:
    script(tmp_path / "node_modules" / ".bin" / "claude", "echo '1.0.3 (Claude Code)'")
    (tmp_path / "sh").symlink_to(str(shutil.which("sh")))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "tests/agents", "-m", "agents"],
        cwd=ROOT, env={"PATH": str(tmp_path), "SPEC_KITTY_AGENTS": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    skips = [line for line in done.stdout.splitlines() if line.startswith("SKIPPED")]
    assert len(skips) == 1, done.stdout + done.stderr
    assert "claude (1.0.3 is older than 2." in skips[0]
    assert "codex (missing)" in skips[0]


def test_a_program_that_hangs_is_ended_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = next(program for program in PROGRAMS if program.key == "claude")
    waits = script(tmp_path / "claude", "[ $1 = --version ] && echo 2.9.9 && exit", "echo waits", "sleep 60 &", "wait")
    monkeypatch.setattr(bench, "SECONDS", 0.5)
    monkeypatch.setattr(bench, "find", lambda _: str(waits))
    with pytest.raises(pytest.fail.Exception, match=r"claude 2\.9\.9 had not ended after 0 s; its last words: 'waits"):
        make_bench(tmp_path, program, "default").run("http://127.0.0.1:9", "/spec-kitty.next")
    assert not processes_of(tmp_path / "agent-home")
