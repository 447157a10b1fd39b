"""A merge of many lanes is quick."""

from __future__ import annotations

from specify_cli.kernel import clock
from tests.support.project import Project, Task
from tests.support.stories import story

LANES = 20


def test_twenty_lanes_take_less_than_five_seconds(project: Project) -> None:
    found = story(project, *(Task(f"WP{number:02d}") for number in range(1, LANES + 1)))
    for number in range(1, LANES + 1):
        found.work(f"WP{number:02d}", {f"src/wp{number:02d}/a.py": f"{number}\n"})
    found.accept().ok()
    before = clock.monotonic()
    done = found.merge("--strategy", "merge").ok().json()
    assert clock.monotonic() - before < 5
    assert len(done["order"]) == LANES
    assert len([name for name in found.files() if name.startswith("src/")]) == LANES
