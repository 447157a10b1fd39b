"""What lanes have made of their copy of the mission's own folder: no merge takes it from there."""

from __future__ import annotations

from collections.abc import Iterator

from specify_cli.home import MissionPlace
from specify_cli.kernel.commands import git_command
from specify_cli.kernel.git import Git
from specify_cli.kernel.notices import Notice
from specify_cli.kernel.text import some
from specify_cli.workspaces.forecast_models import Forecast

# Told by the log, or planned in the home and ticked by a command: an edit in a lane is of no use to anybody.
_PLANNED = ("status.events.jsonl", "mission-events.jsonl", "meta.json", "lanes.json", "tasks.md", "wps.yaml", "tasks/")


def left_in_lanes(place: MissionPlace, forecast: Forecast) -> Iterator[Notice]:
    """Documents that somebody wrote in a lane and the target does not have, each with the command that takes them."""
    git, home, target, seen = place.git, place.home.path if place.home else place.git.root, forecast.target, set[str]()
    for lane_id, tip in forecast.tips.items():
        names = [name for name in _written(git, target, tip, place.relative) if name not in seen]
        seen.update(names)
        if names:
            said = f"{lane_id} holds documents of the mission, which no merge takes from a lane: {some(names)}"
            paths = [f"{place.relative}/{name}" for name in names]
            commit = ("git", "-C", home, "commit", "-m", f"Take documents over from {lane_id}", "--", *paths)
            yield Notice("LEFT_IN_LANE", said, git_command(home, "checkout", tip, "--", *paths).then(*commit))


def _written(git: Git, target: str, tip: str, folder: str) -> list[str]:
    words = ("diff", "--name-only", "-z", "--no-renames", "--diff-filter=d")
    changed = git.run(*words, f"{target}...{tip}", "--", f"{folder}/").split("\0")
    lacking = set(git.run(*words, target, tip, "--", f"{folder}/").split("\0")) if any(changed) else set()
    names = (path.removeprefix(f"{folder}/") for path in changed if path and path in lacking)
    return [name for name in names if not name.startswith(_PLANNED)]
