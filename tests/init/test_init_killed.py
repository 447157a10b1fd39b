"""`init` that is killed at any point and run again ends as one that nobody disturbed, whatever the agent."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from specify_cli.core.agent_table import AGENTS
from tests.support import killing
from tests.support.cli import run_here
from tests.support.git import make_repo
from tests.support.soak import FULL
from tests.support.upgrading import tree_of

EVERY = 40  # of the points of a full soak, so many are passed over outside one
# What is new at each run: the project's id, moments, and the digests of the files that hold them.
_VARIES = re.compile(rb'[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|20\d\d-\d\d-\d\dT[\d:.+]+|"sha256": "[0-9a-f]{64}"')


def outcome(folder: Path) -> dict[str, bytes]:
    return {name: _VARIES.sub(b"*", content) for name, content in tree_of(folder).items()}


@pytest.mark.soak
@pytest.mark.parametrize("agent", sorted(AGENTS) if FULL else ["gemini"])
def test_the_next_init_finishes_it(agent: str, tmp_path: Path) -> None:
    words = ("init", "--ai", agent, "--non-interactive", "--json")
    folder = make_repo(tmp_path / "project").path
    whole = killing.run(*words, cwd=folder, scratch=tmp_path)
    assert whole.code == 0, whole.said
    wanted = outcome(folder)
    for point in whole.points[:: 1 if FULL else EVERY]:
        shutil.rmtree(folder)
        make_repo(folder)
        # Right after one point is right before the next.
        assert killing.run(*words, cwd=folder, scratch=tmp_path, at=point.number).killed, point
        run_here(*words, cwd=folder).ok()
        assert outcome(folder) == wanted, point
