from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from specify_cli.kernel import process
from specify_cli.kernel.errors import Unavailable
from tests.support.elsewhere import needs_posix

PYTHON = sys.executable


def test_a_program_is_run_to_its_end() -> None:
    done = process.run([PYTHON, "-c", "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"])
    assert (done.code, done.out, done.err) == (3, "out\n", "err\n")
    assert done.said == "err"
    assert process.run([PYTHON, "-c", "print(' out ')"]).said == "out"


@pytest.mark.parametrize("given", [None, "caf\u00e9 \udcff", b"caf\xc3\xa9 \xff"])
def test_bytes_that_are_no_text_come_back_as_they_went(given: str | bytes | None) -> None:
    copy = [PYTHON, "-c", "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"]
    assert process.run(copy, input=given).out == ("" if given is None else "caf\u00e9 \udcff")


def test_folder_and_environment_are_those_asked_for(tmp_path: Path) -> None:
    show = [PYTHON, "-c", "import os; print(os.getcwd(), os.environ.get('A'), os.environ.get('HOME'))"]
    env = process.environment(A="b", HOME=None)
    assert process.run(show, cwd=tmp_path, env=env).out == f"{tmp_path} b None\n"
    assert "A" not in os.environ


def test_no_shell_reads_the_arguments() -> None:
    said = process.run([PYTHON, "-c", "import sys; print(sys.argv[1])", "$HOME; `id` *"]).out
    assert said == "$HOME; `id` *\n"


def test_a_missing_program_is_named() -> None:
    with pytest.raises(Unavailable, match="no-such-program") as told:
        process.run(["no-such-program", "x"])
    assert told.value.code == "PROGRAM_MISSING"
    with pytest.raises(Unavailable, match="no-such-program"):
        process.start(["no-such-program"], cwd=Path.cwd(), env=None, output=Path("out"))


def test_a_program_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no program")
    for start in (process.run, lambda argv: process.start(argv, cwd=tmp_path, env=None, output=tmp_path / "out")):
        with pytest.raises(Unavailable, match=r"notes\.txt") as told:
            start([str(text)])
        assert told.value.code == "PROGRAM_UNUSABLE"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="gone") as told:
        process.run([PYTHON, "-c", "pass"], cwd=tmp_path / "gone")
    assert told.value.code == "FOLDER_MISSING"


def test_a_program_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    before = time.monotonic()
    with pytest.raises(Unavailable, match=r"longer than 0\.2 s") as told:
        process.run([PYTHON, "-c", "import time; time.sleep(60)"], timeout=0.2)
    assert told.value.code == "TIMEOUT"
    assert time.monotonic() - before < 10


def test_a_program_works_in_the_background(tmp_path: Path) -> None:
    output = tmp_path / "log"
    output.write_text("before\n")
    work = "import sys; print('at work'); print('trouble', file=sys.stderr); sys.stdin.read(); sys.exit(4)"
    running = process.start([PYTHON, "-u", "-c", work], cwd=tmp_path, env=None, output=output)
    assert running.wait(30) == 4
    assert running.poll() == 4
    assert sorted(output.read_text().split("\n")) == ["", "at work", "before", "trouble"]


def test_what_works_in_the_background_can_be_ended(tmp_path: Path) -> None:
    sleeper = [PYTHON, "-c", "import time; time.sleep(60)"]
    running = process.start(sleeper, cwd=tmp_path, env=None, output=tmp_path / "log")
    assert running.poll() is None
    running.kill()
    assert running.poll() == -9
    again = process.start(sleeper, cwd=tmp_path, env=None, output=tmp_path / "log")
    assert again.wait(0.05) == -9


@needs_posix("Windows ends what was started by a program of its own")
def test_what_a_program_started_ends_with_it(tmp_path: Path) -> None:
    started = (
        "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid)"
    )
    running = process.start([PYTHON, "-c", started], cwd=tmp_path, env=None, output=tmp_path / "log")
    assert running.wait(30) == 0
    until = time.monotonic() + 30
    while process.is_running(int((tmp_path / "log").read_text())):
        assert time.monotonic() < until
    assert process.is_running(os.getpid())
