"""`--today` and `--zone` move every clock that a test meets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.source import ROOT

_PYTEST = (sys.executable, "-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider")


def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "GIT_", "TESTS_"))}
    argv = (*_PYTEST, *words, str(Path(__file__).parent / "another_day.py"))
    return subprocess.run(argv, cwd=ROOT, env=env | variables, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("moment", "zone"), [("2028-02-29T23:59:50", "America/St_Johns"), ("2019-01-01T00:00:00", "Pacific/Kiritimati")]
)
def test_every_clock_shows_the_day_that_was_asked_for(moment: str, zone: str) -> None:
    done = run("--today", moment, "--zone", zone, EXPECTED_MOMENT=moment, EXPECTED_ZONE=zone)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--today", "soon"), "--today soon: give an ISO date"),
        (("--zone", "Mars/Base"), "--zone Mars/Base: the tz database of this machine has no such zone"),
    ],
)
def test_a_day_or_zone_that_does_not_exist_is_refused(words: tuple[str, ...], said: str) -> None:
    done = run(*words)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert said in done.stderr
