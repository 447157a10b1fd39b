"""What `init --help` says, and which options there are."""

from __future__ import annotations

import pytest

from tests.support.cli import run_here


def test_help_says_that_only_files_are_created() -> None:
    said = " ".join(run_here("init", "--help").ok().out.split())

    assert "creates files only and touches no git state" in said
    assert "nothing is staged or committed" in said
    for option in ("--ai", "--non-interactive", "--yes"):
        assert option in said


@pytest.mark.parametrize("removed", ["--no-git", "--git", "--here", "--feature"])
def test_removed_options_are_no_such_option(removed: str) -> None:
    failure = run_here("init", removed, "--ai", "claude")

    failure.failed(exit_code=2)
    assert f"No such option: {removed}" in failure.err


def test_the_removed_option_is_an_ordinary_usage_error_as_json() -> None:
    answer = run_here("init", "--no-git", "--json").failed("USAGE_ERROR", 2).json()

    assert answer["error"] == "No such option: --no-git"
