"""Commands that agents run all the time stay small however long the log has become."""

from __future__ import annotations

from specify_cli.status import store
from tests.support.cli import SCRIPT
from tests.support.measuring import peak_memory
from tests.support.missions import finalized_mission
from tests.support.project import Project, Task
from tests.support.status import write_long

EVENTS = 10_000
MOST = 40.0  # MiB


def test_hot_commands_take_little_memory_on_ten_thousand_events(project: Project) -> None:
    mission = finalized_mission(project, Task("WP01"), Task("WP02"))
    write_long(mission.place, EVENTS, ["WP01", "WP02"])
    move = ("agent", "tasks", "move-task", "WP01", "--to", "blocked", "--agent", "claude", "--force", "--note", "x")
    # First all of it is in the journal alone, then in the copy too.
    for words in (move, ("publish",), move, ("status",), ("next",)):
        if words == ("publish",):
            assert store.publish(store.status_log(mission.place)) == EVENTS + 1
            continue
        code, most = peak_memory([str(SCRIPT), *words, "--mission", mission.slug, "--json"], cwd=project.path)
        assert code == 0, words
        assert most < MOST, (words, most)
    assert mission.status.snapshot.event_count == EVENTS + 4
