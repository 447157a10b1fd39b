"""Many orchestrators at one mission: each call a process of its own through the installed script."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support import soak
from tests.support.cli import run_script
from tests.support.git import Repo
from tests.support.missions import finalized_mission
from tests.support.orchestrator import Api, envelope
from tests.support.project import Project, Task

ASKING = soak.times(50)
STARTING = 4


@pytest.mark.soak
def test_everybody_is_answered_while_one_of_many_gets_the_work(project: Project) -> None:
    api = Api(finalized_mission(project, *(Task(f"WP{number:02d}") for number in range(1, 9))))
    mission = ("--mission", api.mission.slug)

    def ask(_: int) -> dict[str, object]:
        return envelope(run_script("orchestrator-api", "list-ready", *mission, cwd=project.path))

    def start(number: int) -> dict[str, object]:
        words = ("--wp", "WP01", "--actor", f"orch-{number}", "--policy", str(api.policy))
        return envelope(run_script("orchestrator-api", "start-implementation", *mission, *words, cwd=project.path))

    with ThreadPoolExecutor(ASKING + STARTING) as pool:
        starts = pool.map(start, range(STARTING))
        asked = list(pool.map(ask, range(ASKING)))
        started = list(starts)
    every = [f"WP{number:02d}" for number in range(1, 9)]
    for told in asked:
        assert told["success"] is True
        data = told["data"]
        assert isinstance(data, dict)
        assert [each["wp_id"] for each in data["ready_work_packages"]] in (every, every[1:])
    assert sorted(str(told["error_code"]) for told in started) == ["None", *["WP_ALREADY_CLAIMED"] * (STARTING - 1)]
    trees = Repo(project.path)("worktree", "list", "--porcelain").count("worktree ")
    assert trees == 2
